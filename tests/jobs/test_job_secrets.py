"""What the jobs say to the outside: alerts about failure and drift, and no secret anywhere."""

from __future__ import annotations

import gzip
import json
import logging
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest

from energy_data_layer.errors import StorageError
from energy_data_layer.jobs import service as collected_rows
from energy_data_layer.jobs.weather import from_service as weather_service
from energy_data_layer.simulator.faults import Fault
from energy_data_layer.storage import postgresql
from energy_data_layer.storage.database import Database

from .service_jobs import JOBS, SOLAR, TODAY, WEATHER, WIND
from .services import runs

EACH_JOB = pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)


class Webhook(ThreadingHTTPServer):
    """Keeps the texts that it is sent."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.texts = []
        self.url = f"http://127.0.0.1:{self.server_port}/hooks/{WEBHOOK_TOKEN}"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.texts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Keep the output of the tests clean."""


KEY = "recognisable/key+of a test=="
PASSWORD = "pass/word of@a:test%"
WEBHOOK_TOKEN = "t0ken-of-a-test"

SECRETS = {
    form
    for secret in (KEY, PASSWORD)
    for form in (secret, quote(secret), quote(secret, safe=""), quote(quote(secret, safe=""), safe=""))
} | {WEBHOOK_TOKEN, "recognisable", "pass/word", "pass%2Fword"}


@pytest.fixture
def webhook(monkeypatch):
    server = Webhook()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("EDL_WEBHOOK_URL", server.url)
    monkeypatch.setenv("EDL_ALERT_ON", "always")
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


# --- alerts -------------------------------------------------------------------------------------------


@EACH_JOB
def test_success_failure_and_drift_are_told(tmp_path, simulator, webhook, job):
    service = simulator(today=TODAY, faults=[Fault("drift")])
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    job.run(url, service)
    assert webhook.texts[-1].startswith(f"{job.name} succeeded: rows ")
    assert "unknown fields: " in webhook.texts[-1]
    assert "vanished fields: " in webhook.texts[-1]

    service.change(faults=[Fault("server_error")])
    job.run(f"duckdb:///{tmp_path}/other.duckdb", service)
    assert webhook.texts[-1].startswith(f"{job.name} incomplete: rows 0 inserted")
    assert "; 2 of 2 parts could not be fetched (" in webhook.texts[-1]

    with pytest.raises(StorageError):
        job.run(f"duckdb:///{tmp_path}/no/folder.duckdb", service)
    assert webhook.texts[-1].startswith(f"{job.name} failed: duckdb:///{tmp_path}/no/folder.duckdb: the folder")
    assert len(webhook.texts) == 3


# --- secrets ------------------------------------------------------------------------------------------


@pytest.fixture
def url_with_password(postgres_server, postgres_url):
    """The URL of an empty database whose user has a password that it needs."""
    escaped = PASSWORD.replace("'", "''")
    postgres_server.run("DROP ROLE IF EXISTS locked", f"CREATE ROLE locked LOGIN SUPERUSER PASSWORD '{escaped}'")
    yield postgres_url.replace("edl@", f"locked:{quote(PASSWORD, safe='')}@", 1)
    with Database.connect(postgres_url) as database:
        database.execute("DROP OWNED BY locked")
    postgres_server.run("DROP ROLE locked")


def said_by(records):
    """Everything that log records hold, whether it is shown or not."""
    return [text for record in records for text in (record.getMessage(), repr(vars(record)))]


def kept_in(folder):
    return [
        gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
        for path in folder.iterdir()
    ] + [path.name for path in folder.iterdir()]


def assert_no_secret(texts):
    for text in texts:
        found = [secret for secret in SECRETS if secret in text]
        assert not found, text[:2000]


ALL_FAULTS = [
    *(Fault(kind, times_each=1) for kind in ("server_error", "drop", "reset", "truncate", "cut", "html", "late")),
    Fault("gateway_error", code="04", times_each=1),
    Fault("too_many_requests", times_each=1, seconds=1),
]

ENDINGS = {
    "good": [],
    "forbidden": [Fault("forbidden", code="30")],
    "quota": [Fault("quota")],
    "drop_in_headers": [Fault("drop_in_headers")],
    "too_many_requests": [Fault("too_many_requests", seconds=0)],
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("job", "encoded"),
    [(WEATHER, False), (WIND, True), (SOLAR, False), (SOLAR, True)],
    ids=("weather_plain", "wind_encoded", "solar_plain", "solar_encoded"),
)
def test_no_secret_is_told_or_kept(
    url_with_password, tmp_path, simulator, webhook, caplog, capfd, monkeypatch, job, encoded
):
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "stamina", "asyncio", "energy_data_layer"):
        caplog.set_level(logging.DEBUG, logger=name)
    service = simulator(today=TODAY, key=KEY)
    settings = {
        "service_key": quote(KEY, safe="") if encoded else KEY,
        "attempts": 12,
        "timeout_seconds": 1,
        "backoff_seconds": 0,
    }
    reports, errors = [], []
    for name, ending in ENDINGS.items():
        service.change(faults=[*ALL_FAULTS, *ending] if name == "good" else ending)
        again = {"until": job.last} if name == "good" else {"since": job.first.replace(day=1), "until": job.last}
        reports.append(job.run(url_with_password, service, settings=settings, keep_raw=tmp_path / "raw", **again))
    assert [report.status for report in reports] == ["succeeded"] + ["incomplete"] * (len(ENDINGS) - 1)
    assert {request.fault for request in service.requests} >= {"late", "html", "forbidden", "quota"}

    # A service that is not there, a password that is wrong, a statement that fails, and an error of someone else.
    nowhere = settings | {"services_url": "http://127.0.0.1:9", "attempts": 2}
    reports.append(job.run(url_with_password, service, settings=nowhere, since=job.first.replace(day=1)))
    module = weather_service if job is WEATHER else collected_rows
    with pytest.raises(StorageError) as caught:
        job.run(url_with_password.replace("locked:", "locked:not"), service, settings=settings)
    errors.append(caught.value)

    def fail(*_, **__):
        raise RuntimeError(f"someone shows {KEY} and {url_with_password}")

    service.change(faults=[])
    later = {"since": job.first.replace(day=1)}
    with monkeypatch.context() as patch:
        patch.setattr(module, "settle_repeated_rows", fail)
        with pytest.raises(RuntimeError):
            job.run(url_with_password, service, settings=settings, **later)
    with monkeypatch.context() as patch:
        patch.setattr(postgresql, "merge_statement", lambda *_: "SELECT no_such_column")
        with pytest.raises(StorageError, match="no_such_column") as caught:
            job.run(url_with_password, service, settings=settings, **later)
    errors.append(caught.value)

    recorded = runs(url_with_password)
    assert [run["status"] for run in recorded][-2:] == ["failed", "failed"]
    assert len(webhook.texts) == len(ENDINGS) + 4
    assert caplog.records
    assert_no_secret(said_by(caplog.records))
    assert_no_secret(text for report in reports for text in (report.to_json(), report.summary(), repr(report)))
    assert_no_secret(json.dumps(run, default=str, ensure_ascii=False) for run in recorded)
    assert_no_secret(kept_in(tmp_path / "raw"))
    assert_no_secret("".join(traceback.format_exception(error)) for error in errors)
    assert_no_secret(webhook.texts)
    assert_no_secret(capfd.readouterr())
