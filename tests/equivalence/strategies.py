"""Hypothesis strategies that build tables by structure: stations, runs of stamps, gaps, order, types."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from .frame_kinds import KINDS, as_kind

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

NAMES = ["서울", "서", "a", "ab", "", "a name of more than twelve bytes", "a name of more than twelve bytes!"]
DAYS = ["2020-02-29", "2021-02-28", "2022-02-28", "2023-02-28", "2024-02-29", "1969-12-31", "2023-12-31"]
STEPS = [600, 3600, 3600, 3600, 7200, 86400]
FORMS = ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y%m%d%H%M"]


@st.composite
def stamps(draw: DrawFn) -> np.ndarray:
    """Return the stamps of a station: runs that begin on days of the same season in several years."""
    runs = [np.array([], dtype="datetime64[s]")]
    for day in draw(st.lists(st.sampled_from(DAYS), max_size=3, unique=True)):
        start = np.datetime64(f"{day}T{draw(st.integers(0, 23)):02}", "s")
        steps = draw(st.lists(st.sampled_from(STEPS), min_size=1, max_size=3))
        count = draw(st.integers(1, 30))
        runs.append(start + np.cumsum(np.resize(steps, count)).astype("timedelta64[s]"))
    return np.unique(np.concatenate(runs))


@st.composite
def hours(draw: DrawFn) -> np.ndarray:
    """Return some of the full hours of a few days."""
    start = np.datetime64(draw(st.sampled_from(DAYS)), "h")
    present = sorted(draw(st.sets(st.integers(0, 100), max_size=30)))
    return (start + np.array(present, dtype="timedelta64[h]")).astype("datetime64[s]")


@st.composite
def values(draw: DrawFn, count: int) -> np.ndarray:
    """Return values of one kind with gaps of drawn starts and lengths; NaN where missing."""
    kind = draw(st.sampled_from(["weather", "constant", "large", "tiny", "integers", "jumps"]))
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    course = np.round(10 + 8 * np.sin(np.arange(count) * 2 * np.pi / 24) + random.normal(0, 1, count), 1)
    result = {
        "weather": course,
        "constant": np.full(count, draw(st.sampled_from([0.0, -0.0, 7.3, 1e6]))),
        "large": course * 10.0 ** draw(st.integers(4, 12)),
        "tiny": course * 10.0 ** draw(st.integers(-310, -5)),
        "integers": random.integers(-5, 5, count).astype(float),
        "jumps": random.choice([-8765.0, 0.0, 1e-9, 8765.0], count),
    }[kind]
    if draw(st.booleans()) and count:
        result[draw(st.integers(0, count - 1)) :] = np.nan
    for start, length in draw(
        st.lists(st.tuples(st.integers(0, 60), st.sampled_from([1, 1, 2, 3, 3, 4, 5, 30])), max_size=8)
    ):
        result[start : start + length] = np.nan
    return result


@st.composite
def orders(draw: DrawFn, count: int) -> np.ndarray:
    """Return an order of rows: as they are, shuffled, or reversed."""
    order = draw(st.sampled_from(["sorted", "shuffled", "reversed"]))
    rows = np.arange(count)
    if order == "shuffled":
        return np.random.default_rng(draw(st.integers(0, 1000))).permutation(count)
    return rows[::-1] if order == "reversed" else rows


@st.composite
def tables(draw: DrawFn, *, hourly: bool = False) -> pa.Table:
    """Return a plain table of stnNm, tm, ta, hm: stations one after the other, interleaved or shuffled."""
    names = draw(st.lists(st.sampled_from(NAMES), max_size=4, unique=True))
    parts = []
    for name in names:
        tm = draw(hours() if hourly else stamps())
        columns = {column: missing_as_null(draw(values(len(tm)))) for column in ("ta", "hm")}
        parts.append(pa.table({"stnNm": pa.array([name] * len(tm), pa.string()), "tm": pa.array(tm), **columns}))
    schema = pa.schema([("stnNm", pa.string()), ("tm", pa.timestamp("s")), ("ta", pa.float64()), ("hm", pa.float64())])
    table = pa.concat_tables([schema.empty_table(), *parts]).combine_chunks()
    if draw(st.booleans()):
        table = table.sort_by([("tm", "ascending"), ("stnNm", "descending")])
    return table.take(draw(orders(table.num_rows))).combine_chunks()


@st.composite
def dressed(draw: DrawFn, table: pa.Table) -> pa.Table:
    """Return the same rows in other types: text stamps, dictionary stations, text or narrow numbers."""
    tm = draw(st.sampled_from(["s", "ms", "us", "ns", *FORMS]))
    if tm.startswith("%"):
        fits = not tm.endswith("%M") or all(stamp.second == 0 for stamp in table["tm"].to_pylist())
        texts = [stamp.strftime(tm if fits else FORMS[1]) for stamp in table["tm"].to_pylist()]
        table = table.set_column(1, "tm", pa.array(texts, pa.string()))
    else:
        table = table.set_column(1, "tm", table["tm"].cast(pa.timestamp(tm)))
    station = draw(st.sampled_from(["string", "large_string", "dictionary"]))
    if station == "dictionary":
        table = table.set_column(0, "stnNm", table["stnNm"].dictionary_encode())
    elif station == "large_string":
        table = table.set_column(0, "stnNm", table["stnNm"].cast(pa.large_string()))
    if draw(st.booleans()):
        texts = [None if value is None else repr(value) for value in table["hm"].to_pylist()]
        table = table.set_column(3, "hm", pa.array(texts, pa.string()))
    return table


@st.composite
def chunked(draw: DrawFn, table: pa.Table) -> pa.Table:
    """Return the same table in chunks, slices of a longer one among them."""
    table = pa.concat_tables([table, table]).combine_chunks().slice(table.num_rows, table.num_rows)
    cuts = sorted(draw(st.lists(st.integers(0, table.num_rows), max_size=4)))
    bounds = [0, *cuts, table.num_rows]
    pieces = [table.slice(start, stop - start) for start, stop in pairwise(bounds)]
    return pa.concat_tables(pieces)


@st.composite
def frames(draw: DrawFn) -> Any:
    """Return a dressed, chunked table as any kind of frame."""
    table = draw(tables())
    return as_kind(draw(chunked(draw(dressed(table)))), draw(st.sampled_from(KINDS)))


max_spline_gaps = st.sampled_from([0, 1, 2, 3, 3, 3, 4, 24, 10**6])
histories = st.none() | tables()


def missing_as_null(numbers: np.ndarray) -> pa.Array:
    return pa.array(numbers, from_pandas=True)
