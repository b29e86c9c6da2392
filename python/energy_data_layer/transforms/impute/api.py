"""Fill the gaps of a station by hour table, and say how each value was filled."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from energy_data_layer.core.coercion import (
    checked_coerced,
    checked_markers,
    require_measured,
    settle_coerced,
    with_markers_missing,
)
from energy_data_layer.core.frames import Frame, Values, wrap
from energy_data_layer.core.inputs import InputColumns, read_columns
from energy_data_layer.core.markers import may_hold_markers
from energy_data_layer.core.provenance import HIGH_SUFFIX, LOW_SUFFIX, Provenance, provenance_column
from energy_data_layer.engine import choice
from energy_data_layer.engine.shadow.comparer import shadowed
from energy_data_layer.engine.traced import traced
from energy_data_layer.errors import ModelError, OptionError
from energy_data_layer.transforms.impute.inputs import checked_columns, read_history
from energy_data_layer.transforms.impute.model import GapModel
from energy_data_layer.transforms.impute.quantities import bounds_of, require_continuous
from energy_data_layer.transforms.impute.report import ImputationReport, with_marked
from energy_data_layer.transforms.impute.rule import MOST_NEIGHBOURS, Bounds, Method, checked_rule
from energy_data_layer.transforms.impute.rust import imputed_in_rust
from energy_data_layer.transforms.keys import COLUMNS, DATE_COL, STATION_COL, keyed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    import polars as pl

    from energy_data_layer.core.coercion import Coerced, MissingValues
    from energy_data_layer.transforms.impute.report import Filled, Imputed
    from energy_data_layer.transforms.impute.rule import Rule

    FrameT = TypeVar("FrameT", pd.DataFrame, pl.DataFrame, pa.Table, pa.RecordBatch)


@overload
def impute_missing_values(
    df: FrameT,
    columns: Sequence[str] = ...,
    date_col: str | list[str] = ...,
    station_col: str | None = ...,
    *,
    method: Method = ...,
    max_spline_gap: int = ...,
    max_gap: int | None = ...,
    bounds: Mapping[str, Bounds] | None = ...,
    missing_values: MissingValues | None = ...,
    coerced: Coerced = ...,
    history: Any | None = ...,
    model: GapModel | pa.Table | None = ...,
    neighbours: int = ...,
    interval: float | None = ...,
    column_means: Mapping[str, float | None] | None = ...,
    provenance: bool = ...,
    report: Literal[False] = ...,
    use_rust: bool | None = ...,
    threads: int | None = ...,
) -> FrameT: ...


@overload
def impute_missing_values(
    df: FrameT,
    columns: Sequence[str] = ...,
    date_col: str | list[str] = ...,
    station_col: str | None = ...,
    *,
    method: Method = ...,
    max_spline_gap: int = ...,
    max_gap: int | None = ...,
    bounds: Mapping[str, Bounds] | None = ...,
    missing_values: MissingValues | None = ...,
    coerced: Coerced = ...,
    history: Any | None = ...,
    model: GapModel | pa.Table | None = ...,
    neighbours: int = ...,
    interval: float | None = ...,
    column_means: Mapping[str, float | None] | None = ...,
    provenance: bool = ...,
    report: Literal[True],
    use_rust: bool | None = ...,
    threads: int | None = ...,
) -> tuple[FrameT, ImputationReport]: ...


@traced
@keyed
@shadowed
def impute_missing_values(
    df: Any,
    columns: Sequence[str] = COLUMNS,
    date_col: str | list[str] = DATE_COL,
    station_col: str | None = STATION_COL,
    *,
    method: Method = "spline_climatology",
    max_spline_gap: int = 3,
    max_gap: int | None = None,
    bounds: Mapping[str, Bounds] | None = None,
    missing_values: MissingValues | None = None,
    coerced: Coerced = "warn",
    history: Any | None = None,
    model: GapModel | pa.Table | None = None,
    neighbours: int = MOST_NEIGHBOURS,
    interval: float | None = None,
    column_means: Mapping[str, float | None] | None = None,
    provenance: bool = False,
    report: bool = False,
    use_rust: bool | None = None,
    threads: int | None = None,
) -> Any:
    """Fill missing values, by default short gaps by a cubic spline and long ones by the station's climatology.

    `method="spline_climatology"` keeps the rule of the pipeline that this function replaces. Per station and column,
    rows are taken in time order and counted 0, 1, 2, …; hours that are absent altogether should be inserted first,
    by `complete_hours`. Every fill is computed from observed values only. A gap of at most `max_spline_gap` values
    between observed ones is filled by the not-a-knot cubic spline through all observed points of the series (a
    straight line where only 2 or 3 are observed), one that touches the first or last row by the nearest observed
    value. A longer gap is filled by the mean of the station's observed values of the same month, day and hour, else
    by the station's mean; where a station has none, by the mean of the column.

    `method="linear"` fills gaps between observed values on a straight line over the stamps, and gaps at either end
    by the nearest observed value.

    `method="optimal_interpolation"` predicts each missing value from the observed values before and after the gap
    and from up to `neighbours` other stations, as deviations from the climatology of the month, day and hour. It
    needs stamps on a regular grid and some 240 values of a station; stations with fewer are filled by the default
    rule. It is the more accurate method for quantities that vary smoothly; wind directions, sums and flags are none.

    Parameters
    ----------
    df : pandas.DataFrame, polars.DataFrame, pyarrow.Table or pyarrow.RecordBatch
        One row per station and time stamp, in any order. It is not modified. A polars.LazyFrame is collected; anything
        else that has ``__arrow_c_stream__``, such as a relation of DuckDB, is read once, as a pyarrow.Table.
    columns : sequence of str, default ("ta", "hm")
        The columns to fill: numbers, or texts that hold numbers (``".6"``, ``"1,013.2"``, ``"-.8"``). Null, NaN,
        `missing_values` and texts that are no number are missing. Where the frame has no column of a default's name,
        for `columns` and keys, the one under the heading of that field in KMA's portal is meant, such as ``기온(°C)``.
    date_col : str or list of str, default "tm"
        The time stamps: of any resolution, with or without a zone, dates, or texts and whole numbers such as
        ``2024-01-31 05:00``, ``2024-01-31T05:00+09:00``, ``2024/1/31 24:00`` and ``2024013105``. Or the columns of
        year, month, day, hour and minute, in a list. By default ``tm``, else ``일시``. A key may be a level of a pandas
        index, by its name; by default the level of time stamps is one, if there is one, and that beside it the other.
    station_col : str or None, default "stnNm"
        The stations: texts or integers. By default ``stnNm``, else ``지점명``, ``stnId`` or ``지점``. None takes the
        frame as one series.
    method : {"spline_climatology", "linear", "optimal_interpolation"}
        Where fills come from.
    max_spline_gap : int, default 3
        The longest gap, in rows, that `spline_climatology` interpolates.
    max_gap : int, optional
        Leave longer gaps, in rows, missing.
    bounds : dict of str to (float or None, float or None), optional
        The smallest and the largest possible value of some columns, such as ``{"hm": (0, 100), "ws": (0, None)}``.
        A fill outside is set to the bound and counted in the report; observed values are never changed.
    missing_values : sequence of float or str, or dict of str to these, optional
        What stands for a missing value, such as ``[-999, "NA"]``, in all columns or by column. By default nothing
        does, and numbers that look like it are an error; ``[]`` takes them as measured.
    coerced : {"warn", "raise", "missing"}
        What to do with texts that are no number: warn and take them as missing, raise, or take them as missing.
        Where most cells that are not blank are no number, ``"warn"`` raises too.
    history : frame, optional
        Rows of other times with the same columns. Their observed values take part in the climatology and
        the means, and in `optimal_interpolation` as if they stood in the frame; rows whose station and stamp are in
        `df` are ignored.
    model : GapModel or its table, optional
        What `optimal_interpolation` is to use; by default it fits a model on frame and history.
    neighbours : int, default 4
        How many other stations take part in a fill of `optimal_interpolation`, 0 to 4.
    interval : float, optional
        A probability, such as 0.9: add columns ``<column>_low`` and ``<column>_high`` that enclose the true value
        of a fill so often. They are missing for observed values and for methods that have no interval.
    column_means : dict of str to float or None, optional
        Where `df` is a part of a larger table: the means of that table's columns, None for one without any value,
        for the rows of stations that have no value of their own. By default those of `df` and `history`.
    provenance : bool, default False
        Add a uint8 column ``<column>_provenance`` behind each filled column (see `Provenance`).
    report : bool, default False
        Return ``(frame, ImputationReport)``.
    use_rust : bool, optional
        True demands the Rust engine, False the reference; by default the environment variable ``USE_RUST``
        decides (``0``, ``1``, ``auto``, ``shadow``).
    threads : int, optional
        Threads that the Rust engine uses, at most; by default as many as the environment variable ``EDL_THREADS``
        says, else one a processor. The answer is the same for any number.

    Returns
    -------
    frame or (frame, ImputationReport)
        A frame of the same kind with the same rows, order and index; the filled columns are float64, all
        others unchanged.

    Raises
    ------
    ColumnNotFoundError
        If a column is not in the frame (a `KeyError`). For a key it names the likely ones.
    ColumnTypeError
        If a column cannot be what it is named for (a `TypeError`).
    StampError, StationError, InfiniteValueError, DuplicateKeyError
        If rows have an unreadable stamp, no station, an infinite value, or the same station and stamp as
        another row (each a `ValueError` that names the first five rows).
    OffGridError
        If rows lie between the steps of the grid, for `optimal_interpolation` (a `ValueError`).
    OptionError
        If an option has a value that it cannot take, or several columns may be what a default means (a `ValueError`).
    ColumnKindError
        If `optimal_interpolation` is to fill an ASOS field that is a direction, a sum or a flag (a `ValueError`).
    CommaError
        If commas in a column stand before the decimals here, and part thousands there (a `ValueError`).
    MarkerError
        If a number looks as if it stood for a missing value (a `ValueError`).
    CoercedValuesError
        If texts are no number, as `coerced` says (a `ValueError`).
    ModelError
        If the model has none of the columns (a `ValueError`).
    EngineUnavailable
        If `use_rust` is True and the Rust engine is not installed (an `ImportError`).

    References
    ----------
    C. de Boor, *A Practical Guide to Splines*, revised edition, Springer 2001, chapter IV (the not-a-knot
    end condition).

    L. S. Gandin, *Objective Analysis of Meteorological Fields*, Gidrometeoizdat 1963 (optimal interpolation).

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
    names = checked_columns(columns, date_col, station_col)
    rule = checked_rule(
        names,
        method=method,
        max_spline_gap=max_spline_gap,
        max_gap=max_gap,
        bounds=bounds,
        interval=interval,
        neighbours=neighbours,
        column_means=column_means,
    )
    if rule.method == "optimal_interpolation":
        require_continuous(names, date_col, station_col)
    if model is not None:
        model = model if isinstance(model, GapModel) else GapModel.from_table(model, "model")
        _require_model(model, names, rule)
    markers = checked_markers(missing_values, names)
    coerced = checked_coerced(coerced)
    chosen = choice.choose(use_rust, threads)
    frame = wrap(df)
    require_free(frame, names, provenance=provenance, interval=interval is not None)
    given, marked = with_markers_missing(read_columns(frame, date_col, station_col, names), markers)
    past = read_history(history, given)
    if past is not None:
        past, _ = with_markers_missing(past, markers)

    begin = time.perf_counter()
    fitted, step = (None, None) if model is None else (model.table, model.step)
    if chosen.engine == "rust":
        imputed = imputed_in_rust(given, past, rule, fitted, step, chosen.threads)
    else:
        imputed = _impute_in_reference(given, past, rule, fitted, step)
    seconds = time.perf_counter() - begin

    for name, filled in imputed.columns.items():
        if markers.get(name) != () and may_hold_markers(filled.values):  # an empty list says that all was measured
            limits = bounds_of(names, date_col, station_col) | dict(bounds or {})
            require_measured(filled.values[filled.codes == Provenance.OBSERVED], name, limits.get(name))
        if not isinstance(given.values[name], np.ndarray):
            settle_coerced({name: given.values[name]}, [filled.codes != Provenance.OBSERVED], coerced)
    result = filled_frame(frame, given, imputed.columns, provenance=provenance, interval=interval is not None)
    if not report:
        return result
    return result, ImputationReport(
        rows=len(given.stamp),
        stations=imputed.stations,
        columns=with_marked(imputed.reports(), marked),
        engine=chosen.engine,
        engine_reason=chosen.reason,
        seconds=seconds,
        method=method,
        model=None if model is None else model.id,
    )


def _require_model(model: GapModel, names: tuple[str, ...], rule: Rule) -> None:
    if rule.method != "optimal_interpolation":
        raise OptionError(f'model is for method="optimal_interpolation", not for "{rule.method}"')
    absent = [name for name in names if name not in model.facts["columns"]]
    if absent:
        raise ModelError(
            f"the model has no column {', '.join(absent)}; it was fitted on {', '.join(model.facts['columns'])}"
        )


def require_free(frame: Frame, names: Sequence[str], *, provenance: bool, interval: bool) -> None:
    """Raise `OptionError` where the frame has a column of a name that is to be added."""
    suffixes = [provenance_column("")] * provenance + [LOW_SUFFIX, HIGH_SUFFIX] * interval
    for name in (f"{name}{suffix}" for name in names for suffix in suffixes):
        if name in frame.names:
            raise OptionError(f'the frame has a column "{name}" already; drop or rename it')


def filled_frame(
    frame: Frame, given: InputColumns, columns: Mapping[str, Filled], *, provenance: bool, interval: bool
) -> Any:
    """Return the frame with filled columns, and behind each what was asked for."""
    values = {name: _values(frame, given, name, column) for name, column in columns.items()}
    behind = {
        name: _behind(frame, name, column, provenance=provenance, interval=interval) for name, column in columns.items()
    }
    return frame.filled(values, behind)


def _values(frame: Frame, given: InputColumns, name: str, filled: Filled) -> Values:
    """Return the values of a filled column; what stays missing keeps its nulls and NaN apart."""
    original = given.values[name]
    if not frame.has_nulls or isinstance(original, np.ndarray):
        return filled.values
    unfilled = filled.codes == Provenance.UNFILLED
    if not unfilled.any():
        return filled.values
    if pt.is_float64(original.type):
        unfilled &= original.is_null().to_numpy(zero_copy_only=False)
    return pa.array(filled.values, mask=unfilled)


def _behind(frame: Frame, name: str, filled: Filled, *, provenance: bool, interval: bool) -> dict[str, Values]:
    """Return the new columns behind a filled column."""
    columns: dict[str, Values] = {provenance_column(name): filled.codes} if provenance else {}
    if interval:
        for suffix, end in ((LOW_SUFFIX, filled.low), (HIGH_SUFFIX, filled.high)):
            numbers = np.full(len(filled.values), np.nan) if end is None else end
            columns[f"{name}{suffix}"] = pa.array(numbers, mask=np.isnan(numbers)) if frame.has_nulls else numbers
    return columns


def _impute_in_reference(
    given: InputColumns, past: InputColumns | None, rule: Rule, model: pa.Table | None, step: int | None
) -> Imputed:
    from energy_data_layer.transforms.impute.reference import impute

    return impute(given.in_arrow(), past and past.in_arrow(), rule, model, step)
