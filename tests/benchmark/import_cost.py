"""What `import energy_data_layer` costs over a bare Python."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from typing import Any

from timing import time_in_turns

GOAL_MS = 30.0
CODE = {"bare": "pass", "package": "import energy_data_layer"}


def measure(processes: int) -> dict[str, Any]:
    """Start fresh processes in turns, with and without the import."""
    calls = {name: partial(_run, code) for name, code in CODE.items()}
    timings = time_in_turns(calls, processes, least_seconds=0.0)
    bare, package = (timings[name].median * 1e3 for name in CODE)
    cost = package - bare
    return {"bare_ms": bare, "package_ms": package, "cost_ms": cost, "goal_ms": GOAL_MS}


def _run(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)
