"""The counters of a run in table ``runs``, against the rows that are stored and the requests that arrived."""

from __future__ import annotations

from dataclasses import replace

import pytest

from energy_data_layer import __version__
from energy_data_layer.core.provenance import PROVENANCE_SUFFIX, Provenance
from energy_data_layer.simulator import Fault
from energy_data_layer.transforms.impute import api as impute

from .service_jobs import JOBS, STATIONS, TODAY, WEATHER
from .services import runs

NOT_FILLED = {None, Provenance.OBSERVED, Provenance.UNFILLED}


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_requests_sent_again_and_parts_that_failed(tmp_path, simulator, job):
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    service = simulator(today=TODAY, faults=[Fault("server_error", times_each=1)])
    report = job.run(url, service)
    (run,) = runs(url)
    again = sum(request.fault == "server_error" for request in service.requests)
    assert (run["requests"], run["retries"], run["chunks_failed"]) == (len(service.requests), again, 0)
    assert again > 0
    assert run["seconds"] == pytest.approx(sum(stage.seconds for stage in report.stages))
    assert run["peak_rss_mb"] > 10
    assert (run["values_filled"] is None) == (run["hours_completed"] is None) == (job is not WEATHER)
    assert (run["drift_findings"], run["shadow_mismatches"], run["release"]) == (0, 0, __version__)

    service.change(faults=[Fault("server_error", where=job.second_part), Fault("drift")])
    report = job.run(url, service, since=job.first.replace(day=1))
    run = runs(url)[-1]
    assert (run["status"], run["chunks_failed"]) == ("incomplete", report.collection.chunks_failed)
    assert run["chunks_failed"] > 0
    assert run["drift_findings"] == len(report.drift) > 0


def test_hours_completed_and_values_filled(database_url, simulator):
    service = simulator(today=TODAY, asos_absent_hours=0.1)
    WEATHER.run(database_url, service)
    rows = WEATHER.stored(database_url)
    sent = service.expected_asos(STATIONS, WEATHER.first, WEATHER.last).num_rows
    marks = [name for name in rows.column_names if name.endswith(PROVENANCE_SUFFIX)]
    filled = sum(mark not in NOT_FILLED for name in marks for mark in rows.column(name).to_pylist())
    (run,) = runs(database_url)
    assert (run["hours_completed"], run["values_filled"]) == (rows.num_rows - sent, filled)
    assert rows.num_rows > sent
    assert filled > 0


@pytest.mark.needs_rust
@pytest.mark.engines_differ
def test_calls_and_mismatches_of_shadow_mode(tmp_path, simulator, monkeypatch):
    real = impute.imputed_in_rust

    def off_by_one(*arguments):
        imputed = real(*arguments)
        imputed.columns["ta"] = replace(imputed.columns["ta"], values=imputed.columns["ta"].values + 1)
        return imputed

    monkeypatch.setenv("USE_RUST", "shadow")
    monkeypatch.setenv("USE_RUST_SHADOW_FOLDER", str(tmp_path / "kept"))
    monkeypatch.setattr(impute, "imputed_in_rust", off_by_one)
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    report = WEATHER.run(url, simulator(today=TODAY))
    (run,) = runs(url)
    mismatches = report.shadow.transforms["impute_missing_values"].mismatches
    assert (run["shadow_calls"], run["shadow_mismatches"]) == (report.shadow.calls, mismatches)
    assert run["shadow_calls"] > run["shadow_mismatches"] > 0
