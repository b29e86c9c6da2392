"""The reports, rendered from templates and measured data: a figure in them is one of the data, or there is none."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPLATES = Path(__file__).parent / "pages"
PHASES = re.compile(r"\b[Pp]hase [01]\b")
NOT_PROSE = re.compile(r"```.*?```|`[^`\n]*`|\]\([^)\n]*\)|<!--.*?-->", re.DOTALL)
NUMBER = re.compile(r"(?<![\w.\-])\d[\d.,]*")


class TypedFigure(Exception):
    """A figure that was typed by hand."""


class UnfoundedClaim(Exception):
    """A sentence that the data contradict."""


def render(name: str, data: dict[str, Any]) -> str:
    """Return a report as Markdown.

    Parameters
    ----------
    name : str
        The template's file name, without its ending ``.j2``.
    data : dict
        What the template may quote, by name.

    Raises
    ------
    TypedFigure
        If the template's own text holds a number.
    UnfoundedClaim
        If something the text says in words does not hold for the data.
    jinja2.UndefinedError
        If the template quotes a figure that the data do not contain.
    """
    environment = _environment()
    source = (TEMPLATES / f"{name}.j2").read_text(encoding="utf-8")
    typed = list(typed_figures(source))
    if typed:
        raise TypedFigure(f"{name}.j2: quote these from the data: " + "; ".join(typed))
    return environment.from_string(source).render(data).rstrip() + "\n"


def typed_figures(source: str) -> Iterator[str]:
    """Yield each number in a template that is not taken from the data, with its line."""
    before = ""
    text = []
    for line, kind, value in _environment().lex(source):
        if kind == "data":
            text.append(value)
        elif kind in ("integer", "float") and before == "variable_begin":
            yield f"line {line}: {value}"
        if kind != "whitespace":
            before = kind
    prose = PHASES.sub("", NOT_PROSE.sub(_blanked, "".join(text)))
    for number in NUMBER.finditer(prose):
        around = prose[max(0, number.start() - 25) : number.end() + 15].replace("\n", " ").strip()
        yield f'{number[0]} in "{around}"'


def _blanked(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
        extensions=["jinja2.ext.do"],
    )
    environment.globals["holds"] = _holds
    environment.filters.update(
        percent=lambda share: f"{round(share * 100)} %",
        times=lambda ratio: f"{ratio:.1f} ×" if ratio < 100 else f"{ratio:,.0f} ×",
        ms=_milliseconds,
        seconds=lambda seconds: f"{seconds:.1f} s" if seconds >= 1 else f"{seconds:.2f} s",
        mb=lambda megabytes: f"{megabytes:.1f} MB" if megabytes < 100 else f"{megabytes:,.0f} MB",
        count=lambda number: f"{number:,}",
        yes=lambda true: "yes" if true else "no",
        mark=lambda met: "✓" if met else "✗",
        small_percent=lambda share: f"{share:.2%}".replace("%", " %"),
        tiny=lambda number: f"{number:.0e}" if number else "0",
    )
    return environment


def _milliseconds(ms: float) -> str:
    if ms <= 0:
        return "less than can be measured"
    if ms >= 1000:
        return f"{ms / 1000:,.1f} s"
    return f"{ms:.0f} ms" if ms >= 100 else f"{ms:.1f} ms" if ms >= 1 else f"{ms * 1000:.0f} µs"


def _holds(true: bool, claim: str) -> None:
    if not true:
        raise UnfoundedClaim(f"the text says “{claim}”; the data do not")
