"""How much room a disk has."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from energy_data_layer.doctor.finding import Finding, Verdict

if TYPE_CHECKING:
    from pathlib import Path

LEAST_BYTES = 100_000_000
LITTLE_BYTES = 1_000_000_000


def free_space(check: str, folder: Path, advice: str, *, least: int = LEAST_BYTES) -> Finding:
    """Return how much room there is where a folder lies: less than `least` bytes are a problem."""
    free = shutil.disk_usage(folder).free
    told = f"{free / 1e9:,.1f} GB are free in {folder}"
    if free >= LITTLE_BYTES:
        return Finding(check, Verdict.OK, told)
    return Finding(check, Verdict.PROBLEM if free < least else Verdict.WARNING, told, advice)
