"""The table of runs: noted at once, beside the job's transaction, and without secrets."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import date, datetime

import pytest

from energy_data_layer.errors import OptionError, StorageError
from energy_data_layer.jobs.run_context import recorded
from energy_data_layer.reports.run_report import RunReport
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.runs import RunLog
from energy_data_layer.storage.tables import RUN_COLUMNS, RUNS, WIND_NAMDONG


@pytest.fixture
def database(database_url):
    with Database.connect(database_url) as database:
        yield database


@pytest.fixture
def log(database):
    return RunLog(database)


def only_run(database):
    (run,) = database.read(RUNS).to_pylist()
    return run


def test_a_run_is_noted_when_it_begins_and_when_it_ends(database, log):
    run_id = log.begin("wind", {"month": date(2024, 1, 1)})
    run = only_run(database)
    assert (run["run_id"], run["job"], run["status"], run["finished"]) == (run_id, "wind", "running", None)
    assert json.loads(run["report"]) == {"job": "wind", "arguments": {"month": "2024-01-01"}}
    report = RunReport("wind", arguments={}, rows_inserted=24, rows_updated=2, rows_unchanged=1, engine="rust")
    log.finish(run_id, "incomplete", report.row(), "3 days are missing")
    run = only_run(database)
    assert (run["status"], run["message"], run["engine"]) == ("incomplete", "3 days are missing", "rust")
    assert (run["rows_inserted"], run["rows_updated"], run["rows_unchanged"], run["rows_rejected"]) == (24, 2, 1, 0)
    assert json.loads(run["report"]) == report.to_dict()
    assert run["finished"] >= run["started"]


def test_requests_are_noted_on_the_way_and_stay_where_the_report_has_none(database, log):
    run_id = log.begin("wind")
    log.checkpoint(run_id, requests=7)
    assert only_run(database)["requests"] == 7
    log.finish(run_id, "succeeded", RunReport("wind", arguments={}).row())
    assert only_run(database)["requests"] == 7


def test_the_latest_runs_come_first(database, log):
    names = [log.begin(job) for job in ("wind", "solar", "wind")]
    assert log.latest(2)["run_id"].to_pylist() == names[:0:-1]
    assert log.latest(job="wind")["run_id"].to_pylist() == [names[2], names[0]]
    assert {field.name: field.type for field in log.latest().schema} == RUN_COLUMNS


def test_a_day_of_requests_is_one_of_korean_time(database, log):
    for started, finished, requests in (
        ("2024-01-01 14:59:59", "2024-01-01 14:59:59", 1),
        ("2024-01-01 15:00:00", "2024-01-01 16:00:00", 10),
        ("2024-01-02 14:59:59", "2024-01-02 15:00:00", 100),
        ("2024-01-02 15:00:00", None, 1000),
    ):
        run_id = log.begin("wind")
        times = [None if stamp is None else datetime.fromisoformat(stamp) for stamp in (started, finished)]
        database.execute(
            f"UPDATE {RUNS} SET requests = $1, started = $2 WHERE run_id = $3", [requests, times[0], run_id]
        )
        if finished is not None:
            database.execute(f"UPDATE {RUNS} SET finished = $1 WHERE run_id = $2", [times[1], run_id])
    assert [log.requests_today("wind", date(2024, 1, day)) for day in (1, 2, 3, 4)] == [1, 110, 1100, 0]
    assert log.requests_today("solar", date(2024, 1, 2)) == 0


def test_the_requests_of_today_are_those_of_today(log):
    run_id = log.begin("wind")
    log.checkpoint(run_id, requests=5)
    assert log.requests_today("wind") == 5


def test_a_status_that_is_none(log):
    with pytest.raises(OptionError, match="succeeded, incomplete, empty, failed"):
        log.finish(log.begin("wind"), "running")


def test_a_recorded_run_ends_as_the_job_says(database, log):
    report = RunReport("wind", arguments={"month": "2024-01"})
    with recorded(log, report):
        report.rows_inserted = 5
        report.status, report.message = "incomplete", "the day's requests are used up"
    stored = only_run(database)
    assert (stored["status"], stored["message"]) == ("incomplete", "the day's requests are used up")
    assert stored["rows_inserted"] == 5
    assert stored["run_id"] == report.run_id
    assert report.finished


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (StorageError("the disk is full"), "StorageError: the disk is full"),
        (RuntimeError("GET https://service/list?serviceKey=s3cret"), "RuntimeError"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
    ],
)
def test_an_exception_ends_a_recorded_run_and_goes_on(database, log, error, message):
    def fail():
        with recorded(log, RunReport("wind", arguments={})), database.transaction():
            database.execute(f"INSERT INTO {WIND_NAMDONG} VALUES (TIMESTAMP '2024-01-01', 'a', 1)")
            raise error

    with pytest.raises(type(error)):
        fail()
    stored = only_run(database)
    assert (stored["status"], stored["message"]) == ("failed", message)
    assert database.row_count(WIND_NAMDONG) == 0


def test_a_log_by_url(database_url):
    log = RunLog(database_url)
    log.finish(log.begin("wind"), "succeeded")
    assert log.latest()["status"].to_pylist() == ["succeeded"]


def test_in_postgresql_a_note_waits_for_no_transaction_of_the_job(postgres_url):
    with Database.connect(postgres_url) as database:
        log = RunLog(database)
        run_id = log.begin("wind")
        with database.transaction():
            database.lock(WIND_NAMDONG)
            log.checkpoint(run_id, requests=3)
            assert RunLog(postgres_url).latest()["requests"].to_pylist() == [3]


KILLED_JOB = """
import sys
from energy_data_layer.jobs.run_context import recorded
from energy_data_layer.reports.run_report import RunReport
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.runs import RunLog
report = RunReport("wind", arguments={})
with Database.connect(sys.argv[1]) as database, recorded(RunLog(database), report):
    RunLog(database).checkpoint(report.run_id, requests=4)
    print("running", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this platform has no SIGKILL")
def test_a_run_whose_process_died_is_shown_as_running_with_its_requests(database_url):
    command = [sys.executable, "-c", KILLED_JOB, database_url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as job:
        assert job.stdout.readline() == "running\n"
        job.send_signal(signal.SIGKILL)
    with Database.connect(database_url) as database:
        run = only_run(database)
        assert RunLog(database).requests_today("wind") == 4
    assert (run["status"], run["finished"], run["requests"]) == ("running", None, 4)


def test_in_postgresql_the_end_is_noted_though_the_connection_was_lost(postgres_server, postgres_url):
    def lose():
        with Database.connect(postgres_url) as database, recorded(RunLog(database), RunReport("wind", arguments={})):
            postgres_server.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'test'", database="postgres"
            )
            database.row_count(WIND_NAMDONG)

    with pytest.raises(StorageError):
        lose()
    with Database.connect(postgres_url) as database:
        assert only_run(database)["status"] == "failed"


def test_in_postgresql_notes_between_transactions_need_no_other_connection(postgres_url, monkeypatch):
    with Database.connect(postgres_url) as database:
        log = RunLog(database)
        monkeypatch.setattr(type(database), "_open", None)
        log.checkpoint(log.begin("wind"), requests=3)
        assert log.requests_today("wind") == 3
