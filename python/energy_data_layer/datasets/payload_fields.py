"""The fields of each service's items, as both engines read them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import pyarrow as pa

from energy_data_layer.datasets.asos import ASOS_COLUMNS, ASOS_KEYS

FieldKind = Literal["stamp", "date", "text", "integer", "number", "ignored"]

TEXT = ("text",)
NUMBER_OR_TEXT = ("number", "text")


@dataclass(frozen=True, slots=True)
class PayloadField:
    """One field of a service's items.

    Attributes
    ----------
    name : str
        The field's name, which is the column's name in the table.
    kind : str
        How a value is read; ``"ignored"`` is a field that is known and not stored.
    arrow_type : pyarrow.DataType
        The type of the column.
    required : bool
        Whether an item without it is an error.
    documented : tuple of str
        The JSON kinds in which it is documented to come.
    """

    name: str
    kind: FieldKind
    arrow_type: pa.DataType
    required: bool = False
    documented: tuple[str, ...] = TEXT

    @property
    def stored(self) -> bool:
        """Whether the table has a column of it."""
        return self.kind != "ignored"

    @property
    def is_hour(self) -> bool:
        """Whether it is the power generated in one hour of the day."""
        return self.name.lower().startswith("qhorgen")


_KIND_OF_ASOS_TYPE: dict[pa.DataType, FieldKind] = {
    pa.timestamp("s"): "stamp",
    pa.string(): "text",
    pa.int64(): "integer",
    pa.int8(): "integer",
    pa.float64(): "number",
}


def _date(name: str) -> PayloadField:
    return PayloadField(name, "date", pa.date32(), required=True)


def _text(name: str, *, required: bool = False, documented: tuple[str, ...] = TEXT) -> PayloadField:
    return PayloadField(name, "text", pa.string(), required, documented)


def _numbers(*names: str) -> tuple[PayloadField, ...]:
    return tuple(PayloadField(name, "number", pa.float64(), documented=NUMBER_OR_TEXT) for name in names)


def _hours(prefix: str) -> tuple[PayloadField, ...]:
    return _numbers(*(f"{prefix}{hour:02}" for hour in range(1, 25)))


PAYLOAD_FIELDS: dict[str, tuple[PayloadField, ...]] = {
    "asos": (
        *(
            PayloadField(
                column.field,
                _KIND_OF_ASOS_TYPE[column.arrow_type],
                column.arrow_type,
                required=column.field in ASOS_KEYS,
            )
            for column in ASOS_COLUMNS
            if column.field != "icsrQcflg"
        ),
        PayloadField("rnum", "ignored", pa.null()),
    ),
    "namdong_wind": (
        _date("dgenYmd"),
        _text("ippt", documented=NUMBER_OR_TEXT),
        _text("hogi", documented=NUMBER_OR_TEXT),
        _text("ipptNam", required=True),
        *_hours("qhorGen"),
        *_numbers("qsum", "qavg", "qvodMax", "qvodMin"),
    ),
    "nambu_solar": (
        _date("ymd"),
        _text("gencd", required=True, documented=NUMBER_OR_TEXT),
        _text("ipptnm"),
        _text("hogi", required=True, documented=NUMBER_OR_TEXT),
        *_numbers("qvodgen", "qvodavg", "qvodmax", "qvodmin"),
        *_hours("qhorgen"),
    ),
}
"""The fields of each source, in the order of the table's columns."""


@cache
def payload_schema(source: str) -> pa.Schema:
    """Return the columns of a source's item table.

    Examples
    --------
    >>> payload_schema("asos").names[:4]
    ['stnId', 'stnNm', 'tm', 'ta']
    """
    return pa.schema([(field.name, field.arrow_type) for field in PAYLOAD_FIELDS[source] if field.stored])
