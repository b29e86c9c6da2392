"""Hours are inserted where few are absent; where many are, none is, and it is told."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from energy_data_layer import complete_hours
from energy_data_layer.errors import OptionError

ENGINES = [False, pytest.param(True, marks=pytest.mark.needs_rust)]


def frame(*stamps, zone=None):
    return pd.DataFrame({"stnNm": "서울", "tm": pd.DatetimeIndex(stamps, tz=zone), "ta": np.arange(len(stamps))})


@pytest.mark.parametrize("use_rust", ENGINES)
@pytest.mark.parametrize(("hours_absent", "rows"), [(2160, 2162), (2161, 2)])
def test_ninety_days_get_hours_and_an_hour_more_does_not(hours_absent, rows, use_rust, caplog):
    first = pd.Timestamp("2023-01-01")
    df = frame(first, first + pd.Timedelta(hours=hours_absent + 1))
    assert len(complete_hours(df, use_rust=use_rust)) == rows
    told = "서울: nothing between 2023-01-01 00:00:00 and 2023-04-01 02:00:00"
    assert (told in caplog.text) == (rows == 2)


@pytest.mark.parametrize("use_rust", ENGINES)
def test_stations_and_stretches_stay_in_order(use_rust):
    stamps = ["2024-05-01 02:00", "2024-01-01 00:00", "2024-05-01 00:00", "2024-01-01 03:00"]
    df = pd.concat([frame(*stamps), frame("2024-03-01").assign(stnNm="부산")], ignore_index=True)
    completed = complete_hours(df, max_gap="2h", use_rust=use_rust)
    assert completed["tm"].dt.strftime("%m-%d %H").tolist() == [
        *("01-01 00", "01-01 01", "01-01 02", "01-01 03", "05-01 00", "05-01 01", "05-01 02", "03-01 00")
    ]
    assert completed["ta"].isna().tolist() == [False, True, True, False, False, True, False, False]
    assert completed["stnNm"].tolist() == ["서울"] * 7 + ["부산"]


@pytest.mark.parametrize("use_rust", ENGINES)
def test_none_inserts_whatever_is_absent(use_rust, caplog):
    assert len(complete_hours(frame("2020-01-01", "2024-01-01"), max_gap=None, use_rust=use_rust)) == 35_065
    assert not caplog.text


@pytest.mark.parametrize("use_rust", ENGINES)
def test_texts_and_zones(use_rust):
    df = frame("2024-03-30 23:00", "2024-03-31 05:00", "2024-10-01 00:00", zone="Europe/Berlin")
    completed = complete_hours(df, use_rust=use_rust)
    # The clock jumps from 2 to 3 in that night.
    assert completed["tm"].dt.hour.tolist() == [23, 0, 1, 3, 4, 5, 0]
    table = pa.table({"stnNm": ["a"] * 3, "tm": ["202401010000", "202401010200", "205001010000"], "ta": [1, 2, 3]})
    completed = complete_hours(table, use_rust=use_rust)
    assert completed["tm"].to_pylist() == ["202401010000", "202401010100", "202401010200", "205001010000"]


@pytest.mark.parametrize("use_rust", ENGINES)
def test_five_absences_are_named(use_rust, caplog):
    df = frame(*(f"20{year}-01-01" for year in range(10, 18)))
    assert len(complete_hours(df, use_rust=use_rust)) == 8
    assert caplog.text.count("nothing between") == 5
    assert "and 2 more" in caplog.text


@pytest.mark.parametrize("wrong", ["long", "-1h", -1, float("nan"), pd.NaT, "", ".h", "1..5h", "9" * 400 + "d"])
def test_what_is_no_time_is_refused(wrong):
    with pytest.raises(OptionError, match=r"max_gap is .*; it must be a time such as"):
        complete_hours(frame("2024-01-01"), max_gap=wrong)


@pytest.mark.parametrize("freq", ["1d", "D", "24h", timedelta(days=1), np.timedelta64(1, "D"), pd.offsets.Day()])
def test_spellings_of_a_day_are_the_same(freq):
    assert len(complete_hours(frame("2024-01-01", "2024-01-04"), freq=freq)) == 4
