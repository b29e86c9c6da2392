"""The exact sum of numbers, against fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from energy_data_layer.transforms.impute.exact_total import ExactTotal

NUMBERS = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=50)


@given(NUMBERS, st.integers(0, 50))
def test_the_mean_is_that_of_fractions_rounded_once(numbers, cut):
    values = np.array(numbers)
    exact = sum(map(Fraction, numbers), Fraction()) / len(numbers)
    parts = [ExactTotal.of(values[cut:]), ExactTotal.of(np.append(values[:cut], np.nan))]
    assert (parts[0] + parts[1]).mean == ExactTotal.of(values).mean == exact.numerator / exact.denominator


def test_the_mean_of_nothing_is_none():
    assert ExactTotal.of(np.array([np.nan])).mean is None
