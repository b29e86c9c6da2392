"""The jobs over files into DuckDB and into PostgreSQL: the same rows, counts and reports."""

from __future__ import annotations

import json
from datetime import date

import pytest

from energy_data_layer.jobs.generation.from_files import run_generation
from energy_data_layer.jobs.weather.from_files import run_weather
from energy_data_layer.simulator.sample_generation import write_generation_sample
from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, write_asos_sample
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.tables import (
    GENERATION_HOURLY,
    GENERATION_KEY,
    REJECT_KEY,
    REJECTS,
    RUNS,
    WEATHER_ASOS,
    WEATHER_KEY,
)


@pytest.fixture
def urls(tmp_path, postgres_url):
    return f"duckdb:///{tmp_path}/energy.duckdb", postgres_url


def stored(url, table, key, *, without=()):
    with Database.connect(url) as database:
        rows = database.read(table).drop_columns(list(without))
    return rows.sort_by([(name, "ascending") for name in key])


def counts(report):
    return report.rows_inserted, report.rows_updated, report.rows_unchanged


def test_the_weather_job_stores_the_same_in_both(tmp_path, urls):
    files = write_asos_sample(tmp_path, stations=SAMPLE_STATIONS[:2], since=date(2023, 1, 1), until=date(2023, 2, 10))
    for options in ({"until": "2023-01-31"}, {"since": "2023-02-01"}, {"columns": ["ta", "ws"]}):
        reports = [run_weather(files, url, **options) for url in urls]
        assert counts(reports[0]) == counts(reports[1])
        assert reports[0].filled == reports[1].filled
        assert reports[0].context_rows_recomputed == reports[1].context_rows_recomputed
    in_duckdb, in_postgresql = (stored(url, WEATHER_ASOS, WEATHER_KEY) for url in urls)
    assert in_duckdb.num_rows > 1900
    assert in_postgresql.schema == in_duckdb.schema
    assert in_postgresql.equals(in_duckdb)


def test_the_generation_job_stores_the_same_in_both(tmp_path, urls):
    files = write_generation_sample(tmp_path / "sample")
    for reread in (False, True):
        reports = [run_generation(files, url, reread=reread) for url in urls]
        assert counts(reports[0]) == counts(reports[1])
        assert reports[0].rejects_new == reports[1].rejects_new
    for table, key, without in ((GENERATION_HOURLY, GENERATION_KEY, ()), (REJECTS, REJECT_KEY, ["first_seen"])):
        in_duckdb, in_postgresql = (stored(url, table, key, without=without) for url in urls)
        assert in_duckdb.num_rows > 0
        assert in_postgresql.equals(in_duckdb), table


def test_each_run_is_in_the_table_of_runs_with_its_report(tmp_path, database_url):
    files = write_generation_sample(tmp_path / "sample")
    report = run_generation(files, database_url)
    with Database.connect(database_url) as database:
        (run,) = database.read(RUNS).to_pylist()
    assert (run["job"], run["status"], run["engine"]) == ("generation", "succeeded", report.engine)
    assert (run["rows_inserted"], run["rows_rejected"]) == (report.rows_inserted, report.rows_rejected)
    assert json.loads(run["report"]) == report.to_dict()
    assert run["started"] <= run["finished"]
