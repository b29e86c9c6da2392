"""A report quotes the data or fails: no figure typed by hand, no claim that the data contradict."""

from __future__ import annotations

import pytest
import report_pages
from jinja2 import UndefinedError
from marked_sections import filled
from report_pages import TypedFigure, UnfoundedClaim, render, typed_figures

DATA = {"kernel": {"ms": 8.26, "ratio": 21.7}}


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.setattr(report_pages, "TEMPLATES", tmp_path)

    def write(text: str) -> str:
        (tmp_path / "page.md.j2").write_text(text, encoding="utf-8")
        return render("page.md", DATA)

    return write


def test_figures_come_from_the_data(page):
    assert page("It takes {{ kernel.ms | ms }}, so {{ kernel.ratio | times }}.") == "It takes 8.3 ms, so 21.7 ×.\n"


def test_a_figure_the_data_do_not_contain_fails(page):
    with pytest.raises(UndefinedError, match="us"):
        page("It takes {{ kernel.us }}.")


@pytest.mark.parametrize(
    "text",
    [
        "It takes 8 ms.",
        "It is 21.7× as fast.",
        "| 1,000 | fast |",
        "# 3 results",
        "It takes {{ 8 }} ms.",
        "More than\n90 % of it",
    ],
)
def test_a_figure_typed_by_hand_fails(page, text):
    with pytest.raises(TypedFigure):
        page(text)


@pytest.mark.parametrize(
    "text",
    [
        "Phase 0 comes before phase 1.",
        "`make bench --repeats 9`",
        "[graph](graphs/impute_2.svg)",
        "```sh\nsleep 5\n```",
        "a float64, abi3 and UTF-8",
        "{% for number in [1, 2] %}{{ kernel.ms | round(number) }}{% endfor %}",
    ],
)
def test_what_is_no_figure_passes(text):
    assert not list(typed_figures(text))


def test_a_claim_has_to_hold(page):
    assert page('{% do holds(kernel.ratio > 20, "twenty times") %}It is fast.') == "It is fast.\n"
    with pytest.raises(UnfoundedClaim, match="thirty times"):
        page('{% do holds(kernel.ratio > 30, "thirty times") %}It is fast.')


def test_a_section_is_filled_once():
    page = "before\n<!-- begin: x -->\nold\n<!-- end: x -->\nafter\n"
    assert filled(page, "x", "new\n") == "before\n<!-- begin: x -->\n\nnew\n\n<!-- end: x -->\nafter\n"
    with pytest.raises(SystemExit, match="0 places"):
        filled(page, "y", "new")
