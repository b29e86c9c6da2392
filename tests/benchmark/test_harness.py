"""A script is run by what it has: sizes, parts, a page, goals."""

from __future__ import annotations

import json
import sys
from types import ModuleType

import harness
import pytest
from harness import filled, run


@pytest.fixture
def script(tmp_path, monkeypatch):
    """A made-up script; it runs with the options it is called with."""
    module = ModuleType("made_up")
    module.SIZES = {"rows": (1_000, 10)}
    module.PARTS = ("tables", "engine")
    module.PAGE = "page.md"
    module.NEEDS_RUST = False
    module.measure = lambda sizes, only: {"rows": sizes.rows, "only": list(only), "none": None, "met": sizes.rows > 10}
    module.document = lambda results: [
        "Rows:",
        harness.table([results], ("rows", "{rows:,}"), ("none", "{none:.1f}"), ("met", "{met}")),
    ]
    module.meets_goals = lambda results: results["met"]
    monkeypatch.setitem(sys.modules, "__main__", module)
    monkeypatch.setattr(harness, "ROOT", tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text(
        "<!-- begin: made_up.py -->\n<!-- end: made_up.py -->\n", encoding="utf-8"
    )

    def call(*options):
        monkeypatch.setattr(sys, "argv", ["made_up.py", *options])
        return run()

    return call


def test_figures_are_printed_and_written(script, tmp_path, capsys):
    assert script("--json", str(tmp_path / "results.json"), "--write") == 0
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert list(results) == ["environment", "rows", "only", "none", "met"]
    assert results["only"] == ["tables", "engine"]
    table = "| rows | none | met |\n| --- | ---: | ---: |\n| 1,000 | - | yes |"
    assert table in capsys.readouterr().out
    assert table in (tmp_path / "docs" / "page.md").read_text(encoding="utf-8")


def test_a_part_is_measured_at_the_small_scale(script, tmp_path):
    assert script("--smoke", "--only", "engine", "--json", str(tmp_path / "results.json")) == 0
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert (results["rows"], results["only"]) == (10, ["engine"])


def test_goals_are_judged_where_that_is_asked(script):
    assert script("--check") == 0
    assert script("--smoke", "--check") == 1


def test_an_unknown_part_is_refused(script, capsys):
    with pytest.raises(SystemExit, match="2"):
        script("--only", "tides")
    assert "tables" in capsys.readouterr().err


def test_a_place_in_a_page_is_filled_once():
    page = "before\n<!-- begin: x -->\nold\n<!-- end: x -->\nafter\n"
    assert filled(page, "x", "new\n") == "before\n<!-- begin: x -->\n\nnew\n\n<!-- end: x -->\nafter\n"
    with pytest.raises(SystemExit, match="0 places"):
        filled(page, "y", "new")
