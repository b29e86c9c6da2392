"""A call in a process of its own, and the peak of its memory above what the process held before."""

from __future__ import annotations

import ctypes
import gc
import json
import resource
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable

STATUS, CLEAR_REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")
RESET_PEAK = "5"


def in_fresh_process(script: str, *arguments: object, timeout: float | None = None) -> dict[str, Any]:
    """Run a script that prints JSON and return that; `TimeoutExpired` where it does not end in time."""
    command = [sys.executable, script, *map(str, arguments)]
    process = subprocess.run(command, check=True, capture_output=True, text=True, timeout=timeout)
    return json.loads(process.stdout)


def peak_of(call: Callable[[], Any]) -> tuple[Any, dict[str, Any]]:
    """Return what a call gives, and its peak above what the process held before."""
    _give_freed_memory_back()
    resettable = _reset_peak()
    before = _status_mb("VmRSS") if resettable else _peak_mb()
    result = call()
    after = _status_mb("VmHWM") if resettable else _peak_mb()
    return result, {"peak_mb": after - before, "by": "VmHWM" if resettable else "ru_maxrss"}


def _give_freed_memory_back() -> None:
    """Return freed memory to the system: reused, it would hide what the call needs."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _reset_peak() -> bool:
    """Set the process's peak to what it holds now; False where the system cannot."""
    try:
        CLEAR_REFS.write_text(RESET_PEAK)
    except OSError:
        return False
    return True


def _status_mb(field: str) -> float:
    lines = STATUS.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field + ":")) * 1024 / 1e6


def _peak_mb() -> float:
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes / 1e6 if sys.platform == "darwin" else kilobytes * 1024 / 1e6
