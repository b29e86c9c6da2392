"""What a simulator was asked, for tests to look at and to wait for."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

MOST_KEPT = 100_000


@dataclass(slots=True)
class LoggedRequest:
    """A request that arrived.

    Attributes
    ----------
    service : str
        The service; empty where the path is none's.
    parameters : dict of str to str
        Its parameters without the key.
    at : float
        Seconds from the simulator's start to its arrival.
    status : int or None
        The HTTP status; None while it is not answered, and where the connection was closed before.
    code : str
        The code that the service or its gateway answered with; empty where there is none.
    fault : str
        The kind of fault that it met; empty for none.
    seconds : float or None
        From its arrival until its answer began; None while it is not answered.
    """

    service: str
    parameters: dict[str, str]
    at: float
    status: int | None = None
    code: str = ""
    fault: str = ""
    seconds: float | None = None


class RequestLog:
    """The requests in the order of their arrival, and how many there are at a time."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._requests: deque[LoggedRequest] = deque(maxlen=MOST_KEPT)
        self._arrived = 0
        self._in_flight = 0
        self._most_in_flight = 0
        self._held = 0

    def arrive(self, request: LoggedRequest) -> None:
        """Note a request."""
        with self._changed:
            self._requests.append(request)
            self._arrived += 1
            self._in_flight += 1
            self._most_in_flight = max(self._most_in_flight, self._in_flight)
            self._changed.notify_all()

    def leave(self) -> None:
        """Note that a request is done with."""
        with self._changed:
            self._in_flight -= 1
            self._changed.notify_all()

    def hold(self, change: int) -> None:
        """Note that one more answer is held, or one less."""
        with self._changed:
            self._held += change
            self._changed.notify_all()

    def requests(self) -> list[LoggedRequest]:
        """Return the latest requests."""
        with self._changed:
            return list(self._requests)

    def clear(self) -> None:
        """Forget the requests and the most that there were at a time."""
        with self._changed:
            self._requests.clear()
            self._arrived = 0
            self._most_in_flight = self._in_flight

    def counts(self) -> tuple[int, int, int]:
        """Return how many arrived, are being answered now, and were at most at a time."""
        with self._changed:
            return self._arrived, self._in_flight, self._most_in_flight

    def wait_until_arrived(self, count: int, timeout: float) -> bool:
        """Wait until so many requests have arrived; return whether they have."""
        with self._changed:
            return self._changed.wait_for(lambda: self._arrived >= count, timeout)

    def wait_until_held(self, count: int, timeout: float) -> bool:
        """Wait until so many answers are held; return whether they are."""
        with self._changed:
            return self._changed.wait_for(lambda: self._held >= count, timeout)
