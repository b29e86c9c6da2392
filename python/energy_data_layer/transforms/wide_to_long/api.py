"""One row per plant and day with 24 hour columns becomes one row per plant and hour."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

import numpy as np

from energy_data_layer.core.coercion import (
    checked_coerced,
    checked_markers,
    require_measured,
    settle_coerced,
    without_markers,
)
from energy_data_layer.core.columns import as_arrow
from energy_data_layer.core.frames import Frame, wrap
from energy_data_layer.core.markers import may_hold_markers
from energy_data_layer.datasets.layout import (
    ENERGY_UNITS,
    GENERATION,
    HOURS,
    PLANT_NAME,
    TIMESTAMP,
    WideLayout,
    heading_text,
)
from energy_data_layer.datasets.layouts import known_layout
from energy_data_layer.engine import choice
from energy_data_layer.engine.shadow.comparer import shadowed
from energy_data_layer.engine.traced import traced
from energy_data_layer.errors import LayoutError, OptionError
from energy_data_layer.transforms.wide_to_long.columns import WideColumns, read_wide_columns
from energy_data_layer.transforms.wide_to_long.parts import columns_of_hours
from energy_data_layer.transforms.wide_to_long.recognise import RECOGNISED, told_layout
from energy_data_layer.transforms.wide_to_long.report import TotalMismatch, WideReport
from energy_data_layer.transforms.wide_to_long.rust import lengthened_in_rust

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa
    from numpy.typing import NDArray

    from energy_data_layer.core.coercion import Coerced, MissingValues
    from energy_data_layer.datasets.layout import EnergyUnit, HourLabel
    from energy_data_layer.transforms.wide_to_long.report import Long

    FrameT = TypeVar("FrameT", pd.DataFrame, pl.DataFrame, pa.Table, pa.RecordBatch)

UNIT_TOLERANCE = 0.1
"""How far a total may be from 1000 times the sum of its hours to count as one of another unit."""


@overload
def transform_wide_to_long(
    df_wide: FrameT,
    layout: WideLayout | str | None = ...,
    *,
    energy_unit: EnergyUnit | None = ...,
    hour_label: HourLabel | None = ...,
    plant_name: str | None = ...,
    missing_values: MissingValues | None = ...,
    coerced: Coerced = ...,
    report: Literal[False] = ...,
    use_rust: bool | None = ...,
    threads: int | None = ...,
) -> FrameT: ...


@overload
def transform_wide_to_long(
    df_wide: FrameT,
    layout: WideLayout | str | None = ...,
    *,
    energy_unit: EnergyUnit | None = ...,
    hour_label: HourLabel | None = ...,
    plant_name: str | None = ...,
    missing_values: MissingValues | None = ...,
    coerced: Coerced = ...,
    report: Literal[True],
    use_rust: bool | None = ...,
    threads: int | None = ...,
) -> tuple[FrameT, WideReport]: ...


@traced
@shadowed
def transform_wide_to_long(
    df_wide: Any,
    layout: WideLayout | str | None = None,
    *,
    energy_unit: EnergyUnit | None = None,
    hour_label: HourLabel | None = None,
    plant_name: str | None = None,
    missing_values: MissingValues | None = None,
    coerced: Coerced = "warn",
    report: bool = False,
    use_rust: bool | None = None,
    threads: int | None = None,
) -> Any:
    """Turn a table of plants and days with 24 hour columns into one row per plant and hour.

    Each input row becomes 24 rows in the order of the hours; input rows keep their order. A published hour N
    ends at N:00; the layout says whether its end or its start is stored. Cells hold numbers as people write them
    (``1,234.5``); what is no number is missing, never zero. A row without any content is left out. All values are
    brought to kWh.

    Parameters
    ----------
    df_wide : pandas.DataFrame, polars.DataFrame, pyarrow.Table or pyarrow.RecordBatch
        One row per plant (or unit) and day, in any order. Days are dates, time stamps at midnight, or texts
        ``YYYY-MM-DD``, ``YYYY/MM/DD``, ``YYYY.MM.DD`` or ``YYYYMMDD``, with `` 00:00[:00]`` behind them or
        not. The frame is not modified. What else gives a table is read as in `impute_missing_values`.
    layout : WideLayout or str, optional
        What the columns mean, or the name of a known layout; by default the headings tell.
    energy_unit : {"Wh", "kWh", "MWh"}, optional
        What the hours hold, in place of what the layout says.
    hour_label : {"start", "end"}, optional
        Which end of the hour is stored, in place of what the layout says.
    plant_name : str, optional
        The plant's name, for a table that does not name it.
    missing_values : sequence of float or str, or dict of str to these, optional
        As in `impute_missing_values`, for the hours.
    coerced : {"warn", "raise", "missing"}
        As in `impute_missing_values`, for the hours.
    report : bool, default False
        Return ``(frame, WideReport)``.
    use_rust : bool, optional
        As in `impute_missing_values`.
    threads : int, optional
        As in `impute_missing_values`.

    Returns
    -------
    frame or (frame, WideReport)
        A frame of the same kind with the columns ``timestamp`` (in microseconds, or the resolution of time
        stamps in the input), ``plant_name`` (the name, a blank, the unit) and ``generation`` (float64, kWh),
        and the columns that the layout keeps, which have their own types.

    Raises
    ------
    LayoutError
        If no layout fits or it leaves something open: the plant, the unit of energy, or a further column that
        looks like an hour or a time of day and is not blank (a `ValueError`).
    ColumnTypeError
        If a column cannot be what the layout says it is (a `TypeError`).
    StampError, StationError, DuplicateKeyError, InfiniteValueError, EnergyUnitError
        If rows have an unreadable day, no plant, the same plant and day as another row, an infinite value,
        or an unknown unit of energy (each a `ValueError` that names the first five rows).
    CommaError, MarkerError, CoercedValuesError
        As in `impute_missing_values`.
    OptionError
        If an option has a value that it cannot take (a `ValueError`).
    EngineUnavailable
        If `use_rust` is True and the Rust engine is not installed (an `ImportError`).

    Examples
    --------
    >>> import pandas as pd
    >>> hours = {f"{hour}시(kWh)": [hour * 10.0] for hour in range(1, 25)}
    >>> wide = pd.DataFrame({"발전소명": ["한빛풍력"], "일자": ["2024-01-31"]} | hours)
    >>> transform_wide_to_long(wide, hour_label="end").iloc[[0, 22, 23]]
                 timestamp plant_name  generation
    0  2024-01-31 01:00:00       한빛풍력        10.0
    22 2024-01-31 23:00:00       한빛풍력       230.0
    23 2024-02-01 00:00:00       한빛풍력       240.0
    """
    coerced = checked_coerced(coerced)
    chosen = choice.choose(use_rust, threads)
    frame = wrap(df_wide)
    meant = meant_layout(layout, frame, energy_unit, hour_label, plant_name)
    columns = read_wide_columns(frame, meant)
    markers = checked_markers(missing_values, columns.hours)
    marked = 0
    if any(markers.values()):
        hours = {name: without_markers(column, markers.get(name, ())) for name, column in columns.hours.items()}
        columns = replace(columns, hours={name: column for name, (column, _) in hours.items()})
        marked = sum(count for _, count in hours.values())

    doubtful = [markers.get(name) != () for name in columns.hours]
    no_numbers = incomplete = 0
    if meant.parts > 1:
        columns, no_numbers, incomplete = columns_of_hours(columns, markers, coerced)
        meant, doubtful = columns.layout, []

    begin = time.perf_counter()
    long = lengthen(columns, frame, chosen)
    seconds = time.perf_counter() - begin

    if meant.name == RECOGNISED and energy_unit is None:
        _require_confirmed(meant, long)
    _require_measured(meant, long, doubtful)
    if long.coerced and coerced != "missing":
        _settle_coerced(columns, long, coerced)
    result = long_frame(columns, frame, long)
    if not report:
        return result
    return result, WideReport(
        layout=meant.name,
        hour_label=meant.hour_label,
        energy_unit=meant.energy_unit,
        rows=len(next(iter(columns.date.values()))),
        rows_skipped=long.rows_skipped,
        coerced=long.coerced + no_numbers,
        marked=marked,
        incomplete=incomplete,
        missing=long.missing,
        totals_checked=long.totals_checked,
        total_mismatches=[TotalMismatch(*mismatch) for mismatch in long.total_mismatches],
        engine=chosen.engine,
        engine_reason=chosen.reason,
        seconds=seconds,
        blank_hours=columns.blank_hours,
    )


def meant_layout(
    layout: WideLayout | str | None,
    frame: Frame,
    energy_unit: EnergyUnit | None,
    hour_label: HourLabel | None,
    plant_name: str | None,
) -> WideLayout:
    """Return the layout with what the caller says in place of it."""
    if layout is None:
        layout = told_layout(tuple(map(heading_text, frame.names)), None, energy_unit)
    elif isinstance(layout, str):
        layout = known_layout(layout)
    elif not isinstance(layout, WideLayout):
        raise OptionError(f"layout is a {type(layout).__name__}; it can be a WideLayout or the name of a known one")
    if energy_unit is not None:
        layout = replace(layout, energy_unit=energy_unit)
    if hour_label is not None:
        layout = replace(layout, hour_label=hour_label)
    if plant_name is not None:
        layout = replace(layout, plant_name=plant_name)
    return layout


def _require_confirmed(layout: WideLayout, long: Long) -> None:
    """Raise where the published totals are those of another unit than the headings name."""
    contradicting = [found for found in long.total_mismatches if _is_of_another_unit(*found[1:])]
    if len(contradicting) * 2 > long.totals_checked:
        row, hours, total = contradicting[0]
        raise LayoutError(
            f'the hours, taken as {layout.energy_unit}, do not add up to "{layout.daily_total}" in '
            f"{len(contradicting)} of {long.totals_checked} rows "
            f"(row {row}: {hours:g} kWh, total {total:g} kWh); "
            'pass energy_unit="Wh", or a layout'
        )


def _kwh(long: Long) -> NDArray[np.float64]:
    generation = long.generation
    return generation if isinstance(generation, np.ndarray) else generation.to_numpy(zero_copy_only=False)


def _require_measured(layout: WideLayout, long: Long, doubtful: list[bool]) -> None:
    """Raise `MarkerError` where doubtful hours look as if they stood for a missing value; units by row leave it."""
    if layout.energy_unit is None or not any(doubtful):
        return
    kwh = _kwh(long)
    kwh = kwh if all(doubtful) else kwh.reshape(-1, HOURS)[:, doubtful].ravel()
    multiply, divide = ENERGY_UNITS[layout.energy_unit]
    ends = np.array([end.reduce(kwh, initial=np.nan) for end in (np.fmin, np.fmax)])
    if may_hold_markers(ends * divide / multiply):
        require_measured(kwh * divide / multiply, GENERATION, None)


def _settle_coerced(columns: WideColumns, long: Long, coerced: Coerced) -> None:
    hours = as_arrow(columns.hours)
    rows = len(next(iter(hours.values())))
    missing = np.ones((rows, len(hours)), dtype=bool)
    missing[np.delete(np.arange(rows), long.rows_skipped)] = np.isnan(_kwh(long)).reshape(-1, len(hours))
    settle_coerced(hours, list(missing.T), coerced)


def _is_of_another_unit(hours: float, total: float) -> bool:
    ratio = abs(total / hours) if hours else 0.0
    return any(abs(ratio / factor - 1) < UNIT_TOLERANCE for factor in (1e-6, 1e-3, 1e3, 1e6))


def lengthen(columns: WideColumns, frame: Frame, chosen: choice.Choice, *, unique: bool = True) -> Long:
    """Run the chosen engine; `unique` says whether a plant may have a day only once."""
    if chosen.engine == "rust":
        return lengthened_in_rust(columns, frame, chosen.threads, unique=unique)
    from energy_data_layer.transforms.wide_to_long.reference import lengthen as reference

    return reference(replace(columns, hours=as_arrow(columns.hours), total=as_arrow(columns.total)), unique=unique)


def long_frame(columns: WideColumns, frame: Frame, long: Long) -> Any:
    """Return an engine's answer as a frame of the same kind as the input."""
    made = {TIMESTAMP: long.timestamp, PLANT_NAME: long.plant_name, GENERATION: long.generation}
    return frame.made(made, dict(zip(columns.keep, long.keep, strict=True)), columns.names)
