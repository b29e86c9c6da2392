"""One database interface, chosen by URL: transactions, queries that answer in Arrow, and the upsert."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from itertools import count
from typing import TYPE_CHECKING, Any, Literal, Self

import pyarrow as pa

from energy_data_layer.core.interruption import rows_stored, uninterrupted
from energy_data_layer.errors import OptionError
from energy_data_layer.storage.names import quoted

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    Tables = Mapping[str, pa.Table]

Filter = tuple[str, Literal["=", "!=", "<", "<=", ">", ">=", "in"], object]
"""A condition on a column: ``("tm", ">=", datetime(2024, 1, 1))``, ``("stnId", "in", [108, 159])``.

``("unit", "=", None)`` holds where there is no value.
"""


_SQL_TYPES = {
    pa.bool_(): "BOOLEAN",
    pa.int8(): "TINYINT",
    pa.uint8(): "UTINYINT",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE PRECISION",
    pa.date32(): "DATE",
    pa.timestamp("us"): "TIMESTAMP",
    pa.string(): "TEXT",
    pa.large_string(): "TEXT",
}


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

    def __init__(self, url: str) -> None:
        self.url = url
        self._in_transaction = False
        self._staging_numbers = count(1)
        self._rows_written: Counter[str] = Counter()

    @staticmethod
    def connect(url: str) -> Database:
        """Open the database that `url` names, see `storage.connect.connect`."""
        # By name: that function knows the databases, which are made of this class.
        opened: Database = import_module("energy_data_layer.storage.connect").connect(url)
        return opened

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Close the connection; an open transaction is rolled back."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Return a context in which everything happens or nothing; inside another one it is part of that."""
        if self._in_transaction:
            yield
            return
        self._begin()
        self._in_transaction = True
        self._rows_written.clear()
        try:
            yield
            with uninterrupted():
                self._commit()
                rows_stored.update(self._rows_written)
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._in_transaction = False

    @abstractmethod
    def lock(self, table: str) -> None:
        """Let later writers of a table wait until the transaction ends; readers are not disturbed.

        A job that reads rows in order to change them locks their table first. In DuckDB, whose file one
        process holds, there is nothing to do.

        Raises
        ------
        StorageError
            If another transaction holds the table for longer than ``lock_timeout``.
        """

    @abstractmethod
    def lock_schema(self) -> None:
        """Let others who are about to change the schema wait until the transaction ends."""

    @abstractmethod
    def beside(self) -> AbstractContextManager[Database]:
        """Return a context with a database whose transactions are not part of this one's.

        In PostgreSQL, within a transaction or where the connection is lost, that is a connection of its own; else,
        and in DuckDB always, this one, to be used between its transactions.
        """

    @abstractmethod
    def execute(self, statement: str, parameters: Sequence[object] = ()) -> None:
        """Run one statement; its values go in as `parameters` ``$1``, ``$2``, …."""

    @abstractmethod
    def query(self, statement: str, parameters: Sequence[object] = (), *, tables: Tables | None = None) -> pa.Table:
        """Return the answer to a query; `tables` are Arrow tables that it may name."""

    @abstractmethod
    def batches(self, statement: str, parameters: Sequence[object] = ()) -> Iterator[pa.RecordBatch]:
        """Yield the answer to a query bit by bit; to be read to its end before anything else is asked."""

    def scalar(self, statement: str, parameters: Sequence[object] = ()) -> Any:
        """Return the one value that a query answers with."""
        return self.query(statement, parameters).column(0)[0].as_py()

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
        from energy_data_layer.storage.upsert import nan_as_null, sorted_by_key

        ordered = nan_as_null(sorted_by_key(rows, key, f"the rows for {table}"))
        with self.transaction():
            inserted, written = self._merge(table, ordered, key, keep_where_missing)
            self._rows_written[table] += written
        return UpsertCounts(inserted, updated=written - inserted, unchanged=rows.num_rows - written)

    def _are_new(self, table: str, rows: pa.Table, key: Sequence[str]) -> bool:
        """Tell whether no row is stored between the first and the last of rows in the order of their key.

        False tells nothing. Texts, whose order is the database's own, are new where nothing is stored at all.
        """
        if not rows.num_rows:
            return False
        first = rows.column(key[0])
        filters: list[Filter] = []
        if pa.types.is_integer(first.type) or pa.types.is_timestamp(first.type):
            filters = [(key[0], ">=", first[0].as_py()), (key[0], "<=", first[-1].as_py())]
        conditions, parameters = conditions_of(filters)
        return not self.scalar(f"SELECT EXISTS (SELECT 1 FROM {quoted(table)}{conditions})", parameters)  # noqa: S608

    @abstractmethod
    def _begin(self) -> None: ...

    @abstractmethod
    def _commit(self) -> None: ...

    @abstractmethod
    def _roll_back(self) -> None: ...

    @abstractmethod
    def _merge(
        self, table: str, rows: pa.Table, key: Sequence[str], keep_where_missing: Sequence[str]
    ) -> tuple[int, int]:
        """Stage the rows and merge them in one statement; return how many were inserted, and how many written."""

    @abstractmethod
    def hash_sql(self, values: Sequence[str]) -> str:
        """Return the hash of some values, an integer, in SQL; it holds for one version of the database."""

    def sql_type(self, arrow_type: pa.DataType) -> str:
        """Return the column type that stores an Arrow type."""
        return _SQL_TYPES[arrow_type]

    def tables(self) -> list[str]:
        """Return the names of the tables, without those of views."""
        answer = self.query(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = current_schema() AND table_type <> 'VIEW'"
        )
        return [str(name) for name in answer.column("table_name").to_pylist()]

    def row_count(self, table: str) -> int:
        """Return how many rows a table has."""
        return int(self.scalar(f"SELECT count(*) FROM {quoted(table)}"))  # noqa: S608

    def columns(self, table: str) -> list[str]:
        """Return the names of the columns of a table or view, none if there is no such."""
        answer = self.query(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position",
            [table],
        )
        return [str(name) for name in answer.column("column_name").to_pylist()]

    def add_columns(self, table: str, columns: Mapping[str, pa.DataType]) -> list[str]:
        """Add those of the columns that the table does not have; return their names."""
        present = self.columns(table)
        # Even the statement that finds nothing to do would wait for all readers.
        absent = {name: arrow_type for name, arrow_type in columns.items() if name not in present}
        for name, arrow_type in absent.items():
            column = f"{quoted(name)} {self.sql_type(arrow_type)}"
            self.execute(f"ALTER TABLE {quoted(table)} ADD COLUMN IF NOT EXISTS {column}")
        return list(absent)

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
        conditions, parameters = conditions_of(filters)
        return self.query(f"SELECT {selected} FROM {quoted(table)}{conditions}", parameters)  # noqa: S608


def conditions_of(filters: Sequence[Filter]) -> tuple[str, list[object]]:
    """Return a WHERE clause and its parameters."""
    terms: list[str] = []
    parameters: list[object] = []
    for column, operator, value in filters:
        if operator not in {"=", "!=", "<", "<=", ">", ">=", "in"}:
            raise OptionError(f'"{operator}" is no operator of a filter; it can be = != < <= > >= in')
        if operator == "in" and not value:
            # A list without members has no type that a server could compare with.
            terms.append("FALSE")
            continue
        if operator == "=" and value is None:
            terms.append(f"{quoted(column)} IS NULL")
            continue
        parameters.append(list(value) if operator == "in" and isinstance(value, Sequence) else value)
        place = f"${len(parameters)}"
        terms.append(f"{quoted(column)} " + (f"= ANY({place})" if operator == "in" else f"{operator} {place}"))
    return (" WHERE " + " AND ".join(terms) if terms else ""), parameters
