"""One day of all weather stations: the requests against their limit, and what comes after the last byte."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from time import perf_counter
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from simulated import NO_LIMIT, Services, services

from energy_data_layer.datasets.asos import STATIONS
from energy_data_layer.jobs.weather.from_service import collect_weather
from energy_data_layer.services.client import ServiceClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from databases import Databases

    from energy_data_layer.reports.weather_report import WeatherReport

DAY = date(2024, 3, 1)
MOST_OVER_BOUND = 1.15
MOST_SECONDS_AFTER = 0.5


@dataclass(frozen=True)
class WeatherDay:
    """How many stations are asked for, how fast, and how many days are stored before."""

    stations: int
    latency: float
    rate: float
    stored_days: tuple[int, ...]


def measure(weather: WeatherDay, databases: Databases) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the figures per database and amount of stored days, and what the first run in this process took."""
    stations = list(STATIONS)[: weather.stations]
    results = []
    with services(0) as fast, services(weather.latency, weather.rate) as service:
        begin = perf_counter()
        _collect(databases.empty(databases.kinds[0]), fast, DAY, DAY, stations[:2], NO_LIMIT)
        first_run = {"stations": 2, "seconds": perf_counter() - begin}
        for kind in databases.kinds:
            for stored in weather.stored_days:
                url = databases.empty(kind)
                if stored:
                    _collect(url, fast, DAY - timedelta(days=stored), DAY - timedelta(days=1), stations, NO_LIMIT)
                results.append({"database": kind, "stored_days": stored, **_day(url, service, stations, weather)})
    return results, first_run


def _day(url: str, service: Services, stations: list[int], weather: WeatherDay) -> dict[str, Any]:
    with _arrivals() as arrived:
        begin = perf_counter()
        report = _collect(url, service, DAY, DAY, stations, weather.rate)
        end = perf_counter()
    requests = report.collection.requests
    bound = (requests - 1) / weather.rate + weather.latency
    seconds, after = end - begin, end - max(arrived)
    quick = report.collection.retries == 0 and seconds / bound <= MOST_OVER_BOUND
    return {
        "requests": requests,
        "retries": report.collection.retries,
        "seconds": seconds,
        "bound_seconds": bound,
        "over_bound": seconds / bound,
        "over_bound_ok": quick,
        "after_seconds": after,
        "after_ok": after <= MOST_SECONDS_AFTER,
        "stages": {stage.name: stage.seconds for stage in report.stages},
    }


def _collect(url: str, service: Services, since: date, until: date, stations: list[int], rate: float) -> WeatherReport:
    settings = service.settings(requests_per_second=rate)
    report = collect_weather(url, since=since, until=until, stations=stations, settings=settings)
    assert report.status == "succeeded", report.to_json()
    assert report.rows_inserted == 24 * len(stations) * ((until - since).days + 1), report.to_json()
    return report


@contextmanager
def _arrivals() -> Iterator[list[float]]:
    """Note when each body was there."""
    arrived: list[float] = []
    exchange = ServiceClient._exchange

    async def noted(client: ServiceClient, *arguments: Any) -> Any:
        answer = await exchange(client, *arguments)
        arrived.append(perf_counter())
        return answer

    with patch.object(ServiceClient, "_exchange", noted):
        yield arrived
