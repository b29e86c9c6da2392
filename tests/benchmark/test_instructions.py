"""Which counts of instructions pass; that valgrind counts well is what `make bench-instructions` shows."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from .instruction_counts import Counts, compare

SCRIPT = Path(__file__).with_name("instructions.py")
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


def test_results_have_names(recorded):
    results = compare(recorded, with_counts(impute=1_200, payload_json=2_000)).results()
    assert results["kernels"][0] == {"kernel": "impute", "recorded": 1_000, "now": 1_200, "change": pytest.approx(0.2)}
    assert len(results["faults"]) == 1


def test_without_valgrind_it_fails_and_tells_what_to_install():
    process = subprocess.run([sys.executable, str(SCRIPT)], env={"PATH": ""}, capture_output=True, text=True)
    assert process.returncode == 1
    assert "valgrind is not installed" in process.stderr
    assert "apt-get install valgrind" in process.stderr
