"""The fields of a service's items, as both engines read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

FieldKind = Literal["stamp", "date", "text", "integer", "number", "ignored"]

TEXT = ("text",)
NUMBER_OR_TEXT = ("number", "text")


# By identity, a tuple of fields is hashed in no time: each call looks up what it made of them.
@dataclass(frozen=True, slots=True, eq=False)
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


def date_field(name: str) -> PayloadField:
    """Return the field of a day."""
    return PayloadField(name, "date", pa.date32(), required=True)


def text_field(name: str, *, required: bool = False, documented: tuple[str, ...] = TEXT) -> PayloadField:
    """Return a field of text."""
    return PayloadField(name, "text", pa.string(), required, documented)


def number_fields(*names: str) -> tuple[PayloadField, ...]:
    """Return fields of numbers, which come as numbers or as text."""
    return tuple(PayloadField(name, "number", pa.float64(), documented=NUMBER_OR_TEXT) for name in names)


def hour_fields(prefix: str) -> tuple[PayloadField, ...]:
    """Return the fields of a day's 24 hours."""
    return number_fields(*(f"{prefix}{hour:02}" for hour in range(1, 25)))
