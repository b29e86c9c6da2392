"""Gap filling in pandas, NumPy and SciPy.

The rules and their order are those of the contract; the mathematics is on the page ``docs/transforms/impute.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd
from scipy.interpolate import CubicSpline

from energy_data_layer.core.gaps import Gaps, find_gaps
from energy_data_layer.core.keys import Keys, read_keys, require_unique
from energy_data_layer.core.parse import parse_numbers, require_finite
from energy_data_layer.core.provenance import Provenance
from energy_data_layer.transforms.impute.report import ColumnReport, Imputed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from energy_data_layer.core.columns import InputColumns

FEWEST_SPLINE_POINTS = 4

Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True)
class Table:
    """The keys of frame and history, station by station in time order.

    Attributes
    ----------
    station : ndarray of int
        The station of each row of the frame; the rows of a station stand together.
    calendar : DatetimeIndex
        The stamp of each row of the frame, for its calendar fields.
    stations : int
        How many stations the frame has.
    past_station : ndarray of int
        The station of each row of the history; -1 for a station that the frame does not have.
    past_calendar : DatetimeIndex
        The stamp of each row of the history.
    """

    station: NDArray[np.intp]
    calendar: pd.DatetimeIndex
    stations: int
    past_station: NDArray[np.intp]
    past_calendar: pd.DatetimeIndex

    @cached_property
    def first_row(self) -> NDArray[np.intp]:
        """Return the first row of each station."""
        return np.searchsorted(self.station, np.arange(self.stations), side="left")

    @cached_property
    def last_row(self) -> NDArray[np.intp]:
        """Return the last row of each station."""
        return np.searchsorted(self.station, np.arange(self.stations), side="right") - 1

    @cached_property
    def hour_of_year(self) -> NDArray[np.intp]:
        """Return one number per station, month, day and hour, for the rows of the frame, then of the history."""
        station = np.concatenate([self.station, self.past_station])
        hour = np.concatenate([_hour_of_year(self.calendar), _hour_of_year(self.past_calendar)])
        numbers: NDArray[np.intp] = pd.factorize(station.astype(np.int64) * (13 * 32 * 24) + hour)[0]
        return numbers


def impute(columns: InputColumns, history: InputColumns | None, max_spline_gap: int) -> Imputed:
    """Fill the gaps of all value columns; the public function has the full description."""
    keys = read_keys(columns)
    numbers = {name: parse_numbers(column) for name, column in columns.values.items()}
    _require_finite(numbers, columns)
    require_unique(keys, columns)
    past_keys, past_values = _read_history(keys, history, tuple(numbers))

    order = keys.time_order
    table = Table(
        station=keys.station[order],
        calendar=keys.wall_clock[order],
        stations=len(keys.names),
        past_station=keys.names.get_indexer(past_keys.names)[past_keys.station],
        past_calendar=past_keys.wall_clock,
    )
    filled, codes, gaps = {}, {}, {}
    for name, (values, _) in numbers.items():
        result, code, gaps[name] = fill_column(values[order], table, past_values[name], max_spline_gap)
        filled[name] = _in_frame_order(result, order)
        codes[name] = _in_frame_order(code, order)
    coerced = {name: count for name, (_, count) in numbers.items()}
    return Imputed(
        filled,
        codes,
        stations=len(keys.names),
        reports=lambda: {name: _report(codes[name], gaps[name], coerced[name]) for name in filled},
    )


def fill_column(
    values: NDArray[np.float64], table: Table, past_values: NDArray[np.float64], max_spline_gap: int
) -> tuple[NDArray[np.float64], NDArray[np.uint8], Gaps]:
    """Fill one column whose rows stand station by station in time order."""
    missing = np.isnan(values)
    gaps = find_gaps(missing, table.station)
    filled = values.copy()
    codes = np.zeros(len(values), dtype=np.uint8)
    if not len(gaps.start):
        return filled, codes, gaps

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
        everything = np.concatenate([values[~missing], past_values[~np.isnan(past_values)]])
        if len(everything):
            filled[left] = everything.mean()
            codes[left] = Provenance.GLOBAL_MEAN
        else:
            codes[left] = Provenance.UNFILLED
    return filled, codes, gaps


def _report(codes: NDArray[np.uint8], gaps: Gaps, coerced: int) -> ColumnReport:
    by_code = np.bincount(codes, minlength=len(Provenance)).tolist()
    return ColumnReport.from_counts(by_code, coerced, gaps.lengths())


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
    known = stations >= 0
    stations, everything = stations[known], np.concatenate([values, past_values])[known]
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


def _hour_of_year(calendar: pd.DatetimeIndex) -> NDArray[np.int64]:
    hours: NDArray[np.int64] = (
        calendar.month.to_numpy(np.int64) * 32 + calendar.day.to_numpy(np.int64)
    ) * 24 + calendar.hour.to_numpy(np.int64)
    return hours


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


def _require_finite(numbers: dict[str, tuple[NDArray[np.float64], int]], columns: InputColumns) -> None:
    for name, (values, _) in numbers.items():
        require_finite(values, name, columns.label)


def _read_history(
    keys: Keys, history: InputColumns | None, names: tuple[str, ...]
) -> tuple[Keys, dict[str, NDArray[np.float64]]]:
    """Read the history without the rows whose station and stamp the frame has."""
    if history is None:
        nothing = pd.DatetimeIndex([])
        return Keys(pd.Index([]), np.array([], dtype=np.intp), nothing, nothing), {name: np.array([]) for name in names}
    past = read_keys(history)
    numbers = {name: parse_numbers(history.values[name]) for name in names}
    _require_finite(numbers, history)
    require_unique(past, history)
    present = pd.MultiIndex.from_arrays([keys.names[keys.station], keys.stamps])
    new = ~pd.MultiIndex.from_arrays([past.names[past.station], past.stamps]).isin(present)
    kept = Keys(past.names, past.station[new], past.stamps[new], past.wall_clock[new])
    return kept, {name: values[new] for name, (values, _) in numbers.items()}


def _in_frame_order(sorted_values: NDArray[Number], order: NDArray[np.intp]) -> NDArray[Number]:
    result = np.empty_like(sorted_values)
    result[order] = sorted_values
    return result
