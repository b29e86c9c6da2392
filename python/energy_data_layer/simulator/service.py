"""What is answered to a request: the gateway's checks, the limits, the faults, then the service itself."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from energy_data_layer.simulator.dialect_asos import AsosDialect
from energy_data_layer.simulator.dialect_nambu_solar import NambuSolarDialect
from energy_data_layer.simulator.dialect_namdong_wind import NamdongWindDialect
from energy_data_layer.simulator.faults import FaultPlan
from energy_data_layer.simulator.limits import DailyQuota, RateLimit
from energy_data_layer.simulator.messages import Parameters, Refusal, Response, gateway_json, gateway_xml, html_page

if TYPE_CHECKING:
    from energy_data_layer.simulator.dialect import Dialect
    from energy_data_layer.simulator.faults import Fault
    from energy_data_layer.simulator.options import SimulatorOptions

DIALECTS: dict[str, type[Dialect]] = {
    dialect.path: dialect for dialect in (AsosDialect, NamdongWindDialect, NambuSolarDialect)
}
"""The services by their path."""

_KEY_NAMES = ("serviceKey", "ServiceKey")


def split_target(target: str) -> tuple[type[Dialect] | None, str | None, dict[str, str]]:
    """Return the service, the key and the other parameters of a request's target.

    Examples
    --------
    >>> dialect, key, parameters = split_target("/B551893/wind-power-by-hour/list?serviceKey=a%2Bb&page=1")
    >>> dialect.service, key, parameters
    ('namdong_wind', 'a+b', {'page': '1'})
    """
    parts = urlsplit(target)
    parameters = dict(parse_qsl(parts.query, keep_blank_values=True))
    keys = [parameters.pop(name) for name in _KEY_NAMES if name in parameters]
    return DIALECTS.get(parts.path), keys[0] if keys else None, parameters


class Services:
    """The three services behind their gateway.

    Parameters
    ----------
    options : SimulatorOptions
        Their options.
    """

    def __init__(self, options: SimulatorOptions) -> None:
        self.options = options
        self.quota = DailyQuota()
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
        wait = 0.0 if self._rate is None else self._rate.seconds_to_wait()
        if wait:
            return too_many_requests(wait), None
        if not self.quota.use(dialect.service, options.day_in_korea(), options.requests_per_day):
            return gateway_xml("22"), None
        fault = self._plan.next_fault(dialect.service, parameters)
        service = dialect(Parameters(parameters), options)
        instead = None if fault is None else _in_place_of_answer(fault, service)
        return instead or _answered(service, fault), fault


def _rate_limit(options: SimulatorOptions) -> RateLimit | None:
    rate = options.requests_per_second
    return None if rate is None else RateLimit(rate, options.clock)


def too_many_requests(seconds: float) -> Response:
    """Return HTTP 429 with the seconds to wait, whole as the header has them; without the header for 0."""
    headers = (("Retry-After", str(math.ceil(seconds))),) if seconds else ()
    return replace(html_page("Too Many Requests", 429), headers=headers)


def _in_place_of_answer(fault: Fault, service: Dialect) -> Response | None:
    """Return what a fault answers in place of the service, if it does."""
    match fault.kind:
        case "server_error":
            return html_page("Internal Server Error", 500)
        case "gateway_error":
            return gateway_xml(fault.code)
        case "forbidden":
            return gateway_json(fault.code)
        case "no_such_service":
            return gateway_xml("12")
        case "quota":
            return gateway_xml("22")
        case "too_many_requests":
            return too_many_requests(fault.seconds)
        case "html":
            return html_page("Proxy", 200)
        case "no_data":
            return service.no_data()
    return None


def _answered(service: Dialect, fault: Fault | None) -> Response:
    try:
        page = service.page()
    except Refusal as refusal:
        return service.refused(refusal)
    if not page.items:
        return service.no_data()
    if fault is not None and fault.drift:
        page = service.drifted(page, fault.drift)
    return service.good(page)
