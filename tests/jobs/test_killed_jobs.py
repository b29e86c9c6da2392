"""Jobs that die, meet one another, lose their server or their disk, against both databases.

Each time: whole parts only, no row wrong or twice, nothing lost that was committed, and a second run that
completes the work.
"""

from __future__ import annotations

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date

import pytest

from energy_data_layer.engine.equality import assert_equal_answers
from energy_data_layer.errors import StorageError
from energy_data_layer.jobs import service as collected_rows
from energy_data_layer.jobs.reprocess.job import run_reprocess
from energy_data_layer.jobs.status import status_of
from energy_data_layer.jobs.weather import from_service as weather_service
from energy_data_layer.simulator.faults import Fault
from energy_data_layer.storage.database import Database

from ..small_disk import enlarge, mounted
from .killed_jobs import go_on, result, started, wait_for
from .service_jobs import JOBS, PLANTS, SOLAR, TODAY, WEATHER, WIND
from .services import runs

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this platform has no SIGKILL")

EACH_JOB = pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)

IN_TWO_PARTS = {WEATHER: {"stations": (108,), "since": date(2024, 1, 25)}, WIND: {}, SOLAR: {}}
"""Options that have a job commit twice; the weather job commits 41 days at a time."""

SECOND_REQUEST = {
    WEATHER: {"startDt": "20240306"},
    WIND: WIND.second_part,
    SOLAR: SOLAR.second_part,
}


def rows_of_first_part(job, service):
    """How many rows the first commit brings."""
    if job is WEATHER:
        return 41 * 24
    if job is WIND:
        return service.expected_wind(date(2024, 1, 30), date(2024, 1, 31)).num_rows
    return service.expected_solar(job.first, job.last, PLANTS[:1]).num_rows


def assert_the_next_run_completes_it(job, url, service):
    (before,) = runs(url)
    assert (before["status"], before["finished"]) == ("running", None)
    (shown,) = status_of(url).runs
    assert (shown["run_id"], shown["status"]) == (before["run_id"], "running")
    service.change(faults=())
    service.forget_requests()
    report = job.run(url, service, **IN_TWO_PARTS[job])
    assert report.status == "succeeded"
    assert report.rows_updated == 0
    job.assert_whole(url, service, **IN_TWO_PARTS[job])
    assert [run["status"] for run in runs(url)] == ["running", "succeeded"]
    return report


# --- jobs that are killed -----------------------------------------------------------------------------


@pytest.mark.slow
@EACH_JOB
def test_a_job_that_is_killed_while_it_fetches_leaves_whole_parts(database_url, simulator, job):
    service = simulator(today=TODAY, faults=[Fault("hold", where=SECOND_REQUEST[job])])
    with started(job, database_url, service, **IN_TWO_PARTS[job]) as process:
        wait_for(process, "committed 1")
        service.wait_for_held(1)
        process.kill()
    service.release()
    assert job.assert_part(database_url, service, **IN_TWO_PARTS[job]) == rows_of_first_part(job, service)
    assert_the_next_run_completes_it(job, database_url, service)
    assert service.request_count == (1 if job is SOLAR else 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("job", "stop"),
    [
        *((SOLAR, stop) for stop in ("staging 2", "merged 2", "committed 1")),
        (WIND, "staging 2"),
        (WEATHER, "merged 2"),
    ],
    ids=lambda value: value.replace(" ", "_") if isinstance(value, str) else value.name,
)
def test_a_job_that_is_killed_while_it_stores_leaves_whole_parts(database_url, simulator, job, stop):
    service = simulator(today=TODAY)
    with started(job, database_url, service, stop=stop, **IN_TWO_PARTS[job]) as process:
        wait_for(process, stop)
        process.kill()
    assert job.assert_part(database_url, service, **IN_TWO_PARTS[job]) == rows_of_first_part(job, service)
    if stop.endswith("2"):
        assert runs(database_url)[0]["requests"] >= 1
    report = assert_the_next_run_completes_it(job, database_url, service)
    if job is SOLAR:
        assert (service.request_count, report.rows_unchanged) == (1, 0)


@pytest.mark.slow
def test_a_job_that_is_killed_while_it_commits_leaves_all_of_a_part_or_nothing(database_url, simulator):
    service = simulator(today=TODAY)
    with started(SOLAR, database_url, service, stop="merged 2") as process:
        wait_for(process, "merged 2")
        go_on(process)
        process.kill()
    first = rows_of_first_part(SOLAR, service)
    assert SOLAR.assert_part(database_url, service) in (first, 2 * first)
    service.forget_requests()
    assert SOLAR.run(database_url, service).status == "succeeded"
    SOLAR.assert_whole(database_url, service)
    assert service.request_count <= 1


# --- jobs that meet -----------------------------------------------------------------------------------


@pytest.mark.slow
@EACH_JOB
def test_two_jobs_over_the_same_days_leave_what_one_leaves(postgres_url, simulator, job):
    service = simulator(today=TODAY)
    with ExitStack() as stack:
        both = [stack.enter_context(started(job, postgres_url, service, stop="ready")) for _ in range(2)]
        for process in both:
            wait_for(process, "ready")
        for process in both:
            go_on(process)
        results = [result(process) for process in both]
    job.assert_whole(postgres_url, service)
    assert [status for status, *_ in results] == ["succeeded"] * 2
    # Each row was inserted by one of them, and found as it is, or not looked for, by the other.
    assert sum(inserted for _, inserted, _, _ in results) == job.truth(service).num_rows
    assert sum(updated for _, _, updated, _ in results) == 0
    assert [run["status"] for run in runs(postgres_url)] == ["succeeded"] * 2


@pytest.mark.slow
def test_one_job_waits_for_the_transaction_of_another(postgres_server, postgres_url, simulator):
    """The second comes to its writing while the rows of the first are merged and not committed."""
    service = simulator(today=TODAY)
    with started(WEATHER, postgres_url, service, stop="merged 1") as first, ThreadPoolExecutor(1) as thread:
        wait_for(first, "merged 1")
        second = thread.submit(WEATHER.run, postgres_url, service)
        wait_for_a_waiting_session(postgres_server)
        go_on(first)
        status, inserted, _, _ = result(first)
        report = second.result()
    truth = WEATHER.truth(service).num_rows
    assert (status, inserted, report.status) == ("succeeded", truth, "succeeded")
    assert (report.rows_inserted, report.rows_updated, report.rows_unchanged) == (0, 0, truth)
    WEATHER.assert_whole(postgres_url, service)


@pytest.mark.slow
def test_reprocessing_waits_for_a_job_and_mends_what_stands_there(postgres_server, postgres_url, simulator, tmp_path):
    """Reprocessing comes to its reading while the rows of a job are merged and not committed.

    The job mends the fills of the last week, reprocessing the older ones: each wrong value is in the history once.
    """
    service = simulator(today=TODAY)
    expected = f"duckdb:///{tmp_path}/expected.duckdb"
    first_days = {"since": date(2024, 2, 10), "until": date(2024, 3, 3)}
    last_day = {"since": date(2024, 3, 4), "until": date(2024, 3, 4)}
    for url in (expected, postgres_url):
        WEATHER.run(url, service, **first_days)
    WEATHER.run(expected, service, **last_day)
    run_reprocess(expected, since=first_days["since"])
    with Database.connect(postgres_url) as database:
        wrong = database.query("SELECT ta + 1000 AS ta FROM weather_asos WHERE ta_provenance > 0 ORDER BY ta")[
            "ta"
        ].to_pylist()
        database.execute("UPDATE weather_asos SET ta = ta + 1000 WHERE ta_provenance > 0")
    stop = "merged 1"
    with started(WEATHER, postgres_url, service, stop=stop, **last_day) as job, ThreadPoolExecutor(1) as thread:
        wait_for(job, stop)
        reprocessing = thread.submit(run_reprocess, postgres_url, since=first_days["since"])
        wait_for_a_waiting_session(postgres_server)
        go_on(job)
        assert result(job)[:2] == ("succeeded", 24 * len(WEATHER.options()["stations"]))
        assert reprocessing.result().status == "succeeded"
    with Database.connect(postgres_url) as database:
        kept = database.query(
            "SELECT old_value FROM fill_changes WHERE field = 'ta' AND old_value > 500 ORDER BY old_value"
        )
    assert kept["old_value"].to_pylist() == wrong != []
    mended, whole = WEATHER.stored(postgres_url), WEATHER.stored(expected)
    assert_equal_answers(mended.select(whole.column_names), whole)
    assert run_reprocess(postgres_url, since=first_days["since"]).values_replaced == 0


def wait_for_a_waiting_session(server):
    """Return once a session waits for a lock."""
    deadline = time.monotonic() + 60
    while not server.values("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.slow
def test_a_duckdb_file_that_another_job_holds_is_an_error_that_says_so(tmp_path, simulator):
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    service = simulator(today=TODAY)
    with started(SOLAR, url, service, stop="merged 1") as process:
        wait_for(process, "merged 1")
        for job in JOBS:
            with pytest.raises(StorageError, match="another process has the database open; close it there or wait"):
                job.run(url, service)
        go_on(process)
        assert result(process)[0] == "succeeded"
    for job in JOBS:
        assert job.run(url, service).status == "succeeded"
        job.assert_whole(url, service)


# --- a server that stops ------------------------------------------------------------------------------


def on_second_call(function, first):
    """Return a function that does something before its second call."""
    calls = []

    def called(*arguments, **options):
        calls.append(1)
        if len(calls) == 2:
            first()
        return function(*arguments, **options)

    return called


@pytest.mark.slow
@pytest.mark.parametrize(
    ("job", "comes_back"),
    [
        pytest.param(WEATHER, False, id="weather_stays_away"),
        pytest.param(WIND, False, id="wind_stays_away"),
        pytest.param(SOLAR, False, id="solar_stays_away"),
        pytest.param(SOLAR, True, id="solar_comes_back_at_once"),
    ],
)
def test_a_job_whose_server_stops_is_completed_by_the_next_run(
    own_postgres_server, simulator, monkeypatch, caplog, job, comes_back
):
    """The server stops as a crash would, after the first part is committed and the second one is fetched."""
    server = own_postgres_server
    url = server.empty_database()
    service = simulator(today=TODAY)

    def stop():
        server.stop(signal.SIGQUIT)
        if comes_back:
            server.start()

    module = weather_service if job is WEATHER else collected_rows
    settle = module.settle_repeated_rows
    # Each part is committed by itself, however fast the next one comes.
    monkeypatch.setattr(collected_rows, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(module, "settle_repeated_rows", on_second_call(settle, stop))
    with pytest.raises(StorageError, match="the server is gone or was stopped; nothing was changed, run again"):
        job.run(url, service, **IN_TWO_PARTS[job])
    monkeypatch.undo()
    if not comes_back:
        assert "the end of run" in caplog.text
        server.start()
    assert job.assert_part(url, service, **IN_TWO_PARTS[job]) == rows_of_first_part(job, service)
    (run,) = runs(url)
    # Where the server is back the end of the run could be noted.
    assert run["status"] == ("failed" if comes_back else "running")
    service.forget_requests()
    assert job.run(url, service, **IN_TWO_PARTS[job]).status == "succeeded"
    job.assert_whole(url, service, **IN_TWO_PARTS[job])
    assert service.request_count == (1 if job is SOLAR else 2)


def test_without_its_server_a_job_asks_nothing(own_postgres_server, simulator):
    url = own_postgres_server.empty_database()
    service = simulator(today=TODAY)
    own_postgres_server.stop()
    for job in JOBS:
        with pytest.raises(StorageError, match="the server is gone or was stopped"):
            job.run(url, service)
    assert service.request_count == 0


# --- a full disk --------------------------------------------------------------------------------------

MUCH = {"plants": tuple(PLANTS), "since": date(2023, 1, 1), "until": date(2023, 12, 31)}
"""88,000 hours, some 10 MB."""


@pytest.fixture
def small_duckdb(tmp_path):
    """The URL of a DuckDB file on a disk of its own, and what gives that more room."""
    folder = tmp_path / "disk"
    folder.mkdir()
    with mounted(folder, 4, tmp_path.stat()):
        yield f"duckdb:///{folder}/energy.duckdb", lambda: enlarge(folder, 400)


@pytest.fixture
def small_postgresql(own_postgres_server):
    """The URL of a PostgreSQL database on a disk of its own, and what gives that more room."""
    server = own_postgres_server
    folder = server.folder / "disk"
    folder.mkdir()
    with mounted(folder, 16, server.data.stat()):
        server.run(f"CREATE TABLESPACE small LOCATION '{folder}'", "CREATE DATABASE tight TABLESPACE small")
        yield server.url("tight"), lambda: enlarge(folder, 400)
        server.stop(signal.SIGQUIT)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["duckdb", "postgresql"])
def test_on_a_full_disk_the_run_fails_and_with_more_room_the_next_one_completes_it(request, simulator, kind):
    url, make_room = request.getfixturevalue(f"small_{kind}")
    service = simulator(today=TODAY)
    with pytest.raises(StorageError, match="disk is full; nothing was changed, free some space and run again"):
        SOLAR.run(url, service, **MUCH)
    parts = SOLAR.assert_part(url, service, **MUCH) / (365 * 24)
    assert parts == int(parts)
    make_room()
    service.forget_requests()
    report = SOLAR.run(url, service, **MUCH)
    assert (report.status, report.rows_updated) == ("succeeded", 0)
    assert service.request_count == len(PLANTS) - parts
    SOLAR.assert_whole(url, service, **MUCH)
    assert runs(url)[-1]["status"] == "succeeded"
