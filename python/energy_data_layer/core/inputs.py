"""The columns of a frame that a transform reads: stations, time stamps and values, as Arrow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from energy_data_layer.core.columns import as_arrow, station_column, value_column
from energy_data_layer.core.stamps import date_columns, read_stamps
from energy_data_layer.errors import ColumnNotFoundError, OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from energy_data_layer.core.frames import ArrowColumn, Frame, Values
    from energy_data_layer.core.stamps import Writer


STATION_NAMES = ("stnnm", "stnid", "지점명", "지점", "station", "site", "plant", "발전소", "발전기명")
DATE_NAMES = ("tm", "일시", "시각", "timestamp", "datetime", "time", "date", "일자", "날짜")
"""What key columns are called elsewhere, the likeliest first."""


@dataclass(frozen=True)
class InputColumns:
    """The columns of one frame that a transform reads, as Arrow, with the names that errors use."""

    label: str
    station_col: str
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
    station_col: str,
    columns: tuple[str, ...],
    label: str = "the frame",
) -> InputColumns:
    """Pick the columns a transform reads out of a frame and check their types."""
    date_cols = date_columns(date_col)
    if station_col in date_cols:
        raise OptionError(f'date_col and station_col are both "{station_col}"; name the stamps and the stations')
    try:
        station = station_column(frame, station_col, label)
        stamps = read_stamps(frame, date_cols, label)
    except ColumnNotFoundError as error:
        raise ColumnNotFoundError(error.column, frame.names, label, _likely_keys(frame.names)) from None
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


def _likely_keys(names: Sequence[object]) -> str:
    """Name the columns of a frame that may be its keys; empty where none of either kind is known."""
    known = {str(name).strip().lower(): name for name in names}
    found = {
        option: next((known[name] for name in likely if name in known), None)
        for option, likely in (("station_col", STATION_NAMES), ("date_col", DATE_NAMES))
    }
    told = ", ".join(f'{option}="{name}"' for option, name in found.items() if name is not None)
    return told and f"perhaps {told}"
