"""Arrow types that PostgreSQL does not have, on their way in and out."""

from __future__ import annotations

import pyarrow as pa

from energy_data_layer.core.provenance import PROVENANCE_SUFFIX
from energy_data_layer.errors import StorageError


def ingestible(table: pa.Table) -> pa.Table:
    """Return a table in types that the driver writes, all of them PostgreSQL's own.

    Examples
    --------
    >>> ingestible(pa.table({"ta_provenance": pa.array([4], pa.uint8())})).schema.types
    [DataType(int16)]
    """
    return table.cast(pa.schema([field.with_type(_written_type(field.type)) for field in table.schema]))


def cast_to(schema: pa.Schema, rows: pa.Table, label: str) -> pa.Table:
    """Return rows in the types of the table that they are to go into.

    Raises
    ------
    StorageError
        If a value would not be the same in the table.
    """
    try:
        return rows.cast(pa.schema(list(schema)))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise StorageError(f"the rows for {label} do not fit its columns: {error}; nothing was changed") from error


def as_declared(answer: pa.Table) -> pa.Table:
    """Return an answer with the small integers of the data layer, which PostgreSQL keeps in two bytes.

    A provenance is unsigned, and everything else of that size a quality flag; a column of somebody else's that
    holds larger numbers stays as it is.

    Examples
    --------
    >>> codes = pa.array([4], pa.int16())
    >>> as_declared(pa.table({"ta_provenance": codes, "taQcflg": codes})).schema.types
    [DataType(uint8), DataType(int8)]
    """
    for position, field in enumerate(answer.schema):
        if field.type == pa.int16():
            small = pa.uint8() if field.name.endswith(PROVENANCE_SUFFIX) else pa.int8()
            try:
                column = answer.column(position).cast(small)
            except pa.ArrowInvalid:
                continue
            answer = answer.set_column(position, pa.field(field.name, small), column)
    return answer


def _written_type(arrow_type: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(arrow_type):
        return _written_type(arrow_type.value_type)
    if pa.types.is_int8(arrow_type) or pa.types.is_uint8(arrow_type):
        return pa.int16()
    if pa.types.is_timestamp(arrow_type):
        return pa.timestamp("us", arrow_type.tz)
    if pa.types.is_string_view(arrow_type) or pa.types.is_null(arrow_type):
        return pa.string()
    return arrow_type
