"""What the requests of a run cost: a summary that stays small however many there are."""

from __future__ import annotations

import heapq
from dataclasses import asdict, dataclass, field
from itertools import count
from typing import Any

SLOWEST_KEPT = 5
FAILURES_KEPT = 20


@dataclass
class RequestTrace:
    """What became of one request.

    Attributes
    ----------
    service, request : str
        The service, and the request's label.
    status : int or None
        The last HTTP status, None where there was no answer.
    attempts : int
        How often it was sent.
    seconds : float
        Wall time from the first attempt to the end, waiting included.
    waited_seconds : float
        What of it was spent waiting for a place, for the rate limit and between attempts.
    bytes : int
        Bytes of all bodies that came.
    error : str
        Why it was given up; empty if all went well.
    from_raw : bool
        Whether the body came from a folder and nothing was sent.
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
class ServiceCost:
    """What the requests to one service cost together.

    Attributes
    ----------
    answers : int
        Requests that ended well.
    requests : int
        Requests that were sent, every attempt counted: what counts against the limit of the day.
    retries : int
        Those of them that were a further attempt.
    failures : int
        Requests that were given up.
    from_raw : int
        Answers that came from a folder.
    bytes : int
        Bytes of all bodies.
    seconds, waited_seconds : float
        Sums over the requests, which run side by side.
    """

    answers: int = 0
    requests: int = 0
    retries: int = 0
    failures: int = 0
    from_raw: int = 0
    bytes: int = 0
    seconds: float = 0.0
    waited_seconds: float = 0.0


@dataclass
class TraceSummary:
    """What the requests of a run cost.

    Attributes
    ----------
    services : dict of str to ServiceCost
        Sums per service.
    failures : list of RequestTrace
        The first requests that were given up.

    Examples
    --------
    >>> summary = TraceSummary()
    >>> summary.add(RequestTrace("asos", "asos pageNo=1", status=200, attempts=2, seconds=0.4, bytes=1000))
    >>> summary.requests, summary.retries, summary.slowest[0].seconds
    (2, 1, 0.4)
    """

    services: dict[str, ServiceCost] = field(default_factory=dict)
    failures: list[RequestTrace] = field(default_factory=list)
    _slowest: list[tuple[float, int, RequestTrace]] = field(default_factory=list, repr=False)
    _numbers: count[int] = field(default_factory=count, repr=False, compare=False)

    def add(self, trace: RequestTrace) -> None:
        """Count a request that has ended."""
        cost = self.services.setdefault(trace.service, ServiceCost())
        cost.answers += not trace.error
        cost.requests += trace.attempts
        cost.retries += max(0, trace.attempts - 1)
        cost.failures += bool(trace.error)
        cost.from_raw += trace.from_raw
        cost.bytes += trace.bytes
        cost.seconds += trace.seconds
        cost.waited_seconds += trace.waited_seconds
        if trace.error and len(self.failures) < FAILURES_KEPT:
            self.failures.append(trace)
        if trace.attempts:
            heapq.heappush(self._slowest, (trace.seconds - trace.waited_seconds, next(self._numbers), trace))
            if len(self._slowest) > SLOWEST_KEPT:
                heapq.heappop(self._slowest)

    @property
    def requests(self) -> int:
        """Requests that were sent, every attempt counted."""
        return sum(cost.requests for cost in self.services.values())

    @property
    def retries(self) -> int:
        """Requests that were a further attempt."""
        return sum(cost.retries for cost in self.services.values())

    @property
    def bytes(self) -> int:
        """Bytes of all bodies."""
        return sum(cost.bytes for cost in self.services.values())

    @property
    def slowest(self) -> list[RequestTrace]:
        """The few requests on whose answers was waited longest, the slowest first."""
        return [trace for _, _, trace in sorted(self._slowest, reverse=True)]

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as plain types, for JSON."""
        return {
            "services": {name: asdict(cost) for name, cost in self.services.items()},
            "slowest": [asdict(trace) for trace in self.slowest],
            "failures": [asdict(trace) for trace in self.failures],
        }
