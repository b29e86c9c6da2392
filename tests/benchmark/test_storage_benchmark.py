"""The benchmark of the storage runs and measures what it promises; times are not judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.any_engine

SCRIPT = Path(__file__).with_name("storage.py")


@pytest.mark.slow
def test_every_way_is_measured(tmp_path, postgres_server):
    file = tmp_path / "results.json"
    size = ["--rows", "2000", "--part", "500", "--repeats", "1"]
    command = [sys.executable, str(SCRIPT), *size, "--json", str(file)]
    process = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert process.returncode == 0, process.stderr
    results = json.loads(file.read_text(encoding="utf-8"))
    goals = {row["way"]: row["goal"] for row in results["rows"] if row["met"] is not None}
    assert goals == {
        "PostgreSQL, first load": 0.6,
        "PostgreSQL, all changed": 15,
        "PostgreSQL, unchanged": 2,
        "DuckDB, re-upsert": None,
    }
    rows = [line for line in process.stdout.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + len(results["rows"])
