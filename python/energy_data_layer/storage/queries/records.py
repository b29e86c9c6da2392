"""The tables in which jobs record what happened: how many rows of each kind, and the newest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from energy_data_layer.storage.names import quoted
from energy_data_layer.storage.tables import DRIFT, REJECTS, RUNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyarrow as pa

    from energy_data_layer.storage.database import Database


def rejects_by_reason(database: Database) -> pa.Table:
    """Return ``kind`` and ``n`` of the rejected rows, the most frequent first."""
    return database.query(
        # What stands before the colon is the reason, what follows is about the one row.
        f"SELECT split_part(reason, ': ', 1) AS kind, count(*) AS n FROM {REJECTS} GROUP BY 1 ORDER BY 2 DESC, 1"  # noqa: S608
    )


def drift_by_kind(database: Database) -> pa.Table:
    """Return ``kind`` and ``n`` of the changes in the sources, the most frequent first."""
    return database.query(f"SELECT kind, count(*) AS n FROM {DRIFT} GROUP BY kind ORDER BY n DESC, kind")  # noqa: S608


def runs_by_status(database: Database) -> pa.Table:
    """Return ``job``, ``status`` and ``n`` of the runs."""
    return database.query(
        f"SELECT job, status, count(*) AS n FROM {RUNS} GROUP BY job, status ORDER BY job, status"  # noqa: S608
    )


def newest_reports(database: Database, job: str, count: int) -> pa.Table:
    """Return ``report`` of the newest runs of a job that succeeded, and ``n``, how many of them there are in all."""
    return database.query(
        f"SELECT report, count(*) OVER () AS n FROM {RUNS} WHERE job = $1 AND status = 'succeeded' "  # noqa: S608
        f"ORDER BY started DESC LIMIT {int(count)}",
        [job],
    )


def newest_rows(
    database: Database,
    table: str,
    columns: Iterable[str],
    stamp: str,
    count: int,
    where: str = "",
    parameters: Sequence[object] = (),
) -> list[dict[str, Any]]:
    """Return the newest rows of a table, None in the columns that an older database does not have.

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
        f"SELECT {', '.join(map(quoted, present))} FROM {quoted(table)}{where} ORDER BY {order} LIMIT {int(count)}",  # noqa: S608
        parameters,
    ).to_pylist()
    return [{name: row.get(name) for name in wanted} for row in rows]
