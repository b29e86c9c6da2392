"""The comparison itself: it must see every difference the contract names, and no other."""

from __future__ import annotations

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from energy_data_layer.engine.equality import assert_equal_answers

from .frame_kinds import KINDS, as_kind

TABLE = pa.table(
    {
        "stnNm": pa.array(["서울", "서울", "부산"]),
        "ta": pa.array([1.0, None, float("nan")]),
        "ta_provenance": pa.array([0, 7, 1], pa.uint8()),
    }
)


def changed(column: str, values: list, type_: pa.DataType) -> pa.Table:
    return TABLE.set_column(TABLE.schema.names.index(column), column, pa.array(values, type_))


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_equals_itself(kind):
    assert_equal_answers(as_kind(TABLE, kind), as_kind(TABLE, kind))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (TABLE.to_pandas(), "kind of frame: expected pyarrow.Table, got pandas.DataFrame"),
        (TABLE.slice(0, 2), "rows: expected 3, got 2"),
        (TABLE.rename_columns(["stnNm", "hm", "ta_provenance"]), "columns: expected"),
        (TABLE.select(["ta", "stnNm", "ta_provenance"]), "columns: expected"),
        (
            changed("ta_provenance", [0, 7, 1], pa.int8()),
            'column "ta_provenance": expected type uint8, got int8',
        ),
        (changed("ta_provenance", [0, 7, 2], pa.uint8()), "row 2: expected 1, got 2"),
        (changed("stnNm", ["서울", "부산", "부산"], pa.string()), "row 1: expected '서울', got '부산'"),
        (changed("ta", [1.0, float("nan"), float("nan")], pa.float64()), "row 1: expected null, got nan"),
        (changed("ta", [1.0, None, None], pa.float64()), "row 2: expected nan, got null"),
        (changed("ta", [1.0, 2.0, float("nan")], pa.float64()), "row 1: expected null, got 2.0"),
        (changed("ta", [1.1, None, float("nan")], pa.float64()), "row 0: expected 1.0, got 1.1"),
        (changed("ta", [float("inf"), None, float("nan")], pa.float64()), "row 0: expected 1.0, got inf"),
    ],
)
def test_a_difference_is_named(other, message):
    with pytest.raises(AssertionError) as caught:
        assert_equal_answers(TABLE, other)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("largest", "difference", "equal"),
    [(1.0, 0.9e-9, True), (1.0, 1.1e-9, False), (1e6, 0.9e-7, True), (1e6, 1.1e-7, False)],
)
def test_the_tolerance_follows_the_largest_observed_value(largest, difference, equal):
    observed = pd.DataFrame({"ta": [largest, None]})
    expected, actual = pd.DataFrame({"ta": [1e-3]}), pd.DataFrame({"ta": [1e-3 + difference]})
    if equal:
        assert_equal_answers(expected, actual, [observed])
    else:
        with pytest.raises(AssertionError, match="differs by more than"):
            assert_equal_answers(expected, actual, [observed])


def test_the_largest_value_of_the_history_counts():
    expected, actual = pl.DataFrame({"ta": [1.0]}), pl.DataFrame({"ta": [1.0 + 1e-7]})
    assert_equal_answers(expected, actual, [expected, pl.DataFrame({"ta": [-1e7]})])


def test_a_pandas_index_counts():
    left, right = TABLE.to_pandas(), TABLE.to_pandas().set_axis(["a", "b", "c"])
    with pytest.raises(AssertionError, match="index"):
        assert_equal_answers(left, right)


def test_only_the_first_rows_are_shown():
    left, right = pl.DataFrame({"ta": [0.0] * 100}), pl.DataFrame({"ta": [1.0] * 100})
    with pytest.raises(AssertionError, match=r"in 100 of 100 rows .*row 4: expected 0.0, got 1.0; …\)$"):
        assert_equal_answers(left, right)


@pytest.mark.parametrize("kind", KINDS)
def test_chunks_do_not_count(kind):
    chunked = pa.concat_tables([TABLE.slice(0, 1), TABLE.slice(1)])
    assert_equal_answers(as_kind(TABLE, kind), as_kind(chunked, kind))
