"""Tables with a row per hour, brought into the form of those with a row per plant and day."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa

from energy_data_layer.core.coercion import without_markers
from energy_data_layer.core.parse import parse_days, parse_numbers, parse_stamp_texts
from energy_data_layer.core.texts import BLANKS
from energy_data_layer.datasets.layout import HOURS, LongLayout, WideLayout
from energy_data_layer.errors import LayoutError
from energy_data_layer.files.energy_units import capacity_column
from energy_data_layer.files.headings import fuel_column
from energy_data_layer.transforms.wide_to_long.recognise import OR_STEP, unit_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from energy_data_layer.core.coercion import Markers

    Row: TypeAlias = tuple[int, list[str]]

UNREADABLE_HOUR = "unreadable hour"
DIFFERENT_VALUES = "different values for one plant and hour"

DATE, PLANT, UNIT = "date", "plant", "unit"
DECIMALS_COMPARED = 6

_HOUR = re.compile(r"(?P<hour>\d{1,2})(:00(:00)?|시|h)?|\d{1,2}(:00|시)?[-~](?P<end>\d{1,2})(:00|시)?")


class DaysOfPlants(NamedTuple):
    """A table with a row per plant and day.

    Attributes
    ----------
    headings : list of str
        Its headings.
    rows : list of (int, list of str)
        For each plant and day the line on which it begins, and the cells.
    layout : WideLayout
        What the headings mean.
    told : array of bool, rows by hours
        The hours that the long table has.
    rejected : list of (int, list of str), str, str
        Rows of the long table that have no place in it, each with reason and detail.
    repeated : int
        Values that say again what another one says.
    markers : dict of str to tuple
        Which hours may hold no number that looks like a marker; markers are blank.
    marked : int
        How many there were.
    """

    headings: list[str]
    rows: list[Row]
    layout: WideLayout
    told: NDArray[np.bool_]
    rejected: list[tuple[Row, str, str]]
    repeated: int
    markers: Markers
    marked: int


def days_of_plants(headings: Sequence[str], rows: Sequence[Row], layout: LongLayout, markers: Markers) -> DaysOfPlants:
    """Gather the hours of each plant and day.

    Parameters
    ----------
    headings : sequence of str
        The headings.
    rows : sequence of (int, list of str)
        Line and cells of each row, as many as there are headings.
    layout : LongLayout
        What the headings mean.
    markers : dict of str to tuple
        What stands for a missing value, by column of values.

    Raises
    ------
    LayoutError
        If no time can be read, or if what an hour's number or a stamp labels is not told.
    """
    columns = {heading: [cells[place].strip(BLANKS) for _, cells in rows] for place, heading in enumerate(headings)}
    days, hours = _times(columns, layout)
    rejected = [
        (rows[row], UNREADABLE_HOUR, ", ".join(f"{name}: {columns[name][row] or 'blank'}" for name in layout.times))
        for row in np.flatnonzero(hours < 0).tolist()
    ]
    slots = HOURS * layout.parts
    others = [name for name in (capacity_column(headings)[0], fuel_column(headings)) if name is not None]
    names_plants = layout.names_plants
    places: dict[tuple[str, ...], dict[int, list[tuple[str, int]]]] = defaultdict(lambda: defaultdict(list))
    for value in layout.values:
        plants = columns.get(layout.plant or "", [_plant_of(value)] * len(rows))
        units = columns.get(layout.unit or "", [""] * len(rows))
        for row in np.flatnonzero(hours >= 0).tolist():
            places[plants[row], units[row], days[row]][hours[row]].append((value, row))

    marked = 0
    for value, missing in markers.items():
        cells, count = without_markers(pa.array(columns[value], pa.string()), missing)
        columns[value] = [cell or "" for cell in cells.tolist()]
        marked += count
    numbers = {value: parse_numbers(pa.array(columns[value], pa.string()))[0] for value in layout.values}
    first_hour = 0 if layout.hour_label == "start" else 1
    value_heading = "" if names_plants else f" {layout.values[0]}"
    wide = WideLayout(
        layout.name,
        date=DATE,
        plant=PLANT if layout.plant or names_plants else None,
        unit=UNIT if layout.unit else None,
        plant_name=layout.plant_name,
        hours=[f"{hour + first_hour}시{value_heading}" for hour in range(HOURS)]
        if layout.parts == 1
        else f"{{begin}}-{{end}}{value_heading}",
        energy_unit=layout.energy_unit,
        publisher=layout.publisher,
        fuel=layout.fuel,
        step=layout.step,
        power_unit=layout.power_unit,
    )
    made: list[Row] = []
    told = np.zeros((len(places), slots), dtype=bool)
    repeated = 0
    for (plant, unit, day), of_day in places.items():
        cells = [""] * slots
        for hour, same_hour in of_day.items():
            found = {round(float(numbers[value][row]), DECIMALS_COMPARED) for value, row in same_hour}
            found = {number for number in found if number == number}
            if len(found) > 1:
                detail = f"{plant} {unit} {day}, hour {hour + first_hour}: {', '.join(map(str, sorted(found)))}"
                rejected += [(rows[row], DIFFERENT_VALUES, detail) for _, row in same_hour]
                continue
            value, row = next(((v, r) for v, r in same_hour if not np.isnan(numbers[v][r])), same_hour[0])
            cells[hour] = columns[value][row]
            told[len(made), hour] = True
            repeated += len(same_hour) - 1
        row = min(row for same_hour in of_day.values() for _, row in same_hour)
        made.append((rows[row][0], [day, plant, unit, *(columns[name][row] for name in others), *cells]))
    measured = all(markers.get(value) == () for value in layout.values)
    of_hours: Markers = dict.fromkeys(wide.hours, ()) if measured else {}
    names = [DATE, PLANT, UNIT, *others, *wide.hours]
    told_hours = np.asarray(told.reshape(len(made), HOURS, layout.parts).any(axis=2))
    return DaysOfPlants(names, made, wide, told_hours, rejected, repeated, of_hours, marked)


def _plant_of(heading: str) -> str:
    """Return the plant that a column's heading names, without the unit of energy behind it."""
    return re.sub(r"\s*[(\[][^()\[\]]*[)\]]$", "", heading) if unit_in(heading) else heading


def _times(columns: dict[str, list[str]], layout: LongLayout) -> tuple[list[str], NDArray[np.int64]]:
    """Return the day of each row, and the hour from its beginning, 0 to 23; -1 where they cannot be read."""
    if layout.stamp is not None:
        stamps = parse_stamp_texts(pa.array(columns[layout.stamp], pa.string()))
        step = 3600 // layout.parts
        beginning = stamps.to_numpy() - np.timedelta64(step if layout.hour_label == "end" else 0, "s")
        days = beginning.astype("datetime64[D]")
        seconds = (beginning - days).astype("timedelta64[s]").astype(np.int64)
        hour = seconds // step
        if (seconds % step)[~np.isnat(beginning)].any():
            raise LayoutError(
                f'stamps under "{layout.stamp}" lie within the hour; first add up (energy) or average (power) those of '
                f"each hour, {OR_STEP}"
                if layout.parts == 1
                else f'stamps under "{layout.stamp}" are no multiples of the step of the layout, {layout.step}'
            )
        hours = np.where(np.isnat(beginning), -1, hour)
    else:
        days = parse_days(pa.array(columns[layout.date or ""], pa.string())).to_numpy().astype("datetime64[D]")
        found = [_HOUR.fullmatch(text.replace(" ", "")) for text in columns[layout.hour or ""]]
        numbers = np.array([int(match["hour"] or match["end"]) if match else -1 for match in found], dtype=np.int64)
        label = layout.hour_label or ("end" if HOURS in numbers and 0 not in numbers else None)
        if label is None:
            raise LayoutError(
                f'the numbers under "{layout.hour}" do not tell whether an hour begins or ends at its number, as 1 to '
                "24 would; pass layout, with hour_label"
            )
        hours = numbers - (1 if label == "end" else 0)
        hours[(numbers < 0) | (hours >= HOURS) | np.isnat(days)] = -1
    if len(hours) and (hours < 0).all():
        shown = ", ".join(f'under "{name}" is "{columns[name][0]}"' for name in layout.times)
        raise LayoutError(
            f"no row has a day and hour that can be read ({shown}); write stamps as YYYY-MM-DD hh:mm in local time, "
            "days as YYYY-MM-DD and hours as numbers"
        )
    return days.astype(str).tolist(), hours
