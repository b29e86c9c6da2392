"""The tables of the data layer and how a database gets them, by numbered statements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.errors import StorageError
from energy_data_layer.sources.asos_columns import ASOS_COLUMNS
from energy_data_layer.storage.database import (
    Database,
    duckdb_path,
    is_postgresql,
    quoted,
    redacted_url,
    require_writable_folder,
)
from energy_data_layer.transforms.provenance import provenance_column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

WEATHER_ASOS = "weather_asos"
"""Hourly weather observations; a column ``<field>_provenance`` stands beside each field ever imputed."""

WEATHER_KEY = ("stnId", "tm")

GENERATION_HOURLY = "generation_hourly"
"""Hourly generation of plants and their units."""

GENERATION_COLUMNS = {
    "publisher": pa.string(),
    "plant": pa.string(),
    "unit": pa.string(),
    "fuel": pa.string(),
    "interval_start": pa.timestamp("us"),
    "kwh": pa.float64(),
    "label_convention": pa.string(),
}
GENERATION_KEY = ("publisher", "plant", "unit", "interval_start")

REJECTS = "rejects"
"""Rows of files and items of services that were not stored."""

REJECT_COLUMNS = {
    "file": pa.string(),
    "line": pa.int64(),
    "publisher": pa.string(),
    "reason": pa.string(),
    "content": pa.string(),
    "first_seen": pa.timestamp("us"),
}
REJECT_KEY = ("file", "line", "content")

WIND_NAMDONG = "wind_namdong"
"""Hourly generation of the wind plants of one company, as its service has it: stamps are the ends of hours."""

WIND_COLUMNS = {
    "timestamp": pa.timestamp("us"),
    "plant_name": pa.string(),
    "generation": pa.float64(),
}
WIND_KEY = ("timestamp", "plant_name")

NAMBU_GENERATION = "nambu_generation"
"""Hourly generation of the solar plants of one company, as its service has it: stamps are the beginnings of hours."""

NAMBU_COLUMNS = {
    "datetime": pa.timestamp("us"),
    "gencd": pa.string(),
    "plant_name": pa.string(),
    "hogi": pa.string(),
    "generation": pa.float64(),
    "daily_total": pa.float64(),
    "daily_avg": pa.float64(),
    "daily_max": pa.float64(),
    "daily_min": pa.float64(),
}
NAMBU_KEY = ("datetime", "gencd", "hogi")

FILL_CHANGES = "fill_changes"
"""Stored fills that a later run computed again, because the day after them had come."""

FILL_CHANGE_COLUMNS = {
    "run_id": pa.string(),
    "stnId": pa.int64(),
    "tm": pa.timestamp("us"),
    "field": pa.string(),
    "old_value": pa.float64(),
    "old_provenance": pa.uint8(),
    "new_value": pa.float64(),
    "new_provenance": pa.uint8(),
    "changed": pa.timestamp("us"),
}
FILL_CHANGE_KEY = ("run_id", "stnId", "tm", "field")

REPLACED_VALUES = "replaced_values"
"""Stored values that reprocessing replaced and that were no fills, and the rows that it inserted."""

REPLACED_VALUE_COLUMNS = {
    "run_id": pa.string(),
    "table_name": pa.string(),
    "row_key": pa.string(),
    "field": pa.string(),
    "old_value": pa.string(),
    "new_value": pa.string(),
    "changed": pa.timestamp("us"),
}
REPLACED_VALUE_KEY = ("run_id", "table_name", "row_key", "field")

SOURCE_SCHEMAS = "source_schemas"
"""The fields that each source was seen to send, with their kinds as JSON; the newest is what the next run expects."""

SOURCE_SCHEMA_COLUMNS = {
    "source": pa.string(),
    "signature": pa.string(),
    "fields": pa.string(),
    "first_seen": pa.timestamp("us"),
    "last_seen": pa.timestamp("us"),
    "run_id": pa.string(),
}
SOURCE_SCHEMA_KEY = ("source", "signature")

DRIFT = "drift"
"""What changed in the sources, each change once."""

DRIFT_COLUMNS = {
    "run_id": pa.string(),
    "table_name": pa.string(),
    "kind": pa.string(),
    "subject": pa.string(),
    "field": pa.string(),
    "detail": pa.string(),
    "noticed": pa.timestamp("us"),
}
DRIFT_KEY = ("run_id", "table_name", "kind", "subject", "field")

MONTHLY_STATISTICS = "monthly_statistics"
"""What each station or plant is like in each month: the history that later months are compared with."""

MONTHLY_STATISTICS_COLUMNS = {
    "table_name": pa.string(),
    "subject": pa.string(),
    "field": pa.string(),
    "month": pa.timestamp("us"),
    "days_observed": pa.int64(),
    "days": pa.int64(),
    "median": pa.float64(),
    "spread": pa.float64(),
    "magnitude": pa.float64(),
}
MONTHLY_STATISTICS_KEY = ("table_name", "subject", "field", "month")

RUNS = "runs"
"""Every run of a job, with its report."""

_FIRST_RUN_COLUMNS = {
    "run_id": pa.string(),
    "job": pa.string(),
    "status": pa.string(),
    "started": pa.timestamp("us"),
    "finished": pa.timestamp("us"),
    "engine": pa.string(),
    "rows_inserted": pa.int64(),
    "rows_updated": pa.int64(),
    "rows_unchanged": pa.int64(),
    "rows_rejected": pa.int64(),
    "requests": pa.int64(),
    "message": pa.string(),
    "report": pa.string(),
}
RUN_COUNTERS = {
    "seconds": pa.float64(),
    "peak_rss_mb": pa.float64(),
    "hours_completed": pa.int64(),
    "values_filled": pa.int64(),
    "retries": pa.int64(),
    "chunks_failed": pa.int64(),
    "shadow_calls": pa.int64(),
    "shadow_mismatches": pa.int64(),
    "drift_findings": pa.int64(),
    "release": pa.string(),
}
"""What an operator draws without reading the reports; null where a job has no such thing, and in older rows."""

RUN_COLUMNS = _FIRST_RUN_COLUMNS | RUN_COUNTERS
RUN_KEY = ("run_id",)

TABLES = (
    WEATHER_ASOS,
    GENERATION_HOURLY,
    WIND_NAMDONG,
    NAMBU_GENERATION,
    REJECTS,
    FILL_CHANGES,
    RUNS,
    SOURCE_SCHEMAS,
    DRIFT,
    REPLACED_VALUES,
    MONTHLY_STATISTICS,
)
"""All tables of the data layer but that of the schema's versions."""

SCHEMA_VERSION = "schema_version"


@dataclass(frozen=True)
class Migration:
    """One step of the schema: applied once, in the order of the numbers."""

    version: int
    name: str
    statements: Callable[[Database], list[str]]


def _create(database: Database, table: str, columns: Mapping[str, pa.DataType], key: Sequence[str]) -> list[str]:
    typed = ", ".join(f"{quoted(name)} {database.sql_type(arrow_type)}" for name, arrow_type in columns.items())
    return [f"CREATE TABLE {quoted(table)} ({typed}, PRIMARY KEY ({', '.join(map(quoted, key))}))"]


def _create_weather_asos(database: Database) -> list[str]:
    return _create(database, WEATHER_ASOS, {column.field: column.arrow_type for column in ASOS_COLUMNS}, WEATHER_KEY)


def _create_generation_hourly(database: Database) -> list[str]:
    return _create(database, GENERATION_HOURLY, GENERATION_COLUMNS, GENERATION_KEY)


def _create_generation_rejects(database: Database) -> list[str]:
    return _create(database, "generation_rejects", REJECT_COLUMNS, REJECT_KEY)


def _rename_generation_rejects(_: Database) -> list[str]:
    return [f"ALTER TABLE generation_rejects RENAME TO {REJECTS}"]


def _create_wind_namdong(database: Database) -> list[str]:
    return _create(database, WIND_NAMDONG, WIND_COLUMNS, WIND_KEY)


def _create_nambu_generation(database: Database) -> list[str]:
    return _create(database, NAMBU_GENERATION, NAMBU_COLUMNS, NAMBU_KEY)


def _create_fill_changes(database: Database) -> list[str]:
    return _create(database, FILL_CHANGES, FILL_CHANGE_COLUMNS, FILL_CHANGE_KEY)


def _create_runs(database: Database) -> list[str]:
    return _create(database, RUNS, _FIRST_RUN_COLUMNS, RUN_KEY)


def _add_run_counters(database: Database) -> list[str]:
    typed = {name: database.sql_type(arrow_type) for name, arrow_type in RUN_COUNTERS.items()}
    return [f"ALTER TABLE {RUNS} ADD COLUMN {quoted(name)} {sql_type}" for name, sql_type in typed.items()]


def _create_source_schemas(database: Database) -> list[str]:
    return _create(database, SOURCE_SCHEMAS, SOURCE_SCHEMA_COLUMNS, SOURCE_SCHEMA_KEY)


def _create_drift(database: Database) -> list[str]:
    return _create(database, DRIFT, DRIFT_COLUMNS, DRIFT_KEY)


def _create_replaced_values(database: Database) -> list[str]:
    return _create(database, REPLACED_VALUES, REPLACED_VALUE_COLUMNS, REPLACED_VALUE_KEY)


def _create_monthly_statistics(database: Database) -> list[str]:
    return _create(database, MONTHLY_STATISTICS, MONTHLY_STATISTICS_COLUMNS, MONTHLY_STATISTICS_KEY)


MIGRATIONS = (
    Migration(1, "create weather_asos", _create_weather_asos),
    Migration(2, "create generation_hourly", _create_generation_hourly),
    Migration(3, "create generation_rejects", _create_generation_rejects),
    Migration(4, "rename generation_rejects to rejects", _rename_generation_rejects),
    Migration(5, "create wind_namdong", _create_wind_namdong),
    Migration(6, "create nambu_generation", _create_nambu_generation),
    Migration(7, "create fill_changes", _create_fill_changes),
    Migration(8, "create runs", _create_runs),
    Migration(9, "add counters to runs", _add_run_counters),
    Migration(10, "create source_schemas", _create_source_schemas),
    Migration(11, "create drift", _create_drift),
    Migration(12, "create replaced_values", _create_replaced_values),
    Migration(13, "create monthly_statistics", _create_monthly_statistics),
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


def add_provenance_columns(database: Database, table: str, fields: Iterable[str]) -> None:
    """Make sure that the provenance of these fields can be stored beside their values."""
    database.add_columns(table, {provenance_column(field): pa.uint8() for field in fields})


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
    versions = database.read(SCHEMA_VERSION, ["version"])
    return pc.max(versions.column("version")).as_py() or 0
