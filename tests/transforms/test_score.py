"""The scorecard of methods: what it hides from whom, its figures against plain ones, and what it recommends."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from energy_data_layer import Scorecard, impute_missing_values, score_imputation
from energy_data_layer.errors import DuplicateKeyError, OptionError
from energy_data_layer.transforms.impute.masks import APART

HOURS = 1500
STATIONS = ("서울", "인천", "수원")


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Three stations of one weather, with a real gap of 30 hours and a few of 2."""
    chance = np.random.default_rng(7)
    tm = pd.date_range("2024-03-01", periods=HOURS, freq="h")
    weather = 8 - 4 * np.cos(2 * np.pi * np.arange(HOURS) / 24) + chance.standard_normal(HOURS).cumsum() / 5
    parts = []
    for station in STATIONS:
        ta = weather + chance.normal(0, 0.3, HOURS)
        ta[700:730] = np.nan
        for start in (100, 300, 500):
            ta[start : start + 2] = np.nan
        parts.append(pd.DataFrame({"stnNm": station, "tm": tm, "ta": ta, "hm": 60 - ta, "note": "x"}))
    return pd.concat(parts, ignore_index=True)


def overall(card: Scorecard) -> dict[tuple[str, int | None, str], dict]:
    return {
        (row["column"], row["length"], row["method"]): row for row in card.table.to_pylist() if row["station"] is None
    }


class Spy:
    """A method that fills with 0 and keeps what it was shown."""

    def __init__(self) -> None:
        self.seen: list[pd.DataFrame] = []

    def __call__(self, masked: pd.DataFrame) -> pd.DataFrame:
        self.seen.append(masked.copy())
        return masked.assign(ta=masked["ta"].fillna(0.0))


def hidden_rows(frame: pd.DataFrame, seen: pd.DataFrame, column: str = "ta") -> np.ndarray:
    return (frame[column].notna() & seen[column].isna()).to_numpy()


# --- what is hidden ---------------------------------------------------------------------------------


def test_gaps_have_their_length_and_lie_apart_in_observed_stretches(frame):
    spy = Spy()
    score_imputation(frame, ["ta"], methods={"spy": spy}, gap_lengths=(1, 6, 24), gaps=20)
    for length, seen in zip((1, 6, 24), spy.seen, strict=True):
        for station in STATIONS:
            of_station = (frame["stnNm"] == station).to_numpy()
            hidden = hidden_rows(frame, seen)[of_station]
            edges = np.diff(np.concatenate(([0], hidden.astype(int), [0])))
            starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
            assert set(stops - starts) == {length}
            assert 0 < hidden.sum() <= 0.05 * frame.loc[of_station, "ta"].notna().sum()
            missing = seen.loc[of_station, "ta"].isna().to_numpy()
            for start, stop in zip(starts, stops, strict=True):
                assert start >= APART
                assert stop + APART <= HOURS
                assert not missing[start - APART : start].any()
                assert not missing[stop : stop + APART].any()
        others = ["stnNm", "tm", "hm", "note"]
        pd.testing.assert_frame_equal(seen[others], frame[others])


def test_no_gap_is_laid_over_absent_hours(frame):
    spy = Spy()
    without = frame[frame["tm"].dt.hour != 5].reset_index(drop=True)
    score_imputation(without, ["ta"], methods={"spy": spy}, gap_lengths=[6], gaps=20)
    hidden = hidden_rows(without, spy.seen[0])
    assert hidden.any()
    assert not {4, 6} & set(without.loc[hidden, "tm"].dt.hour)


def test_all_methods_are_shown_the_same(frame):
    first, second = Spy(), Spy()
    score_imputation(frame, ["ta"], methods={"first": first, "second": second}, gap_lengths=[6], gaps=5)
    pd.testing.assert_frame_equal(first.seen[0], second.seen[0])


def test_no_method_sees_the_hidden_hours(frame, engine):
    """The hidden values changed beyond all bounds change no fill, so only the bias follows them."""
    spy = Spy()
    options = {"gap_lengths": [6], "gaps": 10, "seed": 3}
    score_imputation(frame, ["ta"], methods={"spy": spy}, **options)
    spoiled = frame.copy()
    spoiled.loc[hidden_rows(frame, spy.seen[0]), "ta"] += 1000
    before = overall(score_imputation(frame, ["ta"], use_rust=engine, **options))
    after = overall(score_imputation(spoiled, ["ta"], use_rust=engine, **options))
    for key, row in before.items():
        assert after[key]["bias"] == pytest.approx(row["bias"] - 1000, abs=1e-9), key
        assert after[key]["width"] == (row["width"] and pytest.approx(row["width"], abs=1e-12))


def test_a_method_that_leaks_scores_better_than_honest_ones(frame, engine):
    def leaking(masked):
        return masked.assign(ta=frame["ta"].fillna(0.0))

    def leaking_through_neighbours(masked):
        """Take the mean of all stations in a frame that is not masked: it holds a third of the hidden value."""
        return masked.assign(ta=masked["ta"].fillna(frame.groupby("tm")["ta"].transform("mean")).fillna(0.0))

    def not_leaking(masked):
        return masked.assign(ta=masked["ta"].fillna(masked.groupby("tm")["ta"].transform("mean")).fillna(0.0))

    honest = ("linear", "spline_climatology", "optimal_interpolation", not_leaking)
    methods = (*honest, leaking, leaking_through_neighbours)
    card = score_imputation(frame, ["ta"], methods=methods, gap_lengths=[12], gaps=10, use_rust=engine)
    rmse = {method: row["rmse"] for (_, _, method), row in overall(card).items()}
    leaks = [rmse.pop("leaking"), rmse.pop("leaking_through_neighbours")]
    assert leaks[0] == 0 < leaks[1] < min(rmse.values())
    assert card.recommended == {"ta": "leaking"}


def test_like_mine_draws_the_lengths_of_the_own_gaps(frame):
    spy = Spy()
    card = score_imputation(frame, ["ta"], methods={"spy": spy}, gap_lengths="like mine", gaps=30, seed=1)
    hidden = hidden_rows(frame, spy.seen[0])
    edges = np.diff(np.concatenate(([0], hidden.astype(int), [0])))
    assert set(np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)) == {2, 30}
    assert card.table["length"].null_count == card.table.num_rows
    assert "like mine" in card.text()


def test_like_mine_needs_gaps(frame):
    with pytest.raises(OptionError, match='column "ta" has no place for gaps of the frame\'s own lengths'):
        score_imputation(frame.dropna(), ["ta"], gap_lengths="like mine")


# --- chance -----------------------------------------------------------------------------------------


def test_a_seed_gives_the_same_card_and_another_one_another(frame):
    options = {"gap_lengths": [6], "gaps": 5}
    first = score_imputation(frame, ["ta"], seed=1, **options)
    assert score_imputation(frame, ["ta"], seed=1, **options).table.equals(first.table)
    assert not score_imputation(frame, ["ta"], seed=2, **options).table.equals(first.table)


def test_a_column_is_masked_alike_whatever_else_is_scored(frame):
    both = overall(score_imputation(frame, ["hm", "ta"], methods=["linear"], gap_lengths=[3, 6], gaps=5))
    alone = overall(score_imputation(frame, ["ta"], methods=["linear"], gap_lengths=[6], gaps=5))
    assert alone["ta", 6, "linear"] == both["ta", 6, "linear"]


@pytest.mark.parametrize("kind", [pa.Table.from_pandas, pl.from_pandas])
def test_order_and_kind_of_the_frame_do_not_matter(frame, kind):
    shuffled = frame.sample(frac=1, random_state=1).reset_index(drop=True)
    cards = [score_imputation(one, ["ta"], gap_lengths=[6], gaps=5) for one in (frame, kind(shuffled))]
    first, second = (
        sorted(card.table.to_pylist(), key=lambda row: (row["method"], str(row["station"]))) for card in cards
    )
    assert [one["gaps"] for one in first] == [one["gaps"] for one in second]
    for one, other in zip(first, second, strict=True):
        assert one["rmse"] == pytest.approx(other["rmse"], rel=1e-12)


# --- figures ----------------------------------------------------------------------------------------


def test_scores_are_what_a_plain_computation_gives(frame):
    spy = Spy()

    def with_interval(masked):
        filled = spy(masked)
        return filled.assign(ta_low=filled["ta"] - 1.0, ta_high=filled["ta"] + 9.0)

    card = score_imputation(
        frame, ["ta"], methods={"zero": with_interval}, gap_lengths=[6], gaps=10, interval=0.8, seed=5
    )
    (row,) = overall(card).values()
    hidden = hidden_rows(frame, spy.seen[0])
    truth = frame.loc[hidden, "ta"].to_numpy()
    assert row["hours"] == row["filled"] == len(truth) == 6 * row["gaps"]
    assert row["rmse"] == pytest.approx(np.sqrt(np.mean(truth**2)))
    assert row["mae"] == pytest.approx(np.mean(np.abs(truth)))
    assert row["bias"] == pytest.approx(-np.mean(truth))
    assert row["coverage"] == pytest.approx(np.mean((truth >= -1) & (truth <= 9)))
    assert row["width"] == pytest.approx(10)

    levels, quantiles = np.array([0.0, 0.1, 0.5, 0.9, 1.0]), (None, -1.0, 0.0, 9.0, None)
    losses = [
        0.0 if quantile is None else np.mean(np.where(truth > quantile, level, level - 1) * (truth - quantile))
        for level, quantile in zip(levels, quantiles, strict=True)
    ]
    assert row["crps"] == pytest.approx(np.sum(np.diff(levels) * (np.array(losses[1:]) + losses[:-1])))
    assert 0 < row["rmse_se"] < row["rmse"]
    assert row["width_se"] == pytest.approx(0)
    by_station = [one for one in card.table.to_pylist() if one["station"] is not None]
    assert [one["station"] for one in by_station] == list(STATIONS)
    assert sum(one["gaps"] for one in by_station) == row["gaps"]


def test_the_standard_error_is_that_of_repeated_samples():
    """White noise filled by 0: the RMSE of n hours has the standard error σ / √(2 n)."""
    noise = np.random.default_rng(1).standard_normal(20_000)
    df = pd.DataFrame({"stnNm": 1, "tm": pd.date_range("2020-01-01", periods=len(noise), freq="h"), "ta": noise})
    card = score_imputation(df, ["ta"], methods={"zero": Spy()}, gap_lengths=[1], gaps=800)
    (row,) = overall(card).values()
    assert row["gaps"] == 800
    assert row["rmse_se"] == pytest.approx(1 / np.sqrt(2 * 800), rel=0.2)


def test_methods_without_an_interval_have_no_scores_of_one(frame):
    rows = overall(score_imputation(frame, ["ta"], gap_lengths=[6], gaps=5))
    for (_, _, method), row in rows.items():
        scores = [row[name] for name in ("crps", "coverage", "width", "crps_se")]
        assert (None in scores) == (method != "optimal_interpolation")
        assert set(scores) == {None} or None not in scores


@pytest.mark.needs_rust
def test_both_engines_give_the_same_figures(frame):
    cards = [score_imputation(frame, ["ta", "hm"], gaps=10, use_rust=use_rust) for use_rust in (False, True)]
    reference, rust = (card.table.to_pylist() for card in cards)
    assert len(reference) == len(rust) > 100
    for one, other in zip(reference, rust, strict=True):
        for name, value in one.items():
            assert other[name] == (pytest.approx(value, abs=1e-9) if isinstance(value, float) else value), name
    assert cards[0].recommended == cards[1].recommended


# --- what it recommends and shows -------------------------------------------------------------------


def test_optimal_interpolation_is_recommended_where_neighbours_tell(frame):
    card = score_imputation(frame, ["ta"], gap_lengths=[6, 12], gaps=20)
    assert card.recommended == {"ta": "optimal_interpolation"}
    assert card.methods == ("linear", "spline_climatology", "optimal_interpolation")
    title, head, *lines = card.text().splitlines()
    assert title.startswith("RMSE")
    assert head.split() == ["ta", "6", "12"]
    assert [line.split()[0] for line in lines] == list(card.methods)
    assert [line.split()[1] == "*" for line in lines] == [False, False, True]


def test_of_equals_the_simplest_is_recommended(frame):
    named = {"mine": lambda masked: impute_missing_values(masked, ["ta"], method="linear"), "straight": "linear"}
    card = score_imputation(frame, ["ta"], methods=named, gap_lengths=[6], gaps=5)
    assert card.methods == ("straight", "mine")
    assert card.recommended == {"ta": "straight"}


def test_a_method_that_leaves_hours_missing_is_not_recommended(frame):
    def only_what_is_easy(masked):
        return impute_missing_values(frame, ["ta"]).assign(ta=lambda df: df["ta"].mask(masked["tm"].dt.day > 15))

    named = {"some": only_what_is_easy, "straight": "linear"}
    card = score_imputation(frame, ["ta"], methods=named, gap_lengths=[6], gaps=20)
    row = overall(card)["ta", 6, "some"]
    assert 0 < row["filled"] < row["hours"]
    assert row["rmse"] == 0
    assert card.recommended == {"ta": "straight"}


def test_a_card_goes_to_json(frame):
    card = score_imputation(frame, ["ta"], gap_lengths=[6], gaps=5)
    said = json.loads(json.dumps(card.to_dict(), allow_nan=False))
    assert said["recommended"] == card.recommended
    assert said["scores"] == card.table.to_pylist()


# --- little data and wrong options ------------------------------------------------------------------


def test_lengths_without_a_place_are_left_open(frame):
    card = score_imputation(frame.groupby("stnNm").head(400), ["ta"], methods=["linear"], gap_lengths=[6, 168])
    rows = overall(card)
    assert rows["ta", 6, "linear"]["gaps"] > 0
    assert rows["ta", 168, "linear"] | {"rmse": None, "gaps": 0, "hours": 0} == rows["ta", 168, "linear"]
    assert "168" not in card.text()
    assert card.recommended == {"ta": "linear"}


@pytest.mark.parametrize("rows", [0, 1, 12])
def test_too_few_observed_values(frame, rows):
    with pytest.raises(OptionError, match='column "ta" has no place for gaps of 1, 3 rows'):
        score_imputation(frame.head(rows), ["ta"], gap_lengths=(1, 3))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"methods": ["spline"]}, "method is 'spline'"),
        ({"methods": []}, "methods is empty"),
        ({"methods": ["linear", "linear"]}, "methods has two of one name"),
        ({"gap_lengths": []}, "gap_lengths is"),
        ({"gap_lengths": [3, 3]}, "gap_lengths is"),
        ({"gap_lengths": [0]}, "gap_lengths is 0; it must be an integer of 1 or more"),
        ({"gap_lengths": [1.5]}, "gap_lengths is 1.5"),
        ({"gap_lengths": "like yours"}, 'it must be a sequence of integers, or "like mine"'),
        ({"gaps": 0}, "gaps is 0; it must be an integer of 1 or more"),
        ({"seed": -1}, "seed is -1; it must be an integer of 0 or more"),
        ({"interval": 1.0}, "interval is 1.0"),
        ({"neighbours": 9}, "neighbours is 9; it must be an integer from 0 to 4"),
        ({"bounds": {"ws": (0, None)}}, 'bounds name the column "ws"'),
    ],
)
def test_wrong_options(frame, options, message):
    with pytest.raises(OptionError, match=message):
        score_imputation(frame, ["ta"], **options)


@pytest.mark.parametrize("wrong", [lambda df: df.head(10), lambda df: df.iloc[::-1], lambda df: df.assign(stnNm="x")])
def test_a_function_that_returns_other_rows(frame, wrong):
    with pytest.raises(OptionError, match='what the method "wrong" returned has other rows than the frame'):
        score_imputation(frame, ["ta"], methods={"wrong": wrong}, gap_lengths=[6])


def test_errors_of_the_frame_are_those_of_imputation(frame):
    with pytest.raises(DuplicateKeyError):
        score_imputation(pd.concat([frame, frame.head(1)]), ["ta"])
