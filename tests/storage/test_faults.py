"""PostgreSQL where things go wrong: many writers, killed ones, a server that stops, a full disk.

Each time: no row wrong or twice, nothing lost that was acknowledged, a clear error, and a second run that
completes the work.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date

import pytest

from energy_data_layer.errors import StorageError
from energy_data_layer.jobs.weather import filling
from energy_data_layer.jobs.weather.from_files import run_weather
from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, write_asos_sample
from energy_data_layer.storage.database import Database, UpsertCounts
from energy_data_layer.storage.migrations import SCHEMA_VERSION
from energy_data_layer.storage.tables import RUNS, WEATHER_ASOS, WEATHER_KEY

from .hourly_rows import KEY, contents, create_table, many_rows, rows, stored
from .writers import MIGRATE, RUN_WEATHER, WAIT_WHILE_STAGING, WRITE, go_on, numbers, started

pytestmark = [
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this platform has no SIGKILL"),
]

MANY = 20_000


@pytest.fixture
def url(postgres_url):
    with Database.connect(postgres_url) as database:
        create_table(database)
        database.upsert("hourly", rows([1], [1.0]), KEY)
    return postgres_url


@pytest.fixture
def server(own_postgres_server):
    return own_postgres_server


@pytest.fixture
def url_of_own_server(server):
    url = server.empty_database()
    with Database.connect(url) as database:
        create_table(database)
        database.upsert("hourly", rows([1], [1.0]), KEY)
    return url


def in_at_once(processes):
    for process in processes:
        assert process.first_word == "ready"
    for process in processes:
        go_on(process)
    return [numbers(process) for process in processes]


# --- several writers at once ------------------------------------------------------------------------


@pytest.mark.slow
def test_writers_of_the_same_rows_insert_each_once(url):
    with ExitStack() as stack:
        writers = [stack.enter_context(started(WRITE, url, 0, MANY, 7)) for _ in range(3)]
        counts = in_at_once(writers)
    assert sorted(counts) == [(0, 0, MANY), (0, 0, MANY), (MANY - 1, 1, 0)]
    assert [row["station"] for row in stored(url)] == list(range(MANY))


def test_a_writer_that_waited_sees_what_was_committed_meanwhile_in_any_isolation(url):
    strict = url + "&options=-c%20default_transaction_isolation%3Dserializable"
    with Database.connect(strict) as one, Database.connect(strict) as other, ThreadPoolExecutor(1) as thread:
        with one.transaction():
            one.upsert("hourly", rows([1, 2], [5.0, 2.0]), KEY)
            waiting = thread.submit(other.upsert, "hourly", rows([1, 2], [6.0, 2.0]), KEY)
            while not one.query("SELECT pid FROM pg_locks WHERE NOT granted").num_rows:
                time.sleep(0.01)
        assert waiting.result() == UpsertCounts(0, 1, 1)
    assert [row["ta"] for row in stored(url)] == [6.0, 2.0]


@pytest.mark.slow
def test_writers_of_overlapping_rows_leave_those_of_one_in_the_overlap(url):
    with ExitStack() as stack:
        writers = [
            stack.enter_context(started(WRITE, url, first, first + MANY, value))
            for first, value in ((0, 7), (MANY // 2, 8))
        ]
        counts = in_at_once(writers)
    values = [row["ta"] for row in stored(url)]
    assert len(values) == MANY + MANY // 2
    assert sum(inserted for inserted, _, _ in counts) == len(values) - 1
    assert set(values[: MANY // 2]) == {7.0}
    assert len(set(values[MANY // 2 : MANY])) == 1
    assert set(values[MANY:]) == {8.0}


@pytest.mark.slow
def test_several_may_make_the_tables_at_once(postgres_url):
    with ExitStack() as stack:
        versions = in_at_once([stack.enter_context(started(MIGRATE, postgres_url)) for _ in range(3)])
    with Database.connect(postgres_url) as database:
        assert [(database.row_count(SCHEMA_VERSION),)] * 3 == versions


def weather_files(folder):
    return write_asos_sample(folder, stations=SAMPLE_STATIONS[:2], since=date(2023, 1, 1), until=date(2023, 1, 20))


def weather_rows(url):
    with Database.connect(url) as database:
        return database.read(WEATHER_ASOS).sort_by([(name, "ascending") for name in WEATHER_KEY])


@pytest.mark.slow
def test_two_weather_jobs_over_the_same_hours_leave_what_one_leaves(tmp_path, postgres_url):
    files = weather_files(tmp_path)
    with ExitStack() as stack:
        jobs = [stack.enter_context(started(RUN_WEATHER, postgres_url, tmp_path / "*.csv")) for _ in range(2)]
        counts = in_at_once(jobs)
    run_weather(files, f"duckdb:///{tmp_path}/alone.duckdb", use_rust=False)
    alone = weather_rows(f"duckdb:///{tmp_path}/alone.duckdb")
    assert sorted(counts) == [(0, 0, alone.num_rows), (alone.num_rows, 0, 0)]
    assert weather_rows(postgres_url).equals(alone)
    with Database.connect(postgres_url) as database:
        assert database.read(RUNS, ["status"])["status"].to_pylist() == ["succeeded"] * 2


# --- writers that are killed ------------------------------------------------------------------------


def test_a_writer_that_is_killed_while_staging_leaves_the_previous_state(url):
    before = stored(url)
    with started(WAIT_WHILE_STAGING + WRITE, url, 0, MANY, 7) as writer:
        assert writer.first_word == "ready"
        go_on(writer)
        assert writer.stdout.readline() == "staging\n"
        writer.send_signal(signal.SIGKILL)
    assert stored(url) == before
    with Database.connect(url) as database:
        assert database.upsert("hourly", many_rows(MANY), KEY) == UpsertCounts(MANY - 1, 1, 0)


def wait_for_the_commit(server):
    """Return once a session waits for a standby to confirm its commit."""
    deadline = time.monotonic() + 60
    while not server.values("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def let_commits_hang(server, standby):
    """Let a commit wait for a standby of this name, which never answers; an empty one ends that."""
    server.run(f"ALTER SYSTEM SET synchronous_standby_names = '{standby}'", "SELECT pg_reload_conf()")


def test_a_writer_that_is_killed_while_committing_leaves_all_or_nothing(server, url_of_own_server):
    url = url_of_own_server
    let_commits_hang(server, "nobody")
    with started(WRITE, url, 0, MANY, 7) as writer:
        go_on(writer)
        wait_for_the_commit(server)
        writer.send_signal(signal.SIGKILL)
    let_commits_hang(server, "")
    values = [row["ta"] for row in stored(url)]
    assert values in ([7.0] * MANY, [1.0])
    with Database.connect(url) as database:
        counts = database.upsert("hourly", many_rows(MANY), KEY)
    assert (counts.inserted, counts.updated) == (MANY - len(values), len(values))


# --- a server that stops ----------------------------------------------------------------------------


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["in_order", "at_once"])
def test_a_server_that_stops_before_the_commit_has_changed_nothing(server, url_of_own_server, how):
    url = url_of_own_server
    before = stored(url)

    def write_and_lose_the_server(database):
        with database.transaction():
            database.upsert("hourly", many_rows(MANY), KEY)
            server.stop(how)
            database.upsert("hourly", rows([-1], [1.0]), KEY)

    with Database.connect(url) as database:
        with pytest.raises(StorageError, match=r"server is gone or was stopped; nothing was changed, run again"):
            write_and_lose_the_server(database)
        with pytest.raises(StorageError, match="server is gone or was stopped"):
            database.read("hourly")
    with pytest.raises(StorageError, match="server is gone or was stopped"):
        Database.connect(url)
    server.start()
    assert stored(url) == before
    with Database.connect(url) as database:
        assert database.upsert("hourly", many_rows(MANY), KEY) == UpsertCounts(MANY - 1, 1, 0)


def test_a_server_that_stops_while_it_commits_is_an_error_that_says_so(server, url_of_own_server):
    url = url_of_own_server
    let_commits_hang(server, "nobody")
    with Database.connect(url) as database, ThreadPoolExecutor(1) as thread:
        writing = thread.submit(database.upsert, "hourly", many_rows(MANY), KEY)
        wait_for_the_commit(server)
        server.stop(signal.SIGQUIT)
        with pytest.raises(StorageError, match=r"may be stored or not; run again to be sure"):
            writing.result()
    server.start()
    let_commits_hang(server, "")
    assert len(stored(url)) in (1, MANY)
    with Database.connect(url) as database:
        database.upsert("hourly", many_rows(MANY), KEY)
        assert database.upsert("hourly", many_rows(MANY), KEY) == UpsertCounts(0, 0, MANY)


def test_a_job_whose_server_stops_is_completed_by_the_next_one(server, tmp_path, monkeypatch, caplog):
    url = server.empty_database()
    files = weather_files(tmp_path)
    impute = filling.impute_with_derived

    def impute_and_lose_the_server(*arguments, **options):
        server.stop(signal.SIGQUIT)
        return impute(*arguments, **options)

    monkeypatch.setattr(filling, "impute_with_derived", impute_and_lose_the_server)
    with pytest.raises(StorageError, match="server is gone or was stopped; nothing was changed"):
        run_weather(files, url, use_rust=False)
    assert "the end of run" in caplog.text
    monkeypatch.undo()
    server.start()
    report = run_weather(files, url, use_rust=False)
    assert report.rows_inserted == weather_rows(url).num_rows > 0
    with Database.connect(url) as database:
        assert database.read(RUNS, ["status"])["status"].to_pylist() == ["running", "succeeded"]


# --- a full disk ------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(server, tmp_path):
    """A file system of 24 MB that belongs to the server, where this user may mount one."""
    folder = server.folder / "disk"
    folder.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small file system takes root on Linux")
    owner = server.data.stat()
    options = f"size=24m,uid={owner.st_uid},gid={owner.st_gid},mode=0700"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this container may not mount a file system")
    yield folder
    server.stop(signal.SIGQUIT)
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_an_error_and_with_more_room_the_next_run_completes_the_work(server, small_disk):
    server.run(f"CREATE TABLESPACE small LOCATION '{small_disk}'", "CREATE DATABASE tight TABLESPACE small")
    with Database.connect(server.url("tight")) as database:
        create_table(database)
        database.upsert("hourly", rows([1], [1.0]), KEY)
        before = contents(database)
        with pytest.raises(StorageError, match="disk is full; nothing was changed, free some space and run again"):
            database.upsert("hourly", many_rows(500_000), KEY)
        assert contents(database) == before
        subprocess.run(["mount", "-o", "remount,size=400m", str(small_disk)], check=True)
        assert database.upsert("hourly", many_rows(500_000), KEY) == UpsertCounts(499_999, 1, 0)
