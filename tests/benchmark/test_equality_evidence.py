"""The evidence counts what the suite compares, and notices how far apart two answers are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.needs_rust
SCRIPT = Path(__file__).with_name("equality_evidence.py")
ROOT = SCRIPT.parents[2]

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


def test_the_suite_is_counted(tmp_path):
    file = tmp_path / "evidence.json"
    command = [sys.executable, str(SCRIPT), "--smoke", "--markdown", "--json", str(file)]
    process = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert process.returncode == 0, process.stderr
    results = json.loads(file.read_text(encoding="utf-8"))
    transforms = results["transforms"]
    assert results["tests"]["passed"] > 30
    assert results["tests"]["failed"] == 0
    assert (results["carriers"], results["kinds_of_frames"], results["snapshots"]) == (12, 4, 4)
    assert results["mutations"] > 0
    assert transforms["payload_rows"]["bodies_judged_alike"] > 0
    assert transforms["impute"]["examples"] > 0
    for name in ("impute", "complete_hours", "wide_to_long"):
        assert transforms[name]["comparisons"] > 0
        assert 0 <= transforms[name]["worst_of_tolerance"] < 1
    rows = [line for line in process.stdout.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + len(transforms)
