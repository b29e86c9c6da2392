"""A process that runs the jobs of some nights, as a scheduler would: its environment says which engine runs."""

from __future__ import annotations

import json
import sys
from datetime import date, timedelta

from energy_data_layer.jobs.generation.from_files import run_generation
from energy_data_layer.jobs.solar import run_solar
from energy_data_layer.jobs.weather.from_service import collect_weather
from energy_data_layer.jobs.wind import run_wind

ONE_DAY = timedelta(days=1)
DAY_OF_WIND = 10


def run_nights(url: str, first: date, last: date, stations: list[int], files: list[str], raw: str | None) -> list[str]:
    """Run the jobs of the nights after these days and return how each ended that did not succeed."""
    reports = []
    day = first
    while day <= last:
        tonight = {"today": day + ONE_DAY, "keep_raw": raw}
        reports.append(collect_weather(url, since=day, until=day, stations=stations, **tonight))
        reports.append(run_solar(url, since=day, until=day, **tonight))
        if (day + ONE_DAY).day == DAY_OF_WIND:
            reports.append(run_wind(url, **tonight))
        day += ONE_DAY
    reports.append(run_generation(files, url))
    return [report.summary() for report in reports if report.status != "succeeded"]


def main() -> int:
    """Run the nights that the arguments name as JSON."""
    plan = json.loads(sys.argv[1])
    first, last = (date.fromisoformat(plan.pop(name)) for name in ("first", "last"))
    faults = run_nights(first=first, last=last, **plan)
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
