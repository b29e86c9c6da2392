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

GENERATION_REJECTS = "generation_rejects"
"""Rows of generation files that were not stored."""

REJECT_COLUMNS = {
    "file": pa.string(),
    "line": pa.int64(),
    "publisher": pa.string(),
    "reason": pa.string(),
    "content": pa.string(),
    "first_seen": pa.timestamp("us"),
}
REJECT_KEY = ("file", "line", "content")

SCHEMA_VERSION = "schema_version"


@dataclass(frozen=True)
class Migration:
    """One step of the schema: applied once, in the order of the numbers."""

    version: int
    name: str
    statement: Callable[[Database], str]


def _create(database: Database, table: str, columns: Mapping[str, pa.DataType], key: Sequence[str]) -> str:
    typed = ", ".join(f"{quoted(name)} {database.sql_type(arrow_type)}" for name, arrow_type in columns.items())
    return f"CREATE TABLE {quoted(table)} ({typed}, PRIMARY KEY ({', '.join(map(quoted, key))}))"


def _create_weather_asos(database: Database) -> str:
    return _create(database, WEATHER_ASOS, {column.field: column.arrow_type for column in ASOS_COLUMNS}, WEATHER_KEY)


def _create_generation_hourly(database: Database) -> str:
    return _create(database, GENERATION_HOURLY, GENERATION_COLUMNS, GENERATION_KEY)


def _create_generation_rejects(database: Database) -> str:
    return _create(database, GENERATION_REJECTS, REJECT_COLUMNS, REJECT_KEY)


MIGRATIONS = (
    Migration(1, "create weather_asos", _create_weather_asos),
    Migration(2, "create generation_hourly", _create_generation_hourly),
    Migration(3, "create generation_rejects", _create_generation_rejects),
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
    with database.transaction():
        database.execute(
            f"CREATE TABLE IF NOT EXISTS {SCHEMA_VERSION} "
            "(version INTEGER PRIMARY KEY, name VARCHAR NOT NULL, applied TIMESTAMP NOT NULL)"
        )
        present = _schema_version(database)
        newest = MIGRATIONS[-1].version
        if present > newest:
            raise StorageError(
                f"{redacted_url(database.url)}: the tables are of version {present}, this release knows "
                f"{newest}; update energy-data-layer"
            )
        for migration in MIGRATIONS[present:]:
            database.execute(migration.statement(database))
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
    path = duckdb_path(url)
    if path is not None and not path.exists():
        require_writable_folder(path.parent, url)
        return "not there yet, the first run creates it"
    with Database.connect(url) as database:
        present = database.tables()
        if SCHEMA_VERSION not in present:
            return "reachable, without tables yet"
        rows = [
            f"{database.row_count(table):,} rows in {table}"
            for table in (WEATHER_ASOS, GENERATION_HOURLY, GENERATION_REJECTS)
            if table in present
        ]
        return f"reachable, schema version {_schema_version(database)}, {', '.join(rows)}"


def _schema_version(database: Database) -> int:
    versions = database.read(SCHEMA_VERSION, ["version"])
    return pc.max(versions.column("version")).as_py() or 0
