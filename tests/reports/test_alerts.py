"""Alerts against a real webhook on loopback: what it gets, and that nothing it does harms a run."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from energy_data_layer.errors import OptionError
from energy_data_layer.reports import alerts
from energy_data_layer.reports.alerts import alerting, send_alert
from energy_data_layer.reports.run_report import RunReport


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
        self.server.received.append((self.path, None, None))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        """Keep the output of the tests clean."""


@pytest.fixture
def webhook(monkeypatch):
    server = Webhook()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("EDL_WEBHOOK_URL", server.url)
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


def test_failure_is_told_and_raised(webhook):
    with pytest.raises(OptionError, match="no such month"), alerting(report()):
        raise OptionError("no such month")
    assert webhook.received[0][2] == {"text": "wind failed: no such month"}


def test_of_an_error_from_elsewhere_only_the_kind_is_told(webhook):
    with pytest.raises(ValueError, match="s3cr3t"), alerting(report()):
        raise ValueError("GET https://service/list?serviceKey=s3cr3t")
    assert webhook.received[0][2] == {"text": "wind failed: ValueError"}


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
