"""What a body holds, whether it is JSON or XML: one kind of tree, and words for its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from energy_data_layer.core.texts import BLANKS
from energy_data_layer.errors import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

DEEPEST = 64
"""Levels of nesting that a body may have; the root is the first."""

NAMES_SHOWN = 5


class Number(str):
    """A JSON number, as it is written."""

    __slots__ = ()


class Element(NamedTuple):
    """An XML element that has elements in it; one without is its text, a `str`."""

    children: list[tuple[str, Any]]
    text: str


def kind_of(value: Any) -> str:
    """Return what a value is, in words."""
    match value:
        case dict() | Element():
            return "an object"
        case list():
            return "an array"
        case bool():
            return "a boolean"
        case None:
            return "null"
        case Number():
            return "a number"
    return "a text"


def first_repeated(names: Iterable[str]) -> str:
    """Return the name that is the first to stand there again; there is one."""
    seen: set[str] = set()
    return next(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]


def is_blank(text: str) -> bool:
    """Tell whether a text says nothing."""
    return not text.strip(BLANKS)


def listed(names: Iterable[str]) -> str:
    """Return the first few of some names."""
    distinct = list(dict.fromkeys(names))
    if not distinct:
        return "none"
    more = ", …" if len(distinct) > NAMES_SHOWN else ""
    return ", ".join(map(shown, distinct[:NAMES_SHOWN])) + more
