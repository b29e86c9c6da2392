"""The whole public call, pandas in and out, by both engines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agreement import compare_engines
from data import COLUMNS, Case, missing_share, weather
from timing import time_in_turns

from energy_data_layer import impute_missing_values

if TYPE_CHECKING:
    import pandas as pd

ENGINES = {"reference": False, "rust": True}
MORE_REPEATS = {10_000: 5, 100_000: 3}
"""Up to so many rows, so many times the repeats: short calls scatter more and cost less to repeat."""


def measure(case: Case, repeats: int) -> dict[str, Any]:
    """Time both engines on one input and compare their answers."""
    df = weather(case.rows, case.stations, text_stamps=case.text_stamps)
    repeats *= next((factor for rows, factor in MORE_REPEATS.items() if case.rows <= rows), 1)
    timings = time_in_turns({name: _call(df, use_rust) for name, use_rust in ENGINES.items()}, repeats)
    reference, rust = timings["reference"].median, timings["rust"].median
    return {
        "case": case.label,
        "title": case.title,
        "rows": case.rows,
        "stations": case.stations,
        "text_stamps": case.text_stamps,
        "missing_share": missing_share(df),
        "repeats": repeats,
        "reference_ms": reference * 1e3,
        "rust_ms": rust * 1e3,
        "ratio": reference / rust,
        "target": case.target,
        "ok": reference / rust >= case.target,
        "samples_ms": {name: [seconds * 1e3 for seconds in timing.samples] for name, timing in timings.items()},
        **compare_engines(df),
    }


def _call(df: pd.DataFrame, use_rust: bool) -> Any:
    return lambda: impute_missing_values(df, COLUMNS, use_rust=use_rust)
