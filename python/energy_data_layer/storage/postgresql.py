"""The server database: PostgreSQL, with Arrow in and out through ADBC."""

from __future__ import annotations

import logging
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from energy_data_layer.core.provenance import PROVENANCE_SUFFIX
from energy_data_layer.datasets.asos import FLAG
from energy_data_layer.errors import StorageError
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.names import quoted
from energy_data_layer.storage.postgresql_errors import storage_error
from energy_data_layer.storage.upsert import merge_statement
from energy_data_layer.storage.urls import libpq_uri, redacted_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from energy_data_layer.storage.database import Tables

_Rows = TypeVar("_Rows", pa.Table, pa.RecordBatch)

logger = logging.getLogger(__name__)

LOCK_TIMEOUT = "10min"
"""How long a writer waits for another one, where neither the URL nor the server says otherwise."""

_ENOUGH_MEMORY = (
    "SELECT set_config('work_mem', '128MB', TRUE) WHERE pg_size_bytes(current_setting('work_mem')) < 128 * 1024 ^ 2"
)
"""Let a transaction join a million staged rows in memory; the server's default writes them to disk in between."""

_SMALL = {PROVENANCE_SUFFIX: pa.uint8(), FLAG: pa.int8(), "_quality": pa.int8()}
"""Integers of one byte by the ends of their columns' names."""

_SCHEMA_LOCK = 0x65646C
"""The number of the lock under which the schema changes: the letters of edl."""


class PostgreSQLDatabase(Database):
    """A PostgreSQL database, through one connection.

    Rows go into a temporary table by COPY, and from there by one MERGE into theirs, under a lock that lets
    other writers of the table wait: without it, two MERGE that insert one key would fail one another.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._connection = self._open()
        self._cursor = self._connection.cursor()
        try:
            if self.scalar("SELECT current_setting('lock_timeout')") == "0":
                self.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; the server rolls an open transaction back."""
        with suppress(self._connection.Error):
            self._cursor.close()
        with suppress(self._connection.Error):
            self._connection.close()

    def lock(self, table: str) -> None:
        """Lock a table against other writers until the transaction ends."""
        self.execute(f"LOCK TABLE {quoted(table)} IN SHARE ROW EXCLUSIVE MODE")

    def lock_schema(self) -> None:
        """Lock the schema against others who migrate until the transaction ends."""
        self.query(f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK}) IS NULL")

    @contextmanager
    def beside(self) -> Iterator[Database]:
        """Return this connection between its transactions, else another one to the same database."""
        if not self._in_transaction and self._is_connected():
            # Another connection would take some 20 ms, for each note of a run.
            yield self
            return
        with PostgreSQLDatabase(self.url) as other:
            yield other

    def _is_connected(self) -> bool:
        try:
            self._cursor.execute("SELECT 1")
            self._cursor.fetchall()
        except self._connection.Error:
            return False
        return True

    def execute(self, statement: str, parameters: Sequence[object] = ()) -> None:
        """Run one statement."""
        with self._explained():
            self._run(statement, parameters)

    def query(self, statement: str, parameters: Sequence[object] = (), *, tables: Tables | None = None) -> pa.Table:
        """Return the answer as Arrow."""
        with self._explained(), self._staged(tables or {}):
            self._cursor.execute(statement, list(parameters) or None)
            return as_declared(self._cursor.fetch_arrow_table())

    def batches(self, statement: str, parameters: Sequence[object] = ()) -> Iterator[pa.RecordBatch]:
        """Yield the answer as Arrow; one with parameters the driver takes from the server in one piece."""
        with self._explained():
            self._cursor.execute(statement, list(parameters) or None)
            for batch in self._cursor.fetch_record_batch():
                yield as_declared(batch)

    def hash_sql(self, values: Sequence[str]) -> str:
        """Return the hash of the values' texts, in SQL."""
        return f"hashtextextended(CAST(ROW({', '.join(values)}) AS TEXT), 0)"

    def _merge(
        self, table: str, rows: pa.Table, key: Sequence[str], keep_where_missing: Sequence[str]
    ) -> tuple[int, int]:
        staging = f"staged_{next(self._staging_numbers)}"
        fitting = cast_to(self._schema(table, rows.column_names), rows, table)
        if self._are_new(table, rows, key):
            with self._explained():
                self.lock(table)
                if self._are_new(table, rows, key):  # still
                    self._cursor.adbc_ingest(table, ingestible(fitting), mode="append")
                    return rows.num_rows, rows.num_rows
        with self._explained(), self._staged({staging: fitting}):
            self._run(_ENOUGH_MEMORY)
            self.lock(table)  # while other writers wait
            new_keys = None if self._counts_itself(table) else self._new_keys(table, staging, key)
            inserted_before = self._inserted(table)
            written = self._run(merge_statement(table, staging, key, rows.column_names, keep_where_missing))
            inserted = self._inserted(table) - inserted_before if new_keys is None else new_keys
            return inserted, written

    def sql_type(self, arrow_type: pa.DataType) -> str:
        """Return PostgreSQL's type for an Arrow type: it has no integer of one byte."""
        return "SMALLINT" if arrow_type in {pa.int8(), pa.uint8()} else super().sql_type(arrow_type)

    def _open(self) -> Any:
        try:
            from adbc_driver_postgresql import dbapi
        except ModuleNotFoundError as error:
            raise StorageError(
                'the driver for PostgreSQL is not installed; install it with: pip install "energy-data-layer[postgres]"'
            ) from error
        try:
            connection = dbapi.connect(libpq_uri(self.url), autocommit=True)
        except dbapi.Error as error:
            problem = storage_error(error, self.url)
        else:
            return connection
        # Outside of the handler: the driver's error is not to travel along, it may quote the URL.
        raise problem

    def _run(self, statement: str, parameters: Sequence[object] = ()) -> int:
        """Run one statement and return how many rows it wrote."""
        self._cursor.executemany(statement, [list(parameters)] if parameters else None)
        return int(self._cursor.rowcount)

    def _begin(self) -> None:
        # A statement must see what was committed while it waited for its lock, whatever the server's default is.
        self.execute("BEGIN ISOLATION LEVEL READ COMMITTED")

    def _commit(self) -> None:
        # After a statement that failed the server would take COMMIT for ROLLBACK, and say nothing.
        if self._connection.adbc_connection.get_option("adbc.postgresql.transaction_status") == "inerror":
            raise StorageError(f"{redacted_url(self.url)}: a statement failed in this transaction; nothing was changed")
        with self._explained(committing=True):
            self._run("COMMIT")

    def _roll_back(self) -> None:
        try:
            self._run("ROLLBACK")
        except self._connection.Error as error:
            # Without a connection the server rolls back by itself; the first error is the one to show.
            logger.debug("rollback: %s", storage_error(error, self.url))

    def _schema(self, table: str, columns: Sequence[str]) -> pa.Schema:
        """Return the types of a table's columns as the driver gives and takes them."""
        with self._explained():
            self._cursor.execute(f"SELECT {', '.join(map(quoted, columns))} FROM {quoted(table)} LIMIT 0")  # noqa: S608
            return self._cursor.fetch_arrow_table().schema

    def _counts_itself(self, table: str) -> bool:
        """Return whether the server counts the rows that this transaction inserts into a table.

        That saves a join over all staged rows. It does not count for a partitioned table, or if told not to.
        """
        return bool(
            self.scalar(
                "SELECT relkind = 'r' AND CAST(current_setting('track_counts') AS BOOLEAN) "
                "FROM pg_class WHERE oid = CAST($1 AS REGCLASS)",
                [quoted(table)],
            )
        )

    def _inserted(self, table: str) -> int:
        """Return how many rows this transaction has inserted into a table so far."""
        return int(self.scalar("SELECT pg_stat_get_xact_tuples_inserted(CAST($1 AS REGCLASS))", [quoted(table)]))

    def _new_keys(self, table: str, staging: str, key: Sequence[str]) -> int:
        """Return how many staged rows have a key that is not stored."""
        same_key = " AND ".join(f"stored.{quoted(name)} = staged.{quoted(name)}" for name in key)
        counted = self.scalar(
            f"SELECT count(*) FROM {quoted(staging)} AS staged "  # noqa: S608
            f"WHERE NOT EXISTS (SELECT FROM {quoted(table)} AS stored WHERE {same_key})"
        )
        return int(counted)

    @contextmanager
    def _staged(self, tables: Tables) -> Iterator[None]:
        """Have Arrow tables as temporary ones."""
        for name, table in tables.items():
            self._cursor.adbc_ingest(name, ingestible(table), mode="create", temporary=True)
            # Without figures about them the planner may loop over the large table for each row of the small one.
            self._run(f"ANALYZE {quoted(name)}")
        try:
            yield
        finally:
            # In a transaction that failed nothing can be dropped; its rollback forgets the tables.
            with suppress(self._connection.Error):
                for name in tables:
                    self._run(f"DROP TABLE {quoted(name)}")

    @contextmanager
    def _explained(self, *, committing: bool = False) -> Iterator[None]:
        """Turn the driver's errors into ours, with what to do about them."""
        try:
            yield
        except self._connection.Error as error:
            raise storage_error(error, self.url, committing=committing) from error


def ingestible(table: pa.Table) -> pa.Table:
    """Return a table in types that the driver writes, all of them PostgreSQL's own.

    Examples
    --------
    >>> ingestible(pa.table({"ta_provenance": pa.array([4], pa.uint8())})).schema.types
    [DataType(int16)]
    """
    return table.cast(pa.schema([field.with_type(_written_type(field.type)) for field in table.schema]))


def cast_to(schema: pa.Schema, rows: pa.Table, label: str) -> pa.Table:
    """Return rows in the types of the table that they are to go into.

    Raises
    ------
    StorageError
        If a value would not be the same in the table.
    """
    try:
        return rows.cast(pa.schema(list(schema)))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise StorageError(f"the rows for {label} do not fit its columns: {error}; nothing was changed") from error


def as_declared(answer: _Rows) -> _Rows:
    """Return an answer with the small integers of the data layer, which PostgreSQL keeps in two bytes.

    A provenance is unsigned, a quality flag is not; a column of somebody else's that holds larger numbers stays.

    Examples
    --------
    >>> codes = pa.array([4], pa.int16())
    >>> as_declared(pa.table({"ta_provenance": codes, "taQcflg": codes})).schema.types
    [DataType(uint8), DataType(int8)]
    """
    for position, field in enumerate(answer.schema):
        small = next((small for end, small in _SMALL.items() if field.name.endswith(end)), None)
        if field.type == pa.int16() and small is not None:
            try:
                column = answer.column(position).cast(small)
            except pa.ArrowInvalid:
                continue
            answer = answer.set_column(position, pa.field(field.name, small), column)
    return answer


def _written_type(arrow_type: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(arrow_type):
        return _written_type(arrow_type.value_type)
    if pa.types.is_int8(arrow_type) or pa.types.is_uint8(arrow_type):
        return pa.int16()
    if pa.types.is_timestamp(arrow_type):
        return pa.timestamp("us", arrow_type.tz)
    if pa.types.is_string_view(arrow_type) or pa.types.is_null(arrow_type):
        return pa.string()
    return arrow_type
