"""Ten years of all stations through the weather job, in a fresh process: time and memory of each stage, checked."""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from datetime import date
from typing import Any

import harness
from harness import ENGINES, in_fresh_process
from servers import DUCKDB, databases

from energy_data_layer.core.provenance import Provenance, provenance_column
from energy_data_layer.datasets.asos import STATIONS
from energy_data_layer.jobs.options import DEFAULT_COLUMNS
from energy_data_layer.jobs.weather.from_files import run_weather
from energy_data_layer.reports.run_report import peak_rss_megabytes
from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, write_asos_sample
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.names import quoted
from energy_data_layer.storage.tables import WEATHER_ASOS

MOST_MEGABYTES = 4_000
LAST_YEAR = 2024


SIZES = {"stations": (len(STATIONS), 2), "years": (10, 1), "engines": (tuple(ENGINES), ("reference",))}
PAGE, NEEDS_RUST = "load.md", False


def measure(sizes: Any) -> dict[str, Any]:
    """Make the files, and store them with each engine in an empty database."""
    since, until = date(LAST_YEAR - sizes.years, 1, 1), date(LAST_YEAR, 1, 1)
    hours = (until - since).days * 24 + 1
    runs = []
    with tempfile.TemporaryDirectory() as folder, databases(postgresql=False) as kinds:
        for position, (number, name) in enumerate(list(STATIONS.items())[: sizes.stations]):
            station = replace(SAMPLE_STATIONS[position % len(SAMPLE_STATIONS)], number=number, name=name)
            write_asos_sample(folder, stations=[station], since=since, until=until)
        for engine in sizes.engines:
            url = kinds[DUCKDB]()
            run = in_fresh_process(store, url, engine, folder)
            runs.append({"database": DUCKDB, "engine": engine, **run})
            runs[-1]["checks"] = _checks(url, hours, sizes.stations, run["peak"])
    return {"hours": hours * sizes.stations, "runs": runs}


def store(url: str, engine: str, folder: str) -> dict[str, Any]:
    """Run the job once."""
    begin = time.perf_counter()
    report = run_weather(f"{folder}/*.csv", url, use_rust=ENGINES[engine])
    seconds = time.perf_counter() - begin
    stages = [(stage.name, stage.seconds, stage.peak_rss_megabytes) for stage in report.stages]
    return {"stages": stages, "seconds": seconds, "peak": peak_rss_megabytes()}


def _checks(url: str, hours: int, stations: int, peak: float) -> dict[str, bool]:
    """Look at what is stored; the first and the last hour of a station may be absent in its files."""
    unfilled = " + ".join(
        f"CASE WHEN {quoted(name)} IS NULL OR {quoted(name)} <> {quoted(name)} "
        f"OR {quoted(provenance_column(name))} = {Provenance.UNFILLED} THEN 1 ELSE 0 END"
        for name in DEFAULT_COLUMNS
    )
    with Database.connect(url) as database:
        (found,) = database.query(
            'SELECT count(*) AS rows, count(DISTINCT "stnId") AS stations, count(DISTINCT ("stnId", "tm")) AS keys, '
            f"CAST(sum({unfilled}) AS BIGINT) AS unfilled FROM {WEATHER_ASOS}"
        ).to_pylist()
        (holes,) = database.query(
            "SELECT CAST(sum(hours - present) AS BIGINT) AS missing FROM (SELECT count(*) AS present, "
            'CAST(extract(epoch FROM max("tm") - min("tm")) / 3600 AS BIGINT) + 1 AS hours '
            f'FROM {WEATHER_ASOS} GROUP BY "stnId") AS series'
        ).to_pylist()
    return {
        f"{found['rows']:,} rows = stations × hours": found["rows"] == stations * hours,
        f"{found['stations']} stations": found["stations"] == stations,
        "no key twice": found["keys"] == found["rows"],
        "no hour missing between a station's first and last": holes["missing"] == 0,
        "no value missing in the imputed columns": found["unfilled"] == 0,
        f"peak below {MOST_MEGABYTES:,} MB": peak < MOST_MEGABYTES,
    }


def document(results: dict[str, Any]) -> list[Any]:
    """Return of each run its stages and its checks."""
    blocks = []
    for run in results["runs"]:
        rest = run["seconds"] - sum(seconds for _, seconds, _ in run["stages"])
        stages = [*run["stages"], ("commit, and what is between stages", rest, run["peak"])]
        blocks += [
            f"{run['database']}, {run['engine']}: {results['hours']:,} hours in {run['seconds']:.0f} s, "
            f"{results['hours'] / run['seconds']:,.0f} rows a second, peak {run['peak']:,.0f} MB:",
            [("stage", "s", "peak MB so far"), *((name, f"{s:.1f}", f"{peak:,.0f}") for name, s, peak in stages)],
            harness.checked(run["checks"]),
        ]
    return blocks


def holds(results: dict[str, Any]) -> bool:
    """Return whether all checks are met."""
    return all(all(run["checks"].values()) for run in results["runs"])


if __name__ == "__main__":
    sys.exit(harness.run())
