"""The exact sum of numbers: those of parts add up to that of the whole, in any order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALLEST_EXPONENT = -1074
"""Every finite double is a multiple of two to this."""

MANTISSA_BITS = 53
LOW_BITS = 26


@dataclass(frozen=True)
class ExactTotal:
    """Sum and count of observed values.

    Attributes
    ----------
    multiple : int
        The sum, as a multiple of the smallest positive double.
    count : int
        How many values there are.

    Examples
    --------
    >>> parts = [ExactTotal.of(np.array(values)) for values in ([1e300, 1.0], [np.nan, -1e300])]
    >>> (parts[0] + parts[1]).mean
    0.3333333333333333
    """

    multiple: int = 0
    count: int = 0

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> ExactTotal:
        """Add up the values that are not NaN."""
        observed = values[~np.isnan(values)]
        fractions, exponents = np.frexp(observed)
        mantissas = np.ldexp(fractions, MANTISSA_BITS).astype(np.int64)
        multiple = 0
        for exponent in np.unique(exponents).tolist():
            some = mantissas[exponents == exponent]
            # In two halves, as the sum of whole mantissas would not fit.
            high, low = int((some >> LOW_BITS).sum()), int((some & ((1 << LOW_BITS) - 1)).sum())
            multiple += ((high << LOW_BITS) + low) << (exponent - SMALLEST_EXPONENT)
        return cls(multiple >> MANTISSA_BITS, len(observed))

    def __add__(self, other: ExactTotal) -> ExactTotal:
        return ExactTotal(self.multiple + other.multiple, self.count + other.count)

    @property
    def mean(self) -> float | None:
        """Return the mean, rounded once; None where there are no values."""
        return self.multiple / (self.count << -SMALLEST_EXPONENT) if self.count else None
