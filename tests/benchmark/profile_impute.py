"""Measure what `impute_missing_values` costs in Python and where: the reference, and the naive version of it."""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from cProfile import Profile
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from pstats import Stats
from statistics import median
from subprocess import TimeoutExpired
from typing import TYPE_CHECKING, Any

import harness
import naive
import numpy as np
import pandas as pd
from data import COLUMNS, missing_share, same_season, weather, weather_with_fronts
from harness import in_fresh_process, peak_of, time_in_turns

import energy_data_layer
from energy_data_layer import GapModel, impute_missing_values
from energy_data_layer.core.frames import wrap
from energy_data_layer.core.gaps import find_gaps
from energy_data_layer.core.inputs import read_columns
from energy_data_layer.core.provenance import Provenance, provenance_column
from energy_data_layer.engine.equality import differences, tolerance
from energy_data_layer.transforms.impute.reference import spline_climatology
from energy_data_layer.transforms.impute.reference.table import read_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness import Timing
    from numpy.typing import ArrayLike

    from energy_data_layer.transforms.impute.reference.table import Table

VERSIONS = {
    "reference": partial(impute_missing_values, columns=COLUMNS, use_rust=False),
    "naive": partial(naive.impute_missing_values, columns=COLUMNS),
}


@dataclass(frozen=True)
class Case:
    """An input, how often it is measured, and how long a process may take that calls the naive version once."""

    rows: int
    stations: int
    repeats: int
    memory_processes: int
    naive_limit_seconds: float = 40


CASES = [
    Case(300, 2, repeats=9, memory_processes=3),
    Case(1_000, 3, repeats=9, memory_processes=3),
    Case(3_000, 3, repeats=9, memory_processes=3),
    Case(10_000, 3, repeats=5, memory_processes=3),
    Case(100_000, 10, repeats=3, memory_processes=1),
]
SMALL = [
    Case(300, 2, repeats=1, memory_processes=1),
    Case(301, 2, repeats=1, memory_processes=1, naive_limit_seconds=0.01),
]


SIZES = {
    "cases": (CASES, SMALL),
    # Of optimal interpolation: rows, stations, and how often a call is profiled.
    "optimal": ([(10_000, 3, 3), (100_000, 10, 1)], [(1_000, 2, 1)]),
}
NEEDS_RUST = False


def measure(sizes: Any) -> dict[str, Any]:
    """Measure each input."""
    return {
        "sizes": [_measure(case) for case in sizes.cases],
        "optimal": [row for case in sizes.optimal for row in _optimal(*case)],
    }


def _measure(case: Case) -> dict[str, Any]:
    """Measure one input; without the naive version where a process that calls it once exceeds the limit."""
    peaks, not_measured = {}, None
    for name, limit in (("reference", None), ("naive", case.naive_limit_seconds)):
        try:
            peaks[name] = [
                in_fresh_process(peak, name, case.rows, case.stations, timeout=limit)
                for _ in range(case.memory_processes)
            ]
        except TimeoutExpired:
            not_measured = f"a process that calls it once did not end within {case.naive_limit_seconds:g} s"
    df = same_season(case.rows, case.stations)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "input.csv")
        df.to_csv(file, index=False)
        calls = {name: partial(VERSIONS[name], df) for name in peaks}
        timings = time_in_turns(calls | _job_steps(file, calls["reference"]()), case.repeats)
        file_mb = file.stat().st_size / 1e6
    profiles = {name: _breakdown(call, case.repeats if name == "reference" else 1) for name, call in calls.items()}
    functions = _functions(df, case.repeats, with_naive="naive" in calls)
    sides = {name: _clocked(timings[name]) | {"peak_mb": median(peaks[name])} for name in calls}
    return {
        "rows": case.rows,
        "stations": case.stations,
        "repeats": case.repeats,
        "missing_share": missing_share(df),
        "fills": _fills(df),
        **{name: sides.get(name) for name in VERSIONS},
        "naive_not_measured": not_measured,
        "factors": _factors(sides, functions) if "naive" in sides else None,
        "functions": functions,
        "breakdown": {name: profiles[name]["parts"] if name in profiles else None for name in VERSIONS},
        "profile": {name: profiles[name]["functions"] if name in profiles else None for name in VERSIONS},
        "job": {"file_mb": file_mb} | {step: _clocked(timings[step]) for step in timings if step not in calls},
        **(_agreement(df, functions) if "naive" in sides else {"agree": None, "difference": ""}),
    }


def _optimal(rows: int, stations: int, repeats: int) -> list[dict[str, Any]]:
    """Profile the reference's calls of optimal interpolation, and the pinned rule's on the same input."""
    df = weather_with_fronts(rows, stations)
    model = GapModel.fit(df, COLUMNS, use_rust=False)
    pinned = partial(VERSIONS["reference"], df)
    optimal = partial(pinned, method="optimal_interpolation")
    calls = {
        "the pinned rule": pinned,
        "fitted in the call": optimal,
        "fitted in the call, with interval": partial(optimal, interval=0.9),
        "by a given model": partial(optimal, model=model),
        "GapModel.fit": partial(GapModel.fit, df, COLUMNS, use_rust=False),
    }
    timings = time_in_turns(calls, repeats, least_seconds=0.0)
    return [
        {"rows": rows, "stations": stations, "repeats": repeats, "call": name}
        | _clocked(timings[name])
        | _breakdown(call, repeats, PARTS_OF_OPTIMAL)
        for name, call in calls.items()
    ]


def peak(version: str, rows: int, stations: int) -> float:
    """Return the peak of one call in this process, in MB above what it held before."""
    call = VERSIONS[version]
    call(weather(100, 1))  # loads what the version needs
    df = same_season(rows, stations)
    _, measured = peak_of(lambda: call(df))
    return measured["peak_mb"]


def _fills(df: pd.DataFrame) -> dict[str, int]:
    """Return how many values the reference fills by each method."""
    _, report = VERSIONS["reference"](df, report=True)
    counts: Counter[str] = Counter()
    for column in report.columns.values():
        counts.update(column.filled)
    return dict(counts)


def _clocked(timing: Timing) -> dict[str, Any]:
    """Return milliseconds per call; what is not the processor's is waiting: for the disk, or for a processor."""
    cpu = median(timing.cpu_samples)
    return {
        "wall_ms": timing.ms,
        "cpu_ms": cpu * 1e3,
        "waiting_share": max(0.0, 1 - cpu / timing.median),
        "samples_ms": [seconds * 1e3 for seconds in timing.samples],
    }


def _factors(sides: dict[str, dict[str, Any]], functions: dict[str, dict[str, Any]]) -> dict[str, float | None]:
    """Return how many times the reference's time and memory the naive version takes."""
    ours, theirs = sides["reference"], sides["naive"]
    # 0 where a small call finds room in what the process holds
    peak = theirs["peak_mb"] / ours["peak_mb"] if ours["peak_mb"] else None
    factors = {role: times["factor"] for role, times in functions.items()}
    return factors | {"whole_call": theirs["wall_ms"] / ours["wall_ms"], "peak": peak}


def _agreement(df: pd.DataFrame, functions: dict[str, dict[str, Any]]) -> dict[str, Any]:
    found = differences(*(call(df, provenance=True) for call in VERSIONS.values()), [df])
    found += [f"{role}: the functions' answers differ" for role, times in functions.items() if not times["agree"]]
    return {"agree": not found, "difference": "; ".join(found)}


# A job on files: reading the input, and writing the result until the disk has it


STEPS = {"read_csv": "reading CSV", "write_csv": "writing CSV", "write_parquet": "writing Parquet"}


def _job_steps(file: Path, result: pd.DataFrame) -> dict[str, Callable[[], Any]]:
    def read() -> pd.DataFrame:
        if hasattr(os, "posix_fadvise"):
            with file.open("rb") as opened:
                os.fsync(opened.fileno())  # what is not on the disk yet cannot be forgotten
                os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return pd.read_csv(file, parse_dates=["tm"])

    def written(write: Callable[[Path], Any]) -> None:
        path = file.with_name("result")
        write(path)
        with path.open("rb") as opened:
            os.fsync(opened.fileno())

    steps = (read, partial(written, partial(result.to_csv, index=False)), partial(written, result.to_parquet))
    return dict(zip(STEPS, steps, strict=True))


# Where the time of a call goes, by cProfile


FUNCTIONS_OF_PART = {
    "reading the keys": {
        "core/frames.py:wrap",
        "core/columns.py:read_columns",
        "core/keys.py:read_keys",
        "core/keys.py:require_unique",
        "benchmark/naive.py:station_rows",
    },
    "parsing the numbers": {
        "core/columns.py:as_arrow",
        "core/parse.py:parse_numbers",
        "reference/table.py:_require_finite",
    },
    "gap finding": {"core/gaps.py:find_gaps", "benchmark/naive.py:find_gaps"},
    "spline": {"reference/spline_climatology.py:spline_values", "benchmark/naive.py:spline_values"},
    "climatology and means": {
        "reference/spline_climatology.py:climatology",
        "reference/spline_climatology.py:station_means",
        "benchmark/naive.py:climatology",
        "benchmark/naive.py:station_mean",
        "benchmark/naive.py:column_mean",
    },
    "assembling the frame": {
        "core/frames.py:filled",
        "reference/table.py:in_frame_order",
        "core/indexing.py:__setitem__",
    },
}
"""The functions whose cumulative times make up each part; none of them calls another one."""
PARTS_OF_OPTIMAL = {
    "keys, numbers, gaps, frame": {
        *chain.from_iterable(
            FUNCTIONS_OF_PART[part]
            for part in ("reading the keys", "parsing the numbers", "gap finding", "assembling the frame")
        )
    },
    "pinned rule": {"reference/spline_climatology.py:fill_column"},
    "grid and anomalies": {
        "reference/grid.py:read_grid",
        "reference/grid.py:dense",
        "reference/gap_model.py:anomalies",
    },
    "climatology and spread": {f"reference/gap_model.py:{name}" for name in ("_climatology", "_borrow", "_spread")},
    "choice of neighbours": {
        f"reference/gap_model.py:{name}" for name in ("correlations", "_candidates", "_choose_sets")
    },
    "fit of the sets": {"reference/gap_model.py:fit_set"},
    "calibration": {"reference/optimal_interpolation.py:_calibrate"},
    "prediction": {
        f"reference/optimal_interpolation.py:{name}" for name in ("predict < _predicted", "_edges", "_best_set")
    },
    "models as tables": {"reference/stored_model.py:as_table", "reference/stored_model.py:read_models"},
}
"""The same of optimal interpolation; ``a < b`` is a where b calls it."""
OWN_FOLDERS = (Path(energy_data_layer.__file__).parent, Path(naive.__file__))


def _breakdown(
    call: Callable[[], Any], calls: int, functions_of_part: dict[str, set[str]] = FUNCTIONS_OF_PART
) -> dict[str, Any]:
    """Profile some calls; return milliseconds per call of each part and of each function of the package."""
    profile = Profile()
    for _ in range(calls):
        profile.runcall(call)
    stats = Stats(profile)
    total = stats.total_tt / calls * 1e3
    rows = [
        {
            "file": "/".join(Path(file).parts[-2:]),
            "function": name,
            "calls": count / calls,
            "own_ms": own / calls * 1e3,
            "cumulative_ms": cumulative / calls * 1e3,
            "own": any(Path(file).is_relative_to(folder) for folder in OWN_FOLDERS),
        }
        for (file, _, name), (_, count, own, cumulative, _) in stats.stats.items()
    ]
    cumulative_ms = Counter({f"{row['file']}:{row['function']}": row["cumulative_ms"] for row in rows})
    for (file, _, name), (*_, callers) in stats.stats.items():
        for (_, _, caller), (*_, cumulative) in callers.items():
            cumulative_ms["/".join(Path(file).parts[-2:]) + f":{name} < {caller}"] += cumulative / calls * 1e3
    spent = {
        part: sum(map(cumulative_ms.get, functions & cumulative_ms.keys()))
        for part, functions in functions_of_part.items()
    }
    spent["rest"] = total - sum(spent.values())
    own = sorted((row for row in rows if row.pop("own")), key=lambda row: -row["cumulative_ms"])
    parts = [{"part": part, "ms": ms, "share": ms / total} for part, ms in spent.items()]
    return {"parts": parts, "functions": own}


# Functions of the reference against the naive ones of the same role, on what the whole call gives them


COLUMN = COLUMNS[0]
ROLES = {"gap_finding": "gap finding", "spline": "spline", "climatology": "climatology"}
LONG = (Provenance.CLIMATOLOGY, Provenance.STATION_MEAN)


def _functions(df: pd.DataFrame, repeats: int, *, with_naive: bool) -> dict[str, dict[str, Any]]:
    """Time each function on one column of a frame that stands station by station in time order.

    The reference's climatology numbers the hours anew in each call; in the whole call both columns share the numbers.
    """
    codes = VERSIONS["reference"](df, columns=[COLUMN], provenance=True)[provenance_column(COLUMN)]
    table, _, _ = read_table(read_columns(wrap(df), naive.STAMP, naive.STATION, ()), None)
    of_reference = _reference_calls(df[COLUMN].to_numpy(), table, codes)
    of_naive = _naive_calls(df, codes) if with_naive else {}
    results = {}
    for role, call in of_reference.items():
        calls = {"reference": call} | ({"naive": of_naive[role]} if with_naive else {})
        ms = {name: timing.ms for name, timing in time_in_turns(calls, repeats).items()}
        results[role] = {"reference_ms": ms["reference"], "naive_ms": None, "factor": None, "agree": None}
        if with_naive:
            expected, actual = _as_numbers(role, table, call(), of_naive[role]())
            results[role] |= {
                "naive_ms": ms["naive"],
                "factor": ms["naive"] / ms["reference"],
                "agree": len(expected) == len(actual)
                and np.allclose(actual, expected, rtol=0, atol=tolerance(COLUMN, [df]), equal_nan=True),
            }
    return results


def _reference_calls(values: np.ndarray, table: Table, codes: pd.Series) -> dict[str, Callable[[], Any]]:
    missing = np.isnan(values)
    by_spline = np.flatnonzero(codes == Provenance.SPLINE)
    long = np.flatnonzero(codes.isin(LONG))
    return {
        "gap_finding": lambda: find_gaps(missing, table.station),
        "spline": lambda: spline_climatology.spline_values(values, missing, table, by_spline),
        "climatology": lambda: spline_climatology.climatology(values, replace(table), np.array([]), long),
    }


def _naive_calls(df: pd.DataFrame, codes: pd.Series) -> dict[str, Callable[[], Any]]:
    series = [naive.station_rows(df, station)[COLUMN] for station in df[naive.STATION].unique()]
    by_spline = [
        (of_station, start, stop)
        for of_station in series
        for start, stop in naive.find_gaps(of_station)
        if codes[of_station.index[start]] == Provenance.SPLINE
    ]
    long = df.loc[codes.isin(LONG), [naive.STATION, naive.STAMP]]
    hours = list(long.itertuples(index=False, name=None))
    return {
        "gap_finding": lambda: [naive.find_gaps(of_station) for of_station in series],
        "spline": lambda: [naive.spline_values(*gap) for gap in by_spline],
        "climatology": lambda: [naive.climatology(df, COLUMN, *hour) for hour in hours],
    }


def _as_numbers(role: str, table: Table, of_reference: Any, of_naive: Any) -> tuple[ArrayLike, ArrayLike]:
    """Bring the answers of both to one form."""
    if role == "gap_finding":
        within = np.stack([of_reference.start, of_reference.stop]) - table.first_row[table.station[of_reference.start]]
        return within.T.ravel(), list(chain.from_iterable(chain.from_iterable(of_naive)))
    return of_reference, list(chain.from_iterable(of_naive)) if role == "spline" else of_naive


# Output


NOTES = (
    "Input: hourly rows of the same weeks of three years, the last station of one year; 5 % missing in gaps of 1 to 6 "
    "hours. Waiting is what the clock shows beyond the processors' time: for the disk, or for a processor.",
    "Functions are timed alone, on one column. Shares are cProfile's, which overstates code of many small calls.",
    "A job reads a CSV file from the disk, calls once, and writes the result until the disk has it.",
)


def document(results: dict[str, Any]) -> list[Any]:
    """Return a table of each part."""
    sizes = results["sizes"]
    size = ("rows (stations)", "{rows:,} ({stations})")
    clocked = (("ms", "{wall_ms:.2f}"), ("CPU ms", "{cpu_ms:.2f}"), ("waiting", "{waiting_share:.0%}"))
    unmeasured = dict.fromkeys(("wall_ms", "cpu_ms", "waiting_share", "peak_mb"))
    calls = [
        row | {"version": version} | (row[version] or unmeasured) | (row["factors"] or {"whole_call": None})
        for row in sizes
        for version in VERSIONS
    ]
    functions = [row | row["functions"][role] | {"function": title} for row in sizes for role, title in ROLES.items()]
    steps = [
        row | {"step": title} | (row["reference"] if step == "call" else row["job"][step])
        for row in sizes
        for step, title in ({"call": "the call"} | STEPS).items()
    ]
    shares = [
        row | {"version": version} | {part["part"]: part["share"] for part in row["breakdown"][version]}
        for version in VERSIONS
        for row in sizes
        if row["breakdown"][version]
    ]
    return [
        "The whole call:",
        harness.table(
            calls,
            size,
            ("version", "{version}"),
            *clocked,
            ("peak MB", "{peak_mb:.2f}"),
            ("times faster", "{whole_call:.0f}"),
            ("answers equal", "{agree}"),
        ),
        "Naive over reference, function by function:",
        harness.table(
            functions,
            size,
            ("function", "{function}"),
            ("reference ms", "{reference_ms:.3f}"),
            ("naive ms", "{naive_ms:.2f}"),
            ("times faster", "{factor:.0f}"),
        ),
        "Where the time goes:",
        harness.table(
            shares,
            size,
            ("version", "{version}"),
            *((part, f"{{{part}:.1%}}") for part in (*FUNCTIONS_OF_PART, "rest")),
        ),
        "Optimal interpolation by the reference, beside the pinned rule, and where its time goes:",
        harness.table(
            [row | {part["part"]: part["share"] for part in row["parts"]} for row in results["optimal"]],
            size,
            ("call", "{call}"),
            ("ms", "{wall_ms:.1f}"),
            *((part, f"{{{part}:.1%}}") for part in (*PARTS_OF_OPTIMAL, "rest")),
        ),
        "A job from file to file, with the reference:",
        harness.table(steps, size, ("step", "{step}"), *clocked),
        "Values filled, by method:",
        harness.table(sizes, size, *((method, f"{{fills[{method}]}}") for method in sizes[0]["fills"])),
        harness.bullets(
            [
                *(
                    f"{row['rows']:,} rows: the naive version is not measured: {row['naive_not_measured']}."
                    for row in sizes
                    if row["naive_not_measured"]
                ),
                *NOTES,
            ]
        ),
    ]


def holds(results: dict[str, Any]) -> bool:
    """Return whether the naive version gives the reference's answer."""
    return all(size["agree"] is not False for size in results["sizes"])


if __name__ == "__main__":
    sys.exit(harness.run())
