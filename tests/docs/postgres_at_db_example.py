"""A PostgreSQL server that a page's reader finds at `db.example`, with a user and a database `energy`."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ..postgres_server import PostgresServer


@pytest.fixture
def postgres_at_db_example(own_postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Start such a server; return the variables that lead libpq to it whatever host a URL names."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = str(free.getsockname()[1])
    own_postgres_server.stop()
    with (own_postgres_server.data / "postgresql.conf").open("a") as configuration:
        configuration.write(f"listen_addresses = '127.0.0.1'\nport = {port}\n")
    with (own_postgres_server.data / "pg_hba.conf").open("a") as authentication:
        authentication.write("host energy energy 127.0.0.1/32 trust\n")
    own_postgres_server.start()
    monkeypatch.setenv("PGPORT", port)
    own_postgres_server.run("CREATE ROLE energy LOGIN", "CREATE DATABASE energy OWNER energy")
    return {"PGHOSTADDR": "127.0.0.1", "PGPORT": port}
