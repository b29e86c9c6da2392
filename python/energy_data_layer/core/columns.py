"""Which Arrow types can be a station or a value; everything else is an error that names the column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from energy_data_layer.core.texts import BLANKS
from energy_data_layer.errors import ColumnTypeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from energy_data_layer.core.frames import ArrowColumn, Frame, Values


def station_column(frame: Frame, name: str, label: str = "the frame") -> ArrowColumn:
    """Return the station column as text or int64."""
    column = frame.column(name)
    type_ = column.type
    if is_text(type_):
        return column
    if pt.is_integer(type_):
        return column if pt.is_int64(type_) else column.cast(pa.int64() if type_ != pa.uint64() else pa.large_string())
    if pt.is_floating(type_):
        import pyarrow.compute as pc

        column = pc.if_else(pc.is_nan(column), None, column)
    try:
        return column.cast(pa.large_string())
    except pa.ArrowException as error:
        raise ColumnTypeError(
            f'column "{name}" of {label} is of type {type_} and cannot name stations; use text or integers'
        ) from error


def value_column(frame: Frame, name: str, label: str = "the frame") -> Values:
    """Return a column of values as float64 or text."""
    column = frame.values(name)
    if isinstance(column, np.ndarray):
        return column
    type_ = column.type
    if pt.is_float64(type_):
        return column
    if is_text(type_):
        return as_plain_text(column)
    number = type_.value_type if pt.is_dictionary(type_) else type_
    if pt.is_integer(number) or pt.is_floating(number) or pt.is_decimal(number) or pt.is_null(number):
        return column.cast(pa.float64(), safe=False)
    raise ColumnTypeError(
        f'column "{name}" of {label} is of type {type_} and cannot be a number; choose other columns or convert it'
    )


def as_arrow(columns: Mapping[str, Values]) -> dict[str, ArrowColumn]:
    """Return columns of values as Arrow."""
    return {name: pa.array(column) if isinstance(column, np.ndarray) else column for name, column in columns.items()}


def is_text(type_: pa.DataType) -> bool:
    """Tell whether a type is text, plain or dictionary-encoded."""
    value_type = type_.value_type if pt.is_dictionary(type_) else type_
    return bool(pt.is_string(value_type) or pt.is_large_string(value_type) or pt.is_string_view(value_type))


def as_plain_text(column: ArrowColumn) -> ArrowColumn:
    """Return a column of any text type as plain text, without its dictionary or views."""
    if not (pt.is_dictionary(column.type) or pt.is_string_view(column.type)):
        return column
    if isinstance(column, pa.ChunkedArray):
        chunks = [as_plain_text(chunk) for chunk in column.chunks]
        return pa.chunked_array(chunks, type=None if chunks else pa.large_string())
    if pt.is_dictionary(column.type):
        # pyarrow cannot take string views out of a dictionary.
        words = column.dictionary.cast(pa.large_string())
        return words.take(column.indices)
    return column.cast(pa.large_string())


def trimmed(column: ArrowColumn) -> ArrowColumn:
    """Return texts without the blanks around them."""
    import pyarrow.compute as pc

    return pc.utf8_trim(as_plain_text(column).cast(pa.large_string()), BLANKS)
