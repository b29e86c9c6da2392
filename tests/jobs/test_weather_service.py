"""The weather job against the simulated service, into real databases: days, edges, holes, faults."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pyarrow.compute as pc
import pytest

from energy_data_layer.core.provenance import Provenance
from energy_data_layer.errors import OptionError
from energy_data_layer.jobs.weather.from_service import STAGES, collect_weather
from energy_data_layer.simulator.faults import Fault
from energy_data_layer.storage.tables import FILL_CHANGES, WEATHER_ASOS

from .services import runs, settings_of, stored

TODAY = date(2024, 3, 10)
YESTERDAY = date(2024, 3, 9)
ORDER = ("stnId", "tm")
STATIONS = [90, 108, 159]


def weather(url, simulator, **options):
    settings = settings_of(simulator, **options.pop("settings", {}))
    return collect_weather(url, settings=settings, **({"stations": STATIONS, "today": TODAY} | options))


def assert_observations_are_stored(url, expected, columns=("ta", "hm", "ws", "pa")):
    """What was observed is stored as it is and marked so; all that was missing is filled and marked otherwise."""
    table = stored(url, WEATHER_ASOS, ORDER)
    keyed = table.join(expected.select(["stnId", "tm", *columns]), keys=list(ORDER), right_suffix=" sent")
    assert table.num_rows == keyed.num_rows >= expected.num_rows
    for name in columns:
        sent, value, code = (keyed.column(column) for column in (f"{name} sent", name, f"{name}_provenance"))
        observed = pc.is_valid(sent)
        assert pc.all(pc.equal(pc.filter(sent, observed), pc.filter(value, observed))).as_py()
        assert pc.equal(code, int(Provenance.OBSERVED)).equals(observed)
    return table


def test_yesterday_comes_in_whole(database_url, simulator, engine):
    service = simulator(today=TODAY)
    report = weather(database_url, service, use_rust=engine)
    expected = service.expected_asos(STATIONS, YESTERDAY, YESTERDAY)
    table = assert_observations_are_stored(database_url, expected)
    assert table.num_rows == 3 * 24
    rest = [name for name in expected.column_names if name not in {"ta", "hm", "ws", "pa"}]
    assert table.select(rest).equals(expected.select(rest).cast(table.select(rest).schema))
    assert (report.status, report.rows_inserted, report.stations) == ("succeeded", 72, 3)
    assert [stage.name for stage in report.stages] == list(STAGES)
    assert report.collection.requests == service.request_count == 3
    assert report.collection.incomplete_days == 0
    assert [run["status"] for run in runs(database_url)] == ["succeeded"]


def test_day_after_day_gives_what_all_days_at_once_give(database_url, tmp_path, simulator):
    """The rows are the same, and so are the fills but for those that depend on what was stored when they were made."""
    service = simulator(today=TODAY, asos_absent_hours=0.05)
    first = date(2024, 3, 4)
    at_once = f"duckdb:///{tmp_path}/at_once.duckdb"
    for day in range(6):
        weather(database_url, service, since=first + timedelta(days=day), until=first + timedelta(days=day))
    weather(at_once, service, since=first)
    expected = service.expected_asos(STATIONS, first, YESTERDAY)
    daily = assert_observations_are_stored(database_url, expected)
    whole = assert_observations_are_stored(at_once, expected)
    assert daily.select(ORDER).equals(whole.select(ORDER))
    for name in ("ta", "hm", "ws", "pa"):
        assert daily[f"{name}_provenance"].equals(whole[f"{name}_provenance"])
        interpolated = pc.less_equal(whole[f"{name}_provenance"], int(Provenance.NEAREST))
        difference = pc.abs(pc.subtract(daily[name], whole[name]))
        # A spline takes all observed points of the series; what two weeks of context leave out is rounding.
        assert pc.max(pc.filter(difference, interpolated)).as_py() < 1e-6


def day_that_ends_in_a_gap(service):
    """A station, and a day of it whose last hour alone has no temperature."""
    for station in range(90, 300):
        rows = service.expected_asos([station], date(2024, 2, 1), YESTERDAY).select(["tm", "ta"]).to_pylist()
        for before, last, after in zip(rows, rows[1:], rows[2:], strict=False):
            is_alone = before["ta"] is not None and last["ta"] is None and after["ta"] is not None
            if is_alone and last["tm"].hour == 23 and last["tm"].date() < YESTERDAY:
                return station, last["tm"]
    raise AssertionError("no made-up station has such a day")


def test_a_fill_at_the_edge_is_computed_again_when_the_next_day_arrives(database_url, simulator):
    service = simulator(today=TODAY)
    station, stamp = day_that_ends_in_a_gap(service)

    def fill():
        (row,) = [row for row in stored(database_url, WEATHER_ASOS, ORDER).to_pylist() if row["tm"] == stamp]
        return row["ta"], row["ta_provenance"]

    weather(database_url, service, stations=[station], since=stamp.date(), until=stamp.date())
    at_the_edge = fill()
    next_day = stamp.date() + timedelta(days=1)
    report = weather(database_url, service, stations=[station], since=next_day, until=next_day)
    assert at_the_edge[1] == Provenance.NEAREST
    assert fill()[1] == Provenance.SPLINE
    changes = stored(database_url, FILL_CHANGES, ("tm", "field")).to_pylist()
    assert report.fills_changed == len(changes)
    (change,) = [row for row in changes if row["field"] == "ta" and row["tm"] == stamp]
    assert (change["run_id"], change["stnId"]) == (report.run_id, station)
    assert (change["old_value"], change["old_provenance"]) == at_the_edge
    assert (change["new_value"], change["new_provenance"]) == fill()


def test_a_second_run_changes_nothing(database_url, simulator):
    service = simulator(today=TODAY)
    first = weather(database_url, service, since=date(2024, 3, 1))
    second = weather(database_url, service, since=date(2024, 3, 1))
    assert (second.rows_inserted, second.rows_updated, second.fills_changed) == (0, 0, 0)
    assert second.rows_unchanged == first.rows_inserted


@pytest.mark.slow
def test_a_long_period_is_stored_in_parts(database_url, simulator):
    service = simulator(today=TODAY)
    first = date(2023, 11, 1)
    report = weather(database_url, service, since=first)
    assert_observations_are_stored(database_url, service.expected_asos(STATIONS, first, YESTERDAY))
    assert report.collection.chunks == 3 * 4
    assert len(report.collection.traces) == 4


def test_a_station_that_fails_does_not_hold_up_the_others(database_url, simulator):
    service = simulator(today=TODAY, faults=[Fault("gateway_error", code="10", where={"stnIds": "108"})])
    report = weather(database_url, service)
    assert (report.status, report.rows_inserted) == ("incomplete", 48)
    (failure,) = report.collection.failures
    assert (failure.key, failure.first) == ("108", "2024-03-09")
    service.change(faults=[])
    again = weather(database_url, service, backfill=True)
    assert (again.plan, again.status) == (["asos 108 2024-03-09..2024-03-09"], "succeeded")
    assert_observations_are_stored(database_url, service.expected_asos(STATIONS, YESTERDAY, YESTERDAY))


def test_a_station_without_data_is_a_hole_and_not_an_error(database_url, simulator):
    service = simulator(today=TODAY, asos_days_absent={108: [YESTERDAY]})
    report = weather(database_url, service)
    assert (report.status, report.rows_inserted) == ("succeeded", 48)
    assert [(day.key, day.hours) for day in report.collection.first_incomplete_days] == [("108", 0)]


def test_when_no_station_answers_nothing_is_written(database_url, simulator):
    service = simulator(today=TODAY, asos_days_absent={key: [YESTERDAY] for key in STATIONS})
    report = weather(database_url, service)
    assert (report.status, report.rows_inserted, report.collection.incomplete_days) == ("empty", 0, 3)
    assert report.message == (
        "0 of 72 expected hours arrived for 108, 159, 90, 2024-03-09 to 2024-03-09: the service has no data for them"
    )


def test_a_station_that_the_service_does_not_have_is_told(database_url, simulator):
    service = simulator(today=TODAY, asos_days_absent={999: [YESTERDAY]})
    report = weather(database_url, service, stations=[108, 999])
    assert (report.status, report.rows_inserted) == ("incomplete", 24)
    assert report.message.startswith("no data arrived for 999, 2024-03-09 to 2024-03-09: unknown to the service")


def test_yesterday_that_no_station_has_yet_is_told_by_a_backfill(database_url, simulator):
    service = simulator(today=TODAY, asos_days_absent={key: [YESTERDAY] for key in STATIONS})
    report = weather(database_url, service, since=date(2024, 3, 7), backfill=True)
    assert (report.status, report.rows_inserted) == ("incomplete", 3 * 48)
    assert (
        report.message
        == "no data arrived for the last days, 2024-03-09 to 2024-03-09: the service does not have them yet"
    )
    again = weather(database_url, service, since=date(2024, 3, 7), backfill=True)
    assert again.status == "empty"


def test_a_backfill_whose_old_holes_stay_succeeds(database_url, simulator):
    service = simulator(today=TODAY, asos_days_absent={108: [date(2024, 3, 8)]})
    weather(database_url, service, stations=[90, 108], since=date(2024, 3, 7), max_absence="1h")
    again = weather(database_url, service, stations=[90, 108], since=date(2024, 3, 7), backfill=True)
    assert (again.plan, again.status) == (["asos 108 2024-03-08..2024-03-08"], "succeeded")


def test_yesterday_is_that_of_korea(tmp_path, simulator, monkeypatch):
    service = simulator(today=date(2025, 1, 1))
    monkeypatch.setattr("energy_data_layer.jobs.options.today_in_korea", lambda: date(2025, 1, 1))
    report = collect_weather(f"duckdb:///{tmp_path}/e.duckdb", settings=settings_of(service), stations=[108])
    assert report.arguments["since"] == report.arguments["until"] == "2024-12-31"
    stamps = stored(f"duckdb:///{tmp_path}/e.duckdb", WEATHER_ASOS, ORDER)["tm"].to_pylist()
    assert (stamps[0], stamps[-1]) == (datetime(2024, 12, 31), datetime(2024, 12, 31, 23))


def test_what_was_kept_raw_gives_the_same_rows_without_the_service(tmp_path, simulator):
    service = simulator(today=TODAY, asos_absent_hours=0.05)
    first, second = (f"duckdb:///{tmp_path}/{name}.duckdb" for name in ("first", "second"))
    weather(first, service, since=date(2024, 3, 5), keep_raw=tmp_path / "raw")
    asked = service.request_count
    replayed = weather(second, service, from_raw=tmp_path / "raw")
    assert service.request_count == asked
    assert replayed.rows_inserted == 3 * 5 * 24
    assert (replayed.collection.first, replayed.collection.last) == ("2024-03-05", "2024-03-09")
    assert replayed.collection.incomplete_days == 0
    assert stored(first, WEATHER_ASOS, ORDER).equals(stored(second, WEATHER_ASOS, ORDER))


def test_history_of_stations_without_long_gaps_is_left_where_it_is(database_url, simulator, monkeypatch):
    """Reading only what fills need gives the same fills as reading everything that is stored."""
    service = simulator(today=TODAY, asos_absent_hours=0.08)
    weather(database_url, service, since=date(2023, 2, 20), until=date(2023, 3, 20))
    asked = []
    module = "energy_data_layer.jobs.weather.filling"
    from energy_data_layer.jobs.weather import filling

    read = filling.observations_outside_periods

    def spy(database, periods, columns, stations):
        asked.append(stations)
        everything = read(database, periods, columns, None)
        some = read(database, periods, columns, stations)
        assert stations is None or some.num_rows < everything.num_rows
        return some

    monkeypatch.setattr(f"{module}.observations_outside_periods", spy)
    weather(database_url, service, since=date(2024, 3, 1))
    frugal = stored(database_url, WEATHER_ASOS, ORDER)
    monkeypatch.setattr(f"{module}.observations_outside_periods", lambda d, p, c, _: read(d, p, c, None))
    report = weather(database_url, service, since=date(2024, 3, 1))
    assert asked[0] is not None
    assert (report.rows_updated, report.fills_changed) == (0, 0)
    assert stored(database_url, WEATHER_ASOS, ORDER).equals(frugal)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"since": "2024-03-10"}, "is not available yet|is after until"),
        ({"until": "2024-03-10"}, "is not available yet"),
        ({"columns": ["rn"]}, "rn cannot be imputed"),
        ({"columns": []}, "columns is empty"),
        ({"max_spline_gap": 169}, "at most 168"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(tmp_path, simulator, options, problem):
    service = simulator(today=TODAY)
    with pytest.raises(OptionError, match=problem):
        weather(f"duckdb:///{tmp_path}/e.duckdb", service, **options)
    assert service.request_count == 0


def test_parts_that_fail_are_counted_among_all(tmp_path, simulator):
    service = simulator(today=TODAY, faults=[Fault("server_error", where={"stnIds": "90"})])
    report = weather(f"duckdb:///{tmp_path}/energy.duckdb", service, settings={"attempts": 1, "concurrency": 1})
    assert report.message.startswith("1 of 3 parts could not be fetched")
    assert (report.collection.chunks_failed, report.collection.chunks_failed_for_good) == (1, 0)
    service.change(faults=[Fault("gateway_error", code="30")])
    report = weather(f"duckdb:///{tmp_path}/energy.duckdb", service, since=YESTERDAY)
    assert (report.collection.chunks_failed, report.collection.chunks_failed_for_good) == (3, 3)
