"""The daily weather job, day after day, on services that fail one time in five: at the end the table is the true one.

Each run is that of the flow ``daily-weather``: the days of a week that are not stored in full. A second table is
filled by the same days without faults. At the end both are reprocessed, after which they have to be the same.
"""

from __future__ import annotations

import gc
import logging
import sys
import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import harness
from harness import resident_mb
from servers import DUCKDB, databases

from energy_data_layer.core.provenance import Provenance
from energy_data_layer.jobs.periods import ONE_DAY, last_days
from energy_data_layer.jobs.reprocess.job import run_reprocess
from energy_data_layer.jobs.weather.from_service import collect_weather
from energy_data_layer.settings.services import ServiceSettings
from energy_data_layer.simulator import Simulator, SimulatorOptions
from energy_data_layer.simulator.faults import Fault
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.tables import WEATHER_ASOS

FIRST_DAY = date(2023, 9, 1)
STATIONS = (108, 159, 184)
LOOK_BACK = 7
WARM_RUNS = 20
MOST_GROWTH = 1.15
SAME_VALUE = 1e-9
FAULTS: dict[str, dict[str, Any]] = {
    "server_error": {},
    "gateway_error": {"code": "02"},
    "forbidden": {"code": "20"},
    "no_such_service": {},
    "quota": {},
    "too_many_requests": {"seconds": 0},
    "drop": {},
    "drop_in_headers": {},
    "reset": {},
    "truncate": {},
    "cut": {},
    "slow": {"seconds": 0.05},
    "late": {"seconds": 0.7},
    "html": {},
    "no_data": {},
    "unknown_field": {},
}
"""Every kind that leaves the observations what they are; ``late`` is later than the job waits.

``vanished_field``, ``retyped_field`` and ``drift`` take values away for good, and ``hold`` waits for a test.
"""


class Expected(NamedTuple):
    """What the same days leave without faults, that reprocessed, and what the service sends."""

    stored: Any
    reprocessed: Any
    sent: Any


SIZES = {"runs": (200, 4), "faults": (0.2, 0.5), "postgresql": (True, False)}
PAGE, NEEDS_RUST = "load.md", False


def measure(sizes: Any) -> dict[str, Any]:
    """Run the days without faults, and with them on each database."""
    logging.disable(logging.WARNING)
    with databases(postgresql=sizes.postgresql) as kinds:
        expected = _without_faults(kinds[DUCKDB](), sizes.runs)
        return {"soaks": [{"database": kind} | _soak(empty(), sizes, expected) for kind, empty in kinds.items()]}


def _without_faults(url: str, runs: int) -> Expected:
    with Simulator(SimulatorOptions(today=FIRST_DAY)) as simulator:
        for run in range(runs + 1):
            _daily_run(url, simulator, FIRST_DAY + timedelta(days=run))
        sent = simulator.expected_asos(STATIONS, FIRST_DAY - ONE_DAY, FIRST_DAY + timedelta(days=runs - 1))
    stored = _table(url)
    run_reprocess(url, since=FIRST_DAY - ONE_DAY)
    return Expected(stored, _table(url), sent)


def _soak(url: str, sizes: Any, expected: Expected) -> dict[str, Any]:
    runs, each = sizes.runs, sizes.faults / len(FAULTS)
    # A rule's share is of the requests that no rule before it met.
    chances = [each / (1 - each * before) for before in range(len(FAULTS))]
    faults = [Fault(name, share=share, **more) for (name, more), share in zip(FAULTS.items(), chances, strict=True)]
    reports, seconds, memory, descriptors = [], [], [], []
    with Simulator(SimulatorOptions(today=FIRST_DAY, faults=faults)) as simulator:
        for run in range(runs):
            begin = time.perf_counter()
            reports.append(_daily_run(url, simulator, FIRST_DAY + timedelta(days=run)))
            seconds.append(time.perf_counter() - begin)
            gc.collect()
            memory.append(resident_mb())
            descriptors.append(len(list(Path("/proc/self/fd").iterdir())))
        met = Counter(entry.fault for entry in simulator.requests if entry.fault)
        requests = simulator.request_count
        # What the last days still lack is got as it would be on the next days: by the runs after them.
        simulator.change(faults=())
        _daily_run(url, simulator, FIRST_DAY + timedelta(days=runs))
    stored = _table(url)
    run_reprocess(url, since=FIRST_DAY - ONE_DAY)
    reprocessed = _table(url)
    warm = min(WARM_RUNS, runs // 2)
    growth = memory[-1] / memory[warm]
    hours = 24 * len(STATIONS) * (runs + 1)
    differing = _differing_fills(stored, expected.stored)
    share = sum(met.values()) / requests
    checks = {
        f"{hours:,} rows: every hour of every station": stored.num_rows == hours,
        "no key twice": stored.group_by(["stnId", "tm"]).aggregate([]).num_rows == stored.num_rows,
        "observations and their provenance are those of the runs without faults": _same_observations(
            stored, expected.stored
        ),
        "what the service sent stands in the table": _as_sent(stored, expected.sent),
        "fills by spline, line and neighbour are those of the runs without faults": differing["interpolated"] == 0,
        "no fill is missing": differing["missing"] == 0,
        "after `edl reprocess` of both the tables are the same": _same(reprocessed, expected.reprocessed),
        f"memory after the last run at most {MOST_GROWTH} × that after run {warm}": growth <= MOST_GROWTH,
        f"as many open files as after run {warm}": descriptors[-1] <= descriptors[warm],
    }
    quarter = max(1, runs // 4)
    first, last = fmean(seconds[:quarter]), fmean(seconds[-quarter:])
    statuses = Counter(report.status for report in reports)
    figures = {
        "runs": ", ".join(f"{number} {status}" for status, number in statuses.items()),
        "requests": f"{requests:,}, {share:.1%} of them met a fault",
        "requests sent again": f"{sum(report.collection.retries for report in reports):,}",
        "faults": ", ".join(f"{name} {number}" for name, number in sorted(met.items())),
        "memory in MB": f"{memory[warm]:.0f} after run {warm}, {memory[-1]:.0f} after run {runs}",
        "open files": f"{descriptors[warm]} after run {warm}, {descriptors[-1]} after run {runs}",
        "s per run": f"{first:.2f} in the first quarter, {last:.2f} in the last",
        "fills by a mean that differ": f"{differing['means']} of {differing['all means']}",
    }
    return {"runs": runs, "figures": figures, "checks": checks}


def _daily_run(url: str, simulator: Simulator, today: date) -> Any:
    simulator.change(today=today)
    first, last = last_days(None, None, LOOK_BACK, newest=today - ONE_DAY)
    return collect_weather(
        url,
        since=max(first, FIRST_DAY - ONE_DAY),
        until=last,
        backfill=True,
        stations=STATIONS,
        today=today,
        settings=ServiceSettings(
            services_url=simulator.url,
            service_key=simulator.options.key,
            requests_per_second=2000,
            requests_per_day=1_000_000,
            attempts=3,
            backoff_seconds=0.01,
            timeout_seconds=0.5,
        ),
    )


def _table(url: str) -> Any:
    with Database.connect(url) as database:
        return database.read(WEATHER_ASOS).sort_by([("stnId", "ascending"), ("tm", "ascending")])


def _imputed(table: Any) -> list[str]:
    return [name.removesuffix("_provenance") for name in table.column_names if name.endswith("_provenance")]


def _same(stored: Any, expected: Any) -> bool:
    """Whether everything is equal, imputed values but for rounding."""
    imputed = _imputed(expected)
    others = [name for name in expected.column_names if name not in imputed]
    return stored.select(others).equals(expected.select(others)) and all(
        (abs(stored[name].to_numpy() - expected[name].to_numpy()) <= SAME_VALUE).all() for name in imputed
    )


def _same_observations(stored: Any, expected: Any) -> bool:
    """Whether all columns that are not imputed, and what is observed of the others, are equal."""
    imputed = _imputed(expected)
    plain = [name for name in expected.column_names if name.removesuffix("_provenance") not in imputed]
    if not stored.select(plain).equals(expected.select(plain)):
        return False
    for name in imputed:
        ours, theirs = (table[f"{name}_provenance"].to_numpy() == Provenance.OBSERVED for table in (stored, expected))
        if (ours != theirs).any() or (stored[name].to_numpy()[ours] != expected[name].to_numpy()[ours]).any():
            return False
    return True


def _as_sent(stored: Any, truth: Any) -> bool:
    """Whether every column that is stored as it is holds what the service has."""
    plain = [name for name in truth.column_names if name not in _imputed(stored)]
    return stored.select(plain).cast(truth.select(plain).schema).equals(truth.select(plain))


def _differing_fills(stored: Any, expected: Any) -> Counter[str]:
    """Count fills that differ; those by climatology or a mean depend on what was stored when they were made."""
    counts: Counter[str] = Counter()
    for name in _imputed(expected):
        ours, theirs = (table[f"{name}_provenance"].to_numpy() for table in (stored, expected))
        apart = abs(stored[name].to_numpy() - expected[name].to_numpy()) > SAME_VALUE
        is_mean = (ours >= Provenance.CLIMATOLOGY) & (theirs >= Provenance.CLIMATOLOGY)
        counts["interpolated"] += int(((apart | (ours != theirs)) & ~is_mean).sum())
        counts["means"] += int((apart & is_mean).sum())
        counts["all means"] += int(is_mean.sum())
        counts["missing"] += stored[name].null_count
    return counts


def document(results: dict[str, Any]) -> list[Any]:
    """Return of each database the figures and the checks."""
    blocks = []
    for soak in results["soaks"]:
        figures = [("what", "figure"), *soak["figures"].items()]
        blocks += [f"{soak['database']}, {soak['runs']} runs:", figures, harness.checked(soak["checks"])]
    return blocks


def holds(results: dict[str, Any]) -> bool:
    """Return whether all checks are met."""
    return all(all(soak["checks"].values()) for soak in results["soaks"])


if __name__ == "__main__":
    sys.exit(harness.run())
