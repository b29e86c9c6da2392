"""Wide to long: both engines with pandas in and out, and polars' own expressions against Rust with polars."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from timing import time_in_turns

from energy_data_layer import transform_wide_to_long
from energy_data_layer.core.frames import wrap
from energy_data_layer.engine.equality import differences
from energy_data_layer.transforms.wide_to_long.api import lengthen, long_frame
from energy_data_layer.transforms.wide_to_long.columns import read_wide_columns
from energy_data_layer.transforms.wide_to_long.recognise import recognise_layout

if TYPE_CHECKING:
    from collections.abc import Callable

PLANTS = 10
SEED = 2024
FIRST_DAY = "1990-01-01"
HOURS = [f"qhorGen{hour:02d}" for hour in range(1, 25)]
MORE_REPEATS = {1_000: 5, 10_000: 3}
"""Up to so many rows, so many times the repeats."""


@dataclass(frozen=True)
class WideCase:
    """An input, who is compared on it, and how many times faster Rust must be."""

    rows: int
    frame: str
    target: float

    @property
    def title(self) -> str:
        """The case's name for readers."""
        return f"{self.rows:,} rows, {self.frame}"


CASES = [
    WideCase(24, "pandas", 10),
    WideCase(200, "pandas", 10),
    WideCase(10_000, "pandas", 10),
    WideCase(100_000, "pandas", 10),
    WideCase(10_000, "polars", 2),
    WideCase(100_000, "polars", 2),
]
SMOKE_CASES = [WideCase(24, "pandas", 10), WideCase(200, "polars", 2)]


def measure(case: WideCase, repeats: int) -> dict[str, Any]:
    """Time Rust against the other way on one input and compare the answers."""
    df = wide_table(case.rows)
    other: Callable[[], Any]
    if case.frame == "pandas":
        frame: Any = df
        name, other = "reference", lambda: transform_wide_to_long(df, use_rust=False)
    else:
        frame = pl.from_pandas(df)
        name, other = _fastest_of_polars(frame)
    repeats *= next((factor for rows, factor in MORE_REPEATS.items() if case.rows <= rows), 1)
    answer = transform_wide_to_long(frame, use_rust=True)
    buffers = _buffers(answer)
    calls = {
        "other": other,
        "rust": lambda: transform_wide_to_long(frame, use_rust=True),
        "copy": lambda: [np.copy(buffer) for buffer in buffers],
        "no_engine": _without_engine(frame),
    }
    timings = time_in_turns(calls, repeats)
    ratio = timings["other"].median / timings["rust"].median
    found = differences(other(), answer)
    return {
        "title": case.title,
        "against": name,
        "other_ms": timings["other"].median * 1e3,
        "rust_ms": timings["rust"].median * 1e3,
        "result_mb": sum(buffer.nbytes for buffer in buffers) / 1e6,
        "copy_ms": timings["copy"].median * 1e3,
        "other_over_copy": timings["other"].median / timings["copy"].median,
        "no_engine_ms": timings["no_engine"].median * 1e3,
        "other_over_no_engine": timings["other"].median / timings["no_engine"].median,
        "ratio": ratio,
        "target": case.target,
        "ok": ratio >= case.target,
        "agree": not found,
        "difference": "; ".join(found),
    }


def wide_table(rows: int, plants: int = PLANTS) -> pd.DataFrame:
    """Return the hourly generation of some plants, a row per plant and day, as the service sends it."""
    rng = np.random.default_rng(SEED)
    days = -(-rows // plants)
    dates = np.repeat(pd.date_range(FIRST_DAY, periods=days).strftime("%Y-%m-%d").to_numpy(), plants)
    cells = rng.gamma(2, 500, (rows, len(HOURS))).round(3)
    names = pd.DataFrame(
        {
            "dgenYmd": dates[:rows],
            "ipptNam": np.tile([f"풍력{number}단지" for number in range(1, plants + 1)], days)[:rows],
            "hogi": np.tile([str(number % 3 + 1) for number in range(plants)], days)[:rows],
        },
        dtype="str",
    )
    # Column by column, as readers of files and bodies make their frames.
    hours = dict(zip(HOURS, np.ascontiguousarray(cells.T), strict=True))
    return names.assign(**hours, qsum=cells.sum(axis=1).round(3))


def _without_engine(df: Any) -> Callable[[], Any]:
    """Return what reads the columns and makes the long frame from an answer that is there already."""
    layout = recognise_layout(wrap(df).names)
    frame = wrap(df)
    answer = lengthen(read_wide_columns(frame, layout), frame, "rust")

    def call() -> Any:
        frame = wrap(df)
        return long_frame(read_wide_columns(frame, recognise_layout(frame.names)), frame, answer)

    return call


def _buffers(frame: Any) -> list[np.ndarray]:
    """Return the bytes of a long frame."""
    table = pa.table(frame) if isinstance(frame, pl.DataFrame) else pa.Table.from_pandas(frame, preserve_index=False)
    chunks = (chunk for column in table.columns for chunk in column.chunks)
    return [np.frombuffer(buffer, "uint8") for chunk in chunks for buffer in chunk.buffers() if buffer]


def _fastest_of_polars(df: pl.DataFrame) -> tuple[str, Callable[[], Any]]:
    ways = {name: partial(way, df) for name, way in POLARS_WAYS.items()}
    timings = time_in_turns(ways, 3)
    name = min(ways, key=lambda name: timings[name].median)
    return name, ways[name]


def _keys(df: pl.DataFrame) -> list[pl.Expr]:
    day = pl.col("dgenYmd").str.to_datetime("%Y-%m-%d", time_unit="us")
    plant = pl.concat_str(pl.col("ipptNam").str.strip_chars(), pl.col("hogi").str.strip_chars(), separator=" ")
    return [day.alias("timestamp"), plant.alias("plant_name"), pl.col("hogi")]


def _unpivoted(df: pl.DataFrame) -> pl.DataFrame:
    hour = pl.col("hour").replace_strict(HOURS, list(range(1, 25)), return_dtype=pl.Int64)
    return (
        df.lazy()
        .with_row_index()
        .select("index", *_keys(df), *HOURS)
        .unpivot(
            HOURS, index=["index", "timestamp", "plant_name", "hogi"], variable_name="hour", value_name="generation"
        )
        .with_columns(pl.col("timestamp") + pl.duration(hours=hour))
        .sort("index", "timestamp")
        .select("timestamp", "plant_name", "generation", "hogi")
        .collect()
    )


def _exploded(df: pl.DataFrame) -> pl.DataFrame:
    hours = pl.lit(list(range(1, 25)), dtype=pl.List(pl.Int64))
    return (
        df.lazy()
        .select(*_keys(df), pl.concat_list(HOURS).alias("generation"), hours.alias("hour"))
        .explode("generation", "hour")
        .select(pl.col("timestamp") + pl.duration(hours="hour"), "plant_name", "generation", "hogi")
        .collect()
    )


POLARS_WAYS = {"polars unpivot": _unpivoted, "polars explode": _exploded}
