"""What an upsert is made of in every database: rows in the order of unique keys, no NaN, and one MERGE statement."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.errors import DuplicateKeyError
from energy_data_layer.storage.names import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence


def merge_statement(
    table: str, staging: str, key: Sequence[str], columns: Sequence[str], keep_where_missing: Sequence[str]
) -> str:
    """Return the statement that inserts the staged rows with new keys and updates those that differ."""
    same_key = " AND ".join(f"stored.{quoted(name)} = staged.{quoted(name)}" for name in key)
    names = ", ".join(quoted(name) for name in columns)
    staged = ", ".join(f"staged.{quoted(name)}" for name in columns)
    new = {
        quoted(name): f"coalesce(staged.{quoted(name)}, stored.{quoted(name)})"
        if name in keep_where_missing
        else f"staged.{quoted(name)}"
        for name in columns
        if name not in key
    }
    differs = " OR ".join(f"stored.{name} IS DISTINCT FROM {value}" for name, value in new.items())
    changes = ", ".join(f"{name} = {value}" for name, value in new.items())
    update = f"WHEN MATCHED AND ({differs}) THEN UPDATE SET {changes} " if new else ""
    return (
        f"MERGE INTO {quoted(table)} AS stored USING {quoted(staging)} AS staged ON {same_key} "  # noqa: S608
        f"{update}"
        f"WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({staged})"
    )


def insert_statement(table: str, staging: str, columns: Sequence[str]) -> str:
    """Return the statement that inserts the staged rows, whose keys are all new."""
    names = ", ".join(quoted(name) for name in columns)
    return f"INSERT INTO {quoted(table)} ({names}) SELECT {names} FROM {quoted(staging)}"  # noqa: S608


def sorted_by_key(rows: pa.Table, key: Sequence[str], label: str) -> pa.Table:
    """Return the rows in the order of their key, in which an index takes them fastest.

    Raises
    ------
    DuplicateKeyError
        If a key occurs twice; the first rows at fault are named.
    """
    for position, field in enumerate(rows.schema):
        if pa.types.is_string_view(field.type) or (field.name in key and pa.types.is_null(field.type)):
            # The first cannot be put into another order, the second cannot be compared.
            rows = rows.set_column(position, field.name, rows.column(position).cast(pa.string()))
    ordered = rows.sort_by([(name, "ascending") for name in key])
    columns = [ordered.column(name) for name in key]
    repeated = reduce(pc.and_, (pc.equal(one.slice(1), one.slice(0, max(len(one) - 1, 0))) for one in columns))
    if pc.any(repeated).as_py():
        raise _duplicate_key(rows, key, label)
    return ordered


def _duplicate_key(rows: pa.Table, key: Sequence[str], label: str) -> DuplicateKeyError:
    keys = rows.select(list(key))
    counted = keys.group_by(list(key)).aggregate([([], "count_all")])
    repeated = counted.filter(pc.greater(counted.column("count_all"), 1)).drop_columns("count_all")
    positions = keys.append_column("position", pa.array(range(rows.num_rows)))
    offending = positions.join(repeated, keys=list(key), join_type="left semi").sort_by("position")
    first = offending.slice(0, 5).to_pylist()
    return DuplicateKeyError(
        column=", ".join(key),
        rows=[row["position"] for row in first],
        values=[" ".join(str(row[name]) for name in key) for row in first],
        count=offending.num_rows,
        frame=label,
    )


def nan_as_null(rows: pa.Table) -> pa.Table:
    """Return the rows with null in place of NaN: a database would take NaN for a value."""
    for position, field in enumerate(rows.schema):
        if pa.types.is_floating(field.type):
            column = rows.column(position)
            rows = rows.set_column(position, field, pc.if_else(pc.is_nan(column), None, column))
    return rows
