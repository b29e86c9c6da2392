"""Peak memory of a backfill by its length, each in a fresh process.

Run as a script it does one backfill and prints JSON: ``DATABASE SERVICES KEY PLANTS DAYS``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

from simulated import NO_LIMIT, Services, services
from solar_backfill import FIRST

from energy_data_layer.jobs.solar import run_solar
from energy_data_layer.reports.run_report import peak_rss_megabytes

if TYPE_CHECKING:
    from databases import Databases

MOST_OVER_SHORTER = 1.10


@dataclass(frozen=True)
class Length:
    """A length of a backfill in days, and the shorter one whose peak its own is held against."""

    days: int
    shorter: int | None = None


def measure(lengths: tuple[Length, ...], processes: int, databases: Databases) -> list[dict[str, Any]]:
    """Return the peak per database and length, the median over processes, against that of a shorter one.

    A chunk holds up to a year of a plant: what is compared is within a year, and from two years on.
    """
    with services(0) as service:
        return [row for kind in databases.kinds for row in _peaks(kind, lengths, processes, databases, service)]


def _peaks(
    kind: str, lengths: tuple[Length, ...], processes: int, databases: Databases, service: Services
) -> list[dict[str, Any]]:
    results: dict[int, dict[str, Any]] = {}
    for length in lengths:
        runs = [_in_fresh_process(databases.empty(kind), service, length.days) for _ in range(processes)]
        peak = median(run["peak_mb"] for run in runs)
        ratio = None if length.shorter is None else peak / results[length.shorter]["peak_mb"]
        results[length.days] = {
            "database": kind,
            "days": length.days,
            "rows": runs[0]["rows"],
            "before_mb": median(run["before_mb"] for run in runs),
            "peak_mb": peak,
            "samples_mb": [run["peak_mb"] for run in runs],
            "shorter": length.shorter,
            "over_shorter": ratio,
            "ok": None if ratio is None else ratio <= MOST_OVER_SHORTER,
        }
    return list(results.values())


def _in_fresh_process(database: str, service: Services, days: int) -> dict[str, Any]:
    plants = ",".join(f"{code}:{unit}" for code, unit in service.solar_plants)
    command = [sys.executable, __file__, database, service.url, service.key, plants, str(days)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _backfill(database: str, url: str, key: str, plants: str, days: int) -> dict[str, Any]:
    service = Services({"EDL_SERVICES_URL": url, "EDL_SERVICE_KEY": key, "EDL_SOLAR_PLANTS": plants})
    before = peak_rss_megabytes()
    report = run_solar(
        database,
        since=FIRST - timedelta(days=days - 1),
        until=FIRST,
        plants=service.solar_plants,
        settings=service.settings(requests_per_second=NO_LIMIT),
    )
    assert report.rows_inserted == 24 * days * len(service.solar_plants), report.to_json()
    return {"rows": report.rows_inserted, "before_mb": before, "peak_mb": peak_rss_megabytes()}


if __name__ == "__main__":
    *where, days = sys.argv[1:]
    print(json.dumps(_backfill(*where, int(days))))
