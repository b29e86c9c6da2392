"""One database interface, chosen by URL: transactions, queries that answer in Arrow, and the upsert."""

from __future__ import annotations

import logging
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.errors import DuplicateKeyError, OptionError, StorageError

if TYPE_CHECKING:
    import duckdb

logger = logging.getLogger(__name__)

Filter = tuple[str, Literal["=", "!=", "<", "<=", ">", ">=", "in"], object]
"""A condition on a column: ``("tm", ">=", datetime(2024, 1, 1))``, ``("stnId", "in", [108, 159])``."""

DUCKDB = "duckdb:///"
SUPPORTED_URLS = "supported are: duckdb:///relative/path.duckdb, duckdb:////absolute/path.duckdb, duckdb:///:memory:"


@dataclass(frozen=True)
class UpsertCounts:
    """What an upsert did with its rows."""

    inserted: int
    updated: int
    unchanged: int


class Database(ABC):
    """A database that holds the data layer's tables; a context manager that closes it.

    Examples
    --------
    >>> import pyarrow as pa
    >>> with Database.connect("duckdb:///:memory:") as database:
    ...     database.execute('CREATE TABLE "plant" ("name" VARCHAR PRIMARY KEY, "kw" DOUBLE)')
    ...     database.upsert("plant", pa.table({"name": ["Yeongheung"], "kw": [46.0]}), key=["name"])
    ...     database.read("plant").to_pylist()
    UpsertCounts(inserted=1, updated=0, unchanged=0)
    [{'name': 'Yeongheung', 'kw': 46.0}]
    """

    url: str

    @staticmethod
    def connect(url: str) -> Database:
        """Open the database that `url` names.

        Parameters
        ----------
        url : str
            ``duckdb:///relative/path.duckdb``, ``duckdb:////absolute/path.duckdb`` or
            ``duckdb:///:memory:``. A file that does not exist is created, a folder is not.

        Raises
        ------
        OptionError
            If the URL is of no supported kind.
        StorageError
            If the database cannot be opened: the folder is missing or not writable, another process
            holds the file, or the file is something else.
        """
        scheme, separator, _ = url.partition("://")
        if separator and scheme == "duckdb":
            return DuckDBDatabase(url)
        raise OptionError(f'"{redacted_url(url)}" is no supported database URL; supported are: {SUPPORTED_URLS}')

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Close the connection; an open transaction is rolled back."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """Return a context in which everything happens or nothing; inside another one it is part of that."""

    @abstractmethod
    def execute(self, statement: str, parameters: Sequence[object] = ()) -> None:
        """Run one statement; its values go in as `parameters` ``$1``, ``$2``, …."""

    @abstractmethod
    def query(
        self,
        statement: str,
        parameters: Sequence[object] = (),
        *,
        tables: Mapping[str, pa.Table] | None = None,
    ) -> pa.Table:
        """Return the answer to a query; `tables` are Arrow tables that it may name."""

    @abstractmethod
    def upsert(
        self, table: str, rows: pa.Table, key: Sequence[str], *, keep_where_missing: Sequence[str] = ()
    ) -> UpsertCounts:
        """Insert the rows whose key is new and update those that differ, all of them or none.

        Parameters
        ----------
        table : str
            The table; it has a primary key on `key` and all columns of `rows`. Its other columns stay
            as they are, or become null in inserted rows.
        rows : pyarrow.Table
            The rows; NaN is stored as null.
        key : sequence of str
            The columns that tell rows apart.
        keep_where_missing : sequence of str, default ()
            Columns in which a missing value leaves the stored one as it is.

        Raises
        ------
        DuplicateKeyError
            If a key occurs twice in `rows`; nothing is written.
        StorageError
            If the database refuses; nothing is written.
        """

    @abstractmethod
    def sql_type(self, arrow_type: pa.DataType) -> str:
        """Return the column type that stores an Arrow type."""

    def tables(self) -> list[str]:
        """Return the names of the tables."""
        answer = self.query("SELECT table_name FROM information_schema.tables")
        return [str(name) for name in answer.column("table_name").to_pylist()]

    def row_count(self, table: str) -> int:
        """Return how many rows a table has."""
        answer = self.query(f"SELECT count(*) AS row_count FROM {quoted(table)}")  # noqa: S608
        return int(answer.column("row_count")[0].as_py())

    def columns(self, table: str) -> list[str]:
        """Return the names of a table's columns, none if there is no such table."""
        answer = self.query(
            "SELECT column_name FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position",
            [table],
        )
        return [str(name) for name in answer.column("column_name").to_pylist()]

    def add_columns(self, table: str, columns: Mapping[str, pa.DataType]) -> None:
        """Add those of the columns that the table does not have."""
        for name, arrow_type in columns.items():
            column = f"{quoted(name)} {self.sql_type(arrow_type)}"
            self.execute(f"ALTER TABLE {quoted(table)} ADD COLUMN IF NOT EXISTS {column}")

    def read(self, table: str, columns: Sequence[str] | None = None, filters: Sequence[Filter] = ()) -> pa.Table:
        """Return a table's rows, in no particular order.

        Parameters
        ----------
        table : str
            The table.
        columns : sequence of str, optional
            The columns to read; all by default.
        filters : sequence of (column, operator, value)
            Conditions that all hold; operators are ``=``, ``!=``, ``<``, ``<=``, ``>``, ``>=`` and ``in``.

        Raises
        ------
        StorageError
            If the table or a column is not there.
        """
        selected = ", ".join(map(quoted, columns)) if columns is not None else "*"
        conditions, parameters = _conditions(filters)
        return self.query(f"SELECT {selected} FROM {quoted(table)}{conditions}", parameters)  # noqa: S608


class DuckDBDatabase(Database):
    """A DuckDB file (or memory), opened for this process alone."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._in_transaction = False
        self._staging_numbers = count(1)
        self._connection = self._open(duckdb_path(url))

    def close(self) -> None:
        """Close the file; an open transaction is rolled back."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Begin and commit, or roll back where anything fails."""
        if self._in_transaction:
            yield
            return
        with self._explained():
            self._connection.begin()
        self._in_transaction = True
        try:
            yield
            with self._explained():
                self._connection.commit()
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._in_transaction = False

    def execute(self, statement: str, parameters: Sequence[object] = ()) -> None:
        """Run one statement."""
        with self._explained():
            self._connection.execute(statement, list(parameters))

    def query(
        self,
        statement: str,
        parameters: Sequence[object] = (),
        *,
        tables: Mapping[str, pa.Table] | None = None,
    ) -> pa.Table:
        """Return the answer as Arrow."""
        with self._explained(), self._registered(tables or {}):
            return self._connection.sql(statement, params=list(parameters)).to_arrow_table()

    def upsert(
        self, table: str, rows: pa.Table, key: Sequence[str], *, keep_where_missing: Sequence[str] = ()
    ) -> UpsertCounts:
        """Stage the rows and merge them in one statement."""
        _require_unique_keys(rows, key, f"the rows for {table}")
        staging = f"staged_{next(self._staging_numbers)}"
        with self.transaction(), self._explained(), self._registered({staging: _nan_as_null(rows)}):
            rows_before = self.row_count(table)
            merge = _merge_statement(table, staging, key, rows.column_names, keep_where_missing)
            ((written,),) = self._connection.execute(merge).fetchall()
            inserted = self.row_count(table) - rows_before
        return UpsertCounts(inserted, updated=written - inserted, unchanged=rows.num_rows - written)

    def sql_type(self, arrow_type: pa.DataType) -> str:
        """Return DuckDB's type for an Arrow type."""
        if pa.types.is_timestamp(arrow_type):
            return "TIMESTAMP"
        return _DUCKDB_TYPES[arrow_type]

    def _open(self, path: Path | None) -> duckdb.DuckDBPyConnection:
        try:
            import duckdb
        except ModuleNotFoundError as error:
            raise StorageError(
                'DuckDB is not installed; install it with: pip install "energy-data-layer[duckdb]"'
            ) from error
        if path is not None:
            require_writable_folder(path.parent, self.url)
        with self._explained():
            return duckdb.connect(
                str(path or ":memory:"),
                # Neither the network nor a variable that happens to have a table's name answers a query.
                config={"autoinstall_known_extensions": "false", "python_enable_replacements": "false"},
            )

    def _roll_back(self) -> None:
        import duckdb

        try:
            self._connection.rollback()
        except duckdb.Error as error:
            # After a failed commit DuckDB has rolled back itself; the first error is the one to show.
            logger.debug("rollback: %s", error)

    @contextmanager
    def _registered(self, tables: Mapping[str, pa.Table]) -> Iterator[None]:
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
        except duckdb.Error as error:
            raise StorageError(f"{redacted_url(self.url)}: {_explanation(str(error))}") from error


def quoted(identifier: str) -> str:
    """Return a name of a table or column as it stands in a statement.

    Examples
    --------
    >>> quoted('the "best" plant')
    '"the ""best"" plant"'
    """
    if not identifier or "\0" in identifier:
        raise OptionError(f"{identifier!r} cannot be the name of a table or column")
    return '"' + identifier.replace('"', '""') + '"'


def redacted_url(url: str) -> str:
    """Return a database URL without its passwords, fit for messages, logs and reports.

    Examples
    --------
    >>> redacted_url("postgresql://energy:s3cret@db/weather?sslpassword=other")
    'postgresql://energy:***@db/weather?sslpassword=***'
    """
    without_login = re.sub(r"^([^:/]+://[^:@/?#]*):.*@", r"\1:***@", url)
    return re.sub(r"([?&][^=&]*(?:password|passwd|secret|token)[^=&]*=)[^&]*", r"\1***", without_login, flags=re.I)


def duckdb_path(url: str) -> Path | None:
    """Return the file that a ``duckdb:///`` URL names, None for a database in memory.

    Examples
    --------
    >>> duckdb_path("duckdb:///energy.duckdb").name
    'energy.duckdb'
    """
    name = url.removeprefix(DUCKDB)
    if name == url or not name:
        raise _unsupported(url)
    return None if name == ":memory:" else Path(name)


def _unsupported(url: str) -> OptionError:
    """Return the error for a URL that names no database of a supported kind."""
    return OptionError(f'"{redacted_url(url)}" names no database of a supported kind; {SUPPORTED_URLS}')


def require_writable_folder(folder: Path, url: str) -> None:
    """Raise `StorageError` if no database file can be made in this folder."""
    if not folder.is_dir():
        raise StorageError(f"{url}: the folder {folder} does not exist; create it first")
    if not os.access(folder, os.W_OK):
        raise StorageError(f"{url}: the folder {folder} is not writable; choose another one")


_DUCKDB_TYPES = {
    pa.int8(): "TINYINT",
    pa.uint8(): "UTINYINT",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.string(): "VARCHAR",
    pa.large_string(): "VARCHAR",
}

_ADVICE = {
    "Conflicting lock": "another process has the database open; close it there or wait until it is done",
    "not a valid DuckDB database file": "the file is not a DuckDB database; choose another path",
    "No space left on device": "the disk is full; nothing was changed, free some space and run again",
    "File too large": "the file may not grow that large; nothing was changed, raise the limit and run again",
    "Permission denied": "the file cannot be opened for writing; check its permissions",
    "Read-only file system": "the file system is read-only; choose another path",
    "Is a directory": "the path is a folder; name a file in it",
}


def _explanation(message: str) -> str:
    first_line = message.strip().splitlines()[0]
    advice = next((advice for pattern, advice in _ADVICE.items() if pattern in message), None)
    return f"{advice} ({first_line})" if advice else first_line


def _conditions(filters: Sequence[Filter]) -> tuple[str, list[object]]:
    """Return a WHERE clause and its parameters."""
    terms: list[str] = []
    parameters: list[object] = []
    for column, operator, value in filters:
        if operator not in {"=", "!=", "<", "<=", ">", ">=", "in"}:
            raise OptionError(f'"{operator}" is no operator of a filter; it can be = != < <= > >= in')
        parameters.append(list(value) if operator == "in" and isinstance(value, Sequence) else value)
        place = f"${len(parameters)}"
        terms.append(f"{quoted(column)} " + (f"= ANY({place})" if operator == "in" else f"{operator} {place}"))
    return (" WHERE " + " AND ".join(terms) if terms else ""), parameters


def _merge_statement(
    table: str, staging: str, key: Sequence[str], columns: Sequence[str], keep_where_missing: Sequence[str]
) -> str:
    """Return the statement that inserts the staged rows with new keys and updates those that differ."""
    same_key = " AND ".join(f"stored.{quoted(name)} = staged.{quoted(name)}" for name in key)
    names = ", ".join(quoted(name) for name in columns)
    staged = ", ".join(f"staged.{quoted(name)}" for name in columns)
    new = {
        quoted(name): f"coalesce(staged.{quoted(name)}, stored.{quoted(name)})"
        if name in keep_where_missing
        else f"staged.{quoted(name)}"
        for name in columns
        if name not in key
    }
    differs = " OR ".join(f"stored.{name} IS DISTINCT FROM {value}" for name, value in new.items())
    changes = ", ".join(f"{name} = {value}" for name, value in new.items())
    update = f"WHEN MATCHED AND ({differs}) THEN UPDATE SET {changes} " if new else ""
    return (
        f"MERGE INTO {quoted(table)} AS stored USING {quoted(staging)} AS staged ON {same_key} "  # noqa: S608
        f"{update}"
        f"WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({staged})"
    )


def _require_unique_keys(rows: pa.Table, key: Sequence[str], label: str) -> None:
    keys = rows.select(list(key))
    counted = keys.group_by(list(key)).aggregate([([], "count_all")])
    if counted.num_rows == rows.num_rows:
        return
    repeated = counted.filter(pc.greater(counted.column("count_all"), 1)).drop_columns("count_all")
    positions = keys.append_column("position", pa.array(range(rows.num_rows)))
    offending = positions.join(repeated, keys=list(key), join_type="left semi").sort_by("position")
    first = offending.slice(0, 5).to_pylist()
    raise DuplicateKeyError(
        column=", ".join(key),
        rows=[row["position"] for row in first],
        values=[" ".join(str(row[name]) for name in key) for row in first],
        count=offending.num_rows,
        frame=label,
    )


def _nan_as_null(rows: pa.Table) -> pa.Table:
    for position, field in enumerate(rows.schema):
        if pa.types.is_floating(field.type):
            column = rows.column(position)
            rows = rows.set_column(position, field, pc.if_else(pc.is_nan(column), None, column))
    return rows
