"""Numbers that stand for a missing value, such as -999: those that are named, and those that look like it."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NINES = re.compile(r"-?(9+)(\.9+)?(\.0)?")
_LEAST_OF_TYPES = {-32768.0, 32767.0, -32767.0, -2147483648.0, 2147483647.0}
"""What fills the unused cells of tables of whole numbers."""


SMALLEST = 9
"""The smallest size of a marker."""

SMALLEST_CONSPICUOUS = 999
"""A smaller number that is not negative and within the bounds can be a value at the edge of a short series."""


def is_marker_like(value: float) -> bool:
    """Tell whether a number looks like one that stands for a missing value: nines, or the end of an integer's range.

    Examples
    --------
    >>> [is_marker_like(value) for value in (-9.0, -99.9, 9999.0, -32768.0, 1e20, 12.9)]
    [True, True, True, True, True, False]
    """
    size = abs(value)
    return size >= SMALLEST and (value in _LEAST_OF_TYPES or size >= 1e20 or bool(_NINES.fullmatch(f"{value:.12g}")))


def may_hold_markers(values: NDArray[np.float64]) -> bool:
    """Tell whether the smallest or the largest value looks like a marker: a quick answer for most columns."""
    if not len(values):
        return False
    return is_marker_like(float(np.fmin.reduce(values))) or is_marker_like(float(np.fmax.reduce(values)))


def suspicious_markers(
    values: NDArray[np.float64], low: float | None = None, high: float | None = None
) -> dict[float, int]:
    """Return numbers that look as if they stood for a missing value, and how often they occur.

    Such a number is repeated to the digit, looks like a marker (`is_marker_like`), is the smallest or the largest of
    all, and is out of the question as a value: outside the bounds, the only one of its sign, or farther from the next
    one than all others are from each other.

    Parameters
    ----------
    values : ndarray
        The values of a column; NaN where one is missing.
    low, high : float, optional
        The smallest and the largest possible value.

    Examples
    --------
    >>> suspicious_markers(np.array([3.1, -99.9, 4.0, -99.9, 5.2, -9.0, -9.0, -9.0]))
    {-99.9: 2, -9.0: 3}
    >>> suspicious_markers(np.array([3.1, -9.0, 4.0, -12.0, -9.0]))
    {}
    """
    if not may_hold_markers(values):
        return {}
    return suspicious_among(*np.unique(values[~np.isnan(values)], return_counts=True), low, high)


def suspicious_among(
    distinct: NDArray[np.float64], counts: NDArray[np.int64], low: float | None, high: float | None
) -> dict[float, int]:
    """Return the same of distinct values, in order, and how often each occurs.

    Only values at either end, up to the first that does not look like a marker, make a difference.
    """
    found: dict[float, int] = {}
    low, high = -math.inf if low is None else low, math.inf if high is None else high
    while len(distinct):
        at = next((at for at in (0, -1) if _is_marker(distinct, counts, at, low, high)), None)
        if at is None:
            break
        found[float(distinct[at])] = int(counts[at])
        distinct, counts = np.delete(distinct, at), np.delete(counts, at)
    return found


def _is_marker(distinct: NDArray[np.float64], counts: NDArray[np.int64], at: int, low: float, high: float) -> bool:
    value = float(distinct[at])
    if counts[at] < 2 or not is_marker_like(value):
        return False
    if not low <= value <= high:
        return True
    if 0 <= value < SMALLEST_CONSPICUOUS:
        return False
    others = np.delete(distinct, at)
    if not len(others):
        return value < 0
    nearest, farthest = (others[0], others[-1]) if at == 0 else (others[-1], others[0])
    alone = value < 0 <= nearest
    return bool(alone or abs(value - nearest) > abs(nearest - farthest) > 0)
