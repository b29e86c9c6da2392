"""The benchmark runs and measures what it promises, and the engines agree; times are not judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.needs_rust
SCRIPT = Path(__file__).with_name("rust_vs_python.py")
COLLECTING = Path(__file__).with_name("collecting.py")


def run(*options: str, script: Path = SCRIPT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(script), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    file = tmp_path_factory.mktemp("benchmark") / "results.json"
    process = run("--smoke", "--markdown", "--json", str(file))
    assert process.returncode == 0, process.stderr
    return process.stdout, json.loads(file.read_text(encoding="utf-8"))


def test_every_section_is_there(smoke):
    _, results = smoke
    assert set(results) == {
        "environment",
        "table",
        "wide",
        "payload",
        "payload_memory",
        "round_trip",
        "kernel",
        "memory",
        "import",
        "goals",
    }
    assert all(results.values())
    assert {"rust", "reference"} <= set(results["memory"])
    assert {(trip["trip"].partition(",")[0], trip["rows"]) for trip in results["round_trip"]} == {
        ("capsule", 0),
        ("capsule", 1),
        ("ipc", 0),
        ("ipc", 1),
    }


def test_the_engines_agreed(smoke):
    _, results = smoke
    assert [row["case"] for row in results["table"]] == ["100", "1000", "1000-text"]
    for rows in (results["table"], results["wide"], results["payload"]):
        assert all(row["agree"] for row in rows), rows


def test_the_input_is_what_the_table_says(smoke):
    _, results = smoke
    assert all(0.045 <= row["missing_share"] <= 0.055 for row in results["table"])


def test_the_markdown_has_a_row_per_input(smoke):
    printed, results = smoke
    rows = [line for line in printed.splitlines() if line.startswith("|")]
    assert len(rows) == 3 * 2 + sum(len(results[table]) for table in ("table", "wide", "payload"))
    assert results["environment"]["cpu"] in printed


def test_an_unknown_size_is_refused():
    process = run("--sizes", "7")
    assert process.returncode == 2
    assert "1000000-text" in process.stderr


@pytest.mark.slow
def test_collecting_measures_and_prints_what_it_promises(tmp_path):
    file = tmp_path / "results.json"
    process = run("--smoke", "--json", str(file), script=COLLECTING)
    assert process.returncode == 0, process.stderr
    results = json.loads(file.read_text(encoding="utf-8"))
    assert set(results) == {"environment", "memory", "weather", "first_run", "solar", "scale"}
    assert results["solar"][0]["way"] == "before"
    assert [(row["requests"], row["retries"]) for row in results["solar"][1:]] == [(10, 0), (20, 0)]
    assert all(0 < row["after_seconds"] < row["seconds"] for row in results["weather"])
    assert all(0 < row["before_mb"] < row["peak_mb"] for row in results["memory"])
    rows = [line for line in process.stdout.splitlines() if line.startswith("|")]
    assert len(rows) == 3 * 2 + sum(len(results[table]) for table in ("solar", "weather", "memory"))
