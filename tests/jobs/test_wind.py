"""The wind job against the simulated service, into real databases."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from energy_data_layer.errors import OptionError
from energy_data_layer.jobs.options import RunOptions
from energy_data_layer.jobs.wind import run_wind
from energy_data_layer.simulator.faults import Fault
from energy_data_layer.simulator.plants import WIND_PLANTS, Plant
from energy_data_layer.storage.tables import REJECTS, WIND_NAMDONG

from .services import assert_same_rows, runs, settings_of, stored

TODAY = date(2024, 3, 10)
ORDER = ("timestamp", "plant_name")
FIRST, LAST = date(2024, 2, 1), date(2024, 2, 29)


def wind(url, simulator, **options):
    return run_wind(url, settings=settings_of(simulator), today=TODAY, **options)


def test_the_month_before_comes_in_whole(database_url, simulator, engine):
    service = simulator(missing_hours=0.02)
    report = wind(database_url, service, use_rust=engine)
    expected = service.expected_wind(FIRST, LAST)
    assert_same_rows(stored(database_url, WIND_NAMDONG, ORDER), expected)
    assert expected.num_rows == 29 * 24 * len(WIND_PLANTS)
    assert (report.status, report.rows_inserted) == ("succeeded", expected.num_rows)
    assert report.engine == ("rust" if engine else "reference")
    assert report.plants_new == sorted(f"{plant.name} {plant.unit}" for plant in WIND_PLANTS)
    assert report.collection.incomplete_days > 0
    (run,) = runs(database_url)
    assert (run["job"], run["status"], run["run_id"]) == ("wind", "succeeded", report.run_id)
    assert (run["requests"], run["rows_inserted"]) == (report.collection.requests, expected.num_rows)
    assert service.options.key not in run["report"]


def test_the_last_hour_of_a_month_is_the_midnight_after_it(database_url, simulator):
    wind(database_url, simulator())
    stamps = stored(database_url, WIND_NAMDONG, ORDER)["timestamp"].to_pylist()
    assert (stamps[0], stamps[-1]) == (datetime(2024, 2, 1, 1), datetime(2024, 3, 1, 0))


def test_a_second_run_changes_nothing(database_url, simulator):
    service = simulator(missing_hours=0.02)
    first = wind(database_url, service)
    second = wind(database_url, service)
    assert (second.rows_inserted, second.rows_updated) == (0, 0)
    assert second.rows_unchanged == first.rows_inserted
    assert second.plants_new == second.plants_silent == []


def test_the_end_of_a_year_is_no_seam(database_url, simulator):
    service = simulator()
    wind(database_url, service, since="2023-12-30", until="2024-01-02")
    assert_same_rows(
        stored(database_url, WIND_NAMDONG, ORDER), service.expected_wind(date(2023, 12, 30), date(2024, 1, 2))
    )


def test_a_month_with_holes_says_which_days_are_missing(database_url, simulator):
    holes = {date(2024, 2, 3), date(2024, 2, 29)}
    service = simulator(wind_plants=[Plant("W1", "바람 풍력", days_absent=holes), Plant("W2", "파도 풍력")])
    report = wind(database_url, service)
    assert report.status == "succeeded"
    assert [(day.key, day.day, day.hours) for day in report.collection.first_incomplete_days] == [
        ("바람 풍력 1", "2024-02-03", 0),
        ("바람 풍력 1", "2024-02-29", 0),
    ]


def test_a_month_that_has_not_ended_is_expected_up_to_yesterday(database_url, simulator):
    report = wind(database_url, simulator(today=TODAY), month="2024-03")
    assert (report.status, report.collection.last_day) == ("succeeded", "2024-03-09")


def test_the_service_has_ended_within_the_month_and_before_it(database_url, simulator):
    service = simulator(wind_plants=[Plant("W1", "그만둔 풍력", last_day=date(2024, 2, 10))])
    report = wind(database_url, service, month="2024-02")
    assert (report.status, report.rows_inserted) == ("incomplete", 240)
    assert (
        report.message
        == "no data arrived for the last days, 2024-02-11 to 2024-02-29: the service does not have them yet"
    )
    after = wind(database_url, service, since="2024-02-11", until="2024-02-12")
    assert (after.status, runs(database_url)[-1]["status"]) == ("empty", "empty")
    assert after.message == "0 of 48 expected hours arrived, 2024-02-11 to 2024-02-12: the service has no data for them"


def test_a_month_that_is_stored_and_comes_no_longer_is_told(database_url, simulator):
    service = simulator(wind_plants=[Plant("W1", "바람 풍력")])
    assert wind(database_url, service).status == "succeeded"
    service.change(wind_plants=[])
    assert wind(database_url, service).status == "empty"


def test_plants_that_come_go_and_change_their_name_are_told(database_url, simulator):
    plants = [
        Plant("W1", "옛 풍력", renamed={date(2024, 2, 15): "새 풍력"}),
        Plant("W2", "그만둔 풍력", last_day=date(2024, 1, 31)),
        Plant("W3", "시작한 풍력", first_day=date(2024, 2, 10)),
    ]
    service = simulator(wind_plants=plants)
    january = wind(database_url, service, month="2024-01")
    february = wind(database_url, service)
    assert january.plants_new == ["그만둔 풍력 1", "옛 풍력 1"]
    assert february.plants_new == ["새 풍력 1", "시작한 풍력 1"]
    assert february.plants_silent == ["그만둔 풍력 1"]
    assert_same_rows(stored(database_url, WIND_NAMDONG, ORDER), service.expected_wind(date(2024, 1, 1), LAST))


def test_two_farms_of_one_name_are_set_aside_and_kept(database_url, simulator):
    twins = [Plant("W1", "같은 풍력"), Plant("W2", "같은 풍력", capacity=3000.0), Plant("W3", "다른 풍력")]
    service = simulator(wind_plants=twins)
    report = wind(database_url, service, since="2024-02-01", until="2024-02-02")
    assert report.rejects == {"different rows for one key": 2 * 48}
    assert set(stored(database_url, WIND_NAMDONG, ORDER)["plant_name"].to_pylist()) == {"다른 풍력 1"}
    rejects = stored(database_url, REJECTS, ("line",)).to_pylist()
    assert len(rejects) == 2 * 48
    assert all("같은 풍력" in reject["content"] for reject in rejects)
    again = wind(database_url, service, since="2024-02-01", until="2024-02-02")
    assert again.rows_rejected == 2 * 48
    assert stored(database_url, REJECTS, ("line",)).num_rows == 2 * 48


def test_an_error_that_is_final_leaves_the_run_incomplete(database_url, simulator):
    service = simulator(faults=[Fault("gateway_error", code="30")])
    report = wind(database_url, service)
    assert report.status == "incomplete"
    assert "SERVICE KEY" in report.message.upper().replace("_", " ")
    assert service.request_count == 1
    assert runs(database_url)[0]["status"] == "incomplete"
    service.change(faults=[])
    assert wind(database_url, service).status == "succeeded"


def test_a_dry_run_tells_the_months_and_asks_nothing(tmp_path, simulator):
    service = simulator()
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    report = wind(url, service, since="2024-01-15", until="2024-02-03", dry_run=True)
    assert report.plan == ["namdong_wind 2024-01-15..2024-01-31", "namdong_wind 2024-02-01..2024-02-03"]
    assert service.request_count == 0
    assert not (tmp_path / "energy.duckdb").exists()


def test_what_was_kept_raw_gives_the_same_rows_without_the_service(tmp_path, simulator):
    service = simulator(missing_hours=0.02)
    first, second = (f"duckdb:///{tmp_path}/{name}.duckdb" for name in ("first", "second"))
    wind(first, service, keep_raw=tmp_path / "raw")
    asked = service.request_count
    replayed = wind(second, service, from_raw=tmp_path / "raw")
    assert service.request_count == asked
    assert replayed.status == "succeeded"
    assert stored(first, WIND_NAMDONG, ORDER).equals(stored(second, WIND_NAMDONG, ORDER))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"month": "2024-13"}, "month is"),
        ({"month": "2024-04"}, "2024-04 is not available yet; data ends on 2024-03-09"),
        ({"month": "2024-01", "since": "2024-01-01"}, "month cannot be combined"),
        ({"since": "2024-02-02", "until": "2024-02-01"}, "is after until"),
        ({"since": "gestern"}, "since is"),
        ({"until": "2024-03-10"}, "is not available yet"),
        ({"keep_raw": "a", "from_raw": "b"}, "cannot be combined"),
        ({"from_raw": "no such folder"}, "no folder"),
    ],
)
def test_options_that_cannot_be_meant_are_refused_before_anything_happens(tmp_path, simulator, options, problem):
    service = simulator()
    with pytest.raises(OptionError, match=problem):
        wind(f"duckdb:///{tmp_path}/energy.duckdb", service, **options)
    assert service.request_count == 0
    assert not (tmp_path / "energy.duckdb").exists()


def test_without_a_key_the_variable_is_named(tmp_path, simulator):
    service = simulator()
    with pytest.raises(OptionError, match="EDL_SERVICE_KEY"):
        run_wind(f"duckdb:///{tmp_path}/energy.duckdb", settings=settings_of(service, service_key=None), today=TODAY)


def test_none_asks_for_what_a_run_has_by_default(monkeypatch):
    monkeypatch.setenv("EDL_CONCURRENCY", "3")
    options = RunOptions(settings=None, today=None)
    assert options.settings.concurrency == 3
    assert options.today == RunOptions().today
