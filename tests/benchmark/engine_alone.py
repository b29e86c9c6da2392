"""The Rust engine without the facade: what a crossing costs, and the kernel against a copy of its input."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from data import COLUMNS, weather
from timing import time_in_turns

import rust_data_layer

impute = partial(rust_data_layer.impute_missing_values, columns=list(COLUMNS), date_col="tm", station_col="stnNm")
GOAL_US = {"capsule": 50.0, "ipc": 100.0}
TRIPS = {
    "capsule, out as NumPy": ("capsule", lambda table: impute(table).take_numpy()),
    "capsule, out as Arrow": ("capsule", lambda table: pa.table(impute(table))),
    "ipc, bytes in and out": ("ipc", lambda table: impute(table).to_ipc()),
    "ipc, encoded and decoded": ("ipc", lambda table: read_ipc(impute(write_ipc(table)).to_ipc())),
}
KERNEL_GOAL = 3.0


def measure_round_trips(repeats: int) -> list[dict[str, Any]]:
    """Time crossings of a table without rows and of one with a single row, for each carrier."""
    results = []
    for rows in (0, 1):
        table = arrow_table(rows, min(rows, 1))
        inputs = {"capsule": table, "ipc": write_ipc(table)}
        calls = {
            name: partial(trip, table if "encoded" in name else inputs[carrier])
            for name, (carrier, trip) in TRIPS.items()
        }
        for name, timing in time_in_turns(calls, repeats).items():
            goal = GOAL_US[TRIPS[name][0]]
            microseconds = timing.median * 1e6
            results.append(
                {"trip": name, "rows": rows, "us": microseconds, "goal_us": goal, "ok": microseconds <= goal}
            )
    return results


def measure_kernel(rows: int, stations: int, repeats: int) -> dict[str, Any]:
    """Time the kernel on one and two threads against copying the buffers of its input."""
    table = arrow_table(rows, stations)
    buffers = _buffers(table)
    timings = time_in_turns(
        {
            "copy": lambda: [np.copy(buffer) for buffer in buffers],
            "threads_1": lambda: impute(table, threads=1),
            "threads_2": lambda: impute(table, threads=2),
        },
        repeats,
    )
    copy, one, two = (timing.median for timing in timings.values())
    return {
        "rows": rows,
        "input_mb": sum(buffer.nbytes for buffer in buffers) / 1e6,
        "copy_ms": copy * 1e3,
        "threads_1_ms": one * 1e3,
        "threads_2_ms": two * 1e3,
        "threads_1_over_copy": one / copy,
        "threads_2_over_copy": two / copy,
        "speed_up": one / two,
        "goal": KERNEL_GOAL,
    }


def arrow_table(rows: int, stations: int) -> pa.Table:
    """Return the benchmark's input as Arrow, in one chunk; NaN stays NaN, as it does in the facade."""
    df = weather(rows, stations) if rows else weather(1, 1).head(0)
    arrays = {name: pa.array(df[name].to_numpy()) for name in ("tm", *COLUMNS)}
    return pa.table({"stnNm": pa.array(df["stnNm"].array).cast(pa.large_string()), **arrays}).combine_chunks()


def _buffers(table: pa.Table) -> list[np.ndarray]:
    """Return the bytes of all buffers of a table."""
    chunks = (chunk for column in table.columns for chunk in column.chunks)
    return [np.frombuffer(buffer, "uint8") for chunk in chunks for buffer in chunk.buffers() if buffer]


def write_ipc(table: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def read_ipc(buffer: Any) -> pa.Table:
    return pa.ipc.open_stream(pa.py_buffer(buffer)).read_all()
