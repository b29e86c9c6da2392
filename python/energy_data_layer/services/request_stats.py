"""What the requests of a run cost: statistics that stay small however many there are."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from energy_data_layer.errors import DataLayerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from energy_data_layer.datasets.dataset import ServiceRequest

SLOWEST_KEPT = 5
FAILURES_KEPT = 20


@dataclass
class RequestRecord:
    """What became of one request.

    `request` is its label, `status` the last HTTP status, `bytes` those of all bodies received. `seconds` is wall time,
    `waited_seconds` the part of it spent waiting for the rate limit and between attempts. `error` is empty if it
    succeeded. With `from_raw` the body came from a folder and nothing was sent.
    """

    service: str
    request: str
    status: int | None = None
    attempts: int = 0
    seconds: float = 0.0
    waited_seconds: float = 0.0
    bytes: int = 0
    error: str = ""
    from_raw: bool = False


@dataclass
class ServiceStats:
    """Sums over the requests to one service, which run side by side; `requests` counts every attempt."""

    answers: int = 0
    requests: int = 0
    retries: int = 0
    failures: int = 0
    from_raw: int = 0
    bytes: int = 0
    seconds: float = 0.0
    waited_seconds: float = 0.0


@dataclass
class RequestStats:
    """What the requests of a run cost.

    `slowest` are the few that took longest, waiting excluded, the slowest first; `failures` the first that failed.

    Examples
    --------
    >>> stats = RequestStats()
    >>> stats.add(RequestRecord("asos", "asos pageNo=1", status=200, attempts=2, seconds=0.4, bytes=1000))
    >>> stats.requests, stats.retries, stats.slowest[0].seconds
    (2, 1, 0.4)
    """

    services: dict[str, ServiceStats] = field(default_factory=dict)
    slowest: list[RequestRecord] = field(default_factory=list)
    failures: list[RequestRecord] = field(default_factory=list)

    @contextmanager
    def request(self, request: ServiceRequest) -> Iterator[RequestRecord]:
        """Record a request that begins and ends with this context."""
        record = RequestRecord(request.service, request.label, error="not finished")
        begin = time.perf_counter()
        try:
            yield record
            record.error = ""
        except DataLayerError as error:
            record.error = str(error)
            raise
        finally:
            record.seconds = time.perf_counter() - begin
            self.add(record)

    def add(self, record: RequestRecord) -> None:
        """Count a request that has ended."""
        stats = self.services.setdefault(record.service, ServiceStats())
        stats.answers += not record.error
        stats.requests += record.attempts
        stats.retries += max(0, record.attempts - 1)
        stats.failures += bool(record.error)
        stats.from_raw += record.from_raw
        stats.bytes += record.bytes
        stats.seconds += record.seconds
        stats.waited_seconds += record.waited_seconds
        if record.error:
            self.failures = [*self.failures, record][:FAILURES_KEPT]
        if record.attempts:
            self.slowest = sorted([*self.slowest, record], key=lambda one: one.waited_seconds - one.seconds)
            del self.slowest[SLOWEST_KEPT:]

    @property
    def requests(self) -> int:
        """Requests sent, every attempt counted."""
        return sum(stats.requests for stats in self.services.values())

    @property
    def retries(self) -> int:
        """Requests that were a further attempt."""
        return sum(stats.retries for stats in self.services.values())

    @property
    def bytes(self) -> int:
        """Bytes of all bodies."""
        return sum(stats.bytes for stats in self.services.values())
