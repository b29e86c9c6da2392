"""Which database a URL names; what it needs is loaded then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from energy_data_layer.storage.urls import duckdb_path, is_postgresql

if TYPE_CHECKING:
    from energy_data_layer.storage.database import Database


def connect(url: str, *, read_only: bool = False) -> Database:
    """Open the database that `url` names.

    Parameters
    ----------
    url : str
        ``duckdb:///relative/path.duckdb``, ``duckdb:////absolute/path.duckdb`` or
        ``duckdb:///:memory:``; a file that does not exist is created, a folder is not. Or
        ``postgresql://user:password@host:port/database``, also with SQLAlchemy's
        ``postgresql+psycopg2://``; the database exists, its tables are made.
    read_only : bool, default False
        Open a DuckDB file beside other readers and refuse to write it; a process that writes it is waited for, up to
        ten seconds.

    Raises
    ------
    OptionError
        If the URL is of no supported kind.
    StorageError
        If the database cannot be opened: the folder is missing or not writable, another process
        holds the file, or the file is something else; the server cannot be reached, or refuses.
    """
    if is_postgresql(url):
        from energy_data_layer.storage.postgresql import PostgreSQLDatabase

        return PostgreSQLDatabase(url)
    duckdb_path(url)
    from energy_data_layer.storage.duckdb import DuckDBDatabase

    return DuckDBDatabase(url, read_only=read_only)
