"""The newest rows of a table that an older database may lack, or have with fewer columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from energy_data_layer.storage.database import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from energy_data_layer.storage.database import Database


def newest_rows(
    database: Database,
    table: str,
    columns: Iterable[str],
    stamp: str,
    count: int,
    where: str = "",
    parameters: Sequence[object] = (),
) -> list[dict[str, Any]]:
    """Return the newest rows of a table, None in the columns that it does not have.

    Parameters
    ----------
    database : Database
        The database.
    table : str
        The table, which is there.
    columns : iterable of str
        The columns.
    stamp : str
        The column that tells what is newest.
    count : int
        How many rows, at most.
    where, parameters : str and sequence, optional
        A WHERE clause and its values.
    """
    wanted = list(columns)
    present = [name for name in database.columns(table) if name in wanted]
    order = ", ".join([f"{quoted(stamp)} DESC", *(quoted(name) for name in present if name != stamp)])
    rows = database.query(
        f"SELECT {', '.join(map(quoted, present))} FROM {quoted(table)}{where} ORDER BY {order} LIMIT {count:d}",  # noqa: S608
        parameters,
    ).to_pylist()
    return [{name: row.get(name) for name in wanted} for row in rows]
