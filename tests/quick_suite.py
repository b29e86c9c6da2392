"""The last line of `make test`: what passed, and what is left to `make test-all`."""

from __future__ import annotations

import pytest

OUTCOMES = ("passed", "failed", "error", "skipped")
LEFT = (
    "the tests marked slow, the lanes without Rust, in shadow mode and on the built wheels, the crates' own tests, "
    "linters, documentation, demonstration and rehearsal"
)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Write the line, behind the summary."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and not hasattr(config, "workerinput"):
        counts = ", ".join(f"{len(found):,} {name}" for name in OUTCOMES if (found := reporter.stats.get(name)))
        reporter.write_line(f"make test: {counts}. Left to make test-all: {LEFT}.")
