"""The shadow lane: a test in which the engines differ fails, and the lane itself where a transform was not compared.

`make test-shadow` loads it into pytest, and sets ``USE_RUST=shadow``.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from energy_data_layer.engine.shadow import comparer as shadow
from energy_data_layer.engine.shadow.counts import ShadowCounts
from energy_data_layer.jobs import run_context
from energy_data_layer.transforms.registry import TRANSFORMS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

compared: Counter[str] = Counter()
"""Calls compared so far, by transform: of this process, and in the end of all."""

_of_runs: list[ShadowCounts] = []


def _noted(counts: ShadowCounts) -> AbstractContextManager[None]:
    _of_runs.append(counts)
    return shadow.counted_in(counts)


def pytest_configure() -> None:
    """Note what every run of a job counts; tests call faster than services answer, so all calls may wait."""
    run_context.counted_in = _noted
    shadow._comparer._queue.maxsize = 0


@pytest.fixture(autouse=True)
def engines_agree(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test with a call on which the engines differ, or that was not compared."""
    yield
    found = []
    for counts in (shadow.seen(), *_of_runs):
        shadow.settle(counts)
        compared.update({name: seen.compared for name, seen in counts.transforms.items()})
        found += [f"{name}: {seen.first_mismatch}" for name, seen in counts.transforms.items() if seen.mismatches]
        if counts.not_compared:
            found.append(f"{counts.not_compared} of {counts.calls} calls were not compared")
    _of_runs.clear()
    vars(shadow.seen()).update(vars(ShadowCounts()))
    if found and request.node.get_closest_marker("engines_differ") is None:
        pytest.fail("shadow mode has found:\n" + "\n".join(found), pytrace=False)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add what a worker of pytest-xdist has compared."""
    compared.update(getattr(node, "workeroutput", {}).get("compared", {}))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Hand the counts of a worker over; fail the lane where a transform was not compared."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["compared"] = dict(compared)
    elif exitstatus == pytest.ExitCode.OK and not all(compared[name] for name in TRANSFORMS):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how many calls were compared; none of a transform is a failure."""
    terminalreporter.section("calls compared in shadow mode")
    for name in TRANSFORMS:
        terminalreporter.line(f"{name}: {compared[name]:,}", red=not compared[name])
