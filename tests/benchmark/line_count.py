"""Counts lines of code, of documentation, and of tests inside a Rust file; blank lines and comments count nowhere."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


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
    """Count by the syntax; a text that stands alone as a statement is documentation."""
    docs = {
        number
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for number in range(node.lineno, node.end_lineno + 1)
    }
    written = {
        number for number, line in enumerate(text.splitlines(), 1) if line.strip() and not line.lstrip().startswith("#")
    }
    return Lines(len(written - docs), len(written & docs))


def count_rust(text: str) -> Lines:
    """Count line by line, as rustfmt lays them out: what `#[cfg(test)]` stands before ends at its own indentation.

    A line counts by how it begins; the lines inside a text over several lines are taken for code.
    """
    counts = {"code": 0, "docs": 0, "tests": 0}
    test_indentation = None
    for line in text.splitlines():
        stripped = line.strip()
        indentation = len(line) - len(line.lstrip())
        if stripped == "#[cfg(test)]" and test_indentation is None:
            test_indentation = indentation
        sort = "code" if test_indentation is None else "tests"
        if stripped.startswith("//"):
            sort = "docs" if re.match(r"///(?!/)|//!", stripped) and sort == "code" else ""
        elif indentation == test_indentation and (stripped == "}" or stripped.endswith(";")):
            test_indentation = None
        if stripped and sort:
            counts[sort] += 1
    return Lines(**counts)
