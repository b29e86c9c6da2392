"""Python objects in a pandas frame come through `complete_hours` as they are, whatever the engine."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from energy_data_layer import complete_hours
from energy_data_layer.engine.equality import assert_equal_answers

TWO_HOURS_APART = ["2024-01-01 00:00", "2024-01-01 02:00"]


@pytest.mark.parametrize(
    "cells",
    [[1, 2], [1, "two"], [Decimal("1.5"), None], [True, "x"], [("a", 1), ("b", 2)], [None, None]],
    ids=str,
)
def test_cells_keep_their_types(cells, engine):
    df = pd.DataFrame({"stnNm": "a", "tm": TWO_HOURS_APART, "x": pd.Series(cells, dtype=object)})
    answer = complete_hours(df, carry=(), use_rust=engine)
    expected = pd.DataFrame(
        {
            "stnNm": "a",
            "tm": ["2024-01-01 00:00", "2024-01-01 01:00", "2024-01-01 02:00"],
            "x": pd.Series([cells[0], None, cells[1]], dtype=object),
        }
    )
    assert_equal_answers(expected, answer)
    assert [type(cell) for cell in answer["x"].dropna()] == [type(cell) for cell in cells if cell is not None]


def test_stations_of_several_types_keep_them(engine):
    df = pd.DataFrame({"stnNm": pd.Series(["a", "a", 7], dtype=object), "tm": [*TWO_HOURS_APART, TWO_HOURS_APART[0]]})
    assert complete_hours(df, use_rust=engine)["stnNm"].tolist() == ["a", "a", "a", 7]


def test_text_stamps_of_type_object_stay_objects(engine):
    df = pd.DataFrame({"stnNm": "a", "tm": pd.Series(TWO_HOURS_APART, dtype=object)})
    answer = complete_hours(df, use_rust=engine)
    assert answer["tm"].dtype == object
    assert answer["tm"].tolist() == ["2024-01-01 00:00", "2024-01-01 01:00", "2024-01-01 02:00"]


def test_objects_without_a_hash_come_through(engine):
    df = pd.DataFrame({"stnNm": "a", "tm": TWO_HOURS_APART, "x": [[1], [2, 3]]})
    assert complete_hours(df, carry=(), use_rust=engine)["x"].dropna().tolist() == [[1], [2, 3]]


def test_equal_objects_of_other_looks_stay_apart(engine):
    cells = [True, 1, 1.0, Decimal("1.0"), Decimal("1.00"), 0.0, -0.0]
    stamps = pd.date_range("2024-01-01", periods=len(cells), freq="h")
    df = pd.DataFrame({"stnNm": "a", "tm": stamps, "x": pd.Series(cells, dtype=object)})
    answer = complete_hours(df, use_rust=engine)["x"]
    assert [repr(cell) for cell in answer] == [repr(cell) for cell in cells]
