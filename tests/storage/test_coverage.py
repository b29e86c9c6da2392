"""Which days are incomplete, and where the series end, in both databases."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pyarrow as pa
import pytest

from energy_data_layer.datasets.generation_files import GENERATION_FILES
from energy_data_layer.errors import OptionError
from energy_data_layer.storage.coverage import hourly_table, hourly_tables, incomplete_days, last_stamp
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.migrations import migrate
from energy_data_layer.storage.tables import (
    GENERATION_HOURLY,
    GENERATION_KEY,
    NAMBU_GENERATION,
    NAMBU_KEY,
    WEATHER_ASOS,
    WEATHER_KEY,
    WIND_KEY,
    WIND_NAMDONG,
)

MIDNIGHT = datetime(2023, 12, 31)
SINCE, UNTIL = date(2023, 12, 30), date(2024, 1, 1)


@pytest.fixture
def database(database_url):
    with Database.connect(database_url) as database:
        migrate(database)
        yield database


def hours(first, count, start=MIDNIGHT):
    return [start + timedelta(hours=first + hour) for hour in range(count)]


def found(table):
    return [tuple(row.values()) for row in table.to_pylist()]


def test_a_day_is_complete_with_24_rows_of_a_station(database):
    stamps = hours(0, 24) + hours(24, 23)
    rows = pa.table({"stnId": [108] * 47 + [90], "tm": [*stamps, datetime(2020, 1, 1)]})
    database.upsert(WEATHER_ASOS, rows, WEATHER_KEY)
    answer = incomplete_days(database, WEATHER_ASOS, SINCE, UNTIL)
    assert answer.schema == pa.schema({"stnId": pa.int64(), "day": pa.date32(), "hours": pa.int64()})
    assert found(answer) == [
        (90, date(2023, 12, 30), 0),
        (90, date(2023, 12, 31), 0),
        (90, date(2024, 1, 1), 0),
        (108, date(2023, 12, 30), 0),
        (108, date(2024, 1, 1), 23),
    ]
    assert found(last_stamp(database, WEATHER_ASOS)) == [(90, datetime(2020, 1, 1)), (108, stamps[-1])]


def test_hours_that_end_at_midnight_belong_to_the_day_before(database):
    rows = pa.table({"timestamp": hours(1, 24), "plant_name": ["영흥풍력"] * 24, "generation": [1.0] * 24})
    database.upsert(WIND_NAMDONG, rows, WIND_KEY)
    assert found(incomplete_days(database, WIND_NAMDONG, SINCE, UNTIL)) == [
        ("영흥풍력", date(2023, 12, 30), 0),
        ("영흥풍력", date(2024, 1, 1), 0),
    ]
    assert found(last_stamp(database, WIND_NAMDONG)) == [("영흥풍력", datetime(2024, 1, 1))]


def test_an_hour_without_a_value_is_not_there(database):
    rows = pa.table(
        {"datetime": hours(0, 24), "gencd": ["997D"] * 24, "hogi": ["1"] * 24, "generation": [1.0] * 22 + [None] * 2}
    )
    database.upsert(NAMBU_GENERATION, rows, NAMBU_KEY)
    answer = incomplete_days(database, NAMBU_GENERATION, date(2023, 12, 31), date(2023, 12, 31))
    assert found(answer) == [("997D", "1", date(2023, 12, 31), 22)]
    assert found(last_stamp(database, NAMBU_GENERATION)) == [("997D", "1", MIDNIGHT + timedelta(hours=21))]


def test_given_series_are_looked_at_alone_whether_known_or_not(database):
    rows = pa.table({"datetime": hours(0, 24), "gencd": ["a"] * 24, "hogi": ["1"] * 24, "generation": [1.0] * 24})
    database.upsert(NAMBU_GENERATION, rows, NAMBU_KEY)
    day = date(2023, 12, 31)
    keys = [("b", "2"), ("a", "1"), ("b", "2")]
    assert found(incomplete_days(database, NAMBU_GENERATION, day, day, keys)) == [("b", "2", day, 0)]
    assert found(incomplete_days(database, NAMBU_GENERATION, day, day, [])) == []


def test_series_of_three_columns(database):
    columns = {name: [name] * 24 for name in ("publisher", "plant", "unit", "fuel", "label_convention")}
    rows = pa.table(columns | {"interval_start": hours(0, 24), "kwh": [0.0] * 23 + [None]})
    database.upsert(GENERATION_HOURLY, rows.select(list(GENERATION_FILES.table.types)), GENERATION_KEY)
    day = date(2023, 12, 31)
    assert found(incomplete_days(database, GENERATION_HOURLY, day, day)) == [("publisher", "plant", "unit", day, 23)]


@pytest.mark.parametrize("table", hourly_tables())
def test_empty_tables_and_empty_periods(database, table):
    key = hourly_table(table).key
    series = (108,) if table == WEATHER_ASOS else tuple(key)
    assert incomplete_days(database, table, SINCE, UNTIL).num_rows == 0
    assert incomplete_days(database, table, UNTIL, SINCE, [series]).num_rows == 0
    assert last_stamp(database, table).column_names == [*key, "last_stamp"]


def test_what_cannot_be_counted(database):
    with pytest.raises(OptionError, match="no table of hours"):
        incomplete_days(database, "runs", SINCE, UNTIL)
    with pytest.raises(OptionError, match="a value for each of gencd, hogi"):
        incomplete_days(database, NAMBU_GENERATION, SINCE, UNTIL, [("a",)])
