"""The crossing to the Rust engine: columns out as one Arrow table, errors back as this package's own."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from energy_data_layer import errors
from energy_data_layer.core.inputs import SERIES
from energy_data_layer.engine import choice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from energy_data_layer.core.frames import Values
    from energy_data_layer.core.inputs import InputColumns

STATION, DATE, WALL_CLOCK = "station", "date", "wall clock"

ERROR_OF_KIND = {
    "stamp": errors.StampError,
    "station": errors.StationError,
    "infinite": errors.InfiniteValueError,
    "duplicate": errors.DuplicateKeyError,
    "conflict": errors.ConflictingRowsError,
    "off_grid": errors.OffGridError,
    "day": errors.DayError,
    "energy_unit": errors.EnergyUnitError,
    "commas": errors.CommaError,
}


@contextmanager
def defects_as_engine_errors() -> Iterator[None]:
    """Whatever the engine does wrong, raise, panic or answer with what is no answer, becomes an `EngineError`."""
    try:
        yield
    except (errors.DataLayerError, MemoryError):
        raise
    except Exception as error:
        raise engine_error(error) from error
    except BaseException as error:
        # A panic outside a kernel comes as PyO3's own class, which is no Exception and cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise engine_error(error) from error


def key_table(columns: InputColumns, others: list[Values]) -> pa.Table | dict[str, Any]:
    """Return the columns as one table, nothing copied; the others are named by their positions.

    A frame's own names need not be text, and could be those of the keys.
    """
    arrays = [columns.station, columns.stamp, *others]
    names = [STATION, DATE, *map(str, range(len(others)))]
    if columns.wall_clock is not None:
        arrays.append(columns.wall_clock)
        names.append(WALL_CLOCK)
    return crossing(names, arrays)


def crossing(names: list[str], columns: list[Any]) -> pa.Table | dict[str, Any]:
    """Return columns as they cross over: together as a table, or one by one where some are NumPy arrays."""
    if any(isinstance(column, np.ndarray) for column in columns):
        return dict(zip(names, columns, strict=True))
    return pa.Table.from_arrays(columns, names=names)


def key_names(columns: InputColumns) -> dict[str, str | None]:
    """Return the names under which the key columns cross over."""
    return {
        "date_col": DATE,
        "station_col": STATION,
        "wall_clock_col": None if columns.wall_clock is None else WALL_CLOCK,
    }


def require_array(array: NDArray[Any], length: int, kind: type[np.generic]) -> None:
    """Raise where an array of the engine is not what the frame needs; anything else would be put in, or repeated."""
    if array.shape != (length,) or array.dtype != kind:
        raise ValueError(f"an answer of {array.shape} {array.dtype} in place of {length} {np.dtype(kind)}")


def own_names(columns: InputColumns) -> dict[str, str]:
    """Return the frame's own names of the columns that crossed over."""
    positions = {str(position): name for position, name in enumerate(columns.values)}
    return {DATE: columns.date_col, STATION: columns.station_col or SERIES} | positions


def translated(error: Exception, names: Mapping[str, str]) -> errors.DataLayerError:
    """Return an error of the engine as the reference raises it."""
    rust = choice.rust()
    if isinstance(error, rust.RowError):
        kind, column, rows, values, count, frame = error.args
        return ERROR_OF_KIND[kind](names[column], rows, values, count, frame)
    if isinstance(error, rust.TooManyRowsError):
        return errors.OptionError(str(error))
    return engine_error(error)


def engine_error(error: BaseException) -> errors.EngineError:
    """Return the error for whatever the engine does wrong."""
    return errors.EngineError(f"the Rust engine failed: {error}; run on the reference with USE_RUST=0")
