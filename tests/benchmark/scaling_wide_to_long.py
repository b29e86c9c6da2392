"""The scaling of `transform_wide_to_long`: days of plants with 24 hour columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pandas as pd
import polars as pl
from scaling_work import Peer, Work
from wide_tables import HOURS, PLANTS, POLARS_WAYS, wide_table

from energy_data_layer import transform_wide_to_long

if TYPE_CHECKING:
    import pyarrow as pa

TRANSFORM = "wide_to_long"
MOST_DAYS = 10_000
"""Of a plant; beyond, there are more plants, so that the years stay those of a calendar."""


def work(rows: int) -> Work:
    """Return the input and who works on it."""
    plants = max(PLANTS, rows // MOST_DAYS)
    df = wide_table(rows, plants)
    frame = pl.from_pandas(df)
    table = frame.to_arrow()
    hours = len(HOURS) * rows
    return Work(
        transform=TRANSFORM,
        size=rows,
        unit="rows of days",
        hours=hours,
        input=f"{rows:,} rows of days = {hours:,} hours, {plants} plants",
        function="transform_wide_to_long",
        public_call=lambda use_rust: transform_wide_to_long(df, use_rust=use_rust),
        observed=[df],
        peers={
            "pandas melt": Peer(lambda: _by_pandas(df)),
            **{name: Peer(lambda way=way: way(frame), "polars in and out") for name, way in POLARS_WAYS.items()},
            "DuckDB unpivot": Peer(lambda: _by_duckdb(table), "Arrow in and out"),
        },
    )


def _by_pandas(df: pd.DataFrame) -> pd.DataFrame:
    keys = {
        "day": pd.to_datetime(df["dgenYmd"], format="%Y-%m-%d"),
        "plant_name": df["ipptNam"].str.strip() + " " + df["hogi"].str.strip(),
        "hogi": df["hogi"],
    }
    wide = df[HOURS].set_axis(range(1, len(HOURS) + 1), axis=1).assign(**keys)
    long = wide.melt(list(keys), var_name="hour", value_name="generation", ignore_index=False)
    long = long.sort_index(kind="stable", ignore_index=True)
    long["timestamp"] = long["day"] + pd.to_timedelta(long["hour"].astype("int64"), unit="h")
    return long[["timestamp", "plant_name", "generation", "hogi"]]


def _by_duckdb(days: pa.Table) -> pa.Table:
    return duckdb.sql(
        "SELECT strptime(dgenYmd, '%Y-%m-%d') + to_hours(CAST(right(hour, 2) AS INTEGER)) AS timestamp, "
        "trim(ipptNam) || ' ' || trim(hogi) AS plant_name, generation, hogi "
        "FROM (SELECT row_number() OVER () AS position, * EXCLUDE qsum FROM days) "
        f"UNPIVOT INCLUDE NULLS (generation FOR hour IN ({', '.join(HOURS)})) ORDER BY position, hour"
    ).to_arrow_table()
