"""Gaps on a straight line over the stamps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from energy_data_layer.core.provenance import Provenance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from energy_data_layer.core.gaps import Gaps
    from energy_data_layer.transforms.impute.reference.table import Table


def fill_column(values: NDArray[np.float64], gaps: Gaps, table: Table) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Fill the gaps of one column; return its values and their provenance codes."""
    filled, codes = values.copy(), np.zeros(len(values), np.uint8)
    station = table.station[gaps.start]
    has_left = gaps.start > table.first_row[station]
    has_right = gaps.stop <= table.last_row[station]
    inner = has_left & has_right
    rows = gaps.rows(inner)
    left, right = (np.repeat(edge[inner], gaps.length[inner]) for edge in (gaps.start - 1, gaps.stop))
    ticks = table.stamps.asi8
    share = (ticks[rows] - ticks[left]) / (ticks[right] - ticks[left])
    filled[rows] = values[left] + (values[right] - values[left]) * share
    codes[rows] = Provenance.LINEAR
    for chosen, edge in ((has_right & ~has_left, gaps.stop), (has_left & ~has_right, gaps.start - 1)):
        filled[gaps.rows(chosen)] = np.repeat(values[edge[chosen]], gaps.length[chosen])
        codes[gaps.rows(chosen)] = Provenance.NEAREST
    codes[gaps.rows(~has_left & ~has_right)] = Provenance.UNFILLED
    return filled, codes
