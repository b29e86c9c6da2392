"""Gaps laid over observed values, to see how well they would be filled."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from energy_data_layer.core.gaps import Gaps, find_gaps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from energy_data_layer.transforms.impute.reference.table import Table

    Lengths = Sequence[int] | Literal["like mine"]

LIKE_MINE: Final = "like mine"

APART = 6
"""Observed rows, at least, between a masked gap and any other gap."""

LARGEST_SHARE = 0.05
"""How much of a station's observed values the gaps of one length hide; a single gap may hide twice that."""


def masked_gaps(
    values: NDArray[np.float64], table: Table, lengths: Lengths, gaps: int, rng: np.random.Generator
) -> Gaps:
    """Return up to `gaps` gaps a station over fully observed stretches of a column, in the table's order.

    Parameters
    ----------
    values : ndarray
        The column, station by station in time order.
    table : Table
        Its stations and stamps.
    lengths : sequence of int, or "like mine"
        The lengths to draw from, in rows; "like mine" draws from the column's own gaps.
    gaps : int
        The most gaps of a station.
    rng : numpy.random.Generator
        The source of chance.
    """
    free = ~np.isnan(values)
    pool = find_gaps(~free, table.station).length if isinstance(lengths, str) else np.asarray(lengths)
    follows = _follows(table)
    start, length = [], []
    for position in np.argsort(table.names[: table.stations].astype(str), kind="stable"):
        rows = slice(table.first_row[position], table.last_row[position] + 1)
        for wanted, count in _drawn(pool, int(free[rows].sum()), gaps, rng):
            begun = _laid(free[rows], follows[rows], wanted, count, rng)
            start += [rows.start + row for row in begun]
            length += [wanted] * len(begun)
    order = np.argsort(np.array(start, np.int64))
    return Gaps(np.array(start, np.int64)[order], np.array(length, np.int64)[order])


def generator(seed: int, column: str, length: int) -> np.random.Generator:
    """Return the source of chance of a column and length, the same whatever else is scored."""
    return np.random.default_rng([seed, zlib.crc32(column.encode()), length])


def _follows(table: Table) -> NDArray[np.bool_]:
    """Tell for each row whether it is its station's next step after the row before."""
    steps = np.diff(table.stamps.asi8)
    same_station = np.diff(table.station) == 0
    found, counts = np.unique(steps[same_station], return_counts=True)
    commonest = found[np.argmax(counts)] if len(found) else 0
    return np.concatenate(([False], same_station & (steps == commonest)))[: len(table.station)]


def _drawn(pool: NDArray[np.int64], observed: int, gaps: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Return lengths, the longest first, and how many gaps of each a station with so many values gets."""
    most = LARGEST_SHARE * observed
    pool = pool[pool <= 2 * most]
    if not len(pool):
        return []
    lengths = rng.choice(pool, gaps)
    kept = max(1, int(np.searchsorted(np.cumsum(lengths), most, side="right")))
    found, counts = np.unique(lengths[:kept], return_counts=True)
    return list(zip(found[::-1].tolist(), counts[::-1].tolist(), strict=True))


def _laid(
    free: NDArray[np.bool_], follows: NDArray[np.bool_], length: int, count: int, rng: np.random.Generator
) -> list[int]:
    """Return the first rows of up to `count` gaps of a station, and take their rows out of `free`."""
    width = length + 2 * APART
    taken = np.concatenate(([0], np.cumsum(~free)))
    breaks = np.concatenate(([0], np.cumsum(~follows)))
    begin = np.arange(max(0, len(free) - width + 1))
    fits = (taken[begin + width] == taken[begin]) & (breaks[begin + width] == breaks[begin + 1])
    laid: list[int] = []
    for row in rng.permutation(begin[fits]).tolist():
        if len(laid) == count:
            break
        if free[row : row + width].all():
            laid.append(row + APART)
            free[row + APART : row + APART + length] = False
    return laid
