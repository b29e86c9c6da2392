"""How gaps are to be filled: the options of `impute_missing_values`, checked once."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from energy_data_layer.core.whole_numbers import LARGEST, checked_whole
from energy_data_layer.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Method = Literal["spline_climatology", "linear", "optimal_interpolation"]
Bounds = tuple[float | None, float | None]

OPTIMAL_INTERPOLATION: Method = "optimal_interpolation"

LONGEST_GAP = LARGEST
"""What a larger gap length is taken for: no frame has a longer gap."""

WIDEST_INTERVAL = 0.99
MOST_NEIGHBOURS = 4


@dataclass(frozen=True)
class Rule:
    """How the gaps of a frame are filled.

    Attributes
    ----------
    method : {"spline_climatology", "linear", "optimal_interpolation"}
        Where a fill comes from.
    max_spline_gap : int
        `spline_climatology`: the longest gap, in rows, that is interpolated.
    max_gap : int
        The longest gap, in rows, that is filled at all.
    bounds : dict of str to (float, float)
        The smallest and largest fill of each column that has any.
    interval : float or None
        The probability with which the interval of a fill covers the true value; None for no interval.
    neighbours : int
        `optimal_interpolation`: how many stations besides its own take part in a fill.
    column_means : dict of str to float
        Means of columns of which the frame has a part, NaN where they have no value.
    """

    method: Method = "spline_climatology"
    max_spline_gap: int = 3
    max_gap: int = LONGEST_GAP
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    interval: float | None = None
    neighbours: int = MOST_NEIGHBOURS
    column_means: Mapping[str, float] = field(default_factory=dict)


def checked_rule(
    columns: Sequence[str],
    *,
    method: Method,
    max_spline_gap: int,
    max_gap: int | None,
    bounds: Mapping[str, Bounds] | None,
    interval: float | None,
    neighbours: int = MOST_NEIGHBOURS,
    column_means: Mapping[str, float | None] | None = None,
) -> Rule:
    """Return the rule, or raise `OptionError` naming the option that cannot be."""
    methods: tuple[str, ...] = get_args(Method)
    if method not in methods:
        raise OptionError(f"method is {method!r}; it must be one of {', '.join(methods)}")
    if interval is not None and not 0 < interval <= WIDEST_INTERVAL:
        raise OptionError(f"interval is {interval!r}; it must be a probability above 0, at most {WIDEST_INTERVAL}")
    return Rule(
        method=method,
        max_spline_gap=checked_whole(max_spline_gap, "max_spline_gap"),
        max_gap=LONGEST_GAP if max_gap is None else checked_whole(max_gap, "max_gap"),
        bounds={name: checked_bounds(name, limits, columns) for name, limits in (bounds or {}).items()},
        interval=interval,
        neighbours=checked_neighbours(neighbours),
        column_means={name: _checked_mean(name, mean, columns) for name, mean in (column_means or {}).items()},
    )


def _checked_mean(name: str, mean: float | None, columns: Sequence[str]) -> float:
    """Return the mean of a column that is filled, NaN for None; raise `OptionError` where it is none."""
    if name not in columns:
        raise OptionError(f'column_means names the column "{name}", which is not filled')
    if mean is None:
        return math.nan
    try:
        number = float(mean)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise OptionError(f'the mean of column "{name}" is {mean!r}; it must be a finite number, or None for no value')
    return number


def checked_neighbours(neighbours: int) -> int:
    """Return the number of neighbours, or raise `OptionError`."""
    return checked_whole(neighbours, "neighbours", MOST_NEIGHBOURS)


def checked_bounds(name: str, limits: Bounds, columns: Sequence[str]) -> tuple[float, float]:
    """Return the bounds of a column that is filled, or raise `OptionError`."""
    if name not in columns:
        raise OptionError(f'bounds name the column "{name}", which is not filled; filled are: {", ".join(columns)}')
    try:
        low, high = limits
        low, high = -math.inf if low is None else float(low), math.inf if high is None else float(high)
    except (TypeError, ValueError):
        low, high = math.nan, math.nan
    if not low <= high:
        raise OptionError(f'the bounds of column "{name}" are {limits!r}; give (lowest, highest), None for none')
    return low, high
