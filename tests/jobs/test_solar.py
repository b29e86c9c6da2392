"""The solar job against the simulated service, into real databases: backfill, resumption, what is missing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from energy_data_layer.errors import OptionError
from energy_data_layer.jobs.solar import run_solar
from energy_data_layer.simulator.faults import Fault
from energy_data_layer.simulator.plants import SOLAR_PLANTS, Plant
from energy_data_layer.storage.tables import NAMBU_GENERATION

from .services import assert_same_rows, runs, settings_of, stored

TODAY = date(2024, 3, 10)
ORDER = ("datetime", "gencd", "hogi")
PLANTS = [(plant.code, plant.unit) for plant in SOLAR_PLANTS]
FIRST, LAST = date(2024, 2, 1), date(2024, 2, 29)


def solar(url, simulator, **options):
    settings = settings_of(simulator, **options.pop("settings", {}))
    chosen = {"since": FIRST, "until": LAST, "plants": PLANTS[:3], "today": TODAY} | options
    return run_solar(url, settings=settings, **chosen)


def test_the_days_come_in_whole(database_url, simulator, engine):
    service = simulator()
    report = solar(database_url, service, use_rust=engine)
    expected = service.expected_solar(FIRST, LAST, PLANTS[:3])
    assert expected.num_rows == 29 * 24 * 3
    assert_same_rows(stored(database_url, NAMBU_GENERATION, ORDER), expected)
    assert (report.status, report.rows_inserted) == ("succeeded", expected.num_rows)
    assert report.collection.incomplete_days == 0
    assert report.plants_new == [" ".join(plant) for plant in sorted(PLANTS[:3])]


def test_only_days_that_are_not_stored_in_full_are_asked_for(database_url, simulator):
    service = simulator()
    solar(database_url, service, until=date(2024, 2, 10))
    service.forget_requests()
    again = solar(database_url, service, until=date(2024, 2, 10))
    assert (service.request_count, again.rows_read, again.plan) == (0, 0, [])
    further = solar(database_url, service, until=date(2024, 2, 12), plants=PLANTS[:2])
    assert further.plan == [f"nambu_solar {code} {unit} 2024-02-11..2024-02-12" for code, unit in sorted(PLANTS[:2])]
    assert further.rows_inserted == 2 * 48


def test_plants_that_are_stored_need_not_be_named_again(database_url, simulator):
    service = simulator()
    solar(database_url, service, until=FIRST)
    report = solar(database_url, service, until=FIRST + timedelta(days=1), plants=None)
    assert report.rows_inserted == 3 * 24


def test_days_that_answer_only_when_the_next_one_is_asked_for_too_come_in(database_url, simulator):
    service = simulator(solar_next_day=1.0)
    solar(database_url, service)
    assert_same_rows(stored(database_url, NAMBU_GENERATION, ORDER), service.expected_solar(FIRST, LAST, PLANTS[:3]))


def test_holes_are_told_and_asked_for_again(database_url, simulator):
    holes = {date(2024, 2, 3), date(2024, 2, 20)}
    service = simulator(solar_plants=[Plant("997D", None, days_absent=holes)])
    report = solar(database_url, service, plants=[("997D", "1")])
    assert report.status == "succeeded"
    assert [(day.key, day.day, day.hours) for day in report.collection.first_incomplete_days] == [
        ("997D 1", "2024-02-03", 0),
        ("997D 1", "2024-02-20", 0),
    ]
    service.change(solar_plants=[Plant("997D", None)])
    again = solar(database_url, service, plants=[("997D", "1")])
    assert again.plan == ["nambu_solar 997D 1 2024-02-03..2024-02-03", "nambu_solar 997D 1 2024-02-20..2024-02-20"]
    assert again.rows_inserted == 48
    assert again.collection.incomplete_days == 0


def test_a_plant_that_answers_nothing_is_told(database_url, simulator):
    service = simulator()
    report = solar(database_url, service, plants=[*PLANTS[:1], ("none", "1")])
    assert report.plants_silent == ["none 1"]
    assert (report.status, report.rows_inserted) == ("incomplete", 29 * 24)
    assert report.message == (
        "no data arrived for none 1, 2024-02-01 to 2024-02-29: unknown to the service, or without data"
    )


def test_a_run_to_which_nothing_comes_is_empty(database_url, simulator):
    service = simulator()
    report = solar(database_url, service, plants=[("none", "1"), ("none", "2")], until=FIRST)
    assert (report.status, report.rows_inserted) == ("empty", 0)
    assert report.message == (
        "0 of 48 expected hours arrived for none 1, none 2, 2024-02-01 to 2024-02-01: the service has no data for them"
    )
    assert runs(database_url)[0]["status"] == "empty"


def test_holes_between_stored_days_that_stay_are_no_empty_run_and_days_after_them_are(database_url, simulator):
    plant = Plant("997D", None, days_absent={date(2024, 2, 3)}, first_day=date(2024, 2, 2), last_day=date(2024, 2, 10))
    service = simulator(solar_plants=[plant])
    only = {"plants": [("997D", "1")]}
    # Partly before the plant's time.
    assert solar(database_url, service, until=date(2024, 2, 10), **only).status == "succeeded"
    again = solar(database_url, service, since=date(2024, 2, 2), until=date(2024, 2, 10), **only)
    assert (again.plan, again.status) == (["nambu_solar 997D 1 2024-02-03..2024-02-03"], "succeeded")
    before = solar(database_url, service, since=date(2024, 1, 1), until=date(2024, 1, 31), **only)
    assert (before.status, "0 of 744 expected hours arrived for 997D 1" in before.message) == ("empty", True)
    after = solar(database_url, service, since=date(2024, 2, 2), until=date(2024, 2, 12), **only)
    assert after.status == "empty"
    assert "0 of 48 expected hours arrived for 997D 1, 2024-02-11 to 2024-02-12" in after.message


def test_the_last_days_that_do_not_come_are_missed_although_a_hole_is_filled(database_url, simulator):
    plant = Plant("997D", None, days_absent={date(2024, 2, 3)}, last_day=date(2024, 2, 10))
    service = simulator(solar_plants=[plant])
    only = {"plants": [("997D", "1")]}
    solar(database_url, service, until=date(2024, 2, 10), **only)
    service.change(solar_plants=[Plant("997D", None, last_day=date(2024, 2, 10))])
    report = solar(database_url, service, until=date(2024, 2, 11), **only)
    assert (report.status, report.rows_inserted) == ("incomplete", 24)
    assert (
        report.message
        == "no data arrived for the last days, 2024-02-11 to 2024-02-11: the service does not have them yet"
    )


def test_hours_without_a_value_stay_missing_and_are_asked_for_again(database_url, simulator):
    service = simulator(missing_hours=0.05)
    first = solar(database_url, service)
    assert stored(database_url, NAMBU_GENERATION, ORDER)["generation"].null_count > 0
    assert first.collection.incomplete_days > 0
    service.change(missing_hours=0.0)
    second = solar(database_url, service)
    assert second.collection.incomplete_days == 0
    assert second.rows_inserted == 0
    assert second.rows_updated > 0


def test_a_value_is_not_erased_by_a_later_blank(database_url, simulator, tmp_path):
    service = simulator()
    solar(database_url, service)
    before = stored(database_url, NAMBU_GENERATION, ORDER)
    service.change(missing_hours=0.3)
    # Every day is there, so only bodies that were kept bring the blanks.
    solar(f"duckdb:///{tmp_path}/other.duckdb", service, keep_raw=tmp_path / "raw")
    replayed = solar(database_url, service, from_raw=tmp_path / "raw")
    assert replayed.rows_read == before.num_rows
    assert stored(database_url, NAMBU_GENERATION, ORDER)["generation"].equals(before["generation"])


def test_when_the_day_is_used_up_the_rest_is_left_for_tomorrow(database_url, simulator):
    service = simulator(requests_per_day=2)
    report = solar(database_url, service, settings={"concurrency": 1})
    assert (report.status, report.stopped) == ("incomplete", True)
    assert report.collection.chunks_failed == 1
    assert report.rows_inserted == 2 * 29 * 24
    assert "tomorrow" in report.message
    service.change(requests_per_day=None)
    assert solar(database_url, service).rows_inserted == 29 * 24
    assert_same_rows(stored(database_url, NAMBU_GENERATION, ORDER), service.expected_solar(FIRST, LAST, PLANTS[:3]))


def test_the_own_limit_of_the_day_counts_earlier_runs(database_url, simulator):
    service = simulator()
    limit = {"requests_per_day": 4}
    assert solar(database_url, service, settings=limit).status == "succeeded"
    second = solar(database_url, service, plants=PLANTS[3:6], settings=limit)
    assert service.request_count == 4
    assert (second.status, second.stopped) == ("incomplete", True)
    assert second.rows_inserted == 29 * 24


def test_the_end_of_a_year_is_no_seam(database_url, simulator):
    service = simulator()
    first, last = date(2023, 12, 30), date(2024, 1, 2)
    solar(database_url, service, since=first, until=last)
    assert_same_rows(stored(database_url, NAMBU_GENERATION, ORDER), service.expected_solar(first, last, PLANTS[:3]))


def test_without_a_known_plant_nothing_can_be_asked(tmp_path, simulator):
    with pytest.raises(OptionError, match="EDL_SOLAR_PLANTS"):
        solar(f"duckdb:///{tmp_path}/energy.duckdb", simulator(), plants=None)


def test_a_run_that_cannot_store_is_told_as_failed(tmp_path, simulator, monkeypatch):
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    service = simulator()

    def refuse(*_, **__):
        raise OSError("no space left")

    with monkeypatch.context() as broken:
        broken.setattr("energy_data_layer.jobs.service.settle_repeated_rows", refuse)
        with pytest.raises(OSError, match="no space left"):
            solar(url, service)
    (run,) = runs(url)
    assert run["status"] == "failed"
    assert run["message"] == "OSError"
    assert solar(url, service).rows_inserted == 3 * 29 * 24


DRIFT = [Fault("unknown_field", service="nambu_solar")]


def test_drift_is_told(database_url, simulator):
    report = solar(database_url, simulator(faults=DRIFT))
    assert report.status == "succeeded"
    assert report.collection.unknown_fields
    assert "unknown fields" in report.summary()
