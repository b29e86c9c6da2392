"""The pages and their code blocks, as a Markdown renderer sees them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")} - {*ROOT.glob("docs/_build/**/*.md")})


@dataclass(frozen=True)
class Block:
    """A code block: where it stands, its info string, what is in it."""

    page: str
    line: int
    info: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line} ({self.info or 'no language'})"

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def kind(self) -> str:
        """What the block is, which decides how it is checked; '' where nobody would check it.

        A `text` block that is neither signatures nor a tree is what the commands before it print.
        """
        if self.info == "text":
            if re.match(r"\w+\(", self.text):
                return "signatures"
            return "tree" if self.lines[0].endswith("/") else "output"
        if re.match(r"{(toctree|include|eval-rst)}", self.info):
            return "directive"
        return {"python": "examples", "sh": "commands", "math": "formulas", "sql": "query"}.get(self.info, "")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks_in(markdown: str, page: str) -> list[Block]:
    """Return all code blocks, also indented ones and those in lists and quotes."""
    return [
        Block(page, token.map[0] + 1, token.info.strip(), token.content)
        for token in MarkdownIt("commonmark").parse(markdown)
        if token.type in {"fence", "code_block"} and token.map is not None
    ]


def blocks_of(page: Path) -> list[Block]:
    return blocks_in(page.read_text(encoding="utf-8"), name_of(page))
