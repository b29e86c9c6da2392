"""Hours without rows that are too many to be inserted."""

from __future__ import annotations

from typing import NamedTuple


class Absence(NamedTuple):
    """Where a station has no rows for longer than `max_gap`.

    Attributes
    ----------
    station : str
        The station.
    before, after : str
        Its last stamp before, and its first one after.

    Examples
    --------
    >>> str(Absence("Seoul", "2024-02-01 00:00:00", "2050-01-01 00:00:00"))
    'Seoul: nothing between 2024-02-01 00:00:00 and 2050-01-01 00:00:00'
    """

    station: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.station}: nothing between {self.before} and {self.after}"
