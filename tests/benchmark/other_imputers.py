"""Imputers that live in an environment of their own, `make peers`, on the input of `impute_missing_values`."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import scaling_impute
from data import COLUMNS
from scaling_agreement import agreement_of_fills
from scaling_record import left_out, record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scaling_work import Work

PYTHON = Path(__file__).parents[2] / ".venv-peers/bin/python"
SCRIPT = Path(__file__).with_name("peer_imputers.py")
LARGEST = 100_000
SAYS = {"sktime Imputer": scaling_impute.LINEAR, "darts fill_missing_values": scaling_impute.CUBIC}
"""The script's contestants, and what they do differently from the reference."""
NOTE = "station by station, in a process of its own"


def measure(sizes: Sequence[int], repeats: int, seconds: float) -> dict[str, Any]:
    """Return records as of the other contestants, what is left out, and the libraries' versions."""
    if not PYTHON.exists():
        return {"records": [], "left_out": _all_left_out(sizes, "not installed (make peers)"), "versions": {}}
    measured = [size for size in sizes if size <= LARGEST]
    works = {size: scaling_impute.work(size) for size in measured}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for size, work in works.items():
            work.observed[0].to_feather(folder / f"{size}.arrow")
        versions = _run(folder, repeats, seconds)
        records = [found for work in works.values() for found in _records(folder, work)]
    larger = [size for size in sizes if size not in works]
    return {
        "records": records,
        "left_out": _all_left_out(larger, f"measured up to {LARGEST:,} rows"),
        "versions": versions,
    }


def _all_left_out(sizes: Sequence[int], reason: str) -> list[dict[str, Any]]:
    return [left_out(scaling_impute.TRANSFORM, size, name, reason) for size in sizes for name in SAYS]


def _run(folder: Path, repeats: int, seconds: float) -> dict[str, str]:
    command = [PYTHON, SCRIPT, folder, str(repeats), str(seconds)]
    process = subprocess.run(command, capture_output=True, text=True)
    if process.returncode:
        raise RuntimeError(f"{SCRIPT.name} failed in {PYTHON.parents[1].name}:\n{process.stderr}")
    versions: dict[str, str] = json.loads(process.stdout)
    return versions


def _records(folder: Path, work: Work) -> list[dict[str, Any]]:
    samples = json.loads((folder / f"{work.size}.json").read_text())
    (df,) = work.observed
    expected = work.public_call(False)
    records = []
    for name, says in SAYS.items():
        answer = pd.read_feather(folder / f"{work.size} {name}.answer", columns=list(COLUMNS))
        agreement = agreement_of_fills(df, expected, answer, says)
        records.append(record(work, name, "whole call", samples[name], agreement, note=NOTE))
    return records
