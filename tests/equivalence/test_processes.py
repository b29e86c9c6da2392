"""The Rust engine in threads and in child processes, also after the parent has used it."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from energy_data_layer import WideLayout, impute_missing_values, transform_wide_to_long
from energy_data_layer.engine.equality import assert_equal_answers

pytestmark = pytest.mark.needs_rust

ROWS_WORTH_THREADS = 80_000


def gappy_frame() -> pd.DataFrame:
    values = np.sin(np.arange(ROWS_WORTH_THREADS) * 0.1)
    values[::50] = np.nan
    stamps = pd.date_range("2020-01-01", periods=ROWS_WORTH_THREADS // 8, freq="h")
    return pd.DataFrame({"stnNm": np.repeat(list("abcdefgh"), len(stamps)), "tm": np.tile(stamps, 8), "ta": values})


def filled(df: pd.DataFrame) -> pd.DataFrame:
    return impute_missing_values(df, ["ta"], provenance=True, use_rust=True)


@pytest.mark.parametrize("start_method", multiprocessing.get_all_start_methods())
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")
def test_child_processes_fill_alike(start_method):
    df = gappy_frame()
    expected = filled(df)
    context = multiprocessing.get_context(start_method)
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        for answer in pool.map(filled, [df, df], timeout=120):
            assert_equal_answers(expected, answer)


def test_threads_fill_alike_at_the_same_time():
    df = gappy_frame()
    expected = filled(df)
    with ThreadPoolExecutor(8) as pool:
        for answer in pool.map(filled, [df] * 32):
            assert_equal_answers(expected, answer)


@pytest.mark.parametrize("missing_of_ten", [1, 5, 9])
def test_any_number_of_threads_gives_the_same_bits(missing_of_ten):
    import rust_data_layer

    df = gappy_frame()
    df["ta"] = df["ta"].mask(np.arange(len(df)) * 7 % 10 < missing_of_ten)
    table = pa.Table.from_pandas(df, preserve_index=False)
    keys = {"columns": ["ta"], "date_col": "tm", "station_col": "stnNm"}
    answers = [
        rust_data_layer.impute_missing_values(table, threads=threads, **keys).take_numpy()["ta"]
        for threads in (1, 2, 5)
    ]
    for values, codes in answers[1:]:
        assert values.tobytes() == answers[0][0].tobytes()
        assert codes.tobytes() == answers[0][1].tobytes()
    assert_equal_answers(impute_missing_values(df, ["ta"], provenance=True, use_rust=False), filled(df), [df])


def wide_frame() -> pd.DataFrame:
    """Return plants and days whose hours are worth threads, as numbers and as text."""
    rows = ROWS_WORTH_THREADS // 20
    days = pd.date_range("2000-01-01", periods=rows // 2, freq="D", unit="s")
    hours = np.arange(rows * 24, dtype=float).reshape(rows, 24)
    hours[::7, ::5] = np.nan
    df = pd.DataFrame(hours, columns=[f"h{hour:02d}" for hour in range(1, 25)])
    df["h03"] = [None if np.isnan(cell) else f" {cell:,.0f} " for cell in df["h03"]]
    return df.assign(day=np.tile(days, 2), site=np.repeat(["a", "b"], len(days)), total=df["h02"] * 24)


def lengthened(df: pd.DataFrame) -> pd.DataFrame:
    layout = WideLayout(
        "site", date="day", plant="site", hours="h{:02d}", energy_unit="Wh", daily_total="total", keep=["total"]
    )
    return transform_wide_to_long(df, layout, use_rust=True)


@pytest.mark.parametrize("start_method", multiprocessing.get_all_start_methods())
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")
def test_child_processes_lengthen_alike(start_method):
    df = wide_frame()
    expected = lengthened(df)
    context = multiprocessing.get_context(start_method)
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        for answer in pool.map(lengthened, [df, df], timeout=120):
            assert_equal_answers(expected, answer)


def test_threads_lengthen_alike_at_the_same_time():
    df = wide_frame()
    expected = lengthened(df)
    with ThreadPoolExecutor(8) as pool:
        for answer in pool.map(lengthened, [df] * 32):
            assert_equal_answers(expected, answer)


@pytest.mark.parametrize("text_views", [False, True])
def test_any_number_of_threads_gives_the_same_bits_of_a_long_table(text_views):
    import rust_data_layer

    table = pa.Table.from_pandas(wide_frame(), preserve_index=False)
    answers = {
        bytes(
            rust_data_layer.transform_wide_to_long(
                table,
                date_col="day",
                plant_col="site",
                hours=[f"h{hour:02d}" for hour in range(1, 25)],
                scale=(1.0, 1000.0),
                total_col="total",
                keep=["total", "site"],
                text_views=text_views,
                threads=threads,
            ).to_ipc()
        )
        for threads in (1, 2, 2, 5)
    }
    assert len(answers) == 1
