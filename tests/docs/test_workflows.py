"""The workflows run the targets of the Makefile, and those that `.ci/run` runs."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCAL = ROOT / ".ci" / "run"
CI = ROOT / ".github" / "workflows" / "ci.yml"
WORKFLOWS = sorted(CI.parent.glob("*.yml"))


@pytest.fixture(scope="module")
def made_for() -> dict[str, set[str]]:
    """Each target of the Makefile with what is made for it first; with cargo, wherever this runs."""
    command = ["make", "--question", "--print-data-base", "--no-builtin-rules", "CARGO=cargo", "help"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    rules = re.findall(r"^([a-z][a-z-]*):(?!=)(.*)$", printed, re.MULTILINE)
    return {target: set(first.split()) for target, first in rules}


def targets_in(file: Path) -> set[str]:
    """Return the targets that the commands of a file make; comments are no commands."""
    return set(re.findall(r"^[^#\n]*\bmake ([a-z-]+)", file.read_text(encoding="utf-8"), re.MULTILINE))


def with_what_is_made_first(targets: set[str], made_for: dict[str, set[str]]) -> set[str]:
    """Return `targets` and, all the way down, the targets that are made for them."""
    first = set().union(*(made_for[target] for target in targets)) & made_for.keys()
    return targets if first <= targets else with_what_is_made_first(targets | first, made_for)


@pytest.mark.parametrize("file", [LOCAL, *WORKFLOWS], ids=lambda file: file.name)
def test_what_is_made_is_in_the_makefile(file, made_for):
    assert targets_in(file)
    assert targets_in(file) <= made_for.keys()


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_what_a_workflow_runs_is_run_before_a_change_lands(file, made_for):
    assert targets_in(file) <= with_what_is_made_first(targets_in(LOCAL), made_for)


def test_what_is_run_before_a_change_lands_is_run_by_ci(made_for):
    """A target with a recipe has to be run itself; one that only gathers others is run by running these."""
    covered = with_what_is_made_first(targets_in(CI), made_for)
    for target in targets_in(LOCAL) - covered:
        assert made_for[target], target
        assert made_for[target] <= covered, target
