"""One request: what is repeated, what is not, and what never shows."""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import gzip
import logging
import pickle
import socket
import ssl
import threading
import time
import traceback
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from energy_data_layer import ApiError, PayloadError
from energy_data_layer.errors import DataLayerError, OptionError, ServiceError, StopForToday
from energy_data_layer.services import client as http
from energy_data_layer.services.client import ServiceClient, ServiceRequest
from energy_data_layer.settings.services import ServiceSettings

from .scripted_service import ENCODED_KEY, GATEWAY_22, KEY, Reply, serving

REQUEST = ServiceRequest("asos", (("pageNo", "1"), ("stnIds", "108")))
OK = Reply(b"ok")
HTML = b"<html><body>proxy</body></html>"
CUT_SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok"


def settings(url, **values):
    fast = {"backoff_seconds": 0.001, "requests_per_second": 1000, "timeout_seconds": 10, "service_key": KEY}
    return ServiceSettings(services_url=url, **(fast | values))


def expect_ok(body):
    """Read a body as the transform does: the service's errors, or what cannot be read, or the content."""
    if b"returnReasonCode" in body:
        raise ApiError(body.split(b"<returnReasonCode>")[1][:2].decode(), "SERVICE ERROR")
    if body != b"ok":
        raise PayloadError(f"is not ok: {body[:200].decode(errors='replace')}")
    return body


def get(configured, *, read=expect_ok, request=REQUEST, **options):
    """Send one request; return the result or the error, and the client."""

    async def run():
        async with ServiceClient(request.service, configured, **options) as client:
            try:
                return await client.get(request, read), client
            except DataLayerError as error:
                return error, client

    return asyncio.run(run())


def scripted(*replies):
    """Answer with these, one after the other; the last one goes on for ever."""
    return lambda asked, number: replies[min(number, len(replies) - 1)]


def gateway(code, status=200):
    return Reply(GATEWAY_22.replace(b">22<", f">{code}<".encode()), status)


@pytest.mark.parametrize(
    "bad",
    [
        Reply(b"failed", 500),
        Reply(HTML, 502),
        Reply(b"", 503, {"Retry-After": "0"}),
        Reply(b"", 429, {"Retry-After": "0"}),
        Reply(raw=b""),
        Reply(raw=b"HTTP/1.1 200"),
        Reply(raw=CUT_SHORT),
        Reply(raw=b"nonsense\r\n\r\n"),
        Reply(b"o"),
        Reply(b""),
        Reply(HTML),
        Reply(b"no gzip", headers={"Content-Encoding": "gzip"}),
        *(Reply(b"ok", headers={"Content-Encoding": encoding}) for encoding in ("br", "zstd", "x", "gzip, gzip")),
        gateway("01"),
        gateway("04"),
        gateway("05", 500),
    ],
    ids=lambda reply: repr(reply.raw if reply.raw is not None else (reply.status, reply.body[:20])),
)
def test_what_may_pass_is_asked_again(bad):
    with serving(scripted(bad, bad, OK)) as service:
        result, client = get(settings(service.url))
    assert result == b"ok"
    assert len(service.asked) == 3
    assert (client.stats.requests, client.stats.retries, client.stats.failures) == (3, 2, [])


@pytest.mark.parametrize(
    ("bad", "kind", "says"),
    [
        (Reply(b"failed", 500), ServiceError, "the service failed (HTTP 500), 3 attempts; run again later"),
        (Reply(raw=b""), ServiceError, "3 attempts"),
        (Reply(raw=CUT_SHORT), ServiceError, "(HTTP 200), 3 attempts"),
        (Reply(b"o"), PayloadError, "is not ok"),
        (gateway("01"), ApiError, "code 01"),
        (Reply(b"", 429, {"Retry-After": "0"}), ServiceError, "no more requests at present (HTTP 429), 3 attempts"),
    ],
)
def test_it_is_given_up_after_the_last_attempt(bad, kind, says):
    with serving(scripted(bad)) as service:
        error, client = get(settings(service.url, attempts=3))
    assert type(error) is kind
    assert says in str(error)
    assert len(service.asked) == client.stats.requests == 3
    assert client.stats.failures[0].request == "asos pageNo=1 stnIds=108"


@pytest.mark.parametrize(
    ("bad", "kind", "says"),
    [
        (Reply(b"", 404), ServiceError, "refuses the request (HTTP 404), 1 attempt; check the service key"),
        (Reply(HTML, 403), ServiceError, "HTTP 403"),
        (Reply(b"", 302, {"Location": "/elsewhere"}), ServiceError, "not followed because the key would go there"),
        (gateway("10"), ApiError, "code 10"),
        (gateway("12", 404), ApiError, "code 12"),
        (gateway("30", 403), ApiError, "code 30"),
        (gateway("99"), ApiError, "code 99"),
    ],
)
def test_what_is_final_is_asked_once(bad, kind, says):
    with serving(scripted(bad)) as service:
        error, _ = get(settings(service.url))
    assert type(error) is kind
    assert says in str(error)
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    ("bad", "retry_after"),
    [
        (Reply(GATEWAY_22), None),
        (Reply(GATEWAY_22, 500), None),
        (Reply(b"", 429), None),
        (Reply(b"", 429, {"Retry-After": "soon"}), None),
        (Reply(b"", 429, {"Retry-After": "-1"}), None),
        (Reply(b"", 429, {"Retry-After": "61"}), 61.0),
        (Reply(b"", 503, {"Retry-After": "3600"}), 3600.0),
    ],
)
def test_a_stop_ends_all_requests(bad, retry_after):
    async def run(configured):
        async with ServiceClient("asos", configured) as client:
            with pytest.raises(StopForToday, match=r"stnIds=108: ") as first:
                await client.get(REQUEST, expect_ok)
            with pytest.raises(StopForToday, match=r"^asos pageNo=2: ") as second:
                await client.get(ServiceRequest("asos", (("pageNo", "2"),)), expect_ok)
            return first.value, second.value

    with serving(scripted(bad)) as service:
        errors = asyncio.run(run(settings(service.url)))
    assert [error.retry_after for error in errors] == [retry_after] * 2
    assert len(service.asked) == 1


def test_a_stop_also_ends_requests_that_wait_for_their_turn():
    async def run(configured):
        async with ServiceClient("asos", configured) as client:
            requests = (client.get(REQUEST, expect_ok) for _ in range(4))
            return await asyncio.gather(*requests, return_exceptions=True)

    with serving(scripted(Reply(GATEWAY_22))) as service:
        errors = asyncio.run(run(settings(service.url, requests_per_second=2)))
    assert [type(error) for error in errors] == [StopForToday] * 4
    assert len(service.asked) == 1


def test_a_refused_key_is_not_tried_for_every_request():
    async def run(configured):
        async with ServiceClient("asos", configured) as client:
            for _ in range(3):
                with pytest.raises(ApiError, match="code 30"):
                    await client.get(REQUEST, expect_ok)

    with serving(scripted(gateway("30"))) as service:
        asyncio.run(run(settings(service.url)))
    assert len(service.asked) == 1


@pytest.mark.parametrize("form", ["seconds", "date", "date without a clock"])
def test_a_short_retry_after_is_waited_for(form):
    later = email.utils.format_datetime(datetime(2030, 1, 1, 0, 0, 1, tzinfo=UTC), usegmt=True)
    headers = {
        "seconds": {"Retry-After": "1"},
        "date": {"Retry-After": later, "Date": "Tue, 01 Jan 2030 00:00:00 GMT"},
        "date without a clock": {
            "Retry-After": email.utils.format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
        },
    }[form]

    def without_date(asked, number):
        if number:
            return OK
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return Reply(raw=f"HTTP/1.1 429 Busy\r\n{head}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())

    with serving(without_date) as service:
        result, client = get(settings(service.url))
    assert result == b"ok"
    least = 0.5 if form == "date without a clock" else 1.0
    between = service.asked[1].time - service.asked[0].time
    assert least <= client.stats.services["asos"].waited_seconds <= between < 8


def test_all_requests_wait_when_one_is_told_to():
    def script(asked, number):
        return Reply(b"", 429, {"Retry-After": "1"}) if number == 0 else OK

    async def run(configured):
        async with ServiceClient("asos", configured) as client:
            await asyncio.gather(*(client.get(REQUEST, expect_ok) for _ in range(3)))

    with serving(script) as service:
        asyncio.run(run(settings(service.url, requests_per_second=2)))
    first, *others = [asked.time for asked in service.asked]
    assert len(others) == 3
    assert min(others) - first >= 0.95


def test_backoff_doubles_and_varies():
    with serving(scripted(Reply(b"", 500))) as service:
        get(settings(service.url, backoff_seconds=0.05, attempts=4))
    times = [asked.time for asked in service.asked]
    waits = [after - before for before, after in pairwise(times)]
    for least, wait in zip([0.05, 0.1, 0.2], waits, strict=True):
        assert least <= wait < least + 0.05 + 0.25


def test_the_days_requests_count_every_attempt():
    with serving(scripted(Reply(b"", 500))) as service:
        error, client = get(settings(service.url), requests_left=3)
    assert isinstance(error, StopForToday)
    assert "EDL_REQUESTS_PER_DAY" in str(error)
    assert len(service.asked) == client.stats.requests == 3


def test_the_days_requests_come_from_the_settings():
    with serving(scripted(OK)) as service:
        error, _ = get(settings(service.url, requests_per_day=0))
    assert isinstance(error, StopForToday)
    assert service.asked == []


def test_no_answer_in_time():
    release = threading.Event()

    def silent(asked, number):
        release.wait(30)
        return OK

    with serving(silent) as service:
        begin = time.monotonic()
        error, _ = get(settings(service.url, timeout_seconds=0.1, attempts=2))
        took = time.monotonic() - begin
        release.set()
    assert isinstance(error, ServiceError)
    assert "no complete answer within 0.1 s, 2 attempts" in str(error)
    assert took < 15


def test_connections_are_used_again():
    ports = set()

    async def run(configured):
        async with ServiceClient("asos", configured) as client:
            for _ in range(20):
                await client.get(REQUEST, expect_ok)

    with serving(scripted(OK)) as service:
        accept = service.get_request

        def noted():
            connection, address = accept()
            ports.add(address)
            return connection, address

        service.get_request = noted
        asyncio.run(run(settings(service.url)))
    assert len(service.asked) == 20
    assert len(ports) == 1


def test_a_body_that_drips_for_ever_is_given_up():
    """Every byte comes in time, the whole never does."""
    stop = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def drip():
        while not stop.is_set():
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(10_000)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                while not stop.wait(0.01):
                    connection.sendall(b"x")

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        error, _ = get(settings(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout_seconds=0.2, attempts=1))
    finally:
        stop.set()
        listener.close()
    assert "no complete answer within 0.2 s (HTTP 200), 1 attempt" in str(error)


def test_connection_refused(silent_url):
    error, client = get(settings(silent_url, attempts=3))
    assert isinstance(error, ServiceError)
    assert "no connection" in str(error)
    assert "3 attempts; check the address, the network and the proxy; run again later" in str(error)
    assert client.stats.requests == 3


def test_a_certificate_that_cannot_be_verified_is_final(tmp_path):
    certificate = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving(scripted(OK)) as service:
        service.socket = context.wrap_socket(service.socket, server_side=True)
        error, client = get(settings(service.url.replace("http:", "https:")))
    assert "the service's certificate cannot be verified" in str(error)
    assert client.stats.requests == 1
    assert service.asked == []


def self_signed(folder):
    cryptography = pytest.importorskip("cryptography", reason="makes the certificate")
    del cryptography
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.mark.parametrize("how", ["announced", "chunked", "compressed"])
def test_a_body_that_is_too_long_is_refused(how, monkeypatch):
    monkeypatch.setattr(http, "LONGEST_BODY", 1024 * 1024)
    too_long = bytes(1024 * 1024 + 1)
    reply = {
        "announced": Reply(b"", headers={"Content-Length": str(len(too_long))}),
        "chunked": Reply(
            raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
            % (len(too_long), too_long)
        ),
        "compressed": Reply(gzip.compress(too_long), headers={"Content-Encoding": "gzip"}),
    }[how]
    with serving(scripted(reply)) as service:
        error, _ = get(settings(service.url))
    assert isinstance(error, ServiceError)
    assert "the body has more than 1 MB (HTTP 200), 1 attempt; request fewer days" in str(error)
    assert len(service.asked) == 1


@pytest.mark.parametrize("given", [KEY, ENCODED_KEY, ENCODED_KEY.replace("%2B", "%2b"), f" {KEY}\n"])
def test_the_key_arrives_encoded_once(given):
    request = ServiceRequest("asos", (("name", "a b+c&d=%41한"),))
    with serving(scripted(OK)) as service:
        get(settings(service.url, service_key=given), request=request)
    (asked,) = service.asked
    assert asked.query.startswith(f"serviceKey={ENCODED_KEY}&")
    assert asked.query.count("serviceKey") == 1
    assert asked.parameters == {"serviceKey": KEY, "name": "a b+c&d=%41한"}
    assert asked.path == "/1360000/AsosHourlyInfoService/getWthrDataList"


def test_a_cookie_of_a_service_does_not_come_back_to_it():
    cookies = {"Set-Cookie": "session=1; Path=/; Max-Age=3600"}
    with serving(scripted(Reply(b"failed", 500, cookies), Reply(b"ok", headers=cookies))) as service:
        get(settings(service.url))
    assert len(service.asked) == 2
    assert not [asked.headers for asked in service.asked if "cookie" in map(str.lower, asked.headers)]


def test_an_address_with_a_path():
    with serving(scripted(OK)) as service:
        get(settings(service.url + "/mirror/"))
    assert service.asked[0].path == "/mirror/1360000/AsosHourlyInfoService/getWthrDataList"


def test_each_service_has_its_own_key_and_path():
    with serving(scripted(OK)) as service:
        configured = settings(service.url, nambu_solar_key="sunny-key")
        get(configured, request=ServiceRequest("nambu_solar", ()))
        get(configured, request=ServiceRequest("namdong_wind", ()))
    assert [asked.parameters["serviceKey"] for asked in service.asked] == ["sunny-key", KEY]
    assert [asked.path for asked in service.asked] == [
        "/B552520/PwrSunLightInfo/getDataService",
        "/B551893/wind-power-by-hour/list",
    ]


def test_without_a_key_nothing_is_sent(monkeypatch):
    monkeypatch.delenv("EDL_SERVICE_KEY", raising=False)
    with serving(scripted(OK)) as service, pytest.raises(OptionError, match="no key for the service asos"):
        get(settings(service.url, service_key=None))
    assert service.asked == []


class Records(logging.Handler):
    def __init__(self):
        super().__init__(logging.DEBUG)
        self.records = []

    def emit(self, record):
        self.records.append(record)


@pytest.fixture
def every_record():
    """All records of all loggers at DEBUG, also of those that are made later."""
    handler, root = Records(), logging.getLogger()
    before = root.level
    names = ["httpx", "httpcore", "asyncio", "stamina", "energy_data_layer"]
    root.addHandler(handler)
    for name in ["", *names]:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield handler.records
    root.removeHandler(handler)
    root.setLevel(before)
    for name in names:
        logging.getLogger(name).setLevel(logging.NOTSET)


def echoing(kind):
    def script(asked, number):
        echo = asked.query.encode()
        plain = asked.parameters["serviceKey"].encode()
        return {
            "ok": OK,
            "html": Reply(b"<p>" + plain + b" " + echo + b"</p>"),
            "500": Reply(echo, 500),
            "404": Reply(plain, 404),
            "redirect": Reply(b"", 302, {"Location": f"/elsewhere?{asked.query}"}),
            "gateway": Reply(b"<returnReasonCode>10</returnReasonCode>" + echo + plain),
            "garbage": Reply(raw=echo + b"\r\n" + plain + b"\r\n\r\n"),
            "bad header": Reply(raw=b"HTTP/1.1 200 OK\r\n" + plain + b"\r\n\r\n"),
            "bad length": Reply(b"", headers={"Content-Length": plain.decode()}),
            "dropped": Reply(raw=b""),
            "cut short": Reply(raw=CUT_SHORT),
        }[kind]

    return script


ECHOES = [
    *("ok", "html", "500", "404", "redirect", "gateway", "garbage", "bad header", "bad length", "dropped"),
    "cut short",
]


def texts_of(record):
    yield record.getMessage()
    yield repr(vars(record))
    if record.exc_info:
        yield "".join(traceback.format_exception(*record.exc_info))


def read_and_show(body):
    """Fail with the whole body in the message."""
    if b"returnReasonCode" in body:
        raise ApiError("10", body.decode())
    return expect_ok(body)


@pytest.mark.parametrize("kind", ECHOES)
@pytest.mark.parametrize("given", [KEY, ENCODED_KEY], ids=["plain", "encoded"])
def test_the_key_shows_nowhere(kind, given, every_record):
    with serving(echoing(kind)) as service:
        configured = settings(service.url, service_key=given, attempts=2)
        result, client = get(configured, read=read_and_show)
    assert (result == b"ok") == (kind == "ok")
    assert all(asked.parameters["serviceKey"] == KEY for asked in service.asked)

    shown = [text for record in every_record for text in texts_of(record)]
    assert any("HTTP Request" in text or "send_request" in text for text in shown)
    shown += [repr(configured), str(configured), configured.model_dump_json(), repr(vars(client)), repr(client.stats)]
    shown += [str(asdict(client.stats))]
    if kind != "ok":
        chain = [result]
        while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None:
            chain.append(cause)
        for error in chain:
            shown += [str(error), repr(error), repr(vars(error)), "".join(traceback.format_exception(error))]
            shown += [str(pickle.dumps(error))]
            shown += traceback.TracebackException.from_exception(error, capture_locals=True).format()
        assert "httpx" not in repr([type(error) for error in chain])
    for secret in (KEY, ENCODED_KEY, ENCODED_KEY.lower(), KEY[:12]):
        assert not [text for text in shown if secret in text]


def test_a_refused_connection_does_not_show_the_key(silent_url, every_record):
    error, _ = get(settings(silent_url, attempts=2))
    shown = ["".join(traceback.format_exception(error))]
    shown += [text for record in every_record for text in texts_of(record)]
    assert not [text for text in shown if KEY[:12] in text or ENCODED_KEY[:12] in text]


def test_the_loggers_of_the_libraries_are_left_as_they_were():
    with serving(scripted(OK)) as service:
        get(settings(service.url))
    assert [logging.getLogger(name).filters for name in ("httpx", "httpcore.http11", "stamina")] == [[], [], []]


def test_a_further_attempt_is_logged_with_its_reason(caplog):
    with serving(scripted(Reply(b"", 500), OK)) as service:
        get(settings(service.url))
    (told,) = [record.getMessage() for record in caplog.records if record.name == "stamina"]
    assert told.startswith("attempt 2 in 0.0 s, because of ServiceError('asos pageNo=1 stnIds=108: the service failed")


def test_errors_survive_the_way_between_processes():
    error = StopForToday("asos pageNo=1", "told\nto stop", "wait", status=429, attempts=2, retry_after=9.0)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is StopForToday
    assert str(copy) == str(error) == "asos pageNo=1: told to stop (HTTP 429), 2 attempts; wait"
    assert vars(copy) == vars(error)
    assert isinstance(copy, ConnectionError)


def test_a_proxy_of_the_environment_is_used_but_not_for_this_machine(monkeypatch):
    from energy_data_layer.services.key import transports_to

    for name in ("no_proxy", "NO_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    kinds = [type(transports_to(url)()._pool).__name__ for url in ("https://api.example", "https://127.0.0.1")]
    assert kinds == ["AsyncHTTPProxy", "AsyncConnectionPool"]
