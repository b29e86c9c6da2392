"""How a database gets its tables: by numbered steps, each applied once."""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from energy_data_layer.core.clock import utc_now
from energy_data_layer.core.provenance import PROVENANCE_SUFFIX
from energy_data_layer.datasets.registry import DATASETS
from energy_data_layer.errors import StorageError
from energy_data_layer.storage.connect import connect
from energy_data_layer.storage.names import quoted
from energy_data_layer.storage.tables import BESIDE_A_FILL, WEATHER_ASOS, all_tables
from energy_data_layer.storage.urls import (
    duckdb_path,
    is_postgresql,
    redacted_url,
    require_database,
    require_writable_folder,
)
from energy_data_layer.storage.views import GENERATION, VIEWS, WEATHER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from energy_data_layer.datasets.dataset import Dataset
    from energy_data_layer.storage.database import Database
    from energy_data_layer.storage.views import View

logger = logging.getLogger(__name__)

SCHEMA_VERSION = "schema_version"


class Migration(NamedTuple):
    """One step of the schema: applied once, in the order of the numbers, and never changed."""

    version: int
    name: str
    statements: tuple[str, ...] = ()
    view: View | None = None


# Literals on purpose: what a database was made by must not follow the tables that are declared today.
MIGRATIONS = (
    Migration(
        1,
        "create weather_asos",
        (
            """
            CREATE TABLE weather_asos (
                "stnId" BIGINT, "stnNm" TEXT, tm TIMESTAMP,
                ta DOUBLE PRECISION, "taQcflg" TINYINT, rn DOUBLE PRECISION, "rnQcflg" TINYINT,
                ws DOUBLE PRECISION, "wsQcflg" TINYINT, wd DOUBLE PRECISION, "wdQcflg" TINYINT,
                hm DOUBLE PRECISION, "hmQcflg" TINYINT, pv DOUBLE PRECISION, td DOUBLE PRECISION,
                pa DOUBLE PRECISION, "paQcflg" TINYINT, ps DOUBLE PRECISION, "psQcflg" TINYINT,
                ss DOUBLE PRECISION, "ssQcflg" TINYINT, icsr DOUBLE PRECISION, "icsrQcflg" TINYINT,
                dsnw DOUBLE PRECISION, "hr3Fhsc" DOUBLE PRECISION,
                "dc10Tca" DOUBLE PRECISION, "dc10LmcsCa" DOUBLE PRECISION, "clfmAbbrCd" TEXT,
                "lcsCh" DOUBLE PRECISION, vs DOUBLE PRECISION, "gndSttCd" TEXT, "dmstMtphNo" TEXT,
                ts DOUBLE PRECISION, "tsQcflg" TINYINT, "m005Te" DOUBLE PRECISION,
                "m01Te" DOUBLE PRECISION, "m02Te" DOUBLE PRECISION, "m03Te" DOUBLE PRECISION,
                PRIMARY KEY ("stnId", tm)
            )
            """,
        ),
    ),
    Migration(
        2,
        "create generation_hourly",
        (
            """
            CREATE TABLE generation_hourly (
                publisher TEXT, plant TEXT, unit TEXT, fuel TEXT, interval_start TIMESTAMP,
                kwh DOUBLE PRECISION, label_convention TEXT,
                PRIMARY KEY (publisher, plant, unit, interval_start)
            )
            """,
        ),
    ),
    Migration(
        3,
        "create generation_rejects",
        (
            """
            CREATE TABLE generation_rejects (
                file TEXT, line BIGINT, publisher TEXT, reason TEXT, content TEXT, first_seen TIMESTAMP,
                PRIMARY KEY (file, line, content)
            )
            """,
        ),
    ),
    Migration(
        4,
        "rename generation_rejects to rejects",
        ("ALTER TABLE generation_rejects RENAME TO rejects",),
    ),
    Migration(
        5,
        "create wind_namdong",
        (
            """
            CREATE TABLE wind_namdong (
                "timestamp" TIMESTAMP, plant_name TEXT, generation DOUBLE PRECISION,
                PRIMARY KEY ("timestamp", plant_name)
            )
            """,
        ),
    ),
    Migration(
        6,
        "create nambu_generation",
        (
            """
            CREATE TABLE nambu_generation (
                "datetime" TIMESTAMP, gencd TEXT, plant_name TEXT, hogi TEXT, generation DOUBLE PRECISION,
                daily_total DOUBLE PRECISION, daily_avg DOUBLE PRECISION,
                daily_max DOUBLE PRECISION, daily_min DOUBLE PRECISION,
                PRIMARY KEY ("datetime", gencd, hogi)
            )
            """,
        ),
    ),
    Migration(
        7,
        "create fill_changes",
        (
            """
            CREATE TABLE fill_changes (
                run_id TEXT, "stnId" BIGINT, tm TIMESTAMP, field TEXT,
                old_value DOUBLE PRECISION, old_provenance UTINYINT,
                new_value DOUBLE PRECISION, new_provenance UTINYINT, changed TIMESTAMP,
                PRIMARY KEY (run_id, "stnId", tm, field)
            )
            """,
        ),
    ),
    Migration(
        8,
        "create runs",
        (
            """
            CREATE TABLE runs (
                run_id TEXT, job TEXT, status TEXT, started TIMESTAMP, finished TIMESTAMP, engine TEXT,
                rows_inserted BIGINT, rows_updated BIGINT, rows_unchanged BIGINT, rows_rejected BIGINT,
                requests BIGINT, message TEXT, report TEXT,
                PRIMARY KEY (run_id)
            )
            """,
        ),
    ),
    Migration(
        9,
        "add counters to runs",
        (
            "ALTER TABLE runs ADD COLUMN seconds DOUBLE PRECISION",
            "ALTER TABLE runs ADD COLUMN peak_rss_mb DOUBLE PRECISION",
            "ALTER TABLE runs ADD COLUMN hours_completed BIGINT",
            "ALTER TABLE runs ADD COLUMN values_filled BIGINT",
            "ALTER TABLE runs ADD COLUMN retries BIGINT",
            "ALTER TABLE runs ADD COLUMN chunks_failed BIGINT",
            "ALTER TABLE runs ADD COLUMN shadow_calls BIGINT",
            "ALTER TABLE runs ADD COLUMN shadow_mismatches BIGINT",
            "ALTER TABLE runs ADD COLUMN drift_findings BIGINT",
            "ALTER TABLE runs ADD COLUMN release TEXT",
        ),
    ),
    Migration(
        10,
        "create source_schemas",
        (
            """
            CREATE TABLE source_schemas (
                source TEXT, signature TEXT, fields TEXT, first_seen TIMESTAMP, last_seen TIMESTAMP, run_id TEXT,
                PRIMARY KEY (source, signature)
            )
            """,
        ),
    ),
    Migration(
        11,
        "create drift",
        (
            """
            CREATE TABLE drift (
                run_id TEXT, table_name TEXT, kind TEXT, subject TEXT, field TEXT, detail TEXT, noticed TIMESTAMP,
                PRIMARY KEY (run_id, table_name, kind, subject, field)
            )
            """,
        ),
    ),
    Migration(
        12,
        "create replaced_values",
        (
            """
            CREATE TABLE replaced_values (
                run_id TEXT, table_name TEXT, row_key TEXT, field TEXT, old_value TEXT, new_value TEXT,
                changed TIMESTAMP,
                PRIMARY KEY (run_id, table_name, row_key, field)
            )
            """,
        ),
    ),
    Migration(
        13,
        "create monthly_statistics",
        (
            """
            CREATE TABLE monthly_statistics (
                table_name TEXT, subject TEXT, field TEXT, month TIMESTAMP, days_observed BIGINT, days BIGINT,
                median DOUBLE PRECISION, spread DOUBLE PRECISION, magnitude DOUBLE PRECISION,
                PRIMARY KEY (table_name, subject, field, month)
            )
            """,
        ),
    ),
    Migration(
        14,
        "create fill_methods",
        (
            """
            CREATE TABLE fill_methods (
                table_name TEXT, method TEXT, probability DOUBLE PRECISION, since TIMESTAMP,
                PRIMARY KEY (table_name)
            )
            """,
            # Who has fills keeps the rule that they were made by.
            """
            INSERT INTO fill_methods (table_name, method)
            SELECT 'weather_asos', 'spline_climatology' WHERE EXISTS (SELECT 1 FROM weather_asos)
            """,
        ),
    ),
    Migration(
        15,
        "create gap_models",
        (
            """
            CREATE TABLE gap_models (
                id TEXT, table_name TEXT, fitted TIMESTAMP, run_id TEXT, facts TEXT, model BLOB,
                PRIMARY KEY (id)
            )
            """,
        ),
    ),
    Migration(
        16,
        "create stored_files",
        (
            """
            CREATE TABLE stored_files (
                table_name TEXT, sha256 TEXT, reading TEXT, headings TEXT, periods TEXT, digest TEXT,
                run_id TEXT, stored TIMESTAMP,
                PRIMARY KEY (table_name, sha256, reading)
            )
            """,
        ),
    ),
    Migration(17, "create view weather", view=WEATHER),
    Migration(18, "create view generation", view=GENERATION),
)


_STATEMENTS = "".join(statement for migration in MIGRATIONS for statement in migration.statements)


def migrate(database: Database) -> None:
    """Bring a database to the schema of this release; a database that has it already stays as it is.

    Raises
    ------
    StorageError
        If a newer release wrote the database.

    Examples
    --------
    >>> with connect("duckdb:///:memory:") as database:
    ...     migrate(database)
    ...     database.columns("weather_asos")[:4]
    ['stnId', 'stnNm', 'tm', 'ta']
    """
    newest = MIGRATIONS[-1].version
    present = require_known_schema(database)
    missing = _tables_without_migration(database)
    if present == newest and not missing:
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
            _execute(database, migration.statements)
            if migration.view is not None:
                _make_view(database, migration.view)
            database.execute(
                f"INSERT INTO {SCHEMA_VERSION} VALUES ($1, $2, $3)",  # noqa: S608
                [migration.version, migration.name, utc_now()],
            )
        for table in (dataset.table for dataset in missing):
            columns = ", ".join(f"{quoted(name)} {database.sql_type(kind)}" for name, kind in table.types.items())
            key = ", ".join(map(quoted, table.key))
            database.execute(f"CREATE TABLE IF NOT EXISTS {quoted(table.name)} ({columns}, PRIMARY KEY ({key}))")


def _execute(database: Database, statements: Iterable[str]) -> None:
    # PostgreSQL has no integer of one byte, and its own name for bytes.
    spelt = {"TINYINT": "SMALLINT", "UTINYINT": "SMALLINT", "BLOB": "BYTEA"} if is_postgresql(database.url) else {}
    for statement in statements:
        database.execute(re.sub(r"\b[A-Z]+\b", lambda word: spelt.get(word[0], word[0]), statement))


def _make_view(database: Database, view: View) -> None:
    """Make a view, or make it again; what is of somebody else under its name stays."""
    if database.columns(view.name) in ([], list(view.columns)):
        _execute(database, view.statements)
    else:
        logger.warning(
            "%s: %s is there and not of the data layer, so that the view of this name is not made; to have it, "
            "rename what is there and run: edl migrate",
            redacted_url(database.url),
            view.name,
        )


def make_views(database: Database) -> None:
    """Make all views again, also those whose names were taken before."""
    with database.transaction():
        database.lock_schema()
        for view in VIEWS.values():
            _make_view(database, view)


def require_known_schema(database: Database) -> int:
    """Return the number of the last step of the schema.

    Raises
    ------
    StorageError
        If a newer release wrote the database.
    """
    newest, present = MIGRATIONS[-1].version, schema_version(database)
    if present > newest:
        raise StorageError(
            f"{redacted_url(database.url)}: the tables are of version {present}, this release knows "
            f"{newest}; update energy-data-layer"
        )
    return present


@contextmanager
def database_to_read(url: str) -> Iterator[Database]:
    """Open a database that is there and only read it, see `connect`; its tables may be of an earlier release.

    Raises
    ------
    OptionError, StorageError
        As in `connect`; also if there is no such file, a newer release wrote it, or the tables of an earlier one lack
        what is read.
    """
    require_database(url)
    with connect(url, read_only=True) as database:
        present = require_known_schema(database)
        try:
            yield database
        except StorageError as error:
            if not 0 < present < MIGRATIONS[-1].version:
                raise
            raise StorageError(
                f"{redacted_url(url)}: the tables are of version {present}, this release reads "
                f"{MIGRATIONS[-1].version}; bring them up to date with: edl migrate ({error})"
            ) from error


def _tables_without_migration(database: Database) -> list[Dataset]:
    """Return the datasets whose table is neither there nor made by a migration: those added by others."""
    added = [dataset for dataset in DATASETS.values() if f"CREATE TABLE {dataset.table.name} " not in _STATEMENTS]
    present = set(database.tables()) if added else set()
    return [dataset for dataset in added if dataset.table.name not in present]


def state_of(url: str) -> str:
    """Return in words what a database holds; nothing is created.

    Raises
    ------
    OptionError, StorageError
        As in `connect`.

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
    with connect(url) as database:
        present = database.tables()
        if SCHEMA_VERSION not in present:
            return "reachable, without tables yet"
        rows = [f"{database.row_count(table):,} rows in {table}" for table in all_tables() if table in present]
        return f"reachable, schema version {schema_version(database)}, {', '.join(rows)}"


def schema_version(database: Database) -> int:
    """Return the number of the last step of the schema, 0 without any."""
    if SCHEMA_VERSION not in database.tables():
        return 0
    return max(database.read(SCHEMA_VERSION, ["version"]).column("version").to_pylist(), default=0)


def add_fill_columns(database: Database, table: str, fields: Iterable[str], *, with_model: bool = False) -> None:
    """Make sure that provenance, and with a model its name and the interval, can be stored beside these fields."""
    beside = [*BESIDE_A_FILL.items()] if with_model else [(PROVENANCE_SUFFIX, BESIDE_A_FILL[PROVENANCE_SUFFIX])]
    added = database.add_columns(table, {field + suffix: kind for field in fields for suffix, kind in beside})
    if added and table == WEATHER_ASOS and is_postgresql(database.url):
        # There a view keeps to the columns that were there when it was made.
        _make_view(database, WEATHER)


class _NothingHappened(Exception):
    pass


@contextmanager
def without_trace(database: Database) -> Iterator[None]:
    """Give a transaction in which the database has the tables of this release, and of which nothing stays."""
    with suppress(_NothingHappened), database.transaction():
        migrate(database)
        yield
        raise _NothingHappened


def try_writes(database: Database) -> None:
    """Make and write every table, and roll it all back.

    Raises
    ------
    StorageError
        If the database refuses.
    """
    if is_postgresql(database.url):
        database.execute("SET lock_timeout = '2s'")  # a run that is at work must not hold up who tries
    with without_trace(database):
        database.execute("CREATE TABLE edl_doctor (tried INTEGER)")
        for table in all_tables():
            database.execute(f"INSERT INTO {quoted(table)} SELECT * FROM {quoted(table)} WHERE FALSE")  # noqa: S608
            name = database.columns(table)[0]
            database.execute(f"UPDATE {quoted(table)} SET {quoted(name)} = {quoted(name)} WHERE FALSE")  # noqa: S608
