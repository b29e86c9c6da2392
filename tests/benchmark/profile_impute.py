"""Measure what `impute_missing_values` costs in Python and where: the reference, and the naive version of it."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from subprocess import TimeoutExpired
from typing import TYPE_CHECKING, Any

import breakdown
import environment
import file_job
import functions_alone
import naive
import profile_output
from data import COLUMNS, missing_share, same_season
from season_memory import peaks_of_season
from timing import time_in_turns

from energy_data_layer import impute_missing_values
from energy_data_layer.engine.equality import differences

if TYPE_CHECKING:
    import pandas as pd
    from timing import Timing

VERSIONS = {
    "reference": partial(impute_missing_values, columns=COLUMNS, use_rust=False),
    "naive": partial(naive.impute_missing_values, columns=COLUMNS),
}


@dataclass(frozen=True)
class Case:
    """An input, and how often it is measured."""

    rows: int
    stations: int
    repeats: int
    memory_processes: int


FULL = [
    Case(300, 2, repeats=9, memory_processes=3),
    Case(1_000, 3, repeats=9, memory_processes=3),
    Case(3_000, 3, repeats=9, memory_processes=3),
    Case(10_000, 3, repeats=5, memory_processes=3),
    Case(100_000, 10, repeats=3, memory_processes=1),
]
SMOKE = [Case(300, 2, repeats=2, memory_processes=1)]


def main() -> int:
    """Measure, print, and return the exit code: 1 where the naive version gives another answer."""
    options = _options()
    results: dict[str, Any] = {"environment": environment.describe_python()}
    others = environment.OtherProcesses()
    results["sizes"] = [_measure(case, options.naive_limit_seconds) for case in options.cases]
    results["environment"]["others_busy"] = others.busy()
    print(profile_output.markdown(results) if options.markdown else profile_output.text(results))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if any(size["agree"] is False for size in results["sizes"]) else 0


def _measure(case: Case, naive_limit_seconds: float) -> dict[str, Any]:
    """Measure one input; without the naive version where a process that calls it once exceeds the limit."""
    peaks_of = partial(peaks_of_season, rows=case.rows, stations=case.stations, processes=case.memory_processes)
    peaks, not_measured = {"reference": peaks_of("reference")}, None
    try:
        peaks["naive"] = peaks_of("naive", timeout=naive_limit_seconds)
    except TimeoutExpired:
        not_measured = f"a process that calls it once did not end within {naive_limit_seconds:g} s"
    with_naive = not_measured is None

    df = same_season(case.rows, case.stations)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "input.csv")
        df.to_csv(file, index=False)
        calls = {name: partial(VERSIONS[name], df) for name in peaks}
        timings = time_in_turns(calls | file_job.steps(file, calls["reference"]()), case.repeats)
        file_mb = file.stat().st_size / 1e6
    profiles = {name: breakdown.measure(call, case.repeats) for name, call in calls.items()}
    functions = functions_alone.measure(df, case.repeats, with_naive=with_naive)
    sides = {name: _clocked(timings[name]) | {"peak_mb": median(peaks[name])} for name in calls}
    return {
        "rows": case.rows,
        "stations": case.stations,
        "repeats": case.repeats,
        "missing_share": missing_share(df),
        "fills": _fills(df),
        "reference": sides["reference"],
        "naive": sides.get("naive"),
        "naive_not_measured": not_measured,
        "factors": _factors(sides, functions) if with_naive else None,
        "functions": functions,
        "breakdown": {name: profiles[name]["parts"] if name in profiles else None for name in VERSIONS},
        "profile": {name: profiles[name]["functions"] if name in profiles else None for name in VERSIONS},
        "job": {"file_mb": file_mb} | {step: _clocked(timings[step]) for step in timings if step not in calls},
        **(_agreement(df, functions) if with_naive else {"agree": None, "difference": ""}),
    }


def _fills(df: pd.DataFrame) -> dict[str, int]:
    """Return how many values the reference fills by each method."""
    _, report = VERSIONS["reference"](df, report=True)
    counts = Counter()
    for column in report.columns.values():
        counts.update(column.filled)
    return dict(counts)


def _clocked(timing: Timing) -> dict[str, Any]:
    """Return milliseconds per call; what is not the processor's is waiting: for the disk, or for a processor."""
    return {
        "wall_ms": timing.median * 1e3,
        "cpu_ms": timing.cpu_median * 1e3,
        "waiting_share": max(0.0, 1 - timing.cpu_median / timing.median),
        "samples_ms": [seconds * 1e3 for seconds in timing.samples],
    }


def _factors(sides: dict[str, dict[str, Any]], functions: dict[str, dict[str, Any]]) -> dict[str, float | None]:
    """Return how many times the reference's time and memory the naive version takes."""
    whole_call = sides["naive"]["wall_ms"] / sides["reference"]["wall_ms"]
    reference_peak = sides["reference"]["peak_mb"]  # 0 where a small call finds room in what the process holds
    peak = sides["naive"]["peak_mb"] / reference_peak if reference_peak else None
    return {role: times["factor"] for role, times in functions.items()} | {"whole_call": whole_call, "peak": peak}


def _agreement(df: pd.DataFrame, functions: dict[str, dict[str, Any]]) -> dict[str, Any]:
    found = differences(*(call(df, provenance=True) for call in VERSIONS.values()), [df])
    found += [f"{role}: the functions' answers differ" for role, times in functions.items() if not times["agree"]]
    return {"agree": not found, "difference": "; ".join(found)}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sizes", type=lambda text: text.split(","), metavar="ROWS,…", help=f"of {_labels(FULL)}; all unless given"
    )
    parser.add_argument(
        "--naive-limit-seconds",
        type=float,
        default=40,
        metavar="SECONDS",
        help="leave the naive version out where a process that calls it once takes longer (default %(default)s)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument(
        "--smoke",
        action="store_const",
        dest="cases",
        const=SMOKE,
        default=FULL,
        help="small and short: shows that all works, its times mean little",
    )
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    options = parser.parse_args()
    unknown = set(options.sizes or ()) - {str(case.rows) for case in options.cases}
    if unknown:
        parser.error(f"--sizes can be {_labels(options.cases)}, not {', '.join(sorted(unknown))}")
    if options.sizes:
        options.cases = [case for case in options.cases if str(case.rows) in options.sizes]
    return options


def _labels(cases: list[Case]) -> str:
    return ", ".join(str(case.rows) for case in cases)


if __name__ == "__main__":
    sys.exit(main())
