"""Measure how services are collected: against the bound of the rate limit, and against one request after the other."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import backfill_memory
import environment
import solar_backfill
import weather_day
from backfill_memory import Length
from databases import Databases
from solar_backfill import WAYS, Backfill, Way
from weather_day import WeatherDay

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LIBRARIES = ("httpx", "duckdb", "adbc-driver-postgresql", "sqlalchemy")


@dataclass(frozen=True)
class Scale:
    """How much: the full measurement, or a small one that only shows that all works."""

    backfill: Backfill
    weather: WeatherDay
    memory: tuple[Length, ...]
    memory_processes: int
    postgresql: bool


FULL = Scale(
    Backfill(days=100, latency=0.15, part=4, ways=WAYS, repeats=3),
    WeatherDay(stations=95, latency=0.15, rate=20, stored_days=(0, 41)),
    memory=(Length(10), Length(100, shorter=10), Length(2 * 365), Length(5 * 365, shorter=2 * 365)),
    memory_processes=3,
    postgresql=True,
)
SMOKE = Scale(
    Backfill(
        days=2,
        latency=0.01,
        part=1,
        repeats=1,
        ways=(
            Way("the job's chunks, 8 at once", per_plant_day=False, concurrency=8),
            Way("one request per plant-day, 8 at once, 200 a second", per_plant_day=True, concurrency=8, rate=200),
        ),
    ),
    WeatherDay(stations=3, latency=0.01, rate=200, stored_days=(0, 2)),
    memory=(Length(2), Length(4, shorter=2)),
    memory_processes=1,
    postgresql=False,
)


def main() -> int:
    """Measure, print, and return the exit code."""
    options = _options()
    results = _measure(options.scale)
    print(_markdown(results))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if options.check and not all(_verdicts(results)) else 0


def _measure(scale: Scale) -> dict[str, Any]:
    results: dict[str, Any] = {"environment": environment.describe()}
    others = environment.OtherProcesses()
    with Databases(postgresql=scale.postgresql) as databases:
        results["memory"] = backfill_memory.measure(scale.memory, scale.memory_processes, databases)
        results["weather"], results["first_run"] = weather_day.measure(scale.weather, databases)
        results["solar"] = solar_backfill.measure(scale.backfill, databases)
    results["environment"]["others_busy"] = others.busy()
    results["scale"] = {
        "solar": {"days": scale.backfill.days, "latency": scale.backfill.latency},
        "weather": {"stations": scale.weather.stations, "latency": scale.weather.latency, "rate": scale.weather.rate},
    }
    return results


def _verdicts(results: dict[str, Any]) -> Iterable[bool]:
    """Return whether each target is met."""
    found = [row.get(name) for table in ("solar", "weather", "memory") for row in results[table] for name in _JUDGED]
    return [verdict for verdict in found if verdict is not None]


_JUDGED = ("ok", "over_bound_ok", "after_ok")

WEATHER_HEADINGS = (
    "database",
    "days stored before",
    "requests",
    "s",
    "bound s",
    "s / bound",
    "target",
    "ok",
    "s after the last byte",
    "target",
    "ok",
)


def _markdown(results: dict[str, Any]) -> str:
    solar, weather = results["scale"]["solar"], results["scale"]["weather"]
    measured = results["solar"][0]["measured_requests"]
    first = results["first_run"]
    return "\n".join(
        [
            f"Solar, {solar['days']} days of 10 plants, answers after {solar['latency'] * 1000:.0f} ms:",
            "",
            *_table(
                ("way", "database", "requests", "s", "bound s", "s / bound", "× before", "target", "ok"),
                map(_solar_row, results["solar"]),
            ),
            "",
            f'"Before" is one request per plant and day, one after the other, and rows by executemany; measured on '
            f"{measured} requests and scaled: "
            + "; ".join(
                f"in {row['database']} {row['asking_seconds']:.1f} s of it are the requests and "
                f"{row['storing_seconds']:.1f} s the rows"
                for row in results["solar"]
                if row["way"] == "before"
            )
            + ". The bound is (requests - 1) / limit + latency, or, where no limit binds, the rounds of requests × "
            "latency. The tables are there before the clock starts; opening the database is part of the time. The "
            "job's chunks are the median of several runs.",
            "",
            f"ASOS, one day of {weather['stations']} stations, answers after {weather['latency'] * 1000:.0f} ms, "
            f"{weather['rate']:g} requests a second:",
            "",
            *_table(
                WEATHER_HEADINGS,
                map(_weather_row, results["weather"]),
            ),
            "",
            f"The process is warm: its first run, {first['stations']} stations and all imports, took "
            f"{first['seconds']:.1f} s and is not in the table.",
            "",
            "Peak memory of a process that fills up 10 solar plants, server not included; a chunk holds up to a year "
            "of a plant:",
            "",
            *_table(
                ("database", "days", "rows", "MB before", "peak MB", "held against", "ratio", "target", "ok"),
                map(_memory_row, results["memory"]),
            ),
            "",
            f"Measured on {environment.sentence(results['environment'])}, "
            + ", ".join(f"{library} {version(library)}" for library in LIBRARIES)
            + ".",
        ]
    )


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def _solar_row(row: dict[str, Any]) -> Sequence[str]:
    if row["way"] == "before":
        return (row["way"], row["database"], f"{row['requests']:,}", f"{row['seconds']:.1f}", *[""] * 5)
    return (
        row["way"],
        row["database"],
        f"{row['requests']:,}",
        f"{row['seconds']:.2f}",
        f"{row['bound_seconds']:.2f}",
        f"{row['over_bound']:.2f}",
        f"{row['times_faster']:.0f}",
        row["target"] or "",
        _met(row["ok"]),
    )


def _weather_row(row: dict[str, Any]) -> Sequence[str]:
    return (
        row["database"],
        str(row["stored_days"]),
        str(row["requests"]),
        f"{row['seconds']:.2f}",
        f"{row['bound_seconds']:.2f}",
        f"{row['over_bound']:.2f}",
        f"<= {weather_day.MOST_OVER_BOUND}",
        _met(row["over_bound_ok"]),
        f"{row['after_seconds']:.2f}",
        f"<= {weather_day.MOST_SECONDS_AFTER}",
        _met(row["after_ok"]),
    )


def _memory_row(row: dict[str, Any]) -> Sequence[str]:
    ratio = row["over_shorter"]
    return (
        row["database"],
        f"{row['days']:,}",
        f"{row['rows']:,}",
        f"{row['before_mb']:.0f}",
        f"{row['peak_mb']:.0f}",
        "" if ratio is None else f"{row['shorter']:,} days",
        "" if ratio is None else f"{ratio:.2f}",
        "" if ratio is None else f"<= {backfill_memory.MOST_OVER_SHORTER:.2f}",
        _met(row["ok"]),
    )


def _met(verdict: bool | None) -> str:
    return {None: "", True: "yes", False: "NO"}[verdict]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument(
        "--smoke",
        action="store_const",
        dest="scale",
        const=SMOKE,
        default=FULL,
        help="small and short: shows that all works, its times mean little",
    )
    parser.add_argument("--check", action="store_true", help="exit with 1 where a target is not met")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
