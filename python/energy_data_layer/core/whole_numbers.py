"""Whole numbers among the options of public functions."""

from __future__ import annotations

import operator

from energy_data_layer.errors import OptionError

LARGEST = 2**62
"""What a larger number is taken for."""


def checked_whole(number: int, option: str, largest: int = LARGEST, *, smallest: int = 0) -> int:
    """Return an integer, or raise `OptionError`."""
    try:
        whole = operator.index(number)
    except TypeError:
        whole = smallest - 1
    if isinstance(number, bool) or whole < smallest or (largest < LARGEST and whole > largest):
        allowed = f"of {smallest} or more" if largest == LARGEST else f"from {smallest} to {largest}"
        raise OptionError(f"{option} is {number!r}; it must be an integer {allowed}")
    return min(whole, largest)
