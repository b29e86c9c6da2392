"""The limits that the services set: requests per second and per day."""

from __future__ import annotations

import math
import threading
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date


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


class DailyQuota:
    """Counts the requests to each service on each day."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: Counter[tuple[str, date]] = Counter()

    def use(self, service: str, day: date, limit: int | None) -> bool:
        """Count a request and return whether it is within the limit."""
        with self._lock:
            if limit is not None and self._used[service, day] >= limit:
                return False
            self._used[service, day] += 1
            return True

    def used(self, service: str, day: date) -> int:
        """Return the requests to a service on a day."""
        with self._lock:
            return self._used[service, day]
