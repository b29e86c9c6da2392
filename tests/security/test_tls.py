"""Certificates are verified, for services and webhook; only the environment names other authorities."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from energy_data_layer.datasets.dataset import ServiceRequest
from energy_data_layer.errors import ServiceError
from energy_data_layer.reports.alerts import send_alert
from energy_data_layer.services.client import ServiceClient
from energy_data_layer.services.key import transports_to
from energy_data_layer.settings.services import ServiceSettings

x509 = pytest.importorskip("cryptography.x509", reason="makes the certificate")


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.paths.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def do_POST(self):
        self.do_GET()

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A client that turns away is part of the tests."""


@contextmanager
def serving_with(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Server(("127.0.0.1", 0), Handler) as server:
        server.paths = []
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server, f"https://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def certificate(tmp_path):
    """A certificate that vouches for itself, with its key."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def ask(url):
    async def run():
        settings = ServiceSettings(services_url=url, service_key="a-key-of-a-test", attempts=3, backoff_seconds=0)
        async with ServiceClient("asos", settings) as client:
            try:
                return await client.get(ServiceRequest("asos", ()), bytes), client.stats.requests
            except ServiceError as error:
                return error, client.stats.requests

    return asyncio.run(run())


def test_who_vouches_for_himself_is_refused_at_once(certificate, monkeypatch, caplog):
    with serving_with(certificate) as (server, url):
        monkeypatch.setenv("EDL_WEBHOOK_URL", f"{url}/hook")
        error, requests = ask(url)
        assert "the service's certificate cannot be verified" in str(error)
        assert requests == 1
        assert not send_alert("a run ended")
        assert "the webhook could not be reached" in caplog.text
        assert server.paths == []


def test_the_environment_names_other_authorities(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving_with(certificate) as (server, url):
        monkeypatch.setenv("EDL_WEBHOOK_URL", f"{url}/hook")
        assert ask(url) == (b"ok", 1)
        assert send_alert("a run ended")
        assert len(server.paths) == 2


def test_the_services_are_asked_by_https_unless_told_otherwise(monkeypatch):
    monkeypatch.delenv("EDL_SERVICES_URL", raising=False)
    assert ServiceSettings().services_url.startswith("https://")


@pytest.mark.parametrize(
    ("url", "warns"),
    [
        ("http://apis.data.go.kr", True),
        ("https://apis.data.go.kr", False),
        ("http://127.0.0.1:8000", False),
        ("http://localhost", False),
        ("http://[::1]:8000", False),
    ],
)
def test_a_key_that_would_be_sent_unencrypted_is_warned_of_once(url, warns, caplog):
    caplog.set_level(logging.WARNING)
    new = transports_to(url)
    new(), new()
    assert len(caplog.records) == warns
    assert all("sent unencrypted" in record.getMessage() for record in caplog.records)
