"""A small HTTP server on loopback that answers as a test tells it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

KEY = "Kq+7/AbCdEfGh0123456789ijkl/mnop+qrs=="
ENCODED_KEY = "Kq%2B7%2FAbCdEfGh0123456789ijkl%2Fmnop%2Bqrs%3D%3D"
GATEWAY_22 = (
    b"<OpenAPI_ServiceResponse><cmmMsgHeader><errMsg>SERVICE ERROR</errMsg><returnAuthMsg>LIMITED</returnAuthMsg>"
    b"<returnReasonCode>22</returnReasonCode></cmmMsgHeader></OpenAPI_ServiceResponse>"
)


@dataclass
class Asked:
    """A request as it arrived."""

    time: float
    path: str
    query: str
    parameters: dict[str, str]
    headers: dict[str, str]


@dataclass
class Reply:
    """What to send: a proper answer, or raw bytes after which the connection is closed."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None


Script = Callable[[Asked, int], Reply]


class Service(ThreadingHTTPServer):
    """The server; `asked` are the requests in their order of arrival."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script
        self.asked: list[Asked] = []
        self.lock = threading.Lock()
        self.under_way = 0
        self.most_under_way = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """A client that went away is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Service

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        parameters = dict(parse_qsl(parts.query, keep_blank_values=True))
        asked = Asked(time.monotonic(), parts.path, parts.query, parameters, dict(self.headers))
        with self.server.lock:
            number = len(self.server.asked)
            self.server.asked.append(asked)
            self.server.under_way += 1
            self.server.most_under_way = max(self.server.most_under_way, self.server.under_way)
        try:
            reply = self.server.script(asked, number)
        finally:
            with self.server.lock:
                self.server.under_way -= 1
        if reply.raw is not None:
            self.wfile.write(reply.raw)
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in ({"Content-Length": str(len(reply.body))} | reply.headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(script: Script):
    """Run a server that answers by the script."""
    with Service(script) as service:
        thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield service
        finally:
            service.shutdown()
            thread.join()


def wind_body(items: list[dict[str, Any]], last: bool | None = None) -> bytes:
    """Return a page of wind farms' days."""
    body: dict[str, Any] = {"content": items}
    if last is not None:
        body["last"] = last
    return json.dumps({"reponse": {"body": body}}, ensure_ascii=False).encode()


def wind_item(day: date, unit: int = 1) -> dict[str, Any]:
    """Return one day of a wind farm."""
    return {
        "dgenYmd": str(day),
        "ippt": "1001",
        "hogi": str(unit),
        "ipptNam": f"farm {unit}",
        **{f"qhorGen{hour:02}": 10.0 for hour in range(1, 25)},
        "qsum": 240.0,
        "qavg": 10.0,
        "qvodMax": 10.0,
        "qvodMin": 10.0,
    }


def wind_month(asked: Asked, *_: object) -> Reply:
    """Answer a request for wind with one farm's days of the range."""
    first, last = (date.fromisoformat(asked.parameters[name]) for name in ("startD", "endD"))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return Reply(wind_body([wind_item(day) for day in days], last=True))


def solar_body(days: list[date], total: int | None, gencd: str = "997D", hogi: str = "1", page: int = 1) -> bytes:
    """Return a page of a solar unit's days, as XML."""
    hours = "".join(f"<qhorgen{hour:02}>1</qhorgen{hour:02}>" for hour in range(1, 25))
    figures = "<qvodgen>24</qvodgen><qvodavg>1</qvodavg><qvodmax>1</qvodmax><qvodmin>1</qvodmin>"
    rows = "".join(
        f"<item><ymd>{day}</ymd><gencd>{gencd}</gencd><ipptnm>sun</ipptnm><hogi>{hogi}</hogi>{figures}{hours}</item>"
        for day in days
    )
    count = f"<totalCnt>{total}</totalCnt>" if total is not None else ""
    return (
        "<response><header><resultCode>800</resultCode><resultMsg>NORMAL</resultMsg></header>"
        f"<body><items>{rows}</items><pageNo>{page}</pageNo>{count}</body></response>"
    ).encode()
