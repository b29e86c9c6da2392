"""Peak memory of the transforms above their input, each call in a process of its own."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

import harness
from harness import ENGINES, in_fresh_process, peak_of
from tests.equivalence.payload_samples import asos_body
from works import WORKS, as_arrow

from energy_data_layer import rows_from_api_payload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PAYLOAD_FORMS = {"payload_rows_json": "json", "payload_rows_xml": "xml"}
GOALS = {
    "impute": ("over_output", 1.5),
    "optimal_interpolation": ("over_output", 3.0),
    "payload_rows_json": ("over_input_and_output", 1.3),
    "payload_rows_xml": ("over_input_and_output", 1.3),
}
"""Of Rust: which ratio may be how large."""


def measure(sizes: Mapping[str, int], processes: int) -> dict[str, Any]:
    """Return for each transform and engine the peak, the median over fresh processes.

    Sizes are rows, for `wide_to_long` rows of days; for a payload the bytes of its body.
    """
    return {"memory": [_one(name, engine, size, processes) for name, size in sizes.items() for engine in ENGINES]}


def _one(transform: str, engine: str, size: int, processes: int) -> dict[str, Any]:
    once = (transform, engine) == ("optimal_interpolation", "reference")  # a large call takes half a minute
    runs = [in_fresh_process(peak, transform, engine, size) for _ in range(1 if once else processes)]
    middle = median(run["peak_mb"] for run in runs)
    input_mb, output_mb = runs[0]["input_mb"], runs[0]["output_mb"]
    goal_of, goal = GOALS.get(transform, (None, None)) if engine == "rust" else (None, None)
    return {
        "transform": transform,
        "engine": engine,
        **runs[0],
        "peak_mb": middle,
        "over_output": middle / output_mb,
        "over_input_and_output": (input_mb + middle) / (input_mb + output_mb),
        "samples_mb": [run["peak_mb"] for run in runs],
        "goal_of": goal_of,
        "goal": goal,
    }


def peak(transform: str, engine: str, size: int) -> dict[str, Any]:
    """Return the peak of one call in this process."""
    _, warm_up = _input_and_call(transform, 100)
    warm_up(ENGINES[engine])  # loads what the engine needs
    given, call = _input_and_call(transform, size)
    result, measured = peak_of(lambda: call(ENGINES[engine]))
    filled = result[["ta", "hm"]] if transform in ("impute", "optimal_interpolation") else result
    is_body = isinstance(given, bytes)
    return {
        "size": len(result) if is_body else len(given),
        "input_mb": (len(given) if is_body else as_arrow(given).nbytes) / 1e6,
        "output_mb": as_arrow(filled).nbytes / 1e6,
        **measured,
    }


def _input_and_call(transform: str, size: int) -> tuple[Any, Callable[[bool], Any]]:
    if transform in PAYLOAD_FORMS:
        body = asos_body(size, PAYLOAD_FORMS[transform])
        return body, lambda use_rust: rows_from_api_payload(body, "asos", use_rust=use_rust)
    work = WORKS[transform](size)
    return work.observed[0], work.public_call


def goals(results: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """Return what was to be reached, what was, and whether it is enough."""
    over = {"over_output": "the output", "over_input_and_output": "input and output, the input included"}
    return [
        (
            f"peak memory of {row['transform']}, {row['size']:,} rows: "
            f"at most {row['goal']:g} × {over[row['goal_of']]}",
            f"{row[row['goal_of']]:.2f} ×",
            row[row["goal_of"]] <= row["goal"],
        )
        for row in results["memory"]
        if row["goal"] is not None
    ]


def document(results: dict[str, Any]) -> list[Any]:
    """Return a table of the peaks."""
    over = {"over_output": "output", "over_input_and_output": "(input + output)", None: ""}
    return [
        "Peak memory above the input:",
        harness.table(
            results["memory"],
            ("transform", "{transform}"),
            ("engine", "{engine}"),
            ("size", "{size:,}"),
            ("input MB", "{input_mb:.1f}"),
            ("output MB", "{output_mb:.1f}"),
            ("peak MB", "{peak_mb:.1f}"),
            ("÷ output", "{over_output:.2f}"),
            ("with input, ÷ both", "{over_input_and_output:.2f}"),
            ("goal", lambda row: f"{row['goal']:g} × {over[row['goal_of']]}" if row["goal"] else "-"),
        ),
    ]
