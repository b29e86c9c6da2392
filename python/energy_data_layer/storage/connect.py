"""Which database a URL names; what it needs is loaded then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from energy_data_layer.storage.urls import duckdb_path, is_postgresql

if TYPE_CHECKING:
    from energy_data_layer.storage.database import Database


def connect(url: str) -> Database:
    """Open the database that `url` names, see `Database.connect`."""
    if is_postgresql(url):
        from energy_data_layer.storage.postgresql import PostgreSQLDatabase

        return PostgreSQLDatabase(url)
    duckdb_path(url)
    from energy_data_layer.storage.duckdb import DuckDBDatabase

    return DuckDBDatabase(url)
