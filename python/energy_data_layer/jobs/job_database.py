"""The database of a run: with the tables of this release, or, for a dry run, as it is."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from energy_data_layer.storage.database import Database, duckdb_path, require_database
from energy_data_layer.storage.migrations import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator


IN_MEMORY = "duckdb:///:memory:"


class _NothingHappened(Exception):
    pass


def existing_database(url: str) -> Database:
    """Open a database that is there; no file is made.

    Raises
    ------
    OptionError, StorageError
        As in `Database.connect`; also if there is no such file.
    """
    require_database(url)
    return Database.connect(url)


@contextmanager
def job_database(url: str, *, dry_run: bool = False) -> Iterator[Database]:
    """Open a database with the tables of this release; a dry run leaves no trace in it.

    Raises
    ------
    OptionError, StorageError
        As in `Database.connect`.
    """
    if dry_run and url.startswith("duckdb:") and (path := duckdb_path(url)) is not None and not path.exists():
        url = IN_MEMORY
    with Database.connect(url) as database:
        if not dry_run:
            migrate(database)
            yield database
            return
        with without_trace(database):
            yield database


@contextmanager
def without_trace(database: Database) -> Iterator[None]:
    """Give a transaction in which the database has the tables of this release, and of which nothing stays."""
    with suppress(_NothingHappened), database.transaction():
        migrate(database)
        yield
        raise _NothingHappened
