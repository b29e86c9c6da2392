"""The time stamps of a frame, however it keeps them: in one column, or in one for each of year, month, day and hour."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.types as pt

from energy_data_layer.core.columns import as_plain_text, is_text, trimmed, value_column
from energy_data_layer.core.texts import BLANKS
from energy_data_layer.errors import ColumnTypeError, OptionError, StampError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from energy_data_layer.core.frames import ArrowColumn, Frame

    Writer = Callable[[ArrowColumn, int], dict[str, ArrowColumn]]

PARTS = ("year", "month", "day", "hour", "minute")
"""What separate columns of a stamp hold, in this order; at least the first three."""

LIMITS = ((1, 9999), (1, 12), (1, 31), (0, 24), (0, 59))

SECONDS_PER_DAY = 86_400

_WITH_OFFSET = r"^(?P<clock>.*:[0-9]{2}(?:[.][0-9]+)?) ?(?P<offset>Z|[+-][0-9]{2}(?::?[0-9]{2})?)$"
_WRITTEN = re.compile(
    r"\d{4}(?P<mark>[-/.]?)\d{1,2}(?P=mark)\d{1,2}(?P<between>T| *)(?P<clock>[\d:]*)(?P<fraction>(?:\.0+)?)"
)


class Stamps(NamedTuple):
    """The time stamps of a frame.

    Attributes
    ----------
    instants : array
        Stamps, or texts of stamps without an offset.
    wall_clock : array or None
        Naive stamps of the frame's own clock; None where `instants` are naive already.
    written : callable or None
        Makes the frame's columns of other instants, on steps of so many seconds; None where an engine's answer is of
        the column's own type.
    """

    instants: ArrowColumn
    wall_clock: ArrowColumn | None = None
    written: Writer | None = None


def date_columns(date_col: str | Sequence[str]) -> tuple[str, ...]:
    """Return the columns that hold the stamps: one, whose name may be anything, or a list, one for each part."""
    return tuple(date_col) if isinstance(date_col, list) else (date_col,)  # type: ignore[return-value]


def read_stamps(frame: Frame, names: tuple[str, ...], label: str) -> Stamps:
    """Return the stamps of a frame, or raise `ColumnTypeError`, or `StampError` where some cannot be read."""
    if len(names) != 1:
        return _of_parts(frame, names, label)
    (name,) = names
    column = frame.column(name)
    type_ = column.type
    if pt.is_timestamp(type_):
        return Stamps(column, None if type_.tz is None else frame.wall_clock(name))
    if is_text(type_):
        texts = as_plain_text(column)
        return _with_offsets(texts, name, label) if _has_offset(texts) else Stamps(texts)
    if pt.is_null(type_):
        return Stamps(column.cast(pa.large_string()))
    if pt.is_date(type_):
        instants = column.cast(pa.timestamp("s" if pt.is_date32(type_) else "ms"))
        return Stamps(instants, written=partial(_as_dates, name, type_))
    if pt.is_integer(type_):
        return _of_integers(column, name, label)
    raise ColumnTypeError(
        f'column "{name}" of {label} is of type {type_} and cannot hold time stamps; '
        "convert it to time stamps or to text like 2024-01-31 23:00"
    )


def form_of_stamps(stamps: ArrowColumn, step: int) -> str | None:
    """Return how texts of stamps are written; None where these are no texts, or there are none."""
    return stamp_form(stamps[0].as_py() or "", step) if is_text(stamps.type) and len(stamps) else None


def stamp_form(text: str, step: int) -> str:
    """Return how stamps on steps of so many seconds are written like another one.

    Examples
    --------
    >>> stamp_form("2024/1/31 5:00", 3600), stamp_form("2024013105", 600), stamp_form("2024-01-31", 86400)
    ('YYYY/MM/DD hh:mm', 'YYYYMMDDhhmm', 'YYYY-MM-DD')
    """
    match = _WRITTEN.fullmatch(text.strip(BLANKS))
    if match is None:
        return "YYYY-MM-DD hh:mm:ss"
    mark, clock = match["mark"], match["clock"]
    date = f"YYYY{mark}MM{mark}DD"
    if not clock and step % SECONDS_PER_DAY == 0:
        return date
    with_seconds = step % 60 or clock.count(":") == 2 or (len(clock) == 6 and ":" not in clock)
    if mark or ":" in clock:
        between = "T" if match["between"] == "T" else " "
        return f"{date}{between}hh:mm{':ss' if with_seconds else ''}{match['fraction']}"
    with_minutes = with_seconds or step % 3600 or len(clock) != 2
    return f"{date}hh{'mm' if with_minutes else ''}{'ss' if with_seconds else ''}"


def write_stamps(stamps: NDArray[np.datetime64], form: str) -> list[str]:
    """Return stamps as texts of a form."""
    import numpy as np

    places = {"YYYY": slice(4), "MM": slice(5, 7), "DD": slice(8, 10)}
    places |= {"hh": slice(11, 13), "mm": slice(14, 16), "ss": slice(17, 19)}
    texts = []
    for full in np.datetime_as_string(stamps, "s").tolist():
        text = form
        for letters, place in places.items():
            text = text.replace(letters, full[place])
        texts.append(text)
    return texts


def _has_offset(texts: ArrowColumn) -> bool:
    """Tell of the first text whether it has an offset; texts with and without one cannot be told from each other."""
    first = next((text for text in texts if text.is_valid), None)
    return first is not None and re.fullmatch(_WITH_OFFSET, first.as_py().strip(BLANKS)) is not None


def _with_offsets(texts: ArrowColumn, name: str, label: str) -> Stamps:
    import numpy as np
    import pyarrow.compute as pc

    from energy_data_layer.core.parse import parse_stamp_texts

    parts = pc.extract_regex(trimmed(texts), _WITH_OFFSET)
    clock, offset = pc.struct_field(parts, "clock"), pc.struct_field(parts, "offset")
    wall_clock = parse_stamp_texts(clock).to_numpy()
    distinct = [text for text in offset.unique().to_pylist() if text is not None]
    seconds = {text: _seconds_of_offset(text) for text in distinct}
    behind = np.array([seconds.get(text, 0) for text in offset.to_pylist()], dtype="timedelta64[s]")
    _require_read(wall_clock, texts, name, label)
    written = partial(_as_texts, name, texts.type, next(text.as_py() for text in clock if text.is_valid), distinct)
    return Stamps(pa.array(wall_clock - behind).cast(pa.timestamp("s", "UTC")), pa.array(wall_clock), written)


def _seconds_of_offset(text: str) -> int:
    if text == "Z":
        return 0
    digits = text[1:].replace(":", "").ljust(4, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if text[0] == "-" else seconds


def _of_integers(column: ArrowColumn, name: str, label: str) -> Stamps:
    from energy_data_layer.core.parse import parse_stamp_texts

    texts = column.cast(pa.large_string())
    stamps = parse_stamp_texts(texts).to_numpy()
    _require_read(stamps, texts, name, label)
    form = next((text.as_py() for text in texts), "")
    return Stamps(pa.array(stamps), written=partial(_as_texts, name, column.type, form, [""]))


def _of_parts(frame: Frame, names: tuple[str, ...], label: str) -> Stamps:
    import numpy as np
    import pyarrow.compute as pc

    from energy_data_layer.core.parse import parse_numbers

    if not 3 <= len(names) <= len(PARTS):
        raise OptionError(f"date_col names {len(names)} columns; it can be one, or those of {', '.join(PARTS)}")
    columns = [frame.column(name) for name in names]
    parts = np.zeros((len(PARTS), len(columns[0])))
    for part, name in zip(parts, names, strict=False):
        part[:] = parse_numbers(pa.array(value_column(frame, name, label)))[0]
    low, high = np.array(LIMITS).T[:, :, None]
    valid = np.all((parts % 1 == 0) & (parts >= low) & (parts <= high), axis=0)
    year, month, day, hour, minute = np.where(valid, parts, 1).astype(np.int64)
    first = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = first.astype("datetime64[D]") + (day - 1)
    valid &= (days.astype("datetime64[M]") == first) & (hour * 60 + minute <= 24 * 60)
    stamps = np.where(valid, days.astype("datetime64[s]") + (hour * 60 + minute) * 60, np.datetime64("NaT"))
    texts = [column.cast(pa.large_string()) for column in columns]
    blank = pa.scalar(" ", pa.large_string())
    shown = pc.binary_join_element_wise(*texts, blank, null_handling="replace", null_replacement="null")
    _require_read(stamps, shown, ", ".join(map(str, names)), label)
    types = {name: frame.column(name).type for name in names}
    return Stamps(pa.array(stamps), written=partial(_as_parts, types))


def _require_read(stamps: NDArray[Any], texts: ArrowColumn, name: str, label: str) -> None:
    import numpy as np

    unreadable = np.flatnonzero(np.isnat(stamps))
    if len(unreadable):
        values = [texts[int(row)].as_py() for row in unreadable[:5]]
        raise StampError(name, unreadable[:5], values, len(unreadable), label)


def _as_dates(name: str, type_: pa.DataType, stamps: ArrowColumn, step: int) -> dict[str, ArrowColumn]:
    if step % SECONDS_PER_DAY:
        raise ColumnTypeError(f'column "{name}" holds dates and cannot hold hours; convert it to time stamps')
    return {name: stamps.cast(type_)}


def _as_texts(
    name: str, type_: pa.DataType, form: str, offsets: list[str], stamps: ArrowColumn, step: int
) -> dict[str, ArrowColumn]:
    import numpy as np

    if len(offsets) > 1:
        raise ColumnTypeError(
            f'column "{name}" has stamps of {len(offsets)} offsets ({", ".join(offsets[:5])}); rows can be inserted '
            "between stamps of one: convert it to time stamps with a zone"
        )
    clock = stamps.cast(pa.timestamp("s", stamps.type.tz)).cast(pa.int64()).to_numpy().astype("datetime64[s]")
    for offset in offsets:
        clock = clock + np.timedelta64(_seconds_of_offset(offset) if offset else 0, "s")
    texts = [text + "".join(offsets) for text in write_stamps(clock, stamp_form(form, step))]
    return {name: pa.array(texts, pa.large_string()).cast(_plain(type_))}


def _as_parts(types: dict[str, pa.DataType], stamps: ArrowColumn, step: int) -> dict[str, ArrowColumn]:
    import pyarrow.compute as pc

    parts = (pc.year, pc.month, pc.day, pc.hour, pc.minute)
    if step % (60, 3600, SECONDS_PER_DAY)[5 - len(types)]:
        raise OptionError(f"the columns {', '.join(types)} cannot hold steps of {step} seconds; name finer ones too")
    return {name: part(stamps).cast(_plain(type_)) for (name, type_), part in zip(types.items(), parts, strict=False)}


def _plain(type_: pa.DataType) -> pa.DataType:
    """Return the type of a column without its dictionary, which may lack what is written."""
    return type_.value_type if pt.is_dictionary(type_) else type_
