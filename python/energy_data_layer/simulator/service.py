"""What is answered to a request: the gateway's checks, the limits, the faults, then the service itself."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from energy_data_layer.simulator.dialects import Page
from energy_data_layer.simulator.faults import Fault, FaultPlan
from energy_data_layer.simulator.messages import Parameters, Refusal, Response, gateway_json, gateway_xml, html_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from energy_data_layer.simulator.dialects import Dialect
    from energy_data_layer.simulator.options import SimulatorOptions


class RateLimit:
    """Lets a number of requests per second pass; what was not used in a second's time may come at once.

    Parameters
    ----------
    per_second : float
        The rate.
    clock : callable
        Returns seconds.

    Examples
    --------
    >>> now = 0.0
    >>> limit = RateLimit(2, lambda: now)
    >>> [limit.seconds_to_wait() for _ in range(3)]
    [0.0, 0.0, 0.5]
    >>> now = 0.5
    >>> limit.seconds_to_wait()
    0.0
    """

    def __init__(self, per_second: float, clock: Callable[[], float]) -> None:
        self._per_second = per_second
        self._clock = clock
        self._capacity = max(1.0, math.floor(per_second))
        self._left = self._capacity
        self._at = clock()

    def seconds_to_wait(self) -> float:
        """Let a request pass and return 0, or return how long it is until one may pass."""
        now = self._clock()
        self._left = min(self._capacity, self._left + (now - self._at) * self._per_second)
        self._at = now
        # A client that waits as long as it is told must not fail for a rounding error.
        if self._left >= 1 - 1e-9:
            self._left -= 1
            return 0.0
        return (1 - self._left) / self._per_second


def too_many_requests(seconds: float) -> Response:
    """Return HTTP 429 with the seconds to wait, whole as the header has them; without the header for 0."""
    headers = [("Retry-After", str(math.ceil(seconds)))] if seconds else []
    return html_page("Too Many Requests", 429, *headers)


IN_PLACE_OF_ANSWER: dict[str, Callable[[Fault], Response]] = {
    "server_error": lambda _: html_page("Internal Server Error", 500),
    "gateway_error": lambda fault: gateway_xml(fault.code),
    "forbidden": lambda fault: gateway_json(fault.code),
    "no_such_service": lambda _: gateway_xml("12"),
    "quota": lambda _: gateway_xml("22"),
    "too_many_requests": lambda fault: too_many_requests(fault.seconds),
    "html": lambda _: html_page("Proxy", 200),
}
"""What kinds of faults answer in place of the service."""


class Services:
    """The three services behind their gateway.

    Parameters
    ----------
    options : SimulatorOptions
        Their options.

    Attributes
    ----------
    used : Counter of (str, datetime.date)
        The requests to each service on each day that count for the day's limit.
    """

    def __init__(self, options: SimulatorOptions) -> None:
        self.options = options
        self.used: Counter[tuple[str, date]] = Counter()
        self._plan = FaultPlan(options.faults, options.seed)
        self._rate = _rate_limit(options)

    def change(self, options: SimulatorOptions) -> None:
        """Go on with other options; what counts requests begins anew only where its own options are others."""
        before, self.options = self.options, options
        if (before.faults, before.seed) != (options.faults, options.seed):
            self._plan = FaultPlan(options.faults, options.seed)
        if (before.requests_per_second, before.clock) != (options.requests_per_second, options.clock):
            self._rate = _rate_limit(options)

    def answer(
        self, dialect: type[Dialect] | None, key: str | None, parameters: dict[str, str]
    ) -> tuple[Response, Fault | None]:
        """Return the answer to a request, and the fault that it meets."""
        options = self.options
        if dialect is None:
            return gateway_xml("12"), None
        if not key or (options.key is not None and key != options.key):
            return gateway_xml("30"), None
        if self._rate is not None and (wait := self._rate.seconds_to_wait()):
            return too_many_requests(wait), None
        name, day = dialect.dataset.name, options.day_in_korea()
        if options.requests_per_day is not None and self.used[name, day] >= options.requests_per_day:
            return gateway_xml("22"), None
        self.used[name, day] += 1
        fault = self._plan.next_fault(name, parameters)
        if fault is not None and fault.kind in IN_PLACE_OF_ANSWER:
            return IN_PLACE_OF_ANSWER[fault.kind](fault), fault
        service = dialect(Parameters(parameters), options)
        kind = "" if fault is None else fault.kind
        try:
            page = Page() if kind == "no_data" else service.page()
        except Refusal as refusal:
            return service.refused(refusal), fault
        service.drift(page.items, kind)
        return service.answer(page), fault


def _rate_limit(options: SimulatorOptions) -> RateLimit | None:
    rate = options.requests_per_second
    return None if rate is None else RateLimit(rate, options.clock)
