"""Load and soak in a short form; times and memory are judged by the full ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
pytestmark = pytest.mark.slow


def printed_by(script, *options):
    command = [sys.executable, str(HERE / script), *options]
    process = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def test_a_small_load_holds_what_is_checked():
    printed = printed_by("load.py", "--stations", "2", "--years", "1", "--engine", "reference")
    assert "17,522 rows = stations × hours: yes" in printed
    assert "| store |" in printed
    assert "NO" not in printed


@pytest.mark.any_engine
def test_twenty_days_with_faults_end_as_without():
    printed = printed_by("soak.py", "--runs", "20", "--database", "DuckDB")
    assert "1,512 rows: every hour of every station: yes" in printed
    assert "incomplete" in printed
    assert "NO" not in printed
