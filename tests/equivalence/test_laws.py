"""What holds for every table, checked on tables that Hypothesis builds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline

from energy_data_layer import complete_hours, impute_missing_values
from energy_data_layer.engine.equality import assert_equal_answers, tolerance

from . import naive, strategies
from .frame_kinds import KINDS, as_kind, as_table, copied

COLUMNS = ("ta", "hm")


def imputed(frame, engine, **options):
    return impute_missing_values(frame, COLUMNS, provenance=True, use_rust=engine, **options)


def bits(column) -> np.ndarray:
    """Return the bits of a float column, with one pattern for null and NaN."""
    numbers = column.to_numpy() if isinstance(column, pa.ChunkedArray) else np.asarray(column)
    return np.where(np.isnan(numbers), np.nan, numbers).view("uint64")


def sources(frame, history, answer, max_spline_gap: int) -> list:
    """Return what sets the tolerance: a spline across a long gap may swing far beyond what is observed."""
    frames = [frame, history, answer if max_spline_gap > 3 else None]
    return [each for each in frames if each is not None]


# Both engines


@pytest.mark.needs_rust
@given(data=st.data())
def test_the_engines_fill_alike(data):
    frame = data.draw(strategies.frames())
    history = data.draw(strategies.histories)
    options = {"history": history, "max_spline_gap": data.draw(strategies.max_spline_gaps)}
    reference, reference_report = imputed(frame, False, report=True, **options)
    rust, rust_report = imputed(frame, True, report=True, **options)
    assert_equal_answers(reference, rust, sources(frame, history, reference, options["max_spline_gap"]))
    assert rust_report.columns == reference_report.columns
    assert (rust_report.rows, rust_report.stations) == (reference_report.rows, reference_report.stations)


@pytest.mark.needs_rust
@given(data=st.data())
def test_the_engines_complete_alike(data):
    table = data.draw(strategies.tables(hourly=True))
    frame = as_kind(
        data.draw(strategies.chunked(data.draw(strategies.dressed(table)))), data.draw(st.sampled_from(KINDS))
    )
    assert_equal_answers(complete_hours(frame, use_rust=False), complete_hours(frame, use_rust=True))


@pytest.mark.needs_rust
@given(table=strategies.tables(), history=strategies.histories, longest=strategies.max_spline_gaps)
def test_two_threads_give_the_bits_of_one(table, history, longest):
    import rust_data_layer

    answers = [
        rust_data_layer.impute_missing_values(
            table,
            columns=list(COLUMNS),
            date_col="tm",
            station_col="stnNm",
            max_spline_gap=longest,
            history=history,
            threads=threads,
        )
        for threads in (1, 2)
    ]
    assert bytes(answers[0].to_ipc()) == bytes(answers[1].to_ipc())


# The meaning of each fill


@given(table=strategies.tables(), history=strategies.histories, longest=strategies.max_spline_gaps)
def test_every_value_is_what_the_contract_says(table, history, longest, engine):
    answer, report = imputed(table, engine, history=history, max_spline_gap=longest, report=True)
    for column in COLUMNS:
        values, codes, lengths = naive.fill(table, column, longest, history)
        assert answer[f"{column}_provenance"].to_pylist() == codes
        allowed = tolerance(column, sources(table, history, answer, longest))
        missing_or_near = [None if value is None else pytest.approx(value, rel=0, abs=allowed) for value in values]
        assert answer[column].to_pylist() == missing_or_near
        assert report.columns[column].gap_lengths == dict(lengths)


@given(data=st.data())
def test_short_inner_gaps_lie_on_the_spline_of_scipy(data, engine):
    """One long series, where an engine may look at a window only."""
    count = data.draw(st.integers(8, 400))
    random = np.random.default_rng(data.draw(st.integers(0, 1000)))
    whole = random.choice([-50.0, 0.0, 50.0, 9999.0], count) + random.normal(size=count)
    missing = random.random(count) < data.draw(st.sampled_from([0.01, 0.1, 0.4]))
    missing[[0, 1, 2, -1]] = False
    known = np.flatnonzero(~missing)
    frame = pd.DataFrame(
        {
            "stnNm": "a",
            "tm": pd.date_range("2024-01-01", periods=count, freq="h"),
            "ta": np.where(missing, np.nan, whole),
        }
    )
    answer = impute_missing_values(frame, "ta", max_spline_gap=count, use_rust=engine)
    expected = CubicSpline(known, whole[known], bc_type="not-a-knot")(np.arange(count))
    assert np.abs(answer["ta"].to_numpy() - np.where(missing, expected, whole)).max() <= tolerance("ta", [answer])


# Laws of imputation


@given(frame=strategies.frames(), longest=strategies.max_spline_gaps)
def test_changed_if_and_only_if_flagged(frame, longest, engine):
    """The bits of a value differ from the input's if and only if its code is neither 0 nor 7."""
    before = as_table(frame)
    answer = as_table(imputed(frame, engine, max_spline_gap=longest))
    for column in COLUMNS:
        changed = bits(before[column].cast(pa.float64())) != bits(answer[column])
        flagged = ~np.isin(answer[f"{column}_provenance"].to_numpy(), [0, 7])
        assert np.array_equal(changed, flagged)


@given(frame=strategies.frames())
def test_the_input_stays_as_it_was(frame, engine):
    before = copied(frame)
    imputed(frame, engine)
    assert_equal_answers(before, frame)


@given(data=st.data(), history=strategies.histories)
def test_permuting_the_rows_permutes_the_answer(data, history, engine):
    table = data.draw(strategies.tables())
    order = data.draw(strategies.orders(table.num_rows))
    expected = imputed(table, engine, history=history).take(order)
    answer = imputed(table.take(order), engine, history=history)
    assert_equal_answers(expected, answer, sources(table, history, None, 3))


@given(table=strategies.tables(), history=strategies.tables())
def test_the_order_of_the_history_does_not_matter(table, history, engine):
    backwards = history.take(np.arange(history.num_rows)[::-1])
    expected = imputed(table, engine, history=history)
    assert_equal_answers(expected, imputed(table, engine, history=backwards), [table, history])


@given(table=strategies.tables())
def test_a_station_is_filled_without_a_look_at_the_others(table, engine):
    """Except for the mean of the column (code 6), where the station itself has nothing."""
    together = imputed(table, engine).to_pandas()
    for station in table["stnNm"].unique().to_pylist():
        rows = np.flatnonzero(np.asarray(table["stnNm"].to_pandas() == station))
        alone = imputed(table.take(rows), engine).to_pandas()
        of_station = together.iloc[rows].reset_index(drop=True)
        for column in COLUMNS:
            own = ~of_station[f"{column}_provenance"].isin([6, 7])
            allowed = tolerance(column, [table])
            assert np.allclose(alone[column][own], of_station[column][own], rtol=0, atol=allowed)


@given(data=st.data())
def test_chunks_do_not_matter(data, engine):
    table = data.draw(strategies.dressed(data.draw(strategies.tables())))
    whole, answer = imputed(table, engine), imputed(data.draw(strategies.chunked(table)), engine)
    assert whole.combine_chunks().equals(answer.combine_chunks())


@given(table=strategies.tables(), history=strategies.histories)
def test_every_kind_of_frame_gives_the_same_answer(table, history, engine):
    expected = imputed(table, engine, history=history)
    for kind in KINDS:
        assert_equal_answers(as_kind(expected, kind), imputed(as_kind(table, kind), engine, history=history))


@given(table=strategies.tables(), longest=strategies.max_spline_gaps)
def test_a_filled_table_has_nothing_left_to_fill(table, longest, engine):
    once = impute_missing_values(table, COLUMNS, max_spline_gap=longest, use_rust=engine)
    again = impute_missing_values(once, COLUMNS, max_spline_gap=longest, use_rust=engine)
    assert_equal_answers(once, again)


# Laws of completion


@given(table=strategies.tables(hourly=True))
def test_a_completed_table_is_complete(table, engine):
    once = complete_hours(table, use_rust=engine)
    assert_equal_answers(once, complete_hours(once, use_rust=engine))


@given(table=strategies.tables(hourly=True))
def test_every_station_has_one_row_per_step(table, engine):
    answer = complete_hours(table, use_rust=engine).to_pandas()
    spans = table.to_pandas().groupby("stnNm", sort=False)["tm"].agg(["min", "max"])
    assert answer["stnNm"].unique().tolist() == spans.index.tolist()
    for station, (first, last) in spans.iterrows():
        expected = pd.date_range(first, last, freq="h", unit="s")
        assert answer.loc[answer["stnNm"] == station, "tm"].tolist() == expected.tolist()


@given(table=strategies.tables(hourly=True), kind=st.sampled_from(KINDS))
def test_given_rows_come_back_and_the_others_are_empty(table, kind, engine):
    answer = as_table(complete_hours(as_kind(table, kind), carry=(), use_rust=engine)).to_pandas()
    given_rows = table.to_pandas()
    joined = given_rows.merge(answer, on=["stnNm", "tm"], how="left", suffixes=("", "_answer"))
    inserted = answer.merge(given_rows[["stnNm", "tm"]], on=["stnNm", "tm"], how="left", indicator=True)
    for column in COLUMNS:
        assert np.array_equal(bits(joined[column]), bits(joined[f"{column}_answer"]))
        assert inserted.loc[inserted["_merge"] == "left_only", column].isna().all()


@given(data=st.data())
def test_removed_rows_come_back(data, engine):
    whole = complete_hours(data.draw(strategies.tables(hourly=True)), use_rust=engine)
    keys = whole.select(["stnNm", "tm"]).to_pandas()
    ends = ~keys.duplicated("stnNm", keep="first") | ~keys.duplicated("stnNm", keep="last")
    random = np.random.default_rng(data.draw(st.integers(0, 1000)))
    kept = np.flatnonzero(ends | (random.random(len(keys)) < 0.5))
    restored = complete_hours(whole.take(kept), use_rust=engine)
    assert_equal_answers(whole.select(["stnNm", "tm"]), restored.select(["stnNm", "tm"]))
