"""Observations that can hardly be any: outside the physical bounds of their column, or missing-value markers."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.core.coercion import without_markers
from energy_data_layer.core.markers import is_marker_like, suspicious_markers
from energy_data_layer.datasets.asos import ASOS, ASOS_COLUMNS
from energy_data_layer.errors import PayloadError
from energy_data_layer.jobs.service import set_aside
from energy_data_layer.reports.weather_report import OutOfBounds
from energy_data_layer.storage.tables import WEATHER_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from energy_data_layer.core.coercion import Markers
    from energy_data_layer.jobs.options import ImputeOptions
    from energy_data_layer.reports.reprocess_report import ReprocessReport
    from energy_data_layer.reports.weather_report import WeatherReport
    from energy_data_layer.storage.database import Database

OUTSIDE = "outside the physical bounds"
"""Why a value is rejected that `out_of_range="missing"` takes out."""

LISTED = 5

_STATION, _STAMP = WEATHER_KEY


def outside_bounds(rows: pa.Table) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Give the columns that have values outside their bounds, each with the rows where."""
    for name in rows.column_names:
        column = ASOS_COLUMNS.get(name)
        if column is None or (column.low, column.high) == (None, None):
            continue
        values = rows.column(name).to_numpy()
        with np.errstate(invalid="ignore"):
            outside = np.zeros(len(values), dtype=bool)
            if column.low is not None:
                outside |= values < column.low
            if column.high is not None:
                outside |= values > column.high
        if outside.any():
            yield name, outside


def note_outside_bounds(report: WeatherReport, rows: pa.Table) -> None:
    """Count the values outside their bounds, and name the first of each column."""
    for name, outside in outside_bounds(rows):
        column = ASOS_COLUMNS[name]
        found = report.out_of_bounds.setdefault(name, OutOfBounds(column.low, column.high))
        found.count += int(outside.sum())
        for row in np.flatnonzero(outside)[: LISTED - len(found.first)].tolist():
            found.first.append(f"{_place(rows, row)}: {rows.column(name)[row]}")


def as_taken(rows: pa.Table, options: ImputeOptions) -> pa.Table:
    """Return the rows as the options take them: values outside the bounds as they are, or as missing ones."""
    return without_outside_bounds(rows) if options.out_of_range == "missing" else rows


def without_outside_bounds(rows: pa.Table) -> pa.Table:
    """Return the rows with null for each value outside the bounds."""
    for name, outside in outside_bounds(rows):
        column = pc.if_else(pa.array(outside), None, rows.column(name))
        rows = rows.set_column(rows.column_names.index(name), name, column)
    return rows


def set_outside_bounds_aside(database: Database, report: WeatherReport, rows: pa.Table, origin: str) -> None:
    """Keep the values outside their bounds in table ``rejects``, each with its station and hour."""
    for name, outside in outside_bounds(rows):
        values = rows.select([*WEATHER_KEY, name]).filter(pa.array(outside))
        set_aside(database, report, {f"{OUTSIDE}: {name}": values}, origin=origin, source=ASOS.name)


class Suspicion(NamedTuple):
    """A number that looks as if it stood for a missing value."""

    column: str
    value: float
    rows: int
    place: str

    def __str__(self) -> str:
        return f"{self.column} {self.value:g} in {self.rows:,} rows, first {self.place}"


class MarkerSearch:
    """Looks through rows, some at a time, for numbers that look as if they stood for a missing value.

    Not in columns whose markers are none: there such numbers were measured.
    """

    def __init__(self, markers: Markers) -> None:
        self._measured = {name for name, values in markers.items() if not values}
        self._marker_like: defaultdict[str, Counter[float]] = defaultdict(Counter)
        self._others: defaultdict[str, list[float]] = defaultdict(list)
        self._places: dict[tuple[str, float], str] = {}

    def add(self, rows: pa.Table) -> None:
        """Look at further rows; of their values only those that look like markers, and the ends of the others, stay."""
        for name in rows.column_names:
            if name in self._measured or not pa.types.is_floating(rows.column(name).type):
                continue
            values, counts = rows.column(name).drop_null().value_counts().flatten()
            others = []
            for value, count in zip(values.to_pylist(), counts.to_pylist(), strict=True):
                if not is_marker_like(value):
                    others.append(value)
                    continue
                self._marker_like[name][value] += count
                if (name, value) not in self._places:
                    self._places[name, value] = _place(rows, pc.index(rows.column(name), value).as_py())
            if others:
                known = self._others[name]
                self._others[name] = [min(others + known), max(others + known)]

    def found(self) -> list[Suspicion]:
        """Return what is suspicious in all rows together."""
        return [
            Suspicion(name, value, self._marker_like[name][value], self._places[name, value])
            for name, marker_like in self._marker_like.items()
            for value in self._suspicious(name, marker_like)
        ]

    def _suspicious(self, name: str, marker_like: Counter[float]) -> list[float]:
        column = ASOS_COLUMNS[name]
        repeated = [[value] * min(count, 2) for value, count in marker_like.items()]
        return list(suspicious_markers(np.concatenate([self._others[name], *repeated]), column.low, column.high))


def with_markers_missing(report: WeatherReport | ReprocessReport, rows: pa.Table, markers: Markers) -> pa.Table:
    """Return the rows with null for the markers, which are counted."""
    for name in markers.keys() & {*rows.column_names}:
        column = rows.column(name)
        if pa.types.is_floating(column.type) or pa.types.is_string(column.type):
            without, found = without_markers(column, markers[name])
            if found:
                report.marked_missing[name] = report.marked_missing.get(name, 0) + found
            rows = rows.set_column(rows.column_names.index(name), name, without)
    return rows


def require_measurements(rows: pa.Table, markers: Markers, origin: str) -> None:
    """Raise `PayloadError` where numbers look as if they stood for missing values."""
    search = MarkerSearch(markers)
    search.add(rows)
    if found := search.found():
        raise PayloadError(told(found), origin)


def told(found: list[Suspicion]) -> str:
    """Return what is suspicious in words, with the ways out."""
    by_column: defaultdict[str, list[str]] = defaultdict(list)
    for one in found:
        by_column[one.column].append(f"{one.value:g}")
    markers, none = (
        ", ".join(f'"{name}": [{", ".join(values if named else ())}]' for name, values in by_column.items())
        for named in (True, False)
    )
    return (
        f"numbers that look as if they stood for missing values: {'; '.join(map(str, found))}; pass "
        f"missing_values={{{markers}}} if they do, or missing_values={{{none}}} if they were measured"
    )


def _place(rows: pa.Table, row: int) -> str:
    station, stamp = rows.column(_STATION)[row], rows.column(_STAMP)[row]
    return f"{station} {stamp.as_py():%Y-%m-%d %H:%M}"
