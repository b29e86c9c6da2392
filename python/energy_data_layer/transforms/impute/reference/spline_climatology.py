"""Short gaps by a cubic spline, long ones by the station's climatology, in NumPy and SciPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import CubicSpline

from energy_data_layer.core.provenance import Provenance
from energy_data_layer.transforms.impute.exact_total import ExactTotal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from energy_data_layer.core.gaps import Gaps
    from energy_data_layer.transforms.impute.reference.table import Table

FEWEST_SPLINE_POINTS = 4


def fill_column(
    values: NDArray[np.float64],
    gaps: Gaps,
    table: Table,
    past_values: NDArray[np.float64],
    max_spline_gap: int,
    column_mean: float | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Fill the gaps of one column; return its values and their provenance codes.

    The mean of the column is that of values and history where none is given.
    """
    missing = np.isnan(values)
    filled = values.copy()
    codes = np.zeros(len(values), dtype=np.uint8)
    if not len(gaps.start):
        return filled, codes

    station = table.station[gaps.start]
    observed = np.bincount(table.station[~missing], minlength=table.stations)[station]
    starts_station = gaps.start == table.first_row[station]
    ends_station = gaps.stop == table.last_row[station] + 1
    inner = ~starts_station & ~ends_station
    short = gaps.length <= max_spline_gap

    spline = gaps.rows(short & inner & (observed >= FEWEST_SPLINE_POINTS))
    filled[spline] = spline_values(values, missing, table, spline)
    codes[spline] = Provenance.SPLINE

    linear = gaps.rows(short & inner & (observed < FEWEST_SPLINE_POINTS))
    known = np.flatnonzero(~missing)
    filled[linear] = np.interp(linear, known, values[known]) if len(linear) else 0.0
    codes[linear] = Provenance.LINEAR

    for at_edge, neighbour in ((starts_station, gaps.stop), (ends_station & ~starts_station, gaps.start - 1)):
        chosen = short & at_edge & (observed >= 1)
        nearest = gaps.rows(chosen)
        filled[nearest] = np.repeat(values[neighbour[chosen]], gaps.length[chosen])
        codes[nearest] = Provenance.NEAREST

    long = gaps.rows(~short)
    if len(long):
        _fill_from(climatology(values, table, past_values, long), long, Provenance.CLIMATOLOGY, filled, codes)
    left = long[codes[long] == 0]
    if len(left):
        means = station_means(values, table, past_values)[table.station[left]]
        _fill_from(means, left, Provenance.STATION_MEAN, filled, codes)

    left = np.flatnonzero(missing & (codes == 0))
    if len(left):
        if column_mean is None:
            column_mean = (ExactTotal.of(values) + ExactTotal.of(past_values)).mean
        if column_mean is None or np.isnan(column_mean):
            codes[left] = Provenance.UNFILLED
        else:
            filled[left] = column_mean
            codes[left] = Provenance.GLOBAL_MEAN
    return filled, codes


def spline_values(
    values: NDArray[np.float64], missing: NDArray[np.bool_], table: Table, rows: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Evaluate each station's not-a-knot cubic spline through all its observed points at `rows`."""
    result = np.empty(len(rows))
    stations, first = np.unique(table.station[rows], return_index=True)
    for station, low, high in zip(stations, first, np.append(first, len(rows))[1:], strict=True):
        begin, end = table.first_row[station], table.last_row[station] + 1
        known = np.flatnonzero(~missing[begin:end])
        spline = CubicSpline(known, values[begin:end][known], bc_type="not-a-knot")
        result[low:high] = spline(rows[low:high] - begin)
    return result


def climatology(
    values: NDArray[np.float64], table: Table, past_values: NDArray[np.float64], rows: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return for each of `rows` the mean of its station's observed values of the same month, day and hour."""
    return _means_by(table.hour_of_year, np.concatenate([values, past_values]))[table.hour_of_year[rows]]


def station_means(values: NDArray[np.float64], table: Table, past_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each station's mean observed value; NaN for a station without any."""
    stations = np.concatenate([table.station, table.past_station])
    everything = np.concatenate([values, past_values])
    # The mean of what the rough mean leaves over takes back the rounding of a long sum.
    rough = _means_by(stations, everything)
    return rough + _means_by(stations, everything - rough[stations])


def _means_by(group: NDArray[np.intp], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of the observed values of each group; NaN for a group without any."""
    observed = ~np.isnan(values)
    count = np.bincount(group, weights=observed)
    total = np.bincount(group, weights=np.where(observed, values, 0.0))
    means: NDArray[np.float64] = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
    return means


def _fill_from(
    candidates: NDArray[np.float64],
    rows: NDArray[np.intp],
    code: Provenance,
    filled: NDArray[np.float64],
    codes: NDArray[np.uint8],
) -> None:
    found = ~np.isnan(candidates)
    filled[rows[found]] = candidates[found]
    codes[rows[found]] = code
