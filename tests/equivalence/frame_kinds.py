"""One table as every kind of frame that the transforms take."""

from __future__ import annotations

from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa

KINDS = ("pandas", "polars", "table", "batch")

KINDS_AND_UNITS = [
    (kind, unit) for kind in KINDS for unit in ("s", "ms", "us", "ns") if (kind, unit) != ("polars", "s")
]
"""Each kind with the units of its stamps; polars has no stamps in seconds."""


def as_kind(table: pa.Table, kind: str) -> Any:
    """Return `table` as a frame of `kind`."""
    if kind == "pandas":
        return table.to_pandas()
    if kind == "polars":
        return pl.DataFrame(table)
    if kind == "batch":
        return as_batch(table)
    return table


def as_batch(table: pa.Table) -> pa.RecordBatch:
    """Return `table` as one record batch."""
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)


def as_table(frame: Any) -> pa.Table:
    """Return a frame of any kind as an Arrow table, NaN of numbers staying NaN; the index of pandas goes."""
    if isinstance(frame, pd.DataFrame):
        columns = ((name, frame[name]) for name in frame.columns)
        return pa.table({name: pa.array(column, from_pandas=column.dtype == object) for name, column in columns})
    return pa.table(frame)


def copied(frame: Any) -> Any:
    """Return a deep copy that no change of `frame` can reach."""
    if isinstance(frame, pd.DataFrame):
        return frame.copy(deep=True)
    if isinstance(frame, pl.DataFrame):
        return pl.from_arrow(copied(frame.to_arrow()))
    with pa.BufferOutputStream() as sink:
        with pa.ipc.new_stream(sink, frame.schema) as writer:
            writer.write(frame)
        buffer = sink.getvalue()
    result = pa.ipc.open_stream(buffer).read_all()
    return as_batch(result) if isinstance(frame, pa.RecordBatch) else result
