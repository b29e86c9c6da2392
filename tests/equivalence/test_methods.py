"""The methods `linear` and `optimal_interpolation`, gap limits, bounds, intervals and models: rules, laws, engines."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from energy_data_layer import GapModel, Provenance, impute_missing_values
from energy_data_layer.engine.equality import assert_equal_answers, error_text
from energy_data_layer.errors import ColumnTypeError, DataLayerError, ModelError, OffGridError, OptionError

INTERPOLATED = {"method": "optimal_interpolation", "provenance": True}
NEEDS_RUST = pytest.mark.needs_rust


def weather(
    stations=4, hours=900, *, seed=1, freq="h", start="2023-03-01", zone=None, scale=1.0, name="s"
) -> pd.DataFrame:
    """Return stations that share a weather: a daily cycle, a slow common anomaly, and one of their own."""
    random = np.random.default_rng(seed)
    tm = pd.date_range(start, periods=hours, freq=freq, tz=zone)
    common = autoregressive(random, hours, 0.97)
    frames = []
    for station in range(stations):
        daily = 5 * np.sin(2 * np.pi * np.arange(hours) / 24)
        ta = 10 + station + daily + common + 0.3 * autoregressive(random, hours, 0.8)
        frames.append(pd.DataFrame({"stnNm": f"{name}{station}", "tm": tm, "ta": scale * ta}))
    return pd.concat(frames, ignore_index=True)


def autoregressive(random, hours, memory):
    values = random.normal(size=hours)
    for hour in range(1, hours):
        values[hour] += memory * values[hour - 1]
    return values


def with_gaps(frame, gaps=40, longest=30, seed=2) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    frame = frame.copy()
    for start in random.integers(0, len(frame) - longest, gaps):
        frame.loc[start : start + random.integers(0, longest), "ta"] = np.nan
    return frame


def fill(frame, engine=None, **options):
    return impute_missing_values(frame, ["ta"], use_rust=engine, **(INTERPOLATED | options))


def outcome(frame, engine, **options):
    """Return the answer and its report, or the error's text."""
    try:
        return fill(frame, engine, report=True, **options)
    except DataLayerError as error:
        return error_text(error)


# Both engines


def two_stations_alike():
    frame = weather(2)
    frame.loc[frame.stnNm == "s1", "ta"] = frame.loc[frame.stnNm == "s0", "ta"].to_numpy()
    return with_gaps(frame)


def a_neighbour_that_drifted():
    frame = weather(3)
    frame.loc[(frame.stnNm == "s1") & (frame.index % 900 > 450), "ta"] += 10
    return with_gaps(frame)


def a_station_without_a_season():
    lender, part = weather(2, 9000, start="2022-01-01"), weather(1, 1000, start="2022-06-01")
    part["stnNm"] = "part"
    hours = pd.date_range("2022-03-01", "2022-09-01", freq="h", name="tm")
    part = part.set_index("tm").reindex(hours).reset_index().assign(stnNm="part")
    return pd.concat([with_gaps(lender), part], ignore_index=True)


def random_holes():
    frame = weather(5)
    frame["ta"] = frame["ta"].where(np.random.default_rng(5).random(len(frame)) > 0.4)
    return frame


def seven_minutes_late():
    frame = with_gaps(weather(2))
    return frame.assign(tm=frame.tm + pd.to_timedelta((frame.index % 900 == 5) * 7, "min"))


def with_value(value):
    frame = with_gaps(weather(3))
    frame["ta"] = frame["ta"].where(frame["ta"].isna(), value)
    return frame


def with_stamp(stamp):
    frame = with_gaps(weather(3, 400))
    frame["tm"] = frame["tm"].astype("datetime64[s]")
    return pd.concat([frame, frame.iloc[[0]].assign(tm=np.datetime64(stamp, "s"))], ignore_index=True)


FRAMES = {
    "gaps": lambda: with_gaps(weather()),
    "one_station": lambda: with_gaps(weather(1)),
    "two_rows": lambda: weather(1, 2),
    "a_missing_row_of_three": lambda: weather(1, 3).assign(ta=[1.0, None, 2.0]),
    "241_hours": lambda: with_gaps(weather(3, 241), 2, 3),
    "242_hours": lambda: with_gaps(weather(3, 242), 2, 3),
    "260_hours": lambda: with_gaps(weather(3, 260), 2, 3),
    "no_overlap": lambda: pd.concat([with_gaps(weather(1)), with_gaps(weather(1, start="2021-01-01", name="b"))]),
    "constant": lambda: with_value(7.25),
    "zeros": lambda: with_value(0.0),
    "identical_neighbours": two_stations_alike,
    "drifted_neighbour": a_neighbour_that_drifted,
    "missing_at_random": random_holes,
    "all_missing": lambda: weather(2).assign(ta=np.nan),
    "borrowed_season": a_station_without_a_season,
    "tiny": lambda: with_gaps(weather(3, scale=1e-300)),
    "large": lambda: with_gaps(weather(3, scale=1e9)),
    "huge": lambda: with_gaps(weather(3, scale=1e298)),
    "ten_minutes": lambda: with_gaps(weather(3, 2000, freq="10min")),
    "daily": lambda: with_gaps(weather(3, 900, freq="D")),
    "spring_of_a_zone": lambda: with_gaps(weather(3, zone="Europe/Berlin", start="2023-03-20")),
    "autumn_of_a_zone": lambda: with_gaps(weather(3, zone="America/New_York", start="2023-10-20")),
    "shuffled": lambda: with_gaps(weather(3)).sample(frac=1, random_state=1),
    "absent_hours": lambda: with_gaps(weather(3)).drop(np.random.default_rng(4).integers(0, 2700, 200)),
    "off_grid": seven_minutes_late,
    "numbered_stations": lambda: with_gaps(weather(3)).replace({"stnNm": {"s0": 100, "s1": 9, "s2": 23}}),
    "mistyped_year": lambda: with_stamp("2050-01-01"),
    "year_9999": lambda: with_stamp("9999-01-01"),
}  # fmt: skip
OPTIONS = {
    "interval": {"interval": 0.9},
    "alone_and_limited": {"neighbours": 0, "max_gap": 6},
    "linear": {"method": "linear", "max_gap": 5, "bounds": {"ta": (9, 11)}},
}


@NEEDS_RUST
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("name", FRAMES)
def test_the_engines_agree(name, options):
    frame = FRAMES[name]()
    expected, actual = outcome(frame, engine=False, **options), outcome(frame, engine=True, **options)
    if isinstance(expected, str):
        assert actual == expected
        return
    assert_equal_answers(expected[0], actual[0], [frame])
    assert actual[1].columns == expected[1].columns
    filled = actual[0]["ta"][
        frame["ta"].isna().to_numpy() & (actual[0]["ta_provenance"] != Provenance.UNFILLED).to_numpy()
    ]
    assert np.isfinite(filled).all()


@NEEDS_RUST
def test_the_engines_agree_with_history_in_another_unit():
    frame = with_gaps(weather(3, 1500))
    past, recent = frame[frame.tm < "2023-04-10"], frame[frame.tm >= "2023-04-05"]
    past = pd.concat([past.assign(tm=past.tm.astype("datetime64[s]")), weather(1, 600).assign(stnNm="elsewhere")])
    recent = recent.assign(tm=recent.tm.astype("datetime64[ms]"))
    answers = [fill(recent, engine, history=past, interval=0.5) for engine in (False, True)]
    assert_equal_answers(*answers, [recent, past])
    assert (answers[0].ta_provenance == Provenance.OPTIMAL_INTERPOLATION_NEIGHBOURS).any()


@NEEDS_RUST
def test_the_engines_fit_the_same_model():
    frame = a_station_without_a_season()
    models = [GapModel.fit(frame, ["ta"], use_rust=engine) for engine in (False, True)]
    left, right = (model.table.to_pylist() for model in models)
    for expected, actual in zip(left, right, strict=True):
        for name in ("column", "station", "windows", "candidates", "members", "merits"):
            assert actual[name] == expected[name], name
        for name in ("climatology", "spread", "borrowed", "beta", "transition", "covariance", "quantiles"):
            np.testing.assert_allclose(actual[name], expected[name], rtol=0, atol=1e-9, err_msg=name)
    assert models[0].facts == models[1].facts


@NEEDS_RUST
@pytest.mark.parametrize("kind", [pl.from_pandas, lambda frame: pa.Table.from_pandas(frame, preserve_index=False)])
def test_an_interval_is_null_where_there_is_none(kind):
    frame = kind(with_gaps(weather(2)))
    answers = [fill(frame, engine, interval=0.9, max_gap=10) for engine in (False, True)]
    assert_equal_answers(*answers, [frame])
    table = pa.table(answers[0])
    assert table.column_names == ["stnNm", "tm", "ta", "ta_provenance", "ta_low", "ta_high"]
    codes = table["ta_provenance"].to_numpy()
    without = np.isin(codes, [Provenance.OBSERVED, Provenance.UNFILLED])
    assert (table["ta_low"].is_null().to_numpy(zero_copy_only=False) == without).all()
    assert table["ta"].null_count == (codes == Provenance.UNFILLED).sum() > 0


# What the methods are good for


def errors(frame, answer):
    """Return the root mean square error of the fills, and the share of the truth within the interval."""
    truth, filled = frame["ta"].to_numpy(), answer["ta_provenance"].to_numpy() > 0
    within = (answer["ta_low"] <= truth) & (truth <= answer["ta_high"])
    return float(np.sqrt(((answer["ta"] - truth)[filled] ** 2).mean())), float(within[filled].mean())


def test_optimal_interpolation_is_close_to_the_truth_and_knows_how_close(engine):
    truth = weather(4, 20_000)
    frame = with_gaps(truth, 200, 24)
    error, covered = errors(truth, fill(frame, engine, interval=0.9))
    alone, covered_alone = errors(truth, fill(frame, engine, interval=0.9, neighbours=0))
    pinned, _ = errors(truth, fill(frame, engine, interval=0.9, method="spline_climatology"))
    assert error < 0.5 * alone < 0.5 * pinned
    assert abs(covered - 0.9) < 0.05
    assert abs(covered_alone - 0.9) < 0.05


def test_a_half_interval_covers_half(engine):
    truth = weather(3, 20_000)
    _, covered = errors(truth, fill(with_gaps(truth, 200, 24), engine, interval=0.5))
    assert abs(covered - 0.5) < 0.07


def test_a_borrowed_season_is_close_and_says_so(engine):
    frame = a_station_without_a_season()
    answer = fill(frame, engine, interval=0.9)
    part = answer[(frame.stnNm == "part").to_numpy() & (frame.tm < "2022-05-01").to_numpy()]
    assert (part.ta_provenance == Provenance.BORROWED_CLIMATOLOGY).all()
    assert part.ta_low.notna().all()


def test_a_borrowed_season_widens_the_interval(engine):
    frame = a_station_without_a_season()
    model = GapModel.fit(frame, ["ta"], use_rust=engine)
    lent = model.table["borrowed"].to_pylist()
    spread = [[0.0 if value > 0 else value for value in values] for values in lent]
    assert any(value > 0 for values in lent for value in values)
    place = model.table.schema.get_field_index("borrowed")
    certain = GapModel(model.table.set_column(place, "borrowed", pa.array(spread, pa.list_(pa.float64()))))
    wide, narrow = (fill(frame, engine, interval=0.9, model=one) for one in (model, certain))
    rows = ((frame.stnNm == "part") & (frame.tm < "2022-05-01")).to_numpy()
    width, without = ((answer.ta_high - answer.ta_low)[rows] for answer in (wide, narrow))
    assert (width > without).all()


def test_without_neighbours_the_code_is_that_of_the_edges(engine):
    frame = with_gaps(weather(3))
    with_them, alone = fill(frame, engine), fill(frame[frame.stnNm == "s0"], engine)
    codes = with_them.ta_provenance[frame.ta.isna() & (frame.stnNm == "s0")]
    assert (codes == Provenance.OPTIMAL_INTERPOLATION_NEIGHBOURS).any()
    assert set(alone.ta_provenance) == {Provenance.OBSERVED, Provenance.OPTIMAL_INTERPOLATION}


def test_few_values_are_filled_by_the_default_method(engine):
    frame = with_gaps(weather(1, 200), 3, 10)
    expected = fill(frame, engine, method="spline_climatology")
    assert_equal_answers(expected, fill(frame, engine))


def test_linear_follows_the_stamps(engine):
    tm = pd.to_datetime(["2024-01-01 00:00", "2024-01-01 01:00", "2024-01-01 04:00", "2024-01-01 05:00"])
    frame = pd.DataFrame({"stnNm": "a", "tm": tm, "ta": [0.0, None, 8.0, None]})
    answer = fill(frame, engine, method="linear")
    assert answer.ta.tolist() == [0.0, 2.0, 8.0, 8.0]
    assert answer.ta_provenance.tolist() == [0, Provenance.LINEAR, 0, Provenance.NEAREST]


# Laws


def test_the_order_of_stations_changes_no_bit(engine):
    frame = with_gaps(weather())
    turned = pd.concat([frame[frame.stnNm == name] for name in ("s2", "s0", "s3", "s1")])
    answer = fill(turned, engine, interval=0.9).loc[frame.index]
    pd.testing.assert_frame_equal(answer, fill(frame, engine, interval=0.9), check_exact=True)


def test_a_constant_is_added_to_all_fills(engine):
    frame = with_gaps(weather())
    moved = fill(frame.assign(ta=frame.ta + 64.0), engine)
    np.testing.assert_allclose(moved.ta - 64.0, fill(frame, engine).ta, rtol=0, atol=1e-9)


def test_observed_values_keep_their_bits(engine):
    frame = with_gaps(weather())
    answer = fill(frame, engine, bounds={"ta": (9.0, 11.0)})
    seen = frame.ta.notna()
    assert (answer.ta[seen].to_numpy() == frame.ta[seen].to_numpy()).all()
    assert answer.ta[~seen].between(9.0, 11.0).all()


@NEEDS_RUST
def test_the_number_of_threads_changes_no_bit():
    import rust_data_layer

    frame = with_gaps(weather(6, 12_000))
    table = pa.Table.from_pandas(frame, preserve_index=False)
    bits = [
        rust_data_layer.impute_missing_values(
            table, columns=["ta"], date_col="tm", station_col="stnNm", method="optimal_interpolation",
            interval=0.9, threads=threads,
        ).to_ipc()
        for threads in (1, 2, 3)
    ]  # fmt: skip
    assert bytes(bits[0]) == bytes(bits[1]) == bytes(bits[2])


# Limits


def test_longer_gaps_stay_missing_whole(engine):
    frame = weather(1, 400)
    frame.loc[10:12, "ta"] = None
    frame.loc[50:53, "ta"] = None
    answer, report = fill(frame, engine, max_gap=3, report=True)
    assert answer.ta_provenance[50:54].eq(Provenance.UNFILLED).all()
    assert answer.ta[50:54].isna().all()
    assert answer.ta[10:13].notna().all()
    assert report.columns["ta"].filled["unfilled"] == report.columns["ta"].missing_after == 4


def test_clipped_fills_are_counted(engine):
    frame = with_gaps(weather(2))
    answer, report = fill(frame, engine, bounds={"ta": (None, 11.0)}, report=True)
    free = fill(frame, engine)
    outside = frame.ta.isna() & (free.ta > 11.0)
    assert report.columns["ta"].clipped == outside.sum() > 0
    assert answer.ta[outside].eq(11.0).all()


def test_a_mean_of_values_at_the_bound_is_not_clipped(engine):
    """Ten times 0.1 has another mean than 0.1, by its rounding."""
    frame = weather(1, 500).assign(ta=0.1)
    frame.loc[100:140, "ta"] = None
    answer, report = fill(frame, engine, method="spline_climatology", bounds={"ta": (0.1, 0.1)}, report=True)
    assert answer.ta.eq(0.1).all()
    assert report.columns["ta"].clipped == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "magic"}, "method is 'magic'"),
        ({"max_gap": -1}, "max_gap is -1"),
        ({"max_gap": 1.5}, "max_gap is 1.5"),
        ({"neighbours": 5}, "neighbours is 5; it must be an integer from 0 to 4"),
        ({"interval": 1.0}, "interval is 1.0"),
        ({"interval": 0}, "interval is 0"),
        ({"bounds": {"ta": (3, 1)}}, 'the bounds of column "ta" are (3, 1)'),
        ({"bounds": {"ta": 3}}, 'the bounds of column "ta" are 3'),
        ({"bounds": {"hm": (0, 1)}}, 'bounds name the column "hm", which is not filled'),
    ],
)
def test_options_that_cannot_be(options, message, engine):
    with pytest.raises(OptionError, match=re.escape(message)):
        fill(weather(1, 10), engine, **options)


def test_a_column_that_an_interval_would_overwrite_is_refused(engine):
    with pytest.raises(OptionError, match='has a column "ta_low" already'):
        fill(weather(1, 10).assign(ta_low=1.0), engine, interval=0.9)


def test_stamps_between_the_steps_name_their_rows(engine):
    frame = FRAMES["off_grid"]()
    with pytest.raises(OffGridError, match="2 rows") as caught:
        fill(frame, engine)
    assert caught.value.rows == [5, 905]


# Models


@pytest.fixture
def model(engine):
    return GapModel.fit(with_gaps(weather()), ["ta"], use_rust=engine)


def test_a_call_with_its_own_model_gives_the_same_bits(model, engine):
    frame = with_gaps(weather())
    expected = fill(frame, engine, interval=0.9)
    pd.testing.assert_frame_equal(fill(frame, engine, interval=0.9, model=model), expected, check_exact=True)


def test_a_model_survives_its_file(model, tmp_path, engine):
    model.save(tmp_path / "model.parquet")
    loaded = GapModel.load(tmp_path / "model.parquet")
    assert loaded.id == model.id
    assert loaded.describe() == model.describe()
    frame = with_gaps(weather(seed=9))
    pd.testing.assert_frame_equal(fill(frame, engine, model=loaded), fill(frame, engine, model=model), check_exact=True)


def test_a_fill_by_a_model_needs_no_more_than_its_context(model, engine):
    frame = with_gaps(weather())
    whole = fill(frame, engine, model=model)
    gap = frame.index[(frame.stnNm == "s1") & frame.ta.isna()][0]
    around = frame.tm.between(frame.tm[gap] - pd.Timedelta("200h"), frame.tm[gap] + pd.Timedelta("200h"))
    assert fill(frame[around], engine, model=model).ta[gap] == whole.ta[gap]


def test_a_report_names_the_model(model, engine):
    _, report = fill(with_gaps(weather()), engine, model=model, report=True)
    assert (report.method, report.model) == ("optimal_interpolation", model.id)


def test_a_station_that_the_model_does_not_know_is_filled_by_the_default_method(model, engine):
    frame = with_gaps(weather(1)).assign(stnNm="new")
    assert_equal_answers(fill(frame, engine, method="spline_climatology"), fill(frame, engine, model=model))


def test_a_model_describes_itself(model):
    said = json.loads(json.dumps(model.describe()))
    assert (said["version"], said["columns"], said["stations"]) == (1, ["ta"], 4)
    assert (said["since"], said["until"], said["rows"]) == ("2023-03-01 00:00:00", "2023-04-07 11:00:00", 3600)


def test_a_model_for_another_method_or_column_is_refused(model, engine):
    with pytest.raises(OptionError, match="model is for method"):
        fill(weather(1, 10), engine, model=model, method="linear")
    with pytest.raises(ModelError, match="the model has no column hm; it was fitted on ta"):
        impute_missing_values(weather(1, 10).assign(hm=1.0), ["hm"], use_rust=engine, model=model, **INTERPOLATED)


def test_fitting_checks_columns_and_history_as_filling_does(engine):
    frame = weather(2, 300)
    with pytest.raises(OptionError, match='"tm" is a key column'):
        GapModel.fit(frame, ["tm"], use_rust=engine)
    with pytest.raises(ColumnTypeError, match="has a time zone only in the history"):
        GapModel.fit(frame, ["ta"], history=weather(2, 300, zone="Asia/Seoul"), use_rust=engine)
    with pytest.raises(ColumnTypeError, match="in the history; convert one of them"):
        GapModel.fit(frame, ["ta"], history=frame.assign(stnNm=1), use_rust=engine)


def test_nothing_to_fit_is_refused(engine):
    with pytest.raises(ModelError, match="no station has two stamps"):
        GapModel.fit(weather(2, 1), ["ta"], use_rust=engine)


def test_a_damaged_model_is_refused(model, tmp_path):
    (tmp_path / "text").write_text("no model")
    with pytest.raises(ModelError, match="is no model of gaps"):
        GapModel.load(tmp_path / "text")
    short = model.table.set_column(
        model.table.schema.get_field_index("beta"), "beta", pa.array([[1.0]] * len(model.table))
    )
    with pytest.raises(ModelError, match='its column "beta" has too few or too many numbers'):
        GapModel.from_table(short)
    with pytest.raises(ModelError, match="is no model of gaps"):
        GapModel.from_table(model.table.replace_schema_metadata(None))
