"""Every code block of every page is executed, or compared with what it describes."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from .checks import CHECKS, work_through
from .pages import PAGES, ROOT, blocks_of, name_of

POSTGRES_PAGE = "docs/prefect.md"
"""The page whose reader has a PostgreSQL server, at db.example."""

RUST_LANE = {
    POSTGRES_PAGE: "a Prefect server, the process that serves, and three runs take about a minute",
    "docs/shadow.md": "the Rust engine is what it watches",
    "docs/interface.md": "it shows the Rust binding",
    "docs/rollback.md": "it goes back from Rust",
    "docs/tutorials/rust_or_not.md": "it compares the engines",
    "README.md": "its reader has the Rust engine",
}
"""Pages that are worked through in the lane with the Rust engine, and why; the others are in the one without."""

TRANSLATED = ROOT / "README.ko.md"
"""The page whose blocks are those of README.md, in another language."""


def marks_of(page):
    marks = []
    if name_of(page) in RUST_LANE:
        marks.append(pytest.mark.needs_rust)
    if any(block.kind == "commands" for block in blocks_of(page)):
        marks.append(pytest.mark.slow)
    return marks


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=marks_of(page), id=name_of(page)) for page in PAGES if page != TRANSLATED]
)
def test_a_reader_can_work_through_the_page(page, reader, request):
    if name_of(page) == POSTGRES_PAGE:
        reader.environment |= request.getfixturevalue("postgres_at_db_example")
    work_through(page, reader)


def test_a_translated_page_has_the_same_blocks():
    """All but texts and comments is the same: what works for a reader of one works for a reader of the other."""

    def without_words(page):
        return [(block.info, re.sub(r'"[^"]*"|#.*', "", block.text)) for block in blocks_of(page)]

    assert without_words(TRANSLATED) == without_words(ROOT / "README.md")


def test_pages_of_the_lane_with_rust_are_there():
    assert set(map(name_of, PAGES)) > RUST_LANE.keys()


def test_no_block_is_lost():
    blocks = [block for page in PAGES for block in blocks_of(page)]
    unchecked = [str(block) for block in blocks if block.kind not in CHECKS]
    assert not unchecked, f"nobody runs or checks {unchecked}; tests/docs/pages.py tells the kinds of blocks"
    fences = sum(
        line.lstrip("> ").startswith(("```", "~~~"))
        for page in PAGES
        for line in page.read_text(encoding="utf-8").splitlines()
    )
    assert fences == 2 * len(blocks)
    assert set(Counter(block.kind for block in blocks)) == set(CHECKS)
