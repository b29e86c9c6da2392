"""Text to time stamps and numbers: one grammar, the same in both engines."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from energy_data_layer.core.columns import as_plain_text, is_text, trimmed
from energy_data_layer.core.texts import BLANKS
from energy_data_layer.errors import CommaError, InfiniteValueError

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
WRITTEN_FORM = {
    f"^{YEAR}-{TWO_DIGITS}-{TWO_DIGITS} ({HOUR}:{SIXTY}:{SIXTY}|24:00:00)$": "YYYY-MM-DD hh:mm:ss",
}
"""What `REWRITTEN` brings a stamp to, however it is written."""

REWRITTEN = (
    (r"^([0-9]{4})([0-9]{2})([0-9]{2})($|[ T].*)", r"\1-\2-\3\4"),
    (r"^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})$", r"\1-\2-\3 \4:00"),
    (r"^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})$", r"\1-\2-\3 \4:\5"),
    (r"^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})$", r"\1-\2-\3 \4:\5:\6"),
    (r"^([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})($|[ T].*)", r"\1-\2-\3\4"),
    (r"^([0-9]{4})[.]([0-9]{1,2})[.]([0-9]{1,2})($|[ T].*)", r"\1-\2-\3\4"),
    (r"^([0-9]{4})-([0-9])-", r"\1-0\2-"),
    (r"^([0-9]{4}-[0-9]{2})-([0-9])($|[ T])", r"\1-0\2\3"),
    (r"^([0-9]{4}-[0-9]{2}-[0-9]{2})$", r"\1 00:00"),
    (r"^([0-9]{4}-[0-9]{2}-[0-9]{2})(T| +)([0-9]{1,2}:[0-9]{2})", r"\1 \3"),
    (r"^(.{10}) ([0-9]):", r"\1 0\2:"),
    (r"^(.{16})$", r"\1:00"),
    (r"^(.{19})[.]0+$", r"\1"),
)
"""The ways in which people and programs write a stamp, and what makes them one, step by step."""

NUMBER_FORM = r"^[ \t\r\n]*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t\r\n]*$"
"""A plain number."""
GROUPED_FORM = r"^[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+([.][0-9]*)?$"
DECIMAL_COMMA_FORM = r"^[+-]?([0-9]+|[0-9]{1,3}([.][0-9]{3})+),[0-9]+$"
MINUS_BEHIND, IN_PARENTHESES = r"^([0-9.].*?) *-$", r"^\( *([0-9.].*?) *\)$"
WIDE_CHARACTERS = "[\u2212\uff01-\uff5e]"
NARROW = {0x2212: "-"} | {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
"""The characters of ASCII that others stand for."""


def parse_texts(column: ArrowColumn, forms: dict[str, str]) -> pd.DatetimeIndex:
    """Return texts of some forms as instants, NaT where a text has none of them."""
    texts = as_plain_text(column).cast(pa.large_string())
    parsed = np.full(len(texts), "NaT", dtype="datetime64[s]")
    for form, places in forms.items():
        rows = _has_form(texts, form)
        if rows.any():
            parsed[rows] = _instants(texts.filter(pa.array(rows)), places)
    return pd.DatetimeIndex(parsed)


def parse_stamp_texts(column: ArrowColumn) -> pd.DatetimeIndex:
    """Return texts as instants, NaT where one is no stamp in any way of writing them."""
    stamps = parse_texts(column, STAMP_FORMS)
    others = np.asarray(stamps.isna())
    if others.any():
        rewritten = parse_texts(_rewritten(as_plain_text(column).filter(pa.array(others))), WRITTEN_FORM)
        instants = stamps.to_numpy().copy()
        instants[others] = rewritten.to_numpy()
        stamps = pd.DatetimeIndex(instants)
    return stamps


def _rewritten(texts: ArrowColumn) -> ArrowColumn:
    """Return stamps of any form as `WRITTEN_FORM`, other texts as something else."""
    texts = trimmed(texts)
    for form, written in REWRITTEN:
        texts = pc.replace_substring_regex(texts, form, written)
    return texts


def parse_numbers(column: ArrowColumn) -> tuple[NDArray[np.float64], int]:
    """Return a column as float64 with NaN for missing, and how many texts were no number."""
    if pt.is_float64(column.type):
        return _to_numpy(column), 0
    texts = as_plain_text(column).cast(pa.large_string())
    numbers, rows = _plain_numbers(texts)
    others = ~rows & _to_numpy(texts.is_valid()).astype(bool)
    numbers[others], read = _plain_numbers(_without_commas(_sign_in_front(texts.filter(pa.array(others)))))
    return numbers, len(read) - int(read.sum())


def parse_plain_numbers(column: ArrowColumn) -> NDArray[np.float64]:
    """Return texts as float64, NaN where one is no plain number."""
    return _plain_numbers(as_plain_text(column).cast(pa.large_string()))[0]


def require_one_meaning(
    column: ArrowColumn, name: str, label: str = "the frame", positions: NDArray[np.intp] | None = None
) -> None:
    """Raise where some texts have a comma before the decimals, and others a point, or commas between thousands.

    `positions` are the rows' own where some were left out.
    """
    if not is_text(column.type) or not pc.any(pc.match_substring_regex(as_plain_text(column), "[,，]")).as_py():
        return
    texts = _sign_in_front(as_plain_text(column).cast(pa.large_string()))
    grouped = _has_form(texts, GROUPED_FORM)
    decimal = _has_form(texts, DECIMAL_COMMA_FORM) & ~grouped
    point = _has_form(texts, NUMBER_FORM) & _has_form(texts, "[.]")
    meanings = [np.flatnonzero(rows) for rows in (decimal, point | grouped)]
    if all(map(len, meanings)):
        rows = np.sort([rows[0] for rows in meanings])
        values = [column[int(row)].as_py() for row in rows]
        raise CommaError(name, rows if positions is None else positions[rows], values, len(rows), label)


def parse_days(column: ArrowColumn) -> pd.DatetimeIndex:
    """Return days as stamps at midnight, NaT where a cell is null or no day."""
    if not is_text(column.type):
        stamps = to_datetimes(column)
        per_day = np.timedelta64(1, "D").astype(f"timedelta64[{stamps.unit}]").astype("int64")
        return pd.DatetimeIndex(stamps.where(stamps.asi8 % per_day == 0))
    written = _rewritten(column)
    midnight = pc.fill_null(pc.ends_with(written, " 00:00:00"), False)
    return parse_texts(pc.if_else(midnight, written, None), WRITTEN_FORM).as_unit("us")


def require_finite(
    values: NDArray[np.float64], name: str, label: str = "the frame", positions: NDArray[np.intp] | None = None
) -> None:
    """Raise where a value is infinite; `positions` are the rows' own where some were left out."""
    rows = np.flatnonzero(np.abs(values) > LARGEST_VALUE)
    if len(rows):
        first = rows[:5]
        shown = [str(value) for value in values[first]]
        raise InfiniteValueError(name, first if positions is None else positions[first], shown, len(rows), label)


def _plain_numbers(texts: ArrowColumn) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return texts as float64, and which of them are plain numbers."""
    rows = _has_form(texts, NUMBER_FORM)
    numbers = np.full(len(texts), np.nan)
    numbers[rows] = _to_numpy(texts.filter(pa.array(rows))).astype(object).astype(np.float64)
    return numbers, rows


def _sign_in_front(texts: ArrowColumn) -> ArrowColumn:
    """Return texts in characters of ASCII where these have the same meaning, without blanks, signs in front."""
    texts = pc.utf8_trim(texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts, BLANKS)
    wide = pc.match_substring_regex(texts, WIDE_CHARACTERS)
    if pc.any(wide).as_py():
        narrow = [text.translate(NARROW) for text in texts.filter(wide).to_pylist()]
        texts = pc.replace_with_mask(texts, wide, pa.array(narrow, texts.type))
    for form in (MINUS_BEHIND, IN_PARENTHESES):
        texts = pc.replace_substring_regex(texts, form, r"-\1")
    return texts


def _without_commas(texts: ArrowColumn) -> ArrowColumn:
    """Return numbers with commas as plain ones, all other texts as they are."""
    grouped = pc.match_substring_regex(texts, GROUPED_FORM)
    texts = pc.if_else(grouped, pc.replace_substring(texts, ",", ""), texts)
    decimal = pc.match_substring_regex(texts, DECIMAL_COMMA_FORM)
    with_point = pc.replace_substring(pc.replace_substring(texts, ".", ""), ",", ".")
    return pc.if_else(decimal, with_point, texts)


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


def to_datetimes(column: ArrowColumn) -> pd.DatetimeIndex:
    """Return a column of time stamps without their zone."""
    unit = column.type.unit
    ticks = column.cast(pa.timestamp(unit)).cast(pa.int64())
    if ticks.null_count:
        ticks = pc.fill_null(ticks, np.iinfo("int64").min)
    return pd.DatetimeIndex(_to_numpy(ticks).view(f"datetime64[{unit}]"))


def _to_numpy(column: ArrowColumn) -> NDArray[Any]:
    values: NDArray[Any] = column.to_numpy(zero_copy_only=False) if isinstance(column, pa.Array) else column.to_numpy()
    return values
