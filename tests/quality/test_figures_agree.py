"""Status, page and run report count the same, on tables with holes at their edges and within."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from energy_data_layer.jobs.solar import run_solar
from energy_data_layer.jobs.status import status_of
from energy_data_layer.jobs.weather.from_service import collect_weather
from energy_data_layer.jobs.wind import run_wind
from energy_data_layer.quality.facts import quality_facts
from energy_data_layer.simulator import Plant
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.tables import NAMBU_GENERATION, WEATHER_ASOS, WIND_NAMDONG

from ..jobs.services import settings_of

TODAY = date(2024, 3, 10)
PERIOD = {"since": date(2024, 2, 25), "until": date(2024, 3, 5)}


@pytest.fixture
def reports(database_url, simulator):
    """The reports of three jobs whose sources have holes, in one database."""
    absent = {date(2024, 2, 28), date(2024, 3, 2)}
    service = simulator(
        today=TODAY,
        missing_hours=0.01,
        asos_days_absent={108: list(absent)},
        wind_plants=[Plant("W1", "바람 풍력", days_absent=absent), Plant("W2", "파도 풍력")],
        solar_plants=[Plant("997D", "한빛 태양광", days_absent=absent)],
    )
    options = {"settings": settings_of(service), "today": TODAY, **PERIOD}
    # Hours without rows get none here, as in a station that was closed.
    weather = collect_weather(database_url, stations=[108, 159], max_absence="1h", **options)
    wind = run_wind(database_url, **options)
    solar = run_solar(database_url, plants=[("997D", "1")], **options)
    return {WEATHER_ASOS: weather, WIND_NAMDONG: wind, NAMBU_GENERATION: solar}


def test_status_page_and_report_have_the_same_figures(database_url, reports):
    status = {table.table: table for table in status_of(database_url).tables}
    page = {table.table: table for table in quality_facts(database_url).coverage}
    assert status.keys() == page.keys() == reports.keys()
    for table, report in reports.items():
        assert report.collection.incomplete_days > 0
        assert sum(one.incomplete_days for one in status[table].series) == report.collection.incomplete_days
        ours = [(one.key, one.name, one.last_hour, one.incomplete_days) for one in status[table].series]
        assert ours == [(one.key, one.name, one.last, one.incomplete_days) for one in page[table].series]
        assert {one.last_hour for one in status[table].series} == {datetime(2024, 3, 5, 23)}
        end = timedelta(hours=1) if table == WIND_NAMDONG else timedelta(0)
        assert {one.last for one in status[table].series} == {datetime(2024, 3, 5, 23) + end}


def test_a_day_of_which_hours_come_only_later_is_incomplete_everywhere(database_url, reports):
    """The first and the last day count as any other."""
    with Database.connect(database_url) as database:
        database.execute(f"DELETE FROM {WEATHER_ASOS} WHERE tm < $1", [datetime(2024, 2, 25, 5)])
        database.execute(f"DELETE FROM {WEATHER_ASOS} WHERE tm > $1", [datetime(2024, 3, 5, 20)])
    (status,) = (table for table in status_of(database_url).tables if table.table == WEATHER_ASOS)
    page = quality_facts(database_url).weather
    assert [one.incomplete_days for one in status.series] == [one.incomplete_days for one in page.series]
    assert sum(one.incomplete_days for one in status.series) == reports[WEATHER_ASOS].collection.incomplete_days + 4


def test_a_run_took_as_long_everywhere(database_url, reports):
    seconds = {report.job: report.seconds for report in reports.values()}
    assert {run["job"]: run["seconds"] for run in status_of(database_url).runs} == seconds
    assert {run["job"]: run["seconds"] for run in quality_facts(database_url).runs.newest} == seconds
