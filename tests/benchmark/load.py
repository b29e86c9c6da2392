"""Ten years of all stations through the weather job, in a fresh process: time and peak memory of each stage, checked.

``load.py`` measures both engines on DuckDB and ends with 1 where a check fails; ``--write`` puts what it prints into
docs/load.md. Run with ``--measured`` it is the process that is measured, and prints JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import environment
from databases import DUCKDB, POSTGRESQL, Databases
from fresh_process import in_fresh_process
from marked_sections import filled
from tables import as_markdown

from energy_data_layer.core.provenance import Provenance, provenance_column
from energy_data_layer.datasets.asos import STATIONS
from energy_data_layer.jobs.options import DEFAULT_COLUMNS
from energy_data_layer.jobs.weather.from_files import run_weather
from energy_data_layer.reports.run_report import peak_rss_megabytes
from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, write_asos_sample
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.names import quoted
from energy_data_layer.storage.tables import WEATHER_ASOS

PAGE = Path(__file__).parents[2] / "docs" / "load.md"
MOST_MEGABYTES = 4_000
LAST_YEAR = 2024
ENGINES = ("reference", "rust")


def main() -> int:
    """Make the files, measure, print, and return the exit code."""
    options = _options()
    if options.measured:
        print(json.dumps(_measured(*options.measured)))
        return 0
    others = environment.OtherProcesses()
    results = []
    with tempfile.TemporaryDirectory() as folder, Databases(postgresql=POSTGRESQL in options.database) as databases:
        hours = _write_files(folder, options.stations, options.years)
        for kind in options.database:
            for engine in options.engine:
                url = databases.empty(kind)
                run = in_fresh_process(__file__, "--measured", url, engine, folder)
                checks = _checks(url, hours, options.stations, run["peak"])
                results.append({"database": kind, "engine": engine, **run, "checks": checks})
    printed = _shown(results, hours * options.stations, others)
    print(printed)
    if options.write:
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), "load.py", printed), encoding="utf-8")
    return 0 if all(held for result in results for held in result["checks"].values()) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=len(STATIONS))
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--engine", nargs="+", choices=ENGINES, default=ENGINES)
    parser.add_argument("--database", nargs="+", choices=(DUCKDB, POSTGRESQL), default=(DUCKDB,))
    parser.add_argument("--write", action="store_true", help="write what is printed into docs/load.md")
    parser.add_argument("--measured", nargs=3, help=argparse.SUPPRESS)
    return parser.parse_args()


def _write_files(folder: str, stations: int, years: int) -> int:
    """Write a file per station and year, station by station, and return the hours of a station."""
    since, until = date(LAST_YEAR - years, 1, 1), date(LAST_YEAR, 1, 1)
    for position, (number, name) in enumerate(list(STATIONS.items())[:stations]):
        station = replace(SAMPLE_STATIONS[position % len(SAMPLE_STATIONS)], number=number, name=name)
        write_asos_sample(folder, stations=[station], since=since, until=until)
    return (until - since).days * 24 + 1


def _measured(url: str, engine: str, folder: str) -> dict[str, Any]:
    begin = time.perf_counter()
    report = run_weather(f"{folder}/*.csv", url, use_rust=engine == "rust")
    seconds = time.perf_counter() - begin
    return {
        "stages": [(stage.name, stage.seconds, stage.peak_rss_megabytes) for stage in report.stages],
        "seconds": seconds,
        "peak": peak_rss_megabytes(),
        "rows_read": report.rows_read,
    }


def _checks(url: str, hours: int, stations: int, peak: float) -> dict[str, bool]:
    """Look at what is stored; the first and the last hour of a station may be absent in its files."""
    unfilled = " + ".join(
        f"CASE WHEN {quoted(name)} IS NULL OR {quoted(name)} <> {quoted(name)} "
        f"OR {quoted(provenance_column(name))} = {Provenance.UNFILLED} THEN 1 ELSE 0 END"
        for name in DEFAULT_COLUMNS
    )
    with Database.connect(url) as database:
        (found,) = database.query(
            'SELECT count(*) AS rows, count(DISTINCT "stnId") AS stations, '
            f"CAST(sum({unfilled}) AS BIGINT) AS unfilled FROM {WEATHER_ASOS}"
        ).to_pylist()
        (keys,) = database.query(
            f'SELECT count(*) AS keys FROM (SELECT DISTINCT "stnId", "tm" FROM {WEATHER_ASOS}) AS distinct_keys'
        ).to_pylist()
        (holes,) = database.query(
            "SELECT CAST(sum(hours - present) AS BIGINT) AS missing FROM (SELECT count(*) AS present, "
            'CAST(extract(epoch FROM max("tm") - min("tm")) / 3600 AS BIGINT) + 1 AS hours '
            f'FROM {WEATHER_ASOS} GROUP BY "stnId") AS series'
        ).to_pylist()
    return {
        f"{found['rows']:,} rows = stations × hours": found["rows"] == stations * hours,
        f"{found['stations']} stations": found["stations"] == stations,
        "no key twice": keys["keys"] == found["rows"],
        "no hour missing between a station's first and last": holes["missing"] == 0,
        "no value missing in the imputed columns": found["unfilled"] == 0,
        f"peak below {MOST_MEGABYTES:,} MB": peak < MOST_MEGABYTES,
    }


def _shown(results: list[dict[str, Any]], rows: int, others: environment.OtherProcesses) -> str:
    lines = []
    for result in results:
        stages = [[name, f"{seconds:.1f}", f"{peak:,.0f}"] for name, seconds, peak in result["stages"]]
        rest = result["seconds"] - sum(seconds for _, seconds, _ in result["stages"])
        stages += [["commit, and what is between stages", f"{rest:.1f}", f"{result['peak']:,.0f}"]]
        lines += [
            f"{result['database']}, {result['engine']}: {rows:,} hours in {result['seconds']:.0f} s, "
            f"{rows / result['seconds']:,.0f} rows a second, peak {result['peak']:,.0f} MB:",
            "",
            *as_markdown([["stage", "s", "peak MB so far"], *stages]),
            "",
            "Checked: " + "; ".join(f"{what}: {'yes' if held else 'NO'}" for what, held in result["checks"].items()),
            "",
        ]
    described = environment.describe_python() | {"others_busy": others.busy()}
    return "\n".join([*lines, f"Measured on {environment.sentence(described)}."])


if __name__ == "__main__":
    sys.exit(main())
