"""Ask a public service: bounded, paced, retried where that can help; the key is shown nowhere."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from contextlib import AsyncExitStack, contextmanager, suppress
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Self, TypeVar

from energy_data_layer._version import __version__
from energy_data_layer.datasets.dataset import LONGEST_BODY
from energy_data_layer.datasets.dataset import ServiceRequest as ServiceRequest
from energy_data_layer.datasets.registry import DATASETS
from energy_data_layer.errors import (
    ApiError,
    DataLayerError,
    ExtraUnavailable,
    PayloadError,
    ServiceError,
    StopForToday,
    worth_another_try,
)
from energy_data_layer.services.rate_limit import RateLimiter, retry_after_seconds
from energy_data_layer.services.request_stats import RequestRecord, RequestStats

try:
    import httpx
    import stamina
except ModuleNotFoundError as error:
    raise ExtraUnavailable(error.name or "httpx", "services") from error

from energy_data_layer.services.key import KeyedTransport, ServiceKey, transports_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from energy_data_layer.services.raw import RawFolder
    from energy_data_layer.settings.services import ServiceSettings

T = TypeVar("T")

_KEY_IS_REFUSED = {"20", "21", "30", "31", "32", "33"}
_RUN_LATER = "run again later"
_CHECK_ADDRESS = "check the services' address"
_MEANING = {
    3: ("the service points to another address, which is not followed because the key would go there", _CHECK_ADDRESS),
    4: ("the service refuses the request", "check the service key and the services' address"),
}
"""What a class of HTTP statuses means, and what to do."""

_MEANING_OF_ERROR = {
    httpx.ConnectError: "no connection",
    httpx.NetworkError: "the connection broke off",
    httpx.RemoteProtocolError: "the service broke off or broke the rules of HTTP",
    httpx.DecodingError: "the body cannot be decompressed",
    httpx.ProxyError: "the proxy refuses",
}
"""What happened where httpx raises these; others are named by their class."""

_ENCODINGS = {"identity", "gzip", "deflate"}

_FINAL = (httpx.ProxyError, httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL)
"""Errors after which the request is not worth another try."""


class ServiceClient:
    """Asks a public service; an asynchronous context manager, with its parameters as in `collect`.

    Attributes
    ----------
    stats : RequestStats
        What the requests cost so far.

    Raises
    ------
    OptionError
        If there is no key for the service.
    """

    def __init__(
        self,
        service: str,
        settings: ServiceSettings,
        *,
        requests_left: int | None = None,
        keep_raw: RawFolder | None = None,
    ) -> None:
        self.stats = RequestStats()
        self._settings = settings
        self._requests_left = settings.requests_per_day if requests_left is None else requests_left
        self._keep_raw = keep_raw
        self._key = ServiceKey(settings.key_of(service))
        self._rate = RateLimiter(settings.requests_per_second)
        self._stop: Callable[[str], DataLayerError] | None = None
        self._url = f"{settings.services_url}/{DATASETS[service].service.path}"
        self._resources = AsyncExitStack()
        self._new_transport = transports_to(settings.services_url)
        self._idle: list[httpx.AsyncClient] = []

    async def __aenter__(self) -> Self:
        self._resources.enter_context(_readable_logs(self._key))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._resources.aclose()

    async def get(self, request: ServiceRequest, read: Callable[[bytes], T]) -> T:
        """Send a request, several times if need be, and return what `read` makes of the body in another thread.

        Raises
        ------
        ServiceError
            If there is no answer, or a failure of HTTP, after the last attempt.
        StopForToday
            If no further request makes sense: the day's requests are used up, by the service's count or by the
            settings, or the service asks to wait longer than the settings allow.
        ApiError, PayloadError
            If `read` raised it at the last attempt.
        """
        attempts = stamina.retry_context(
            # A service that says how long to wait gets the next attempt after that time.
            on=lambda error: worth_another_try(error) and (getattr(error, "retry_after", None) or True),
            attempts=self._settings.attempts,
            timeout=None,
            wait_initial=self._settings.backoff_seconds,
            wait_max=self._settings.longest_wait_seconds,
            wait_jitter=self._settings.backoff_seconds,
        )
        with self.stats.request(request) as record:
            waiting_since = time.perf_counter()
            async for attempt in attempts:
                with attempt:
                    await self._turn(record)
                    record.waited_seconds += time.perf_counter() - waiting_since
                    record.attempts += 1
                    try:
                        body, wait = await self._exchange(request, record)
                    finally:
                        waiting_since = time.perf_counter()
                    found = await self._judged(read, record, body, wait)
                    if self._keep_raw is not None:
                        await asyncio.to_thread(self._keep_raw.keep, request, body)
                    return found
        raise AssertionError("the last attempt ends in a result or an error")

    async def _turn(self, record: RequestRecord) -> None:
        """Wait until a request may leave, and take it from the day's."""
        if self._stop is None:
            await self._rate.acquire()
        if self._stop is None and self._requests_left <= 0:
            problem = "not requested, because the requests of the day are used up (EDL_REQUESTS_PER_DAY)"
            self._stop = partial(StopForToday, problem=problem, advice="run again tomorrow")
        if self._stop is not None:
            raise self._stop(record.request)
        self._requests_left -= 1

    async def _exchange(self, request: ServiceRequest, record: RequestRecord) -> tuple[bytes, float | None]:
        """Send a request once; return the body, and the seconds that the service asks to wait."""
        record.status = None
        # The one that was used last is used first, so that few connections are open if few are needed.
        client = self._idle.pop() if self._idle else self._with_a_connection()
        try:
            async with (
                asyncio.timeout(self._settings.timeout_seconds),
                client.stream("GET", self._url, params=list(request.parameters)) as response,
            ):
                record.status = response.status_code
                return await self._body(response, record), retry_after_seconds(response.headers)
        except TimeoutError:
            problem, retryable = f"no complete answer within {self._settings.timeout_seconds:g} s", True
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            what, retryable = _meaning_of(error)
            problem = self._key.hide(f"{what}: {error}")[:300].rstrip(": ")
        finally:
            self._idle.append(client)
        # Outside of the handlers: httpx's errors hold the request, and would be shown as the cause.
        advice = f"check the address, the network and the proxy; {_RUN_LATER}"
        raise _failure(record, problem, advice, retryable=retryable)

    def _with_a_connection(self) -> httpx.AsyncClient:
        """Return a client for one request at a time: a pool looks at every pair of its connections before each."""
        client = httpx.AsyncClient(
            transport=KeyedTransport(self._key, self._new_transport()),
            # What a service would have kept here comes back to it from nowhere.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            headers={"User-Agent": f"energy-data-layer/{__version__}", "Accept-Encoding": "gzip, deflate"},
            # The key must not travel to wherever a redirect points.
            follow_redirects=False,
            # One attempt as a whole has a time limit, see `_exchange`.
            timeout=None,  # noqa: S113
        )
        self._resources.push_async_callback(client.aclose)
        return client

    async def _body(self, response: httpx.Response, record: RequestRecord) -> bytes:
        if response.headers.get("Content-Encoding", "identity").lower() not in _ENCODINGS:
            # What is compressed twice, or by Brotli, grows a million-fold before its length can be looked at.
            raise httpx.DecodingError("it is compressed more than once, or by neither gzip nor deflate")
        too_long = _failure(record, f"the body has more than {LONGEST_BODY // 1024**2} MB", "request fewer days")
        if int(response.headers.get("Content-Length", 0)) > LONGEST_BODY:
            raise too_long
        body = bytearray()
        async for part in response.aiter_bytes():
            body += part
            record.bytes += len(part)
            if len(body) > LONGEST_BODY:
                raise too_long
        # A service that sends the key back must not bring it into an error or a kept file.
        return self._key.hide_in(bytes(body))

    async def _judged(self, read: Callable[[bytes], T], record: RequestRecord, body: bytes, wait: float | None) -> T:
        """Return what the answer holds, or raise what is wrong with it."""
        status = record.status or 0
        if 200 <= status < 300:
            return await self._read(body, read, record)
        if status != 429:
            # The service's own error, where the body has one, says more than the status.
            with suppress(PayloadError):
                await self._read(body, read, record)
        if status == 429 or status >= 500:
            raise self._refusal(record, wait)
        unexpected = ("the service's answer is of no known kind", _CHECK_ADDRESS)
        raise _failure(record, *_MEANING.get(status // 100, unexpected))

    async def _read(self, body: bytes, read: Callable[[bytes], T], record: RequestRecord) -> T:
        try:
            return await asyncio.to_thread(read, body)
        except ApiError as error:
            if error.stop_until_tomorrow:
                self._stop = partial(StopForToday, problem=str(error), advice="run again tomorrow")
            elif error.code in _KEY_IS_REFUSED:
                code, message = error.code, error.message
                self._stop = lambda _: ApiError(code, message)
            else:
                raise
        # Outside of the handler, so that the stop is the only error shown.
        raise self._stop(record.request)

    def _refusal(self, record: RequestRecord, wait: float | None) -> DataLayerError:
        """Return the error for a service that is too busy or broken, and wait or stop as it asks."""
        is_busy = record.status == 429
        if is_busy if wait is None else wait > self._settings.longest_wait_seconds:
            problem, advice = f"the service takes no more requests (HTTP {record.status})", "run again tomorrow"
            if wait is not None:
                problem, advice = f"{problem} and asks to wait {wait:.0f} s", f"run again after {wait:.0f} s"
            self._stop = partial(StopForToday, problem=problem, advice=advice, retry_after=wait)
            return self._stop(record.request)
        if is_busy and wait is not None:
            self._rate.pause(wait)
        problem = "the service takes no more requests at present" if is_busy else "the service failed"
        return _failure(record, problem, _RUN_LATER, retryable=True, retry_after=wait)


def _failure(record: RequestRecord, problem: str, advice: str, **details: Any) -> ServiceError:
    return ServiceError(record.request, problem, advice, status=record.status, attempts=record.attempts, **details)


def _meaning_of(error: Exception) -> tuple[str, bool]:
    """Return what happened, and whether the request is worth another try."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "the service's certificate cannot be verified", False
        cause = cause.__cause__ or cause.__context__
    known = (meaning for kind, meaning in _MEANING_OF_ERROR.items() if isinstance(error, kind))
    return next(known, type(error).__name__), not isinstance(error, _FINAL)


@contextmanager
def _readable_logs(key: ServiceKey) -> Iterator[None]:
    """Keep the key out of the libraries' records, and put the reason of a further attempt into its text."""

    def rewrite(record: logging.LogRecord) -> bool:
        details = vars(record)
        if record.msg == "stamina.retry_scheduled" and "stamina.caused_by" in details:
            record.msg = "attempt %s in %.1f s, because of %s"
            record.args = (details["stamina.retry_num"] + 1, details["stamina.wait_for"], details["stamina.caused_by"])
        text = record.getMessage()
        if (hidden := key.hide(text)) != text:
            record.msg, record.args = hidden, ()
        return True

    # The records of httpcore may hold what a service sends back, such as the address that a redirect points to.
    modules = ("connection", "http11", "http2", "proxy", "socks")
    loggers = [logging.getLogger(name) for name in ("httpx", "stamina", *(f"httpcore.{module}" for module in modules))]
    for logger in loggers:
        logger.addFilter(rewrite)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(rewrite)
