"""The jobs as Prefect flows beside the bare jobs: what a server, a task run, its logs and an artifact add to them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from functools import partial
from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from harness import time_in_turns

from energy_data_layer.jobs.solar import run_solar
from energy_data_layer.jobs.weather.from_service import collect_weather
from energy_data_layer.jobs.wind import run_wind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date

IMPORTS = {
    "job": "import energy_data_layer.jobs.weather.from_service",
    "flow": "import energy_data_layer.flows.daily_weather",
}


@contextmanager
def prefect_server() -> Iterator[None]:
    """Run a Prefect server on this machine, with a database of its own, and ask it alone."""
    off = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
    with tempfile.TemporaryDirectory() as home, patch.dict(os.environ, off | {"PREFECT_HOME": home}):
        from prefect.testing.utilities import prefect_test_harness

        with prefect_test_harness(server_startup_timeout=120):
            yield


def measure(
    environment: Mapping[str, str],
    day: date,
    solar_days: date,
    empty: Callable[[], str],
    prepare: Callable[[str], object],
    repeats: int,
) -> dict[str, Any]:
    """Run each flow and its job in turns, each on a database of its own; a flow's server is not of its process.

    Parameters
    ----------
    environment : mapping of str to str
        The variables that tell the jobs whom to ask.
    day : date
        The day of the weather; the wind is that of the month before it.
    solar_days : date
        The first of the days of the solar plants, which end with the day before `day`.
    empty : callable
        Makes an empty database and returns its URL.
    prepare : callable
        Stores there what the daily run finds.
    repeats : int
        Of each.
    """
    before = day.fromordinal(day.toordinal() - 1)
    with patch.dict(os.environ, environment), prefect_server():
        from energy_data_layer.flows.daily_weather import daily_weather
        from energy_data_layer.flows.monthly_wind import monthly_wind
        from energy_data_layer.flows.solar_backfill import solar_backfill

        cases = {
            "daily-weather": (collect_weather, daily_weather, {"since": day, "until": day}),
            "monthly-wind": (run_wind, monthly_wind, {"month": f"{before:%Y-%m}"}),
            "solar-backfill": (run_solar, solar_backfill, {"since": solar_days, "until": before}),
        }
        flows = []
        for name, (job, flow, arguments) in cases.items():
            samples: dict[str, list[tuple[float, float]]] = {"job": [], "flow": []}
            for turn in range(repeats + 1):
                for way in ("job", "flow") if turn % 2 else ("flow", "job"):
                    url = empty()
                    if name == "daily-weather":
                        prepare(url)
                    call = partial(job, url) if way == "job" else flow
                    with patch.dict(os.environ, EDL_DATABASE_URL=url):
                        begin, cpu_begin = perf_counter(), process_time()
                        report = call(use_rust=True, **arguments)
                        seconds = perf_counter() - begin, process_time() - cpu_begin
                    status = report["status"] if way == "flow" else report.status
                    assert status == "succeeded", report
                    if turn:  # what a process loads when it does something for the first time is no part of the figures
                        samples[way].append(seconds)
            both = {
                f"{way}_{what}": median(found)
                for way, taken in samples.items()
                for what, found in zip(("seconds", "cpu_seconds"), zip(*taken, strict=True), strict=True)
            }
            added = both["flow_seconds"] - both["job_seconds"]
            flows.append({"flow": name, "repeats": repeats} | both | {"added_seconds": added})
    calls = {name: partial(subprocess.run, [sys.executable, "-c", code], check=True) for name, code in IMPORTS.items()}
    imports = {name: timing.median for name, timing in time_in_turns(calls, repeats, least_seconds=0.0).items()}
    return {"flows": flows, "import_seconds": imports}
