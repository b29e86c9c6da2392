"""The schema: made once, versioned, and with every field of the source."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pytest

from energy_data_layer.datasets.registry import DATASETS
from energy_data_layer.errors import StorageError
from energy_data_layer.jobs.drift.history import drift_history
from energy_data_layer.jobs.status import status_of
from energy_data_layer.quality.facts import quality_facts
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.migrations import (
    MIGRATIONS,
    SCHEMA_VERSION,
    add_fill_columns,
    database_to_read,
    migrate,
    schema_version,
    state_of,
)
from energy_data_layer.storage.runs import RunLog
from energy_data_layer.storage.tables import (
    GENERATION_HOURLY,
    NAMBU_GENERATION,
    OWN_TABLES,
    REJECTS,
    WEATHER_ASOS,
    WIND_NAMDONG,
    all_tables,
)

FIXTURES = Path(__file__).parent / "fixtures"

DECLARED = {dataset.table.name: (dataset.table.types, dataset.table.key) for dataset in DATASETS.values()} | OWN_TABLES


@pytest.fixture
def database(database_url):
    with Database.connect(database_url) as database:
        yield database


def columns_of(database):
    """Every table's columns in their order, each with type, whether it may be null, and its place in the key."""
    return database.query(
        """
        SELECT c.table_name, c.column_name, c.data_type, c.is_nullable, k.ordinal_position AS place_in_key
        FROM information_schema.columns AS c
        LEFT JOIN information_schema.key_column_usage AS k
            ON k.table_schema = c.table_schema AND k.table_name = c.table_name AND k.column_name = c.column_name
        WHERE c.table_schema = current_schema()
        ORDER BY c.table_name, c.ordinal_position
        """
    ).to_pylist()


def columns_not_made(database, declared):
    """The declared columns and keys that the migrations do not make as they are declared."""
    made = columns_of(database)
    wrong = []
    for table, (columns, key) in declared.items():
        of_table = [row for row in made if row["table_name"] == table]
        types = {field.name: field.type for field in database.read(table).schema}
        wrong += [(table, name) for name, arrow_type in columns.items() if types.get(name) != arrow_type]
        in_key = sorted((row["place_in_key"], row["column_name"]) for row in of_table if row["place_in_key"])
        if {name for _, name in in_key} != set(key):
            wrong.append((table, key))
        if [row["column_name"] for row in of_table if row["column_name"] in columns] != list(columns):
            wrong.append((table, "order"))
    return wrong


@pytest.fixture
def write_0_1_0(database_url, request):
    """Let the database be what release 0.1.0 wrote, see `fixtures/write_0_1_0.py`."""

    def write():
        if database_url.startswith("duckdb"):
            packed = (FIXTURES / "0.1.0.duckdb.gz").read_bytes()
            Path(database_url.removeprefix("duckdb:///")).write_bytes(gzip.decompress(packed))
        else:
            server = request.getfixturevalue("postgres_server")
            server.empty_database()
            server.run(*(FIXTURES / "0.1.0.postgresql.sql").read_text().split(";\n")[:-1], database="test")

    return write


def test_a_database_of_0_1_0_becomes_like_a_fresh_one_and_keeps_its_rows(database_url, write_0_1_0):
    with Database.connect(database_url) as database:
        migrate(database)
        add_fill_columns(database, WEATHER_ASOS, ["ta", "hm"])
        fresh = columns_of(database)
    write_0_1_0()
    with Database.connect(database_url) as database:
        before = {table: database.read(table) for table in all_tables() if table in database.tables()}
        assert len(before) == 11
        migrate(database)
        assert columns_of(database) == fresh
        for table, rows in before.items():
            assert rows.num_rows > 0, table
            assert database.read(table, rows.column_names).equals(rows), table
        assert database.row_count("weather") == before[WEATHER_ASOS].num_rows
        of_plants = [WIND_NAMDONG, NAMBU_GENERATION, GENERATION_HOURLY]
        assert database.row_count("generation") == sum(before[table].num_rows for table in of_plants)


def test_readers_read_a_database_of_0_1_0_and_leave_it(database_url, write_0_1_0):
    write_0_1_0()
    assert status_of(database_url).runs
    assert quality_facts(database_url).coverage
    drift_history(database_url)
    with database_to_read(database_url) as database:
        before = schema_version(database)
        assert before < MIGRATIONS[-1].version
        assert RunLog(database).reports()
    advice = f"version {before}, this release reads {MIGRATIONS[-1].version}; bring them up to date with: edl migrate"
    with pytest.raises(StorageError, match=advice), database_to_read(database_url) as database:
        database.read("gap_models")
    with Database.connect(database_url) as database:
        migrate(database)
    with database_to_read(database_url) as database:
        assert database.row_count("gap_models") == 0


def test_a_reader_refuses_a_database_of_a_newer_release(database, database_url):
    migrate(database)
    newer = MIGRATIONS[-1].version + 1
    database.execute(f"INSERT INTO {SCHEMA_VERSION} VALUES ({newer}, 'the future', TIMESTAMP '2030-01-01')")
    with pytest.raises(StorageError, match="update energy-data-layer"):
        status_of(database_url)


def test_every_declared_column_is_made_with_its_type_and_key(database):
    assert set(DECLARED) == set(all_tables())
    migrate(database)
    assert columns_not_made(database, DECLARED) == []


def test_a_declared_column_without_a_migration_is_found(database):
    migrate(database)
    columns, key = DECLARED[WIND_NAMDONG]
    declared = DECLARED | {WIND_NAMDONG: (columns | {"of_no_migration": pa.float64()}, key)}
    assert (WIND_NAMDONG, "of_no_migration") in columns_not_made(database, declared)
    declared = DECLARED | {WIND_NAMDONG: (columns | {"generation": pa.string()}, key)}
    assert columns_not_made(database, declared) == [(WIND_NAMDONG, "generation")]


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
        add_fill_columns(database, WEATHER_ASOS, fields)
    assert database.columns(WEATHER_ASOS)[-2:] == ["ta_provenance", "hm_provenance"]


def test_the_state_of_a_database_in_words(tmp_path):
    url = f"duckdb:///{tmp_path}/test.duckdb"
    assert "the first run creates it" in state_of(url)
    assert not list(tmp_path.iterdir())
    with Database.connect(url) as database:
        migrate(database)
    rows = ", ".join(f"0 rows in {table}" for table in all_tables())
    assert state_of(url) == f"reachable, schema version {MIGRATIONS[-1].version}, {rows}"


def test_the_state_of_a_server_in_words(postgres_url):
    assert state_of(postgres_url) == "reachable, without tables yet"
    with Database.connect(postgres_url) as database:
        migrate(database)
    assert state_of(postgres_url).startswith(f"reachable, schema version {MIGRATIONS[-1].version}, 0 rows")


def test_a_database_of_the_first_version_gets_the_other_tables_and_keeps_its_rows(database_url, monkeypatch):
    url = database_url
    with Database.connect(url) as database:
        monkeypatch.setattr("energy_data_layer.storage.migrations.MIGRATIONS", MIGRATIONS[:1])
        migrate(database)
        database.execute(
            'INSERT INTO weather_asos ("stnId", "stnNm", "tm") VALUES (108, \'a\', TIMESTAMP \'2024-01-01\')'
        )
    assert state_of(url).startswith("reachable, schema version 1, 1 rows in weather_asos")
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
