"""A PostgreSQL server that a page's reader finds at `db.example`, with a user and a database `energy`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ..ports import reserved_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..postgres_server import PostgresServer


@pytest.fixture
def postgres_at_db_example(
    own_postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """Start such a server; return the variables that lead libpq to it whatever host a URL names."""
    with reserved_port() as port:
        own_postgres_server.stop()
        with (own_postgres_server.data / "postgresql.conf").open("a") as configuration:
            configuration.write(f"listen_addresses = '127.0.0.1'\nport = {port}\n")
        with (own_postgres_server.data / "pg_hba.conf").open("a") as authentication:
            authentication.write("host energy energy 127.0.0.1/32 trust\n")
        own_postgres_server.start()
        monkeypatch.setenv("PGPORT", str(port))
        own_postgres_server.run("CREATE ROLE energy LOGIN", "CREATE DATABASE energy OWNER energy")
        yield {"PGHOSTADDR": "127.0.0.1", "PGPORT": str(port)}
