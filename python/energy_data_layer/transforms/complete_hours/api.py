"""One row per station and hour: insert the rows that are absent altogether."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pyarrow as pa

from energy_data_layer.core.columns import InputColumns, read_columns
from energy_data_layer.core.frames import Frame, wrap
from energy_data_layer.engine import choice
from energy_data_layer.engine.shadow.comparer import shadowed
from energy_data_layer.engine.traced import traced
from energy_data_layer.errors import ColumnNotFoundError, ColumnTypeError, OptionError
from energy_data_layer.transforms.complete_hours.rust import completed_in_rust

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import polars as pl

    FrameT = TypeVar("FrameT", pd.DataFrame, pl.DataFrame, pa.Table, pa.RecordBatch)

SECONDS_PER_DAY = 86_400


@traced
@shadowed
def complete_hours(
    df: FrameT,
    date_col: str = "tm",
    station_col: str = "stnNm",
    *,
    freq: str | timedelta = "1h",
    carry: Sequence[str] | None = None,
    use_rust: bool | None = None,
) -> FrameT:
    """Give every station exactly one row per step, from its first to its last stamp.

    Stations come in order of first appearance, each in time order. Rows that are identical in every
    column collapse into one. Inserted rows have missing values, except for the carried columns.

    Parameters
    ----------
    df : pandas.DataFrame, polars.DataFrame, pyarrow.Table or pyarrow.RecordBatch
        One row per station and time stamp, in any order. It is not modified.
    date_col : str, default "tm"
        The time stamps, in the forms that `impute_missing_values` accepts.
    station_col : str, default "stnNm"
        The stations.
    freq : str or datetime.timedelta, default "1h"
        The step; it must divide a day. Stamps must lie on its grid, counted from midnight.
    carry : sequence of str, optional
        Columns whose value an inserted row takes over from the row before it, such as the station's
        number. By default every column that is constant within the station is carried; name them
        (or pass ``()``) where a measured value might happen to be constant.
    use_rust : bool, optional
        As in `impute_missing_values`.

    Returns
    -------
    frame
        A frame of the same kind and columns. Types stay; in pandas, integers that get missing values become
        float64 and booleans object. The index of a pandas frame is a new RangeIndex, because there are new rows.

    Raises
    ------
    ColumnNotFoundError, ColumnTypeError, StampError, StationError
        As in `impute_missing_values`.
    OffGridError
        If a stamp lies between two steps (a `ValueError`).
    ConflictingRowsError
        If two different rows share station and stamp (a `ValueError`).
    OptionError
        If `freq` does not divide a day (a `ValueError`).

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
    chosen = choice.choose(use_rust)
    frame = wrap(df)
    columns = read_columns(frame, date_col, station_col, ())
    for name in frame.names:
        if name != date_col:
            frame.cells(name)  # raises where it is there twice or cannot be read
    for name in carry or ():
        if name not in frame.names:
            raise ColumnNotFoundError(name, frame.names)
    run = _complete_in_rust if chosen.engine == "rust" else _complete_in_reference
    try:
        completed: FrameT = run(frame, columns, step, carry)
    except pa.ArrowException as error:
        raise ColumnTypeError(f"a column of the frame is of a type that rows cannot be taken from: {error}") from error
    return completed


def _complete_in_rust(frame: Frame, columns: InputColumns, step: int, carry: Sequence[str] | None) -> Any:
    return frame.from_table(completed_in_rust(frame, columns, step, carry))


def _complete_in_reference(frame: Frame, columns: InputColumns, step: int, carry: Sequence[str] | None) -> Any:
    from energy_data_layer.transforms.complete_hours.reference import complete_hours as reference

    return frame.from_pandas(reference(frame.to_pandas(), columns, step, carry))


def _step_in_seconds(freq: str | timedelta) -> int:
    import pandas as pd
    from pandas.tseries.frequencies import to_offset

    try:
        step = freq if isinstance(freq, timedelta) else to_offset(freq)
        seconds = pd.Timedelta(cast("timedelta", step)).total_seconds()
    except (ValueError, TypeError) as error:
        raise OptionError(f'freq is {freq!r}; it must be a step such as "1h", "30min" or a timedelta') from error
    # NaT, from None, has no seconds and fails every comparison.
    if not (seconds >= 1 and seconds == int(seconds) and SECONDS_PER_DAY % int(seconds) == 0):
        raise OptionError(f"freq is {freq!r}; it must be whole seconds and divide a day evenly")
    return int(seconds)
