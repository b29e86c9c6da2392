"""The scaling of `complete_hours`: hourly weather from which every fiftieth row is absent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import numpy as np
import polars as pl
from data import COLUMNS, SEED, weather
from scaling_impute import stations_of
from scaling_work import Peer, Work

from energy_data_layer import complete_hours

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

TRANSFORM = "complete_hours"
ABSENT_SHARE = 0.02


def work(rows: int) -> Work:
    """Return the input and who works on it."""
    df = with_absent_hours(rows)
    frame = pl.from_pandas(df)
    table = frame.to_arrow()
    return Work(
        transform=TRANSFORM,
        size=rows,
        unit="rows",
        input=f"{rows:,} rows, {stations_of(rows)} stations, {ABSENT_SHARE:.0%} of the hours absent, nothing carried",
        function="complete_hours",
        public_call=lambda use_rust: complete_hours(df, carry=(), use_rust=use_rust),
        observed=[df],
        peers={
            "pandas asfreq": Peer(lambda: _by_pandas(df)),
            "polars upsample": Peer(lambda: _by_polars(frame), "polars in and out"),
            "DuckDB join": Peer(lambda: _by_duckdb(table), "generate_series and a left join; Arrow in and out"),
        },
    )


def with_absent_hours(rows: int) -> pd.DataFrame:
    """Return `rows` rows of weather, in time order, with hours absent between them."""
    if rows == 0:
        return weather(1, 1).head(0)
    complete = weather(round(rows / (1 - ABSENT_SHARE)), stations_of(rows))
    present = np.random.default_rng(SEED).choice(len(complete), size=rows, replace=False)
    return complete.iloc[np.sort(present)].reset_index(drop=True)


def _by_pandas(df: pd.DataFrame) -> pd.DataFrame:
    stations = df.set_index("tm").groupby("stnNm", sort=False)[list(COLUMNS)]
    return stations.apply(lambda station: station.asfreq("h")).reset_index()


def _by_polars(df: pl.DataFrame) -> pl.DataFrame:
    return df.upsample("tm", every="1h", group_by="stnNm", maintain_order=True)


def _by_duckdb(weather_rows: pa.Table) -> pa.Table:
    return duckdb.sql(
        "WITH spans AS (SELECT stnNm, min(tm) AS first, max(tm) AS last FROM weather_rows GROUP BY stnNm), "
        "grid AS (SELECT stnNm, unnest(generate_series(first, last, INTERVAL 1 HOUR)) AS tm FROM spans) "
        "SELECT grid.stnNm, grid.tm, ta, hm FROM grid LEFT JOIN weather_rows USING (stnNm, tm) ORDER BY stnNm, tm"
    ).to_arrow_table()
