"""`edl doctor`: each problem provoked, in a process of its own where that matters."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import zoneinfo
from dataclasses import replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import metadata

import pytest
from typer.testing import CliRunner

from energy_data_layer import settings
from energy_data_layer.cli.app import app
from energy_data_layer.jobs.weather.from_files import run_weather
from energy_data_layer.storage import migrations
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.migrations import MIGRATIONS, SCHEMA_VERSION, migrate
from energy_data_layer.storage.runs import RunLog
from energy_data_layer.transforms.impute import api as impute


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch, tmp_path):
    for name in settings.known():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def examined(*arguments):
    result = CliRunner().invoke(app, ["doctor", "--json", *arguments])
    document = json.loads(result.stdout)
    assert result.exit_code == (0 if document["ok"] else 1)
    return document["findings"]


def verdicts(findings, check):
    return [finding["verdict"] for finding in findings if finding["check"] == check]


def told(findings, verdict):
    return [finding["what"] for finding in findings if finding["verdict"] == verdict]


def test_a_sound_installation_has_no_problem(database_url):
    with Database.connect(database_url) as database:
        log = RunLog(database)
        log.finish(log.begin("wind"), "succeeded")
        before = database.tables()
    found = examined("--db", database_url)
    assert told(found, "problem") == []
    assert verdicts(found, "database writes") == verdicts(found, "job wind") == ["ok"]
    assert verdicts(found, "impute_missing_values") == ["ok"]
    with Database.connect(database_url) as database:
        assert sorted(database.tables()) == sorted(before)


def test_an_older_schema_is_tried_and_left(database_url, monkeypatch):
    with monkeypatch.context() as earlier, Database.connect(database_url) as database:
        earlier.setattr(migrations, "MIGRATIONS", MIGRATIONS[:8])
        migrate(database)
    found = examined("--db", database_url)
    assert told(found, "problem") == []
    assert any(f"the next run brings it to {MIGRATIONS[-1].version}" in what for what in told(found, "ok"))
    with Database.connect(database_url) as database:
        assert "release" not in database.columns("runs")


def test_a_newer_schema_is_a_problem(database_url):
    with Database.connect(database_url) as database:
        migrate(database)
        database.execute(f"INSERT INTO {SCHEMA_VERSION} VALUES (99, 'later', TIMESTAMP '2030-01-01')")
    assert any("update energy-data-layer" in what for what in told(examined("--db", database_url), "problem"))


@pytest.mark.parametrize("made_up", [False, True])
def test_stretches_that_are_mostly_made_up_are_named(database_url, tmp_path, made_up):
    lines = ["지점,지점명,일시,기온"]
    for day in range(20):
        at = datetime(2024, 1, 1) + timedelta(days=3 * day if made_up else day)
        lines += [f"108,서울,{at + timedelta(hours=hour):%Y-%m-%d %H:%M},{hour}" for hour in range(24)]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    run_weather(tmp_path / "a.csv", database_url, columns=["ta"])
    found = [finding for finding in examined("--db", database_url) if finding["check"] == "made-up hours"]
    named = "mostly fills for weeks: ta of 108 from 2024-01-02 to 2024-02-26 (912 of 1,344 hours)"
    assert [(finding["verdict"], finding["what"]) for finding in found] == [("warning", named)] * made_up


HOLDING = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.readline()"


def test_a_file_that_another_process_holds_is_a_problem(tmp_path):
    command = [sys.executable, "-c", HOLDING, str(tmp_path / "energy.duckdb")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "open\n"
        (problem,) = told(examined("--db", "duckdb:///energy.duckdb"), "problem")
        holder.communicate("\n")
    assert "another process has the database open" in problem


@pytest.mark.parametrize("rights", ["SELECT", "SELECT, INSERT"])
def test_a_user_who_may_not_write_or_change_is_a_problem(postgres_server, postgres_url, rights):
    with Database.connect(postgres_url) as database:
        migrate(database)
    postgres_server.run("DROP ROLE IF EXISTS reader", "CREATE ROLE reader LOGIN")
    postgres_server.run(
        "GRANT USAGE, CREATE ON SCHEMA public TO reader",
        f"GRANT {rights} ON ALL TABLES IN SCHEMA public TO reader",
        database="test",
    )
    try:
        (problem,) = told(examined("--db", postgres_url.replace("edl@", "reader@", 1)), "problem")
    finally:
        postgres_server.run("DROP OWNED BY reader", "DROP ROLE reader", database="test")
    assert "grant the privilege" in problem


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("EDL_TIMEOUT_SECONDS", "soon", "EDL_TIMEOUT_SECONDS"),
        ("USE_RUST", "perhaps", 'USE_RUST is "perhaps"'),
        ("EDL_WEBHOOK_URL", "ftp://hooks/t0ken", "its address cannot be used"),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # when Apprise is imported
def test_a_variable_that_cannot_be_used_is_a_problem(monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    found = examined()
    assert any(said in what for what in told(found, "problem"))
    assert "t0ken" not in json.dumps(found)


def test_a_variable_that_nobody_reads_is_a_warning_with_the_name_that_is_meant(monkeypatch):
    monkeypatch.setenv("EDL_TIMOUT_SECONDS", "5")
    monkeypatch.setenv("USE_RUTS", "0")
    advice = [finding["advice"] for finding in examined() if finding["check"] == "environment"]
    assert {"did you mean EDL_TIMEOUT_SECONDS?", "did you mean USE_RUST?"} <= set(advice)


def test_runs_that_died_and_runs_that_failed_are_warnings(database_url):
    with Database.connect(database_url) as database:
        log = RunLog(database)
        log.begin("solar")
        database.execute("UPDATE runs SET started = TIMESTAMP '2024-01-01 00:00:00'")
        log.finish(log.begin("wind"), "failed", message="StorageError: the disk is full")
    found = examined("--db", database_url)
    assert verdicts(found, "runs") == verdicts(found, "job wind") == ["warning"]


@pytest.mark.needs_rust
def test_a_broken_engine_is_a_problem_though_the_reference_runs(tmp_path):
    package = tmp_path / "broken" / "rust_data_layer"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('no such symbol')\n")
    code = (
        f"import sys, os; sys.path.insert(0, {str(package.parent)!r}); os.environ['USE_RUST'] = '0'; "
        "sys.argv = ['edl', 'doctor']; from energy_data_layer.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "reference runs (USE_RUST=0)" in done.stdout
    assert "the Rust engine is installed and does not load (ImportError: no such symbol)" in done.stderr


def test_an_address_without_encryption_is_a_warning(monkeypatch):
    monkeypatch.setenv("EDL_SERVICES_URL", "http://services.example")
    assert any("unencrypted" in what for what in told(examined(), "warning"))
    monkeypatch.setenv("EDL_SERVICES_URL", "https://services.example")
    assert not any("unencrypted" in what for what in told(examined(), "warning"))


def test_the_requests_that_are_left_today(database_url, monkeypatch):
    with Database.connect(database_url) as database:
        log = RunLog(database)
        log.checkpoint(log.begin("wind"), requests=90)
        log.checkpoint(log.begin("weather"), requests=100)
        log.begin("solar")
        database.execute("UPDATE runs SET requests = 70, started = TIMESTAMP '2024-01-01 00:00:00' WHERE job = 'solar'")
    monkeypatch.setenv("EDL_REQUESTS_PER_DAY", "100")
    left = {finding["check"]: finding for finding in examined("--db", database_url)}
    assert left["requests of weather"]["verdict"] == "warning"
    for job, told in (("weather", "0 of 100 "), ("wind", "10 of 100 "), ("solar", "100 of 100 ")):
        assert left[f"requests of {job}"]["what"].startswith(told)


def test_a_server_that_is_down_is_a_problem(own_postgres_server):
    url = own_postgres_server.empty_database()
    own_postgres_server.stop()
    assert any("database" in what or "server" in what for what in told(examined("--db", url), "problem"))


def test_a_full_disk_is_a_problem(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))
    found = examined("--db", f"duckdb:///{tmp_path}/energy.duckdb")
    assert verdicts(found, "disk") == ["problem"]
    assert verdicts(found, "temporary folder") == ["warning"]


def test_what_is_asked_online(simulator, silent_url, monkeypatch):
    service = simulator()
    monkeypatch.setenv("EDL_SERVICES_URL", service.url)
    assert verdicts(examined("--online"), "services online") == ["ok"]
    monkeypatch.setenv("EDL_SERVICES_URL", silent_url)
    assert verdicts(examined("--online"), "services online") == ["problem"]


class Webhook(BaseHTTPRequestHandler):
    """Takes or refuses what it is sent, and keeps it."""

    def do_POST(self):
        self.server.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Keep the output of the tests clean."""


@pytest.mark.parametrize(("code", "verdict"), [(200, "ok"), (403, "problem")])
def test_a_webhook_takes_a_message_on_request(monkeypatch, code, verdict):
    with HTTPServer(("127.0.0.1", 0), Webhook) as server:
        server.code, server.bodies = code, []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            monkeypatch.setenv("EDL_WEBHOOK_URL", f"http://127.0.0.1:{server.server_port}/secret-path")
            assert verdicts(examined(), "webhook") == ["ok"]
            assert server.bodies == []
            found = examined("--test-webhook")
        finally:
            server.shutdown()
            thread.join()
    assert verdicts(found, "webhook") == [verdict]
    assert server.bodies == [{"text": "edl doctor: a test message"}]
    assert "secret-path" not in json.dumps(found)


def test_the_webhook_is_tried_on_request(silent_url, monkeypatch):
    monkeypatch.setenv("EDL_WEBHOOK_URL", f"{silent_url}/secret-path")
    assert verdicts(examined(), "webhook") == ["ok"]
    result = CliRunner().invoke(app, ["doctor", "--test-webhook"])
    assert result.exit_code == 1
    assert "secret-path" not in result.output


def test_a_package_of_a_version_that_is_not_declared_is_a_problem(monkeypatch):
    real = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "2.20.0" if name == "prefect" else real(name))
    found = examined()
    assert verdicts(found, "prefect") == ["problem"]
    assert any(what.startswith("2.20.0, needed is >=") for what in told(found, "problem"))


def test_time_zones_that_are_missing_are_a_warning(monkeypatch):
    zoneinfo.ZoneInfo.clear_cache()
    zoneinfo.reset_tzpath(())
    monkeypatch.setitem(sys.modules, "tzdata", None)
    try:
        assert verdicts(examined(), "time zones") == ["warning"]
    finally:
        zoneinfo.reset_tzpath()


@pytest.mark.needs_rust
def test_an_engine_that_loads_and_gives_another_answer_is_a_problem(monkeypatch):
    real = impute.imputed_in_rust

    def off_by_one(*arguments):
        imputed = real(*arguments)
        imputed.columns["ta"] = replace(imputed.columns["ta"], values=imputed.columns["ta"].values + 1)
        return imputed

    monkeypatch.setattr(impute, "imputed_in_rust", off_by_one)
    found = examined()
    assert verdicts(found, "Rust engine") == verdicts(found, "complete_hours") == ["ok"]
    (problem,) = told(found, "problem")
    assert problem.startswith("the engines differ on a small case: ")
