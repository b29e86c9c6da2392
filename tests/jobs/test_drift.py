"""What changes in a service is told once, in the report and in table drift."""

from __future__ import annotations

from itertools import count

import pytest

from energy_data_layer.sources.simulator.faults import Fault
from energy_data_layer.sources.simulator.plants import WIND_PLANTS

from .service_jobs import JOBS, PLANTS, TODAY, WIND
from .services import stored


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_changed_fields_are_told_once_and_their_return_too(database_url, simulator, job):
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


def test_a_run_that_fetches_nothing_forgets_nothing(database_url, simulator):
    service = simulator(today=TODAY)
    WIND.run(database_url, service)
    service.change(faults=[Fault("gateway_error", code="30")])
    assert WIND.run(database_url, service).drift == []
    service.change(faults=[])
    assert WIND.run(database_url, service).drift == []


def test_plants_that_come_fall_silent_and_return_are_told_once(database_url, simulator):
    service = simulator(today=TODAY, wind_plants=WIND_PLANTS[:2])
    runs = [WIND.run(database_url, service)]
    for plants in (WIND_PLANTS, WIND_PLANTS[1:], WIND_PLANTS[1:], WIND_PLANTS):
        service.change(wind_plants=plants)
        runs.append(WIND.run(database_url, service))
    names = [f"{plant.name} {plant.unit}" for plant in WIND_PLANTS]
    assert [[(finding.kind, finding.subject) for finding in run.drift] for run in runs] == [
        [],
        [("member_new", names[2])],
        [("member_vanished", names[0])],
        [],
        [("member_new", names[0])],
    ]
