"""Tables of figures, for a terminal or as Markdown: the headings are the first row, names the first column."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def as_text(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table for a terminal."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]


def as_markdown(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table in Markdown."""
    headings, *others = rows
    rule = ("---", *["---:"] * (len(headings) - 1))
    return [f"| {' | '.join(row)} |" for row in (headings, rule, *others)]
