"""What is asked for: every day once, in pieces that the service answers."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from energy_data_layer.core import clock
from energy_data_layer.datasets.asos import ASOS, STATIONS
from energy_data_layer.datasets.chunks import chunks_of_days, chunks_of_range
from energy_data_layer.datasets.dataset import PageInfo
from energy_data_layer.datasets.koen_wind import KOEN_WIND
from energy_data_layer.datasets.kospo_solar import KOSPO_SOLAR
from energy_data_layer.errors import OptionError

DAYS = st.dates(date(2019, 12, 1), date(2022, 2, 1))
RANGES = st.tuples(DAYS, DAYS).map(sorted)
TODAY = date(2024, 3, 1)


def days_of(found):
    return [
        (chunk.key, chunk.first + timedelta(days=n))
        for chunk in found
        for n in range((chunk.last - chunk.first).days + 1)
    ]


def range_of(first, last):
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@given(RANGES)
@example((date(2020, 2, 28), date(2020, 3, 1)))
@example((date(2020, 12, 31), date(2021, 1, 1)))
def test_each_day_is_asked_for_once(days):
    first, last = days
    stations = [108, 159]
    found = chunks_of_range(ASOS, first, last, [(station,) for station in stations])
    assert days_of(found) == [((str(station),), day) for station in stations for day in range_of(first, last)]
    assert all(chunk.days * 24 <= 999 for chunk in found)

    found = chunks_of_range(KOEN_WIND, first, last)
    assert days_of(found) == [((), day) for day in range_of(first, last)]
    assert all((chunk.first.year, chunk.first.month) == (chunk.last.year, chunk.last.month) for chunk in found)

    found = chunks_of_range(KOSPO_SOLAR, first, last, [("997D", "1"), ("997D", "2")])
    assert days_of(found) == [(("997D", unit), day) for unit in "12" for day in range_of(first, last)]
    assert all(chunk.first.year == chunk.last.year for chunk in found)


@given(st.lists(st.tuples(st.sampled_from([("108",), ("159",)]), DAYS), max_size=40))
def test_single_days_are_all_asked_for_and_few_others(wanted):
    found = chunks_of_days(ASOS, wanted)
    asked = days_of(found)
    assert len(set(asked)) == len(asked)
    assert set(wanted) <= set(asked)
    bridged = len(asked) - len(set(wanted))
    assert bridged <= 3 * len(set(wanted))


def test_neighbouring_days_share_a_chunk():
    first = date(2023, 1, 1)
    days = [first + timedelta(days=n) for n in (0, 1, 5, 10, 40)]
    labels = [chunk.label for chunk in chunks_of_days(KOSPO_SOLAR, [(("997D", "1"), day) for day in reversed(days)])]
    assert labels == [
        "nambu_solar 997D 1 2023-01-01..2023-01-06",
        "nambu_solar 997D 1 2023-01-11..2023-01-11",
        "nambu_solar 997D 1 2023-02-10..2023-02-10",
    ]


def test_a_run_of_days_is_cut_where_the_service_needs_it():
    days = range_of(date(2022, 11, 20), date(2023, 1, 10))
    assert [chunk.days for chunk in chunks_of_days(ASOS, [((108,), day) for day in days])] == [41, 11]
    solar = chunks_of_days(KOSPO_SOLAR, [(("997D", "1"), day) for day in days])
    assert [str(chunk.first) for chunk in solar] == ["2022-11-20", "2023-01-01"]


def test_no_days():
    assert chunks_of_days(ASOS, []) == chunks_of_days(KOSPO_SOLAR, []) == []


def test_a_range_that_ends_before_it_begins():
    with pytest.raises(OptionError, match="since is 2023-01-02, until is 2023-01-01"):
        chunks_of_range(KOEN_WIND, date(2023, 1, 2), date(2023, 1, 1))


@pytest.mark.parametrize(
    ("moment", "today"),
    [
        ("2023-12-31T14:59:59+00:00", date(2023, 12, 31)),
        ("2023-12-31T15:00:00+00:00", date(2024, 1, 1)),
        ("2023-12-31T20:00:00-05:00", date(2024, 1, 1)),
    ],
)
def test_today_is_that_of_korea(moment, today, monkeypatch):
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.fromisoformat(moment).astimezone(tz)

    monkeypatch.setattr(clock, "datetime", Clock)
    assert clock.today_in_korea() == today


def test_there_are_95_stations():
    assert len(STATIONS) == 95
    assert STATIONS[108] == "서울"


def test_the_stations_are_those_of_the_portals_export(real_data_folder):
    import csv

    (path,) = (real_data_folder / "asos_week_95_stations").glob("*.csv")
    with path.open(encoding="cp949", newline="") as file:
        assert {int(row["지점"]): row["지점명"] for row in csv.DictReader(file)} == STATIONS


def test_the_request_for_observations():
    (chunk,) = chunks_of_range(ASOS, date(2024, 1, 1), date(2024, 1, 31), [(108,)])
    assert dict(ASOS.request(chunk, 2).parameters) == {
        "pageNo": "2",
        "numOfRows": "999",
        "dataType": "JSON",
        "dataCd": "ASOS",
        "dateCd": "HR",
        "startDt": "20240101",
        "startHh": "00",
        "endDt": "20240131",
        "endHh": "23",
        "stnIds": "108",
    }


@pytest.mark.parametrize(
    ("info", "so_far", "last"),
    [
        (PageInfo(0, total_count=50), 20, True),
        (PageInfo(999, total_count=1000), 999, False),
        (PageInfo(1, total_count=1000), 1000, True),
        (PageInfo(999, total_count=999), 999, True),
        (PageInfo(999), 999, False),
        (PageInfo(998), 998, True),
        (PageInfo(100, rows_per_page=100), 100, False),
        (PageInfo(99, rows_per_page=100), 99, True),
        (PageInfo(999, total_count=0), 999, False),
        (PageInfo(5, total_count=0), 5, True),
        (PageInfo(100, rows_per_page=100, total_count=984), 100, False),
    ],
)
def test_where_the_pages_of_observations_end(info, so_far, last):
    assert ASOS.service.is_last(info, so_far, 999) is last


@pytest.mark.parametrize(
    ("info", "last"),
    [
        (PageInfo(100), False),
        (PageInfo(99), True),
        (PageInfo(0), True),
        (PageInfo(100, last=True), True),
        (PageInfo(100, last=False), False),
        (PageInfo(50, last=False), False),
        (PageInfo(0, last=False), True),
    ],
)
def test_where_the_pages_of_wind_end(info, last):
    assert KOEN_WIND.service.is_last(info, info.items, 100) is last
