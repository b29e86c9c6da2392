"""The benchmark of whole jobs runs and shares out all of their time; times are not judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from energy_data_layer.storage.database import Database
from energy_data_layer.storage.migrations import migrate
from energy_data_layer.storage.tables import WIND_KEY, WIND_NAMDONG

SCRIPT = Path(__file__).with_name("pipeline.py")
TRANSFORMS = {
    "weather_files": ["complete_hours", "impute"],
    "weather_day": ["payload_rows", "complete_hours", "impute"],
    "weather_backfill": ["payload_rows", "complete_hours", "impute"],
    "wind": ["payload_rows", "wide_to_long"],
    "solar": ["payload_rows", "wide_to_long"],
    "generation": ["wide_to_long"],
}
OF_FILES = ("weather_files", "generation")


def run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), *options], capture_output=True, text=True, timeout=300)


@pytest.mark.slow
@pytest.mark.needs_rust
def test_all_jobs_are_measured_and_their_time_is_shared_out(tmp_path):
    file = tmp_path / "results.json"
    process = run("--smoke", "--markdown", "--json", str(file))
    assert process.returncode == 0, process.stdout + process.stderr
    results = json.loads(file.read_text(encoding="utf-8"))

    runs = results["runs"]
    assert [(run["job"], run["engine"]) for run in runs] == [
        (job, engine) for job in TRANSFORMS for engine in ("reference", "rust")
    ]
    for run_ in runs:
        assert list(run_["transforms"]) == TRANSFORMS[run_["job"]]
        assert run_["rows_stored"] > 0
        _assert_shared_out(run_)

    shares = results["shares"]
    assert [(share["job"], share["transform"]) for share in shares] == [
        (job, transform) for job, transforms in TRANSFORMS.items() for transform in transforms
    ]
    for share in shares:
        assert share["agree"], share["difference"]
        assert share["rows"] > 0
        assert 0 < share["cpu_share"] < 1
        assert 0 < share["wall_share"] <= share["amdahl_bound"] + 1e-9 < 1
    rows = [line for line in process.stdout.splitlines() if line.startswith("|")]
    assert len(rows) == 2 * 2 + len(runs) + len(shares)


def _assert_shared_out(run):
    split, transforms = run["split"], run["transforms"].values()
    assert set(split) == {"transforms", "network_wait", "database", "other"}
    assert min(split.values()) >= 0
    assert sum(split.values()) == pytest.approx(run["wall_seconds"], rel=1e-6)
    assert sum(transform["wall_seconds"] for transform in transforms) == pytest.approx(split["transforms"], rel=1e-6)
    assert sum(transform["cpu_seconds"] for transform in transforms) < run["cpu_seconds"]
    assert sum(run["stages"].values()) < run["wall_seconds"]
    fetching = sum(seconds for stage, seconds in run["stages"].items() if stage.startswith("fetch"))
    assert 0 < split["network_wait"] < fetching if run["job"] not in OF_FILES else split["network_wait"] == 0
    assert split["database"] > 0


def test_an_unknown_job_is_refused():
    process = run("--jobs", "tides")
    assert process.returncode == 2
    assert "weather_backfill" in process.stderr


def test_databases_with_different_rows_are_told_apart(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent)
    import stored_tables

    def stored(name, kwh, plants=("a", "b")):
        url = f"duckdb:///{tmp_path}/{name}.duckdb"
        hours = {"timestamp": [datetime(2024, 1, 1)] * 2, "plant_name": list(plants), "generation": kwh}
        with Database.connect(url) as database:
            migrate(database)
            database.upsert(WIND_NAMDONG, pa.table(hours), WIND_KEY)
        return stored_tables.read(url)

    expected = stored("expected", [1.0, 2.0])
    assert stored_tables.differing(expected, stored("reversed", [2.0, 1.0], plants=("b", "a"))) == []
    (found,) = stored_tables.differing(expected, stored("other", [1.0, 2.5]))
    assert found.startswith('wind_namdong: column "generation"')
