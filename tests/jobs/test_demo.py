"""The demonstration: what it leaves in its folder, and that it touches no other."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from energy_data_layer.cli.app import app
from energy_data_layer.engine.choice import build_info
from energy_data_layer.errors import OptionError
from energy_data_layer.jobs.demo.fills import draw_fills_and_truth, with_hidden_hours
from energy_data_layer.jobs.demo.job import STAGES, EngineComparison, run_demo
from energy_data_layer.jobs.options import DEFAULT_COLUMNS
from energy_data_layer.plots.fills import SHOWN_WELL
from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, asos_sample_table
from energy_data_layer.storage.coverage import hourly_tables
from energy_data_layer.storage.database import Database
from energy_data_layer.transforms.complete_hours.api import complete_hours

pytestmark = pytest.mark.slow


def edl(*arguments):
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})


def test_a_demonstration_and_the_next_one_in_the_same_folder(tmp_path, monkeypatch):
    folder = tmp_path / "demo"
    heard = []
    first = run_demo(folder, on_stage=heard.append)
    assert list(dict.fromkeys(name for name in heard if " of " not in name)) == list(dict.fromkeys(STAGES))
    assert first.report.rows_inserted > 100_000
    assert first.report.filled["ta"]["unfilled"] == 0
    assert first.engines.agree
    assert (first.engines.rust_seconds is None) == (build_info()["rust"] is None)
    assert first.picture.read_bytes().startswith(b"\x89PNG")
    best = {column: scores[-1]["method"] for column, scores in first.scorecard.overall().items()}
    assert best == dict.fromkeys(DEFAULT_COLUMNS, "optimal_interpolation")
    assert first.generation_report.rows_inserted == 24 * first.generation_report.rows_stored > 10_000
    assert first.generation_report.rows_rejected == 5
    assert first.services.weather.rows_inserted == 40 * 24 * 5
    assert {first.services.wind.status, first.services.solar.status} == {"succeeded"}
    assert {
        first.database,
        first.report_file,
        first.generation_report_file,
        first.picture,
        folder / "generation",
    } <= set(folder.iterdir())
    with Database.connect(first.database_url) as database:
        assert all(database.row_count(table) for table in hourly_tables())
    monkeypatch.chdir(tmp_path)
    second = edl("demo")
    assert second.exit_code == 0, second.output
    assert "What to try next" in second.stdout
    assert second.stdout.startswith(str(Path("demo", "gaps.png")))
    printed = [[cell.strip() for cell in line.split("│")[1:-1]] for line in second.stdout.splitlines()]
    for column, scores in first.scorecard.overall().items():
        for length in SHOWN_WELL:
            of_gap = {score["method"]: score for score in scores if score["length"] == length}
            errors = [
                f"{of_gap[name]['rmse']:.2f}" for name in ("linear", "spline_climatology", "optimal_interpolation")
            ]
            assert [column, str(length), *errors, f"{of_gap['optimal_interpolation']['coverage']:.0%}"] in printed
    for report in (first.report, first.generation_report):
        assert f"{report.rows_inserted:,} inserted, 0 updated" in second.stdout
    for job, files in (("weather", "asos_hourly"), ("generation", "generation")):
        command = ["run", job, "--files", f"demo/{files}/*.csv", "--db", first.database_url]
        skipped = edl(*command).stdout
        assert "files skipped" in skipped
        assert ("written" in skipped) == (job == "generation")  # files with rejected rows are read again
        assert "0 inserted, 0 updated" in edl(*command, "--reread").stdout


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "energy.duckdb").write_text("precious")
    with pytest.raises(OptionError, match="choose another folder"):
        run_demo(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["energy.duckdb"]
    assert (tmp_path / "energy.duckdb").read_text() == "precious"


def test_the_verdict_says_what_was_found():
    assert "not installed" in EngineComparison(10, 4, 5, 0.1).verdict
    assert "agree" in EngineComparison(10, 4, 5, 0.1, 0.01, 1e-14).verdict
    assert "DISAGREE" in EngineComparison(10, 4, 5, 0.1, 0.01, 1e-3, agree=False).verdict


def test_the_gaps_of_the_picture_are_hidden_observations(tmp_path):
    frame = complete_hours(
        asos_sample_table(stations=SAMPLE_STATIONS[:2], since=date(2024, 1, 1)), "tm", "stnId", carry=("stnNm",)
    )
    draw_fills_and_truth(frame, tmp_path / "gaps.svg", ["ta", "pa"])
    picture = (tmp_path / "gaps.svg").read_text(encoding="utf-8")
    lengths = re.findall(r"<!-- .* \(\d+\): (\d+) hours missing -->", picture)
    assert list(map(int, lengths)) == [*SHOWN_WELL] * 2
    masked = with_hidden_hours(frame, ["ta", "pa"])
    assert masked["ta"].null_count > frame["ta"].null_count
    assert masked.select(["stnId", "tm", "hm"]).equals(frame.select(["stnId", "tm", "hm"]))
