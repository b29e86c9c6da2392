"""The reference of `transform_wide_to_long`: pandas, NumPy and Arrow's own functions, a whole table at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from energy_data_layer.core.columns import is_text, trimmed
from energy_data_layer.core.parse import parse_days, parse_numbers, require_finite, require_one_meaning
from energy_data_layer.datasets.layout import ENERGY_UNITS, HOURS
from energy_data_layer.errors import DayError, DuplicateKeyError, EnergyUnitError, StationError
from energy_data_layer.transforms.wide_to_long.report import Long

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from energy_data_layer.core.frames import ArrowColumn
    from energy_data_layer.transforms.wide_to_long.columns import WideColumns

    Numbers = NDArray[np.float64]
    Rows = NDArray[np.intp]

MOST_DECIMALS = 6
POWERS_OF_TEN = 10.0 ** np.arange(MOST_DECIMALS + 1)
ROUNDING = 1e-9
"""What sums of numbers without a rounding of their own may be apart, relative to the total."""


def lengthen(columns: WideColumns, *, unique: bool) -> Long:
    """Turn the columns of a wide table into a long one. The public function has the full description."""
    (date_name, date), *_ = columns.date.items()
    rows = np.flatnonzero(~_empty_rows(columns))
    rows_skipped = np.setdiff1d(np.arange(len(date)), rows)

    days = _days(date_name, date, rows)
    names = _plant_names(columns, rows)
    if unique:
        _require_unique(names, days, date_name, rows)
    for name, column in (*columns.hours.items(), *columns.total.items()):
        require_one_meaning(column.take(pa.array(rows)), name, positions=rows)
    cells, coerced = _cells(columns, rows)
    multiply, divide = _to_kwh(columns, rows)
    kwh = cells * multiply[:, None] / divide[:, None]
    checked, mismatches = _compare_to_totals(columns, cells, kwh, rows)

    first = 1 if columns.layout.hour_label == "end" else 0
    hours = np.arange(first, first + HOURS).astype("timedelta64[h]").astype(f"timedelta64[{days.unit}]")
    stamps = (days.to_numpy()[:, None] + hours).ravel()
    generation = kwh.ravel()
    each_hour = pa.array(np.repeat(np.arange(len(rows)), HOURS))
    return Long(
        timestamp=pa.array(stamps),
        plant_name=names.take(each_hour),
        generation=pa.array(generation, mask=np.isnan(generation)),
        keep=[_movable(column).take(pa.array(rows)).take(each_hour) for column in columns.keep.values()],
        rows_skipped=rows_skipped.tolist(),
        coerced=coerced,
        missing=int(np.isnan(generation).sum()),
        totals_checked=checked,
        total_mismatches=mismatches,
    )


def _movable(column: ArrowColumn) -> ArrowColumn:
    """Return views as plain text and bytes: pyarrow cannot take rows out of views."""
    return column.cast(_without_views(column.type))


def _without_views(type_: pa.DataType) -> pa.DataType:
    if pt.is_string_view(type_):
        return pa.large_string()
    if pt.is_binary_view(type_):
        return pa.large_binary()
    if pt.is_list(type_) or pt.is_large_list(type_) or pt.is_fixed_size_list(type_):
        field = type_.value_field.with_type(_without_views(type_.value_type))
        if pt.is_fixed_size_list(type_):
            return pa.list_(field, type_.list_size)
        return pa.list_(field) if pt.is_list(type_) else pa.large_list(field)
    if pt.is_struct(type_):
        return pa.struct([field.with_type(_without_views(field.type)) for field in type_])
    return type_


def _empty_rows(columns: WideColumns) -> NDArray[np.bool_]:
    """Tell which rows have no content in any column of the layout."""
    (date,) = columns.date.values()
    empty = _blank(date)
    for group in (columns.plant, columns.unit, columns.energy_unit, columns.hours, columns.total, columns.keep):
        for column in group.values():
            if not empty.any():
                return empty
            empty &= _blank(column)
    return empty


def _blank(column: ArrowColumn) -> NDArray[np.bool_]:
    if is_text(column.type):
        blank = pc.equal(trimmed(column), "")
        return np.asarray(pc.fill_null(blank, True)).astype(bool)
    if pt.is_dictionary(column.type):
        # pyarrow before 26 looks at the indices alone.
        column = column.cast(column.type.value_type)
    # A NaT that pandas hands over is no null.
    missing = pc.is_null(column, nan_is_null=True).to_numpy(zero_copy_only=False).astype(bool)
    if pa.types.is_timestamp(column.type):
        missing |= np.asarray(pc.equal(column.cast(pa.int64()), np.iinfo("int64").min).fill_null(True)).astype(bool)
    result: NDArray[np.bool_] = missing
    return result


def _days(name: str, column: ArrowColumn, rows: Rows) -> pd.DatetimeIndex:
    days = parse_days(column.take(pa.array(rows)))
    # The last hour of the day has to be a time too.
    latest = np.iinfo("int64").max - np.timedelta64(1, "D").astype(f"timedelta64[{days.unit}]").astype("int64")
    unreadable = np.flatnonzero(days.isna() | (days.asi8 > latest))
    if len(unreadable):
        first = rows[unreadable[:5]]
        values = [_shown_day(column, int(row)) for row in first]
        raise DayError(name, first, values, len(unreadable))
    return days


def _shown_day(column: ArrowColumn, row: int) -> str | None:
    if is_text(column.type):
        text: str | None = column[row].as_py()
        return text
    ticks = column[row].value
    stamp = pd.NaT if ticks is None else pd.Timestamp(np.datetime64(ticks, column.type.unit))
    return None if stamp is pd.NaT else str(stamp)


def _plant_names(columns: WideColumns, rows: Rows) -> ArrowColumn:
    """Return the name of each row's plant: its name, a blank, its unit."""
    parts = [(name, trimmed(column.take(pa.array(rows)))) for name, column in (columns.plant | columns.unit).items()]
    texts = [pc.if_else(pc.equal(text, ""), None, text) for _, text in parts]
    if columns.layout.plant_name is not None:
        if columns.plant:
            texts[0] = pc.fill_null(texts[0], columns.layout.plant_name)
        else:
            texts.insert(0, pa.repeat(pa.scalar(columns.layout.plant_name, pa.large_string()), len(rows)))
    unnamed = np.flatnonzero(np.asarray(pc.is_null(texts[0])))
    if len(unnamed):
        first = rows[unnamed[:5]]
        raise StationError(parts[0][0], first, [None] * len(first), len(unnamed))
    return pc.binary_join_element_wise(*texts, pa.scalar(" ", pa.large_string()), null_handling="skip")


def _require_unique(names: ArrowColumn, days: pd.DatetimeIndex, date_name: str, rows: Rows) -> None:
    plants = pd.factorize(names.to_pandas())[0]
    repeated = np.flatnonzero(pd.DataFrame({"plant": plants, "day": days}).duplicated(keep=False))
    if len(repeated):
        values = [f"{names[int(row)].as_py()} {days[row]}" for row in repeated[:5]]
        raise DuplicateKeyError(date_name, rows[repeated[:5]], values, len(repeated))


def _cells(columns: WideColumns, rows: Rows) -> tuple[Numbers, int]:
    """Return the hours as they are published, rows by hours, and how many texts were no number."""
    cells, coerced = np.empty((len(rows), HOURS)), 0
    for hour, (name, column) in enumerate(columns.hours.items()):
        cells[:, hour], count = _numbers(name, column, rows)
        coerced += count
    return cells, coerced


def _numbers(name: str, column: ArrowColumn, rows: Rows) -> tuple[Numbers, int]:
    values, coerced = parse_numbers(column.take(pa.array(rows)))
    require_finite(values, name, positions=rows)
    return values, coerced


def _to_kwh(columns: WideColumns, rows: Rows) -> tuple[Numbers, Numbers]:
    """Return for each row what its hours are to be multiplied and divided by."""
    if columns.layout.energy_unit is not None:
        multiply, divide = ENERGY_UNITS[columns.layout.energy_unit]
        return np.full(len(rows), multiply), np.full(len(rows), divide)
    ((name, column),) = columns.energy_unit.items()
    units = trimmed(column.take(pa.array(rows))).to_pandas()
    unknown = np.flatnonzero(~units.isin(list(ENERGY_UNITS)))
    if len(unknown):
        first = rows[unknown[:5]]
        raise EnergyUnitError(name, first, [column[int(row)].as_py() for row in first], len(unknown))
    factors = np.array([ENERGY_UNITS[unit] for unit in units]).reshape(-1, 2)
    return factors[:, 0], factors[:, 1]


def _compare_to_totals(
    columns: WideColumns, cells: Numbers, kwh: Numbers, rows: Rows
) -> tuple[int, list[tuple[int, float, float]]]:
    """Return how many rows have a total and an hour, and those where they differ by more than rounding explains."""
    if not columns.total:
        return 0, []
    ((name, column),) = columns.total.items()
    totals, _ = _numbers(name, column, rows)
    multiply, divide = _to_kwh(columns, rows)
    if columns.layout.daily_total_unit is not None:
        own = ENERGY_UNITS[columns.layout.daily_total_unit]
        total_multiply, total_divide = np.full(len(rows), own[0]), np.full(len(rows), own[1])
    else:
        total_multiply, total_divide = multiply, divide
    total = totals * total_multiply / total_divide
    # Hour by hour, so that every engine rounds alike.
    hours = sum(np.nan_to_num(kwh).T, start=np.zeros(len(rows)))
    checked = ~np.isnan(totals) & ~np.isnan(cells).all(axis=1)

    doubtful = np.flatnonzero(checked & (np.abs(hours - total) > ROUNDING * np.maximum(1.0, np.abs(total))))
    of_cells = 0.5 * HOURS / POWERS_OF_TEN[_decimals(np.nan_to_num(cells[doubtful])).max(axis=1, initial=0)]
    of_total = 0.5 / POWERS_OF_TEN[_decimals(totals[doubtful])]
    allowed = (
        of_cells * multiply[doubtful] / divide[doubtful] + of_total * total_multiply[doubtful] / total_divide[doubtful]
    )
    apart = np.abs(hours[doubtful] - total[doubtful])
    different = doubtful[apart > allowed * (1 + ROUNDING) + ROUNDING * np.maximum(1.0, np.abs(total[doubtful]))]
    return int(checked.sum()), [(int(rows[row]), float(hours[row]), float(total[row])) for row in different]


def _decimals(values: Numbers) -> Rows:
    """Return with how many decimals numbers are published."""
    decimals = np.full(values.shape, MOST_DECIMALS)
    for count in reversed(range(MOST_DECIMALS)):
        shifted = values * POWERS_OF_TEN[count]
        decimals[np.abs(shifted - np.rint(shifted)) <= ROUNDING + 1e-12 * np.abs(shifted)] = count
    return decimals
