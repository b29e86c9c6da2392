"""Peak memory of the imputation on the same season of several years, of the reference and of its naive version.

Run as a script, ``ENGINE ROWS STATIONS``, it measures one call in its own process and prints JSON.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import Any

import naive
from data import COLUMNS, same_season, weather
from fresh_process import in_fresh_process, peak_of

from energy_data_layer import impute_missing_values

ENGINES = {"reference": partial(impute_missing_values, use_rust=False), "naive": naive.impute_missing_values}


def peaks_of_season(engine: str, rows: int, stations: int, processes: int, timeout: float | None = None) -> list[float]:
    """Return the peaks in MB, one per process; `TimeoutExpired` where a process does not end in time."""
    sizes = (engine, rows, stations)
    return [in_fresh_process(__file__, *sizes, timeout=timeout)["peak_mb"] for _ in range(processes)]


def _peak_of_one_call(engine: str, rows: int, stations: int) -> dict[str, Any]:
    impute = ENGINES[engine]
    impute(weather(100, 1), COLUMNS)  # loads what the engine needs
    df = same_season(rows, stations)
    result, peak = peak_of(lambda: impute(df, COLUMNS))
    if len(result) != rows:
        raise RuntimeError(f"the {engine} version returned {len(result)} of {rows} rows")
    return peak


if __name__ == "__main__":
    print(json.dumps(_peak_of_one_call(sys.argv[1], *map(int, sys.argv[2:]))))
