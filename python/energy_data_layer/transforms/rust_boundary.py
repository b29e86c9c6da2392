"""The crossing to the Rust engine: columns out as one Arrow table, errors back as this package's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa

from energy_data_layer import errors
from energy_data_layer.transforms import engine

if TYPE_CHECKING:
    from energy_data_layer.transforms.columns import InputColumns
    from energy_data_layer.transforms.frames import Frame

WALL_CLOCK = "wall clock"
"""Column that carries the naive stamps of zone-aware ones."""

ERROR_OF_KIND = {
    "stamp": errors.StampError,
    "station": errors.StationError,
    "infinite": errors.InfiniteValueError,
    "duplicate": errors.DuplicateKeyError,
    "conflict": errors.ConflictingRowsError,
    "off_grid": errors.OffGridError,
}


def as_table(columns: InputColumns) -> pa.Table:
    """Return the columns as one table, nothing copied."""
    arrays = [columns.station, columns.stamp, *columns.values.values()]
    names = [columns.station_col, columns.date_col, *columns.values]
    if columns.wall_clock is not None:
        arrays.append(columns.wall_clock)
        names.append(WALL_CLOCK)
    return pa.Table.from_arrays(arrays, names=names)


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise the engine's errors as the reference raises them."""
    rust = engine.rust()
    try:
        yield
    except rust.RowError as error:
        kind, column, rows, values, count, frame = error.args
        raise ERROR_OF_KIND[kind](column, rows, values, count, frame) from None
    except rust.EngineError as error:
        raise errors.EngineError(
            f"the Rust engine failed: {error}; run on the reference with USE_RUST=0"
        ) from error


def completed_in_rust(
    frame: Frame, columns: InputColumns, step_seconds: int, carry: Sequence[str] | None
) -> pa.Table:
    """Run `complete_hours` in Rust on all columns of a frame."""
    arrays = {name: frame.column(name) for name in frame.names}
    arrays[columns.station_col], arrays[columns.date_col] = columns.station, columns.stamp
    if columns.wall_clock is not None:
        arrays[WALL_CLOCK] = columns.wall_clock
    with translated_errors():
        result = engine.rust().complete_hours(
            pa.table(arrays),
            date_col=columns.date_col,
            station_col=columns.station_col,
            step_seconds=step_seconds,
            carry=None if carry is None else list(carry),
            wall_clock_col=None if columns.wall_clock is None else WALL_CLOCK,
        )
    return pa.table(result).select(frame.names)
