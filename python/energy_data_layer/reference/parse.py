"""Text to time stamps and numbers: one grammar, the same in both engines."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from energy_data_layer.errors import InfiniteValueError, StampError
from energy_data_layer.transforms.columns import as_plain_text, is_text
from energy_data_layer.transforms.texts import BLANKS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from energy_data_layer.transforms.columns import InputColumns
    from energy_data_layer.transforms.frames import ArrowColumn

LARGEST_VALUE = sys.float_info.max / 2**27
"""Beyond it, sums of values could overflow; such a value counts as infinite."""

YEAR, TWO_DIGITS = "(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})", "[0-9]{2}"
HOUR, SIXTY = "([01][0-9]|2[0-3])", "[0-5][0-9]"
STAMP_FORMS = {
    f"^{YEAR}-{TWO_DIGITS}-{TWO_DIGITS} {HOUR}:{SIXTY}$": "%Y-%m-%d %H:%M",
    f"^{YEAR}-{TWO_DIGITS}-{TWO_DIGITS} {HOUR}:{SIXTY}:{SIXTY}$": "%Y-%m-%d %H:%M:%S",
    f"^{YEAR}-{TWO_DIGITS}-{TWO_DIGITS}T{HOUR}:{SIXTY}$": "%Y-%m-%dT%H:%M",
    f"^{YEAR}-{TWO_DIGITS}-{TWO_DIGITS}T{HOUR}:{SIXTY}:{SIXTY}$": "%Y-%m-%dT%H:%M:%S",
    f"^{YEAR}{TWO_DIGITS}{TWO_DIGITS}{HOUR}{SIXTY}$": "%Y%m%d%H%M",
}
DATE_FORMS = {
    f"^{YEAR}-{TWO_DIGITS}-{TWO_DIGITS}$": "%Y-%m-%d",
    f"^{YEAR}{TWO_DIGITS}{TWO_DIGITS}$": "%Y%m%d",
}
DAY_FORMS = DATE_FORMS | {
    f"^{YEAR}/{TWO_DIGITS}/{TWO_DIGITS}$": "%Y/%m/%d",
    f"^{YEAR}[.]{TWO_DIGITS}[.]{TWO_DIGITS}$": "%Y.%m.%d",
}
MIDNIGHT = "[ T]00:00(:00)?$"
GROUPED_FORM = r"^[+-]?[0-9]{1,3}(,[0-9]{3})+([.][0-9]*)?$"
NUMBER_FORM = r"^[ \t\r\n]*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t\r\n]*$"


def parse_stamps(columns: InputColumns) -> pd.DatetimeIndex:
    """Return the stamps of a frame as naive instants (UTC where they carry a zone), or raise `StampError`."""
    column = columns.stamp
    stamps = parse_texts(column, STAMP_FORMS) if is_text(column.type) else _to_datetimes(column)
    unreadable = np.flatnonzero(stamps.isna())
    if len(unreadable):
        first = unreadable[:5]
        values = [column[int(row)].as_py() if is_text(column.type) else None for row in first]
        raise StampError(columns.date_col, first, values, len(unreadable), columns.label)
    return stamps


def parse_texts(column: ArrowColumn, forms: dict[str, str]) -> pd.DatetimeIndex:
    """Return texts of some forms as instants, NaT where a text has none of them."""
    texts = as_plain_text(column).cast(pa.large_string())
    parsed = np.full(len(texts), "NaT", dtype="datetime64[s]")
    for form, format_ in forms.items():
        rows = _to_numpy(pc.fill_null(pc.match_substring_regex(texts, form), False)).astype(bool)
        if rows.all():
            return _parse_form(texts, format_)
        if rows.any():
            parsed[rows] = _parse_form(texts.filter(pa.array(rows)), format_)
    return pd.DatetimeIndex(parsed)


def parse_wall_clock(columns: InputColumns, stamps: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Return the stamps whose calendar fields count: those of the frame's own zone."""
    return stamps if columns.wall_clock is None else _to_datetimes(columns.wall_clock)


def parse_numbers(column: ArrowColumn) -> tuple[NDArray[np.float64], int]:
    """Return a column as float64 with NaN for missing, and how many texts were no number."""
    if pt.is_float64(column.type):
        return _to_numpy(column), 0
    return _to_numbers(as_plain_text(column).cast(pa.large_string()))


def parse_cells(column: ArrowColumn) -> tuple[NDArray[np.float64], int]:
    """Return what `parse_numbers` does; texts may have any blanks around them and thousands separators."""
    if pt.is_float64(column.type):
        return _to_numpy(column), 0
    texts = trimmed(column)
    grouped = pc.match_substring_regex(texts, GROUPED_FORM)
    return _to_numbers(pc.if_else(grouped, pc.replace_substring(texts, ",", ""), texts))


def parse_days(column: ArrowColumn) -> pd.DatetimeIndex:
    """Return days as stamps at midnight, NaT where a cell is null or no day."""
    if not is_text(column.type):
        stamps = _to_datetimes(column)
        per_day = np.timedelta64(1, "D").astype(f"timedelta64[{stamps.unit}]").astype("int64")
        return pd.DatetimeIndex(stamps.where(stamps.asi8 % per_day == 0))
    days = pc.replace_substring_regex(trimmed(column), MIDNIGHT, "")
    return parse_texts(days, DAY_FORMS).as_unit("us")


def require_finite(
    values: NDArray[np.float64], name: str, label: str = "the frame", positions: NDArray[np.intp] | None = None
) -> None:
    """Raise where a value is infinite; `positions` are the rows' own where some were left out."""
    rows = np.flatnonzero(np.abs(values) > LARGEST_VALUE)
    if len(rows):
        first = rows[:5]
        shown = [str(value) for value in values[first]]
        raise InfiniteValueError(name, first if positions is None else positions[first], shown, len(rows), label)


def trimmed(column: ArrowColumn) -> ArrowColumn:
    """Return texts without the blanks around them."""
    return pc.utf8_trim(as_plain_text(column).cast(pa.large_string()), BLANKS)


def _to_numbers(texts: ArrowColumn) -> tuple[NDArray[np.float64], int]:
    is_number = pc.match_substring_regex(texts, NUMBER_FORM)
    numbers = pc.if_else(is_number, texts, None)
    coerced = numbers.null_count - texts.null_count
    return _to_numpy(numbers).astype(object).astype(np.float64), coerced


def _parse_form(texts: ArrowColumn, format_: str) -> pd.DatetimeIndex:
    series = pd.Series(texts.to_pandas(), dtype="str")
    return pd.DatetimeIndex(pd.to_datetime(series, format=format_, errors="coerce").astype("datetime64[s]"))


def _to_datetimes(column: ArrowColumn) -> pd.DatetimeIndex:
    unit = column.type.unit
    ticks = column.cast(pa.timestamp(unit)).cast(pa.int64())
    if ticks.null_count:
        ticks = pc.fill_null(ticks, np.iinfo("int64").min)
    return pd.DatetimeIndex(_to_numpy(ticks).view(f"datetime64[{unit}]"))


def _to_numpy(column: ArrowColumn) -> NDArray[Any]:
    values: NDArray[Any] = column.to_numpy(zero_copy_only=False) if isinstance(column, pa.Array) else column.to_numpy()
    return values
