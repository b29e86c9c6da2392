"""Where the Rust engine is required, no test of equality may be left out, but for those of files that are not there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

HERE = Path(__file__).parent
ABSENT = "the published files are absent"
RUST_IS_REQUIRED = os.environ.get("EDL_TEST_REQUIRE_RUST") == "1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let frames hold texts that are no number: what is said of them is tested elsewhere."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.filterwarnings("ignore::energy_data_layer.errors.CoercedValuesWarning"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make a skipped test, or one that failed as expected, a failure."""
    report = yield
    forbid_skipping(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Make a module that skips itself a failure."""
    report = yield
    forbid_skipping(report)
    return report


def forbid_skipping(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a report of something skipped into one of a failure, where Rust is required."""
    if RUST_IS_REQUIRED and report.skipped and ABSENT not in str(report.longrepr):
        vars(report).pop("wasxfail", None)
        report.outcome = "failed"
        report.longrepr = f"EDL_TEST_REQUIRE_RUST=1: a test of equality may not be skipped: {report.longrepr}"
