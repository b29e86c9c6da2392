"""Stations and time stamps of a frame: who is who, in which order, and whether a key occurs twice."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from energy_data_layer.core.columns import as_plain_text, is_text
from energy_data_layer.core.parse import parse_stamp_texts, to_datetimes
from energy_data_layer.errors import DuplicateKeyError, StampError, StationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from energy_data_layer.core.frames import ArrowColumn
    from energy_data_layer.core.inputs import InputColumns


@dataclass(frozen=True)
class Keys:
    """The keys of a frame, row by row as the frame has them.

    Attributes
    ----------
    names : pandas.Index
        The stations in order of first appearance.
    station : ndarray of int
        For each row, the position of its station in `names`.
    stamps : DatetimeIndex
        For each row, its instant.
    wall_clock : DatetimeIndex
        For each row, the stamp whose calendar fields count.
    """

    names: pd.Index[Any]
    station: NDArray[np.intp]
    stamps: pd.DatetimeIndex
    wall_clock: pd.DatetimeIndex

    @cached_property
    def time_order(self) -> NDArray[np.intp]:
        """Return the rows station by station, each in time order; equal stamps keep their order."""
        same_station = self.station[1:] == self.station[:-1]
        ticks = self.stamps.asi8
        if np.all(np.where(same_station, ticks[1:] > ticks[:-1], self.station[1:] > self.station[:-1])):
            return np.arange(len(ticks))
        return np.lexsort((ticks, self.station))

    def repeated(self) -> NDArray[np.intp]:
        """Return the rows, in frame order, whose station and stamp stand in another row too."""
        rows = self.time_order
        station, ticks = self.station[rows], self.stamps.asi8[rows]
        same_as_next = np.append((station[1:] == station[:-1]) & (ticks[1:] == ticks[:-1]), False)[: len(rows)]
        return np.sort(rows[same_as_next | np.roll(same_as_next, 1)])

    def describe(self, row: int) -> str:
        """Return station and stamp of a row, for messages."""
        return f"{self.names[self.station[row]]} {self.wall_clock[row]}"


def read_keys(columns: InputColumns) -> Keys:
    """Read and check stations and stamps."""
    stamps = _stamps(columns)
    station, names = _distinct(columns.station)
    unnamed = np.flatnonzero(station < 0)
    if len(unnamed):
        first = unnamed[:5]
        raise StationError(str(columns.station_col), first, [None] * len(first), len(unnamed), columns.label)
    return Keys(names, station, stamps, stamps if columns.wall_clock is None else to_datetimes(columns.wall_clock))


def _stamps(columns: InputColumns) -> pd.DatetimeIndex:
    """Return the stamps of a frame as naive instants (UTC where they carry a zone), or raise `StampError`."""
    column = columns.stamp
    stamps = parse_stamp_texts(column) if is_text(column.type) else to_datetimes(column)
    unreadable = np.flatnonzero(stamps.isna())
    if len(unreadable):
        first = unreadable[:5]
        values = [column[int(row)].as_py() if is_text(column.type) else None for row in first]
        raise StampError(columns.date_col, first, values, len(unreadable), columns.label)
    return stamps


def _distinct(stations: ArrowColumn) -> tuple[NDArray[np.intp], pd.Index[Any]]:
    """Return for each row the position of its station, -1 for null, and the stations in order of first appearance.

    pandas before 3.0 takes texts for equal that differ behind a NUL; Arrow tells them apart.
    """
    plain = as_plain_text(stations) if is_text(stations.type) else stations
    if pt.is_dictionary(plain.type):
        plain = plain.cast(plain.type.value_type)
    whole = plain.combine_chunks() if isinstance(plain, pa.ChunkedArray) else plain
    encoded = whole.dictionary_encode()
    positions = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    return positions.astype(np.intp), pd.Index(encoded.dictionary.to_pandas())


def require_unique(keys: Keys, columns: InputColumns) -> None:
    """Raise `DuplicateKeyError` where a station and stamp occur more than once."""
    repeated = keys.repeated()
    if len(repeated):
        first = repeated[:5]
        values = [keys.describe(row) for row in first]
        raise DuplicateKeyError(columns.date_col, first, values, len(repeated), columns.label)
