"""Columns of parts of hours, such as quarters, brought to hours."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from energy_data_layer.core.coercion import require_measured, settle_coerced
from energy_data_layer.core.columns import as_arrow
from energy_data_layer.core.parse import parse_numbers, require_finite, require_one_meaning
from energy_data_layer.datasets.layout import GENERATION, HOURS
from energy_data_layer.errors import LayoutError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from energy_data_layer.core.coercion import Coerced, Markers
    from energy_data_layer.core.frames import Values
    from energy_data_layer.datasets.layout import WideLayout
    from energy_data_layer.transforms.wide_to_long.columns import WideColumns

_POWER = re.compile(r"(?<![a-z])[kmg]?w(?![a-z])", re.IGNORECASE)
_ENERGY = re.compile(r"(?<![a-z])[kmg]?wh(?![a-z])", re.IGNORECASE)


def columns_of_hours(columns: WideColumns, markers: Markers, coerced: Coerced) -> tuple[WideColumns, int, int]:
    """Return the columns with one for each hour, how many texts were no number, and how many hours lack a part."""
    numbers, no_numbers = measured_parts(columns.layout, columns.hours, markers)
    for name, values in zip(columns.hours, numbers, strict=True):
        require_finite(values, name)
    settle_coerced(columns.hours, [np.isnan(values) for values in numbers], coerced)
    hours, incomplete = hours_of_parts(columns.layout, numbers)
    layout = columns.layout.of_hours()
    made = replace(columns, layout=layout, hours=dict(zip(layout.hours, hours, strict=True)))
    return made, no_numbers, int(incomplete.sum())


def names_power(heading: str) -> bool:
    """Tell whether a heading names a unit of power."""
    return _POWER.search(heading) is not None


def measured_parts(
    layout: WideLayout, parts: Mapping[str, Values], markers: Markers
) -> tuple[list[NDArray[np.float64]], int]:
    """Return columns as numbers, and how many texts were none.

    Raises
    ------
    LayoutError
        If the headings say power and the layout energy, or the other way round.
    CommaError, MarkerError
        If commas have two meanings, or numbers look as if they stood for a missing value: sums of them do not.
    """
    if layout.power_unit is None and any(map(names_power, layout.hours)):
        raise LayoutError(f'"{layout.hours[0]}" names a power, whose mean an hour is; set power_unit in the layout')
    if layout.power_unit is not None and any(map(_ENERGY.search, layout.hours)):
        raise LayoutError(f'"{layout.hours[0]}" names an energy, whose sum an hour is; set energy_unit in the layout')
    numbers, no_numbers = [], 0
    for name, column in as_arrow(parts).items():
        require_one_meaning(column, name)
        values, others = parse_numbers(column)
        numbers.append(values)
        no_numbers += others
    doubtful = [values for name, values in zip(parts, numbers, strict=True) if markers.get(name) != ()]
    if doubtful:
        require_measured(np.concatenate(doubtful), GENERATION, None)
    return numbers, no_numbers


def hours_of_parts(
    layout: WideLayout, numbers: list[NDArray[np.float64]]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the 24 hours, each of all rows, and which of them have some of their parts and not all.

    Examples
    --------
    >>> from energy_data_layer.datasets.layout import WideLayout
    >>> layout = WideLayout("halves", date="day", hours="{}", step="30min", power_unit="kW")
    >>> hours, incomplete = hours_of_parts(layout, [np.array([float(part), np.nan]) for part in range(48)])
    >>> hours[:3, 0].tolist(), hours[0, 1].item(), incomplete.any()
    ([0.5, 2.5, 4.5], nan, np.False_)
    """
    values = np.stack(numbers).reshape(HOURS, layout.parts, -1)
    sums = values.sum(axis=1)
    missing = np.isnan(values)
    incomplete = np.asarray(missing.any(axis=1) & ~missing.all(axis=1))
    return sums / layout.parts if layout.power_unit is not None else sums, incomplete
