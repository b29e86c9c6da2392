"""The columns of a frame and of its history, checked as filling and fitting need them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.types as pt

from energy_data_layer.core.columns import is_text
from energy_data_layer.core.frames import wrap
from energy_data_layer.core.inputs import InputColumns, read_columns
from energy_data_layer.core.stamps import date_columns
from energy_data_layer.errors import ColumnTypeError, OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence


def checked_columns(columns: Sequence[str], date_col: str | list[str], station_col: str | None) -> tuple[str, ...]:
    """Return the columns to fill, or raise `OptionError` for a key or one that is named twice."""
    names = (columns,) if isinstance(columns, str) else tuple(columns)
    for name in names:
        if name == station_col or name in date_columns(date_col):
            raise OptionError(f'column "{name}" is a key column and cannot be filled')
    if len(set(names)) < len(names):
        raise OptionError(f"columns names a column twice: {', '.join(map(str, names))}")
    return names


def read_history(history: Any | None, given: InputColumns) -> InputColumns | None:
    """Return the columns of the history; raise `ColumnTypeError` where its keys are of another kind."""
    if history is None:
        return None
    label = "the history"
    past = read_columns(wrap(history, label), list(given.date_cols), given.station_col, tuple(given.values), label)
    if is_text(past.station.type) != is_text(given.station.type):
        raise ColumnTypeError(
            f'column "{given.station_col}" is of type {given.station.type} in the frame and {past.station.type} '
            "in the history; convert one of them"
        )
    if (past.wall_clock is None) != (given.wall_clock is None):
        raise ColumnTypeError(
            f'column "{given.date_col}" has a time zone only in {past.label if past.wall_clock else given.label}; '
            "give both one, or none"
        )
    _require_same_range(past, given)
    return past


def _require_same_range(past: InputColumns, given: InputColumns) -> None:
    """Raise where the unit of the frame's stamps cannot count those of the history."""
    if not (pt.is_timestamp(past.stamp.type) and pt.is_timestamp(given.stamp.type)):
        return
    units = ("s", "ms", "us", "ns")
    if units.index(past.stamp.type.unit) < units.index(given.stamp.type.unit):
        try:
            past.stamp.cast(pa.timestamp(given.stamp.type.unit, past.stamp.type.tz))
        except pa.ArrowInvalid as error:
            raise ColumnTypeError(
                f'column "{past.date_col}" of the history has stamps that the frame\'s unit cannot count: {error}; '
                "convert the frame's stamps to a coarser unit, such as datetime64[s]"
            ) from error
