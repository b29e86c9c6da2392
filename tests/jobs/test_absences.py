"""Hours that must not be made up: a mistyped year, a station that was closed; stamps that have not come yet."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import numpy as np
import pytest

from energy_data_layer.core.provenance import Provenance
from energy_data_layer.datasets.asos import ASOS_COLUMNS
from energy_data_layer.errors import OptionError
from energy_data_layer.jobs.weather.from_files import run_weather
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.tables import REJECTS, WEATHER_ASOS

START = datetime(2023, 1, 1)


def write(path, stamps, values):
    lines = [",".join(ASOS_COLUMNS[name].heading for name in ("stnId", "stnNm", "tm", "ta"))]
    lines += [
        f"108,서울,{stamp:%Y-%m-%d %H:%M},{'' if value is None else value}"
        for stamp, value in zip(stamps, values, strict=True)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="cp949")
    return path


def hours(first, count):
    return [first + timedelta(hours=hour) for hour in range(count)]


def stored(url):
    with Database.connect(url) as database:
        return database.read(WEATHER_ASOS).sort_by([("stnId", "ascending"), ("tm", "ascending")]).to_pylist()


def test_a_mistyped_year_is_rejected_and_invents_nothing(database_url, tmp_path):
    stamps = [*hours(START, 39), datetime(2050, 1, 1)]
    path = write(tmp_path / "a.csv", stamps, range(40))
    report = run_weather(path, database_url, columns=["ta"])
    assert (report.rows_inserted, report.hours_completed, report.rows_outside_period) == (39, 0, 0)
    assert (report.rows_rejected, report.rejects) == (1, {"stamp in the future": 1})
    with Database.connect(database_url) as database:
        (reject,) = database.read(REJECTS).to_pylist()
    assert (reject["file"], reject["publisher"]) == (str(path), "asos")
    assert json.loads(reject["content"])["tm"] == "2050-01-01 00:00:00"


def test_a_closed_station_gets_no_hours_and_no_spline_across(database_url, tmp_path):
    reopened = START + timedelta(days=200)
    stamps = hours(START, 48) + hours(reopened, 48)
    values = [None if hour in (47, 48) else hour for hour in range(96)]
    path = write(tmp_path / "a.csv", stamps, values)
    report = run_weather(path, database_url, columns=["ta"])
    assert (report.rows_inserted, report.hours_completed) == (96, 0)
    assert report.absences == ["108: nothing between 2023-01-02 23:00 and 2023-07-20 00:00"]
    rows = stored(database_url)
    filled = {hour: (row["ta"], row["ta_provenance"]) for hour, row in enumerate(rows) if row["ta_provenance"]}
    assert filled == {47: (46.0, Provenance.NEAREST), 48: (49.0, Provenance.NEAREST)}
    again = run_weather(path, database_url, columns=["ta"])
    assert (again.rows_inserted, again.rows_updated) == (0, 0)


def test_the_longest_absence_that_gets_hours_can_be_chosen(tmp_path):
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    path = write(tmp_path / "a.csv", hours(START, 2) + hours(START + timedelta(days=200), 2), [1, 2, 3, 4])
    report = run_weather(path, url, columns=["ta"], max_absence="1h")
    assert (len(report.absences), report.rows_inserted) == (1, 4)
    report = run_weather(path, url, columns=["ta"], max_absence="365d")
    assert (report.absences, report.rows_inserted) == ([], 24 * 200 - 2)
    with pytest.raises(OptionError, match="max_absence is 'long'; it must be a time such as"):
        run_weather(path, url, max_absence="long")


def test_values_behind_an_absence_are_history_of_the_climatology(tmp_path):
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    later = START.replace(year=2024)
    values = [*np.arange(240) / 10, *(None if 100 <= hour < 110 else -50 for hour in range(240))]
    path = write(tmp_path / "a.csv", hours(START, 240) + hours(later, 240), values)
    run_weather(path, url, columns=["ta"])
    rows = {row["tm"]: row for row in stored(url)}
    for hour in range(100, 110):
        row = rows[later + timedelta(hours=hour)]
        assert (row["ta"], row["ta_provenance"]) == (hour / 10, Provenance.CLIMATOLOGY)


def test_a_run_of_which_nothing_is_to_be_stored_is_no_success(tmp_path):
    path = write(tmp_path / "a.csv", hours(START, 3), [1, 2, 3])
    report = run_weather(path, f"duckdb:///{tmp_path}/energy.duckdb", columns=["ta"], since="2024-01-01")
    assert (report.status, report.message) == ("incomplete", "none of the 3 rows was to be stored")
