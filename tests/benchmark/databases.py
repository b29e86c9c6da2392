"""The databases of the measurements: a DuckDB file, and PostgreSQL where there is a server."""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Self

from energy_data_layer.storage.database import Database
from energy_data_layer.storage.migrations import migrate

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.postgres_server import PostgresServer, find_binaries

if TYPE_CHECKING:
    from types import TracebackType

DUCKDB, POSTGRESQL = "DuckDB", "PostgreSQL"


class Databases:
    """Empty databases, as many as are asked for; a context manager that takes them away.

    Parameters
    ----------
    postgresql : bool
        Whether PostgreSQL is among them where there is a server.
    """

    def __init__(self, *, postgresql: bool) -> None:
        self._wants_postgresql = postgresql
        self._numbers = count()
        self._open = ExitStack()
        self._server: PostgresServer | None = None

    def __enter__(self) -> Self:
        self._folder = self._open.enter_context(tempfile.TemporaryDirectory())
        binaries = find_binaries() if self._wants_postgresql else None
        if binaries is not None:
            self._server = PostgresServer(binaries)
            self._open.callback(self._server.close)
            self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()

    @property
    def kinds(self) -> list[str]:
        """What there is."""
        return [DUCKDB] if self._server is None else [DUCKDB, POSTGRESQL]

    def empty(self, kind: str) -> str:
        """Return the URL of a database with empty tables; in PostgreSQL the one before is gone."""
        if kind == DUCKDB:
            url = f"duckdb:///{self._folder}/{next(self._numbers)}.duckdb"
        else:
            assert self._server is not None
            url = self._server.empty_database()
        with Database.connect(url) as database:
            migrate(database)
        return url
