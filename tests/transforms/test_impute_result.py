"""`impute`: which columns it fills, within which bounds, and the model it gives back."""

from __future__ import annotations

import sys

import lxml.html
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from energy_data_layer import impute, impute_missing_values
from energy_data_layer.errors import ColumnKindError, OptionError

HOURS = pd.date_range("2024-01-01", periods=600, freq="h")


@pytest.fixture
def frame():
    """Humidity beyond its bound with a gap at the top of the day, beside fields that are not to be filled."""
    day = np.sin(2 * np.pi * np.arange(600) / 24)
    noise = np.random.default_rng(1).normal(0, 0.5, (2, 600))
    frame = pd.DataFrame({"stnNm": "서울", "tm": HOURS, "ta": 5 * day + noise[0], "hm": 92 + 12 * day + noise[1]})
    frame["wd"], frame["rn"], frame["stnId"], frame["pm10"] = 270.0, np.nan, 108, np.nan
    frame.loc[290:298, ["ta", "hm"]] = np.nan
    frame.loc[10:, "pm10"] = 30.0
    return frame


def test_all_that_can_be_filled_is_filled(frame, engine):
    result = impute(frame, use_rust=engine)
    assert list(result.report.columns) == ["ta", "hm", "pm10"]
    assert result.frame[["ta", "hm", "pm10"]].notna().all(axis=None)
    assert result.frame["rn"].isna().all()
    assert result.report.method == "optimal_interpolation"


def test_the_bounds_are_those_of_the_record(frame, engine):
    bounded, free = impute(frame, ["hm"], use_rust=engine), impute(frame, ["hm"], bounds={}, use_rust=engine)
    missing = frame["hm"].isna()
    outside = missing & (free.frame["hm"] > 100)
    assert bounded.frame["hm"][missing].max() == 100
    assert bounded.report.columns["hm"].clipped == outside.sum() > 0


def test_the_model_fills_by_the_same_bits(frame, engine):
    result = impute(frame, ["ta"], interval=0.9, use_rust=engine)
    again = impute(frame, ["ta"], interval=0.9, model=result.model, use_rust=engine)
    pd.testing.assert_frame_equal(again.frame, result.frame, check_exact=True)
    assert again.model is result.model is not None


def test_other_frames_are_filled_in_their_floating_point_columns(frame, engine):
    other = pl.from_pandas(frame).rename({"tm": "time", "stnNm": "site"}).select("site", "time", "ta", "stnId")
    result = impute(other, date_col="time", station_col="site", use_rust=engine)
    assert list(result.report.columns) == ["ta"]
    assert result.frame.columns == ["site", "time", "ta", "ta_provenance", "stnId"]


def test_a_frame_without_anything_to_fill_is_refused(frame):
    with pytest.raises(OptionError, match="no column of the frame can be filled"):
        impute(frame[["stnNm", "tm", "wd"]])


@pytest.mark.parametrize(("column", "why"), [("wd", "values in between make no sense"), ("rn", "no precipitation")])
def test_directions_and_sums_are_refused(frame, column, why, engine):
    with pytest.raises(ColumnKindError, match=f'"{column}".*{why}'):
        impute_missing_values(frame, [column], method="optimal_interpolation", use_rust=engine)


@pytest.mark.filterwarnings("ignore:'.*' deprecated - use:DeprecationWarning")  # of pyparsing, by the lowest matplotlib
@pytest.mark.parametrize("convert", [lambda df: df, pl.from_pandas, pa.Table.from_pandas])
def test_the_result_draws_what_it_filled(frame, engine, convert):
    frame = frame.rename(columns={"tm": "time", "stnNm": "site"})
    result = impute(convert(frame), ["ta", "hm"], "time", "site", interval=0.8, use_rust=engine)
    figure = result.plot(["hm"], truth=convert(frame.assign(hm=50.0)), labels={"hm": "humidity"})
    assert [text.get_text() for text in figure.texts] == ["humidity"]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend[:3] == ["observed", "observed, but hidden", "80% interval"]
    assert len(result.plot().axes) == 2 * 2


def test_in_a_notebook_the_result_is_a_table_of_counts(frame, engine):
    frame = frame.rename(columns={"pm10": "<b>&"})
    result = impute(frame, max_gap=8, use_rust=engine)
    page = lxml.html.fromstring(result._repr_html_())
    assert page.findtext("caption") == f"600 rows, 1 stations: optimal interpolation, engine {result.report.engine}"
    heads = [cell.text for cell in page.findall("thead/tr/th")]
    assert heads[:2] == ["column", "missing"]
    assert heads[-1] == "unfilled"
    rows = {
        row.findtext("th"): dict(zip(heads[1:], (cell.text for cell in row.findall("td")), strict=True))
        for row in page.findall("tbody/tr")
    }
    assert rows.keys() == {"ta", "hm", "<b>&"}
    assert (rows["ta"]["missing"], rows["ta"]["unfilled"]) == ("9", "9")
    assert sum(int(count) for name, count in rows["<b>&"].items() if name != "missing") == 10


def test_nothing_missing_makes_a_table_without_methods(frame, engine):
    page = lxml.html.fromstring(impute(frame.fillna({"ta": 1.0}), ["ta"], use_rust=engine)._repr_html_())
    assert [cell.text for cell in page.findall("thead/tr/th")] == ["column", "missing", "unfilled"]
    assert [cell.text for cell in page.findall("tbody/tr/td")] == ["0", "0"]


def test_the_table_needs_neither_pandas_nor_matplotlib(frame, engine, monkeypatch):
    result = impute(pa.Table.from_pandas(frame), ["ta"], use_rust=engine)
    for library in ("pandas", "matplotlib"):
        monkeypatch.setitem(sys.modules, library, None)
    assert result._repr_html_().startswith("<table>")
