"""Ask a public service: bounded, paced, repeated where that can help; the key is shown nowhere."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeVar

from energy_data_layer._version import __version__
from energy_data_layer.datasets.dataset import LONGEST_BODY
from energy_data_layer.datasets.dataset import ServiceRequest as ServiceRequest
from energy_data_layer.datasets.registry import DATASETS
from energy_data_layer.errors import (
    ApiError,
    DataLayerError,
    ExtraUnavailable,
    ServiceError,
    StopForToday,
    worth_another_try,
)
from energy_data_layer.services.key import ServiceKey
from energy_data_layer.services.rate_limit import Pace, retry_after_seconds
from energy_data_layer.services.request_stats import RequestTrace as RequestTrace
from energy_data_layer.services.request_stats import TraceSummary as TraceSummary

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import httpx

    from energy_data_layer.services.raw import RawFolder
    from energy_data_layer.settings.services import ServiceSettings

_KEY_IS_REFUSED = {"20", "21", "30", "31", "32", "33"}
_RUN_LATER = "run again later"

T = TypeVar("T")


@dataclass(frozen=True)
class _Answer:
    """What came back; a body that is too long is None."""

    status: int
    retry_after: float | None
    body: bytes | None


class ServiceClient:
    """Asks the public services; an asynchronous context manager.

    Parameters
    ----------
    settings : ServiceSettings
        Keys, address and limits.
    requests_left : int, optional
        How many requests may be sent, every attempt counted; by default those of a whole day.
    keep_raw : RawFolder, optional
        Where the bodies that could be read are kept.

    Attributes
    ----------
    traces : TraceSummary
        What the requests cost so far.
    """

    def __init__(
        self, settings: ServiceSettings, *, requests_left: int | None = None, keep_raw: RawFolder | None = None
    ) -> None:
        self.traces = TraceSummary()
        self._settings = settings
        self._requests_left = settings.requests_per_day if requests_left is None else max(0, requests_left)
        self._keep_raw = keep_raw
        self._keys: dict[str, ServiceKey] = {}
        self._stop: Callable[[ServiceRequest], DataLayerError] | None = None
        self._paused_until = 0.0

    async def __aenter__(self) -> Self:
        try:
            import httpx
            import stamina  # noqa: F401

            self._pace = Pace(self._settings.requests_per_second)
        except ModuleNotFoundError as error:
            raise ExtraUnavailable(error.name or "httpx", "services") from error
        from energy_data_layer.services.key import KeyedTransport, transports_to

        self._exit = AsyncExitStack()
        self._exit.enter_context(readable_and_without_keys(self._keys))
        # A place is a connection; the one that was used last is used first, so that few are open if few are needed.
        self._places: asyncio.LifoQueue[httpx.AsyncClient] = asyncio.LifoQueue()
        for transport in transports_to(self._settings.services_url, self._settings.concurrency):
            client = httpx.AsyncClient(
                transport=KeyedTransport(self._key_of, transport),
                headers={"User-Agent": f"energy-data-layer/{__version__}"},
                # The key must not travel to wherever a redirect points.
                follow_redirects=False,
                # One attempt as a whole has a time limit, see `_exchange`.
                timeout=None,  # noqa: S113
            )
            self._places.put_nowait(await self._exit.enter_async_context(client))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._exit.aclose()

    async def get(self, request: ServiceRequest, read: Callable[[bytes], T]) -> T:
        """Send a request and return what `read` makes of the body.

        Parameters
        ----------
        request : ServiceRequest
            The request.
        read : callable
            Turns the body into the result, in a thread of its own. `PayloadError`, and `ApiError` with a code that is
            worth another try, have the request sent again.

        Raises
        ------
        ServiceError
            If there is no answer, or a failure of HTTP, after the last attempt.
        StopForToday
            If no further request makes sense: the day's requests are used up, by the service's count or by the
            settings, or the service asks to wait longer than the settings allow.
        ApiError, PayloadError
            If `read` raised it at the last attempt.
        OptionError
            If there is no key for the service.
        """
        self._key_of(request.service)
        trace = RequestTrace(request.service, request.label, error="not finished")
        begin = time.perf_counter()
        try:
            result = await self._repeated(request, read, trace)
            trace.error = ""
            return result
        except DataLayerError as error:
            trace.error = str(error)
            raise
        finally:
            trace.seconds = time.perf_counter() - begin
            self.traces.add(trace)

    async def _repeated(self, request: ServiceRequest, read: Callable[[bytes], T], trace: RequestTrace) -> T:
        import stamina

        waiting_since = time.perf_counter()
        attempts = stamina.retry_context(
            on=_wait_before_retry,
            attempts=self._settings.attempts,
            timeout=None,
            wait_initial=self._settings.backoff_seconds,
            wait_max=self._settings.longest_wait_seconds,
            wait_jitter=self._settings.backoff_seconds,
        )
        async for attempt in attempts:
            with attempt:
                async with self._place() as client:
                    await self._turn(request)
                    trace.waited_seconds += time.perf_counter() - waiting_since
                    trace.attempts += 1
                    try:
                        answer = await self._exchange(client, request, trace)
                    finally:
                        waiting_since = time.perf_counter()
                return await self._judged(request, answer, read, trace)
        raise AssertionError("the last attempt ends in a result or an error")

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[httpx.AsyncClient]:
        client = await self._places.get()
        try:
            yield client
        finally:
            self._places.put_nowait(client)

    async def _turn(self, request: ServiceRequest) -> None:
        """Wait until a request may leave, and take it from the day's."""
        self._refuse_if_stopped(request)
        while (pause := self._paused_until - time.monotonic()) > 0:
            await asyncio.sleep(pause)
        await self._pace.next()
        self._refuse_if_stopped(request)
        if self._requests_left <= 0:
            self._stop = _used_up
            raise _used_up(request)
        self._requests_left -= 1

    def _refuse_if_stopped(self, request: ServiceRequest) -> None:
        if self._stop is not None:
            raise self._stop(request)

    async def _exchange(self, client: httpx.AsyncClient, request: ServiceRequest, trace: RequestTrace) -> _Answer:
        """Send a request once."""
        import httpx

        from energy_data_layer.services.key import SERVICE_EXTENSION

        trace.status = None
        problem, final = "", False
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                async with client.stream(
                    "GET",
                    f"{self._settings.services_url}/{DATASETS[request.service].service.path}",
                    params=list(request.parameters),
                    extensions={SERVICE_EXTENSION: request.service},
                ) as response:
                    trace.status = response.status_code
                    body = await self._body(request, response, trace)
                    return _Answer(response.status_code, retry_after_seconds(response.headers), body)
        except TimeoutError:
            problem = f"no complete answer within {self._settings.timeout_seconds:g} s"
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            problem = self._key_of(request.service).hide(f"{_what_happened(error)}: {error}")[:300].rstrip(": ")
            final = _is_final(error)
        # Outside of the handlers: httpx's errors hold the request, and would be shown as the cause.
        raise ServiceError(
            request.label,
            problem,
            f"check the address, the network and the proxy; {_RUN_LATER}",
            status=trace.status,
            attempts=trace.attempts,
            retryable=not final,
        )

    async def _body(self, request: ServiceRequest, response: httpx.Response, trace: RequestTrace) -> bytes | None:
        import httpx

        if "," in response.headers.get("Content-Encoding", ""):
            # A compressed compressed body grows a million-fold before its length can be looked at.
            raise httpx.DecodingError("it is compressed more than once")
        length = response.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > LONGEST_BODY:
            return None
        body = bytearray()
        async for part in response.aiter_bytes():
            body += part
            trace.bytes += len(part)
            if len(body) > LONGEST_BODY:
                return None
        # A service that sends the key back must not bring it into an error or a kept file.
        return self._key_of(request.service).hide_in(bytes(body))

    async def _judged(
        self, request: ServiceRequest, answer: _Answer, read: Callable[[bytes], T], trace: RequestTrace
    ) -> T:
        """Return what the answer holds, or raise what is wrong with it."""
        if answer.body is None:
            raise self._failure(
                f"the body has more than {LONGEST_BODY // 1024**2} MB", "ask for fewer days", answer, request, trace
            )
        if answer.status == 429 or answer.status >= 500:
            await self._raise_if_the_service_says_why(answer, request, read)
            raise self._refusal(request, answer, trace)
        if not 200 <= answer.status < 300:
            await self._raise_if_the_service_says_why(answer, request, read)
            raise self._failure(*_MEANING.get(answer.status // 100, _UNEXPECTED), answer, request, trace)
        found = await self._read(request, answer.body, read)
        if self._keep_raw is not None:
            await asyncio.to_thread(self._keep_raw.keep, request, answer.body)
        return found

    async def _read(self, request: ServiceRequest, body: bytes, read: Callable[[bytes], T]) -> T:
        try:
            return await asyncio.to_thread(read, body)
        except ApiError as error:
            if error.stop_until_tomorrow:
                self._stop = _stopped_by(str(error))
            elif error.code in _KEY_IS_REFUSED:
                self._stop = _refused_key(error)
            else:
                raise
        # Outside of the handler, so that the stop is the only error shown.
        raise self._stop(request)

    async def _raise_if_the_service_says_why(
        self, answer: _Answer, request: ServiceRequest, read: Callable[[bytes], T]
    ) -> None:
        """Raise the service's own error where a failure of HTTP carries one; 429 says it by itself."""
        if answer.status == 429 or answer.body is None:
            return
        try:
            await self._read(request, answer.body, read)
        except (ApiError, StopForToday):
            raise
        except DataLayerError:
            return

    def _refusal(self, request: ServiceRequest, answer: _Answer, trace: RequestTrace) -> ServiceError:
        """Return the error for a service that is too busy or broken, and wait or stop as it asks."""
        asked = answer.retry_after
        too_long = asked is not None and asked > self._settings.longest_wait_seconds
        if too_long or (answer.status == 429 and asked is None):
            wait = "" if asked is None else f" and asks to wait {asked:.0f} s"
            self._stop = _stopped_by(f"the service takes no more requests (HTTP {answer.status}){wait}", asked)
            return self._stop(request)
        if asked is not None and answer.status == 429:
            self._paused_until = max(self._paused_until, time.monotonic() + asked)
        problem = "the service takes no more requests at present" if answer.status == 429 else "the service failed"
        return ServiceError(
            request.label,
            problem,
            _RUN_LATER,
            status=answer.status,
            attempts=trace.attempts,
            retryable=True,
            retry_after=asked,
        )

    def _failure(
        self, problem: str, advice: str, answer: _Answer, request: ServiceRequest, trace: RequestTrace
    ) -> ServiceError:
        return ServiceError(request.label, problem, advice, status=answer.status, attempts=trace.attempts)

    def _key_of(self, service: str) -> ServiceKey:
        if service not in self._keys:
            self._keys[service] = ServiceKey(self._settings.key_of(service))
        return self._keys[service]


_UNEXPECTED = ("the service's answer is of no known kind", "check the services' address")
_MEANING = {
    3: ("the service points to another address, which is not followed because the key would go there",
        "check the services' address"),
    4: ("the service refuses the request", "check the service key and the services' address"),
}  # fmt: skip
"""What a class of HTTP statuses means, and what to do."""


def _wait_before_retry(error: Exception) -> bool | float:
    """Say whether to send a request again after this error, and how long to wait where the service says it."""
    if isinstance(error, ServiceError) and error.retryable:
        return error.retry_after or True
    return worth_another_try(error)


def _used_up(request: ServiceRequest) -> DataLayerError:
    problem = "not asked, because the requests of the day are used up (EDL_REQUESTS_PER_DAY)"
    return StopForToday(request.label, problem, "run again tomorrow")


def _stopped_by(reason: str, retry_after: float | None = None) -> Callable[[ServiceRequest], StopForToday]:
    advice = "run again tomorrow" if retry_after is None else f"run again after {retry_after:.0f} s"
    return lambda request: StopForToday(request.label, reason, advice, retry_after=retry_after)


def _refused_key(error: ApiError) -> Callable[[ServiceRequest], ApiError]:
    code, message = error.code, error.message
    return lambda _: ApiError(code, message)


def _what_happened(error: Exception) -> str:
    import httpx

    if _is_about_the_certificate(error):
        return "the service's certificate cannot be verified"
    kinds: list[tuple[type[Exception], str]] = [
        (httpx.ConnectError, "no connection"),
        (httpx.RemoteProtocolError, "the service broke off or broke the rules of HTTP"),
        (httpx.ReadError, "the connection broke off"),
        (httpx.WriteError, "the connection broke off"),
        (httpx.DecodingError, "the body cannot be decompressed"),
        (httpx.ProxyError, "the proxy refuses"),
    ]
    return next((what for kind, what in kinds if isinstance(error, kind)), type(error).__name__)


def _is_final(error: Exception) -> bool:
    import httpx

    return _is_about_the_certificate(error) or isinstance(
        error, httpx.UnsupportedProtocol | httpx.LocalProtocolError | httpx.ProxyError | httpx.InvalidURL
    )


def _is_about_the_certificate(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


SENDING = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks")
"""Loggers whose records may hold what a service sends back, such as the address that a redirect points to."""

RETRYING = "stamina"
"""The logger that tells of further attempts, with its reasons beside the text."""


@contextmanager
def readable_and_without_keys(keys: Mapping[str, ServiceKey]) -> Iterator[None]:
    """Keep keys out of the records, and put the reason of a further attempt into its text.

    Parameters
    ----------
    keys : mapping of str to ServiceKey
        The keys; it may grow meanwhile.
    """

    def hide(record: logging.LogRecord) -> bool:
        text = hidden = record.getMessage()
        for key in list(keys.values()):
            hidden = key.hide(hidden)
        if hidden != text:
            record.msg, record.args = hidden, ()
        return True

    def tell_why(record: logging.LogRecord) -> bool:
        details = vars(record)
        if record.msg == "stamina.retry_scheduled" and "stamina.caused_by" in details:
            record.msg = "attempt %s in %.1f s, because of %s"
            record.args = (
                details["stamina.retry_num"] + 1,
                details["stamina.wait_for"],
                details["stamina.caused_by"],
            )
        return True

    filters = {**dict.fromkeys(SENDING, hide), RETRYING: tell_why}
    for name, added in filters.items():
        logging.getLogger(name).addFilter(added)
    try:
        yield
    finally:
        for name, added in filters.items():
            logging.getLogger(name).removeFilter(added)
