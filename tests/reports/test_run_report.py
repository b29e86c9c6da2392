"""The run report: stages, JSON, and where it is written."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from datetime import datetime
from threading import Lock

import pyarrow as pa
import pytest

from energy_data_layer.errors import StorageError
from energy_data_layer.reports.generation_report import GenerationReport, RejectedLine, RejectsOfAReason
from energy_data_layer.reports.run_report import RunReport, report_beside
from energy_data_layer.reports.weather_report import WeatherReport


def test_a_stage_notes_time_and_memory(caplog):
    heard = []
    report = RunReport("weather", arguments={}, on_stage=heard.append)
    with caplog.at_level(logging.INFO), report.stage("read files") as stage:
        stage.holds(pa.table({"ta": pa.array(range(1_000_000), pa.int64())}))
    (noted,) = report.stages
    assert noted.name == "read files"
    assert noted.seconds > 0
    assert noted.megabytes_held == pytest.approx(8.0)
    assert noted.peak_rss_megabytes is None or noted.peak_rss_megabytes > 10
    assert heard == ["read files"]
    assert "read files took" in caplog.text


def test_json_has_everything_but_the_listener(tmp_path):
    lock = Lock()  # a listener may hold what cannot be copied
    report = WeatherReport("weather", arguments={"columns": ["ta"]}, on_stage=lambda _name: lock.acquire())
    report.gap_lengths = {"ta": {1: 3, 53: 1}}
    report.finish()
    report.write(tmp_path / "report.json")
    read = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert read == json.loads(report.to_json())
    assert "on_stage" not in read
    assert read["gap_lengths"] == {"ta": {"1": 3, "53": 1}}
    assert datetime.fromisoformat(read["started"]) <= datetime.fromisoformat(read["finished"])
    assert read["started"].endswith("+00:00")


def test_reports_have_what_jobs_have_in_common():
    common = RunReport("any", arguments={}).to_dict().keys()
    for report in (WeatherReport("weather", arguments={}), GenerationReport("generation", arguments={})):
        assert common < report.to_dict().keys()


def test_rejects_in_json():
    report = GenerationReport("generation", arguments={})
    report.rejects["no plant"] = RejectsOfAReason(1, [RejectedLine("a.csv", 3, "발전기명: blank")])
    assert json.loads(report.to_json())["rejects"] == {
        "no plant": {"count": 1, "first": [{"file": "a.csv", "line": 3, "detail": "발전기명: blank"}]}
    }


def test_a_report_that_cannot_be_written_is_an_error(tmp_path):
    with pytest.raises(StorageError, match="does not exist"):
        RunReport("weather", arguments={}).write(tmp_path / "absent" / "report.json")


def test_the_report_lies_beside_the_database():
    assert str(report_beside("duckdb:////data/energy.duckdb", "weather")) == "/data/energy.weather.json"
    assert report_beside("duckdb:///:memory:", "weather") is None


PEAK = "from energy_data_layer.reports.run_report import peak_rss_megabytes; print(peak_rss_megabytes())"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands the peak on to what a process starts")
def test_the_peak_is_that_of_the_process_itself():
    ballast = b"x" * 400_000_000
    printed = subprocess.run([sys.executable, "-c", PEAK], check=True, capture_output=True, text=True).stdout
    assert 10 < float(printed) < len(ballast) / 1_000_000
