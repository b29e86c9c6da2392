"""The embedded database: a DuckDB file, or memory."""

from __future__ import annotations

import logging
import shlex
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from energy_data_layer.core.atomic_file import is_special
from energy_data_layer.core.interruption import last_interruption
from energy_data_layer.errors import StorageError
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.urls import duckdb_path, redacted_url, require_writable_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa
    from duckdb import DuckDBPyConnection

    from energy_data_layer.storage.database import Tables

logger = logging.getLogger(__name__)

LONGEST_WAIT_SECONDS = 10.0
"""How long a reader waits for a process that writes."""


ROWS_AT_ONCE = 1 << 16
"""Rows of a batch of an answer that is read bit by bit."""


class DuckDBDatabase(Database):
    """A DuckDB file (or memory), opened for this process alone, or beside others to be read."""

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        super().__init__(url)
        path = duckdb_path(url)
        try:
            import duckdb  # noqa: F401
        except ModuleNotFoundError as error:
            raise StorageError(
                'DuckDB is not installed; install it with: pip install "energy-data-layer[duckdb]"'
            ) from error
        if path is not None:
            if not read_only:
                require_writable_folder(path.parent, url)
            if is_special(path):
                raise StorageError(f"{redacted_url(url)}: it is no regular file; choose another path")
        with self._explained():
            self._connection = self._opened(path, read_only=read_only and path is not None)

    def _opened(self, path: Path | None, *, read_only: bool) -> DuckDBPyConnection:
        import duckdb

        begin, told = time.monotonic(), False
        while True:
            try:
                return duckdb.connect(
                    str(path or ":memory:"),
                    read_only=read_only,
                    # Neither the network nor a variable that happens to have a table's name answers a query.
                    config={"autoinstall_known_extensions": "false", "python_enable_replacements": "false"},
                )
            except duckdb.ConnectionException as error:
                if not read_only or "different configuration" not in str(error):
                    raise
                # This process has the file open to write it, and a process opens a file in one way.
                read_only = False
            except duckdb.IOException as error:
                if not read_only or _TAKEN not in str(error) or time.monotonic() - begin > LONGEST_WAIT_SECONDS:
                    raise
                if not told:
                    place, told = redacted_url(self.url), True
                    logger.warning("%s: another process writes; waiting up to %.0f s", place, LONGEST_WAIT_SECONDS)
                time.sleep(0.1)

    def close(self) -> None:
        """Close the file; an open transaction is rolled back."""
        self._connection.close()

    def lock(self, table: str) -> None:
        """Do nothing: this process alone holds the file."""

    def lock_schema(self) -> None:
        """Do nothing: this process alone holds the file."""

    @contextmanager
    def beside(self) -> Iterator[Database]:
        """Return this database."""
        yield self

    def execute(self, statement: str, parameters: Sequence[object] = ()) -> None:
        """Run one statement."""
        with self._explained():
            self._connection.execute(statement, list(parameters))

    def query(self, statement: str, parameters: Sequence[object] = (), *, tables: Tables | None = None) -> pa.Table:
        """Return the answer as Arrow."""
        with self._explained(), self._registered(tables or {}):
            return self._connection.sql(statement, params=list(parameters)).to_arrow_table()

    def batches(self, statement: str, parameters: Sequence[object] = ()) -> Iterator[pa.RecordBatch]:
        """Yield the answer as Arrow."""
        with (
            self._explained(),
            self._connection.sql(statement, params=list(parameters)).to_arrow_reader(ROWS_AT_ONCE) as reader,
        ):
            yield from reader

    def hash_sql(self, values: Sequence[str]) -> str:
        """Return DuckDB's own hash, in SQL."""
        return f"hash({', '.join(values)})"

    def _merge(
        self, table: str, rows: pa.Table, key: Sequence[str], keep_where_missing: Sequence[str]
    ) -> tuple[int, int]:
        from energy_data_layer.storage.upsert import insert_statement, merge_statement

        staging = f"staged_{next(self._staging_numbers)}"
        with self._explained(), self._registered({staging: rows}):
            if self._are_new(table, rows, key):
                self._connection.execute(insert_statement(table, staging, rows.column_names))
                return rows.num_rows, rows.num_rows
            rows_before = self.row_count(table)
            merge = merge_statement(table, staging, key, rows.column_names, keep_where_missing)
            ((written,),) = self._connection.execute(merge).fetchall()
            return self.row_count(table) - rows_before, written

    def _begin(self) -> None:
        with self._explained():
            self._connection.begin()

    def _commit(self) -> None:
        with self._explained():
            self._connection.commit()

    def _roll_back(self) -> None:
        import duckdb

        try:
            self._connection.rollback()
        except duckdb.Error as error:
            # After a failed commit DuckDB has rolled back itself; the first error is the one to show.
            logger.debug("rollback: %s", error)

    @contextmanager
    def _registered(self, tables: Tables) -> Iterator[None]:
        import duckdb

        for name, table in tables.items():
            self._connection.register(name, table)
        try:
            yield
        finally:
            # In a transaction that failed nothing can be unregistered; its rollback forgets the tables.
            with suppress(duckdb.Error):
                for name in tables:
                    self._connection.unregister(name)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn DuckDB's errors into ours, with what to do about them."""
        import duckdb

        try:
            yield
        except RuntimeError as error:
            # DuckDB looks after signals while it works, and raises this in place of what their handler raised.
            if str(error) != "Query interrupted":
                raise
            raise last_interruption() from None
        except duckdb.Error as error:
            message = str(error)
            said = message.strip().splitlines()[0]
            advice = next((advice for pattern, advice in _ADVICE.items() if pattern in message), None)
            if any(pattern in message for pattern in _DAMAGES):
                advice = _unfinished(duckdb_path(self.url)) or advice
            told = f"{advice} ({said})" if advice else said
            raise StorageError(f"{redacted_url(self.url)}: {told}") from error


def _unfinished(path: Path | None) -> str | None:
    """Return what to do with a file whose creation was cut short, by a kill or a full disk; None for any other file.

    DuckDB writes three headers before anything else, so such a file holds no rows.
    """
    if path is None or path.with_name(f"{path.name}.wal").exists():
        return None
    with path.open("rb") as file:
        start = file.read(_HEADERS + 1)
    is_begun = start[8:12] == b"DUCK" and (len(start) < _HEADERS or not any(start[_HEADERS // 3 * 2 :]))
    if len(start) > _HEADERS or (any(start) and not is_begun):
        return None
    place = shlex.quote(str(path.resolve() if path.is_symlink() else path))
    said = "the file is not a DuckDB database yet: creating it was cut short, and it holds no rows"
    return f"{said}; remove it with rm {place} and run again"


_HEADERS = 3 * 4096
"""Bytes of an empty database."""

_DAMAGES = ("not a valid DuckDB database file", "Could not read enough bytes", "Corrupt database file")

_TAKEN = "Conflicting lock"

_ADVICE = {
    _TAKEN: "another process has the database open; close it there or wait until it is done",
    "not a valid DuckDB database file": "the file is not a DuckDB database; choose another path",
    "No space left on device": "the disk is full; nothing was changed, free some space and run again",
    "File too large": "the file may not grow that large; nothing was changed, raise the limit and run again",
    "Permission denied": "the file cannot be opened for writing; check its permissions",
    "Read-only file system": "the file system is read-only; choose another path",
    "Is a directory": "the path is a folder; name a file in it",
}
