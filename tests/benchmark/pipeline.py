"""Measure each job from its source to the database with both engines: where the engine matters, and where not."""

from __future__ import annotations

import gc
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import flow_times
import harness
import meter
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from harness import ENGINES
from meter import Meter
from servers import DUCKDB, Services, databases, services

from energy_data_layer.core.provenance import MODEL_SUFFIX
from energy_data_layer.datasets.asos import STATIONS
from energy_data_layer.engine.equality import differences
from energy_data_layer.jobs.generation.from_files import run_generation
from energy_data_layer.jobs.options import DEFAULT_COLUMNS
from energy_data_layer.jobs.solar import run_solar
from energy_data_layer.jobs.weather.fit import fit_gap_model
from energy_data_layer.jobs.weather.from_files import run_weather
from energy_data_layer.jobs.weather.from_service import collect_weather
from energy_data_layer.jobs.weather.method import OPTIMAL_INTERPOLATION, PROBABILITY
from energy_data_layer.jobs.wind import run_wind
from energy_data_layer.simulator import sample_generation, sample_weather
from energy_data_layer.simulator.observations import _station
from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, asos_sample_table, write_asos_sample
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.gap_models import FillMethod, model_content, set_fill_method, store_model
from energy_data_layer.storage.migrations import add_fill_columns, migrate
from energy_data_layer.storage.tables import (
    FILL_METHODS,
    GAP_MODELS,
    RUNS,
    STORED_FILES,
    WEATHER_ASOS,
    WEATHER_KEY,
    all_tables,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from energy_data_layer.reports.run_report import RunReport

DAY = date(2024, 3, 1)
"""The day of the daily run; periods end with the day before it, and those of files begin with a year before it."""
PINNED = "spline_climatology"
DAILY_GOAL = 1.5
"""With a stored model a daily run takes at most so many times the processor time of one by the pinned rule."""
WORTH_MIGRATING = 0.30
"""Share of a job's CPU time, on the reference, from which on a transform is a case for Rust."""
OF_THE_RUN = {"run_id", "changed", "first_seen", "last_seen", "noticed"}
"""Columns that tell of the run that wrote a row."""
OF_RUNS = {RUNS, FILL_METHODS, GAP_MODELS, STORED_FILES}
"""Tables that tell of runs; a model's name is that of its bits, which engines need not have in common."""


SIZES = {
    "file_stations": (5, 1),
    "file_years": (4, 1),
    "stations": (95, 3),
    "stored_days": (731, 100),
    "backfill_days": (30, 2),
    "wind_days": (29, 2),
    "solar_days": (100, 2),
    "generation_days": (5 * 365, 91),
    "latency": (0.15, 0.01),
    "rate": (10, 200),
    "repeats": (3, 1),  # of a job that no limit holds up for long, and whose model the reference fits in seconds
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


PARTS = (
    *("weather_files", "weather_files_pinned", "weather_day", "weather_day_pinned", "weather_backfill"),
    *("wind", "solar", "generation", "flows"),
)


@contextmanager
def fronts() -> Iterator[None]:
    """Let fronts pass all stations of the sample at once; its stations else know nothing of each other."""
    weather_of = sample_weather._weather

    def with_fronts(station: Any, hours: Any, rng: Any) -> dict[str, Any]:
        weather = weather_of(station, hours, rng)
        front = sample_weather.noise(len(hours), 60, np.random.default_rng(0))
        return weather | {
            "ta": weather["ta"] + 4 * front,
            "hm": np.clip(weather["hm"] - 12 * front, 8, 100),
            "ws": weather["ws"] * np.exp(0.4 * front),
            "pa": weather["pa"] - 7 * front,
        }

    with patch.object(sample_weather, "_weather", with_fronts):
        yield


@cache
def stored_weather(stations: int, days: int) -> tuple[pa.Table, bytes, dict[str, Any]]:
    """Return observations of the days before the daily run, and the model that a job fits on them, with its facts."""
    made = [_station(number, name, 0) for number, name in list(STATIONS.items())[:stations]]
    with fronts():
        rows = asos_sample_table(stations=made, since=DAY - timedelta(days=days), until=DAY)
    rows = rows.filter(pc.field("tm") < np.datetime64(DAY, "s"))
    with tempfile.TemporaryDirectory() as folder:
        url = f"duckdb:///{folder}/fit.duckdb"
        with Database.connect(url) as database:
            migrate(database)
            database.upsert(WEATHER_ASOS, rows, WEATHER_KEY)
        facts = fit_gap_model(url, use_rust=True).model_fitted
        with Database.connect(url) as database:
            return rows, model_content(database, facts["id"]), facts


def store_weather(url: str, sizes: Any, method: str) -> None:
    """Store those days, to be filled by a method."""
    rows, model, facts = stored_weather(sizes.stations, sizes.stored_days)
    optimal = method == OPTIMAL_INTERPOLATION
    with Database.connect(url) as database:
        add_fill_columns(database, WEATHER_ASOS, DEFAULT_COLUMNS, with_model=optimal)
        database.upsert(WEATHER_ASOS, rows, WEATHER_KEY)
        set_fill_method(database, WEATHER_ASOS, FillMethod(method, PROBABILITY if optimal else None))
        if optimal:
            store_model(database, WEATHER_ASOS, model, facts, "")


def jobs(sizes: Any, folder: Path, service: Services) -> dict[str, Job]:
    """Return all jobs."""
    settings = service.settings(requests_per_second=sizes.rate)
    stations = list(STATIONS)[: sizes.stations]
    with fronts():
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

    def of_files(url: str, use_rust: bool, **options: Any) -> RunReport:
        return run_weather(weather_files, url, use_rust=use_rust, **options)

    def of_day(method: str) -> dict[str, Any]:
        return {
            "run": lambda url, use_rust: weather(url, use_rust, since=DAY, until=DAY, settings=settings),
            "prepare": lambda url: store_weather(url, sizes, method),
        }

    years = f"{sizes.file_stations} stations × {sizes.file_years} years"
    day = f"{sizes.stations} stations × 1 day, {sizes.stored_days} days stored"
    return {
        "weather_files": Job(f"weather files, {years}", of_files),
        "weather_files_pinned": Job(
            f"weather files by the pinned rule, {years}", partial(of_files, method=PINNED), sizes.repeats
        ),
        "weather_day": Job(f"weather service, {day}", **of_day(OPTIMAL_INTERPOLATION)),
        "weather_day_pinned": Job(f"weather service by the pinned rule, {day}", **of_day(PINNED)),
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
    ):
        small = SimpleNamespace(**{name: pair[1] for name, pair in SIZES.items()} | {"rate": sizes.rate})
        # What a process loads when it does something for the first time is no part of the figures.
        for this in [small, sizes] if sizes.warm_up else [sizes]:
            results = {"runs": [], "shares": []}
            for name, job in jobs(this, Path(folder, str(this.stations)), service).items():
                for kind in kinds if name in names else ():
                    runs, shares = _in_turns({"job": name, "title": job.title, "database": kind}, job, kinds[kind])
                    results["runs"] += runs
                    results["shares"] += shares
        results["daily"] = _daily(results["runs"])
        if "flows" in names:
            results |= _flows(sizes, service, kinds[DUCKDB])
    return results


def _daily(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Compare the daily run with a stored model to the one by the pinned rule."""
    of = {(run["job"], run["database"], run["engine"]): run for run in runs}
    compared = []
    for (job, database, engine), optimal in of.items():
        pinned = of.get(("weather_day_pinned", database, engine))
        if job == "weather_day" and pinned is not None:
            row = {"title": optimal["title"], "database": database, "engine": engine}
            for name, run in (("optimal", optimal), ("pinned", pinned)):
                row |= {f"{name}_{what}": run[what] for what in ("wall_seconds", "cpu_seconds")}
            ratio = row["optimal_cpu_seconds"] / row["pinned_cpu_seconds"]
            compared.append(row | {"ratio": ratio, "goal": DAILY_GOAL, "ok": ratio <= DAILY_GOAL})
    return compared


def _flows(sizes: Any, service: Services, empty: Callable[[], str]) -> dict[str, Any]:
    environment = service.variables | {
        "EDL_ASOS_STATIONS": ",".join(map(str, list(STATIONS)[: sizes.stations])),
        "EDL_REQUESTS_PER_SECOND": str(sizes.rate),
        "EDL_REQUESTS_PER_DAY": "1000000",
    }
    return flow_times.measure(
        environment,
        DAY,
        DAY - timedelta(days=sizes.solar_days),
        empty,
        lambda url: store_weather(url, sizes, OPTIMAL_INTERPOLATION),
        sizes.repeats,
    )


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
    """Return the tables of a database but those of the runs, in an order that a run does not change."""
    with Database.connect(url) as database:
        return {table: _ordered(database.read(table)) for table in all_tables() if table not in OF_RUNS}


def _ordered(rows: pa.Table) -> pa.Table:
    kept = rows.select(
        [name for name in rows.column_names if name not in OF_THE_RUN and not name.endswith(MODEL_SUFFIX)]
    )
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
    "A job fills as in a new database, by optimal interpolation and the model that it fits or finds, unless its name "
    "says otherwise; below 90 days there is no model, and the pinned rule fills. Fitting counts for the transform.",
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
        f"The daily run with a stored model, beside the pinned rule (goal: at most {DAILY_GOAL:g} × its CPU time):",
        harness.table(
            results["daily"],
            *job,
            ("engine", "{engine}"),
            ("s", "{optimal_wall_seconds:.2f}"),
            ("pinned s", "{pinned_wall_seconds:.2f}"),
            ("CPU s", "{optimal_cpu_seconds:.2f}"),
            ("pinned CPU s", "{pinned_cpu_seconds:.2f}"),
            ("ratio", "{ratio:.2f}"),
            ("ok", "{ok}"),
        ),
        "The jobs as Prefect flows, with Rust, into DuckDB:",
        harness.table(
            results.get("flows", []),
            ("flow", "{flow}"),
            ("runs", "{repeats}"),
            ("bare job s", "{job_seconds:.2f}"),
            ("flow s", "{flow_seconds:.2f}"),
            ("added s", "{added_seconds:.2f}"),
            ("bare job CPU s", "{job_cpu_seconds:.2f}"),
            ("flow CPU s", "{flow_cpu_seconds:.2f}"),
        ),
        harness.bullets([*dict.fromkeys(differences), *NOTES]),
    ]


def holds(results: dict[str, Any]) -> bool:
    """Return whether the engines stored the same rows."""
    return all(share["agree"] for share in results["shares"])


def meets_goals(results: dict[str, Any]) -> bool:
    """Return whether daily runs with a stored model cost no more than they may."""
    return all(row["ok"] for row in results["daily"] if row["engine"] == "rust")


if __name__ == "__main__":
    sys.exit(harness.run())
