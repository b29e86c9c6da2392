"""The scaling of `impute_missing_values`: hourly weather with gaps of 1 to 6 hours."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl
from data import CASES, COLUMNS, LONGEST_GAP, weather
from scaling_agreement import agreement_of_fills
from scaling_work import Peer, Work

from energy_data_layer import impute_missing_values

if TYPE_CHECKING:
    import pandas as pd

TRANSFORM = "impute"
LINEAR = "linear only"
CUBIC = "cubic through long gaps too"


def work(rows: int) -> Work:
    """Return the input and who works on it."""
    stations = stations_of(rows)
    df = weather(rows, stations) if rows else weather(1, 1).head(0)
    frame = pl.from_pandas(df)
    return Work(
        transform=TRANSFORM,
        size=rows,
        unit="rows",
        input=f"{rows:,} rows, {stations} stations, columns {' and '.join(COLUMNS)}, gaps of 1 to {LONGEST_GAP} hours",
        function="impute_missing_values",
        public_call=lambda use_rust: impute_missing_values(df, COLUMNS, use_rust=use_rust),
        observed=[df],
        peers={
            "pandas interpolate": Peer(
                lambda: _by_pandas(df), "cubic, station by station", partial(agreement_of_fills, df, says=CUBIC)
            ),
            "polars interpolate": Peer(
                lambda: _by_polars(frame),
                "linear: polars has no cubic interpolation; polars in and out",
                partial(agreement_of_fills, df, says=LINEAR),
            ),
        },
    )


def stations_of(rows: int) -> int:
    """Return among how many stations so many rows are shared out, as in the table of whole calls."""
    return next((case.stations for case in CASES if rows <= case.rows), CASES[-1].stations)


def _by_pandas(df: pd.DataFrame) -> pd.DataFrame:
    columns = df.groupby("stnNm", sort=False)[list(COLUMNS)]
    return df.assign(**columns.transform(lambda series: series.interpolate(method="cubic")))


def _by_polars(df: pl.DataFrame) -> Any:
    return df.with_columns(pl.col(COLUMNS).interpolate().over("stnNm"))
