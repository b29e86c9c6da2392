"""The numbers of `ImputationReport`, against counts made here."""

from __future__ import annotations

import json
from itertools import groupby

import numpy as np
import pandas as pd
import pytest

from energy_data_layer import ImputationReport, Provenance, impute_missing_values

LABELS = ["spline", "linear", "nearest", "climatology", "station_mean", "global_mean", "unfilled"]


@pytest.fixture
def frame() -> pd.DataFrame:
    """Three stations, every kind of fill, texts that are no numbers in `hm`, nothing at all in `pa`."""
    random = np.random.default_rng(1)
    tm = pd.date_range("2023-05-01", periods=48, freq="h").append(pd.date_range("2024-05-01", periods=48, freq="h"))
    parts = []
    for station in ("서울", "부산", "empty", "few"):
        ta = np.round(random.normal(10, 5, 96), 1)
        ta[random.random(96) < 0.15] = np.nan
        ta[60:75] = np.nan
        if station == "empty":
            ta[:] = np.nan
        if station == "few":
            ta[[*range(10), *range(13, 96)]] = np.nan
            ta[[10, 11, 12]] = [1.0, np.nan, 3.0]
        hm = pd.Series(ta).map(lambda value: random.choice(["", "-", "n/a"]) if np.isnan(value) else str(value))
        hm[random.random(96) < 0.05] = None
        parts.append(pd.DataFrame({"stnNm": station, "tm": tm, "ta": ta, "hm": hm.astype(object), "pa": np.nan}))
    return pd.concat(parts, ignore_index=True).sample(frac=1, random_state=2)


@pytest.fixture
def answer_and_report(frame, engine) -> tuple[pd.DataFrame, ImputationReport]:
    return impute_missing_values(
        frame, ["ta", "hm", "pa"], provenance=True, report=True, coerced="missing", use_rust=engine
    )


def runs_of_missing(frame: pd.DataFrame, column: str) -> dict[int, int]:
    lengths = []
    for _, rows in frame.sort_values("tm").groupby("stnNm"):
        missing = pd.to_numeric(rows[column], errors="coerce").isna()
        lengths += [len(list(run)) for is_missing, run in groupby(missing) if is_missing]
    return dict(sorted(pd.Series(lengths).value_counts().to_dict().items()))


def test_rows_stations_and_time(frame, answer_and_report):
    _, report = answer_and_report
    assert (report.rows, report.stations) == (len(frame), frame["stnNm"].nunique())
    assert list(report.columns) == ["ta", "hm", "pa"]
    assert report.seconds > 0


@pytest.mark.parametrize("column", ["ta", "hm", "pa"])
def test_missing_before_and_after(column, frame, answer_and_report):
    answer, report = answer_and_report
    said = report.columns[column]
    assert said.missing_before == pd.to_numeric(frame[column], errors="coerce").isna().sum()
    assert said.missing_after == answer[column].isna().sum()


@pytest.mark.parametrize("column", ["ta", "hm", "pa"])
def test_filled_by_method(column, answer_and_report):
    answer, report = answer_and_report
    counted = answer[f"{column}_provenance"].value_counts()
    assert report.columns[column].filled == {
        method.label: counted.get(method, 0) for method in Provenance if method is not Provenance.OBSERVED
    }


def test_the_frame_of_these_tests_needs_every_method(answer_and_report):
    _, report = answer_and_report
    used = {label for column in report.columns.values() for label, count in column.filled.items() if count}
    assert used == set(LABELS)


@pytest.mark.parametrize("column", ["ta", "hm", "pa"])
def test_gap_lengths(column, frame, answer_and_report):
    _, report = answer_and_report
    assert report.columns[column].gap_lengths == runs_of_missing(frame, column)
    assert list(report.columns[column].gap_lengths) == sorted(report.columns[column].gap_lengths)


def test_coerced_counts_texts_that_are_no_number_and_not_nulls(frame, answer_and_report):
    _, report = answer_and_report
    no_number = frame["hm"].notna() & pd.to_numeric(frame["hm"], errors="coerce").isna()
    assert no_number.sum() > 0
    assert {name: column.coerced for name, column in report.columns.items()} == {
        "ta": 0,
        "hm": no_number.sum(),
        "pa": 0,
    }


def test_the_sums_agree(answer_and_report):
    _, report = answer_and_report
    for column in report.columns.values():
        assert sum(column.filled.values()) == column.missing_before
        assert column.filled["unfilled"] == column.missing_after
        assert sum(length * count for length, count in column.gap_lengths.items()) == column.missing_before


def test_a_report_is_json(answer_and_report):
    _, report = answer_and_report
    said = json.loads(json.dumps(report.to_dict(), ensure_ascii=False))
    assert said["columns"]["ta"]["filled"] == report.columns["ta"].filled
    assert set(said) == {"rows", "stations", "columns", "engine", "engine_reason", "seconds", "method", "model"}


def test_the_numbers_are_plain_integers(answer_and_report):
    _, report = answer_and_report
    for column in report.columns.values():
        numbers = [column.missing_before, column.missing_after, column.coerced, *column.filled.values()]
        numbers += [*column.gap_lengths, *column.gap_lengths.values()]
        assert {type(number) for number in numbers} == {int}


def test_without_report_the_frame_comes_alone(frame, engine):
    assert isinstance(impute_missing_values(frame, ["ta"], use_rust=engine), pd.DataFrame)


def test_the_report_of_an_empty_frame(engine):
    empty = pd.DataFrame({"stnNm": pd.Series(dtype="str"), "tm": pd.DatetimeIndex([]), "ta": []})
    _, report = impute_missing_values(empty, ["ta"], report=True, use_rust=engine)
    said = report.columns["ta"]
    assert (report.rows, report.stations) == (0, 0)
    assert (said.missing_before, said.missing_after, said.coerced, said.gap_lengths) == (0, 0, 0, {})


def test_the_codes_of_the_contract():
    """The numbers are stored in databases: they never change."""
    assert {code.label: int(code) for code in Provenance} == {
        "observed": 0, "spline": 1, "linear": 2, "nearest": 3,
        "climatology": 4, "station_mean": 5, "global_mean": 6, "unfilled": 7,
        "optimal_interpolation": 8, "optimal_interpolation_neighbours": 9, "borrowed_climatology": 10,
    }  # fmt: skip
