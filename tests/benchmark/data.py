"""Seeded input: hourly weather of several stations, with gaps of 1 to 6 hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

COLUMNS = ("ta", "hm")
MISSING_SHARE = 0.05
LONGEST_GAP = 6
SEED = 2018
FIRST_STAMP = "2018-01-01"
STATIONS = [f"지점{number}" for number in range(101, 1101)]
MEMORY_OF_NOISE = 48
"""Hours over which the noise of a series is correlated."""
FRONT = 3.0
"""How far fronts move temperature and humidity, beside 1.2 and 6 of a station's own noise."""
LAST_YEAR, YEARS = 2020, 3


CASES = [(100, 1, 8), (1_000, 3, 8), (10_000, 3, 10), (100_000, 10, 15), (1_000_000, 25, 20)]
"""Rows, stations, and how many times faster than the reference Rust must be on them."""


def weather(rows: int, stations: int, *, text_stamps: bool = False) -> pd.DataFrame:
    """Return a frame of `rows` rows, station by station, with missing values in `COLUMNS`."""
    if not rows:
        return weather(1, 1, text_stamps=text_stamps).head(0)
    rng = np.random.default_rng(SEED)
    lengths = [len(part) for part in np.array_split(np.arange(rows), stations)]
    stamps = pd.date_range(FIRST_STAMP, periods=max(lengths, default=0), freq="h")
    if text_stamps:
        stamps = pd.Series(stamps.strftime("%Y-%m-%d %H:%M"), dtype="str")
    return pd.DataFrame(
        {
            "stnNm": pd.Series(np.repeat(STATIONS[:stations], lengths), dtype="str"),
            "tm": stamps.take(np.concatenate([np.arange(length) for length in lengths])).array,
            "ta": np.concatenate([_with_gaps(_temperature(length, rng), rng) for length in lengths]),
            "hm": np.concatenate([_with_gaps(_humidity(length, rng), rng) for length in lengths]),
        }
    )


def weather_with_fronts(rows: int, stations: int) -> pd.DataFrame:
    """Return the hours of `weather` with fronts that pass all stations at once: so they know of each other's gaps."""
    df = weather(rows, stations)
    front = FRONT * _noise(-(-rows // stations), np.random.default_rng(SEED + 1))
    at = df.groupby("stnNm", sort=False).cumcount().to_numpy()
    return df.assign(ta=(df["ta"] + front[at]).round(1), hm=(df["hm"] - front[at]).clip(5, 100).round(1))


def same_season(rows: int, stations: int) -> pd.DataFrame:
    """Return the values of `weather` with other stamps: every year the same first hours of it.

    So the climatology finds something also in few rows. The last station began in the last year; its long gaps are
    left to the station's mean.
    """
    df = weather(rows, stations)
    lengths = [len(part) for part in np.array_split(np.arange(rows), stations)]
    years = [YEARS] * (stations - 1) + [1]
    return df.assign(tm=np.concatenate([_first_hours(*series) for series in zip(lengths, years, strict=True)]))


def missing_share(df: pd.DataFrame) -> float:
    """Return the share of missing values in `COLUMNS`."""
    return float(df[list(COLUMNS)].isna().to_numpy().mean()) if len(df) else 0.0


def _first_hours(rows: int, years: int) -> NDArray[np.datetime64]:
    """Return hourly stamps from the first of January on of each of the last `years`."""
    parts = np.array_split(np.arange(rows), years)
    starts = [np.datetime64(str(year), "h") for year in range(LAST_YEAR - years + 1, LAST_YEAR + 1)]
    hours = [start + np.arange(len(part)) for start, part in zip(starts, parts, strict=True)]
    return np.concatenate(hours).astype("datetime64[us]")


def _temperature(hours: int, rng: np.random.Generator) -> NDArray[np.float64]:
    return np.round(12 - 14 * _cycle(hours, 8766) - 4 * _cycle(hours, 24) + 1.2 * _noise(hours, rng), 1)


def _humidity(hours: int, rng: np.random.Generator) -> NDArray[np.float64]:
    return np.round(np.clip(62 + 15 * _cycle(hours, 24) + 6 * _noise(hours, rng), 5, 100), 1)


def _cycle(hours: int, period: float) -> NDArray[np.float64]:
    return np.cos(2 * np.pi * np.arange(hours) / period)


def _noise(hours: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return noise in which each hour resembles the one before it."""
    fading = 0.9 ** np.arange(MEMORY_OF_NOISE)
    return np.convolve(rng.standard_normal(hours + MEMORY_OF_NOISE - 1), fading, mode="valid")


def _with_gaps(values: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    values[_gap_rows(len(values), rng)] = np.nan
    return values


def _gap_rows(rows: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return the rows of gaps of random lengths; at least one observed row stands between two gaps."""
    missing = round(MISSING_SHARE * rows)
    stops = np.cumsum(rng.integers(1, LONGEST_GAP, size=missing, endpoint=True))
    gaps = int(np.searchsorted(stops, missing)) + 1 if missing else 0
    lengths = np.diff(np.minimum(stops[:gaps], missing), prepend=0)
    observed_before = np.sort(rng.choice(rows - missing + 1, size=gaps, replace=False))
    return np.repeat(observed_before, lengths) + np.arange(missing)
