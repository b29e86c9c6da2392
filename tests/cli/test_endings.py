"""How `edl` ends where its output, its report or a signal ends it: a true sentence, its exit code, no traceback."""

from __future__ import annotations

import json
import os
import re
import signal
import struct
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest

from energy_data_layer.simulator import Simulator, SimulatorOptions
from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, write_asos_sample
from energy_data_layer.storage.database import Database

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full, signals and the size of pipes"),
]

CODE = "import sys; sys.argv[0] = 'edl'; from energy_data_layer.cli import main; main()"
EDL = [sys.executable, "-W", "error", "-c", CODE]
RUN = ["run", "weather", "--files", "asos/*.csv", "--db", "duckdb:///energy.duckdb", "--columns", "ta", "hm"]
STORED = r"stored rows: 2,978 in weather_asos, \d+ in "
NO_SPACE = "No space left on device"
NOT_TOLD = 3


@pytest.fixture(autouse=True)
def sample(own_environment, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    write_asos_sample(tmp_path / "asos", stations=SAMPLE_STATIONS[:2], since=date(2023, 12, 1), until=date(2024, 2, 1))


def edl(*arguments, shell="", **environment):
    """Run a command, with redirections of its streams by the shell; return its exit code and standard error."""
    command = ["sh", "-c", f'"$@" {shell}', "sh", *EDL, *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, env=os.environ | environment
    )
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    return done.returncode, done.stderr


def rows_stored():
    with Database.connect("duckdb:///energy.duckdb") as database:
        return database.row_count("weather_asos")


# --- standard output and standard error -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("shell", "why"), [(">/dev/full", NO_SPACE), (">&-", "Bad file descriptor"), ("<&- >&-", "Bad file descriptor")]
)
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_run_whose_output_nobody_takes_is_stored_and_says_so(shell, why, options):
    code, said = edl(*RUN, *options, shell=shell)
    assert code == NOT_TOLD, said
    assert re.search(rf"^edl: standard output cannot be written: {why}; {STORED}", said, re.MULTILINE)
    assert rows_stored() == 2978
    assert json.loads(Path("energy.weather.json").read_text())["status"] == "succeeded"


def test_a_reader_that_stops_reading_ends_no_run(tmp_path):
    command = ["bash", "-c", '"$@" | head -1; exit ${PIPESTATUS[0]}', "bash", *EDL, *RUN]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == NOT_TOLD, done.stderr
    assert done.stdout.startswith("Job weather succeeded")
    assert re.search(rf"^edl: standard output cannot be written: Broken pipe; {STORED}", done.stderr, re.MULTILINE)
    assert "Traceback" not in done.stderr
    assert rows_stored() == 2978


@pytest.mark.parametrize("arguments", [["--help"], ["status"], ["report", "--json"]])
def test_a_command_that_stores_nothing_says_so(arguments):
    Database.connect("duckdb:///energy.duckdb").close()
    code, said = edl(*arguments, shell=">/dev/full", EDL_DATABASE_URL="duckdb:///energy.duckdb")
    assert code == NOT_TOLD, said
    assert said.splitlines()[-1] == f"edl: standard output cannot be written: {NO_SPACE}; nothing was stored"


@pytest.mark.parametrize("shell", ["2>/dev/full", "2>&-"])
def test_a_log_that_cannot_be_written_ends_no_run(shell):
    assert edl(*RUN, shell=shell) == (0, "")
    assert rows_stored() == 2978


def test_a_closed_standard_output_never_becomes_the_database():
    edl(*RUN, shell="<&- >&- 2>&-")
    assert rows_stored() == 2978


# --- what tells of a run and cannot be written ------------------------------------------------------------


@pytest.mark.parametrize("target", ["/dev/full", "pipe"])
def test_a_report_that_cannot_be_written_leaves_the_run_stored(target):
    os.mkfifo("pipe")
    code, said = edl(*RUN, "--report", target)
    why = NO_SPACE if target == "/dev/full" else "nobody reads from this pipe"
    assert code == NOT_TOLD
    assert said.splitlines()[-1] == (
        f"edl: weather is stored, but its report is not written: {target}: cannot be written: {why}"
    )
    assert rows_stored() == 2978


def test_a_report_that_cannot_be_written_leaves_an_incomplete_run_incomplete():
    code, said = edl(*RUN, "--since", "2030-01-01", "--report", "/dev/full")
    assert code == 1
    assert "edl: weather is incomplete: none of the 2,980 rows was to be stored" in said
    assert f"cannot be written: {NO_SPACE}" in said


def test_a_picture_that_cannot_be_written_leaves_the_run_stored():
    code, said = edl(*RUN, "--picture", "/dev/full")
    assert code == NOT_TOLD
    picture = f"the rows are stored, but the picture is not written: /dev/full: cannot be written: {NO_SPACE}"
    assert re.match(f"edl: {picture}; {STORED}", said.splitlines()[-1])
    with Database.connect("duckdb:///energy.duckdb") as database:
        assert database.read("runs", ["status"]).to_pylist() == [{"status": "succeeded"}]


@pytest.mark.parametrize("target", ["/dev/full", "pipe", "asos", "absent/page.html"])
def test_a_page_that_cannot_be_written_is_an_error(target):
    Database.connect("duckdb:///energy.duckdb").close()
    os.mkfifo("pipe")
    code, said = edl("report", "--db", "duckdb:///energy.duckdb", "-o", target)
    assert code == 1
    assert re.match(r"edl: .*(cannot be written: (No space|nobody reads)|is a folder|does not exist)", said)
    assert len(said.splitlines()) == 1


# --- signals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_after_the_commit_says_what_is_stored(number):
    """The picture goes into a pipe that is full: the process waits there, all rows being stored."""
    fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")
    os.mkfifo("pipe")
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    with subprocess.Popen([*EDL, *RUN, "--picture", "pipe"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as run:
        while struct.unpack("i", fcntl.ioctl(reader, termios.FIONREAD, bytes(4)))[0] == 0:
            assert run.poll() is None
            time.sleep(0.05)
        run.send_signal(number)
        _, said = run.communicate(timeout=60)
    os.close(reader)
    last = said.decode().splitlines()[-1]
    assert re.match(f"edl: interrupted by {number.name}; {STORED}", last), said
    assert run.returncode == 128 + number
    assert b"Traceback" not in said
    assert rows_stored() == 2978


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_anything_is_stored_says_so(number):
    with Simulator(SimulatorOptions(latency_seconds=1)) as service:
        command = [*EDL, "run", "wind", "--month", "2024-01", "--db", "duckdb:///energy.duckdb"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, env=os.environ | service.environment) as run:
            while service.request_count == 0:
                assert run.poll() is None
                time.sleep(0.05)
            run.send_signal(number)
            _, said = run.communicate(timeout=60)
    assert said.decode().splitlines()[-1] == f"edl: interrupted by {number.name}; nothing was stored"
    assert run.returncode == 128 + number
    assert b"Traceback" not in said
    with Database.connect("duckdb:///energy.duckdb") as database:
        assert database.read("runs", ["status"]).to_pylist() == [{"status": "failed"}]
        assert database.row_count("wind_namdong") == 0


WITHIN = """
import os, signal, sys, threading
import pyarrow as pa
from energy_data_layer.core.interruption import Interrupted, handle_signals, what_stays
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.duckdb import DuckDBDatabase

handle_signals()
kill = lambda: os.kill(os.getpid(), signal.SIGTERM)
commit = DuckDBDatabase._commit
DuckDBDatabase._commit = lambda self: (commit(self), kill())
with Database.connect("duckdb:///energy.duckdb") as database:
    database.execute("CREATE TABLE plant (name TEXT PRIMARY KEY)")
    try:
        if sys.argv[1] == "commit":
            database.upsert("plant", pa.table({"name": ["a"]}), ["name"])
        else:
            # Where another thread has the only task, DuckDB looks at no signal until that is done.
            database.execute("SET threads = 1")
            threading.Timer(0.5, kill).start()
            database.query("SELECT count(*) AS c FROM range(100000000000) WHERE range % 7 = 3")
    except Interrupted as interrupted:
        print(interrupted, what_stays(), database.row_count("plant"), sep="; ")
"""


@pytest.mark.parametrize(
    ("where", "stays"), [("commit", "stored rows: 1 in plant; 1"), ("query", "nothing was stored; 0")]
)
def test_a_signal_within_a_commit_comes_after_it_and_one_within_a_query_ends_it(where, stays):
    done = subprocess.run([sys.executable, "-c", WITHIN, where], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == f"SIGTERM; {stays}\n"
