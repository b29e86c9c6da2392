"""The contract's table of gaps in plain loops, row by row: slow, and independent of both engines."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from statistics import fmean
from typing import TYPE_CHECKING

from scipy.interpolate import CubicSpline

if TYPE_CHECKING:
    import pyarrow as pa


def fill(
    table: pa.Table, column: str, max_spline_gap: int, history: pa.Table | None
) -> tuple[list[float | None], list[int], Counter[int]]:
    """Return the filled values, their provenance codes, and how many gaps there are of each length."""
    rows = list(zip(*(table[name].to_pylist() for name in ("stnNm", "tm", column)), strict=True))
    known = [row for row in rows if row[2] is not None]
    if history is not None:
        keys = {row[:2] for row in rows}
        past = zip(*(history[name].to_pylist() for name in ("stnNm", "tm", column)), strict=True)
        known += [row for row in past if row[:2] not in keys and row[2] is not None]

    values, codes, lengths = [row[2] for row in rows], [0] * len(rows), Counter()
    series = defaultdict(list)
    for position in sorted(range(len(rows)), key=lambda position: rows[position][1]):
        series[rows[position][0]].append(position)
    for station, positions in series.items():
        for first, last in gaps([rows[position][2] for position in positions]):
            lengths[last - first + 1] += 1
            for x in range(first, last + 1):
                position = positions[x]
                values[position], codes[position] = one_value(
                    [rows[other][2] for other in positions],
                    x,
                    (first, last),
                    station,
                    rows[position][1],
                    known,
                    max_spline_gap,
                )
    return values, codes, lengths


def gaps(series: list[float | None]) -> list[tuple[int, int]]:
    """Return the first and last ordinal of every maximal run of None."""
    found = []
    for x, value in enumerate(series):
        if value is None:
            if x and series[x - 1] is None:
                found[-1] = (found[-1][0], x)
            else:
                found.append((x, x))
    return found


def one_value(series, x, gap, station, stamp, known, max_spline_gap):
    first, last = gap
    observed = [(at, value) for at, value in enumerate(series) if value is not None]
    if last - first + 1 <= max_spline_gap and observed:
        if first == 0:
            return series[last + 1], 3
        if last == len(series) - 1:
            return series[first - 1], 3
        if len(observed) >= 4:
            return float(CubicSpline(*zip(*observed, strict=True), bc_type="not-a-knot")(x)), 1
        left, right = series[first - 1], series[last + 1]
        return left + (right - left) * (x - first + 1) / (last - first + 2), 2
    if last - first + 1 > max_spline_gap:
        hour = (stamp.month, stamp.day, stamp.hour)
        same = [v for name, tm, v in known if name == station and (tm.month, tm.day, tm.hour) == hour]
        if same:
            return fmean(same), 4
        of_station = [value for name, _, value in known if name == station]
        if of_station:
            return math.fsum(of_station) / len(of_station), 5
    everything = [value for _, _, value in known]
    return (math.fsum(everything) / len(everything), 6) if everything else (None, 7)
