"""The transforms as methods of polars frames."""

from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import energy_data_layer.polars  # noqa: F401
from energy_data_layer import complete_hours, impute, impute_missing_values
from energy_data_layer.errors import ColumnNotFoundError

HOURS = pl.DataFrame(
    {
        "site": ["Seoul"] * 5,
        "tm": [f"2024-01-01 0{hour}:00" for hour in (0, 1, 3, 4, 5)],
        "ta": [0.0, 1.0, 3.0, None, 5.0],
    }
)


def test_each_method_is_the_function_of_its_name(engine):
    completed = HOURS.edl.complete_hours("tm", "site", use_rust=engine)
    assert_frame_equal(completed, complete_hours(HOURS, "tm", "site", use_rust=engine))
    options = {"station_col": "site", "use_rust": engine}
    result = completed.edl.impute(["ta"], **options)
    assert_frame_equal(result.frame, impute(completed, ["ta"], **options).frame)
    filled, report = completed.edl.impute_missing_values(["ta"], report=True, **options)
    assert_frame_equal(filled, impute_missing_values(completed, ["ta"], **options))
    assert report.columns["ta"].missing_before == 2


def test_errors_are_those_of_the_function():
    with pytest.raises(ColumnNotFoundError, match='perhaps station_col="site"'):
        HOURS.edl.complete_hours()
