"""Alerts against a real webhook on loopback: what it gets, and that nothing it does harms a run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from energy_data_layer.core import interruption
from energy_data_layer.core.interruption import Interrupted
from energy_data_layer.engine.shadow.counts import ShadowCounts, TransformCounts
from energy_data_layer.errors import OptionError
from energy_data_layer.reports import alerts
from energy_data_layer.reports.alerts import alerting, send_alert
from energy_data_layer.reports.run_report import DriftFinding, RunReport
from energy_data_layer.simulator import Simulator, SimulatorOptions


class Webhook(ThreadingHTTPServer):
    """Keeps what it is sent and answers with a status, after waiting for `answering`."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.received = []
        self.answering = threading.Event()
        self.answering.set()
        self.url = f"http://127.0.0.1:{self.server_port}/services/T0/s3cr3t-token"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, self.headers["Content-Type"], json.loads(body)))
        self.server.answering.wait(10)
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", f"{self.server.url}/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        self.server.received.append((self.path, self.headers["Content-Type"], None))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_):
        """Keep the output of the tests clean."""


@pytest.fixture
def webhook(monkeypatch):
    server = Webhook()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("EDL_WEBHOOK_URL", server.url)
    monkeypatch.setenv("EDL_ALERT_ON", "always")
    yield server
    server.answering.set()
    server.shutdown()
    thread.join()
    server.server_close()


def report():
    return RunReport("wind", arguments={}, rows_inserted=1_488, rows_unchanged=12)


def test_success_is_told_with_its_figures(webhook):
    with alerting(report()):
        pass
    ((path, content_type, message),) = webhook.received
    assert path == "/services/T0/s3cr3t-token"
    assert content_type == "application/json"
    assert message == {"text": "wind succeeded: rows 1,488 inserted, 0 updated, 12 unchanged, 0.0 s"}


ENDS = {
    "succeeded": {},
    "drift": {"drift": [DriftFinding("wind_namdong", "field_new", "namdong_wind", "windy")]},
    "mismatch": {"shadow": ShadowCounts(transforms={"impute": TransformCounts(mismatches=1)})},
    "incomplete": {"status": "incomplete"},
    "empty": {"status": "empty"},
}


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (None, ["drift", "mismatch", "incomplete", "empty"]),
        ("incomplete", ["drift", "mismatch", "incomplete", "empty"]),
        ("always", list(ENDS)),
        ("failure", []),
    ],
)
def test_the_ends_that_are_told_are_those_wanted(webhook, monkeypatch, wanted, told):
    if wanted is None:
        monkeypatch.delenv("EDL_ALERT_ON")
    else:
        monkeypatch.setenv("EDL_ALERT_ON", wanted)
    for job, ending in ENDS.items():
        with alerting(RunReport(job, arguments={}, **ending)):
            pass
    assert [text["text"].split()[0] for _, _, text in webhook.received] == told
    with pytest.raises(OptionError), alerting(report()):
        raise OptionError("no such month")
    assert webhook.received[-1][2] == {"text": "wind failed: no such month"}


def test_a_wish_that_is_none_is_refused_before_the_run(webhook, monkeypatch):
    monkeypatch.setenv("EDL_ALERT_ON", "sometimes")
    began = []
    with pytest.raises(OptionError, match="EDL_ALERT_ON"), alerting(report()):
        began.append(True)
    assert began == webhook.received == []


def test_only_a_success_beats_and_each_job_by_itself(webhook, monkeypatch, caplog):
    monkeypatch.setenv("EDL_HEARTBEAT_URL", f"{webhook.url}/{{job}}")
    monkeypatch.setenv("EDL_ALERT_ON", "failure")
    for status in ("succeeded", "incomplete", "empty"):
        one = report()
        one.status = status
        with alerting(one):
            pass
    with pytest.raises(OptionError), alerting(report()):
        raise OptionError("no such month")
    beats = [(path, kind) for path, kind, body in webhook.received if body is None]
    assert beats == [("/services/T0/s3cr3t-token/wind", None)]
    webhook.status = 404
    with alerting(report()):
        pass
    assert "heartbeat: the webhook could not be reached (HTTPError)" in caplog.text
    assert "s3cr3t" not in caplog.text


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # when Apprise is imported
def test_addresses_of_apprise_are_sent_to(webhook, monkeypatch, caplog):
    pytest.importorskip("apprise")
    plain = webhook.url.removeprefix("http://")
    monkeypatch.setenv("EDL_WEBHOOK_URL", f"json://{plain} jsons://127.0.0.1:9/s3cr3t")
    with caplog.at_level("DEBUG"):
        assert not send_alert("one of two is not there")
        assert webhook.received[0][2]["message"] == "one of two is not there"
        monkeypatch.setenv("EDL_WEBHOOK_URL", f"json://{plain}")
        assert send_alert("both")
        monkeypatch.setenv("EDL_WEBHOOK_URL", "unheard-of://s3cr3t")
        assert not send_alert("none")
    assert "Apprise does not know an address in EDL_WEBHOOK_URL" in caplog.text
    assert "s3cr3t" not in caplog.text


def test_without_apprise_the_extra_is_named(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "apprise", None)
    monkeypatch.setenv("EDL_WEBHOOK_URL", "discord://s3cr3t")
    assert not send_alert("x")
    assert 'pip install "energy-data-layer[alerts]"' in caplog.text


def test_failure_is_told_and_raised(webhook):
    with pytest.raises(OptionError, match="no such month"), alerting(report()):
        raise OptionError("no such month")
    assert webhook.received[0][2] == {"text": "wind failed: no such month"}


def test_of_an_error_from_elsewhere_only_the_kind_is_told(webhook):
    with pytest.raises(ValueError, match="s3cr3t"), alerting(report()):
        raise ValueError("GET https://service/list?serviceKey=s3cr3t")
    assert webhook.received[0][2] == {"text": "wind failed: ValueError"}


def test_an_interruption_is_told_with_what_stays(webhook, monkeypatch):
    monkeypatch.setattr(interruption, "rows_stored", Counter(wind_namdong=24))
    monkeypatch.setattr(interruption, "files_written", [])
    with pytest.raises(Interrupted), alerting(report()):
        raise Interrupted(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), alerting(report()):
        raise KeyboardInterrupt
    assert [text["text"] for _, _, text in webhook.received] == [
        "wind was interrupted by SIGTERM; stored rows: 24 in wind_namdong",
        "wind failed: KeyboardInterrupt",
    ]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
@pytest.mark.parametrize("answers", [True, False])
def test_a_run_that_a_signal_ends_is_told_and_ends_in_time(webhook, answers, tmp_path):
    if not answers:
        webhook.answering.clear()
    code = "import sys; sys.argv[0] = 'edl'; from energy_data_layer.cli import main; main()"
    command = ["run", "wind", "--month", "2024-01", "--db", f"duckdb:///{tmp_path}/energy.duckdb"]
    with (
        Simulator(SimulatorOptions(latency_seconds=1)) as service,
        subprocess.Popen(
            [sys.executable, "-c", code, *command], env=os.environ | service.environment, stderr=subprocess.PIPE
        ) as run,
    ):
        while service.request_count == 0:
            assert run.poll() is None
            time.sleep(0.05)
        run.send_signal(signal.SIGTERM)
        begin = time.perf_counter()
        _, said = run.communicate(timeout=60)
    assert time.perf_counter() - begin < alerts.LONGEST_WAIT_SECONDS + 20
    assert [text["text"] for _, _, text in webhook.received] == ["wind was interrupted by SIGTERM; nothing was stored"]
    # That the webhook gave no answer is logged by a thread, at any time.
    assert "edl: interrupted by SIGTERM; nothing was stored" in said.decode().splitlines()
    assert run.returncode == 128 + signal.SIGTERM


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_webhook_that_refuses_is_logged_without_its_address(webhook, caplog, status):
    webhook.status = status
    with caplog.at_level("DEBUG"), alerting(report()):
        pass
    assert len(webhook.received) == 1
    assert "could not be reached" in caplog.text
    assert "s3cr3t" not in caplog.text


def test_a_webhook_that_is_not_there_is_logged(monkeypatch, caplog):
    monkeypatch.setenv("EDL_WEBHOOK_URL", "http://127.0.0.1:9/s3cr3t")
    assert not send_alert("x")
    assert "could not be reached (URLError)" in caplog.text
    assert "s3cr3t" not in caplog.text


def test_an_address_that_is_none_is_logged(monkeypatch, caplog):
    monkeypatch.setenv("EDL_WEBHOOK_URL", "s3cr3t")
    assert not send_alert("x")
    assert "could not be reached" in caplog.text
    assert "s3cr3t" not in caplog.text


def test_a_webhook_that_does_not_answer_holds_nothing_up(webhook, monkeypatch, caplog):
    webhook.answering.clear()
    longest = alerts.LONGEST_WAIT_SECONDS
    monkeypatch.setattr(alerts, "LONGEST_WAIT_SECONDS", 0.2)
    begin = time.perf_counter()
    assert not send_alert("x")
    assert time.perf_counter() - begin < longest
    assert "did not respond within" in caplog.text or "could not be reached (TimeoutError)" in caplog.text


def test_without_a_webhook_nothing_is_sent(monkeypatch, caplog):
    monkeypatch.delenv("EDL_WEBHOOK_URL", raising=False)
    with alerting(report()):
        pass
    assert caplog.text == ""
