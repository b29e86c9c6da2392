"""Shadow mode in jobs, and the commands that sum it up and repeat a case."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from energy_data_layer.cli.app import app
from energy_data_layer.errors import EngineError
from energy_data_layer.simulator.sample_generation import write_generation_sample
from energy_data_layer.transforms.wide_to_long import api as wide_to_long

pytestmark = pytest.mark.needs_rust
DB = ("--db", "duckdb:///energy.duckdb")


@pytest.fixture
def services(simulator, own_environment, monkeypatch, tmp_path):
    """Shadow mode, and a simulator that the environment points to."""
    monkeypatch.chdir(tmp_path)
    for name, value in simulator(today=date(2024, 3, 10)).environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("EDL_REQUESTS_PER_SECOND", "500")
    monkeypatch.setenv("USE_RUST", "shadow")


def edl(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "200"})


def test_every_job_is_watched_and_the_switch_is_judged(services, tmp_path):
    assert edl("run", "weather", "--date", "2024-03-09", "--stations", "108", "159", *DB).exit_code == 0
    assert edl("run", "wind", "--month", "2024-02", *DB).exit_code == 0
    assert edl("run", "solar", "--since", "2024-03-01", "--until", "2024-03-09", *DB).exit_code == 0
    write_generation_sample(tmp_path / "generation")
    assert edl("run", "generation", "--files", "generation/*.csv", *DB).exit_code == 0

    for job in ("weather", "wind", "solar", "generation"):
        report = json.loads((tmp_path / f"energy.{job}.json").read_text(encoding="utf-8"))
        assert report["engine"] == "reference"
        seen = report["shadow"]
        assert seen["calls"] > 0, job
        assert seen["not_compared"] == 0, job
        assert sum(counts["compared"] for counts in seen["transforms"].values()) == seen["calls"], job
        assert not any(counts["mismatches"] for counts in seen["transforms"].values()), job

    told = edl("shadow-report", "--json", *DB)
    summary = json.loads(told.stdout)
    assert (told.exit_code, summary["justified"], summary["runs"]) == (0, True, 4)
    assert set(summary["transforms"]) == {
        "rows_from_api_payload",
        "complete_hours",
        "impute_missing_values",
        "transform_wide_to_long",
    }
    assert "The switch to Rust is justified" in edl("shadow-report", *DB).stdout
    assert edl("shadow-report", "--since", "2999-01-01", *DB).exit_code == 1


@pytest.mark.engines_differ
def test_a_mismatch_speaks_against_the_switch_and_can_be_replayed(services, monkeypatch, tmp_path):
    write_generation_sample(tmp_path / "generation")
    with monkeypatch.context() as broken:

        def fail(*_: object, **__: object) -> None:
            raise EngineError("the engine panicked")

        broken.setattr(wide_to_long, "lengthened_in_rust", fail)
        run = edl("run", "generation", "--files", "generation/*.csv", *DB)
        assert run.exit_code == 0
        assert "15,216 inserted" in run.stdout
        told = edl("shadow-report", *DB)
        assert told.exit_code == 1
        assert "answers differ (expected an answer, got EngineError: the engine panicked)" in told.stdout
        summary = json.loads(edl("shadow-report", "--json", *DB).stdout)
        (kept,) = [counts["kept"] for counts in summary["transforms"].values()]
        assert Path(kept).parent == tmp_path / "edl-shadow"
        replay = edl("shadow-replay", kept)
        assert (replay.exit_code, "got EngineError" in replay.stdout) == (1, True)
    mended = edl("shadow-replay", kept)
    assert (mended.exit_code, mended.stdout.strip()) == (0, "The engines give the same answer.")


def test_nothing_compared_is_no_reason_to_switch(services):
    edl("run", "wind", "--month", "2024-02", "--engine", "reference", *DB)
    told = edl("shadow-report", *DB)
    assert told.exit_code == 1
    assert "no call has been compared" in told.stdout


def test_a_folder_that_holds_no_case_is_refused(services, tmp_path):
    told = edl("shadow-replay", tmp_path)
    assert told.exit_code == 2
    assert "holds no case of shadow mode" in told.output
