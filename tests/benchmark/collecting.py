"""Measure how services are collected: against the bound of the rate limit, and against one request after the other."""

from __future__ import annotations

import sys
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from xml.etree import ElementTree as ET

import harness
import httpx
from harness import in_fresh_process
from servers import NO_LIMIT, Services, databases, services

from energy_data_layer.datasets.asos import STATIONS
from energy_data_layer.datasets.dataset import Chunk
from energy_data_layer.jobs import service as service_job
from energy_data_layer.jobs.solar import run_solar
from energy_data_layer.jobs.weather.from_service import collect_weather
from energy_data_layer.reports.run_report import peak_rss_megabytes
from energy_data_layer.services.client import ServiceClient
from energy_data_layer.storage.tables import NAMBU_GENERATION
from energy_data_layer.storage.urls import duckdb_path, is_postgresql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from energy_data_layer.datasets.dataset import Dataset
    from energy_data_layer.reports.run_report import RunReport

    Databases = dict[str, Callable[[], str]]

FIRST = date(2024, 1, 1)
DAY = date(2024, 3, 1)
"""The day of weather that is asked for."""
MOST_OVER_BOUND = 1.15
MOST_SECONDS_AFTER = 0.5
LEAST_TIMES_FASTER = 10
MOST_OVER_SHORTER = 1.10


@dataclass(frozen=True)
class Way:
    """How a backfill asks: in the job's chunks, or with one request per plant and day, as before.

    `rate` is in requests per second; None where no limit binds.
    """

    title: str
    per_plant_day: bool
    concurrency: int
    rate: float | None = None
    judged: bool = True


WAYS = (
    Way("the job's chunks, one after the other", per_plant_day=False, concurrency=1, judged=False),
    Way("the job's chunks, 8 at once", per_plant_day=False, concurrency=8),
    Way("the job's chunks, 8 at once, 10 a second (the defaults)", per_plant_day=False, concurrency=8, rate=10),
    Way("one request per plant-day, 32 at once", per_plant_day=True, concurrency=32),
    Way("one request per plant-day, 32 at once, 100 a second", per_plant_day=True, concurrency=32, rate=100),
)
SIZES = {
    "latency": (0.15, 0.01),
    "postgresql": (True, False),
    # Of the backfill: days, those that are fetched as before, and runs of a way with the job's chunks, which are short.
    "days": (100, 2),
    "part": (4, 1),
    "ways": (WAYS, (WAYS[1], Way("8 at once, 200 a second", per_plant_day=True, concurrency=8, rate=200))),
    "repeats": (3, 1),
    # Of the day of weather.
    "stations": (95, 3),
    "rate": (20, 200),
    "stored_days": ((0, 41), (0, 2)),
    # Days of backfills whose memory is measured, each with the shorter one that it is held against. A chunk holds up to
    # a year of a plant: what is compared is within a year, and from two years on.
    "lengths": (((10, None), (100, 10), (730, None), (1825, 730)), ((1, None), (2, 1))),
    "processes": (3, 1),
}
PAGE = "io.md"
LIBRARIES = ("httpx", "duckdb", "adbc-driver-postgresql", "sqlalchemy")


def measure(sizes: Any) -> dict[str, Any]:
    """Measure on each database."""
    with databases(postgresql=sizes.postgresql) as kinds:
        with services(0) as fast:
            results = {"memory": _memory(sizes, kinds, fast), **_weather(sizes, kinds, fast)}
        with services(sizes.latency) as service:
            results["solar"] = _solar(sizes, kinds, service)
    asked = {"days": sizes.days, "latency": sizes.latency, "stations": sizes.stations, "rate": sizes.rate}
    return results | {"scale": asked}


# A backfill of solar plants


def _solar(sizes: Any, kinds: Databases, unlimited: Services) -> list[dict[str, Any]]:
    """Return the ways' figures per database; a way with a limit has a simulator with that limit."""
    results = []
    for kind, empty in kinds.items():
        # Loads what the job needs, which counts for none of the ways.
        _backfill(empty(), unlimited, FIRST, FIRST, unlimited.solar_plants[:1])
        before = _one_by_one(unlimited, empty(), sizes)
        results.append({"database": kind, "way": "before", "rate": None, **before})
        for way in sizes.ways:
            repeats = 1 if way.per_plant_day else sizes.repeats
            with nullcontext(unlimited) if way.rate is None else services(sizes.latency, way.rate) as service:
                runs = [_run(way, sizes, service, empty()) for _ in range(repeats)]
            run = sorted(runs, key=lambda run: run["seconds"])[repeats // 2]
            judged = _judged(way, sizes.latency, run, before["seconds"])
            results.append({"database": kind, "way": way.title, "rate": way.rate, **run, **judged})
    return results


def _backfill(
    url: str, service: Services, since: date, until: date, plants: list[Any] | None = None, **limits: Any
) -> RunReport:
    plants = plants or service.solar_plants
    settings = service.settings(**{"requests_per_second": NO_LIMIT} | limits)
    report = run_solar(url, since=since, until=until, plants=plants, settings=settings)
    hours = 24 * ((until - since).days + 1) * len(plants)
    assert (report.status, report.rows_inserted) == ("succeeded", hours), report.to_json()
    return report


def _run(way: Way, sizes: Any, service: Services, url: str) -> dict[str, Any]:
    def chunks_of_days(dataset: Dataset, keys_and_days: Iterable[tuple[tuple[str, ...], date]]) -> list[Chunk]:
        return [Chunk(dataset.name, key, day, day) for key, day in keys_and_days]

    limits = {"concurrency": way.concurrency, "requests_per_second": way.rate or NO_LIMIT}
    with patch.object(service_job, "chunks_of_days", chunks_of_days) if way.per_plant_day else nullcontext():
        begin = perf_counter()
        report = _backfill(url, service, FIRST, FIRST + timedelta(days=sizes.days - 1), **limits)
        seconds = perf_counter() - begin
    return {"seconds": seconds, "requests": report.collection.requests, "retries": report.collection.retries}


def _judged(way: Way, latency: float, run: dict[str, Any], before: float) -> dict[str, Any]:
    if way.rate is None:
        bound = -(-run["requests"] // way.concurrency) * latency
        target, ok = f">= {LEAST_TIMES_FASTER} x before", before / run["seconds"] >= LEAST_TIMES_FASTER
    else:
        bound = (run["requests"] - 1) / way.rate + latency
        target, ok = f"<= {MOST_OVER_BOUND} x bound", run["seconds"] / bound <= MOST_OVER_BOUND
    return {
        "bound_seconds": bound,
        "over_bound": run["seconds"] / bound,
        "times_faster": before / run["seconds"],
        "target": target if way.judged else None,
        # A request that was refused and sent again would hide a wrong pace.
        "ok": (ok and run["retries"] == 0) if way.judged else None,
    }


# As it was before: a request per plant and day, one after the other, and rows by executemany


PATH = "/B552520/PwrSunLightInfo/getDataService"
KEY = ("datetime", "gencd", "hogi")
DAILY = {"daily_total": "qvodgen", "daily_avg": "qvodavg", "daily_max": "qvodmax", "daily_min": "qvodmin"}
NAMES = (*KEY, "plant_name", "generation", *DAILY)


def _one_by_one(service: Services, url: str, sizes: Any) -> dict[str, Any]:
    """Return the seconds of requests and of rows, measured on some days and scaled to all."""
    asking = storing = 0.0
    with _storing(url) as store, httpx.Client(base_url=service.url) as client:
        for code, unit in service.solar_plants:
            for day in (FIRST + timedelta(days=number) for number in range(sizes.part)):
                begin = perf_counter()
                rows = _rows(client, service.key, code, unit, day)
                asked = perf_counter()
                store(rows)
                asking += asked - begin
                storing += perf_counter() - asked
    requests, factor = len(service.solar_plants) * sizes.part, sizes.days / sizes.part
    return {
        "requests": round(requests * factor),
        "measured_requests": requests,
        "asking_seconds": asking * factor,
        "storing_seconds": storing * factor,
        "seconds": (asking + storing) * factor,
    }


def _rows(client: httpx.Client, key: str, code: str, unit: str, day: date) -> list[dict[str, Any]]:
    period = {"strSdate": f"{day:%Y%m%d}", "strEdate": f"{day + timedelta(days=1):%Y%m%d}"}
    asked = {"serviceKey": key, "pageNo": 1, "numOfRows": 10, "strOrgCd": code, "strHoki": unit}
    items = ET.fromstring(client.get(PATH, params=asked | period).content).iter("item")
    (item,) = (item for item in items if item.findtext("ymd") == str(day))
    return [
        {
            "datetime": datetime.combine(day, datetime.min.time()) + timedelta(hours=hour),
            "gencd": code,
            "hogi": unit,
            "plant_name": f"{item.findtext('ipptnm')} {unit}",
            "generation": _number(item.findtext(f"qhorgen{hour + 1:02}")),
            **{name: _number(item.findtext(field)) for name, field in DAILY.items()},
        }
        for hour in range(24)
    ]


def _number(text: str | None) -> float | None:
    return float(text) if text else None


@contextmanager
def _storing(url: str) -> Iterator[Callable[[list[dict[str, Any]]], None]]:
    """Yield what stores the rows of a request: DuckDB's executemany, or SQLAlchemy's."""
    changes = ", ".join(f"{name} = excluded.{name}" for name in NAMES[len(KEY) :])
    statement = (
        f"INSERT INTO {NAMBU_GENERATION} ({', '.join(NAMES)}) VALUES ({{}}) "
        f"ON CONFLICT ({', '.join(KEY)}) DO UPDATE SET {changes}"
    )
    if is_postgresql(url):
        import sqlalchemy

        engine = sqlalchemy.create_engine(url.replace("postgresql", "postgresql+psycopg2", 1))
        upsert = sqlalchemy.text(statement.format(", ".join(f":{name}" for name in NAMES)))

        def store(rows: list[dict[str, Any]]) -> None:
            with engine.begin() as connection:
                connection.execute(upsert, rows)

        yield store
        engine.dispose()
        return
    import duckdb

    with duckdb.connect(str(duckdb_path(url))) as connection:

        def store_in_duckdb(rows: list[dict[str, Any]]) -> None:
            connection.begin()
            connection.executemany(statement.format(", ".join("?" * len(NAMES))), [list(row.values()) for row in rows])
            connection.commit()

        yield store_in_duckdb


# One day of all weather stations: the requests against their limit, and what comes after the last byte


def _weather(sizes: Any, kinds: Databases, fast: Services) -> dict[str, Any]:
    """Return the figures per database and amount of stored days, and what the first run in this process took."""
    stations = list(STATIONS)[: sizes.stations]
    results = []
    with services(sizes.latency, sizes.rate) as service:
        begin = perf_counter()
        _collect(next(iter(kinds.values()))(), fast, DAY, DAY, stations[:2], NO_LIMIT)
        first_run = {"stations": 2, "seconds": perf_counter() - begin}
        for kind, empty in kinds.items():
            for stored in sizes.stored_days:
                url = empty()
                if stored:
                    _collect(url, fast, DAY - timedelta(days=stored), DAY - timedelta(days=1), stations, NO_LIMIT)
                results.append({"database": kind, "stored_days": stored, **_day(url, service, stations, sizes)})
    return {"weather": results, "first_run": first_run}


def _day(url: str, service: Services, stations: list[int], sizes: Any) -> dict[str, Any]:
    arrived: list[float] = []
    exchange = ServiceClient._exchange

    async def noted(client: ServiceClient, *arguments: Any) -> Any:
        answer = await exchange(client, *arguments)
        arrived.append(perf_counter())
        return answer

    with patch.object(ServiceClient, "_exchange", noted):
        begin = perf_counter()
        report = _collect(url, service, DAY, DAY, stations, sizes.rate)
        end = perf_counter()
    requests, retries = report.collection.requests, report.collection.retries
    bound = (requests - 1) / sizes.rate + sizes.latency
    seconds, after = end - begin, end - max(arrived)
    return {
        "requests": requests,
        "retries": retries,
        "seconds": seconds,
        "bound_seconds": bound,
        "over_bound": seconds / bound,
        "over_bound_ok": retries == 0 and seconds / bound <= MOST_OVER_BOUND,
        "after_seconds": after,
        "after_ok": after <= MOST_SECONDS_AFTER,
    }


def _collect(url: str, service: Services, since: date, until: date, stations: list[int], rate: float) -> RunReport:
    settings = service.settings(requests_per_second=rate)
    report = collect_weather(url, since=since, until=until, stations=stations, settings=settings)
    hours = 24 * len(stations) * ((until - since).days + 1)
    assert (report.status, report.rows_inserted) == ("succeeded", hours), report.to_json()
    return report


# Peak memory of a backfill by its length


def _memory(sizes: Any, kinds: Databases, service: Services) -> list[dict[str, Any]]:
    """Return the peak per database and length, the median over fresh processes, against that of a shorter one."""
    results = []
    for kind, empty in kinds.items():
        peaks = {}
        for days, shorter in sizes.lengths:
            runs = [in_fresh_process(peak, empty(), service.variables, days) for _ in range(sizes.processes)]
            before, peaks[days] = (median(run[which] for run in runs) for which in (0, 1))
            ratio = None if shorter is None else peaks[days] / peaks[shorter]
            results.append(
                {
                    "database": kind,
                    "days": days,
                    "rows": 24 * days * len(service.solar_plants),
                    "before_mb": before,
                    "peak_mb": peaks[days],
                    "shorter": shorter,
                    "over_shorter": ratio,
                    "ok": None if ratio is None else ratio <= MOST_OVER_SHORTER,
                }
            )
    return results


def peak(url: str, variables: dict[str, str], days: int) -> tuple[float, float]:
    """Return the peak before and after a backfill of so many days."""
    before = peak_rss_megabytes()
    _backfill(url, Services(variables), FIRST - timedelta(days=days - 1), FIRST)
    return before, peak_rss_megabytes()


# Output


def document(results: dict[str, Any]) -> list[Any]:
    """Return a table of each part."""
    scale, first, before = results["scale"], results["first_run"], results["solar"][0]
    shares = "; ".join(
        f"in {row['database']} {row['asking_seconds']:.1f} s of it are the requests and "
        f"{row['storing_seconds']:.1f} s the rows"
        for row in results["solar"]
        if row["way"] == "before"
    )
    unjudged = dict.fromkeys(("bound_seconds", "over_bound", "times_faster", "target", "ok"))
    return [
        f"Solar, {scale['days']} days of 10 plants, answers after {scale['latency'] * 1000:.0f} ms:",
        harness.table(
            [unjudged | row for row in results["solar"]],
            ("way", "{way}"),
            ("database", "{database}"),
            ("requests", "{requests:,}"),
            ("s", "{seconds:.2f}"),
            ("bound s", "{bound_seconds:.2f}"),
            ("s / bound", "{over_bound:.2f}"),
            ("× before", "{times_faster:.0f}"),
            ("target", "{target}"),
            ("ok", "{ok}"),
        ),
        '"Before" is one request per plant and day, one after the other, and rows by executemany; measured on '
        f"{before['measured_requests']} requests and scaled: {shares}. The bound is (requests - 1) / limit + latency, "
        "or, where no limit binds, the rounds of requests × latency. The tables are there before the clock starts; "
        "opening the database is part of the time. The job's chunks are the median of several runs.",
        f"ASOS, one day of {scale['stations']} stations, answers after {scale['latency'] * 1000:.0f} ms, "
        f"{scale['rate']:g} requests a second:",
        harness.table(
            results["weather"],
            ("database", "{database}"),
            ("days stored before", "{stored_days}"),
            ("requests", "{requests}"),
            ("s", "{seconds:.2f}"),
            ("bound s", "{bound_seconds:.2f}"),
            ("s / bound", "{over_bound:.2f}"),
            ("target", f"<= {MOST_OVER_BOUND}"),
            ("ok", "{over_bound_ok}"),
            ("s after the last byte", "{after_seconds:.2f}"),
            ("target", f"<= {MOST_SECONDS_AFTER}"),
            ("ok", "{after_ok}"),
        ),
        f"The process is warm: its first run, {first['stations']} stations and all imports, took "
        f"{first['seconds']:.1f} s and is not in the table.",
        "Peak memory of a process that fills up 10 solar plants, server not included; a chunk holds up to a year of a "
        "plant:",
        harness.table(
            results["memory"],
            ("database", "{database}"),
            ("days", "{days:,}"),
            ("rows", "{rows:,}"),
            ("MB before", "{before_mb:.0f}"),
            ("peak MB", "{peak_mb:.0f}"),
            ("days held against", "{shorter:,}"),
            ("ratio", "{over_shorter:.2f}"),
            ("target", lambda row: "-" if row["shorter"] is None else f"<= {MOST_OVER_SHORTER:.2f}"),
            ("ok", "{ok}"),
        ),
    ]


def meets_goals(results: dict[str, Any]) -> bool:
    """Return whether each target is met."""
    rows = [row for part in ("solar", "weather", "memory") for row in results[part]]
    return not any(row.get(name) is False for row in rows for name in ("ok", "over_bound_ok", "after_ok"))


if __name__ == "__main__":
    sys.exit(harness.run())
