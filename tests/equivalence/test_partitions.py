"""A table that is divided by station, its parts filled apart, has the bits and the report of one call."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_data_layer import GapModel, impute_missing_values
from energy_data_layer.transforms.impute.exact_total import ExactTotal
from energy_data_layer.transforms.impute.report import ImputationReport

from . import strategies

COLUMNS = ("ta", "hm")


def numbered(table: pa.Table) -> pa.Table:
    return table.append_column("row", pa.array(range(table.num_rows)))


def filled(table: pa.Table, engine, **options) -> tuple[pa.Table, ImputationReport]:
    return impute_missing_values(
        table, COLUMNS, missing_values=[], provenance=True, report=True, use_rust=engine, **options
    )


def column_means(table: pa.Table, history: pa.Table | None = None) -> dict[str, float | None]:
    """Return the means as one who has only the parts' totals knows them."""
    frames = [table] if history is None else [table, history]
    means = {}
    for name in COLUMNS:
        chunks = [chunk for frame in frames for chunk in frame[name].cast(pa.float64()).chunks]
        totals = [ExactTotal.of(chunk.to_numpy(zero_copy_only=False)) for chunk in chunks]
        means[name] = sum(reversed(totals), ExactTotal()).mean
    return means


def assert_same(answers: list[tuple[pa.Table, ImputationReport]], whole: tuple[pa.Table, ImputationReport]) -> None:
    table = pa.concat_tables([answer for answer, _ in answers]).sort_by("row")
    assert table.schema.equals(whole[0].schema)
    for name in table.column_names:
        ours, theirs = (one[name].combine_chunks() for one in (table, whole[0]))
        if pa.types.is_floating(ours.type):
            assert ours.is_null().equals(theirs.is_null())
            ours, theirs = (one.to_numpy(zero_copy_only=False).view("uint64") for one in (ours, theirs))
            assert np.array_equal(ours, theirs)
        else:
            assert ours.equals(theirs)
    merged = ImputationReport.merged([report for _, report in answers])
    assert replace(merged, seconds=whole[1].seconds) == whole[1]


@given(data=st.data())
def test_parts_have_the_bits_and_the_report_of_one_call(data, engine):
    table = numbered(data.draw(strategies.tables()))
    method = data.draw(st.sampled_from(["spline_climatology", "linear"]))
    options = {"method": method, "max_gap": data.draw(st.sampled_from([None, 4]))}
    whole = filled(table, engine, **options)
    stations = table["stnNm"].unique().to_pylist()
    part_of = {station: data.draw(st.integers(0, 2)) for station in stations}
    part = np.array([part_of[station] for station in table["stnNm"].to_pylist()], dtype=int)
    options["column_means"] = column_means(table)
    parts = [table.filter(pa.array(part == number)) for number in range(3)]
    assert_same([filled(one, engine, **options) for one in parts], whole)


def six_stations(seed: int = 5) -> pa.Table:
    """Return stations that follow each other, with gaps; one has a column of which nothing is observed."""
    random = np.random.default_rng(seed)
    hours = 1_000
    common = np.cumsum(random.normal(size=hours)) / 4 + 8 * np.sin(np.arange(hours) / 24 * 2 * np.pi)
    frames = []
    for station in "abcdef":
        columns = {"ta": common + random.normal(size=hours), "hm": 60 + common + random.normal(size=hours)}
        for values in columns.values():
            for start in random.integers(0, hours - 40, 12):
                values[start : start + random.integers(1, 40)] = np.nan
        if station == "e":
            columns["hm"][:] = np.nan
        stamps = np.datetime64("2024-01-01", "s") + np.arange(hours) * np.timedelta64(3600, "s")
        frames.append(pa.table({"stnNm": [station] * hours, "tm": stamps, **columns}))
    return numbered(pa.concat_tables(frames))


@pytest.mark.parametrize("interval", [None, 0.9])
def test_parts_with_their_neighbours_as_history_have_the_bits_of_one_call(engine, interval):
    table = six_stations()
    model = GapModel.fit(table, COLUMNS, missing_values=[], use_rust=engine)
    options = {"method": "optimal_interpolation", "model": model, "interval": interval}
    whole = filled(table, engine, **options)
    assert whole[1].columns["hm"].filled["global_mean"] == 1_000
    answers = []
    for stations in ("ac", "e", "bdf"):
        is_own = pc.is_in(table["stnNm"], pa.array(list(stations)))
        others = table.filter(pc.invert(is_own))
        answers.append(
            filled(table.filter(is_own), engine, history=others, column_means=column_means(table), **options)
        )
    assert_same(answers, whole)


def test_a_mean_that_is_none_leaves_the_rest_missing(engine):
    table = six_stations().filter(pc.equal(pc.field("stnNm"), "e"))
    table = table.set_column(2, "ta", pa.nulls(1000, pa.float64()))
    means = {"ta": None, "hm": 61.5}
    answer, report = filled(table, engine, column_means=means)
    assert answer["ta"].null_count == report.columns["ta"].filled["unfilled"] == 1_000
    assert answer["hm"].unique().to_pylist() == [61.5]
    assert report.columns["hm"].filled["global_mean"] == 1_000
