"""One row per station and step of the grid, in pandas and NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from energy_data_layer.core.columns import is_text
from energy_data_layer.core.frames import as_dtype
from energy_data_layer.core.keys import Keys, read_keys
from energy_data_layer.core.stamps import form_of_stamps, write_stamps
from energy_data_layer.errors import ConflictingRowsError, OffGridError, OptionError
from energy_data_layer.transforms.complete_hours.absence import Absence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from energy_data_layer.core.inputs import InputColumns

MOST_ROWS = 2**29
TICKS_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


@dataclass(frozen=True)
class Grid:
    """Where each row of the result comes from.

    Attributes
    ----------
    source : ndarray of int
        The input row that stands at each row of the result, or, where none does, the last one before it.
    inserted : ndarray of bool
        Which rows of the result are new.
    station : ndarray of int
        The station of each row of the result.
    stamps : DatetimeIndex
        The stamp of each row of the result.
    absences : list of Absence
        Where too many rows are absent to be inserted.
    """

    source: NDArray[np.intp]
    inserted: NDArray[np.bool_]
    station: NDArray[np.intp]
    stamps: pd.DatetimeIndex
    absences: list[Absence]


def complete_hours(
    frame: pd.DataFrame, columns: InputColumns, step: int, max_gap: int | None, carry: Sequence[str] | None
) -> tuple[pd.DataFrame, list[Absence]]:
    """Insert the absent rows, and tell where there are too many; `step` and `max_gap` are in seconds.

    The public function has the full description.
    """
    keys = read_keys(columns)
    _require_on_grid(keys, columns, step)
    grid = _lay_grid(keys, _distinct_rows(frame, keys, columns), step, max_gap)

    result = {}
    written = {} if columns.written is None else columns.written(_instants(columns, grid), step)
    for name in frame.columns:
        column = frame[name]
        if name in written:
            result[name] = pd.Series(as_dtype(written[name], column.dtype))
        elif name in columns.date_cols:
            result[name] = _stamps(column, columns, grid, step)
        elif name == columns.station_col or (carry is not None and name in carry):
            result[name] = _take(column, grid.source)
        else:
            empty = grid.inserted & ~_is_constant(column, keys)[grid.station] if carry is None else grid.inserted
            result[name] = _take(column, np.where(empty, -1, grid.source))
    return pd.DataFrame(result, columns=frame.columns), grid.absences


def _require_on_grid(keys: Keys, columns: InputColumns, step: int) -> None:
    clock = np.asarray(keys.wall_clock - keys.wall_clock.normalize())
    off = clock % np.timedelta64(step, "s") != np.timedelta64(0)
    if columns.wall_clock is not None:
        # A change of the zone's offset can part two stamps by less than a step.
        phase = keys.stamps.asi8 % (step * TICKS_PER_SECOND[keys.stamps.unit])
        first_row = keys.time_order[np.unique(keys.station[keys.time_order], return_index=True)[1]]
        off |= phase != phase[first_row][keys.station]
    rows = np.flatnonzero(off)
    if len(rows):
        values = [keys.describe(row) for row in rows[:5]]
        raise OffGridError(columns.date_col, rows[:5], values, len(rows), columns.label)


def _distinct_rows(frame: pd.DataFrame, keys: Keys, columns: InputColumns) -> NDArray[np.intp]:
    """Return the rows in time order with identical ones collapsed into the first; different ones are an error."""
    rows = keys.time_order
    station, ticks = keys.station[rows], keys.stamps.asi8[rows]
    repeats = np.append(False, (station[1:] == station[:-1]) & (ticks[1:] == ticks[:-1]))[: len(rows)]
    if not repeats.any():
        return rows
    key = np.cumsum(~repeats) - 1
    first_of_key = rows[~repeats][key]
    different = np.zeros(len(rows), dtype=bool)
    for name in frame.columns.drop(list(columns.date_cols)):
        column = frame[name]
        different[repeats] |= ~_same(column.iloc[rows[repeats]], column.iloc[first_of_key[repeats]])
    if different.any():
        offending = np.sort(rows[np.isin(key, key[different])])
        values = [keys.describe(row) for row in offending[:5]]
        raise ConflictingRowsError(columns.date_col, offending[:5], values, len(offending), columns.label)
    distinct: NDArray[np.intp] = rows[~repeats]
    return distinct


def _lay_grid(keys: Keys, rows: NDArray[np.intp], step: int, max_gap: int | None) -> Grid:
    station, seconds = keys.station[rows], _whole_seconds(keys.stamps)[rows]
    starts = np.append(True, station[1:] != station[:-1])[: len(rows)]
    steps_from_row_before = np.where(starts, 1, np.diff(seconds, prepend=0) // step)
    most_absent = np.inf if max_gap is None else max_gap // step
    too_many = ~starts & (steps_from_row_before - 1 > most_absent)
    steps_from_row_before[too_many] = 1
    present = np.cumsum(steps_from_row_before) - 1
    total = int(present[-1]) + 1 if len(rows) else 0
    if total > MOST_ROWS:
        raise OptionError(f"completing the hours would make {total} rows; check the stamps and the frequency")

    inserted = np.ones(total, dtype=bool)
    inserted[present] = False
    row_before = np.cumsum(~inserted) - 1
    steps = np.arange(total) - present[row_before]
    stamps = (seconds[row_before] + steps * step).view("datetime64[s]")
    absences = [
        Absence(str(keys.names[station[row]]), *(str(keys.wall_clock[rows[at]]) for at in (row - 1, row)))
        for row in np.flatnonzero(too_many)
    ]
    return Grid(rows[row_before], inserted, station[row_before], pd.DatetimeIndex(stamps), absences)


def _whole_seconds(stamps: pd.DatetimeIndex) -> NDArray[np.int64]:
    """Return stamps as seconds since 1970: on the grid there are no fractions, and differences fit."""
    return stamps.as_unit("s").asi8


def _instants(columns: InputColumns, grid: Grid) -> pa.Array:
    return pa.array(grid.stamps).cast(pa.timestamp("s", columns.stamp.type.tz))


def _stamps(column: pd.Series[Any], columns: InputColumns, grid: Grid, step: int) -> pd.Series[Any]:
    if not is_text(columns.stamp.type):
        zone = columns.stamp.type.tz
        stamps = pd.Series(grid.stamps if zone is None else grid.stamps.tz_localize("UTC").tz_convert(zone))
        return stamps.astype(column.dtype)
    result = _take(column, grid.source)
    form = form_of_stamps(columns.stamp, step)
    if form is not None and grid.inserted.any():
        result = result.astype(object)
        result[grid.inserted] = write_stamps(grid.stamps[grid.inserted].to_numpy(), form)
        result = pd.Series(as_dtype(pa.array(result, pa.large_string(), from_pandas=True), column.dtype))
    return result


def _is_constant(column: pd.Series[Any], keys: Keys) -> NDArray[np.bool_]:
    """Tell for each station whether all its rows have the same value."""
    first_row = np.unique(keys.station, return_index=True)[1]
    same = _same(column, column.iloc[first_row[keys.station]])
    constant: NDArray[np.bool_] = np.bincount(keys.station, weights=~same, minlength=len(keys.names)) == 0
    return constant


def _same(left: pd.Series[Any], right: pd.Series[Any]) -> NDArray[np.bool_]:
    """Tell row by row whether two columns hold the same value; missing ones, null or NaN, are the same."""
    if pd.api.types.is_float_dtype(left.dtype):
        a, b = (side.to_numpy(dtype="float64", na_value=np.nan) for side in (left, right))
        same: NDArray[np.bool_] = (a == b) | (np.isnan(a) & np.isnan(b))
        return same
    missing = left.isna().to_numpy(), right.isna().to_numpy()
    types = pd.api.types
    if (
        types.is_numeric_dtype(left)
        or types.is_datetime64_any_dtype(left)
        or types.is_string_dtype(left.dtype)
        or (isinstance(left.dtype, pd.ArrowDtype) and pa.types.is_primitive(left.dtype.pyarrow_dtype))
    ):
        equal = left.array == right.array
    else:
        # Lists, categories and the like are compared one by one.
        cells = (np.asarray(side.astype(object).where(side.notna(), None)) for side in (left, right))
        pairs = zip(*cells, strict=True)
        equal = [np.array_equal(a, b) for a, b in pairs]
    known = np.asarray(pd.array(equal, dtype="boolean").to_numpy(dtype=bool, na_value=False))
    return (known & ~missing[0] & ~missing[1]) | (missing[0] & missing[1])


def _take(column: pd.Series[Any], rows: NDArray[np.intp]) -> pd.Series[Any]:
    """Return the values at `rows`, missing where a row is -1."""
    return column.reset_index(drop=True).reindex(rows).reset_index(drop=True)
