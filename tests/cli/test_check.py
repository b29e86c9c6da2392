"""``edl check``: one status line, the problems, and exit codes that tell findings from errors."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from energy_data_layer.cli.app import app
from energy_data_layer.core.clock import now_in_korea
from energy_data_layer.errors import OptionError
from energy_data_layer.jobs.health import health_of
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.migrations import add_fill_columns, migrate
from energy_data_layer.storage.runs import RunLog
from energy_data_layer.storage.tables import NAMBU_GENERATION, WEATHER_ASOS, WIND_NAMDONG

NOW = datetime(2024, 3, 10, 9)
MIDNIGHT = datetime(2024, 3, 10)
LAST = datetime(2024, 3, 9, 23)


def store(url, now=MIDNIGHT):
    """Store the hours up to a midnight of two stations, a plant and a wind farm, and of a station that was closed."""
    hours = [now - timedelta(hours=hours) for hours in range(1, 49)]
    with Database.connect(url) as database:
        migrate(database)
        add_fill_columns(database, WEATHER_ASOS, ["ta"])
        for station, name, stamps in (
            (90, "속초", hours),
            (108, "서울", hours),
            (98, "동두천", [one - timedelta(days=400) for one in hours]),
        ):
            rows = pa.table({"stnId": [station] * 48, "stnNm": [name] * 48, "tm": stamps, "ta": [None, *[1.0] * 47]})
            database.upsert(WEATHER_ASOS, rows, ["stnId", "tm"])
        ends = [one + timedelta(hours=1) for one in hours]
        wind = pa.table({"timestamp": ends, "plant_name": ["영흥"] * 48, "generation": [1.0] * 48})
        database.upsert(WIND_NAMDONG, wind, ["timestamp", "plant_name"])
        plants = {"gencd": ["997D"] * 48, "hogi": ["1"] * 48, "plant_name": ["한빛"] * 48, "generation": [1.0] * 48}
        database.upsert(NAMBU_GENERATION, pa.table({"datetime": hours, **plants}), ["datetime", "gencd", "hogi"])


def test_what_is_fresh_has_no_problem_and_a_closed_station_is_not_missed(database_url):
    store(database_url)
    health = health_of(database_url, now=NOW)
    assert health.problems == []
    assert {one.table: (one.last, one.hours, one.max_hours) for one in health.tables} == {
        WEATHER_ASOS: (LAST, 9, 36),
        WIND_NAMDONG: (LAST, 9, 45 * 24),
        NAMBU_GENERATION: (LAST, 9, 36),
    }
    assert [(one.series, one.ended) for one in health.tables] == [(3, 1), (1, 0), (1, 0)]
    assert health.unfilled == {"ta": 3}


def test_each_table_has_its_age_and_each_station_too(database_url):
    store(database_url)
    late = health_of(database_url, now=NOW + timedelta(hours=28))
    assert late.problems == [
        f"{table}: the newest hour is 2024-03-09 23:00 KST, 37 h ago, more than 36 h"
        for table in (WEATHER_ASOS, NAMBU_GENERATION)
    ]
    with Database.connect(database_url) as database:
        database.execute(f'DELETE FROM {WEATHER_ASOS} WHERE "stnId" = 108 AND tm >= $1', [datetime(2024, 3, 8, 12)])
    assert health_of(database_url, now=NOW).problems == [
        "weather_asos, 108 (서울): the newest hour is 2024-03-08 11:00 KST, 45 h ago, more than 36 h"
    ]
    assert health_of(database_url, ["48h"], now=NOW).problems == []
    assert len(health_of(database_url, ["8h", "weather_asos=48h"], now=NOW).problems) == 2
    missing = health_of(database_url, ["48h", "generation_hourly=36h"], now=NOW).problems
    assert missing == ["generation_hourly: no hours are stored yet"]


@pytest.mark.parametrize(("age", "problem"), [("soon", "max_age is 'soon'"), ("wind=36h", 'max_age names "wind"')])
def test_an_age_that_is_none(database_url, age, problem):
    with pytest.raises(OptionError, match=problem):
        health_of(database_url, [age])


def test_the_last_run_of_each_job_counts(database_url):
    store(database_url)
    with Database.connect(database_url) as database:
        log = RunLog(database)
        log.finish(log.begin("weather"), "failed", message="StorageError: the disk is full")
        log.finish(log.begin("solar"), "failed", {"rows_rejected": 9})
        log.finish(log.begin("solar"), "succeeded", {"rows_rejected": 4})
        log.begin("wind")
        log.finish(run_id := log.begin("fit"), "succeeded")
        died = log.begin("reprocess")
        database.execute("UPDATE runs SET started = $1 WHERE run_id = $2", [datetime(2024, 3, 1, 4), died])
        found = {"run_id": [run_id], "table_name": ["a"], "kind": ["b"], "subject": ["c"], "field": ["d"]}
        database.upsert("drift", pa.table(found), list(found))
    health = health_of(database_url, now=NOW)
    told = [re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "…", problem) for problem in sorted(health.problems)]
    assert told == [
        "reprocess: the last run died, … UTC",
        "weather: the last run is failed, … UTC: StorageError: the disk is full",
    ]
    assert (health.drift, health.rejected) == (1, 4)


@pytest.fixture
def url(tmp_path, own_environment, monkeypatch):
    """A database whose hours end with today's midnight."""
    monkeypatch.chdir(tmp_path)
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    store(url, now_in_korea().replace(hour=0, minute=0, second=0, microsecond=0))
    return url


def edl(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_the_first_line_is_a_status_with_figures_and_the_exit_code_says_it_too(url, monkeypatch):
    fine = edl("check", "--db", url)
    assert fine.exit_code == 0
    assert re.fullmatch(
        r"EDL OK \| weather_asos_age=\d+s;129600 wind_namdong_age=\d+s;3888000 nambu_generation_age=\d+s;129600 "
        r"weather_asos_stale=0;0 wind_namdong_stale=0;0 nambu_generation_stale=0;0 unfilled=3 drift=0 rejected=0 "
        r"runs_not_succeeded=0;0\n",
        fine.stdout,
    )
    with Database.connect(url) as database:
        log = RunLog(database)
        log.finish(log.begin("weather"), "failed", message="a | b")
    failed = edl("check", "--db", url)
    status, problem = failed.stdout.splitlines()
    assert failed.exit_code == 1
    assert status.startswith("EDL WARNING - 1 problem: weather: the last run is failed")
    assert status.count("|") == 1
    assert status.endswith(" runs_not_succeeded=1;0")
    assert problem.endswith("a | b")
    document = json.loads(edl("check", "--json", "--db", url).stdout)
    assert (document["ok"], document["problems"]) == (False, [problem])
    monkeypatch.setenv("EDL_MAX_AGE", "0h wind_namdong=45d")
    assert "weather_asos: the newest hour is" in edl("check", "--db", url).stdout
    assert "weather_asos: the newest hour is" not in edl("check", "--max-age", "36h", "--db", url).stdout


@pytest.mark.parametrize("command", ["check", "drift", "shadow-report"])
def test_an_error_has_an_exit_code_that_no_finding_has(tmp_path, monkeypatch, own_environment, command):
    monkeypatch.chdir(tmp_path)
    absent = edl(command, "--db", "duckdb:///absent.duckdb")
    assert (absent.exit_code, list(tmp_path.iterdir())) == (4, [])
    assert edl(command, "--db", "mysql:///").exit_code == 2
    (tmp_path / "there.duckdb").touch()
    monkeypatch.setattr("energy_data_layer.storage.migrations.connect", lambda *_, **__: 1 / 0)
    assert edl(command, "--db", "duckdb:///there.duckdb").exit_code == 4
    assert edl(command, "--no-such-option").exit_code == 2
