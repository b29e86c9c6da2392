"""How long to wait: between requests, and where a service asks for it."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MARGIN = 1.03
"""The distance of two requests over the shortest allowed one.

Requests that leave at even distances do not arrive so; the margin keeps a service that counts the last second from
counting one too many, as long as arrivals shift by less than some 20 ms.
"""

CAUGHT_UP_SECONDS = 0.01
"""How late a request may leave without delaying all that follow.

Timers are late by a millisecond, and by more while answers are read.
"""


class RateLimiter:
    """Even distances between requests, for the tasks of one event loop; no second ever has more than allowed."""

    def __init__(self, requests_per_second: float) -> None:
        self._distance = MARGIN / requests_per_second
        self._turn = asyncio.Lock()
        self._next = 0.0

    async def acquire(self) -> None:
        """Wait until the next request may leave."""
        time = asyncio.get_running_loop().time
        async with self._turn:
            while (wait := self._next - time()) > 0:
                await asyncio.sleep(wait)
            # The first has nothing to catch up on.
            self._next = max(self._next or time(), time() - CAUGHT_UP_SECONDS) + self._distance

    def pause(self, seconds: float) -> None:
        """Let no request leave for so long, those included that wait already."""
        self._next = max(self._next, asyncio.get_running_loop().time() + seconds)


def retry_after_seconds(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return how many seconds an answer asks to wait, None where it does not say or cannot be read.

    Parameters
    ----------
    headers : mapping of str to str
        The answer's headers: ``Retry-After`` in seconds or as an HTTP date, which counts from ``Date`` if that is
        there.
    now : datetime, optional
        The time where the answer does not give it; by default that of this machine.

    Examples
    --------
    >>> retry_after_seconds({"Retry-After": "120"})
    120.0
    >>> sent = {"Retry-After": "Wed, 03 Jan 2024 00:01:00 GMT", "Date": "Wed, 03 Jan 2024 00:00:00 GMT"}
    >>> retry_after_seconds(sent)
    60.0
    """
    asked = headers.get("Retry-After", "").strip()
    if re.fullmatch("[0-9]{1,15}", asked):
        return float(asked)
    until = _http_date(asked)
    if until is None:
        return None
    since = _http_date(headers.get("Date", "")) or now or datetime.now(UTC)
    return max(0.0, (until - since).total_seconds())


def _http_date(text: str) -> datetime | None:
    try:
        stamp = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp
