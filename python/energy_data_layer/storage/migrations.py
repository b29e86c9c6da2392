"""How a database gets its tables: by numbered steps, each applied once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from energy_data_layer.core.provenance import provenance_column
from energy_data_layer.datasets.asos import COLUMNS
from energy_data_layer.datasets.tables import (
    DRIFT,
    DRIFT_COLUMNS,
    DRIFT_KEY,
    FILL_CHANGE_COLUMNS,
    FILL_CHANGE_KEY,
    FILL_CHANGES,
    FIRST_RUN_COLUMNS,
    GENERATION_COLUMNS,
    GENERATION_HOURLY,
    GENERATION_KEY,
    MONTHLY_STATISTIC_COLUMNS,
    MONTHLY_STATISTIC_KEY,
    MONTHLY_STATISTICS,
    NAMBU_COLUMNS,
    NAMBU_GENERATION,
    NAMBU_KEY,
    REJECT_COLUMNS,
    REJECT_KEY,
    REJECTS,
    REPLACED_VALUE_COLUMNS,
    REPLACED_VALUE_KEY,
    REPLACED_VALUES,
    RUN_COUNTERS,
    RUN_KEY,
    RUNS,
    SOURCE_SCHEMA_COLUMNS,
    SOURCE_SCHEMA_KEY,
    SOURCE_SCHEMAS,
    TABLES,
    WEATHER_ASOS,
    WEATHER_KEY,
    WIND_COLUMNS,
    WIND_KEY,
    WIND_NAMDONG,
)
from energy_data_layer.errors import StorageError
from energy_data_layer.storage.database import (
    Database,
    duckdb_path,
    is_postgresql,
    quoted,
    redacted_url,
    require_writable_folder,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence


SCHEMA_VERSION = "schema_version"


@dataclass(frozen=True)
class Migration:
    """One step of the schema: applied once, in the order of the numbers."""

    version: int
    name: str
    statements: Callable[[Database], list[str]]


def _creates(table: str, columns: Mapping[str, pa.DataType], key: Sequence[str]) -> Callable[[Database], list[str]]:
    def statements(database: Database) -> list[str]:
        typed = ", ".join(f"{quoted(name)} {database.sql_type(arrow_type)}" for name, arrow_type in columns.items())
        return [f"CREATE TABLE {quoted(table)} ({typed}, PRIMARY KEY ({', '.join(map(quoted, key))}))"]

    return statements


def _adds(table: str, columns: Mapping[str, pa.DataType]) -> Callable[[Database], list[str]]:
    def statements(database: Database) -> list[str]:
        typed = {name: database.sql_type(arrow_type) for name, arrow_type in columns.items()}
        return [f"ALTER TABLE {quoted(table)} ADD COLUMN {quoted(name)} {kind}" for name, kind in typed.items()]

    return statements


def _renames(table: str, name: str) -> Callable[[Database], list[str]]:
    return lambda _: [f"ALTER TABLE {quoted(table)} RENAME TO {quoted(name)}"]


_OBSERVATION_COLUMNS = {column.name: column.arrow_type for column in COLUMNS}

MIGRATIONS = (
    Migration(1, "create weather_asos", _creates(WEATHER_ASOS, _OBSERVATION_COLUMNS, WEATHER_KEY)),
    Migration(2, "create generation_hourly", _creates(GENERATION_HOURLY, GENERATION_COLUMNS, GENERATION_KEY)),
    Migration(3, "create generation_rejects", _creates("generation_rejects", REJECT_COLUMNS, REJECT_KEY)),
    Migration(4, "rename generation_rejects to rejects", _renames("generation_rejects", REJECTS)),
    Migration(5, "create wind_namdong", _creates(WIND_NAMDONG, WIND_COLUMNS, WIND_KEY)),
    Migration(6, "create nambu_generation", _creates(NAMBU_GENERATION, NAMBU_COLUMNS, NAMBU_KEY)),
    Migration(7, "create fill_changes", _creates(FILL_CHANGES, FILL_CHANGE_COLUMNS, FILL_CHANGE_KEY)),
    Migration(8, "create runs", _creates(RUNS, FIRST_RUN_COLUMNS, RUN_KEY)),
    Migration(9, "add counters to runs", _adds(RUNS, RUN_COUNTERS)),
    Migration(10, "create source_schemas", _creates(SOURCE_SCHEMAS, SOURCE_SCHEMA_COLUMNS, SOURCE_SCHEMA_KEY)),
    Migration(11, "create drift", _creates(DRIFT, DRIFT_COLUMNS, DRIFT_KEY)),
    Migration(12, "create replaced_values", _creates(REPLACED_VALUES, REPLACED_VALUE_COLUMNS, REPLACED_VALUE_KEY)),
    Migration(
        13, "create monthly_statistics", _creates(MONTHLY_STATISTICS, MONTHLY_STATISTIC_COLUMNS, MONTHLY_STATISTIC_KEY)
    ),
)


def migrate(database: Database) -> None:
    """Bring a database to the schema of this release; a database that has it already stays as it is.

    Raises
    ------
    StorageError
        If a newer release wrote the database.

    Examples
    --------
    >>> with Database.connect("duckdb:///:memory:") as database:
    ...     migrate(database)
    ...     database.columns("weather_asos")[:4]
    ['stnId', 'stnNm', 'tm', 'ta']
    """
    newest = MIGRATIONS[-1].version
    present = schema_version(database)
    if present > newest:
        raise StorageError(
            f"{redacted_url(database.url)}: the tables are of version {present}, this release knows "
            f"{newest}; update energy-data-layer"
        )
    if present == newest:
        return
    with database.transaction():
        database.lock_schema()
        if SCHEMA_VERSION not in database.tables():
            database.execute(
                f"CREATE TABLE {SCHEMA_VERSION} "
                "(version INTEGER PRIMARY KEY, name VARCHAR NOT NULL, applied TIMESTAMP NOT NULL)"
            )
        present = schema_version(database)  # another process may have been faster
        for migration in MIGRATIONS[present:]:
            for statement in migration.statements(database):
                database.execute(statement)
            database.execute(
                f"INSERT INTO {SCHEMA_VERSION} VALUES ($1, $2, $3)",  # noqa: S608
                [migration.version, migration.name, datetime.now(UTC).replace(tzinfo=None)],
            )


def state_of(url: str) -> str:
    """Return in words what a database holds; nothing is created.

    Raises
    ------
    OptionError, StorageError
        As in `Database.connect`.

    Examples
    --------
    >>> state_of("duckdb:///:memory:")
    'reachable, without tables yet'
    """
    if not is_postgresql(url):
        path = duckdb_path(url)
        if path is not None and not path.exists():
            require_writable_folder(path.parent, url)
            return "not there yet, the first run creates it"
    with Database.connect(url) as database:
        present = database.tables()
        if SCHEMA_VERSION not in present:
            return "reachable, without tables yet"
        rows = [f"{database.row_count(table):,} rows in {table}" for table in TABLES if table in present]
        return f"reachable, schema version {schema_version(database)}, {', '.join(rows)}"


def schema_version(database: Database) -> int:
    """Return the number of the last step of the schema, 0 without any."""
    if SCHEMA_VERSION not in database.tables():
        return 0
    return max(database.read(SCHEMA_VERSION, ["version"]).column("version").to_pylist(), default=0)


def add_provenance_columns(database: Database, table: str, fields: Iterable[str]) -> None:
    """Make sure that the provenance of these fields can be stored beside their values."""
    database.add_columns(table, {provenance_column(field): pa.uint8() for field in fields})
