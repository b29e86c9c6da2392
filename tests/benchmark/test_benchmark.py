"""The benchmark runs and measures what it promises, and the engines agree; times are not judged here."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import graphs
import pandas as pd
import polars as pl
import pytest

pytestmark = pytest.mark.needs_rust
SCRIPT = Path(__file__).with_name("rust_vs_python.py")
COLLECTING = Path(__file__).with_name("collecting.py")
TRANSFORMS = ["impute", "complete_hours", "wide_to_long", "payload_rows_json", "payload_rows_xml"]
PEERS = {
    "impute": {"pandas interpolate", "polars interpolate", "sktime Imputer", "darts fill_missing_values"},
    "complete_hours": {"pandas asfreq", "polars upsample", "DuckDB join"},
    "wide_to_long": {"pandas melt", "polars unpivot", "polars explode", "DuckDB unpivot"},
    "payload_rows_json": {"orjson + pandas", "polars", "DuckDB"},
    "payload_rows_xml": {"lxml + pandas"},
}
CARRIERS = {"capsule", "ipc"}


def run(*options: str, script: Path = SCRIPT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(script), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    folder = tmp_path_factory.mktemp("benchmark")
    file = folder / "results.json"
    process = run("--smoke", "--markdown", "--json", str(file), "--graphs", str(folder / "graphs"))
    assert process.returncode == 0, process.stderr
    return process.stdout, json.loads(file.read_text(encoding="utf-8")), folder


@pytest.fixture
def benchmark_module(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPT.parent)
    return importlib.import_module


def test_every_section_is_there(smoke):
    _, results, _ = smoke
    assert set(results) == {
        "environment",
        "table",
        "wide",
        "payload",
        "round_trip",
        "kernel",
        "memory",
        "import",
        "scaling",
        "break_even",
        "goals",
    }
    assert all(results.values())
    assert {(row["transform"], row["engine"]) for row in results["memory"]} == {
        (transform, engine) for transform in TRANSFORMS for engine in ("reference", "rust")
    }
    assert [row["transform"] for row in results["break_even"]] == TRANSFORMS
    assert {(trip["trip"].partition(",")[0], trip["rows"]) for trip in results["round_trip"]} == {
        ("capsule", 0),
        ("capsule", 1),
        ("ipc", 0),
        ("ipc", 1),
    }


def test_the_engines_agreed(smoke):
    _, results, _ = smoke
    assert [row["case"] for row in results["table"]] == ["100", "1000", "1000-text"]
    for rows in (results["table"], results["wide"], results["payload"]):
        assert all(row["agree"] for row in rows), rows


def test_the_input_is_what_the_table_says(smoke):
    _, results, _ = smoke
    assert all(0.045 <= row["missing_share"] <= 0.055 for row in results["table"])


def test_the_markdown_has_a_row_per_input(smoke):
    printed, results, _ = smoke
    rows = [line for line in printed.splitlines() if line.startswith("|")]
    of_lists = sum(len(results[name]) for name in ("table", "wide", "payload", "memory", "break_even"))
    of_sizes = len(TRANSFORMS) * (2 + 3)  # whole calls of two sizes, and those of no rows
    assert len(rows) == (5 + 2 * len(TRANSFORMS)) * 2 + of_lists + of_sizes
    assert results["environment"]["cpu"] in printed


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_every_contestant_is_measured_or_left_out_with_a_reason(smoke, transform):
    _, results, _ = smoke
    records = [row for row in results["scaling"]["records"] if row["transform"] == transform]
    found = {(row["size"], row["contestant"], row["threads"], row["carrier"]) for row in records}
    assert len(found) == len(records)
    left_out = [row for row in results["scaling"]["left_out"] if row["transform"] == transform]
    assert all(row["reason"] == "not installed (make peers)" for row in left_out)
    trips = {(size, "round trip", 2, carrier) for size in (0, 1, 2_000) for carrier in CARRIERS}
    inside = {
        (size, *one)
        for size in (1, 2_000)
        for one in (
            ("reference", None, None),
            *(("Rust", threads, "capsule") for threads in (1, 2)),
            *(("Rust kernel", threads, None) for threads in (1, 2)),
            *(("facade and crossing", threads, "capsule") for threads in (1, 2)),
            *(("crossing", 2, carrier) for carrier in CARRIERS),
        )
    }
    peers = {(2_000, peer, None, None) for peer in PEERS[transform]}
    found |= {(row["size"], row["contestant"], None, None) for row in left_out}
    assert found == trips | inside | peers


def test_answers_of_the_same_work_are_equal_and_those_of_other_work_say_how_far(smoke):
    _, results, _ = smoke
    for row in results["scaling"]["records"]:
        if row["transform"] == "impute" and row["contestant"] in PEERS["impute"]:
            assert not row["correct"]
            assert 0 <= row["equal_share"] < 1
            assert "of fills equal" in row["agreement"]
        else:
            assert row["correct"], row
            assert row["agreement"].startswith("equal")


def test_another_answer_is_told(benchmark_module):
    compared = benchmark_module("scaling_agreement")
    df = pd.DataFrame({"ta": [1.0, None, None, None], "hm": [1.0, 1.0, 1.0, 1.0]})
    expected = df.assign(ta=[1.0, 2.0, 3.0, 4.0])
    other = pl.DataFrame({"ta": [1.0, 2.0, 3.5, None], "hm": [1.0] * 4})
    found = compared.agreement_of_fills(df, expected, other, "linear only")
    assert found == compared.Agreement(False, "linear only: 33% of fills equal, 1 of 3 left missing", 1 / 3, 0.5)
    assert not compared.agreement(expected, other, [df]).correct
    assert compared.agreement(expected, pl.from_pandas(expected), [df]) == compared.Agreement(True, "equal", 1.0, 0.0)


def test_break_even_is_the_size_from_which_on_it_stays_so(benchmark_module):
    def records(size, reference, rust, kernel, ipc):
        rows = [
            ("reference", None, None, reference),
            ("Rust", 2, "capsule", rust),
            ("Rust kernel", 2, None, kernel),
            ("facade and crossing", 2, "capsule", rust - kernel),
            ("crossing", 2, "capsule", 0.0),
            ("crossing", 2, "ipc", ipc),
        ]
        names = ("contestant", "threads", "carrier", "ms")
        return [
            {"transform": "impute", "size": size, "unit": "rows"} | dict(zip(names, row, strict=True)) for row in rows
        ]

    scaling = {"records": [*records(1, 2, 1, 0.5, 2), *records(10, 2, 3, 0.5, 1), *records(100, 9, 3, 2, 1)]}
    (found,) = benchmark_module("break_even").judge(scaling)
    assert found["faster_from"] == 100
    assert found["paid_back_from"] == {"capsule": 1, "ipc": 10}
    assert [row["ratio"] for row in found["sizes"]] == [2, 2 / 3, 3]
    assert [row["saved_ms"] for row in found["sizes"]] == [1.5, 1.5, 7]


def test_the_graphs_are_small_and_the_same_each_time(smoke, tmp_path):
    _, _, folder = smoke
    graphs.draw_scaling(json.loads((folder / "results.json").read_text(encoding="utf-8")), tmp_path)
    files = sorted((folder / "graphs").iterdir())
    assert [file.name for file in files] == sorted(f"{name}.{kind}" for name in TRANSFORMS for kind in ("svg", "png"))
    for file in files:
        assert file.stat().st_size < 150_000
        assert file.read_bytes() == (tmp_path / file.name).read_bytes()


def test_only_the_sections_that_are_asked_for_are_measured(tmp_path):
    file = tmp_path / "results.json"
    process = run("--smoke", "--only", "import", "--json", str(file))
    assert process.returncode == 0, process.stderr
    results = json.loads(file.read_text(encoding="utf-8"))
    assert set(results) == {"environment", "import", "goals"}
    assert len(results["goals"]) == 1
    assert "import energy_data_layer" in process.stdout


@pytest.mark.parametrize("options", [["--only", "scales"], ["--only", "import", "--graphs", "there"]])
def test_sections_that_do_not_fit_are_refused(options):
    process = run(*options)
    assert process.returncode == 2
    assert "scaling" in process.stderr


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
