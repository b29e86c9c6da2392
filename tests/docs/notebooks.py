"""The tutorials as notebooks, beside their pages: ``make pictures`` writes them again."""

from __future__ import annotations

import doctest
import json
import re
from typing import TYPE_CHECKING, Any

from .pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))

_PYTHON = re.compile(r"^```python\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
_OF_THE_PAGE = re.compile(r"^(!\[[^]]*\]\(\S+\.png\)|\[This page as a notebook\]\(\S+\))\n", re.MULTILINE)
_SAVED = re.compile(r'^save_figure\((.*), "[^"]+"\)$', re.MULTILINE)


def notebook(page: str) -> str:
    """Return a page as a notebook: its examples as cells to run, which show their figures, all else as text."""
    cells = [_cell("code", "%matplotlib inline")]
    for place, part in enumerate(_PYTHON.split(page)):
        if place % 2:
            cells += [_cell("code", source) for source in _sources(part)]
        elif text := _OF_THE_PAGE.sub("", part).strip():
            cells.append(_cell("markdown", text))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    document = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 4}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _sources(examples: str) -> Iterator[str]:
    """Give what cells run: as a notebook shows the last value alone, a cell ends where something is to be seen."""
    source = ""
    for example in doctest.DocTestParser().get_examples(examples):
        line = example.source.replace(", save_figure", "")
        source += _SAVED.sub(r"\1", line)
        if example.want or _SAVED.search(line):
            yield source.rstrip()
            source = ""
    if source:
        yield source.rstrip()


def _cell(kind: str, source: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": source.splitlines(keepends=True)}
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def place_of(tutorial: Path) -> Path:
    """Return where the notebook of a tutorial is."""
    return tutorial.with_suffix(".ipynb")


if __name__ == "__main__":
    for tutorial in TUTORIALS:
        place_of(tutorial).write_text(notebook(tutorial.read_text(encoding="utf-8")), encoding="utf-8")
