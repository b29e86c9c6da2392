"""Fill the gaps of a station by hour table, and say how each value was filled."""

from __future__ import annotations

import operator
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from energy_data_layer.core.columns import InputColumns, as_arrow, is_text, read_columns
from energy_data_layer.core.frames import Frame, Values, wrap
from energy_data_layer.core.provenance import provenance_column
from energy_data_layer.engine import choice
from energy_data_layer.engine.shadow.comparer import shadowed
from energy_data_layer.engine.traced import traced
from energy_data_layer.errors import ColumnTypeError, OptionError
from energy_data_layer.transforms.impute.report import ImputationReport
from energy_data_layer.transforms.impute.rust import imputed_in_rust

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import polars as pl
    from numpy.typing import NDArray

    from energy_data_layer.transforms.impute.report import ColumnReport, Imputed

    FrameT = TypeVar("FrameT", pd.DataFrame, pl.DataFrame, pa.Table, pa.RecordBatch)

LONGEST_GAP = 2**62
"""What a larger `max_spline_gap` is taken for: no frame has a longer gap."""


@overload
def impute_missing_values(
    df: FrameT,
    columns: Sequence[str] = ...,
    date_col: str = ...,
    station_col: str = ...,
    *,
    max_spline_gap: int = ...,
    history: Any | None = ...,
    provenance: bool = ...,
    report: Literal[False] = ...,
    use_rust: bool | None = ...,
) -> FrameT: ...


@overload
def impute_missing_values(
    df: FrameT,
    columns: Sequence[str] = ...,
    date_col: str = ...,
    station_col: str = ...,
    *,
    max_spline_gap: int = ...,
    history: Any | None = ...,
    provenance: bool = ...,
    report: Literal[True],
    use_rust: bool | None = ...,
) -> tuple[FrameT, ImputationReport]: ...


@traced
@shadowed
def impute_missing_values(
    df: Any,
    columns: Sequence[str] = ("ta", "hm"),
    date_col: str = "tm",
    station_col: str = "stnNm",
    *,
    max_spline_gap: int = 3,
    history: Any | None = None,
    provenance: bool = False,
    report: bool = False,
    use_rust: bool | None = None,
) -> Any:
    """Fill missing values: short gaps by a cubic spline, long ones by the station's climatology.

    Per station and column, rows are taken in time order and counted 0, 1, 2, …; hours that are absent
    altogether should be inserted first, by `complete_hours`. Every fill is computed from observed values
    only. A gap of at most `max_spline_gap` values between observed ones is filled by the not-a-knot cubic
    spline through all observed points of the series (a straight line where only 2 or 3 are observed), one
    that touches the first or last row by the nearest observed value. A longer gap is filled by the mean of
    the station's observed values of the same month, day and hour, else by the station's mean; where a
    station has none, by the mean of the column.

    Parameters
    ----------
    df : pandas.DataFrame, polars.DataFrame, pyarrow.Table or pyarrow.RecordBatch
        One row per station and time stamp, in any order. It is not modified.
    columns : sequence of str, default ("ta", "hm")
        The columns to fill: numbers, or texts that hold numbers (``".6"``, ``"-.8"``). Null, NaN and texts
        that are no number are missing.
    date_col : str, default "tm"
        The time stamps: of any resolution, with or without a zone, or texts ``YYYY-MM-DD HH:MM[:SS]``,
        ``YYYY-MM-DDTHH:MM[:SS]`` or ``YYYYMMDDHHMM``.
    station_col : str, default "stnNm"
        The stations: texts or integers.
    max_spline_gap : int, default 3
        The longest gap, in rows, that is interpolated.
    history : frame, optional
        Rows of other times with the same columns. Their observed values take part in the climatology and
        the means; rows whose station and stamp are in `df` are ignored.
    provenance : bool, default False
        Add a uint8 column ``<column>_provenance`` behind each filled column (see `Provenance`).
    report : bool, default False
        Return ``(frame, ImputationReport)``.
    use_rust : bool, optional
        True demands the Rust engine, False the reference; by default the environment variable ``USE_RUST``
        decides (``0``, ``1``, ``auto``, ``shadow``).

    Returns
    -------
    frame or (frame, ImputationReport)
        A frame of the same kind with the same rows, order and index; the filled columns are float64, all
        others unchanged.

    Raises
    ------
    ColumnNotFoundError
        If a column is not in the frame (a `KeyError`).
    ColumnTypeError
        If a column cannot be what it is named for (a `TypeError`).
    StampError, StationError, InfiniteValueError, DuplicateKeyError
        If rows have an unreadable stamp, no station, an infinite value, or the same station and stamp as
        another row (each a `ValueError` that names the first five rows).
    OptionError
        If an option has a value that it cannot take (a `ValueError`).
    EngineUnavailable
        If `use_rust` is True and the Rust engine is not installed (an `ImportError`).

    References
    ----------
    C. de Boor, *A Practical Guide to Splines*, revised edition, Springer 2001, chapter IV (the not-a-knot
    end condition).

    Examples
    --------
    >>> import pandas as pd
    >>> df = pd.DataFrame(
    ...     {
    ...         "stnNm": "Seoul",
    ...         "tm": pd.date_range("2024-01-01", periods=6, freq="h"),
    ...         "ta": [0.0, 1.0, None, 9.0, 16.0, 25.0],
    ...     }
    ... )
    >>> impute_missing_values(df, columns=["ta"], provenance=True)[["ta", "ta_provenance"]].round(6)
         ta  ta_provenance
    0   0.0              0
    1   1.0              0
    2   4.0              1
    3   9.0              0
    4  16.0              0
    5  25.0              0
    """
    names = _checked_columns(columns, date_col, station_col)
    longest = _checked_gap(max_spline_gap)
    chosen = choice.choose(use_rust)
    frame = wrap(df)
    if provenance:
        _require_free(frame, names)
    given = read_columns(frame, date_col, station_col, names)
    past = _read_history(history, given, names)

    begin = time.perf_counter()
    run = imputed_in_rust if chosen.engine == "rust" else _impute_in_reference
    imputed = run(given, past, longest)
    seconds = time.perf_counter() - begin

    reports = imputed.reports() if report or frame.has_nulls else {}
    values = {name: _values(frame, given, name, column, reports) for name, column in imputed.values.items()}
    result = frame.filled(values, imputed.codes if provenance else {})
    if not report:
        return result
    rows = len(given.stamp)
    return result, ImputationReport(rows, imputed.stations, reports, chosen.engine, chosen.reason, seconds)


def _checked_columns(columns: Sequence[str], date_col: str, station_col: str) -> tuple[str, ...]:
    names = (columns,) if isinstance(columns, str) else tuple(columns)
    for name in names:
        if name in (date_col, station_col):
            raise OptionError(f'column "{name}" is a key column and cannot be filled')
    if len(set(names)) < len(names):
        raise OptionError(f"columns names a column twice: {', '.join(map(str, names))}")
    return names


def _checked_gap(max_spline_gap: int) -> int:
    try:
        longest = operator.index(max_spline_gap)
    except TypeError:
        longest = -1
    if isinstance(max_spline_gap, bool) or longest < 0:
        raise OptionError(f"max_spline_gap is {max_spline_gap!r}; it must be an integer of 0 or more")
    return min(longest, LONGEST_GAP)


def _require_free(frame: Frame, names: tuple[str, ...]) -> None:
    for name in map(provenance_column, names):
        if name in frame.names:
            raise OptionError(f'the frame has a column "{name}" already; drop or rename it')


def _read_history(history: Any | None, given: InputColumns, names: tuple[str, ...]) -> InputColumns | None:
    if history is None:
        return None
    label = "the history"
    past = read_columns(wrap(history, label), given.date_col, given.station_col, names, label)
    if is_text(past.station.type) != is_text(given.station.type):
        raise ColumnTypeError(
            f'column "{given.station_col}" is of type {given.station.type} in the frame and {past.station.type} '
            "in the history; convert one of them"
        )
    if (past.wall_clock is None) != (given.wall_clock is None):
        raise ColumnTypeError(
            f'column "{given.date_col}" has a time zone only in {past.label if past.wall_clock else given.label}; '
            "give both one, or none"
        )
    return past


def _values(
    frame: Frame,
    given: InputColumns,
    name: str,
    values: NDArray[np.float64],
    reports: dict[str, ColumnReport],
) -> Values:
    """Return the values of a filled column; one without any observed value keeps its nulls and NaN apart."""
    if not frame.has_nulls or not reports[name].missing_after:
        return values
    original = given.values[name]
    if isinstance(original, np.ndarray) or pt.is_float64(original.type):
        return original
    return pa.nulls(len(original), pa.float64())


def _impute_in_reference(given: InputColumns, past: InputColumns | None, max_spline_gap: int) -> Imputed:
    from energy_data_layer.transforms.impute.reference import impute

    given = replace(given, values=as_arrow(given.values))
    past = past and replace(past, values=as_arrow(past.values))
    return impute(given, past, max_spline_gap)
