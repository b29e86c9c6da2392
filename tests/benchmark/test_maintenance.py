"""What keeping Rust costs is counted as it is said to be; times and sizes are not judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .line_count import Lines, count_file, count_python, count_rust

SCRIPT = Path(__file__).with_name("maintenance.py")
ROOT = SCRIPT.parents[2]

PYTHON = '''"""A module.

Of three lines, one of them blank.
"""

# A comment.
LONGEST = 3  # with a comment
"""What it says."""


def shout(text: str) -> str:
    """Return it louder."""
    words = """no
documentation"""
    return (
        text
        # a comment in between
        + "# no comment"
        + words
    )
'''

RUST = """//! A module.

use std::fmt; // with a comment

// A comment.
/// What it is.
#[derive(Debug)]
pub struct A {
    /// What it holds.
    a: u8,
}
//// No documentation.
/* A comment
   let a = 1; */
/** Documentation
 * of two lines. */
/**/
#[cfg(test)]
use std::mem;

pub fn url() -> &'static str {
    "https://here"
}

#[cfg(test)]
mod tests {
    /// Not for users.
    #[test]
    fn one() {
        // A comment.
        assert!(true);
    }
}

pub fn behind() {}
"""


def test_lines_of_python():
    assert count_python(PYTHON) == Lines(code=9, docs=5)


def test_lines_of_rust():
    assert count_rust(RUST) == Lines(code=9, docs=5, tests=9)


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("a.rs", "fn a() {}\n", Lines(code=1)),
        ("tests.rs", "//! Tests.\nfn a() {}\n", Lines(docs=1, tests=1)),
        ("a.pyi", "def a() -> None: ...\n", Lines(code=1)),
        ("a.md", "# A\n\ntext\n", Lines(docs=2)),
        ("empty.py", "", Lines()),
    ],
)
def test_the_sort_of_a_file_is_told_by_its_name(name, text, lines, tmp_path):
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert count_file(tmp_path / name) == lines


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    file = tmp_path_factory.mktemp("maintenance") / "results.json"
    command = [sys.executable, str(SCRIPT), "--smoke", "--markdown", "--json", str(file)]
    process = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert process.returncode == 0, process.stderr
    return process.stdout, json.loads(file.read_text(encoding="utf-8"))


@pytest.mark.needs_rust
def test_every_figure_is_there(smoke):
    printed, results = smoke
    assert (results["build_times"], results["wheels"]) == ("not measured", "not measured")

    transforms = results["lines"]["transforms"]
    assert list(transforms) == ["impute", "complete_hours", "wide_to_long", "payload_rows"]
    for name, rooms in transforms.items():
        assert all(room["files"] for room in rooms.values()), name
        assert all(rooms[room]["code"] > 0 for room in ("reference", "Rust kernel", "Rust binding")), name
        change = results["change"][name]
        assert change["with_rust"]["lines"] > change["without_rust"]["lines"] > 0

    crates, packages = results["crates"], results["python_packages"]
    assert 0 < crates["direct"] < crates["total"]
    assert packages["core"]["packages"] >= 4
    assert all(extra["packages"] > 0 for extra in packages["extras"].values())

    rows = [line for line in printed.splitlines() if line.startswith("| impute")]
    assert len(rows) >= 2


@pytest.mark.needs_rust
def test_every_file_is_in_one_room_alone(smoke):
    lines = smoke[1]["lines"]
    rooms = [*lines["transforms"].values(), lines["shared"], lines["crossing"]]
    counted = sorted(path for each in rooms for room in each.values() for path in room["files"])
    folders = {
        "python/energy_data_layer/reference": "py",
        "python/energy_data_layer/transforms": "py",
        "rust/crates/transforms/src": "rs",
        "rust/crates/data_layer/src": "rs",
        "docs/transforms": "md",
    }
    there = [path for folder, ending in folders.items() for path in (ROOT / folder).rglob(f"*.{ending}")]
    expected = sorted(path.relative_to(ROOT).as_posix() for path in there)
    assert [path for path in counted if path.startswith(tuple(folders)) and "/python/" not in path] == expected
