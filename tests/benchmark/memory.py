"""Peak memory above the input, in a process of its own.

Run as a script, ``TRANSFORM ENGINE SIZE``, it measures one call and prints JSON.
"""

from __future__ import annotations

import json
import sys
from statistics import median
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from data import COLUMNS
from fresh_process import in_fresh_process, peak_of
from payloads import asos_body
from scaling import WORKS

from energy_data_layer import rows_from_api_payload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PAYLOAD_FORMS = {"payload_rows_json": "json", "payload_rows_xml": "xml"}
ENGINES = ("reference", "rust")
GOALS = {
    "impute": ("over_output", 1.5),
    "payload_rows_json": ("over_input_and_output", 1.3),
    "payload_rows_xml": ("over_input_and_output", 1.3),
}
"""Of Rust: which ratio may be how large."""


def measure(sizes: Mapping[str, int], processes: int) -> list[dict[str, Any]]:
    """Return for each transform and engine the peak, the median over fresh processes.

    Sizes are rows, for `wide_to_long` rows of days; for a payload the bytes of its body.
    """
    return [_measure_one(transform, engine, size, processes) for transform, size in sizes.items() for engine in ENGINES]


def _measure_one(transform: str, engine: str, size: int, processes: int) -> dict[str, Any]:
    runs = [in_fresh_process(__file__, transform, engine, size) for _ in range(processes)]
    peak = median(run["peak_mb"] for run in runs)
    input_mb, output_mb = runs[0]["input_mb"], runs[0]["output_mb"]
    goal_of, goal = GOALS.get(transform, (None, None)) if engine == "rust" else (None, None)
    return {
        "transform": transform,
        "engine": engine,
        **runs[0],
        "peak_mb": peak,
        "over_output": peak / output_mb,
        "over_input_and_output": (input_mb + peak) / (input_mb + output_mb),
        "samples_mb": [run["peak_mb"] for run in runs],
        "goal_of": goal_of,
        "goal": goal,
    }


def _peak_of_one_call(transform: str, engine: str, size: int) -> dict[str, Any]:
    use_rust = engine == "rust"
    _, warm_up = _input_and_call(transform, 100)
    warm_up(use_rust)  # loads what the engine needs
    given, call = _input_and_call(transform, size)
    result, peak = peak_of(lambda: call(use_rust))
    filled = result[list(COLUMNS)] if transform == "impute" else result
    return {
        "size": len(result) if isinstance(given, bytes) else len(given),
        "input_mb": len(given) / 1e6 if isinstance(given, bytes) else _megabytes(given),
        "output_mb": _megabytes(filled),
        **peak,
    }


def _input_and_call(transform: str, size: int) -> tuple[Any, Callable[[bool], Any]]:
    if transform in PAYLOAD_FORMS:
        body = asos_body(size, PAYLOAD_FORMS[transform])
        return body, lambda use_rust: rows_from_api_payload(body, "asos", use_rust=use_rust)
    work = WORKS[transform](size)
    return work.observed[0], work.public_call


def _megabytes(frame: Any) -> float:
    table = frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame, preserve_index=False)
    return table.nbytes / 1e6


if __name__ == "__main__":
    print(json.dumps(_peak_of_one_call(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
