"""The naive version gives the reference's answers, so that what `profile_impute.py` measures is the same work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import data
import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_data_layer import impute_missing_values
from energy_data_layer.engine.equality import assert_equal_answers

from ..equivalence import strategies

if TYPE_CHECKING:
    import pandas as pd


SEASON = data.same_season(150, 3)


def assert_naive_gives_the_references_answer(df: pd.DataFrame, max_spline_gap: int = 3) -> None:
    before = df.copy(deep=True)
    options = {"columns": ("ta", "hm"), "max_spline_gap": max_spline_gap, "provenance": True}
    expected = impute_missing_values(df, use_rust=False, **options)
    assert_equal_answers(expected, naive.impute_missing_values(df, **options), [df])
    assert_equal_answers(before, df)


@pytest.mark.parametrize(
    "df",
    [
        pytest.param(SEASON, id="seasons"),
        pytest.param(SEASON.sample(frac=1, random_state=1), id="unsorted, with the rows' old index"),
        pytest.param(SEASON.head(1), id="one row"),
        pytest.param(SEASON.head(1).assign(ta=np.nan), id="one row, missing"),
        pytest.param(SEASON.head(0), id="no rows"),
        pytest.param(SEASON.assign(ta=np.nan), id="all missing"),
        pytest.param(SEASON.assign(ta=SEASON["ta"].where(SEASON["stnNm"] != "지점101")), id="a station without values"),
        pytest.param(SEASON.fillna(1.5), id="none missing"),
    ],
)
def test_naive_on_chosen_frames(df):
    assert_naive_gives_the_references_answer(df)


@settings(max_examples=settings.default.max_examples // 3)  # it is measured, not used
@given(table=strategies.tables(), max_spline_gap=st.integers(0, 3))
def test_naive_on_any_frame(table, max_spline_gap):
    assert_naive_gives_the_references_answer(table.to_pandas(), max_spline_gap)
