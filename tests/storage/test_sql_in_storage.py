"""SQL stands in `storage/` alone: everybody else calls a function of it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import energy_data_layer

PACKAGE = Path(energy_data_layer.__file__).parent
OUTSIDE = sorted(path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] != "storage")
SQL = re.compile(
    r"\bSELECT\b.*\bFROM\b|\bINSERT INTO\b|\bUPDATE\b.*\bSET\b|\bDELETE FROM\b|\bMERGE INTO\b|\bWITH\b.*\bAS\s*\(|"
    r"\b(CREATE|ALTER|DROP)\s+(TEMP\w*\s+)?TABLE\b|\bCASE WHEN\b|\b(GROUP|ORDER) BY\b|\bIS (NOT )?NULL\b|\bWHERE\b|"
    # In small letters a sentence can look like a part of a statement, but not like one from its beginning.
    r"^\s*(?i:select\s.*\bfrom\s|insert into\s|update\s.*\bset\s|delete from\s|(create|alter|drop)\s+table\s)",
    re.DOTALL,
)


def texts_in(tree):
    """The texts of a module but its docstrings, with a mark in place of what is filled in."""
    ignored = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            ignored.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            ignored.update(node.values)
            yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    yield from (
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in ignored
    )


def sql_in(source):
    return [text for text in texts_in(ast.parse(source)) if SQL.search(text)]


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_sql_outside_of_storage(path):
    assert sql_in(path.read_text()) == []


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT ta FROM weather_asos",
        "select ta\nfrom weather_asos",
        "INSERT INTO runs VALUES ($1)",
        "UPDATE runs SET status = $1",
        "DELETE FROM runs",
        "CREATE TABLE runs (run_id TEXT)",
        "ALTER TABLE runs ADD COLUMN release TEXT",
        "WITH daily AS (SELECT 1) SELECT * FROM daily",
        " WHERE tm >= $1",
    ],
)
def test_sql_is_found(statement):
    assert sql_in(f"database.query({statement!r})") == [statement]
    assert sql_in(f"database.query(f{statement + ' {clause}'!r})") == [statement + " {}"]


def test_a_docstring_and_a_sentence_are_no_sql():
    assert sql_in('def run():\n    """Run ``UPDATE runs SET status``."""') == []
    assert sql_in('raise OptionError("to update a table, select rows from a file where they are")') == []
