"""The values of one field of all items, as a typed column."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from types import NoneType
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.core.parse import DATE_FORMS, NUMBER_FORM, STAMP_FORMS, parse_plain_numbers, parse_texts
from energy_data_layer.core.texts import BLANKS
from energy_data_layer.errors import shown
from energy_data_layer.transforms.payload_rows.reference.tree import Element, Number, kind_of

if TYPE_CHECKING:
    from energy_data_layer.datasets.payload_fields import PayloadField

NESTED = {dict, list, bool, Element}
KIND_NAMES: dict[type, str] = {str: "text", Number: "number", NoneType: "null"}

_DIGITS = re.compile(r"[+-]?[0-9]+")
_LONGEST_INTEGER = 19


@dataclass(frozen=True)
class FieldColumn:
    """The column of one field.

    Attributes
    ----------
    values : pyarrow.Array
        The values; null where missing.
    coerced : int
        Texts that could not be read and are missing therefore.
    kinds : dict of str to int
        Values per JSON kind; fields that an item does not have count as null.
    wrong : list of (int, str)
        First rows whose value is an error, with the problem.
    absent : int or None
        The first row without a value, for required fields.
    """

    values: pa.Array
    coerced: int
    kinds: dict[str, int]
    wrong: list[tuple[int, str]]
    absent: int | None


def read_column(field: PayloadField, cells: list[Any]) -> FieldColumn:
    """Return the column of a field, given its value in each item, None where there is none."""
    kinds = Counter(map(type, cells))
    wrong = []
    if kinds.keys() & NESTED:
        row = next(row for row, cell in enumerate(cells) if type(cell) in NESTED)
        wrong.append((row, f"{kind_of(cells[row])} where a number or text is expected"))
        cells = [None if type(cell) in NESTED else cell for cell in cells]
    texts = pc.utf8_trim(pa.array(cells, pa.large_string()), BLANKS)
    texts = pc.if_else(pc.equal(texts, ""), None, texts)
    blank = texts.null_count
    values = pa.nulls(len(texts), field.arrow_type)
    if blank < len(texts):
        values = _READERS[field.kind](texts, field.arrow_type)
    unreadable = values.null_count - blank
    if unreadable and field.required:
        row = _first(pc.and_(texts.is_valid(), values.is_null()))
        wrong.append((row, f'"{shown(texts[row].as_py())}" {_expected(field)}'))
    if field.kind == "number":
        infinite = np.isinf(values.to_numpy(zero_copy_only=False))
        if infinite.any():
            row = int(infinite.argmax())
            wrong.append((row, f'"{shown(texts[row].as_py())}" is too large for a number'))
    return FieldColumn(
        values=values,
        coerced=0 if field.required else unreadable,
        kinds={name: kinds[type_] for type_, name in KIND_NAMES.items()},
        wrong=wrong,
        absent=_first(texts.is_null()) if blank and field.required else None,
    )


def _stamps(texts: pa.Array, type_: pa.DataType) -> pa.Array:
    return pa.array(parse_texts(texts, STAMP_FORMS), type_)


def _dates(texts: pa.Array, type_: pa.DataType) -> pa.Array:
    return pa.array(parse_texts(texts, DATE_FORMS).to_numpy().astype("datetime64[D]"), type_)


def _texts(texts: pa.Array, type_: pa.DataType) -> pa.Array:
    return texts.cast(type_)


def _integers(texts: pa.Array, type_: pa.DataType) -> pa.Array:
    """Read each distinct text once: flags and stations have few."""
    encoded = texts.dictionary_encode()
    low, high = _range(type_)
    distinct = [_whole(text) for text in encoded.dictionary.to_pylist()]
    fitting = [None if number is None or not low <= number <= high else number for number in distinct]
    return pa.array(fitting, type_).take(encoded.indices)


def _numbers(texts: pa.Array, type_: pa.DataType) -> pa.Array:
    numbers = parse_plain_numbers(texts)
    return pa.array(numbers, type_, from_pandas=True)


_READERS = {"stamp": _stamps, "date": _dates, "text": _texts, "integer": _integers, "number": _numbers}


def _whole(text: str) -> int | None:
    """Return the whole number that a text is, None where it is none or too long for any integer type."""
    if _DIGITS.fullmatch(text):
        digits = text.lstrip("+-").lstrip("0") or "0"
        if len(digits) > _LONGEST_INTEGER:
            return None
        return -int(digits) if text[0] == "-" else int(digits)
    number = float(text) if re.search(NUMBER_FORM, text) else math.nan
    return int(number) if number.is_integer() else None


def _range(type_: pa.DataType) -> tuple[int, int]:
    half: int = 2 ** (type_.bit_width - 1)
    return -half, half - 1


def _first(mask: pa.Array) -> int:
    """Return the first row where a mask is true."""
    row: int = pc.index(mask, True).as_py()
    return row


def _expected(field: PayloadField) -> str:
    if field.kind == "stamp":
        return "is no time stamp (accepted: YYYY-MM-DD HH:MM[:SS], YYYY-MM-DDTHH:MM[:SS] and YYYYMMDDHHMM)"
    if field.kind == "date":
        return "is no date (accepted: YYYY-MM-DD and YYYYMMDD)"
    low, high = _range(field.arrow_type)
    return f"is no whole number from {low} to {high}"
