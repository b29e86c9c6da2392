"""Texts that are no UTF-8, as files can hold them: an error with column and rows, never the end of the process."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from energy_data_layer import complete_hours, impute_missing_values, transform_wide_to_long
from energy_data_layer.errors import TextError

STAMPS = ["2024-01-01 00:00", "2024-01-01 01:00", "2024-01-01 02:00"]
SPOILED = pa.array([b"1", b"\xff\xfe", b"3"])
KINDS = {
    "string": SPOILED.view(pa.string()),
    "large_string": SPOILED.cast(pa.large_binary()).view(pa.large_string()),
    "string_view": SPOILED.cast(pa.binary_view()).view(pa.string_view()),
    "dictionary": pa.DictionaryArray.from_arrays(pa.array([0, 1, 2]), SPOILED.view(pa.string())),
    "chunked": pa.chunked_array([SPOILED[:1].view(pa.string()), SPOILED[1:].view(pa.string())]),
}
CALLS = {
    "impute": lambda df, **engine: impute_missing_values(df, ["ta"], **engine),
    "optimal": lambda df, **engine: impute_missing_values(df, ["ta"], method="optimal_interpolation", **engine),
    "complete": complete_hours,
}
ENGINES = [False, pytest.param(True, marks=pytest.mark.needs_rust)]


def table(column, texts):
    return pa.table({"stnNm": ["a"] * 3, "tm": STAMPS, "ta": [1.0, None, 3.0]} | {column: texts})


@pytest.mark.parametrize("use_rust", ENGINES)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("column", ["stnNm", "tm", "ta"])
@pytest.mark.parametrize("texts", KINDS.values(), ids=KINDS)
def test_the_error_names_column_row_and_bytes(texts, column, call, use_rust):
    with pytest.raises(TextError, match=rf'column "{column}" .* in 1 row \(row 1: \\xff\\xfe\)') as raised:
        call(table(column, texts), use_rust=use_rust)
    assert (raised.value.rows, raised.value.count) == ([1], 1)


@pytest.mark.parametrize("use_rust", ENGINES)
@pytest.mark.parametrize("column", ["stnNm", "tm", "ta"])
def test_in_columns_of_pandas_too(column, use_rust):
    df = table(column, KINDS["string"]).to_pandas(types_mapper=pd.ArrowDtype)
    with pytest.raises(TextError, match=column):
        impute_missing_values(df, ["ta"], use_rust=use_rust)


def test_half_a_character_of_python_is_none():
    df = pd.DataFrame({"stnNm": ["a", "\ud800", "a"], "tm": STAMPS, "ta": [1.0, None, 3.0]}, dtype=object)
    with pytest.raises(TextError, match=r"row 1: \\xed\\xa0\\x80"):
        impute_missing_values(df, ["ta"])


def test_halves_of_a_character_in_two_texts_are_found_and_bytes_below_a_null_are_not():
    split = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.array([0, 1, 3], pa.int32()).buffers()[1], pa.py_buffer("가".encode())]
    )
    with pytest.raises(TextError, match=r"in 2 rows \(row 0: \\xea, row 1: \\xb0\\x80\)"):
        impute_missing_values(pa.table({"stnNm": split, "tm": STAMPS[:2], "ta": [1.0, None]}), ["ta"], use_rust=False)
    hidden = pa.Array.from_buffers(pa.string(), 3, [pa.py_buffer(b"\x05"), *SPOILED.buffers()[1:]])
    filled = impute_missing_values(table("ta", hidden), ["ta"], use_rust=False)
    assert filled["ta"].to_pylist() == [1.0, 2.0, 3.0]


def test_a_text_far_down_is_found():
    texts = pa.chunked_array([["서울"] * 70_000, SPOILED.view(pa.string()), ["가"]]).combine_chunks()
    stamps = pa.array(np.arange(len(texts)) * 3600, pa.timestamp("s"))
    with pytest.raises(TextError, match=r"in 1 row \(row 70001: \\xff\\xfe\)"):
        impute_missing_values(
            pa.table({"stnNm": texts, "tm": stamps, "ta": [1.0] * len(texts)}), ["ta"], use_rust=False
        )


@pytest.mark.parametrize("use_rust", ENGINES)
def test_in_columns_that_are_only_carried_along(use_rust):
    with pytest.raises(TextError, match="remark"):
        complete_hours(table("remark", KINDS["string"]), use_rust=use_rust)


@pytest.mark.parametrize("use_rust", ENGINES)
def test_in_a_wide_table(use_rust):
    hours = {f"{hour}시": [1.0] * 3 for hour in range(1, 25)}
    wide = pa.table({"일자": STAMPS, "발전기명": KINDS["string"], **hours})
    with pytest.raises(TextError, match="발전기명"):
        transform_wide_to_long(wide, energy_unit="kWh", use_rust=use_rust)


@pytest.mark.needs_rust
@pytest.mark.parametrize("texts", KINDS.values(), ids=KINDS)
def test_the_engine_looks_by_itself(texts):
    import rust_data_layer

    with pytest.raises(ValueError, match=r"(?i)utf-?8.* at (string )?index [01]"):
        rust_data_layer.impute_missing_values(table("tm", texts), columns=["ta"], date_col="tm", station_col="stnNm")
