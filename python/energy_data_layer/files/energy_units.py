"""The unit of energy of a table that does not say it, decided by the plants' capacities.

A publisher may change the unit in the course of a file. Units are 1000 apart, and the largest hour of a
plant's month lies between 2 % and 200 % of its capacity, a range of 100: at most one unit fits.

1. The unit of a plant's month is the one in which the month's largest hour lies in that range.
2. Taken as Wh, such an hour is certain: in kWh the plant would give 20 times its capacity or more. A larger unit
   is taken because no hour is large, so it needs a month with at least 10 days of production.
3. A day that could as well be of the next larger unit, because its largest hour would be at most 200 % of the
   capacity in that too, stays undecided: it is very dull, or the unit changed within the month.
4. A day without production is zero in every unit.

So a day of the larger unit within a month of the smaller one is never taken for a small day, and a dull day never
for a large one. What the capacity cannot tell is a change to a smaller unit at the end of a month whose remaining
days all stay below a thousandth of what is usual.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from energy_data_layer.core.parse import parse_numbers
from energy_data_layer.datasets.layout import ENERGY_UNITS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa
    from numpy.typing import NDArray

LEAST, MOST = 0.02, 2.0
"""Between these parts of the capacity lies the largest hour of a month."""

TELLING_DAYS = 10
"""Days of production in a month from which on the absence of large hours tells something."""

_KWH = {unit: multiply / divide for unit, (multiply, divide) in ENERGY_UNITS.items()}
_ADVICE = "pass energy_unit for a file with such lines alone"


@dataclass(frozen=True)
class EnergyUnits:
    """The unit of energy of each row.

    Attributes
    ----------
    unit : array of str
        ``"Wh"``, ``"kWh"`` or ``"MWh"``; empty where undecided.
    problem : array of str
        Why it is undecided, else empty.
    """

    unit: NDArray[np.str_]
    problem: NDArray[np.object_]


def energy_units_by_capacity(
    plant: NDArray[np.object_],
    day: NDArray[np.datetime64],
    largest: NDArray[np.float64],
    capacity_kw: NDArray[np.float64],
) -> EnergyUnits:
    """Decide the unit of energy of rows that hold a plant's day each.

    Parameters
    ----------
    plant : array of str
        The plants.
    day : array of datetime64
        The days.
    largest : array of float
        The largest hour of each row as it is published; NaN where it has none.
    capacity_kw : array of float
        The capacities of the plants, NaN where unknown.

    Returns
    -------
    EnergyUnits
        The units, and why some are undecided.

    Examples
    --------
    >>> days = np.arange("2024-03-01", "2024-04-01", dtype="datetime64[D]")
    >>> capacity = np.full(31, 500.0)
    >>> decided = energy_units_by_capacity(np.full(31, "roof"), days, np.full(31, 400_000.0), capacity)
    >>> decided.unit[0], decided.problem[0]
    (np.str_('Wh'), '')
    """
    month = day.astype("datetime64[M]")
    produces = largest > 0
    # As a part of the capacity, if the number were kWh.
    part = np.nan_to_num(largest) / capacity_kw
    months = pd.DataFrame({"part": part, "produces": produces}).groupby([plant, month], sort=False)
    part_of_month = months["part"].transform("max").to_numpy()
    days_of_month = months["produces"].transform("sum").to_numpy()

    unit = np.full(len(part), "", dtype="<U3")
    next_unit_fits = np.zeros(len(part), dtype=bool)
    for name, kwh in _KWH.items():
        taken = (part_of_month * kwh >= LEAST) & (part_of_month * kwh <= MOST)
        unit[taken] = name
        if name != "MWh":
            next_unit_fits |= taken & (part * kwh * 1000 <= MOST)
    too_few_days = (unit != "Wh") & (days_of_month < TELLING_DAYS)

    problem = np.full(len(part), "", dtype=object)
    for row in np.flatnonzero(produces & (np.isnan(part) | (unit == "") | too_few_days | next_unit_fits)):
        if np.isnan(part[row]):
            problem[row] = f"the capacity is not known; {_ADVICE}"
        elif not unit[row]:
            of_capacity = _in_every_unit(part_of_month[row])
            problem[row] = f"of the capacity, the largest hour of {month[row]} is {of_capacity}; {_ADVICE}"
        elif too_few_days[row]:
            problem[row] = (
                f"{month[row]} looks like {unit[row]}, but has {days_of_month[row]} days of production, fewer than "
                f"{TELLING_DAYS}; {_ADVICE}"
            )
        else:
            problem[row] = (
                f"the month is in {unit[row]}, but of the capacity, the largest hour of the day is "
                f"{_in_every_unit(part[row])}: a very dull day, or another unit; {_ADVICE}"
            )
    unit[problem != ""] = ""
    unit[~produces & (unit == "")] = "kWh"
    return EnergyUnits(unit, problem)


def _in_every_unit(part: float) -> str:
    """Return what part of the capacity a number is, in words for each unit."""
    return ", ".join(f"{float(f'{100 * part * kwh:.2g}'):,g} % as {unit}" for unit, kwh in _KWH.items())


_CAPACITY = re.compile(r"((설비)?용량|capacity)[\s_]*[(\[]?(?P<unit>MW|kW|메가와트|킬로와트)[)\]]?", re.IGNORECASE)
_KW_PER_UNIT = {"mw": 1000.0, "메가와트": 1000.0, "kw": 1.0, "킬로와트": 1.0}


def capacity_column(headings: Iterable[str]) -> tuple[str | None, float]:
    """Return the heading under which the plants' capacities stand, and what makes them kW; None and 0 if absent.

    Examples
    --------
    >>> capacity_column(["발전기명", "년월일", "설비용량(MW)"])
    ('설비용량(MW)', 1000.0)
    """
    for heading in headings:
        if match := _CAPACITY.fullmatch(heading):
            return heading, _KW_PER_UNIT[match["unit"].lower()]
    return None, 0.0


def capacities_kw(table: pa.Table) -> NDArray[np.float64]:
    """Return the capacity of each row's plant in kW, NaN where it is not known.

    Examples
    --------
    >>> import pyarrow as pa
    >>> capacities_kw(pa.table({"용량_메가와트": ["1.5", None, "0"]})).tolist()
    [1500.0, nan, nan]
    """
    heading, kw_per_unit = capacity_column(table.column_names)
    if heading is None:
        return np.full(table.num_rows, np.nan)
    values = parse_numbers(table.column(heading))[0] * kw_per_unit
    return np.where(values > 0, values, np.nan)
