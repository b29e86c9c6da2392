"""Counts lines of code, of documentation, and of tests inside a Rust file; blank lines and comments count nowhere."""

from __future__ import annotations

import io
import re
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}


@dataclass(frozen=True)
class Lines:
    """How many lines there are of each sort."""

    code: int = 0
    docs: int = 0
    tests: int = 0

    def __add__(self, other: Lines) -> Lines:
        return Lines(self.code + other.code, self.docs + other.docs, self.tests + other.tests)


def count_files(paths: Iterable[Path]) -> Lines:
    """Return the lines of several files."""
    return sum(map(count_file, paths), Lines())


def count_file(path: Path) -> Lines:
    """Return the lines of a file; of one that is neither Python nor Rust, all that are not blank are documentation."""
    text = path.read_text(encoding="utf-8")
    if path.suffix in (".py", ".pyi"):
        return count_python(text)
    if path.suffix == ".rs":
        lines = count_rust(text)
        return Lines(tests=lines.code + lines.tests, docs=lines.docs) if path.stem == "tests" else lines
    return Lines(docs=sum(1 for line in text.splitlines() if line.strip()))


def count_python(text: str) -> Lines:
    """Count with Python's own tokenizer; a text that stands alone as a statement is documentation."""
    code: set[int] = set()
    docs: set[int] = set()
    statement: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE:
            statement.append(token)
        elif token.type == tokenize.NEWLINE:
            is_documentation = [each.type for each in statement] == [tokenize.STRING]
            lines = docs if is_documentation else code
            for each in statement:
                lines.update(range(each.start[0], each.end[0] + 1))
            statement = []
    blank = {number for number, line in enumerate(text.splitlines(), 1) if not line.strip()}
    return Lines(len(code - blank), len(docs - code - blank))


def count_rust(text: str) -> Lines:
    """Count line by line, as rustfmt lays them out: what `#[cfg(test)]` stands before ends at its own indentation.

    A line counts by how it begins; the lines inside a text over several lines are taken for code.
    """
    counts = {"code": 0, "docs": 0, "tests": 0}
    comment = ""
    test_indentation = None
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped:
            continue
        indentation = len(line) - len(line.lstrip())
        if stripped == "#[cfg(test)]" and not comment and test_indentation is None:
            test_indentation = indentation
        sort = "code" if test_indentation is None else "tests"
        if comment or stripped.startswith(("//", "/*")):
            begin = comment or stripped
            sort = "docs" if re.match(r"///(?!/)|//!|/\*\*(?![*/])|/\*!", begin) and sort == "code" else ""
            comment = _open_comment(begin, comment, stripped)
        elif indentation == test_indentation and (stripped == "}" or stripped.endswith(";")):
            test_indentation = None
        if sort:
            counts[sort] += 1
    return Lines(**counts)


def _open_comment(begin: str, comment: str, line: str) -> str:
    """Return how the block comment begins that is still open behind a line; nothing where none is."""
    if begin.startswith("//"):
        return ""
    return "" if "*/" in line[0 if comment else 2 :] else begin
