"""Humidity filled with the temperature, and wind direction through its vector: what a dataset's record declares."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_data_layer import GapModel, Provenance, complete_hours, impute, impute_missing_values
from energy_data_layer.errors import ColumnKindError, InfiniteValueError, OptionError
from energy_data_layer.transforms.impute.derived import (
    columns_to_fill,
    derived_columns,
    reduced_humidity,
    relative_humidity,
    wind_direction,
    wind_vector,
    with_auxiliaries,
    with_derived_fills,
)

HOURS = pd.date_range("2024-01-01", periods=900, freq="h")
GAP = np.arange(400, 419)
NEITHER = np.arange(405, 408)
"""Hours in the gap of humidity and direction whose temperature and speed are missing too."""
OBSERVED, UNFILLED = Provenance.OBSERVED, Provenance.UNFILLED
KEYS = ("tm", "stnNm")


def hours_of(station: str, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    day = 2 * np.pi * np.arange(900) / 24
    weather = np.random.default_rng(0).normal(0, 0.5, (3, 900)).cumsum(axis=1) * 0.6
    ta = 8 + 5 * np.sin(day) + weather[0] + random.normal(0, 0.3, 900)
    hm = 60 - 4 * (ta - 8) + weather[1] + random.normal(0, 1, 900)
    ws = np.abs(3 + weather[2] + random.normal(0, 0.3, 900)).round(1)
    # The wind turns through north, slowly.
    wd = (np.degrees(0.6 * np.sin(day / 3)) + random.normal(0, 3, 900)) % 360
    wd = np.where(ws < 0.5, 0, np.where(wd == 0, 360, wd))
    frame = {"stnNm": station, "tm": HOURS, "ta": ta, "hm": hm.clip(0, 100).round(), "ws": ws, "wd": wd}
    return pd.DataFrame(frame)


@pytest.fixture
def truth():
    return pd.concat([hours_of("서울", 1), hours_of("인천", 2), hours_of("수원", 3)], ignore_index=True)


@pytest.fixture
def frame(truth):
    """A gap of humidity and direction, in some hours of which temperature and speed are missing too."""
    frame = truth.copy()
    frame.loc[GAP, ["hm", "wd"]] = np.nan
    frame.loc[NEITHER, ["ta", "ws"]] = np.nan
    return frame


def directly(frame, columns, **options):
    bounds = {"hm": (0, 100)} if "hm" in columns else {}
    return impute_missing_values(
        frame, columns, method="optimal_interpolation", bounds=bounds, provenance=True, **options
    )


# Conversions


@given(st.floats(0, 110), st.floats(-90, 60))
def test_reduced_humidity_comes_back(hm, ta):
    back = relative_humidity(*reduced_humidity(np.array([hm]), np.array([ta])), np.array([ta]))
    assert back[0] == pytest.approx(hm, abs=1e-12)


@given(st.floats(0, 360, exclude_min=True), st.floats(0.5, 100))
def test_a_direction_comes_back_from_its_vector(wd, ws):
    speed = np.array([ws])
    back = wind_direction(*wind_vector(np.array([wd]), speed), speed)[0]
    assert 0 < back <= 360
    assert abs((back - wd + 180) % 360 - 180) < 1e-9


@pytest.mark.parametrize("wd", [0.0, 360.0])
def test_north_is_360(wd):
    u, v = wind_vector(np.array([wd]), np.array([2.0]))
    assert v[0] == -2
    assert wind_direction(u, v, np.array([2.0])) == 360
    assert wind_direction(np.array([1e-300]), np.array([-2.0]), np.array([2.0])) == 360


def test_calm_has_no_direction():
    u, v = wind_vector(np.array([0.0, 90.0]), np.array([0.0, 0.4]))
    assert not u.any()
    assert not v.any()
    ones = np.ones(3)
    assert wind_direction(ones, ones, np.array([0.0, 0.4, 0.5])).tolist() == [0, 0, 225]
    assert wind_direction(np.array([0.0]), np.array([0.0]), np.array([np.nan])) == 0


@pytest.mark.parametrize("missing", [0, 1])
def test_what_is_missing_stays_missing(missing):
    pair = [np.array([50.0]), np.array([5.0])]
    pair[missing] = np.array([np.nan])
    for there in (reduced_humidity, wind_vector):
        assert all(np.isnan(values[0]) for values in there(*pair))


# `impute`


def test_humidity_follows_the_temperature(frame, truth, engine):
    """The front that only the temperature shows is in the fills."""
    frame.loc[GAP, "ta"] += 6
    result = impute(frame, ["hm"], interval=0.9, use_rust=engine).frame
    without = directly(frame, ["hm"], interval=0.9, use_rust=engine)
    fell = (without["hm"] - result["hm"])[GAP].drop(NEITHER)
    assert fell.between(12, 36).all()
    assert (result["hm_low"] <= result["hm"])[GAP].all()
    assert (result["hm"] <= result["hm_high"])[GAP].all()


def test_without_the_temperature_the_direct_fill_stays(frame, engine):
    result = impute(frame, ["hm"], interval=0.9, use_rust=engine).frame
    without = directly(frame, ["hm"], interval=0.9, use_rust=engine)
    columns = ["hm", "hm_provenance", "hm_low", "hm_high"]
    pd.testing.assert_frame_equal(result.loc[NEITHER, columns], without.loc[NEITHER, columns], check_exact=True)
    assert (result["hm"] != without["hm"])[GAP].drop(NEITHER).all()


def test_a_frame_without_the_partner_is_filled_directly(frame, engine):
    alone = frame.drop(columns="ta")
    result = impute(alone, ["hm"], use_rust=engine)
    pd.testing.assert_frame_equal(result.frame, directly(alone, ["hm"], use_rust=engine), check_exact=True)
    past = frame[["stnNm", "tm", "hm"]].assign(tm=frame["tm"] - pd.Timedelta(days=366))
    result = impute(frame, ["hm"], history=past, use_rust=engine)
    expected = directly(frame, ["hm"], history=past, use_rust=engine)
    pd.testing.assert_frame_equal(result.frame, expected, check_exact=True)


def test_the_direction_is_filled_through_north(frame, truth, engine):
    result = impute(frame, use_rust=engine)
    assert list(result.report.columns) == ["ta", "hm", "ws", "wd"]
    error = (result.frame["wd"] - truth["wd"] + 180)[GAP] % 360 - 180
    assert error.abs().mean() < 12
    assert result.frame["wd"][GAP].between(0, 360, inclusive="right").all()
    assert result.frame["wd_provenance"][GAP].between(8, 9).all()
    assert not result.frame["wd_provenance"].drop(GAP).any()


def test_where_it_is_calm_the_direction_is_0(frame, engine):
    frame.loc[[410, 411], "ws"] = [0.0, 0.4]
    result = impute(frame, ["wd"], interval=0.9, use_rust=engine).frame
    assert result["wd"][[410, 411]].tolist() == [0, 0]
    assert result["wd"][GAP].astype(bool).sum() == 17
    assert result[["wd_low", "wd_high"]].isna().all(axis=None)


def test_the_report_counts_what_the_frame_shows(frame, engine):
    frame.loc[GAP, "ta"] -= 12
    result = impute(frame, interval=0.9, use_rust=engine)
    free = impute(frame, bounds={}, use_rust=engine).frame
    for name in ("hm", "wd"):
        report, codes = result.report.columns[name], result.frame[f"{name}_provenance"]
        assert (report.missing_before, report.missing_after, report.coerced) == (19, 0, 0)
        assert report.gap_lengths == {19: 1}
        assert report.filled == {one.label: int((codes == one).sum()) for one in Provenance if one != OBSERVED}
    clipped = result.report.columns["hm"].clipped
    assert clipped == (free["hm"][GAP] > 100).sum() > 5
    assert result.frame["hm"][GAP].max() == result.frame["hm_high"][GAP].max() == 100


def test_of_direct_fills_only_those_that_stay_count_as_clipped(frame, engine):
    """It was warmer than the direct fills know, which are all near saturation."""
    frame["hm"] = 100 - (frame["hm"] - 60).abs() / 60
    frame.loc[GAP, "ta"] += 8
    assert (directly(frame, ["hm"], use_rust=engine)["hm"][GAP] > 90).all()
    result = impute(frame, ["hm"], bounds={"hm": (0, 90)}, use_rust=engine)
    assert result.report.columns["hm"].clipped == len(NEITHER)
    assert (result.frame["hm"][NEITHER] == 90).all()


def test_a_gap_that_is_too_long_stays_missing(frame, engine):
    result = impute(frame, ["hm", "wd"], max_gap=18, use_rust=engine)
    assert result.frame.loc[GAP, ["hm", "wd"]].isna().all(axis=None)
    assert (result.frame.loc[GAP, ["hm_provenance", "wd_provenance"]] == UNFILLED).all(axis=None)
    assert result.report.columns["wd"].missing_after == result.report.columns["hm"].missing_after == 19


def test_too_few_hours_leave_the_direction_missing(frame, engine):
    few = frame[380:430]
    result = impute(few, ["hm", "wd"], use_rust=engine).frame
    assert (result.loc[GAP, "wd_provenance"] == UNFILLED).all()
    expected = directly(few, ["hm"], use_rust=engine)
    pd.testing.assert_series_equal(result["hm"], expected["hm"], check_exact=True)


def test_the_model_fills_by_the_same_bits(frame, engine):
    result = impute(frame, interval=0.9, use_rust=engine)
    again = impute(frame, interval=0.9, model=result.model, use_rust=engine)
    pd.testing.assert_frame_equal(again.frame, result.frame, check_exact=True)
    assert result.model.facts["columns"] == ["ta", "hm", "ws", "hm_reduced", "wd_u", "wd_v"]


def test_a_model_without_the_auxiliary_columns_fills_directly(frame, engine):
    model = GapModel.fit(frame, ["ta", "hm", "ws"], use_rust=engine)
    result = impute(frame, model=model, use_rust=engine)
    expected = directly(frame, ["ta", "hm", "ws"], model=model, use_rust=engine)
    pd.testing.assert_frame_equal(result.frame, expected, check_exact=True)
    with pytest.raises(ColumnKindError, match=r'"wd".*`impute` fills it beside the column "ws"'):
        impute(frame, ["wd"], model=model, use_rust=engine)


def test_history_takes_part(frame, truth, engine):
    past = truth.assign(tm=truth["tm"] - pd.Timedelta(days=366))
    few = frame[380:430]
    result = impute(few, ["hm", "wd"], history=past, use_rust=engine)
    assert result.frame.loc[GAP, ["hm_provenance", "wd_provenance"]].isin([8, 9]).all(axis=None)
    again = impute(few, ["hm", "wd"], history=pl.from_pandas(past), model=result.model, use_rust=engine)
    pd.testing.assert_frame_equal(again.frame, result.frame, check_exact=True)


def as_record_batch(frame):
    return pa.Table.from_pandas(frame).combine_chunks().to_batches()[0]


@pytest.mark.parametrize("kind", [pl.from_pandas, pa.Table.from_pandas, as_record_batch])
def test_frames_of_all_kinds(frame, kind, engine):
    expected = impute(frame, interval=0.9, use_rust=engine)
    given_frame = kind(frame)
    result = impute(given_frame, interval=0.9, use_rust=engine)
    assert type(result.frame) is type(given_frame)
    as_pandas = result.frame.to_pandas()
    pd.testing.assert_frame_equal(as_pandas, expected.frame, check_exact=True, check_dtype=False)
    assert result.report.columns == expected.report.columns


def test_rows_order_and_index_stay(frame, engine):
    mixed = frame.sample(frac=1, random_state=1).set_index(np.arange(5000, 5000 + len(frame)))
    before = mixed.copy()
    result = impute(mixed, use_rust=engine).frame
    pd.testing.assert_frame_equal(mixed, before)
    assert result.index.equals(mixed.index)
    in_order = result.sort_values(["stnNm", "tm"]).reset_index(drop=True)
    expected = impute(frame, use_rust=engine).frame.sort_values(["stnNm", "tm"]).reset_index(drop=True)
    pd.testing.assert_frame_equal(in_order, expected)
    result.loc[5000, "wd"] = 1.0


def test_texts_are_numbers_too(frame, engine):
    texts = frame.astype({"hm": "str", "wd": "str", "ta": "str"}).fillna({"hm": "-", "wd": "", "ta": "x"})
    result = impute(texts, ["hm", "wd"], coerced="missing", use_rust=engine)
    expected = impute(frame, ["hm", "wd"], use_rust=engine).frame
    pd.testing.assert_frame_equal(result.frame[["hm", "wd"]], expected[["hm", "wd"]], rtol=0, atol=1e-9)
    assert result.report.columns["wd"].coerced == result.report.columns["hm"].coerced == 19


@pytest.mark.parametrize("name", ["hm_reduced", "wd_u", "wd_provenance"])
def test_a_name_that_is_taken_is_an_error(frame, name):
    with pytest.raises(OptionError, match=f'a column "{name}" already'):
        impute(frame.assign(**{name: 1.0}), ["hm", "wd"])


def test_an_infinite_direction_is_an_error(frame):
    frame.loc[3, "wd"] = np.inf
    with pytest.raises(InfiniteValueError, match='"wd"'):
        impute(frame, ["wd"])


def test_other_methods_fill_as_ever(frame, engine):
    result = impute(frame, method="linear", use_rust=engine)
    assert list(result.report.columns) == ["ta", "hm", "ws"]


# The parts, as a job with a database needs them


def test_the_parts_fill_completed_hours_with_stored_ones(frame, truth, engine):
    completed = complete_hours(pa.Table.from_pandas(frame[380:450], preserve_index=False))
    history = pa.Table.from_pandas(truth.drop(index=range(380, 450)), preserve_index=False)
    columns = ("ta", "hm", "wd")
    derived = derived_columns(columns, *KEYS, [completed, history])
    names = columns_to_fill(columns, derived)
    assert names == ("ta", "hm", "hm_reduced", "wd_u", "wd_v")
    whole, past = (with_auxiliaries(table, derived) for table in (completed, history))
    model = GapModel.fit(whole, names, *KEYS, history=past, use_rust=engine)
    filled = impute_missing_values(
        whole, names, *KEYS, method="optimal_interpolation", history=past, model=model, provenance=True, use_rust=engine
    )
    result, reports = with_derived_fills(completed, filled, columns, *KEYS, derived, {"hm": (0, 100)}, interval=False)
    made = [name + end for name in columns for end in ("", "_provenance")]
    assert result.column_names == ["stnNm", "tm", *made[:4], "ws", *made[4:]]
    assert not any(result[name].null_count for name in made)
    assert reports["wd"].missing_before == reports["hm"].missing_before == 19
    expected = impute(completed, columns, history=history, model=model, use_rust=engine)
    assert result.equals(expected.frame)
