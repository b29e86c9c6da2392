"""Where the gaps of a column lie, as runs of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LENGTH_CLASSES = ((1, 1), (2, 2), (3, 3), (4, 6), (7, 24), (25, 72), (73, 168), (169, 720), (721, None))
"""The classes in which gaps are counted, by their shortest and longest length, in rows."""


@dataclass(frozen=True)
class Gaps:
    """The gaps of one column: for each, the row of its first missing value and its length."""

    start: NDArray[np.int64]
    length: NDArray[np.int64]

    @property
    def stop(self) -> NDArray[np.int64]:
        """For each gap the row behind it."""
        stop: NDArray[np.int64] = self.start + self.length
        return stop

    def rows(self, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return all rows of the chosen gaps."""
        start, length = self.start[chosen], self.length[chosen]
        within = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
        rows: NDArray[np.int64] = np.repeat(start, length) + within
        return rows

    def touching(self, rows: NDArray[np.bool_]) -> Gaps:
        """Return the gaps that have at least one of the marked rows."""
        marked_before = np.concatenate(([0], np.cumsum(rows)))
        touched = marked_before[self.stop] > marked_before[self.start]
        return Gaps(self.start[touched], self.length[touched])

    def lengths(self) -> dict[int, int]:
        """Return how many gaps there are of each length."""
        values, counts = np.unique(self.length, return_counts=True)
        return dict(zip(values.tolist(), counts.tolist(), strict=True))


def find_gaps(missing: NDArray[np.bool_], station: NDArray[np.generic]) -> Gaps:
    """Return the maximal runs of missing values within each station.

    Parameters
    ----------
    missing : array of bool
        Whether the value of each row is missing.
    station : array
        The station of each row; the rows of a station stand together, in order of time.

    Examples
    --------
    >>> find_gaps(np.array([True, False, True, True, True]), np.array([1, 1, 1, 1, 2])).lengths()
    {1: 2, 2: 1}
    """
    if not missing.size:
        return Gaps(np.zeros(0, np.int64), np.zeros(0, np.int64))
    starts_station = np.concatenate(([True], station[1:] != station[:-1]))
    follows_missing = np.concatenate(([False], missing[:-1]))
    starts_gap = missing & (starts_station | ~follows_missing)
    gap_of_row = np.cumsum(starts_gap) - 1
    return Gaps(np.flatnonzero(starts_gap), np.bincount(gap_of_row[missing]))
