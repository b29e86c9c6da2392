"""Text to time stamps and numbers: one grammar, the same in both engines."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from energy_data_layer.core.columns import as_plain_text, is_text
from energy_data_layer.core.texts import BLANKS
from energy_data_layer.errors import InfiniteValueError, StampError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from energy_data_layer.core.columns import InputColumns
    from energy_data_layer.core.frames import ArrowColumn

LARGEST_VALUE = sys.float_info.max / 2**27
"""Beyond it, sums of values could overflow; such a value counts as infinite."""

YEAR, TWO_DIGITS = "(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})", "[0-9]{2}"
HOUR, SIXTY = "([01][0-9]|2[0-3])", "[0-5][0-9]"
STAMP_FORMS = {
    f"^{YEAR}-{TWO_DIGITS}-{TWO_DIGITS}[ T]{HOUR}:{SIXTY}$": "YYYY-MM-DD hh:mm",
    f"^{YEAR}-{TWO_DIGITS}-{TWO_DIGITS}[ T]{HOUR}:{SIXTY}:{SIXTY}$": "YYYY-MM-DD hh:mm:ss",
    f"^{YEAR}{TWO_DIGITS}{TWO_DIGITS}{HOUR}{SIXTY}$": "YYYYMMDDhhmm",
}
"""Where the digits of each part stand in texts of a form."""

DATE_FORMS = {
    f"^{YEAR}-{TWO_DIGITS}-{TWO_DIGITS}$": "YYYY-MM-DD",
    f"^{YEAR}{TWO_DIGITS}{TWO_DIGITS}$": "YYYYMMDD",
}
DAY_FORMS = DATE_FORMS | {
    f"^{YEAR}/{TWO_DIGITS}/{TWO_DIGITS}$": "YYYY/MM/DD",
    f"^{YEAR}[.]{TWO_DIGITS}[.]{TWO_DIGITS}$": "YYYY.MM.DD",
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
    for form, places in forms.items():
        rows = _has_form(texts, form)
        if rows.any():
            parsed[rows] = _instants(texts.filter(pa.array(rows)), places)
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
    rows = _has_form(texts, NUMBER_FORM)
    numbers = np.full(len(texts), np.nan)
    numbers[rows] = _to_numpy(texts.filter(pa.array(rows))).astype(object).astype(np.float64)
    return numbers, len(texts) - texts.null_count - int(rows.sum())


def _has_form(texts: ArrowColumn, form: str) -> NDArray[np.bool_]:
    return _to_numpy(pc.fill_null(pc.match_substring_regex(texts, form), False)).astype(bool)


def _instants(texts: ArrowColumn, places: str) -> NDArray[np.datetime64]:
    """Return texts with digits at known places as instants, NaT where there is no such day."""
    digits = _to_numpy(texts).astype(f"S{len(places)}").view(np.uint8).reshape(-1, len(places)) - ord("0")

    def part(letter: str) -> NDArray[np.int64]:
        columns = digits[:, [place for place, other in enumerate(places) if other == letter]]
        return columns @ 10 ** np.arange(columns.shape[1], dtype=np.int64)[::-1]

    year, month, day = part("Y"), part("M"), part("D")
    first = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days_in_month = ((first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(np.int64)
    seconds = part("h") * 3600 + part("m") * 60 + part("s")
    instants: NDArray[np.datetime64] = (first.astype("datetime64[D]") + (day - 1)).astype("datetime64[s]") + seconds
    instants[(month < 1) | (month > 12) | (day < 1) | (day > days_in_month)] = np.datetime64("NaT")
    return instants


def _to_datetimes(column: ArrowColumn) -> pd.DatetimeIndex:
    unit = column.type.unit
    ticks = column.cast(pa.timestamp(unit)).cast(pa.int64())
    if ticks.null_count:
        ticks = pc.fill_null(ticks, np.iinfo("int64").min)
    return pd.DatetimeIndex(_to_numpy(ticks).view(f"datetime64[{unit}]"))


def _to_numpy(column: ArrowColumn) -> NDArray[Any]:
    values: NDArray[Any] = column.to_numpy(zero_copy_only=False) if isinstance(column, pa.Array) else column.to_numpy()
    return values
