"""Whether the tables can be made and written."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from energy_data_layer.storage.migrations import migrate
from energy_data_layer.storage.names import quoted
from energy_data_layer.storage.tables import all_tables
from energy_data_layer.storage.urls import is_postgresql

if TYPE_CHECKING:
    from energy_data_layer.storage.database import Database


class _TriedEnough(Exception):
    pass


def try_writes(database: Database) -> None:
    """Make and write every table, and roll it all back.

    Raises
    ------
    StorageError
        If the database refuses.
    """
    if is_postgresql(database.url):
        database.execute("SET lock_timeout = '2s'")  # a run that is at work must not hold up who tries
    with suppress(_TriedEnough), database.transaction():
        migrate(database)
        database.execute("CREATE TABLE edl_doctor (tried INTEGER)")
        for table in all_tables():
            database.execute(f"INSERT INTO {quoted(table)} SELECT * FROM {quoted(table)} WHERE FALSE")  # noqa: S608
            name = database.columns(table)[0]
            database.execute(f"UPDATE {quoted(table)} SET {quoted(name)} = {quoted(name)} WHERE FALSE")  # noqa: S608
        raise _TriedEnough
