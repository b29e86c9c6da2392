"""The crossing to the Rust engine: columns out as one Arrow table, errors back as this package's own."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa

from energy_data_layer import errors
from energy_data_layer.transforms import engine
from energy_data_layer.transforms.report import ColumnReport
from energy_data_layer.transforms.result import FilledColumn, Imputed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from energy_data_layer.transforms.columns import InputColumns
    from energy_data_layer.transforms.frames import ArrowColumn, Frame

STATION, DATE, WALL_CLOCK = "station", "date", "wall clock"

ERROR_OF_KIND = {
    "stamp": errors.StampError,
    "station": errors.StationError,
    "infinite": errors.InfiniteValueError,
    "duplicate": errors.DuplicateKeyError,
    "conflict": errors.ConflictingRowsError,
    "off_grid": errors.OffGridError,
}


def imputed_in_rust(given: InputColumns, past: InputColumns | None, max_spline_gap: int) -> Imputed:
    """Run `impute_missing_values` in Rust."""
    names = list(given.values)
    with _translated_errors(given):
        result = engine.rust().impute_missing_values(
            _key_table(given, list(given.values.values())),
            columns=[str(position) for position in range(len(names))],
            max_spline_gap=max_spline_gap,
            history=None if past is None else _key_table(past, list(past.values.values())),
            **_key_names(given),
        )
    arrays, report = result.take_numpy(), result.report
    columns = {}
    for position, name in enumerate(names):
        values, codes = arrays[str(position)]
        counts = report[str(position)]
        column_report = ColumnReport.from_counts(counts["codes"], counts["coerced"], counts["gap_lengths"])
        columns[name] = FilledColumn(values, codes, column_report)
    return Imputed(columns, result.stations)


def completed_in_rust(frame: Frame, columns: InputColumns, step_seconds: int, carry: Sequence[str] | None) -> pa.Table:
    """Run `complete_hours` in Rust on all columns of a frame."""
    others = [name for name in frame.names if name != columns.date_col]
    carried = {*(carry or ()), columns.station_col} - {columns.date_col}
    with _translated_errors(columns):
        result = engine.rust().complete_hours(
            _key_table(columns, [frame.cells(name) for name in others]),
            step_seconds=step_seconds,
            carry=None if carry is None else [str(others.index(name)) for name in carried],
            **_key_names(columns),
        )
    completed = pa.table(result)
    names = {columns.date_col: DATE} | {name: str(position) for position, name in enumerate(others)}
    return completed.select([names[name] for name in frame.names])


def _key_table(columns: InputColumns, others: list[ArrowColumn]) -> pa.Table:
    """Return the columns as one table, nothing copied; the others are named by their positions.

    A frame's own names need not be text, and could be those of the keys.
    """
    arrays = [columns.station, columns.stamp, *others]
    names = [STATION, DATE, *map(str, range(len(others)))]
    if columns.wall_clock is not None:
        arrays.append(columns.wall_clock)
        names.append(WALL_CLOCK)
    return pa.Table.from_arrays(arrays, names=names)


def _key_names(columns: InputColumns) -> dict[str, str | None]:
    return {
        "date_col": DATE,
        "station_col": STATION,
        "wall_clock_col": None if columns.wall_clock is None else WALL_CLOCK,
    }


@contextmanager
def _translated_errors(columns: InputColumns) -> Iterator[None]:
    """Raise the engine's errors as the reference raises them."""
    rust = engine.rust()
    try:
        yield
    except rust.RowError as error:
        kind, column, rows, values, count, frame = error.args
        names = {DATE: columns.date_col, STATION: columns.station_col}
        name = names.get(column) or list(columns.values)[int(column)]
        raise ERROR_OF_KIND[kind](name, rows, values, count, frame) from None
    except rust.TooManyRowsError as error:
        raise errors.OptionError(str(error)) from None
    except rust.EngineError as error:
        raise errors.EngineError(f"the Rust engine failed: {error}; run on the reference with USE_RUST=0") from error
