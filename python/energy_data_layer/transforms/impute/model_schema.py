"""The table of a model of gaps, which both engines read and write."""

from __future__ import annotations

import pyarrow as pa

NOTHING_TO_FIT = "no station has two stamps, so there is nothing to fit a model on"

PER_SET = {"beta": 10, "transition": 8, "covariance": 16, "quantiles": 22 * 19}
"""How many numbers each set of neighbours has."""
PER_STATION = {"climatology": 366 * 24, "spread": 366 * 24, "borrowed": 366 * 24}

MODEL_SCHEMA = pa.schema(
    {
        "column": pa.string(),
        "station": pa.string(),
        "windows": pa.int64(),
        "candidates": pa.list_(pa.string()),
        "members": pa.list_(pa.int64()),
        "merits": pa.list_(pa.int64()),
    }
    | dict.fromkeys([*PER_STATION, *PER_SET], pa.list_(pa.float64()))
)
"""One row per column and station; the numbers of its sets of neighbours stand one set after the other."""
