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

from ..divided import assert_same_bits, stations
from . import strategies

COLUMNS = ("ta", "hm")
HOURS = 800


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
    assert_same_bits(pa.concat_tables([answer for answer, _ in answers]), whole[0], "row")
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


@pytest.mark.parametrize("interval", [None, 0.9])
def test_parts_with_their_neighbours_as_history_have_the_bits_of_one_call(engine, interval):
    table = stations()
    model = GapModel.fit(table, COLUMNS, missing_values=[], use_rust=engine)
    options = {"method": "optimal_interpolation", "model": model, "interval": interval}
    whole = filled(table, engine, **options)
    assert whole[1].columns["hm"].filled["global_mean"] == HOURS
    answers = []
    for part in ("ac", "e", "bdf"):
        is_own = pc.is_in(table["stnNm"], pa.array(list(part)))
        others = table.filter(pc.invert(is_own))
        answers.append(
            filled(table.filter(is_own), engine, history=others, column_means=column_means(table), **options)
        )
    assert_same(answers, whole)


def test_a_mean_that_is_none_leaves_the_rest_missing(engine):
    table = stations().filter(pc.equal(pc.field("stnNm"), "e"))
    table = table.set_column(2, "ta", pa.nulls(HOURS, pa.float64()))
    means = {"ta": None, "hm": 61.5}
    answer, report = filled(table, engine, column_means=means)
    assert answer["ta"].null_count == report.columns["ta"].filled["unfilled"] == HOURS
    assert answer["hm"].unique().to_pylist() == [61.5]
    assert report.columns["hm"].filled["global_mean"] == HOURS
