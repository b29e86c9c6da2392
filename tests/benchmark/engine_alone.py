"""The Rust engine without the facade: what a crossing costs, and the kernel against a copy of its input."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import harness
import numpy as np
import pyarrow as pa
from data import COLUMNS, weather
from harness import time_in_turns
from works import buffers_of

if TYPE_CHECKING:
    from collections.abc import Callable

GOAL_US = {"capsule": 50.0, "ipc": 100.0}
KERNEL_GOAL = 3.0


def measure(rows: int, repeats: int) -> dict[str, Any]:
    """Time crossings of no row and of one for each carrier, and the kernel on so many rows."""
    import rust_data_layer

    kernel = rust_data_layer.impute_missing_values
    impute = partial(kernel, columns=list(COLUMNS), date_col="tm", station_col="stnNm")
    return {
        "round_trip": [trip for count in (0, 1) for trip in _round_trips(impute, count, 3 * repeats)],
        "kernel": _kernel(impute, rows, repeats),
    }


def _round_trips(impute: Callable[..., Any], rows: int, repeats: int) -> list[dict[str, Any]]:
    table = arrow_table(rows, 1)
    stream = write_ipc(table)
    calls = {
        "capsule, out as NumPy": lambda: impute(table).take_numpy(),
        "capsule, out as Arrow": lambda: pa.table(impute(table)),
        "ipc, bytes in and out": lambda: impute(stream).to_ipc(),
        "ipc, encoded and decoded": lambda: read_ipc(impute(write_ipc(table)).to_ipc()),
    }
    results = []
    for name, timing in time_in_turns(calls, repeats).items():
        goal, us = GOAL_US[name.partition(",")[0]], timing.median * 1e6
        results.append({"trip": name, "rows": rows, "us": us, "goal_us": goal, "ok": us <= goal})
    return results


def _kernel(impute: Callable[..., Any], rows: int, repeats: int) -> dict[str, Any]:
    """Time the kernel on one and two threads against copying the buffers of its input."""
    table = arrow_table(rows, 25)
    buffers = buffers_of(table)
    calls = {
        "copy": lambda: [np.copy(buffer) for buffer in buffers],
        "threads_1": lambda: impute(table, threads=1),
        "threads_2": lambda: impute(table, threads=2),
    }
    ms = {name: timing.ms for name, timing in time_in_turns(calls, repeats).items()}
    return {
        "rows": rows,
        "input_mb": sum(buffer.nbytes for buffer in buffers) / 1e6,
        **{f"{name}_ms": figure for name, figure in ms.items()},
        "threads_1_over_copy": ms["threads_1"] / ms["copy"],
        "threads_2_over_copy": ms["threads_2"] / ms["copy"],
        "speed_up": ms["threads_1"] / ms["threads_2"],
        "goal": KERNEL_GOAL,
    }


def arrow_table(rows: int, stations: int) -> pa.Table:
    """Return the benchmark's input as Arrow, in one chunk; NaN stays NaN, as it does in the facade."""
    df = weather(rows, stations)
    arrays = {name: pa.array(df[name].to_numpy()) for name in ("tm", *COLUMNS)}
    return pa.table({"stnNm": pa.array(df["stnNm"].array).cast(pa.large_string()), **arrays}).combine_chunks()


def write_ipc(table: pa.Table) -> pa.Buffer:
    """Return a table as an Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def read_ipc(buffer: Any) -> pa.Table:
    """Return the table of an Arrow IPC stream."""
    return pa.ipc.open_stream(pa.py_buffer(buffer)).read_all()


def goals(results: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """Return what was to be reached, what was, and whether it is enough."""
    found = []
    for carrier, goal in GOAL_US.items():
        trips = (trip for trip in results["round_trip"] if trip["trip"].startswith(carrier))
        slowest = max(trips, key=lambda trip: trip["us"])
        measured = f"{slowest['us']:.0f} µs at most ({slowest['trip']})"
        found.append((f"empty round trip by {carrier} at most {goal:.0f} µs", measured, slowest["ok"]))
    kernel = results["kernel"]
    for threads in ("1 thread", "2 threads"):
        ratio = kernel[f"threads_{threads[0]}_over_copy"]
        goal = f"kernel, {kernel['rows']:,} rows, {threads}: at most {kernel['goal']:g} × a copy of its input"
        found.append((goal, f"{ratio:.1f} ×", ratio <= kernel["goal"]))
    return found


def document(results: dict[str, Any]) -> list[Any]:
    """Return the figures, a line each."""
    kernel = results["kernel"]
    return [
        harness.bullets(
            [
                *(
                    f"Round trip of {'1 row' if trip['rows'] else 'no rows'}, {trip['trip']}: {trip['us']:.0f} µs "
                    f"(goal {trip['goal_us']:.0f})"
                    for trip in results["round_trip"]
                ),
                f"Kernel alone, {kernel['rows']:,} rows: {kernel['threads_1_ms']:.1f} ms on 1 thread, "
                f"{kernel['threads_2_ms']:.1f} ms on 2 (speed-up {kernel['speed_up']:.2f}); "
                f"copying the {kernel['input_mb']:.0f} MB of its input: {kernel['copy_ms']:.1f} ms; "
                f"so {kernel['threads_1_over_copy']:.1f} × and {kernel['threads_2_over_copy']:.1f} × "
                f"(goal {kernel['goal']:g})",
            ]
        )
    ]
