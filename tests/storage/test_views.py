"""The views for those who ask in SQL: what the tables hold, in one meaning, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from energy_data_layer.cli.app import app
from energy_data_layer.core.provenance import Provenance
from energy_data_layer.datasets.asos import COLUMNS, value_of_flag
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.migrations import MIGRATIONS, add_fill_columns, migrate
from energy_data_layer.storage.tables import WEATHER_ASOS, all_tables
from energy_data_layer.storage.views import GENERATION, VIEWS, WEATHER

HOUR = datetime(1987, 7, 1, 3, tzinfo=UTC)
"""Noon in Korea in a summer whose clocks, but not the observations, were set forward."""


@pytest.fixture
def database(database_url):
    with Database.connect(database_url) as database:
        migrate(database)
        yield database


def add_observation(database, columns, values):
    database.execute(
        f'INSERT INTO weather_asos ("stnId", "stnNm", tm, {columns}) '
        f"VALUES (108, '서울', TIMESTAMP '1987-07-01 12:00', {values})"
    )


def weather(database):
    (row,) = database.query("SELECT * FROM weather").to_pylist()
    return {name: value for name, value in row.items() if value is not None}


def test_a_view_is_there_with_a_comment_on_each_column(database):
    assert VIEWS.keys().isdisjoint(database.tables())
    assert set(database.tables()) == {*all_tables(), "schema_version"}
    for view in VIEWS.values():
        assert database.columns(view.name) == list(view.columns)
        if database.url.startswith("duckdb"):
            of_view = f"SELECT comment FROM duckdb_views() WHERE view_name = '{view.name}'"
            of_columns = f"SELECT column_name, comment FROM duckdb_columns() WHERE table_name = '{view.name}'"
        else:
            of_view = f"SELECT obj_description('{view.name}'::regclass)"
            of_columns = (
                "SELECT attname, col_description(attrelid, attnum) FROM pg_attribute "
                f"WHERE attrelid = '{view.name}'::regclass"
            )
        assert database.scalar(of_view) == view.comment
        told = dict(zip(*database.query(of_columns).to_pydict().values(), strict=True))
        assert told == view.columns


def test_weather_has_what_the_record_of_the_dataset_has():
    fields = {column.name: column for column in COLUMNS[3:] if not value_of_flag(column.name)}
    named = dict(zip(fields, list(WEATHER.columns)[3:], strict=False))
    for field, name in named.items():
        column, text = fields[field], WEATHER.columns[name]
        assert f"(field {field})" in text
        assert column.unit in text or column.unit == "degrees"
        assert (column.can_be_imputed or column.filled_through is not None) == (f"{name}_provenance" in WEATHER.columns)
        assert any(value_of_flag(flag.name) == field for flag in COLUMNS) == (f"{name}_quality" in WEATHER.columns)
    assert ", ".join(f"{code:d} {code.label}" for code in Provenance) in WEATHER.comment


def test_fills_are_told_of_once_they_are_stored(database):
    add_observation(database, 'ta, "taQcflg", rn, ws', "21.5, 1, 0.5, 2.0")
    observed = {
        "hour_start": HOUR,
        "station_id": 108,
        "station_name": "서울",
        "temperature": 21.5,
        "temperature_quality": 1,
        "precipitation": 0.5,
        "wind_speed": 2.0,
    }
    told = {f"{name}_provenance": 0 for name in ("temperature", "wind_speed")}
    told |= {f"{name}_label": "observed" for name in told}
    assert weather(database) == observed | told
    add_fill_columns(database, WEATHER_ASOS, ["ta", "hm"])
    database.execute("UPDATE weather_asos SET ta_provenance = 1, hm_provenance = 7")
    told |= {"temperature_provenance": 1, "temperature_provenance_label": "spline"}
    told |= {"humidity_provenance": 7, "humidity_provenance_label": "unfilled"}
    assert weather(database) == observed | told
    add_fill_columns(database, WEATHER_ASOS, ["ta", "ws"], with_model=True)
    database.execute("UPDATE weather_asos SET ta_provenance = 10, ta_low = 20.0, ta_high = 23.0, ws_provenance = 0")
    told |= {"temperature_provenance": 10, "temperature_provenance_label": "borrowed_climatology"}
    told |= {"temperature_low": 20.0, "temperature_high": 23.0}
    assert weather(database) == observed | told
    for code in Provenance:
        database.execute("UPDATE weather_asos SET ta_provenance = $1", [int(code)])
        assert weather(database)["temperature_provenance_label"] == code.label


def test_generation_has_one_meaning_of_an_hour(database):
    database.execute("INSERT INTO wind_namdong VALUES (TIMESTAMP '1987-07-01 13:00', '바람 1', 1.5)")
    database.execute(
        'INSERT INTO nambu_generation ("datetime", gencd, plant_name, hogi, generation) '
        "VALUES (TIMESTAMP '1987-07-01 12:00', '997D', NULL, '1', NULL)"
    )
    database.execute(
        "INSERT INTO generation_hourly VALUES "
        "('KOEN', '바람', '1', 'wind', TIMESTAMP '1987-07-01 12:00', 1.25, 'interval'), "
        "('WP', '섬', '', NULL, TIMESTAMP '1987-07-01 12:00', 0.0, 'hour-ending')"
    )
    rows = database.query("SELECT * FROM generation ORDER BY source, publisher").to_pylist()
    assert [row.pop("hour_start") for row in rows] == [HOUR] * 4
    assert [tuple(row.values()) for row in rows] == [
        ("generation_hourly", "KOEN", "바람 1", None, "1", "wind", 1.25),
        ("generation_hourly", "WP", "섬", None, "", None, 0.0),
        ("nambu_generation", "KOSPO", "997D 1", "997D", "1", "solar", None),
        ("wind_namdong", "KOEN", "바람 1", None, None, "wind", 1.5),
    ]
    assert list(rows[0]) == [name for name in GENERATION.columns if name != "hour_start"]


@pytest.mark.parametrize("theirs", ["CREATE TABLE weather (day DATE)", "CREATE VIEW weather AS SELECT 1 AS day"])
def test_what_somebody_else_calls_weather_stays(database_url, monkeypatch, caplog, theirs):
    with Database.connect(database_url) as database:
        with monkeypatch.context() as earlier:
            earlier.setattr("energy_data_layer.storage.migrations.MIGRATIONS", MIGRATIONS[:16])
            migrate(database)
        database.execute(theirs)
        migrate(database)
        assert "weather is there and not of the data layer" in caplog.text
        assert database.columns("generation") == list(GENERATION.columns)
        add_fill_columns(database, WEATHER_ASOS, ["ta"])
        assert database.columns("weather") == ["day"]
        kind = theirs.split()[1]
        database.execute(f"ALTER {kind} weather RENAME TO theirs")
    assert CliRunner().invoke(app, ["migrate", "--db", database_url]).exit_code == 0
    with Database.connect(database_url) as database:
        add_observation(database, "ta, ta_provenance", "21.5, 4")
        assert weather(database)["temperature_provenance_label"] == "climatology"
        assert database.columns("theirs") == ["day"]
