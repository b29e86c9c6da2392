"""What changes in a source is told once, in the report and in table drift, and does what the policy says."""

from __future__ import annotations

from datetime import date
from itertools import count

import pytest

from energy_data_layer.errors import OptionError, SchemaDriftError
from energy_data_layer.jobs.generation.from_files import run_generation
from energy_data_layer.jobs.weather.from_files import run_weather
from energy_data_layer.simulator.faults import Fault
from energy_data_layer.simulator.plants import WIND_PLANTS
from energy_data_layer.simulator.sample_generation import write_generation_sample
from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, write_asos_sample

from .service_jobs import JOBS, PLANTS, TODAY, WEATHER, WIND
from .services import stored


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_changed_fields_are_told_once_and_their_return_too(tmp_path, simulator, job):
    database_url = f"duckdb:///{tmp_path}/energy.duckdb"
    service = simulator(today=TODAY)
    plants = count(3)

    def run():
        """Ask again; the solar job, which asks for nothing that is stored, for one more plant."""
        more = {"plants": PLANTS[: next(plants)]} if job.name == "solar" else {}
        report = job.run(database_url, service, **more)
        return [finding.kind for finding in report.drift if finding.subject == job.service], report.summary()

    assert run()[0] == run()[0] == []
    service.change(faults=[Fault("drift")])
    found, summary = run()
    assert found == ["field_new", "field_vanished", "field_retyped"]
    assert "drift findings: field_new" in summary
    assert run()[0] == []
    service.change(faults=[])
    assert run()[0] == ["field_new", "field_vanished"]
    fields = [row["kind"] for row in stored(database_url, "drift", ("noticed", "kind")).to_pylist() if row["field"]]
    assert fields == ["field_new", "field_retyped", "field_vanished", "field_new", "field_vanished"]


def test_a_field_of_several_kinds_is_told_once(tmp_path, simulator):
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    service = simulator(today=TODAY)
    found = []
    for faults in ([], [Fault("retyped_field")], [], [Fault("retyped_field")]):
        service.change(faults=faults)
        found.append([finding.kind for finding in WIND.run(url, service).drift])
    assert found == [[], ["field_retyped"], [], []]


def test_a_run_that_fetches_nothing_forgets_nothing(tmp_path, simulator):
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    service = simulator(today=TODAY)
    WIND.run(url, service)
    service.change(faults=[Fault("gateway_error", code="30")])
    assert WIND.run(url, service).drift == []
    service.change(faults=[])
    assert WIND.run(url, service).drift == []


def test_plants_that_come_fall_silent_and_return_are_told_once(tmp_path, simulator):
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    service = simulator(today=TODAY, wind_plants=WIND_PLANTS[:2])
    runs = [WIND.run(url, service)]
    for plants in (WIND_PLANTS, WIND_PLANTS[1:], WIND_PLANTS[1:], WIND_PLANTS):
        service.change(wind_plants=plants)
        runs.append(WIND.run(url, service))
    names = [f"{plant.name} {plant.unit}" for plant in WIND_PLANTS]
    assert [[(finding.kind, finding.subject) for finding in run.drift] for run in runs] == [
        [],
        [("member_new", names[2])],
        [("member_vanished", names[0])],
        [],
        [("member_new", names[0])],
    ]


def test_stations_that_come_fall_silent_and_return_are_told_once(database_url, simulator):
    service = simulator(today=TODAY, stations={108: "Seoul"})
    runs = [WEATHER.run(database_url, service)]
    for stations in ({108, 159}, {159}, {159}, {108, 159}):
        service.change(stations=dict.fromkeys(stations, "a station"))
        runs.append(WEATHER.run(database_url, service))
    assert [[(finding.kind, finding.subject) for finding in run.drift] for run in runs] == [
        [],
        [("member_new", "159")],
        [("member_vanished", "108")],
        [],
        [("member_new", "108")],
    ]


def test_changed_headings_of_weather_files_are_told(tmp_path):
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    (path,) = write_asos_sample(tmp_path, stations=SAMPLE_STATIONS[:1], since=date(2024, 1, 1), until=date(2024, 1, 3))
    assert run_weather(path, url).drift == []
    assert run_weather(path, url).drift == []
    text = path.read_text(encoding="cp949").replace("풍향(16방위)", "소음(dB)")
    path.write_text(text, encoding="cp949")
    with pytest.raises(SchemaDriftError, match="field_new asos files 소음"):
        run_weather(path, url, schema_policy="weather_asos=freeze")
    assert [str(finding) for finding in run_weather(path, url).drift] == [
        "field_new asos files 소음(dB)",
        "field_vanished asos files wd",
    ]
    assert run_weather(path, url, schema_policy="freeze").drift == []


def test_changed_headings_of_generation_files_are_told(tmp_path):
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    path = write_generation_sample(tmp_path)[0]
    assert run_generation(path, url).drift == []
    data = path.read_bytes()
    heading, newline, rows = data.partition(b"\n")
    path.write_bytes(heading.rstrip(b"\r,") + b",extra" + newline + rows.replace(b"\n", b",1\n"))
    with pytest.raises(SchemaDriftError, match="--schema-policy evolve"):
        run_generation(path, url, schema_policy="reject")
    assert [(finding.kind, finding.field) for finding in run_generation(path, url).drift] == [("field_new", "extra")]


@pytest.mark.parametrize("job", [WEATHER, WIND], ids=lambda job: job.name)
def test_freeze_lets_nothing_of_a_changed_source_in(tmp_path, simulator, job):
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    service = simulator(today=TODAY)
    job.run(url, service, since=job.first, until=job.first)
    before = job.stored(url)
    service.change(faults=[Fault("drift")])
    policy = f"{job.table}=freeze"
    with pytest.raises(SchemaDriftError, match=r"field_new .*--schema-policy evolve"):
        job.run(url, service, schema_policy=policy)
    assert job.stored(url).equals(before)
    assert job.run(url, service).drift
    job.run(url, service, schema_policy=policy)


@pytest.mark.parametrize("job", [WEATHER, WIND], ids=lambda job: job.name)
def test_reject_keeps_what_changed_apart_and_stores_the_rest(tmp_path, simulator, job):
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    service = simulator(today=TODAY)
    job.run(url, service, since=job.first, until=job.first)
    service.change(faults=[Fault("drift", where=job.second_part)])
    runs = [job.run(url, service, schema_policy="reject") for _ in range(2)]
    # What is refused is told again until it ends or is accepted.
    assert all(run.drift and run.rows_rejected for run in runs)
    rejects = stored(url, "rejects", ["line"]).to_pylist()
    assert len(rejects) == runs[0].rows_rejected
    assert all(row["reason"].startswith("other fields than before: field_new") for row in rejects)
    assert 0 < job.assert_part(url, service) < job.truth(service).num_rows
    service.change(faults=[])
    job.run(url, service, schema_policy="reject")
    job.assert_whole(url, service)


@pytest.mark.parametrize("text", ["melt", "weather=freeze", "weather_asos:freeze", "=,"])
def test_an_unknown_policy_is_refused(tmp_path, simulator, monkeypatch, text):
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    monkeypatch.setenv("EDL_SCHEMA_POLICY", text)
    with pytest.raises(OptionError, match="EDL_SCHEMA_POLICY has"):
        WIND.run(url, simulator(today=TODAY))
