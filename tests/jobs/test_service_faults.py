"""The three jobs against a service that fails: each fault of the simulator, passing or lasting, into real databases.

Each fault meets each job and both databases, each job both databases; all three of them at once would show no more.
Each time: no row wrong or twice, nothing lost that was acknowledged, a clear report, and a second run that
completes the work.
"""

from __future__ import annotations

import json
import re
from datetime import date

import pytest

from energy_data_layer.simulator.faults import Fault
from energy_data_layer.simulator.plants import WIND_PLANTS, Plant

from .service_jobs import JOBS, PLANTS, SOLAR, TODAY, WEATHER, WIND
from .services import runs

DATABASES = ("duckdb", "postgresql")
EACH_JOB = pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)


def case(kind, *expected, **options):
    """A fault, named by its kind and what tells it from others of its kind."""
    details = [str(value) for name, value in options.items() if name in {"code", "seconds"}]
    return pytest.param(Fault(kind, **options), *expected, id="_".join([kind, *details]))


def with_each_job(cases):
    """Give each case to each job, to one into DuckDB, to the next into PostgreSQL."""
    rows = []
    for number, one in enumerate(cases):
        for at, job in enumerate(JOBS):
            database = DATABASES[(number + at) % 2]
            rows.append(pytest.param(database, job, *one.values, id=f"{database}-{one.id}-{job.name}"))
    return pytest.mark.parametrize(
        ("database_url", "job", *("fault", "problem")[: len(cases[0].values)]), rows, indirect=["database_url"]
    )


# --- faults that pass ---------------------------------------------------------------------------------

SHORT = {"timeout_seconds": 0.5, "attempts": 5}
"""Time enough for an answer of a simulator, and further attempts where this machine is busy."""

PASSING = [
    case("server_error", times_each=2),
    *(case("gateway_error", code=code, times_each=2) for code in ("01", "04", "05")),
    case("drop", times_each=2),
    case("drop_in_headers", times_each=2),
    case("reset", times_each=2),
    case("truncate", times_each=2),
    case("cut", times_each=2),
    case("html", times_each=2),
    case("late", times_each=1, seconds=60),
    case("slow", times_each=1, seconds=60),
    case("too_many_requests", times_each=1, seconds=1),
]


@with_each_job(PASSING)
def test_a_fault_that_passes_leaves_no_trace_in_the_rows(database_url, simulator, job, fault):
    service = simulator(today=TODAY, faults=[fault])
    report = job.run(database_url, service, settings=SHORT if fault.kind in {"late", "slow"} else None)
    assert (report.status, report.message) == ("succeeded", "")
    job.assert_whole(database_url, service)
    met = [request for request in service.requests if request.fault]
    assert len(met) == 2 * fault.times_each
    assert report.collection.retries >= len(met)
    assert report.collection.requests == service.request_count
    assert report.collection.incomplete_days == report.collection.chunks_failed == 0
    (run,) = runs(database_url)
    assert (run["status"], run["requests"]) == ("succeeded", service.request_count)


@EACH_JOB
def test_a_slow_answer_is_an_answer(database_url, simulator, job):
    service = simulator(today=TODAY, faults=[Fault("slow", seconds=0.2)])
    assert job.run(database_url, service).collection.retries == 0
    job.assert_whole(database_url, service)


# --- faults that last ---------------------------------------------------------------------------------

LASTING = [
    case("server_error", r"the service failed \(HTTP 500\), 2 attempts; run again later"),
    case("gateway_error", "code 01.*retry a little later", code="01"),
    case("gateway_error", "code 10.*a parameter of the request is wrong", code="10"),
    case("drop", "broke off.*2 attempts"),
    case("reset", "broke off.*2 attempts"),
    case("cut", "check the request, and the answer against the service's documentation"),
    case("html", "check the request, and the answer against the service's documentation"),
    case("late", "no complete answer within 0.5 s.*2 attempts", seconds=60),
    case("slow", "no complete answer within 0.5 s.*2 attempts", seconds=60),
    case("no_such_service", "code 12.*no such service"),
]


@with_each_job(LASTING)
def test_a_fault_that_lasts_leaves_what_came_and_the_rest_for_the_next_run(
    database_url, simulator, job, fault, problem, tmp_path
):
    lasting = Fault(fault.kind, code=fault.code, seconds=fault.seconds, where=job.second_part)
    service = simulator(today=TODAY, faults=[lasting])
    timeout = 0.5 if fault.kind in {"late", "slow"} else 5
    first = job.run(database_url, service, settings={"attempts": 2, "timeout_seconds": timeout})
    assert (first.status, first.stopped) == ("incomplete", False)
    assert first.message.startswith("1 of 2 parts could not be fetched (")
    (failure,) = first.collection.failures
    assert_says(problem, failure.error, first.message, runs(database_url)[0]["message"])
    acknowledged = job.assert_part(database_url, service)
    assert acknowledged == first.rows_inserted > 0

    service.change(faults=())
    service.forget_requests()
    second = job.run(database_url, service)
    assert second.status == "succeeded"
    assert (second.rows_updated, second.collection.incomplete_days) == (0, 0)
    job.assert_whole(database_url, service)
    assert service.request_count == (1 if job is SOLAR else 2)
    assert [run["status"] for run in runs(database_url)] == ["incomplete", "succeeded"]


def assert_says(problem, *texts):
    for text in texts:
        assert re.search(problem, text), text


STOPPING = [
    case("quota", "code 22.*requests are used up.*run again tomorrow"),
    case("too_many_requests", r"takes no more requests \(HTTP 429\); run again tomorrow", seconds=0),
    case("too_many_requests", "asks to wait 7200 s; run again after 7200 s", seconds=7200),
    case("gateway_error", "code 30.*the service key is not registered", code="30"),
    case("forbidden", "code 30.*the service key is not registered", code="30"),
]


@with_each_job(STOPPING)
def test_a_service_that_gives_no_more_answers_is_not_asked_again_in_the_same_run(
    database_url, simulator, job, fault, problem
):
    stopping = Fault(fault.kind, code=fault.code, seconds=fault.seconds, nth=2)
    service = simulator(today=TODAY, faults=[stopping])
    first = job.run(database_url, service, settings={"concurrency": 1})
    assert service.request_count == 2
    assert first.status == "incomplete"
    assert first.stopped == (fault.kind in {"quota", "too_many_requests"})
    assert_says(problem, first.message, runs(database_url)[0]["message"])
    assert job.assert_part(database_url, service) == first.rows_inserted > 0

    service.change(faults=())
    assert job.run(database_url, service).status == "succeeded"
    job.assert_whole(database_url, service)


@EACH_JOB
def test_with_a_wrong_key_nothing_is_stored_and_with_the_right_one_everything(database_url, simulator, job):
    service = simulator(today=TODAY)
    first = job.run(database_url, service, settings={"service_key": "not+the+key==", "concurrency": 1})
    assert (first.status, first.rows_inserted, service.request_count) == ("incomplete", 0, 1)
    assert_says("service key is not registered", first.message)
    assert job.run(database_url, service).status == "succeeded"
    job.assert_whole(database_url, service)


@EACH_JOB
def test_no_data_is_a_hole_that_is_told_and_filled_later(database_url, simulator, job):
    service = simulator(today=TODAY, faults=[Fault("no_data", where=job.second_part)])
    first = job.run(database_url, service)
    # A station may be out of order; a plant that never came, or no plant on the last days, is something else.
    expected = "succeeded" if job.name == "weather" else "incomplete"
    assert (first.status, first.collection.chunks_failed) == (expected, 0)
    assert first.collection.incomplete_days > 0
    assert f"incomplete: {first.collection.incomplete_days} days" in first.summary()
    assert job.assert_part(database_url, service) == first.rows_inserted > 0
    service.change(faults=())
    assert job.run(database_url, service).collection.incomplete_days == 0
    job.assert_whole(database_url, service)


@EACH_JOB
def test_drift_is_told_and_spoils_no_hour(database_url, simulator, job):
    service = simulator(today=TODAY, faults=[Fault("drift")])
    report = job.run(database_url, service)
    found = report.collection
    assert (report.status, found.chunks_failed) == ("succeeded", 0)
    assert found.unknown_fields
    assert found.vanished_fields
    # In XML every value is a text: of another kind is one that cannot be read.
    assert found.coerced if job is SOLAR else found.retyped_fields
    assert f"unknown fields: {next(iter(found.unknown_fields))}" in report.summary()
    assert set(runs_report(database_url)["collection"]) >= {"unknown_fields", "vanished_fields", "retyped_fields"}
    hours = {WEATHER: "hm", WIND: "generation", SOLAR: "generation"}[job]
    truth, table = job.truth(service), job.stored(database_url)
    assert table[hours].equals(truth[hours])


def runs_report(url):
    return json.loads(runs(url)[-1]["report"])


def test_a_page_that_is_lost_keeps_its_whole_month_out(database_url, simulator):
    plants = [*WIND_PLANTS, Plant("W104", "샛별 풍력")]
    service = simulator(today=TODAY, wind_plants=plants, faults=[Fault("server_error", where={"page": "2"})])
    period = {"since": date(2024, 1, 31), "until": date(2024, 2, 29)}
    first = WIND.run(database_url, service, **period)
    assert (first.status, first.collection.chunks_failed) == ("incomplete", 1)
    assert WIND.assert_part(database_url, service, **period) == len(plants) * 24
    service.change(faults=())
    assert WIND.run(database_url, service, **period).status == "succeeded"
    WIND.assert_whole(database_url, service, **period)


MIXED = ("server_error", "gateway_error", "drop", "cut", "reset")
SIX = {
    WEATHER: {"stations": (90, 95, 98, 108, 130, 159), "since": date(2024, 1, 30), "backfill": True},
    WIND: {"since": date(2024, 1, 20), "until": date(2024, 2, 28)},
    SOLAR: {"since": date(2023, 12, 10), "until": date(2024, 1, 18), "plants": tuple(PLANTS[:6])},
}
"""40 days, a year's end among those of the plants."""


@EACH_JOB
def test_any_mix_of_faults_ends_in_the_truth(database_url, simulator, job):
    mixed = [Fault(kind, share=0.2, code="04") for kind in MIXED]
    plants = [*WIND_PLANTS, *(Plant(f"W20{n}", f"산등성이{n} 풍력") for n in range(3))]
    service = simulator(today=TODAY, wind_plants=plants, faults=[*mixed, Fault("no_data", share=0.1)])
    statuses = []
    while not statuses or statuses[-1] != ("succeeded", 0):
        assert len(statuses) < 40
        report = job.run(database_url, service, settings={"attempts": 2}, **SIX[job])
        statuses.append((report.status, report.collection.incomplete_days))
        job.assert_part(database_url, service, **SIX[job])
    job.assert_whole(database_url, service, **SIX[job])
    assert len(statuses) > 1
    assert len({request.fault for request in service.requests} & set(MIXED)) >= 2
    assert [run["status"] for run in runs(database_url)] == [status for status, _ in statuses]
