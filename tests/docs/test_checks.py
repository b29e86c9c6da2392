"""A page that is wrong is found out, whatever its block is."""

from __future__ import annotations

import os

import pytest

from .checks import CHECKS, check_output
from .pages import Block, blocks_in
from .reader import Reader


@pytest.fixture
def shell(tmp_path):
    reader = Reader(tmp_path, dict(os.environ))
    yield reader
    reader.close()


def block(info, text):
    return Block("page.md", 1, info, text)


@pytest.mark.parametrize(
    ("info", "text"),
    [
        ("sh", "false\ntrue\n"),
        ("sh", "false | true\n"),
        ("sh", 'test -z "$NOBODY_SETS_THIS"\n'),
        ("sh", ""),
        ("python", ">>> 1 + 1\n3\n"),
        ("python", ">>> 1 + 1  # doctest: +SKIP\n3\n"),
        ("python", "1 + 1\n"),
        ("text", "two\none\n"),
        ("text", "complete_hours(df, date_col='tm')\n"),
        ("text", "rust/crates/\n    transforms/    the kernels\n"),
        ("text", "no/such/folder/\n"),
        ("math", "\\frac{1}{\n"),
        ("math", "\\begin{aligned}\n\\end{aligned}\n"),
    ],
)
def test_a_wrong_block_is_found_out(shell, info, text):
    shell.run(["echo one", "echo two"])
    wrong = block(info, text)
    with pytest.raises((AssertionError, FileNotFoundError)):
        CHECKS[wrong.kind](wrong, shell)


def test_what_the_page_sets_and_defines_lasts(shell):
    for right in (
        block("sh", "export GREETING='a b'\nprintf '%s\\n' \"$GREETING\" > file\n"),
        block("sh", 'grep "^$GREETING$" file\n'),
        block("text", "a b\n"),
        block("python", ">>> name = 1\n"),
        block("python", ">>> name\n1\n"),
    ):
        CHECKS[right.kind](right, shell)


@pytest.mark.parametrize(
    ("shown", "holds"),
    [
        ("took 0.1 s\nb\n", True),
        ("took 9.1 s\n…\nd\n", True),
        ("took 9.1 s\nd\n", False),
        ("d\n…\nb\n", False),
        ("b\n…\nb\n", False),
        ("│ engine  │ reference (USE_RUST=0) │\n│ rows │ 12 │\n", True),
        ("│ engine  │ reference (USE_RUST=0) │\n│ rows │ 13 │\n", False),
    ],
)
def test_an_output_is_compared_line_by_line_but_for_its_times_and_engine(shell, shown, holds):
    shell.printed = "took 9.1 s\nb\nc\nd\n│ engine │ rust (auto) │\n│ rows   │ 12          │\n"
    if holds:
        check_output(block("text", shown), shell)
    else:
        with pytest.raises(AssertionError):
            check_output(block("text", shown), shell)


def test_blocks_of_unknown_kinds_are_found_wherever_they_stand():
    markdown = "- item\n\n  ```sh\n  one\n  ```\n\n> ```yaml\n> two: 2\n> ```\n\ntext\n\n    three\n\n~~~\nfour\n~~~\n"
    found = blocks_in(markdown, "page.md")
    assert [(one.info, one.kind, one.line) for one in found] == [
        ("sh", "commands", 3),
        ("yaml", "", 7),
        ("", "", 13),
        ("", "", 15),
    ]
