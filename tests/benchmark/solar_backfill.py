"""A backfill of solar plants: as it was before, one request after the other, and many at once."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date, timedelta
from time import perf_counter
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import row_by_row
from simulated import NO_LIMIT, Services, services

from energy_data_layer.datasets.dataset import Chunk
from energy_data_layer.jobs import solar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from databases import Databases

FIRST = date(2024, 1, 1)
MOST_OVER_BOUND = 1.15
LEAST_TIMES_FASTER = 10


@dataclass(frozen=True)
class Way:
    """How the days are asked for."""

    title: str
    per_plant_day: bool
    """One request per plant and day, as before; else the job's own chunks."""
    concurrency: int
    rate: float | None = None
    """Requests per second; None where no limit binds."""
    judged: bool = True


@dataclass(frozen=True)
class Backfill:
    """How much there is to fetch, and how long an answer takes."""

    days: int
    latency: float
    part: int
    """Days that are fetched as before; their time is scaled."""
    ways: tuple[Way, ...]
    repeats: int
    """Runs of a way with the job's chunks, which are short."""

    @property
    def last(self) -> date:
        """The last day."""
        return FIRST + timedelta(days=self.days - 1)


WAYS = (
    Way("the job's chunks, one after the other", per_plant_day=False, concurrency=1, judged=False),
    Way("the job's chunks, 8 at once", per_plant_day=False, concurrency=8),
    Way("the job's chunks, 8 at once, 10 a second (the defaults)", per_plant_day=False, concurrency=8, rate=10),
    Way("one request per plant-day, 32 at once", per_plant_day=True, concurrency=32),
    Way("one request per plant-day, 32 at once, 100 a second", per_plant_day=True, concurrency=32, rate=100),
)


def measure(backfill: Backfill, databases: Databases) -> list[dict[str, Any]]:
    """Return the ways' figures per database; each way has a simulator with its limit."""
    results = []
    for kind in databases.kinds:
        with services(backfill.latency) as service:
            _warm_up(service, databases.empty(kind))
            days = [FIRST + timedelta(days=number) for number in range(backfill.part)]
            before = row_by_row.measure(service, databases.empty(kind), days, backfill.days)
        results.append({"database": kind, "way": "before", "rate": None, **before})
        for way in backfill.ways:
            with services(backfill.latency, way.rate) as service:
                repeats = 1 if way.per_plant_day else backfill.repeats
                runs = [_run(way, backfill, service, databases.empty(kind)) for _ in range(repeats)]
                figures = sorted(runs, key=lambda run: run["seconds"])[repeats // 2]
            results.append(_judged(way, backfill, kind, figures, before["seconds"]))
    return results


def _warm_up(service: Services, url: str) -> None:
    """Load what the job needs, which counts for none of the ways."""
    solar.run_solar(url, since=FIRST, until=FIRST, plants=service.solar_plants[:1], settings=service.settings())


def _run(way: Way, backfill: Backfill, service: Services, url: str) -> dict[str, Any]:
    settings = service.settings(concurrency=way.concurrency, requests_per_second=way.rate or NO_LIMIT)
    with _one_request_per_plant_day() if way.per_plant_day else nullcontext():
        begin = perf_counter()
        report = solar.run_solar(url, since=FIRST, until=backfill.last, plants=service.solar_plants, settings=settings)
        seconds = perf_counter() - begin
    expected = 24 * backfill.days * len(service.solar_plants)
    assert (report.status, report.rows_inserted) == ("succeeded", expected), report.to_json()
    return {
        "seconds": seconds,
        "requests": report.collection.requests,
        "retries": report.collection.retries,
        "stages": {stage.name: stage.seconds for stage in report.stages},
    }


@contextmanager
def _one_request_per_plant_day() -> Iterator[None]:
    def chunks_of_days(keys_and_days: Iterable[tuple[tuple[str, ...], date]]) -> list[Chunk]:
        return [Chunk("nambu_solar", key, day, day) for key, day in keys_and_days]

    with patch.object(solar, "chunks_of_days", chunks_of_days):
        yield


def _judged(way: Way, backfill: Backfill, kind: str, figures: dict[str, Any], before: float) -> dict[str, Any]:
    requests, seconds = figures["requests"], figures["seconds"]
    limit = way.rate or way.concurrency / backfill.latency
    if way.rate is None:
        rounds = -(-requests // way.concurrency)
        bound = rounds * backfill.latency
        target, ok = f">= {LEAST_TIMES_FASTER} x before", before / seconds >= LEAST_TIMES_FASTER
    else:
        bound = (requests - 1) / limit + backfill.latency
        target, ok = f"<= {MOST_OVER_BOUND} x bound", seconds / bound <= MOST_OVER_BOUND
    return {
        "database": kind,
        "way": way.title,
        "rate": way.rate,
        "bound_seconds": bound,
        "over_bound": seconds / bound,
        "times_faster": before / seconds,
        "target": target if way.judged else None,
        # A request that was refused and sent again would hide a wrong pace.
        "ok": (ok and figures["retries"] == 0) if way.judged else None,
        **figures,
    }
