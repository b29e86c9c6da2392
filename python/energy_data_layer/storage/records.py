"""What jobs record beside their rows: rejected rows, the schema each source last sent, and the changes in it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from energy_data_layer.core.clock import utc_now
from energy_data_layer.storage.tables import DRIFT, OWN_TABLES, REJECT_KEY, REJECTS, SOURCE_SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from energy_data_layer.storage.database import Database


def store_rejects(database: Database, rejects: pa.Table) -> int:
    """Store rejected rows in table ``rejects``; one that is there already keeps the time it was first seen.

    Parameters
    ----------
    database : Database
        The database, with its tables made.
    rejects : pyarrow.Table
        The rows, in the columns of the table, each key once.

    Returns
    -------
    int
        How many of them no earlier run rejected.

    Raises
    ------
    StorageError
        If the database refuses; nothing is written.

    Examples
    --------
    >>> from datetime import datetime
    >>> from energy_data_layer.storage.connect import connect
    >>> from energy_data_layer.storage.migrations import migrate
    >>> from energy_data_layer.storage.tables import REJECT_COLUMNS
    >>> row = {"file": "a.csv", "line": 7, "publisher": "KOEN", "reason": "unreadable day", "content": "?"}
    >>> rejects = pa.Table.from_pylist(
    ...     [row | {"first_seen": datetime(2024, 1, 1)}], pa.schema(list(REJECT_COLUMNS.items()))
    ... )
    >>> with connect("duckdb:///:memory:") as database:
    ...     migrate(database)
    ...     store_rejects(database, rejects), store_rejects(database, rejects)
    (1, 0)
    """
    import pyarrow.compute as pc

    with database.transaction():
        database.lock(REJECTS)
        stored = database.read(REJECTS, [*REJECT_KEY, "first_seen"])
        joined = rejects.join(stored, keys=list(REJECT_KEY), right_suffix=" stored")
        first_seen = pc.coalesce(joined.column("first_seen stored"), joined.column("first_seen"))
        joined = joined.drop_columns("first_seen stored")
        rows = joined.set_column(joined.column_names.index("first_seen"), "first_seen", first_seen)
        return database.upsert(REJECTS, rows, REJECT_KEY).inserted


def last_schema(database: Database, source: str) -> dict[str, str] | None:
    """Return the fields and types that a source was last seen with, None where it was never seen."""
    rows = database.read(SOURCE_SCHEMAS, ["fields", "last_seen"], [("source", "=", source)])
    if not rows.num_rows:
        return None
    fields: dict[str, str] = json.loads(rows.sort_by([("last_seen", "descending")]).column("fields")[0].as_py())
    return fields


def store_schema(database: Database, source: str, fields: Mapping[str, str], run_id: str) -> None:
    """Note the fields and types of a source; a signature that is known keeps the time it was first seen."""
    text = json.dumps(dict(sorted(fields.items())), ensure_ascii=False)
    signature = hashlib.sha256(text.encode()).hexdigest()
    known = database.read(SOURCE_SCHEMAS, ["first_seen"], [("source", "=", source), ("signature", "=", signature)])
    now = utc_now()
    first_seen = known.column("first_seen")[0].as_py() if known.num_rows else now
    seen = {"source": source, "signature": signature, "first_seen": first_seen, "last_seen": now}
    store_rows(database, SOURCE_SCHEMAS, [{**seen, "fields": text, "run_id": run_id}])


def silent_members(database: Database, table: str) -> set[str]:
    """Return the plants of a table that were reported as silent, and not as back."""
    rows = database.read(DRIFT, ["kind", "subject", "noticed"], [("table_name", "=", table)])
    last = {row["subject"]: row["kind"] for row in rows.sort_by("noticed").to_pylist() if row["kind"].startswith("m")}
    return {subject for subject, kind in last.items() if kind == "member_vanished"}


def store_findings(database: Database, findings: Sequence[Mapping[str, str]], run_id: str) -> None:
    """Store what a run found, each finding by the columns of the table."""
    now = utc_now()
    store_rows(database, DRIFT, [{**finding, "run_id": run_id, "noticed": now} for finding in findings])


def store_rows(database: Database, table: str, rows: list[dict[str, Any]]) -> None:
    """Insert or update rows of one of the data layer's own tables."""
    columns, key = OWN_TABLES[table]
    database.upsert(table, pa.Table.from_pylist(rows, pa.schema(list(columns.items()))), key)
