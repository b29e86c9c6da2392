"""`GapFiller`: what scikit-learn expects of a transformer, as far as a frame of stations and stamps can hold it."""

from __future__ import annotations

import pickle
import sys
from importlib import import_module

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks

from energy_data_layer import GapModel, impute
from energy_data_layer.errors import ExtraUnavailable, FrameTypeError, OptionError
from energy_data_layer.sklearn import GapFiller

HOURS = 24 * 60
HOLD = (
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_estimators_unfitted",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_transformers_unfitted",
    "check_valid_tag_types",
)


@pytest.fixture(scope="module")
def frame():
    """Three stations with the same weather; the last third of each has gaps."""
    stamps = pd.date_range("2024-01-01", periods=HOURS, freq="h")
    chance = np.random.default_rng(0)
    weather = 5 + 4 * np.sin(2 * np.pi * np.arange(HOURS) / 24) + chance.standard_normal(HOURS).cumsum() / 6
    parts = []
    for number, name in enumerate("ABC"):
        ta = weather + chance.normal(number, 0.2, HOURS)
        ta[1000 + 30 * number : 1010 + 30 * number] = np.nan
        hm = 60 - 3 * weather + chance.normal(0, 1, HOURS)
        hm[1200:1206] = np.nan
        parts.append(pd.DataFrame({"stnNm": name, "tm": stamps, "ta": ta, "hm": hm, "note": "n"}))
    return pd.concat(parts).set_index(np.arange(3 * HOURS)[::-1])


def halves(frame):
    past = frame["tm"] < "2024-02-09"
    return frame[past], frame[~past]


@pytest.mark.parametrize("name", HOLD)
def test_the_checks_that_need_no_array_hold(name):
    getattr(estimator_checks, name)("GapFiller", GapFiller())


def test_scikit_learn_is_told_that_arrays_are_no_input():
    assert not GapFiller().__sklearn_tags__().input_tags.two_d_array
    with pytest.raises(FrameTypeError, match=r"numpy\.ndarray; .* an array will not do"):
        GapFiller().fit(np.ones((3, 3)))


def test_it_fills_as_impute_does_with_the_model_of_the_past(frame, engine):
    past, present = halves(frame)
    filler = GapFiller(interval=0.9, provenance=True, use_rust=engine).fit(past)
    filled = filler.transform(present)
    expected = impute(present, ["ta", "hm"], model=impute(past, use_rust=engine).model, interval=0.9, use_rust=engine)
    pd.testing.assert_frame_equal(filled, expected.frame, check_exact=True)
    assert filler.columns_ == ("ta", "hm")
    assert isinstance(filler.model_, GapModel)
    assert filler.get_feature_names_out().tolist() == filled.columns.tolist()
    assert filled["ta"].notna().all()
    assert (filled.index == present.index).all()


def test_what_is_transformed_is_not_learnt(frame, engine):
    past, present = halves(frame)
    filler = GapFiller(use_rust=engine).fit(past)
    before = filler.model_.id
    filler.transform(present)
    assert filler.model_.id == before


@pytest.mark.parametrize("convert", [lambda df: df, pl.from_pandas, pa.Table.from_pandas])
def test_frames_of_each_kind_come_out_as_they_went_in(frame, convert, engine):
    past, present = map(convert, halves(frame.reset_index(drop=True)))
    filled = GapFiller(["ta"], use_rust=engine).fit(past).transform(present)
    assert type(filled) is type(present)
    names = filled.column_names if isinstance(filled, pa.Table) else list(filled.columns)
    assert names[:5] == ["stnNm", "tm", "ta", "hm", "note"]


@pytest.mark.parametrize(("kind", "type_"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame)])
def test_the_kind_of_the_output_can_be_set(frame, kind, type_, engine):
    past, present = halves(frame)
    filler = GapFiller(["ta"], provenance=True, use_rust=engine).set_output(transform=kind)
    filled = filler.fit(past).transform(present)
    assert type(filled) is type_
    assert list(filled.columns) == ["stnNm", "tm", "ta", "ta_provenance", "hm", "note"]


def test_in_a_pipeline_it_feeds_a_regression(frame, engine):
    past, present = halves(frame)
    values = make_column_transformer(("passthrough", ["ta", "hm"]))
    pipeline = make_pipeline(GapFiller(use_rust=engine), values, LinearRegression())
    pipeline.fit(past, np.arange(len(past)))
    assert np.isfinite(pipeline.predict(present)).all()
    pipeline.set_params(gapfiller__max_gap=2)
    with pytest.raises(ValueError, match="NaN"):
        pipeline.fit(past, np.arange(len(past))).predict(present)


def test_a_clone_has_the_options_and_not_what_was_learnt(frame, engine):
    filler = GapFiller(["ta"], bounds={"ta": (None, 40.0)}, use_rust=engine).fit(halves(frame)[0])
    copy = clone(filler)
    assert copy.get_params() == filler.get_params()
    with pytest.raises(NotFittedError):
        copy.transform(frame)


def test_it_can_be_pickled(frame, engine):
    past, present = halves(frame)
    filler = GapFiller(use_rust=engine).fit(past)
    again = pickle.loads(pickle.dumps(filler))
    pd.testing.assert_frame_equal(again.transform(present), filler.transform(present), check_exact=True)


def test_a_station_that_was_not_fitted_is_filled_by_the_default_rule(frame, engine):
    past, present = halves(frame)
    filler = GapFiller(["ta"], provenance=True, use_rust=engine).fit(past)
    new = present[present["stnNm"] == "B"].assign(stnNm="Z")
    codes = filler.transform(new)["ta_provenance"]
    assert set(codes) == {0, 4} or set(codes) == {0, 5}


def test_other_columns_than_those_fitted_are_refused(frame, engine):
    past, present = halves(frame)
    filler = GapFiller(["ta"], use_rust=engine).fit(past)
    for wrong in (present.drop(columns="note"), present[present.columns[::-1]]):
        with pytest.raises(ValueError, match=r"X has the columns stnNm.*fitted on stnNm|X has the columns note"):
            filler.transform(wrong)


def test_a_frame_with_nothing_to_fill_is_refused(frame):
    with pytest.raises(OptionError, match="no column of the frame can be filled"):
        GapFiller().fit(frame[["stnNm", "tm", "note"]])


def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "energy_data_layer.sklearn")
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    with pytest.raises(ExtraUnavailable, match=r"energy-data-layer\[sklearn\]"):
        import_module("energy_data_layer.sklearn")


def test_what_gives_its_rows_only_once_is_read_once():
    stamps = np.datetime64("2024-01-01", "us") + np.arange(HOURS) * np.timedelta64(1, "h")
    values = np.where(np.arange(HOURS) % 50 == 7, np.nan, np.sin(np.arange(HOURS) / 4))
    table = pa.table({"stnNm": ["a"] * HOURS, "tm": stamps, "ta": pa.array(values, from_pandas=True)})
    expected = GapFiller().fit(table).transform(table)
    assert GapFiller().fit(table.to_reader()).transform(table.to_reader()).equals(expected)
