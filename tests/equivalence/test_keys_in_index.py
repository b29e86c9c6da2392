"""Keys in the index of pandas, and frames of one series: the bits of the call on a plain frame, by either engine."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from energy_data_layer import complete_hours, impute, impute_missing_values

from . import strategies
from .frame_kinds import KINDS, as_kind, as_table

COLUMNS = ("ta", "hm")
KEYS = ("stnNm", "tm")

LEVELS = st.sampled_from([(None, None), KEYS, ("site", "hour"), ("site", None), (None, "tm")])
"""Names of the levels of stations and stamps."""


def same(expected, actual) -> None:
    """Raise unless two frames have the same types, index, columns and bits."""
    pd.testing.assert_frame_equal(expected, actual, check_exact=True, check_freq=False)
    for name in expected.columns[(expected.dtypes == "float64").to_numpy()]:
        assert np.array_equal(expected[name].to_numpy().view("u8"), actual[name].to_numpy().view("u8")), name


def plain_frame(data, *, hourly: bool = False) -> pd.DataFrame:
    frame = data.draw(strategies.tables(hourly=hourly)).to_pandas()
    frame["tm"] = frame["tm"].astype(f"datetime64[{data.draw(st.sampled_from(['s', 'ms', 'us', 'ns']))}]")
    zone = data.draw(st.sampled_from([None, "Asia/Seoul"]))
    if zone is not None:
        frame["tm"] = frame["tm"].dt.tz_localize(zone)
    if data.draw(st.booleans()):
        frame["stnNm"] = frame["stnNm"].astype("category")
    return frame


def indexed(frame: pd.DataFrame, names, swapped: bool) -> pd.DataFrame:
    """Return a frame with its keys in an index whose levels have these names."""
    order = [1, 0] if swapped else [0, 1]
    return frame.set_index([KEYS[at] for at in order]).rename_axis([names[at] for at in order])


def arguments(data, names) -> dict[str, str]:
    """Return the keys of an indexed frame as arguments, those that the defaults do not find or all that have names."""
    named = {option: name for option, name in zip(("station_col", "date_col"), names, strict=True) if name is not None}
    return {option: name for option, name in named.items() if data.draw(st.booleans())}


@given(data=st.data())
def test_a_multi_index_is_completed(data, engine):
    plain, names, swapped = plain_frame(data, hourly=True), data.draw(LEVELS), data.draw(st.booleans())
    expected = indexed(complete_hours(plain, use_rust=engine), names, swapped)
    frame = indexed(plain, names, swapped)
    before = frame.copy(deep=True)
    same(expected, complete_hours(frame, **arguments(data, names), use_rust=engine))
    same(before, frame)


@given(data=st.data())
def test_a_multi_index_is_kept_where_gaps_are_filled(data, engine):
    plain, names, swapped = plain_frame(data), data.draw(LEVELS), data.draw(st.booleans())
    history = data.draw(st.none() | st.just(plain_frame(data)))
    assume(history is None or (history["tm"].dt.tz is None) == (plain["tm"].dt.tz is None))
    options = {"provenance": True, "report": True, "use_rust": engine, "columns": COLUMNS}
    expected, report = impute_missing_values(plain, history=history, **options)
    frame = indexed(plain, names, swapped)
    if history is not None and data.draw(st.booleans()):
        history = indexed(history, data.draw(st.sampled_from([names, (None, None)])), data.draw(st.booleans()))
    elif history is not None:
        history = history.rename(columns={"stnNm": names[0] or "stnNm", "tm": names[1] or "tm"})
    filled, indexed_report = impute_missing_values(frame, history=history, **arguments(data, names), **options)
    assert filled.index is frame.index
    same(expected.drop(columns=["stnNm", "tm"]), filled.reset_index(drop=True))
    assert indexed_report.columns == report.columns
    assert (indexed_report.rows, indexed_report.stations) == (report.rows, report.stations)


@given(data=st.data())
def test_a_series_is_the_table_of_one_station(data, engine):
    plain = plain_frame(data, hourly=True)
    plain = plain[plain["stnNm"] == (plain["stnNm"].iloc[0] if len(plain) else "")].assign(stnNm="the series")
    series, name = plain.drop(columns="stnNm"), data.draw(st.sampled_from([None, "tm", "hour"]))
    in_index = series.set_index("tm").rename_axis(name)

    completed = complete_hours(plain, use_rust=engine).drop(columns="stnNm")
    same(completed, complete_hours(series, station_col=None, use_rust=engine))
    of_index = complete_hours(in_index, station_col=None, use_rust=engine)
    same(completed.set_index("tm").rename_axis(name), of_index)

    options = {"columns": COLUMNS, "provenance": True, "report": True, "use_rust": engine}
    history = plain.assign(tm=plain["tm"] - pd.Timedelta(366, "D"))
    past = history.drop(columns="stnNm")
    expected, report = impute_missing_values(plain, history=history, **options)
    filled, _ = impute_missing_values(series, station_col=None, history=past, **options)
    same(expected.drop(columns="stnNm"), filled)
    past = past.set_index("tm") if data.draw(st.booleans()) else past.rename(columns={"tm": name or "tm"})
    filled, of_series = impute_missing_values(in_index, station_col=None, history=past, **options)
    same(expected.drop(columns=["stnNm", "tm"]), filled.reset_index(drop=True).set_axis(expected.index))
    assert filled.index is in_index.index
    assert (of_series.columns, of_series.stations) == (report.columns, report.stations)


@pytest.mark.parametrize("kind", KINDS)
def test_a_series_of_every_kind(kind, engine):
    hours = pd.date_range("2024-01-01", periods=8, freq="h")
    table = pa.table({"tm": hours, "ta": [0.0, 1.0, None, 9.0, 16.0, None, 36.0, 49.0]}).take([0, 1, 2, 4, 5, 6, 7])
    frame = as_kind(table, kind)
    filled = impute(complete_hours(frame, station_col=None, use_rust=engine), station_col=None, use_rust=engine).frame
    assert type(filled) is type(frame)
    assert as_table(filled)["ta"].to_pylist() == pytest.approx([0, 1, 4, 9, 16, 25, 36, 49], abs=12)
    assert as_table(filled)["ta_provenance"].to_pylist()[3] > 0
