"""One row per station and hour: insert the rows that are absent altogether."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from energy_data_layer.core.frames import Frame, wrap
from energy_data_layer.core.inputs import InputColumns, read_columns
from energy_data_layer.engine import choice
from energy_data_layer.engine.shadow.comparer import shadowed
from energy_data_layer.engine.traced import traced
from energy_data_layer.errors import ColumnNotFoundError, ColumnTypeError, OptionError
from energy_data_layer.transforms.complete_hours.rust import completed_in_rust
from energy_data_layer.transforms.keys import DATE_COL, STATION_COL, keyed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import polars as pl

    from energy_data_layer.transforms.complete_hours.absence import Absence

    FrameT = TypeVar("FrameT", pd.DataFrame, pl.DataFrame, pa.Table, pa.RecordBatch)

SECONDS_PER_DAY = 86_400

_SECONDS = {
    **dict.fromkeys(("d", "day", "days"), SECONDS_PER_DAY),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3_600),
    **dict.fromkeys(("min", "minute", "minutes"), 60),
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1),
}
_PART = re.compile(
    rf"((?:\d+(?:\.\d+)?)?)\s*({'|'.join(sorted(_SECONDS, key=len, reverse=True))})(?![a-z])", re.IGNORECASE
)

LISTED = 5
"""Absences that a warning names."""

logger = logging.getLogger(__name__)


@traced
@keyed
@shadowed
def complete_hours(
    df: FrameT,
    date_col: str | list[str] = DATE_COL,
    station_col: str | None = STATION_COL,
    *,
    freq: str | timedelta = "1h",
    max_gap: str | timedelta | None = "90d",
    carry: Sequence[str] | None = None,
    use_rust: bool | None = None,
    threads: int | None = None,
) -> FrameT:
    """Give every station exactly one row per step, from its first to its last stamp.

    Stations come in order of first appearance, each in time order. Rows that are identical in every
    column collapse into one. Inserted rows have missing values, except for the carried columns.

    Parameters
    ----------
    df : pandas.DataFrame, polars.DataFrame, pyarrow.Table or pyarrow.RecordBatch
        One row per station and time stamp, in any order. It is not modified. A polars.LazyFrame is collected; anything
        else that has ``__arrow_c_stream__``, such as a relation of DuckDB, is read once, as a pyarrow.Table.
    date_col, station_col
        As in `impute_missing_values`.
    freq : str or datetime.timedelta, default "1h"
        The step; it must divide a day. Stamps must lie on its grid, counted from midnight.
    max_gap : str or datetime.timedelta, default "90d"
        The longest time without rows that gets some. A longer absence (a station that was closed, a mistyped year) gets
        none: a warning in the log names it. None inserts whatever is absent.
    carry : sequence of str, optional
        Columns whose value an inserted row takes over from the row before it, such as the station's
        number. By default every column that is constant within the station is carried; name them
        (or pass ``()``) where a measured value might happen to be constant.
    use_rust : bool, optional
        As in `impute_missing_values`.
    threads : int, optional
        As in `impute_missing_values`.

    Returns
    -------
    frame
        A frame of the same kind and columns. Types stay; in pandas, integers that get missing values become
        float64 and booleans object. A pandas frame with keys in its index gets an index of the same levels, any other
        a new RangeIndex, because there are new rows.

    Raises
    ------
    ColumnNotFoundError, ColumnTypeError, StampError, StationError
        As in `impute_missing_values`.
    OffGridError
        If a stamp lies between two steps (a `ValueError`).
    ConflictingRowsError
        If two different rows share station and stamp (a `ValueError`).
    OptionError
        If `freq` does not divide a day, `max_gap` is no time, or the result would have more than 2**29 rows (a
        `ValueError`).

    Examples
    --------
    >>> import pandas as pd
    >>> df = pd.DataFrame(
    ...     {
    ...         "stnId": 108,
    ...         "stnNm": "Seoul",
    ...         "tm": pd.to_datetime(["2024-01-01 00:00", "2024-01-01 02:00"]),
    ...         "ta": [0.5, 1.5],
    ...     }
    ... )
    >>> complete_hours(df)
       stnId  stnNm                  tm   ta
    0    108  Seoul 2024-01-01 00:00:00  0.5
    1    108  Seoul 2024-01-01 01:00:00  NaN
    2    108  Seoul 2024-01-01 02:00:00  1.5
    """
    step = _step_in_seconds(freq)
    longest = None if max_gap is None else longest_in_seconds(max_gap)
    chosen = choice.choose(use_rust, threads)
    frame = wrap(df)
    columns = read_columns(frame, date_col, station_col, ())
    for name in frame.names:
        if name not in columns.date_cols and not _can_be_taken(type_ := frame.cells(name).type):
            raise ColumnTypeError(f'column "{name}" is of type {type_}, whose rows cannot be moved; convert or drop it')
    carry = [carry] if isinstance(carry, str) else carry
    if carry is not None and not isinstance(carry, Iterable):
        raise OptionError(f"carry is {carry!r}; it must be a list of columns")
    for name in carry or ():
        if name not in frame.names:
            raise ColumnNotFoundError(name, frame.names)
    try:
        completed: FrameT
        if chosen.engine == "rust":
            table, absences = completed_in_rust(frame, columns, step, longest, carry, chosen.threads)
            completed = frame.from_table(table)
        else:
            completed, absences = _complete_in_reference(frame, columns, step, longest, carry)
    except pa.ArrowException as error:
        raise ColumnTypeError(f"a column of the frame is of a type that rows cannot be taken from: {error}") from error
    if absences:
        told = "; ".join(map(str, absences[:LISTED]))
        more = f" and {len(absences) - LISTED:,} more" if len(absences) > LISTED else ""
        logger.warning("absences of more than %s got no rows: %s%s", max_gap, told, more)
    return completed


def _complete_in_reference(
    frame: Frame, columns: InputColumns, step: int, longest: int | None, carry: Sequence[str] | None
) -> tuple[Any, list[Absence]]:
    from energy_data_layer.transforms.complete_hours.reference import complete_hours as reference

    completed, absences = reference(frame.to_pandas(), columns, step, longest, carry)
    return frame.from_pandas(completed), absences


def _can_be_taken(type_: pa.DataType) -> bool:
    """Tell whether rows of a type can be moved by both engines, in all kinds of frame."""
    views = pt.is_list_view(type_) or pt.is_large_list_view(type_)
    if views or pt.is_union(type_) or pt.is_run_end_encoded(type_) or pt.is_interval(type_):
        return False
    parts = [type_.field(place).type for place in range(type_.num_fields)]
    return all(map(_can_be_taken, [type_.value_type] if pt.is_dictionary(type_) else parts))


def _step_in_seconds(freq: str | timedelta) -> int:
    seconds = _seconds_of(freq)
    if seconds is None:
        raise OptionError(f'freq is {freq!r}; it must be a step such as "1h", "30min" or a timedelta')
    if not (seconds >= 1 and seconds == int(seconds) and SECONDS_PER_DAY % int(seconds) == 0):
        raise OptionError(f"freq is {freq!r}; it must be whole seconds and divide a day evenly")
    return int(seconds)


def longest_in_seconds(max_gap: str | timedelta, option: str = "max_gap") -> int:
    """Return the longest absence that gets rows in seconds, or raise `OptionError`."""
    seconds = _seconds_of(max_gap)
    if seconds is None or seconds < 0:
        raise OptionError(f'{option} is {max_gap!r}; it must be a time such as "90d" or a timedelta')
    return int(seconds)


def _seconds_of(time: Any) -> float | None:
    """Return a time as seconds, None where it is none; pandas would warn of some of its own spellings."""
    if isinstance(time, str):
        parts = _PART.findall(time)
        if not parts or "".join("".join(part) for part in parts) != time.replace(" ", ""):
            return None
        try:
            time = timedelta(seconds=sum(float(number or 1) * _SECONDS[unit.lower()] for number, unit in parts))
        except OverflowError:
            return None
    if isinstance(time, np.timedelta64):
        time = time.astype("timedelta64[us]").item()
    if isinstance(time, timedelta):
        return time.total_seconds() if time == time else None  # NaT is a timedelta that equals nothing
    nanoseconds = getattr(time, "nanos", None)  # an offset of pandas
    return None if nanoseconds is None else nanoseconds / 1e9
