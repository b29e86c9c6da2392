"""The notebooks are the tutorials, whose examples `test_pages.py` runs."""

from __future__ import annotations

import doctest
import json

import pytest

from .notebooks import TUTORIALS, notebook, place_of


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda tutorial: tutorial.stem)
def test_the_notebook_is_up_to_date(tutorial):
    assert place_of(tutorial).read_text(encoding="utf-8") == notebook(tutorial.read_text(encoding="utf-8"))


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda tutorial: tutorial.stem)
def test_the_cells_run_all_examples_of_the_page(tutorial):
    page = tutorial.read_text(encoding="utf-8")
    magic, *cells = (cell for cell in json.loads(notebook(page))["cells"] if cell["cell_type"] == "code")
    assert magic["source"] == ["%matplotlib inline"]
    examples = doctest.DocTestParser().get_examples(page)
    statements = [compile("".join(cell["source"]), tutorial.name, "exec").co_code for cell in cells]
    assert len(statements) >= sum(bool(example.want) for example in examples) > 0
    assert not any("save_figure" in line for cell in cells for line in cell["source"])


def test_what_is_to_be_seen_ends_a_cell():
    examples = '>>> a = 1\n>>> a\n1\n>>> save_figure(plot(a), "docs/a.png")\n>>> b = 2\n'
    page = f"# A title\n\n```python\n{examples}```\n![A](a.png)\nEnd.\n\n[This page as a notebook](a.ipynb)\n"
    cells = [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(notebook(page))["cells"]]
    assert cells == [
        ("code", "%matplotlib inline"),
        ("markdown", "# A title"),
        ("code", "a = 1\na"),
        ("code", "plot(a)"),
        ("code", "b = 2"),
        ("markdown", "End."),
    ]
