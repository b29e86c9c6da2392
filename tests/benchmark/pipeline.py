"""Measure each job from its source to the database with both engines: where the engine matters, and where not."""

from __future__ import annotations

import gc
import sys
import tempfile
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import harness
import meter
import numpy as np
import pyarrow as pa
from harness import ENGINES
from meter import Meter
from servers import NO_LIMIT, Services, databases, services

from energy_data_layer.datasets.asos import STATIONS
from energy_data_layer.engine.equality import differences
from energy_data_layer.jobs.generation.from_files import run_generation
from energy_data_layer.jobs.solar import run_solar
from energy_data_layer.jobs.weather.from_files import run_weather
from energy_data_layer.jobs.weather.from_service import collect_weather
from energy_data_layer.jobs.wind import run_wind
from energy_data_layer.simulator import sample_generation
from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, write_asos_sample
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.tables import RUNS, all_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from energy_data_layer.reports.run_report import RunReport

DAY = date(2024, 3, 1)
"""The day of the daily run; periods end with the day before it, and those of files begin with a year before it."""
WORTH_MIGRATING = 0.30
"""Share of a job's CPU time, on the reference, from which on a transform is a case for Rust."""
OF_THE_RUN = {"run_id", "changed", "first_seen", "last_seen", "noticed"}
"""Columns that tell of the run that wrote a row."""


SIZES = {
    "file_stations": (5, 1),
    "file_years": (4, 1),
    "stations": (95, 3),
    "stored_days": (41, 2),
    "backfill_days": (30, 2),
    "wind_days": (29, 2),
    "solar_days": (100, 2),
    "generation_days": (5 * 365, 91),
    "latency": (0.15, 0.01),
    "rate": (10, 200),
    "repeats": (3, 1),  # of a job that no limit holds up for long
    "warm_up": (True, False),
    "postgresql": (True, False),
}


@dataclass(frozen=True)
class Job:
    """A job to be measured: it runs into the database of a URL, with Rust or without, after what prepares that."""

    title: str
    run: Callable[[str, bool], RunReport]
    repeats: int = 1
    prepare: Callable[[str], object] = lambda url: None


PARTS = ("weather_files", "weather_day", "weather_backfill", "wind", "solar", "generation")


def jobs(sizes: Any, folder: Path, service: Services, fast: Services) -> dict[str, Job]:
    """Return all jobs; `fast` is a service without latency, for what is stored before."""
    settings = service.settings(requests_per_second=sizes.rate)
    stations = list(STATIONS)[: sizes.stations]
    weather_files = write_asos_sample(
        folder / "weather",
        stations=SAMPLE_STATIONS[: sizes.file_stations],
        since=date(DAY.year - sizes.file_years, 1, 1),
        until=date(DAY.year, 1, 1),
    )
    # The package's sample for so many days, those that it is about by itself included.
    last_day = sample_generation.DAYS[-1]
    with patch.object(sample_generation, "DAYS", np.arange(last_day - sizes.generation_days + 1, last_day + 1)):
        generation_files = sample_generation.write_generation_sample(folder / "generation")

    def last(days: int) -> dict[str, Any]:
        return {"since": DAY - timedelta(days=days), "until": DAY - timedelta(days=1), "settings": settings}

    def weather(url: str, use_rust: bool, **period: Any) -> RunReport:
        return collect_weather(url, stations=stations, use_rust=use_rust, **period)

    def store_days(url: str) -> object:
        without_limit = fast.settings(requests_per_second=NO_LIMIT)
        return weather(url, True, **last(sizes.stored_days) | {"settings": without_limit})

    return {
        "weather_files": Job(
            f"weather files, {sizes.file_stations} stations × {sizes.file_years} years",
            lambda url, use_rust: run_weather(weather_files, url, use_rust=use_rust),
            sizes.repeats,
        ),
        "weather_day": Job(
            f"weather service, {sizes.stations} stations × 1 day, {sizes.stored_days} days stored",
            lambda url, use_rust: weather(url, use_rust, since=DAY, until=DAY, settings=settings),
            prepare=store_days,
        ),
        "weather_backfill": Job(
            f"weather service, {sizes.stations} stations × {sizes.backfill_days} days",
            lambda url, use_rust: weather(url, use_rust, backfill=True, **last(sizes.backfill_days)),
        ),
        "wind": Job(
            f"wind service, {sizes.wind_days} days of all farms",
            lambda url, use_rust: run_wind(url, use_rust=use_rust, **last(sizes.wind_days)),
            sizes.repeats,
        ),
        "solar": Job(
            f"solar service, {len(service.solar_plants)} plants × {sizes.solar_days} days",
            lambda url, use_rust: run_solar(
                url, plants=service.solar_plants, use_rust=use_rust, **last(sizes.solar_days)
            ),
            sizes.repeats,
        ),
        "generation": Job(
            f"generation files, 7 units × {sizes.generation_days:,} days",
            lambda url, use_rust: run_generation(generation_files, url, use_rust=use_rust),
            sizes.repeats,
        ),
    }


def measure(sizes: Any, names: list[str]) -> dict[str, Any]:
    """Measure some jobs, or all."""
    with (
        databases(postgresql=sizes.postgresql) as kinds,
        tempfile.TemporaryDirectory() as folder,
        services(sizes.latency, sizes.rate) as service,
        services(0) as fast,
    ):
        small = SimpleNamespace(**{name: pair[1] for name, pair in SIZES.items()} | {"rate": sizes.rate})
        # What a process loads when it does something for the first time is no part of the figures.
        for this in [small, sizes] if sizes.warm_up else [sizes]:
            results = {"runs": [], "shares": []}
            for name, job in jobs(this, Path(folder, str(this.stations)), service, fast).items():
                for kind in kinds if name in names else ():
                    runs, shares = _in_turns({"job": name, "title": job.title, "database": kind}, job, kinds[kind])
                    results["runs"] += runs
                    results["shares"] += shares
    return results


def _in_turns(
    described: dict[str, Any], job: Job, empty: Callable[[], str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return of each engine the run of median time, and the share of each transform; compare what was stored."""
    runs: dict[str, list[dict[str, Any]]] = {engine: [] for engine in ENGINES}
    tables = {}
    for turn in range(job.repeats):
        for engine in list(ENGINES) if turn % 2 else reversed(ENGINES):
            url = empty()
            job.prepare(url)
            runs[engine].append(described | {"engine": engine, "repeats": job.repeats} | _run(job, url, engine))
            tables[engine] = stored(url)
    reference, rust = (
        sorted(samples, key=lambda run: run["wall_seconds"])[len(samples) // 2] for samples in runs.values()
    )
    wall, found = reference["wall_seconds"], differing(*(tables[engine] for engine in ENGINES))
    return [reference, rust], [
        described
        | {
            "transform": name,
            "rows": figures["rows"],
            "cpu_share": figures["cpu_seconds"] / reference["cpu_seconds"],
            "wall_share": figures["wall_seconds"] / wall,
            # What would be gained if all transforms of the job took no time.
            "amdahl_bound": reference["split"]["transforms"] / wall,
            "gain_with_rust": 1 - rust["wall_seconds"] / wall,
            "agree": not found,
            "difference": "; ".join(found),
        }
        for name, figures in reference["transforms"].items()
    ]


def _run(job: Job, url: str, engine: str) -> dict[str, Any]:
    noted = Meter()
    gc.collect()
    with noted.running():
        report = job.run(url, ENGINES[engine])
    assert (report.status, report.engine) == ("succeeded", engine), report.to_json()
    return noted.figures() | {
        "stages": {stage.name: stage.seconds for stage in report.stages},
        "rows_stored": report.rows_inserted + report.rows_updated,
    }


def stored(url: str) -> dict[str, pa.Table]:
    """Return the tables of a database but that of the runs, in an order that a run does not change."""
    with Database.connect(url) as database:
        return {table: _ordered(database.read(table)) for table in all_tables() if table != RUNS}


def _ordered(rows: pa.Table) -> pa.Table:
    kept = rows.select([name for name in rows.column_names if name not in OF_THE_RUN])
    # All keys are among these; a number may differ by rounding.
    names = [field.name for field in kept.schema if not pa.types.is_floating(field.type)]
    return kept.sort_by([(name, "ascending") for name in names])


def differing(expected: dict[str, pa.Table], actual: dict[str, pa.Table]) -> list[str]:
    """Return what differs between two databases, a line per table and column; nothing where all is equal."""
    return [f"{table}: {found}" for table in expected for found in differences(expected[table], actual[table])]


NOTES = (
    "Of several runs the one of median time. CPU time is that of the job's process, all "
    "threads: DuckDB's work is in it, that of the PostgreSQL server (without fsync) and of the services is not.",
    "Network wait: a collection is under way, and the process does not use the CPU. Parsing and storing while further "
    "answers are awaited counts for transforms and database: below a rate limit the run would wait just as long "
    "without it, and less can be gained than the shares say.",
    "Reading a body of generation is two transforms: payload_rows makes items of it, wide_to_long hours of these. Rows "
    "given are items, days of plants, or hours with their context and history.",
    "Shares are of the job on the reference. The share of all transforms bounds what Rust can gain; what is beyond it "
    "is noise of the machine.",
)


def document(results: dict[str, Any]) -> list[Any]:
    """Return both tables, and how to read them."""
    shares = results["shares"]
    differences = [f"DIFFERENT: {share['title']}: {share['difference']}" for share in shares if not share["agree"]]
    job = (("job", "{title}"), ("database", "{database}"))
    runs = [
        run | {f"in {part}": run["split"][part] / run["wall_seconds"] for part in meter.PARTS}
        for run in results["runs"]
    ]
    return [
        "Where the time of each job goes, in % of its wall time:",
        harness.table(
            runs,
            *job,
            ("engine", "{engine}"),
            ("runs", "{repeats}"),
            ("rows stored", "{rows_stored:,}"),
            ("s", "{wall_seconds:.2f}"),
            ("CPU s", "{cpu_seconds:.2f}"),
            *((part.replace("_", " "), f"{{in {part}:.1%}}") for part in meter.PARTS),
        ),
        "What each transform takes of a job on the reference, and what Rust brings the job:",
        harness.table(
            [share | {"worth": share["cpu_share"] >= WORTH_MIGRATING} for share in shares],
            *job,
            ("transform", "{transform}"),
            ("rows given", "{rows:,}"),
            ("of the CPU time", "{cpu_share:.1%}"),
            (f">= {WORTH_MIGRATING:.0%}", "{worth}"),
            ("of the wall time", "{wall_share:.1%}"),
            ("all transforms", "{amdahl_bound:.1%}"),
            ("gained with Rust", "{gain_with_rust:.1%}"),
            ("stored alike", "{agree}"),
        ),
        harness.bullets([*dict.fromkeys(differences), *NOTES]),
    ]


def holds(results: dict[str, Any]) -> bool:
    """Return whether the engines stored the same rows."""
    return all(share["agree"] for share in results["shares"])


if __name__ == "__main__":
    sys.exit(harness.run())
