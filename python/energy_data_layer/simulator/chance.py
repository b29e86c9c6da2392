"""Chance that depends on what it is about and not on the order of events."""

from __future__ import annotations

from hashlib import blake2b

_WIDTH = 8
_SEEDS = 256**_WIDTH


def seed_of(*parts: object) -> int:
    """Return a seed that is always the same for the same parts.

    Examples
    --------
    >>> seed_of(0, "asos", 108) == seed_of(0, "asos", 108) != seed_of(1, "asos", 108)
    True
    """
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=_WIDTH).digest(), "big")


def chance(*parts: object) -> float:
    """Return a number from 0 to 1, without 1, that is always the same for the same parts.

    Examples
    --------
    >>> 0 <= chance(0, "asos", 108) < 1
    True
    """
    return float(seed_of(*parts) / _SEEDS)
