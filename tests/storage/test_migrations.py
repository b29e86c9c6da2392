"""The schema: made once, versioned, and with every field of the source."""

from __future__ import annotations

import pytest

from energy_data_layer.datasets.asos import COLUMNS
from energy_data_layer.datasets.tables import (
    DRIFT,
    DRIFT_COLUMNS,
    DRIFT_KEY,
    FILL_CHANGE_COLUMNS,
    FILL_CHANGE_KEY,
    FILL_CHANGES,
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
    RUN_COLUMNS,
    RUN_KEY,
    RUNS,
    SOURCE_SCHEMA_COLUMNS,
    SOURCE_SCHEMA_KEY,
    SOURCE_SCHEMAS,
    TABLES,
    WEATHER_ASOS,
    WIND_COLUMNS,
    WIND_KEY,
    WIND_NAMDONG,
)
from energy_data_layer.errors import StorageError
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.migrations import MIGRATIONS, SCHEMA_VERSION, add_provenance_columns, migrate, state_of

pytestmark = pytest.mark.any_engine


@pytest.fixture
def database(database_url):
    with Database.connect(database_url) as database:
        yield database


def test_the_weather_table_has_every_field_of_the_source_with_its_type(database):
    migrate(database)
    assert database.columns(WEATHER_ASOS) == [column.name for column in COLUMNS]
    types = database.read(WEATHER_ASOS).schema
    for column in COLUMNS:
        if column.name != "tm":
            assert types.field(column.name).type == column.arrow_type, column.name


def test_migrating_twice_is_once(database):
    migrate(database)
    first = database.read(SCHEMA_VERSION)
    migrate(database)
    assert database.read(SCHEMA_VERSION).equals(first)
    assert first["version"].to_pylist() == [migration.version for migration in MIGRATIONS]


def test_the_versions_count_from_one():
    assert [migration.version for migration in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))


def test_a_database_of_a_newer_release_is_refused(database):
    migrate(database)
    newer = MIGRATIONS[-1].version + 1
    database.execute(f"INSERT INTO {SCHEMA_VERSION} VALUES ({newer}, 'the future', TIMESTAMP '2030-01-01')")
    with pytest.raises(StorageError, match=rf"version {newer}.*update energy-data-layer"):
        migrate(database)


def test_provenance_columns_are_added_on_demand(database):
    migrate(database)
    for fields in (["ta"], ["ta", "hm"]):
        add_provenance_columns(database, WEATHER_ASOS, fields)
    assert database.columns(WEATHER_ASOS)[-2:] == ["ta_provenance", "hm_provenance"]


def test_the_state_of_a_database_in_words(tmp_path):
    url = f"duckdb:///{tmp_path}/test.duckdb"
    assert "the first run creates it" in state_of(url)
    assert not list(tmp_path.iterdir())
    with Database.connect(url) as database:
        migrate(database)
    rows = ", ".join(f"0 rows in {table}" for table in TABLES)
    assert state_of(url) == f"reachable, schema version {MIGRATIONS[-1].version}, {rows}"


def test_the_state_of_a_server_in_words(postgres_url):
    assert state_of(postgres_url) == "reachable, without tables yet"
    with Database.connect(postgres_url) as database:
        migrate(database)
    assert state_of(postgres_url).startswith(f"reachable, schema version {MIGRATIONS[-1].version}, 0 rows")


@pytest.mark.parametrize(
    ("table", "columns", "key"),
    [
        (GENERATION_HOURLY, GENERATION_COLUMNS, GENERATION_KEY),
        (REJECTS, REJECT_COLUMNS, REJECT_KEY),
        (WIND_NAMDONG, WIND_COLUMNS, WIND_KEY),
        (NAMBU_GENERATION, NAMBU_COLUMNS, NAMBU_KEY),
        (FILL_CHANGES, FILL_CHANGE_COLUMNS, FILL_CHANGE_KEY),
        (RUNS, RUN_COLUMNS, RUN_KEY),
        (SOURCE_SCHEMAS, SOURCE_SCHEMA_COLUMNS, SOURCE_SCHEMA_KEY),
        (DRIFT, DRIFT_COLUMNS, DRIFT_KEY),
        (REPLACED_VALUES, REPLACED_VALUE_COLUMNS, REPLACED_VALUE_KEY),
        (MONTHLY_STATISTICS, MONTHLY_STATISTIC_COLUMNS, MONTHLY_STATISTIC_KEY),
    ],
)
def test_the_other_tables(database, table, columns, key):
    migrate(database)
    schema = database.read(table).schema
    assert {name: schema.field(name).type for name in schema.names} == columns
    assert set(key) < set(columns)


def test_a_database_of_the_first_version_gets_the_other_tables_and_keeps_its_rows(database_url, monkeypatch):
    url = database_url
    with Database.connect(url) as database:
        monkeypatch.setattr("energy_data_layer.storage.migrations.MIGRATIONS", MIGRATIONS[:1])
        migrate(database)
        database.execute(
            'INSERT INTO weather_asos ("stnId", "stnNm", "tm") VALUES (108, \'a\', TIMESTAMP \'2024-01-01\')'
        )
    assert state_of(url) == "reachable, schema version 1, 1 rows in weather_asos"
    monkeypatch.undo()
    with Database.connect(url) as database:
        migrate(database)
        assert database.row_count(WEATHER_ASOS) == 1
        assert database.row_count(GENERATION_HOURLY) == 0


def test_rejects_of_the_third_version_are_kept_under_the_new_name(database, monkeypatch):
    monkeypatch.setattr("energy_data_layer.storage.migrations.MIGRATIONS", MIGRATIONS[:3])
    migrate(database)
    database.execute("INSERT INTO generation_rejects (file, line, content) VALUES ('a.csv', 2, 'x')")
    monkeypatch.undo()
    migrate(database)
    assert database.read(REJECTS, ["file", "line"]).to_pylist() == [{"file": "a.csv", "line": 2}]
    assert "generation_rejects" not in database.tables()
