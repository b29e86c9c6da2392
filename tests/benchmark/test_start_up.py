"""The start-up of the command line is measured; times are not judged."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.needs_rust, pytest.mark.slow]

SCRIPT = Path(__file__).with_name("start_up.py")


def test_each_command_is_measured_against_its_imports(tmp_path):
    command = [sys.executable, str(SCRIPT), "--smoke", "--json", str(tmp_path / "start_up.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, 1), done.stderr
    rows = json.loads((tmp_path / "start_up.json").read_text(encoding="utf-8"))["commands"]
    assert [row["command"] for row in rows if row["budget"] is not None] == [
        *("edl --help", "edl status", "edl impute, CSV", "edl impute, Parquet")
    ]
    for row in rows:
        assert row["command"] in done.stdout
        assert row["ratio"] == row["command_ms"] / row["imports_ms"] > 0
        assert row["ok"] == (row["budget"] is None or row["ratio"] <= row["budget"])
