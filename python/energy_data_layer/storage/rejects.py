"""Rows that were not stored as they are: kept where they can be looked at, with the time they were first seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.storage.tables import REJECT_KEY, REJECTS

if TYPE_CHECKING:
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
    >>> from energy_data_layer.storage.database import Database
    >>> from energy_data_layer.storage.migrations import migrate
    >>> from energy_data_layer.storage.tables import REJECT_COLUMNS
    >>> row = {"file": "a.csv", "line": 7, "publisher": "KOEN", "reason": "unreadable day", "content": "?"}
    >>> rejects = pa.Table.from_pylist(
    ...     [row | {"first_seen": datetime(2024, 1, 1)}], pa.schema(list(REJECT_COLUMNS.items()))
    ... )
    >>> with Database.connect("duckdb:///:memory:") as database:
    ...     migrate(database)
    ...     store_rejects(database, rejects), store_rejects(database, rejects)
    (1, 0)
    """
    with database.transaction():
        database.lock(REJECTS)
        stored = database.read(REJECTS, [*REJECT_KEY, "first_seen"])
        joined = rejects.join(stored, keys=list(REJECT_KEY), right_suffix=" stored")
        first_seen = pc.coalesce(joined.column("first_seen stored"), joined.column("first_seen"))
        joined = joined.drop_columns("first_seen stored")
        rows = joined.set_column(joined.column_names.index("first_seen"), "first_seen", first_seen)
        return database.upsert(REJECTS, rows, REJECT_KEY).inserted
