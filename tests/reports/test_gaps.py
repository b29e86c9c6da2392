"""Where gaps lie, against a count by hand."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest

from energy_data_layer.core.gaps import find_gaps


def gaps_by_hand(missing, station):
    found, row = [], 0
    for (is_missing, _), run in groupby(zip(missing, station, strict=True)):
        length = len(list(run))
        if is_missing:
            found.append((row, length))
        row += length
    return found


@pytest.mark.parametrize("seed", range(20))
def test_gaps_against_a_count_by_hand(seed):
    random = np.random.default_rng(seed)
    missing = random.random(200) < random.random()
    station = np.sort(random.integers(0, 5, 200))
    gaps = find_gaps(missing, station)
    assert list(zip(gaps.start.tolist(), gaps.length.tolist(), strict=True)) == gaps_by_hand(missing, station)


@pytest.mark.parametrize("missing", [[], [False, False]])
def test_no_gaps(missing):
    gaps = find_gaps(np.array(missing, bool), np.zeros(len(missing)))
    assert gaps.lengths() == {}
    assert gaps.touching(np.ones(len(missing), bool)).lengths() == {}


def test_gaps_that_touch_marked_rows_count_in_full():
    missing = np.array([True, True, False, True, False, True, True, True])
    marked = np.array([False, True, False, False, False, False, False, True])
    assert find_gaps(missing, np.zeros(8)).touching(marked).lengths() == {2: 1, 3: 1}
