"""Each script, once, at its small scale: it measures what it promises; times are not judged here."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from harness import HERE, ROOT
from local_spark import require_spark

pytestmark = pytest.mark.slow
TRANSFORMS = (
    "impute",
    "optimal_interpolation",
    "complete_hours",
    "wide_to_long",
    "payload_rows_json",
    "payload_rows_xml",
)
PEERS = {
    "impute": {"pandas interpolate", "polars interpolate", "sktime Imputer", "darts fill_missing_values"},
    "optimal_interpolation": set(),
    "complete_hours": {"pandas asfreq", "polars upsample", "DuckDB join"},
    "wide_to_long": {"pandas melt", "polars unpivot", "polars explode", "DuckDB unpivot"},
    "payload_rows_json": {"orjson + pandas", "polars", "DuckDB"},
    "payload_rows_xml": {"lxml + pandas"},
}
CALIBRATED = {"fitted in the call, with interval", "GapModel.fit"}
ACCURACY_PARTS = ("goals", "alone", "derived", "records", "peers-ta", "picture")
TRANSFORMS_OF_JOBS = {
    "weather_files": ["complete_hours", "optimal_interpolation"],
    "weather_files_pinned": ["complete_hours", "impute"],
    "weather_day": ["payload_rows", "complete_hours", "optimal_interpolation"],
    "weather_day_pinned": ["payload_rows", "complete_hours", "impute"],
    "weather_backfill": ["payload_rows", "complete_hours", "impute"],
    "wind": ["payload_rows", "wide_to_long"],
    "solar": ["payload_rows", "wide_to_long"],
    "generation": ["wide_to_long"],
}


@pytest.fixture
def smoke(tmp_path):
    """Run a script; return what it prints, its rows of tables, and its figures."""

    def run(script: str, *options: str, exits_with: tuple[int, ...] = (0,)) -> tuple[str, list[str], dict]:
        file = tmp_path / "results.json"
        command = [sys.executable, str(HERE / script), "--smoke", "--json", str(file), *options]
        process = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert process.returncode in exits_with, process.stdout + process.stderr
        results = json.loads(file.read_text(encoding="utf-8"))
        assert results["environment"]["cpu"] in process.stdout
        return process.stdout, [line for line in process.stdout.splitlines() if line.startswith("| ")], results

    return run


@pytest.mark.needs_rust
def test_spark_overhead(smoke):
    require_spark()
    _, rows, figures = smoke("spark_overhead.py")
    assert figures["equal"]
    assert len(rows) == len(figures["calls"]) + 2 == 5


@pytest.mark.needs_rust
def test_rust_vs_python(smoke, tmp_path):
    printed, rows, results = smoke("rust_vs_python.py", "--graphs", str(tmp_path))
    assert list(results) == [
        *("environment", "table", "optimal", "many_stations", "wide", "payload", "round_trip", "kernel", "memory"),
        "import",
        *("scaling", "break_even", "goals"),
    ]
    assert [row["case"] for row in results["table"]] == ["100", "1000-text"]
    assert all(0.045 <= row["missing_share"] <= 0.055 for row in results["table"])
    assert all(row["agree"] for table in ("table", "optimal", "wide", "payload") for row in results[table])
    assert results["optimal"][-1]["times_pinned"] == 1
    engines = [(row["transform"], row["engine"]) for row in results["memory"]]
    assert engines == [(name, engine) for name in ("impute", "payload_rows_json") for engine in ("reference", "rust")]
    trips = {(trip["trip"].partition(",")[0], trip["rows"]) for trip in results["round_trip"]}
    assert trips == {("capsule", 0), ("capsule", 1), ("ipc", 0), ("ipc", 1)}
    for name in TRANSFORMS:
        assert_everyone_is_measured_or_left_out(results["scaling"], name)
        assert {path.suffix: path.stat().st_size < 150_000 for path in tmp_path.glob(f"{name}.*")} == {
            ".svg": True,
            ".png": True,
        }
    for row in results["scaling"]["records"]:
        if row["transform"] == "impute" and row["contestant"] in PEERS["impute"]:
            assert not row["correct"]
            assert 0 <= row["equal_share"] < 1
            assert "of fills equal" in row["agreement"]
        else:
            assert row["correct"], row
            assert row["agreement"].startswith("equal")
    assert [row["transform"] for row in results["break_even"]] == [*TRANSFORMS]
    lists = ("table", "optimal", "many_stations", "wide", "payload", "memory", "break_even", "goals")
    of_lists = sum(len(results[name]) for name in lists)
    of_sizes = len(TRANSFORMS) * (2 + 3)  # whole calls of two sizes, and those of no rows
    assert len(rows) == (8 + 2 * len(TRANSFORMS)) * 2 + of_lists + of_sizes
    assert "import energy_data_layer" in printed


def assert_everyone_is_measured_or_left_out(scaling, transform):
    records = [row for row in scaling["records"] if row["transform"] == transform]
    found = {(row["size"], row["contestant"], row["threads"], row["carrier"]) for row in records}
    assert len(found) == len(records)
    left_out = [row for row in scaling["left_out"] if row["transform"] == transform]
    assert all(row["reason"] == "not installed (make peers)" for row in left_out)
    inside = {
        *(("round trip", 2, carrier) for carrier in ("capsule", "ipc")),
        *(("crossing", 2, carrier) for carrier in ("capsule", "ipc")),
        *(("Rust", threads, "capsule") for threads in (1, 2)),
        *(("Rust kernel", threads, None) for threads in (1, 2)),
        *(("facade and crossing", threads, "capsule") for threads in (1, 2)),
        ("reference", None, None),
    }
    trips = {(0, *one) for one in inside if one[0] == "round trip"}
    peers = {(1_000, peer, None, None) for peer in PEERS[transform]}
    found |= {(row["size"], row["contestant"], None, None) for row in left_out}
    assert found == trips | {(size, *one) for size in (1, 1_000) for one in inside} | peers


def test_profile_impute(smoke):
    printed, _, results = smoke("profile_impute.py")
    size, without_naive = results["sizes"]
    assert size["agree"] is True
    assert all(size["fills"][method] for method in ("spline", "climatology", "station_mean"))
    assert set(size["factors"]) == {"gap_finding", "spline", "climatology", "whole_call", "peak"}
    assert set(size["job"]) == {"file_mb", "read_csv", "write_csv", "write_parquet"}
    for version, file, idle in (
        ("reference", "impute/api.py", set()),
        ("naive", "benchmark/naive.py", {"parsing the numbers"}),
    ):
        assert size[version]["cpu_ms"] > 0
        assert 0 <= size[version]["waiting_share"] < 1
        assert size[version]["peak_mb"] >= 0
        parts = {row["part"]: row["share"] for row in size["breakdown"][version]}
        assert {part for part, share in parts.items() if share <= 0} == idle
        assert sum(parts.values()) == pytest.approx(1)
        functions = [(function["file"], function["function"]) for function in size["profile"][version]]
        # The wrappers of the public function take as long as it does.
        assert (file, "impute_missing_values") in functions[:4]
        assert "find_gaps" in {function for _, function in functions}

    assert f"{without_naive['rows']} rows: the naive version is not measured" in printed
    assert [without_naive[key] for key in ("naive", "factors", "agree")] == [None] * 3
    assert without_naive["breakdown"]["naive"] is without_naive["profile"]["naive"] is None
    assert without_naive["reference"]["wall_ms"] > 0
    assert without_naive["functions"]["climatology"]["reference_ms"] > 0
    assert printed.count("\n| ---") == 6
    for row in results["optimal"]:
        parts = {part["part"]: part["share"] for part in row["parts"]}
        assert sum(parts.values()) == pytest.approx(1)
        assert min(parts.values()) >= 0
        by_rule, calibrated = row["call"] == "the pinned rule", row["call"] in CALIBRATED
        assert (parts["pinned rule"] > 0, parts["calibration"] > 0) == (by_rule, calibrated)
        assert (parts["models as tables"] > 0) == (row["call"] in ("by a given model", "GapModel.fit"))
    assert {row["call"] for row in results["optimal"]} > CALIBRATED


@pytest.mark.needs_rust
def test_pipeline(smoke):
    _, rows, results = smoke("pipeline.py")
    runs, shares = results["runs"], results["shares"]
    assert [(run["job"], run["engine"]) for run in runs] == [
        (job, engine) for job in TRANSFORMS_OF_JOBS for engine in ("reference", "rust")
    ]
    for run in runs:
        assert list(run["transforms"]) == TRANSFORMS_OF_JOBS[run["job"]]
        assert run["rows_stored"] > 0
        assert_shared_out(run)
    assert [(share["job"], share["transform"]) for share in shares] == [
        (job, transform) for job, transforms in TRANSFORMS_OF_JOBS.items() for transform in transforms
    ]
    for share in shares:
        assert share["agree"], share["difference"]
        assert share["rows"] > 0
        assert 0 < share["cpu_share"] < 1
        assert 0 < share["wall_share"] <= share["amdahl_bound"] + 1e-9 < 1
    assert [(row["engine"], row["ratio"]) for row in results["daily"]] == [
        (of_day["engine"], of_day["cpu_seconds"] / pinned["cpu_seconds"])
        for of_day in runs
        for pinned in runs
        if (of_day["job"], pinned["job"], pinned["engine"]) == ("weather_day", "weather_day_pinned", of_day["engine"])
    ]
    assert [row["flow"] for row in results["flows"]] == ["daily-weather", "monthly-wind", "solar-backfill"]
    for row in results["flows"]:
        assert min(row["job_cpu_seconds"], row["flow_cpu_seconds"]) > 0
        assert row["added_seconds"] == row["flow_seconds"] - row["job_seconds"]
    assert results["import_seconds"]["flow"] > results["import_seconds"]["job"] > 0
    assert len(rows) == 4 * 2 + len(runs) + len(shares) + len(results["daily"]) + len(results["flows"])


def assert_shared_out(run):
    split, transforms = run["split"], run["transforms"].values()
    assert set(split) == {"transforms", "network_wait", "database", "other"}
    assert min(split.values()) >= 0
    assert sum(split.values()) == pytest.approx(run["wall_seconds"], rel=1e-6)
    assert sum(transform["wall_seconds"] for transform in transforms) == pytest.approx(split["transforms"], rel=1e-6)
    assert sum(transform["cpu_seconds"] for transform in transforms) < run["cpu_seconds"]
    assert sum(run["stages"].values()) < run["wall_seconds"]
    fetching = sum(seconds for stage, seconds in run["stages"].items() if stage.startswith("fetch"))
    on_files = "files" in run["title"]
    assert split["network_wait"] == 0 if on_files else 0 < split["network_wait"] < fetching
    assert split["database"] > 0


@pytest.mark.needs_rust
def test_collecting(smoke):
    _, rows, results = smoke("collecting.py")
    before, *ways = results["solar"]
    assert before["way"] == "before"
    assert [(row["requests"], row["retries"]) for row in ways] == [(10, 0), (20, 0)]
    assert all(0 < row["after_seconds"] < row["seconds"] for row in results["weather"])
    assert all(0 < row["before_mb"] < row["peak_mb"] for row in results["memory"])
    assert len(rows) == 3 * 2 + sum(len(results[table]) for table in ("solar", "weather", "memory"))


def test_accuracy(smoke, tmp_path):
    printed, rows, results = smoke("accuracy.py", "--graphs", str(tmp_path), "--only", *ACCURACY_PARTS)
    assert results["real"] is False
    assert "made up" in printed
    columns, lengths = ("ta", "hm", "ws", "pa"), (3, 6)
    for part, expected in (("goals", columns), ("alone", ("ta",))):
        scored = {(row["column"], row["length"], row["method"]) for row in results[part]["scores"]}
        methods = ("pinned rule", "optimal interpolation", "50 %")
        assert scored == {(column, length, method) for column in expected for length in lengths for method in methods}
    errors = {(row["length"], row["method"]): row["rmse"] for row in results["peers-ta"]["scores"]}
    peers = set(results["peers-ta"]["cpu_seconds"]) - {"pinned rule", "optimal interpolation"}
    assert {"linear", "pchip", "cubic", "climatology + anomaly"} <= peers
    for length in lengths:
        best = min(peers, key=lambda name: errors[length, name])
        ratio = errors[length, "optimal interpolation"] / errors[length, best]
        assert f"{length} h {ratio:.2f} ({best}" in printed
    for column, ways in (("hm", 3), ("wd", 4)):
        derived = results["derived"][column]["scores"]
        assert len(derived) == ways * len(lengths)
        assert all(row["filled"] == row["hours"] > 0 for row in derived if row["method"] != "dew_point")
    assert list(results["records"]) == ["4 months", "1 year", "since 2013"]
    picture = results["picture"]
    begin, end = picture["hidden"]
    assert len(picture["truth"]) == len(picture["stamps"]) == 48 + end - begin + 48
    for fill in picture["fills"]:
        off = [value - true for value, true in zip(fill["ta"], picture["truth"][begin:end], strict=True)]
        assert (sum(error**2 for error in off) / len(off)) ** 0.5 == pytest.approx(fill["rmse"])
    assert ["ta_low" in fill for fill in picture["fills"]] == [False] * 4 + [True] * 2
    best = min(picture["fills"], key=lambda fill: fill["rmse"])
    assert best["method"] == "optimal interpolation, with neighbours"
    assert {file.name for file in tmp_path.glob("fills.*")} == {"fills.svg", "fills.png"}
    assert len(rows) == 7 * 2 + (4 + 1 + 2) * len(lengths) + 2 + len(peers) + 3 * 4 + len(picture["fills"])


def test_storage(smoke, postgres_server):
    _, rows, results = smoke("storage.py")
    assert {row["way"]: row["goal"] for row in results["rows"] if row["met"] is not None} == {
        "PostgreSQL, first load": 0.6,
        "PostgreSQL, all changed": 15,
        "PostgreSQL, unchanged": 2,
        "DuckDB, re-upsert": "4,000,000 rows/s",
    }
    assert len(rows) == 2 + len(results["rows"])


def test_load(smoke):
    printed, _, _ = smoke("load.py")
    assert "17,522 rows = stations × hours: yes" in printed
    assert "| store |" in printed
    assert "NO" not in printed


def test_days_with_faults_end_as_those_without(smoke):
    printed, _, _ = smoke("soak.py")
    assert "360 rows: every hour of every station: yes" in printed
    assert "incomplete" in printed
    assert "NO" not in printed


@pytest.mark.needs_rust
def test_start_up(smoke):
    printed, _, results = smoke("start_up.py", exits_with=(0, 1))
    commands = results["commands"]
    judged = [row["command"] for row in commands if row["budget"] is not None]
    assert judged == ["edl --help", "edl status", "edl impute, CSV", "edl impute, Parquet"]
    for row in commands:
        assert row["command"] in printed
        assert row["ratio"] == row["command_ms"] / row["imports_ms"] > 0
        assert row["ok"] == (row["budget"] is None or row["ratio"] <= row["budget"])


@pytest.mark.needs_rust
def test_equality_evidence(smoke):
    _, rows, results = smoke("equality_evidence.py")
    transforms = results["transforms"]
    assert results["tests"]["passed"] > 30
    assert results["tests"]["failed"] == 0
    assert (results["carriers"], results["kinds_of_frames"], results["snapshots"]) == (12, 4, 4)
    assert results["mutations"] > 0
    assert transforms["payload_rows"]["bodies_judged_alike"] > 0
    assert transforms["impute"]["examples"] > 0
    for name in ("impute", "complete_hours", "wide_to_long"):
        assert transforms[name]["comparisons"] > 0
        assert 0 <= transforms[name]["worst_of_tolerance"] < 1
    assert len(rows) == 2 + len(transforms)


@pytest.mark.needs_rust
def test_maintenance(smoke):
    printed, _, results = smoke("maintenance.py")
    assert (results["build_times"], results["wheels"]) == ("not measured", "not measured")
    lines = results["lines"]
    assert list(lines["transforms"]) == ["impute", "complete_hours", "wide_to_long", "payload_rows"]
    for name, rooms in lines["transforms"].items():
        assert all(room["files"] for room in rooms.values()), name
        assert all(rooms[room]["code"] > 0 for room in ("reference", "Rust kernel", "Rust binding")), name
        change = results["change"][name]
        assert change["with_rust"]["lines"] > change["without_rust"]["lines"] > 0
    crates, packages = results["crates"], results["python_packages"]
    assert 0 < crates["direct"] < crates["total"]
    assert packages["core"]["packages"] >= 4
    assert all(extra["packages"] > 0 for extra in packages["extras"].values())
    assert printed.count("| impute") >= 2

    # Every file is in one room alone.
    rooms = [*lines["transforms"].values(), lines["shared"], lines["crossing"]]
    counted = sorted(path for each in rooms for room in each.values() for path in room["files"])
    folders = {
        "python/energy_data_layer/engine": "py",
        "python/energy_data_layer/transforms": "py",
        "rust/crates/transforms/src": "rs",
        "rust/crates/data_layer/src": "rs",
        "docs/transforms": "md",
    }
    there = [path for folder, ending in folders.items() for path in (ROOT / folder).rglob(f"*.{ending}")]
    expected = sorted(path.relative_to(ROOT).as_posix() for path in there)
    assert [path for path in counted if path.startswith(tuple(folders))] == expected


@pytest.mark.needs_rust
def test_scale(smoke):
    _, rows, results = smoke("scale.py")
    assert [row.split(" | ")[0] for row in rows[2:]] == ["| sorted by station", "| sorted by time"]
    answers = [run["answer"] for run in results["runs"]]
    assert len(answers) == 3
    assert answers[0] == answers[1] == answers[2]
