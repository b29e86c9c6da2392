"""The columns as dense tables, step by station, which is how optimal interpolation looks at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from energy_data_layer.errors import OffGridError, OptionError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from energy_data_layer.core.inputs import InputColumns
    from energy_data_layer.transforms.impute.reference.table import Table

HOURS = 24
SLOTS = 366 * HOURS
"""Hours of a year of 366 days."""

CELLS_PER_ROW, CELLS_ALWAYS = 64, 1 << 24
"""How many cells a dense table may have."""

DAYS_BEFORE_MONTH = np.cumsum([0, 0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30])


@dataclass(frozen=True)
class Grid:
    """The regular steps on which the rows of frame and history lie.

    Attributes
    ----------
    step : int
        Ticks from one step to the next, in the unit of the frame's stamps.
    at, past_at : ndarray of int
        The step of each row of the frame and of the history.
    slot : ndarray of int
        For each step its hour of the year, 0 to 8783; 0 where no row stands.
    day : ndarray of int
        For each step its day, counted from 1970; 0 where no row stands.
    """

    step: int
    at: NDArray[np.intp]
    past_at: NDArray[np.intp]
    slot: NDArray[np.intp]
    day: NDArray[np.int64]

    def dense(
        self,
        table: Table,
        values: NDArray[np.float64],
        past_values: NDArray[np.float64],
        stations: NDArray[np.intp],
    ) -> NDArray[np.float64]:
        """Return the values of the chosen stations, a row per step and a column per station."""
        _require_room(len(self.slot), len(stations), len(values) + len(past_values))
        column = np.full(len(table.names), -1)
        column[stations] = np.arange(len(stations))
        cells = np.full((len(self.slot), len(stations)), np.nan)
        for at, station, some in (
            (self.at, table.station, values),
            (self.past_at, table.past_station, past_values),
        ):
            chosen = column[station] >= 0
            cells[at[chosen], column[station[chosen]]] = some[chosen]
        return cells


def read_grid(table: Table, step: int | None, columns: InputColumns, history: InputColumns | None) -> Grid | None:
    """Return the grid of `step` nanoseconds, by default the commonest between a station's rows; None without any.

    Raises
    ------
    OffGridError
        If rows lie between the steps.
    OptionError
        If the stamps lie so far apart that the grid would be out of proportion to the rows.
    """
    ticks = table.stamps.asi8
    past_ticks = table.past_stamps.as_unit(table.stamps.unit).asi8
    if step is None:
        step = _commonest_step(table, ticks, past_ticks)
    else:
        step = int(np.timedelta64(step, "ns") / np.timedelta64(1, table.stamps.unit))
    if not step:
        return None
    start = int(min(ticks.min(initial=np.iinfo(np.int64).max), past_ticks.min(initial=np.iinfo(np.int64).max)))
    _require_on_grid((ticks - start) % step != 0, table.order, table.calendar, columns)
    if history is not None:
        _require_on_grid((past_ticks - start) % step != 0, table.past_order, table.past_calendar, history)
    at, past_at = (ticks - start) // step, (past_ticks - start) // step
    steps = int(max(at.max(initial=0), past_at.max(initial=0))) + 1
    _require_room(steps, 1, len(at) + len(past_at))
    slot, day = np.zeros(steps, np.intp), np.zeros(steps, np.int64)
    for some, calendar in ((at, table.calendar), (past_at, table.past_calendar)):
        day_of_year = DAYS_BEFORE_MONTH[calendar.month] + calendar.day - 1
        slot[some] = day_of_year * HOURS + calendar.hour
        day[some] = calendar.to_numpy().astype("datetime64[D]").astype(np.int64)
    return Grid(step, at, past_at, slot, day)


def _commonest_step(table: Table, ticks: NDArray[np.int64], past_ticks: NDArray[np.int64]) -> int | None:
    order = np.lexsort((past_ticks, table.past_station))
    distances = [
        np.diff(some)[np.diff(station) == 0]
        for some, station in ((ticks, table.station), (past_ticks[order], table.past_station[order]))
    ]
    steps, counts = np.unique(np.concatenate(distances), return_counts=True)
    return int(steps[np.argmax(counts)]) if len(steps) else None


def _require_on_grid(
    off: NDArray[np.bool_], order: NDArray[np.intp], calendar: pd.DatetimeIndex, columns: InputColumns
) -> None:
    if off.any():
        places = np.flatnonzero(off)
        places = places[np.argsort(order[places])]
        values = [str(stamp) for stamp in calendar[places[:5]]]
        raise OffGridError(columns.date_col, order[places[:5]], values, len(places), columns.label)


def _require_room(steps: int, stations: int, rows: int) -> None:
    if steps * stations > CELLS_PER_ROW * rows + CELLS_ALWAYS:
        raise OptionError(
            f"the stamps span {steps} steps (stations: {stations}), far more than the {rows} rows; "
            "look for mistyped years, or fill the periods apart"
        )
