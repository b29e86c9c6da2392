"""The workflows run the targets of the Makefile, and those that `.ci/run` runs."""

from __future__ import annotations

import pytest

from .make_targets import LOCAL, run_by, targets_in
from .pages import ROOT

CI = ROOT / ".github" / "workflows" / "ci.yml"
AUDIT = CI.with_name("audit.yml")  # runs actions alone
WORKFLOWS = sorted({*CI.parent.glob("*.yml")} - {AUDIT})
RUN_BY_TESTS = {"bench-smoke"}  # tests/benchmark/test_smoke.py runs the same, and looks at what comes


@pytest.mark.parametrize("file", [LOCAL, *WORKFLOWS], ids=lambda file: file.name)
def test_what_is_made_is_in_the_makefile(file, made_for):
    assert targets_in(file)
    assert targets_in(file) <= made_for.keys()


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_what_a_workflow_runs_is_run_before_a_change_lands(file, made_for):
    assert targets_in(file) <= run_by(LOCAL, made_for) | RUN_BY_TESTS


def test_what_is_run_before_a_change_lands_is_run_by_ci(made_for):
    assert targets_in(LOCAL) <= run_by(CI, made_for)
