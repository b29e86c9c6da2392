"""What made-up data are made of: chance, the sun's height, the season, and noise with a memory."""

from __future__ import annotations

from hashlib import blake2b
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Values: TypeAlias = NDArray[np.float64]
Hours: TypeAlias = NDArray[np.datetime64]

_LATITUDE = 36.0
_CUT_IN, _RATED = 3.0, 12.0
"""Wind speeds, m/s, between which a turbine's power rises from nothing to its capacity."""


def seed_of(*parts: object) -> int:
    """Return a seed that is always the same for the same parts, whatever the order of events.

    Examples
    --------
    >>> seed_of(0, "asos", 108) == seed_of(0, "asos", 108) != seed_of(1, "asos", 108)
    True
    """
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=8).digest(), "big")


def chance(*parts: object) -> float:
    """Return a number from 0 to 1, without 1, that is always the same for the same parts.

    Examples
    --------
    >>> 0 <= chance(0, "asos", 108) < 1
    True
    """
    return seed_of(*parts) / 2**64


def year_angle(hours: Hours | np.datetime64) -> Values:
    """Return how far each hour is into its year, as an angle."""
    into_year = (hours - hours.astype("datetime64[Y]")).astype(np.float64)
    return np.asarray(into_year * 2 * np.pi / (365.25 * 24))


def sine_of_sun(latitude: float, hours: Hours, clock: Values) -> Values:
    """Return the sine of the sun's height in the middle of the hour that ends at each stamp."""
    solstice = year_angle(np.datetime64("2022-12-21T00", "h"))
    declination = np.radians(-23.44) * np.cos(year_angle(hours) - solstice)
    noon_in_korea = 12.5
    turn = (clock - 0.5 - noon_in_korea) * 2 * np.pi / 24
    north = np.radians(latitude)
    return np.asarray(np.sin(north) * np.sin(declination) + np.cos(north) * np.cos(declination) * np.cos(turn))


def noise(size: int, memory: float, rng: np.random.Generator) -> Values:
    """Return noise of mean 0 and variance 1 whose autocorrelation falls to 1/e within `memory` hours."""
    keep = np.exp(-1 / memory)
    shocks = rng.standard_normal(size) * np.sqrt(1 - keep**2)
    shocks[0] /= np.sqrt(1 - keep**2)
    return decaying_sum(shocks, keep)


def decaying_sum(values: Values, keep: float) -> Values:
    """Return the sums ``s[t] = values[t] + keep * s[t - 1]``, by doubling the span that is summed."""
    sums = values.copy()
    span = 1
    while span < sums.size:
        sums[span:] += keep**span * sums[:-span]
        span *= 2
    return sums


def solar_kwh(capacity: float, ends: Hours, rng: np.random.Generator) -> Values:
    """Return what a solar plant of a capacity in kW generates in the hours that end at these stamps."""
    clock = (ends - ends.astype("datetime64[D]")).astype(np.float64)
    height = np.clip(sine_of_sun(_LATITUDE, ends, clock), 0, None)
    cloud = np.clip(0.5 + 0.5 * noise(len(ends), 12, rng), 0, 1)
    return np.asarray(capacity * height * (1 - 0.75 * cloud**2))


def wind_kwh(capacity: float, ends: Hours, rng: np.random.Generator) -> Values:
    """Return what a wind turbine of a capacity in kW generates in the hours that end at these stamps."""
    speed = 6.5 * np.exp(0.5 * noise(len(ends), 10, rng))
    return np.asarray(capacity * np.clip((speed - _CUT_IN) / (_RATED - _CUT_IN), 0, 1) ** 3)
