"""What can go wrong with an answer, and the plan that decides which answers it goes wrong with."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from energy_data_layer.errors import OptionError
from energy_data_layer.simulator.signals import chance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FAULT_KINDS = {
    "server_error": "HTTP 500 with a page in HTML",
    "gateway_error": "the gateway's XML with `code`, HTTP 200",
    "forbidden": "the gateway's envelope as JSON with `code`, HTTP 403",
    "no_such_service": "the gateway's XML with code 12",
    "quota": "the gateway's XML with code 22: the day's requests are used up",
    "too_many_requests": "HTTP 429, with Retry-After where `seconds` is not 0",
    "drop": "the connection is closed before the first byte",
    "drop_in_headers": "the connection is closed within the headers",
    "reset": "the connection is reset before the first byte",
    "truncate": "the connection is closed in the middle of the body",
    "cut": "half of the body, with the length of that half",
    "slow": "the body comes in small pieces, over `seconds`",
    "late": "the answer begins `seconds` late",
    "hold": "the answer begins when `Simulator.release` is called",
    "html": "a proxy's page in HTML, HTTP 200",
    "no_data": "the answer of a request that there are no data for",
    "unknown_field": "items with a field that is not documented",
    "vanished_field": "items without a field that is documented",
    "retyped_field": "items with a value of another kind than documented; in XML a text that is no number",
    "drift": "all three at once",
}
"""The kinds of faults, with what happens."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that makes answers go wrong.

    Attributes
    ----------
    kind : str
        One of `FAULT_KINDS`.
    share : float
        The share of the requests it meets, from 0 to 1. Which ones is decided by the seed, the request and how
        often it was sent before, so it does not depend on the order in which requests arrive.
    service : str or None
        Only requests to this service.
    where : mapping of str to str
        Only requests with these parameters.
    nth : int or None
        Only the nth of the requests that the rule would meet otherwise, from 1.
    times : int or None
        At most so many times.
    times_each : int or None
        At most so many times for the same request; 2 lets the third attempt succeed.
    code : str
        The code of ``gateway_error`` and ``forbidden``.
    seconds : float
        Of ``slow``, ``late`` and ``too_many_requests``.

    Raises
    ------
    OptionError
        If there is no such kind, or a number is out of range.

    Examples
    --------
    >>> Fault("server_error", service="asos", times_each=1).kind
    'server_error'
    """

    kind: str
    share: float = 1.0
    service: str | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    nth: int | None = None
    times: int | None = None
    times_each: int | None = None
    code: str = "01"
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in FAULT_KINDS:
            raise OptionError(f'there is no fault "{self.kind}"; there are {", ".join(FAULT_KINDS)}')
        if not 0 <= self.share <= 1:
            raise OptionError(f"the share of {self.kind} is {self.share}; it can be from 0 to 1")
        if self.seconds < 0:
            raise OptionError(f"the seconds of {self.kind} are {self.seconds}; they can be 0 or more")


def faults_from_text(text: str) -> tuple[Fault, ...]:
    """Return the faults of a text such as ``server_error=0.1,drop=0.05``.

    Raises
    ------
    OptionError
        If a part is not a kind and a share.

    Examples
    --------
    >>> [(fault.kind, fault.share) for fault in faults_from_text("server_error=0.1, drop=0.05")]
    [('server_error', 0.1), ('drop', 0.05)]
    """
    faults = []
    for part in filter(None, map(str.strip, text.split(","))):
        kind, _, written = part.partition("=")
        try:
            share = float(written)
        except ValueError as error:
            raise OptionError(f'"{part}" is no fault; write a kind and its share, such as drop=0.05') from error
        faults.append(Fault(kind.strip(), share))
    return tuple(faults)


class FaultPlan:
    """Decides for each request which fault it meets, if any.

    Parameters
    ----------
    faults : sequence of Fault
        The rules; the first that meets a request counts.
    seed : int
        Decides which requests a share is.
    """

    def __init__(self, faults: Sequence[Fault], seed: int) -> None:
        self._faults = tuple(faults)
        self._seed = seed
        self._met: Counter[int] = Counter()
        self._fired: Counter[int] = Counter()
        self._fired_at: Counter[tuple[int, str]] = Counter()
        self._sent: Counter[str] = Counter()

    def next_fault(self, service: str, parameters: Mapping[str, str]) -> Fault | None:
        """Return the fault that a request meets; each call counts as a request."""
        request = f"{service} {sorted(parameters.items())}"
        self._sent[request] += 1
        for position, fault in enumerate(self._faults):
            if fault.service not in (None, service) or not fault.where.items() <= parameters.items():
                continue
            if fault.share < 1 and chance(self._seed, "fault", position, request, self._sent[request]) >= fault.share:
                continue
            self._met[position] += 1
            if (
                fault.nth in (None, self._met[position])
                and (fault.times is None or self._fired[position] < fault.times)
                and (fault.times_each is None or self._fired_at[position, request] < fault.times_each)
            ):
                self._fired[position] += 1
                self._fired_at[position, request] += 1
                return fault
        return None
