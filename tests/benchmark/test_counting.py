"""Lines, instructions and comparisons are counted as it is said; whether valgrind counts well its script shows."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from harness import HERE, ROOT
from instructions import Counts, compare
from line_count import Lines, count_file, count_python, count_rust

# Lines


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
    assert count_rust(RUST) == Lines(code=9, docs=3, tests=9)


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


# Instructions


NOW = Counts("1.95.0", "x86_64-unknown-linux-gnu", "3.19.0", "glibc 2.36", {"impute": 1_000, "payload_json": 2_000})


@pytest.fixture
def recorded(tmp_path):
    file = tmp_path / "instructions.json"
    NOW.write(file)
    return Counts.read(file)


def with_counts(**kernels: int) -> Counts:
    return replace(NOW, kernels=kernels)


def test_the_same_counts_pass_without_a_note(recorded):
    comparison = compare(recorded, NOW)
    assert (comparison.faults, comparison.notes) == ([], [])


@pytest.mark.parametrize(("impute", "passes"), [(1_090, True), (1_100, True), (1_101, False), (1_110, False)])
def test_a_tenth_more_passes_and_not_more(recorded, impute, passes):
    comparison = compare(recorded, with_counts(impute=impute, payload_json=2_000))
    assert (not comparison.faults) == passes
    assert ("FAILED: impute takes +1" in comparison.text()) != passes
    assert f"+{impute / 10 - 100:.1f}%" in comparison.text()


@pytest.mark.parametrize(("impute", "is_noted"), [(910, False), (900, True), (500, True)])
def test_a_gain_passes_and_asks_for_a_new_record(recorded, impute, is_noted):
    comparison = compare(recorded, with_counts(impute=impute, payload_json=2_000))
    assert not comparison.faults
    assert any("--record" in note and "impute" in note for note in comparison.notes) == is_noted


def test_a_kernel_that_is_gone_fails(recorded):
    (fault,) = compare(recorded, with_counts(impute=1_000)).faults
    assert fault.startswith("payload_json is recorded and was not counted")


def test_a_kernel_that_is_not_recorded_fails(recorded):
    (fault,) = compare(recorded, with_counts(impute=1_000, payload_json=2_000, new=1)).faults
    assert fault.startswith("new was counted and is not recorded")


def test_another_architecture_is_refused(recorded):
    with pytest.raises(SystemExit, match="recorded on x86_64 and this is aarch64"):
        compare(recorded, replace(NOW, target="aarch64-unknown-linux-gnu"))


def test_another_compiler_is_told_and_compared(recorded):
    comparison = compare(recorded, replace(with_counts(impute=2_000, payload_json=2_000), rustc="1.96.0"))
    assert "note: recorded with rustc 1.95.0, counted with rustc 1.96.0" in comparison.text()
    assert len(comparison.faults) == 1


def test_without_valgrind_it_fails_and_tells_what_to_install():
    process = subprocess.run(
        [sys.executable, str(HERE / "instructions.py")], env={"PATH": ""}, capture_output=True, text=True
    )
    assert process.returncode == 1
    assert "valgrind is not installed" in process.stderr
    assert "apt-get install valgrind" in process.stderr


# Comparisons


MADE_UP = """
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from energy_data_layer import impute_missing_values
from energy_data_layer.engine.equality import assert_equal_answers

FRAME = pd.DataFrame({"stnNm": "a", "tm": pd.date_range("2024", periods=3, freq="h"), "ta": [1.0, None, 3.0]})

def filled(use_rust):
    return impute_missing_values(FRAME, "ta", use_rust=use_rust)

def test_half_the_tolerance_apart():
    assert_equal_answers(filled(False), filled(True).assign(ta=[1.0, 2.0 + 0.5e-9, 3.0]))

def test_more_than_the_tolerance_apart():
    with pytest.raises(AssertionError):
        assert_equal_answers(filled(False), filled(True).assign(ta=[1.0, 2.0 + 2e-9, 3.0]))

def test_one_engine_alone():
    assert_equal_answers(FRAME.assign(ta=[1.0, 2.0 + 0.25e-9, 3.0]), filled(True))

@settings(max_examples=7, database=None)
@given(st.integers())
def test_property(number):
    pass

def test_failing():
    assert filled(True).empty

@pytest.mark.skip(reason="made up")
def test_skipped():
    pass
"""


TESTS_OF_THE_COMPARISON = """
import pandas as pd
from energy_data_layer.engine.equality import assert_equal_answers

def test_comparison():
    assert_equal_answers(pd.DataFrame({"ta": [1.0]}), pd.DataFrame({"ta": [1.0 + 0.9e-9]}))
"""


@pytest.mark.needs_rust
def test_what_is_counted_of_tests_that_are_known(tmp_path):
    (tmp_path / "test_made_up.py").write_text(MADE_UP, encoding="utf-8")
    (tmp_path / "test_equality.py").write_text(TESTS_OF_THE_COMPARISON, encoding="utf-8")
    file = tmp_path / "counts.json"
    counter = ["-p", "tests.benchmark.equality_counter", "--equality-counts", str(file)]
    command = [sys.executable, "-m", "pytest", *counter, "-p", "no:cacheprovider", str(tmp_path)]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert process.returncode == 1, process.stdout + process.stderr
    counts = json.loads(file.read_text(encoding="utf-8"))
    assert counts["tests"] == {"passed": 5, "failed": 1, "skipped": 1}
    assert counts["skip_reasons"] == {"made up": 1}

    impute = counts["transforms"]["impute"]
    assert (impute["passed"], impute["failed"]) == (3, 1)
    assert (impute["comparisons"], impute["rows"], impute["cells"]) == (1, 3, 9)
    assert impute["worst_of_tolerance"] == pytest.approx(0.5, rel=1e-6)
    assert impute["worst_absolute"] == pytest.approx(0.5e-9, rel=1e-6)
    assert impute["worst_in"].endswith("::test_half_the_tolerance_apart")
    assert impute["other_comparisons"]["comparisons"] == 1
    assert impute["other_comparisons"]["worst_of_tolerance"] == pytest.approx(0.25, rel=1e-6)

    shared = counts["transforms"]["shared"]
    assert (shared["properties"], shared["examples"]) == (1, 7)
    assert shared["other_comparisons"]["comparisons"] == 0, "tests of the comparison itself are no evidence"
