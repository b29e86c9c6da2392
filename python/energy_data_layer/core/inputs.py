"""The columns of a frame that a transform reads: stations, time stamps and values, as Arrow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa

from energy_data_layer.core.columns import as_arrow, station_column, value_column
from energy_data_layer.core.stamps import date_columns, read_stamps
from energy_data_layer.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from energy_data_layer.core.frames import ArrowColumn, Frame, Values
    from energy_data_layer.core.stamps import Writer


SERIES = "the series"
"""What reports, models and errors call the station of a frame that is one series."""


@dataclass(frozen=True)
class InputColumns:
    """The columns of one frame that a transform reads, as Arrow, with the names that errors use."""

    label: str
    station_col: str | None
    """None where the frame is one series."""
    date_cols: tuple[str, ...]
    station: ArrowColumn
    stamp: ArrowColumn
    wall_clock: ArrowColumn | None
    """Naive stamps of the frame's own clock, for calendar fields; None where `stamp` is naive already."""
    written: Writer | None
    """Makes the frame's own columns of other stamps, where `stamp` is not the frame's own column."""
    values: Mapping[str, Values]

    @property
    def date_col(self) -> str:
        """The column of the stamps, or all of them, as errors name it."""
        return self.date_cols[0] if len(self.date_cols) == 1 else ", ".join(map(str, self.date_cols))

    def in_arrow(self) -> InputColumns:
        """Return the same with all values as Arrow."""
        return replace(self, values=as_arrow(self.values))


def read_columns(
    frame: Frame,
    date_col: str | Sequence[str],
    station_col: str | None,
    columns: tuple[str, ...],
    label: str = "the frame",
) -> InputColumns:
    """Pick the columns a transform reads out of a frame and check their types; without stations it is one series."""
    date_cols = date_columns(date_col)
    if station_col in date_cols:
        raise OptionError(f'date_col and station_col are both "{station_col}"; name the stamps and the stations')
    station = None if station_col is None else station_column(frame, station_col, label)
    stamps = read_stamps(frame, date_cols, label)
    if station is None:
        station = pa.DictionaryArray.from_arrays(
            pa.repeat(pa.scalar(0, pa.int8()), len(stamps.instants)), pa.array([SERIES], pa.large_string())
        )
    return InputColumns(
        label=label,
        station_col=station_col,
        date_cols=date_cols,
        station=station,
        stamp=stamps.instants,
        wall_clock=stamps.wall_clock,
        written=stamps.written,
        values={name: value_column(frame, name, label) for name in columns},
    )
