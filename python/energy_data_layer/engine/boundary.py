"""The crossing to the Rust engine: columns out as one Arrow table, errors back as this package's own."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache, lru_cache
from itertools import count, islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from energy_data_layer import errors
from energy_data_layer.datasets.layout import ENERGY_UNITS
from energy_data_layer.engine import choice
from energy_data_layer.engine.result import Imputed, Long, PayloadRows
from energy_data_layer.transforms.impute.report import ColumnReport

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from energy_data_layer.core.columns import InputColumns
    from energy_data_layer.core.frames import Frame, Values
    from energy_data_layer.transforms.wide_to_long.columns import WideColumns

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
}


@contextmanager
def _defects_as_engine_errors() -> Iterator[None]:
    """Whatever the engine does wrong, raise, panic or answer with what is no answer, becomes an `EngineError`."""
    try:
        yield
    except (errors.DataLayerError, MemoryError):
        raise
    except Exception as error:
        raise _engine_error(error) from error
    except BaseException as error:
        # A panic outside a kernel comes as PyO3's own class, which is no Exception and cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise _engine_error(error) from error


@_defects_as_engine_errors()
def imputed_in_rust(given: InputColumns, past: InputColumns | None, max_spline_gap: int) -> Imputed:
    """Run `impute_missing_values` in Rust."""
    rust = choice.rust()
    positions = {name: str(position) for position, name in enumerate(given.values)}
    try:
        result = rust.impute_missing_values(
            _key_table(given, list(given.values.values())),
            columns=list(positions.values()),
            max_spline_gap=max_spline_gap,
            history=None if past is None else _key_table(past, list(past.values.values())),
            **_key_names(given),
        )
    except (rust.RowError, rust.EngineError) as error:
        raise _translated(error, _names(given)) from error
    arrays = result.take_numpy()
    for position in positions.values():
        values, codes = arrays[position]
        _require(values, len(given.stamp), np.float64)
        _require(codes, len(given.stamp), np.uint8)
    return Imputed(
        values={name: arrays[position][0] for name, position in positions.items()},
        codes={name: arrays[position][1] for name, position in positions.items()},
        stations=result.stations,
        reports=lambda: {name: _report(result.report[position]) for name, position in positions.items()},
    )


@_defects_as_engine_errors()
def completed_in_rust(frame: Frame, columns: InputColumns, step_seconds: int, carry: Sequence[str] | None) -> pa.Table:
    """Run `complete_hours` in Rust on all columns of a frame."""
    rust = choice.rust()
    others = [name for name in frame.names if name != columns.date_col]
    carried = {*(carry or ()), columns.station_col} - {columns.date_col}
    try:
        result = rust.complete_hours(
            _key_table(columns, [frame.cells(name) for name in others]),
            step_seconds=step_seconds,
            carry=None if carry is None else [str(others.index(name)) for name in carried],
            **_key_names(columns),
        )
    except (rust.RowError, rust.TooManyRowsError, rust.EngineError) as error:
        raise _translated(error, _names(columns)) from error
    completed = pa.table(result)
    names = {columns.date_col: DATE} | {name: str(position) for position, name in enumerate(others)}
    return completed.select([names[name] for name in frame.names])


@_defects_as_engine_errors()
def lengthened_in_rust(columns: WideColumns, frame: Frame, *, unique: bool) -> Long:
    """Run `transform_wide_to_long` in Rust."""
    rust = choice.rust()
    layout = columns.layout
    roles = (columns.date, columns.plant, columns.unit, columns.energy_unit, columns.hours, columns.total, columns.keep)
    arrays = [column for role in roles for column in role.values()]
    # A column can have two roles, and a frame's own names need not be text.
    date, plant, unit, energy_unit, hours, total, keep = parts = _positions(tuple(map(len, roles)))
    positions = [position for part in parts for position in part]
    try:
        result = rust.transform_wide_to_long(
            _crossing(positions, arrays),
            date_col=date[0],
            hours=hours,
            plant_col=_only(plant),
            unit_col=_only(unit),
            plant_name=layout.plant_name,
            scale=None if layout.energy_unit is None else ENERGY_UNITS[layout.energy_unit],
            energy_unit_col=_only(energy_unit),
            energy_units=[(name, *scale) for name, scale in ENERGY_UNITS.items()] if energy_unit else None,
            total_col=_only(total),
            total_scale=None if layout.daily_total_unit is None else ENERGY_UNITS[layout.daily_total_unit],
            keep=keep,
            label_end=layout.hour_label == "end",
            unique=unique,
            text_views=frame.text_type == pa.string_view(),
        )
    except (rust.RowError, rust.TooManyRowsError, rust.EngineError) as error:
        names = (name for role in roles for name in role)
        raise _translated(error, dict(zip(positions, names, strict=True))) from error
    report = result.report
    (day,) = columns.date.values()
    hours_expected = 24 * (len(day) - len(report["rows_skipped"]))
    if frame.has_nulls:
        table = pa.table(result)
        timestamp, generation = table.column("timestamp"), table.column("generation")
    else:
        ticks, generation = result.take_numpy()
        _require(ticks, hours_expected, np.int64)
        _require(generation, hours_expected, np.float64)
        # Days in text have no resolution of their own.
        timestamp = ticks.view(f"datetime64[{getattr(day.type, 'unit', 'us')}]")
        table = pa.table(result)
    if table.num_rows != hours_expected:
        raise ValueError(f"an answer of {table.num_rows} hours in place of {hours_expected}")
    return Long(
        timestamp=timestamp,
        plant_name=table.column("plant_name"),
        generation=generation,
        keep=table.columns[len(table.columns) - len(keep) :],
        **report,
    )


@lru_cache
def _positions(lengths: tuple[int, ...]) -> list[list[str]]:
    """Return consecutive positions, so many for each part."""
    left = map(str, count())
    return [list(islice(left, length)) for length in lengths]


def _only(positions: list[str]) -> str | None:
    return positions[0] if positions else None


@_defects_as_engine_errors()
def payload_rows_in_rust(
    payloads: Sequence[bytes | bytearray | memoryview | str], source: str, *, alone: bool
) -> PayloadRows:
    """Run `rows_from_api_payload` in Rust, up to the item table."""
    from energy_data_layer.transforms.payload_rows.report import PageInfo, PayloadDrift

    rust = choice.rust()
    try:
        result = rust.rows_from_api_payload(payloads, source=source, fields=rust_fields(source))
    # The cause would show texts of the body that the translated error leaves out.
    except rust.PayloadError as error:
        problem, place, page = error.args
        raise errors.PayloadError(problem, place, page, alone=alone) from None
    except rust.ApiError as error:
        code, message, page = error.args
        raise errors.ApiError(code, message, page, alone=alone) from None
    except rust.EngineError as error:
        raise _engine_error(error) from error
    said = result.report
    table, pages = pa.table(result), tuple(PageInfo(**page) for page in said["pages"])
    return PayloadRows(
        table=table,
        pages=pages,
        coerced=said["coerced"],
        drift=PayloadDrift(said["unknown_fields"], said["vanished_fields"], said["retyped_fields"]),
    )


@cache
def rust_fields(source: str) -> list[tuple[str, str, bool, str]]:
    """Return what the engine has to know of the fields of a source: name, kind, required, documented JSON kinds."""
    from energy_data_layer.datasets.payload_fields import PAYLOAD_FIELDS

    return [
        (
            field.name,
            str(field.arrow_type) if field.kind == "integer" else field.kind,
            field.required,
            " ".join(field.documented),
        )
        for field in PAYLOAD_FIELDS[source]
    ]


def _report(counts: dict[str, Any]) -> ColumnReport:
    return ColumnReport.from_counts(counts["codes"], counts["coerced"], counts["gap_lengths"])


def _key_table(columns: InputColumns, others: list[Values]) -> pa.Table | dict[str, Any]:
    """Return the columns as one table, nothing copied; the others are named by their positions.

    A frame's own names need not be text, and could be those of the keys.
    """
    arrays = [columns.station, columns.stamp, *others]
    names = [STATION, DATE, *map(str, range(len(others)))]
    if columns.wall_clock is not None:
        arrays.append(columns.wall_clock)
        names.append(WALL_CLOCK)
    return _crossing(names, arrays)


def _crossing(names: list[str], columns: list[Any]) -> pa.Table | dict[str, Any]:
    """Return columns as they cross over: together as a table, or one by one where some are NumPy arrays."""
    if any(isinstance(column, np.ndarray) for column in columns):
        return dict(zip(names, columns, strict=True))
    return pa.Table.from_arrays(columns, names=names)


def _key_names(columns: InputColumns) -> dict[str, str | None]:
    return {
        "date_col": DATE,
        "station_col": STATION,
        "wall_clock_col": None if columns.wall_clock is None else WALL_CLOCK,
    }


def _require(array: NDArray[Any], length: int, kind: type[np.generic]) -> None:
    """Raise where an array of the engine is not what the frame needs; anything else would be put in, or repeated."""
    if array.shape != (length,) or array.dtype != kind:
        raise ValueError(f"an answer of {array.shape} {array.dtype} in place of {length} {np.dtype(kind)}")


def _names(columns: InputColumns) -> dict[str, str]:
    """Return the frame's own names of the columns that crossed over."""
    positions = {str(position): name for position, name in enumerate(columns.values)}
    return {DATE: columns.date_col, STATION: columns.station_col} | positions


def _translated(error: Exception, names: Mapping[str, str]) -> errors.DataLayerError:
    """Return an error of the engine as the reference raises it."""
    rust = choice.rust()
    if isinstance(error, rust.RowError):
        kind, column, rows, values, count, frame = error.args
        return ERROR_OF_KIND[kind](names[column], rows, values, count, frame)
    if isinstance(error, rust.TooManyRowsError):
        return errors.OptionError(str(error))
    return _engine_error(error)


def _engine_error(error: BaseException) -> errors.EngineError:
    return errors.EngineError(f"the Rust engine failed: {error}; run on the reference with USE_RUST=0")
