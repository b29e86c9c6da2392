"""The one place that knows the environment variables."""

from __future__ import annotations

import os

USE_RUST = "USE_RUST"
"""Which engine runs: ``0`` the reference, ``1`` Rust, ``auto`` (also when unset) Rust where it is installed."""

DATABASE_URL = "EDL_DATABASE_URL"
"""The database of the jobs, where the command line names none."""

KNOWN = {
    USE_RUST: "engine: 0, 1 or auto",
    DATABASE_URL: "database URL of the jobs",
}
"""Every variable that the package reads, with what it is for."""


def use_rust() -> str:
    """Return the operator's wish for an engine, lower case; ``auto`` where none is set."""
    return os.environ.get(USE_RUST, "").strip().lower() or "auto"
