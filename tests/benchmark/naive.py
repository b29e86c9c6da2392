"""`impute_missing_values` as one writes it first in pandas: loops over rows, and a filter for every missing value.

It is the "before" of `profile_impute.py`, written for it. Nothing in it is slow on purpose, and its answers are the
contract's; unlike the reference it checks nothing, takes no history, and wants numbers and stamps without a zone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.interpolate import CubicSpline

from energy_data_layer.core.provenance import Provenance, provenance_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

STATION, STAMP = "stnNm", "tm"
FEWEST_SPLINE_POINTS = 4


def impute_missing_values(
    df: pd.DataFrame, columns: Sequence[str] = ("ta", "hm"), *, max_spline_gap: int = 3, provenance: bool = False
) -> pd.DataFrame:
    """Return a copy of the frame with its gaps filled."""
    table = df.reset_index(drop=True)
    result = table.copy()
    for column in columns:
        codes = pd.Series(Provenance.OBSERVED, index=table.index, dtype="uint8")
        for station in table[STATION].unique():
            rows = station_rows(table, station)
            for start, stop in find_gaps(rows[column]):
                if stop - start <= max_spline_gap:
                    fills = fill_short_gap(table, rows, column, start, stop)
                else:
                    fills = fill_long_gap(table, rows, column, start, stop)
                for row, (value, code) in zip(rows.index[start:stop], fills, strict=True):
                    result.loc[row, column] = value
                    codes.loc[row] = code
        if provenance:
            result.insert(result.columns.get_loc(column) + 1, provenance_column(column), codes)
    result.index = df.index
    return result


def station_rows(table: pd.DataFrame, station: str) -> pd.DataFrame:
    """Return the rows of a station in time order."""
    return table[table[STATION] == station].sort_values(STAMP)


def find_gaps(series: pd.Series) -> list[tuple[int, int]]:
    """Return where each gap starts and where it has ended, counted in rows of the series."""
    gaps = []
    start = None
    for row in range(len(series)):
        missing = pd.isna(series.iloc[row])
        if missing and start is None:
            start = row
        elif not missing and start is not None:
            gaps.append((start, row))
            start = None
    if start is not None:
        gaps.append((start, len(series)))
    return gaps


def fill_short_gap(
    table: pd.DataFrame, rows: pd.DataFrame, column: str, start: int, stop: int
) -> list[tuple[float, Provenance]]:
    """Return value and code of each row of a gap that is interpolated."""
    series = rows[column]
    observed = series.count()
    length = stop - start
    if observed == 0:
        return [column_mean(table, column)] * length
    if start == 0:
        return [(series.iloc[stop], Provenance.NEAREST)] * length
    if stop == len(series):
        return [(series.iloc[start - 1], Provenance.NEAREST)] * length
    if observed >= FEWEST_SPLINE_POINTS:
        return [(value, Provenance.SPLINE) for value in spline_values(series, start, stop)]
    straight = series.reset_index(drop=True).interpolate()
    return [(value, Provenance.LINEAR) for value in straight.iloc[start:stop]]


def fill_long_gap(
    table: pd.DataFrame, rows: pd.DataFrame, column: str, start: int, stop: int
) -> list[tuple[float, Provenance]]:
    """Return value and code of each row of a gap that is too long to be interpolated."""
    fills = []
    for row in range(start, stop):
        station, stamp = rows[STATION].iloc[row], rows[STAMP].iloc[row]
        value, code = climatology(table, column, station, stamp), Provenance.CLIMATOLOGY
        if pd.isna(value):
            value, code = station_mean(table, column, station), Provenance.STATION_MEAN
        if pd.isna(value):
            value, code = column_mean(table, column)
        fills.append((value, code))
    return fills


def spline_values(series: pd.Series, start: int, stop: int) -> NDArray[np.float64]:
    """Evaluate the not-a-knot cubic spline through all observed points of the series in a gap."""
    observed = series.reset_index(drop=True).dropna()
    spline = CubicSpline(observed.index, observed, bc_type="not-a-knot")
    return spline(np.arange(start, stop))


def climatology(table: pd.DataFrame, column: str, station: str, stamp: pd.Timestamp) -> float:
    """Return the mean of the station's observed values of the same month, day and hour; NaN without any."""
    same_hour = table[
        (table[STATION] == station)
        & (table[STAMP].dt.month == stamp.month)
        & (table[STAMP].dt.day == stamp.day)
        & (table[STAMP].dt.hour == stamp.hour)
    ]
    return same_hour[column].mean()


def station_mean(table: pd.DataFrame, column: str, station: str) -> float:
    """Return the mean of the station's observed values; NaN without any."""
    return table[table[STATION] == station][column].mean()


def column_mean(table: pd.DataFrame, column: str) -> tuple[float, Provenance]:
    """Return the mean of all observed values and its code; where there are none, the value stays missing."""
    value = table[column].mean()
    return value, Provenance.UNFILLED if pd.isna(value) else Provenance.GLOBAL_MEAN
