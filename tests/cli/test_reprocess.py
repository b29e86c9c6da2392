"""``edl reprocess``: what it prints, writes and exits with."""

from __future__ import annotations

import json
from datetime import date

import pytest
from typer.testing import CliRunner

from energy_data_layer import settings
from energy_data_layer.cli.app import app
from energy_data_layer.jobs.weather.from_files import run_weather
from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, write_asos_sample
from energy_data_layer.storage.database import Database

URL = "duckdb:///energy.duckdb"


@pytest.fixture(autouse=True)
def spoiled(tmp_path, monkeypatch):
    """A month of two stations of which a fill is wrong."""
    for name in settings.known():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    files = write_asos_sample(
        tmp_path / "files", stations=SAMPLE_STATIONS[:2], since=date(2023, 1, 1), until=date(2023, 1, 31)
    )
    run_weather(files, URL, columns=["ta"], use_rust=False)
    with Database.connect(URL) as database:
        database.execute(
            "UPDATE weather_asos SET ta = ta + 3 WHERE ta_provenance = 1 "
            "AND tm = (SELECT min(tm) FROM weather_asos WHERE ta_provenance = 1)"
        )


def edl(*arguments):
    command = ["reprocess", "--since", "2023-01-01", "--db", URL, *map(str, arguments)]
    return CliRunner().invoke(app, command, env={"COLUMNS": "200"})


def test_a_dry_run_shows_what_the_run_then_does_and_a_second_run_finds_nothing(tmp_path):
    dry = edl("--engine", "reference", "--dry-run")
    assert dry.exit_code == 0
    assert "Dry run of reprocess" in dry.stdout
    assert "weather_asos ta │" in dry.stdout
    assert not (tmp_path / "energy.reprocess.json").exists()

    done = edl("--engine", "reference")
    assert done.exit_code == 0
    assert "Job reprocess succeeded" in done.stdout
    assert "fill value │ spline │ spline │" in " ".join(done.stdout.split())
    assert "3.0e+00" in done.stdout
    report = json.loads((tmp_path / "energy.reprocess.json").read_text())
    assert (report["engine"], report["values_replaced"]) == ("reference", report["replaced"][0]["count"])
    assert report["run_id"] in done.stdout

    again = json.loads(edl("--engine", "reference", "--json").stdout)
    assert (again["values_replaced"], again["replaced"]) == (0, [])
    assert again["values_compared"] == again["values_same"] > 1400


@pytest.mark.parametrize(
    ("options", "code", "problem"),
    [
        (("--until", "2022-01-01"), 2, ") is after --until ("),
        (("--columns", "hm,ws"), 2, "hm, ws was never imputed; these fields were: ta"),
        (("--stations", "Seoul"), 2, "--stations takes numbers, not Seoul"),
        (("--from-raw", "nothing"), 2, "which is no folder"),
        (("--db", "duckdb:///other.duckdb"), 1, "there is no such file"),
    ],
)
def test_what_cannot_be_is_told(options, code, problem):
    result = edl(*options)
    assert result.exit_code == code
    assert problem in result.stderr
