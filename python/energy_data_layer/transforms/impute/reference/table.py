"""The rows of frame and history as the methods need them: station by station in time order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from energy_data_layer.core.keys import Keys, read_keys, require_unique
from energy_data_layer.core.parse import parse_numbers, require_finite, require_one_meaning

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from energy_data_layer.core.inputs import InputColumns

Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True)
class Table:
    """The keys of frame and history, station by station in time order.

    Attributes
    ----------
    names : pandas.Index
        The stations of the frame, then those that only the history has.
    stations : int
        How many stations the frame has.
    order, past_order : ndarray of int
        Which row of the frame, and of the history, stands in each place. The rows of a station of the frame stand
        together; rows of the history whose station and stamp the frame has are left out.
    station, past_station : ndarray of int
        The station of each row of the frame and of the history.
    stamps, past_stamps : DatetimeIndex
        The instant of each row.
    calendar, past_calendar : DatetimeIndex
        The stamp of each row, for its calendar fields.
    """

    names: pd.Index[Any]
    stations: int
    order: NDArray[np.intp]
    station: NDArray[np.intp]
    stamps: pd.DatetimeIndex
    calendar: pd.DatetimeIndex
    past_order: NDArray[np.intp]
    past_station: NDArray[np.intp]
    past_stamps: pd.DatetimeIndex
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

    def in_frame_order(self, values: NDArray[Number]) -> NDArray[Number]:
        """Return values of the table's rows in the order of the frame's."""
        result = np.empty_like(values)
        result[self.order] = values
        return result


def read_table(
    columns: InputColumns, history: InputColumns | None
) -> tuple[Table, dict[str, tuple[NDArray[np.float64], int]], dict[str, NDArray[np.float64]]]:
    """Read and check frame and history.

    Returns
    -------
    Table
    dict of str to (ndarray, int)
        For each column its values in the table's order, and how many texts were no number.
    dict of str to ndarray
        For each column the values of the history without the rows whose station and stamp the frame has.
    """
    keys = read_keys(columns)
    numbers = _finite_numbers(columns)
    require_unique(keys, columns)
    past, past_order, past_values = _read_history(keys, history, tuple(numbers))

    order = keys.time_order
    names = keys.names.append(past.names.difference(keys.names, sort=False))
    table = Table(
        names=names,
        stations=len(keys.names),
        order=order,
        station=keys.station[order],
        stamps=keys.stamps[order],
        calendar=keys.wall_clock[order],
        past_order=past_order,
        past_station=names.get_indexer(past.names)[past.station],
        past_stamps=past.stamps,
        past_calendar=past.wall_clock,
    )
    return table, {name: (values[order], coerced) for name, (values, coerced) in numbers.items()}, past_values


def _hour_of_year(calendar: pd.DatetimeIndex) -> NDArray[np.int64]:
    hours: NDArray[np.int64] = (
        calendar.month.to_numpy(np.int64) * 32 + calendar.day.to_numpy(np.int64)
    ) * 24 + calendar.hour.to_numpy(np.int64)
    return hours


def _finite_numbers(columns: InputColumns) -> dict[str, tuple[NDArray[np.float64], int]]:
    """Return for each column its values, and how many texts were no number."""
    for name, column in columns.values.items():
        require_one_meaning(column, name, columns.label)
    numbers = {name: parse_numbers(column) for name, column in columns.values.items()}
    for name, (values, _) in numbers.items():
        require_finite(values, name, columns.label)
    return numbers


def _read_history(
    keys: Keys, history: InputColumns | None, names: tuple[str, ...]
) -> tuple[Keys, NDArray[np.intp], dict[str, NDArray[np.float64]]]:
    """Read the history without the rows whose station and stamp the frame has."""
    if history is None:
        none, no_stamps = np.array([], dtype=np.intp), pd.DatetimeIndex([])
        return Keys(keys.names[:0], none, no_stamps, no_stamps), none, {name: np.array([]) for name in names}
    past = read_keys(history)
    numbers = _finite_numbers(history)
    require_unique(past, history)
    present = pd.MultiIndex.from_arrays([keys.names[keys.station], keys.stamps])
    new = np.flatnonzero(~pd.MultiIndex.from_arrays([past.names[past.station], past.stamps]).isin(present))
    kept = Keys(past.names, past.station[new], past.stamps[new], past.wall_clock[new])
    return kept, new, {name: values[new] for name, (values, _) in numbers.items()}
