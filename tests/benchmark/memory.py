"""Peak memory above the input, in a process of its own.

Run as a script it measures one call and prints JSON: ``impute ENGINE ROWS STATIONS``, the same with ``season`` on
`data.same_season`, where an engine can also be ``naive``, or ``payload FORM BYTES``.
"""

from __future__ import annotations

import ctypes
import gc
import json
import resource
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from data import COLUMNS, same_season, weather

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

GOAL = 1.5
PAYLOAD_GOAL = 1.3
STATUS, CLEAR_REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")
RESET_PEAK = "5"


def measure(rows: int, stations: int, processes: int) -> dict[str, Any]:
    """Return for each engine the peak in MB and relative to the output, the median over fresh processes."""
    output_mb = rows * len(COLUMNS) * 8 / 1e6
    result: dict[str, Any] = {"rows": rows, "output_mb": output_mb, "goal": GOAL}
    for engine in ("reference", "rust"):
        runs = [_in_fresh_process("impute", engine, rows, stations) for _ in range(processes)]
        peak = median(run["peak_mb"] for run in runs)
        result[engine] = {
            "peak_mb": peak,
            "over_output": peak / output_mb,
            "samples_mb": [run["peak_mb"] for run in runs],
            "by": runs[0]["by"],
        }
    return result


def measure_payload(size: int, processes: int) -> list[dict[str, Any]]:
    """Return for each form of a body the peak of parsing it in Rust, relative to the body and the result."""
    results = []
    for form in ("json", "xml"):
        runs = [_in_fresh_process("payload", form, size) for _ in range(processes)]
        ratio = median((run["body_mb"] + run["peak_mb"]) / (run["body_mb"] + run["result_mb"]) for run in runs)
        results.append({"form": form, "goal": PAYLOAD_GOAL, "over_body_and_result": ratio, **runs[0]})
    return results


def peaks_of_season(engine: str, rows: int, stations: int, processes: int, timeout: float | None = None) -> list[float]:
    """Return the peaks in MB on `data.same_season`; `TimeoutExpired` where a process does not end in time."""
    sizes = ("season", engine, rows, stations)
    return [_in_fresh_process(*sizes, timeout=timeout)["peak_mb"] for _ in range(processes)]


def _in_fresh_process(*arguments: object, timeout: float | None = None) -> dict[str, Any]:
    command = [sys.executable, __file__, *map(str, arguments)]
    process = subprocess.run(command, check=True, capture_output=True, text=True, timeout=timeout)
    return json.loads(process.stdout)


def _peak_of_one_call(
    make_input: Callable[[int, int], pd.DataFrame], engine: str, rows: int, stations: int
) -> dict[str, Any]:
    if engine == "naive":
        from naive import impute_missing_values as impute
    else:
        from energy_data_layer import impute_missing_values

        impute = partial(impute_missing_values, use_rust=engine == "rust")
    impute(weather(100, 1), COLUMNS)  # loads what the engine needs
    df = make_input(rows, stations)
    result, peak = _peak_of(lambda: impute(df, COLUMNS))
    if len(result) != rows:
        raise RuntimeError(f"the {engine} engine returned {len(result)} of {rows} rows")
    return peak


def _peak_of_one_payload(form: str, size: int) -> dict[str, Any]:
    import payloads

    from energy_data_layer import rows_from_api_payload

    rows_from_api_payload(payloads.asos_body(1_000, form), "asos", use_rust=True)
    body = payloads.asos_body(size, form)
    result, peak = _peak_of(lambda: rows_from_api_payload(body, "asos", use_rust=True))
    return {"body_mb": len(body) / 1e6, "result_mb": result.nbytes / 1e6, **peak}


def _peak_of(call: Callable[[], Any]) -> tuple[Any, dict[str, Any]]:
    """Return what a call gives, and its peak above what the process held before."""
    _give_freed_memory_back()
    resettable = _reset_peak()
    before = _status_mb("VmRSS") if resettable else _peak_mb()
    result = call()
    after = _status_mb("VmHWM") if resettable else _peak_mb()
    return result, {"peak_mb": after - before, "by": "VmHWM" if resettable else "ru_maxrss"}


def _give_freed_memory_back() -> None:
    """Return freed memory to the system: reused, it would hide what the call needs."""
    import pyarrow as pa

    gc.collect()
    pa.default_memory_pool().release_unused()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _reset_peak() -> bool:
    """Set the process's peak to what it holds now; False where the system cannot."""
    try:
        CLEAR_REFS.write_text(RESET_PEAK)
    except OSError:
        return False
    return True


def _status_mb(field: str) -> float:
    lines = STATUS.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field + ":")) * 1024 / 1e6


def _peak_mb() -> float:
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes / 1e6 if sys.platform == "darwin" else kilobytes * 1024 / 1e6


MEASURED = {
    "impute": partial(_peak_of_one_call, weather),
    "season": partial(_peak_of_one_call, same_season),
    "payload": _peak_of_one_payload,
}

if __name__ == "__main__":
    what, variant, *sizes = sys.argv[1:]
    print(json.dumps(MEASURED[what](variant, *map(int, sizes))))
