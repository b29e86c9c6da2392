"""Names, numbers, types and units of time that are rare: an answer or an own error, the same by both engines."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from energy_data_layer import GapModel, complete_hours, errors, impute_missing_values

HOURS = pd.date_range("2024-01-01", periods=6, freq="h")
FRAME = pd.DataFrame({"stnNm": "a", "tm": HOURS, "ta": [1, 2, np.nan, 4, 5, 6.0]})


def impute(df, engine, **options):
    return impute_missing_values(df, options.pop("columns", ["ta"]), use_rust=engine, **options)


@pytest.mark.parametrize("cell", [10**400, -(10**5000), Decimal("-Infinity")], ids=["long", "longer", "Decimal"])
def test_a_number_beyond_floats_is_infinite(cell, engine):
    with pytest.raises(errors.InfiniteValueError, match=r"\(row 0: -?inf\)"):
        impute(FRAME.assign(ta=pd.Series([cell, 1, 2, 3, 4, 5], dtype=object)), engine)


def test_a_signalling_decimal_is_missing(engine):
    values = pd.Series([Decimal(1), Decimal("sNaN"), *map(Decimal, (3, 4, 5, 6))], dtype=object)
    assert impute(FRAME.assign(ta=values), engine)["ta"].round(9).tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("name", [7, ("ta", "mean")])
def test_new_columns_beside_one_whose_name_is_no_text(name, engine):
    df = FRAME.set_axis(pd.Index(["stnNm", "tm", name], tupleize_cols=False), axis=1)
    filled = impute(df, engine, columns=[name], provenance=True, interval=0.9)
    assert filled.columns[3:].tolist() == [f"{name}{suffix}" for suffix in ("_provenance", "_low", "_high")]
    assert filled[f"{name}_provenance"].tolist() == [0, 0, 1, 0, 0, 0]


def test_one_column_to_carry_is_named_by_a_text(engine):
    df = FRAME.drop(index=2).assign(note=list("abcde"))
    assert complete_hours(df, carry="note", use_rust=engine)["note"].tolist() == list("abbcde")
    with pytest.raises(errors.OptionError, match="carry is 5"):
        complete_hours(df, carry=5, use_rust=engine)


@pytest.mark.parametrize(
    "values",
    [
        pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), pa.array([1.0, 2.0])),
        pa.UnionArray.from_sparse(pa.array([0, 0, 1], pa.int8()), [pa.array([1, 2, 3]), pa.array(["a", "b", "c"])]),
        pa.array([[1], [1], [2]], pa.list_view(pa.int64())),
        pa.array([[[1]], [[1]], [[2]]], pa.list_(pa.large_list_view(pa.int64()))),
        pa.array([(1, 2, 3)] * 3, pa.month_day_nano_interval()),
    ],
    ids=lambda values: str(values.type)[:12],
)
def test_a_type_whose_rows_cannot_be_moved_is_refused(values, engine):
    table = pa.table({"stnNm": ["a"] * 3, "tm": pa.array(HOURS[[0, 1, 3]]), "ta": [1.0, None, 3.0], "x": values})
    with pytest.raises(errors.ColumnTypeError, match=r'"x" is of type .*, whose rows cannot be moved'):
        complete_hours(table, use_rust=engine)
    assert impute(table, engine)["x"].combine_chunks().equals(values)


def test_times_that_differ_by_a_nanosecond_are_not_the_station_s_constant(engine):
    times = pa.array([1, 1, 2], pa.time64("ns"))
    table = pa.table({"stnNm": ["a"] * 3, "tm": pa.array(HOURS[[0, 1, 3]]), "x": times})
    assert complete_hours(table, use_rust=engine)["x"].cast(pa.int64()).to_pylist() == [1, 1, None, 2]


@pytest.mark.parametrize("year", [1200, 9999])
@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_a_history_beyond_the_range_of_the_frames_unit(unit, year, engine):
    df = FRAME.assign(tm=HOURS.as_unit(unit))
    stamps = np.array([f"{year}-01-01T00", f"{year}-01-01T01"], dtype="datetime64[s]")
    past = pd.DataFrame({"stnNm": "a", "tm": stamps, "ta": [7.0, 8.0]})
    if unit != "ns":
        assert impute(df, engine, history=past)["ta"].notna().all()
        return
    with pytest.raises(errors.ColumnTypeError, match="stamps that the frame's unit cannot count"):
        impute(df, engine, history=past)


def test_categories_get_the_inserted_stamps(engine):
    texts = ["2024-01-01 00:00", "2024-01-01 02:00"]
    expected = ["2024-01-01 00:00", "2024-01-01 01:00", "2024-01-01 02:00"]
    df = pd.DataFrame({"stnNm": "a", "tm": pd.Categorical(texts), "ta": [1.0, 2.0]})
    completed = complete_hours(df, use_rust=engine)["tm"]
    assert (completed.tolist(), completed.cat.categories.tolist()) == (expected, [*texts, expected[1]])
    frame = pl.DataFrame(df.astype({"tm": "str"})).with_columns(pl.col("tm").cast(pl.Categorical))
    assert complete_hours(frame, use_rust=engine)["tm"].to_list() == expected
    with pytest.raises(errors.ColumnTypeError, match="cannot hold what is inserted; cast it to text first"):
        complete_hours(frame.with_columns(pl.col("tm").cast(pl.String).cast(pl.Enum(texts))), use_rust=engine)


def test_chunks_of_a_few_rows(engine):
    table = pa.Table.from_pandas(pd.concat([FRAME] * 20, keys=map(str, range(20)), names=["stn"]).reset_index("stn"))
    chunked = pa.Table.from_batches(table.to_batches(max_chunksize=3))
    assert impute(chunked, engine, station_col="stn").equals(impute(table, engine, station_col="stn"))


def test_a_model_fitted_on_nothing_observed_has_no_stations(engine):
    model = GapModel.fit(FRAME.assign(ta=np.nan), ["ta"], use_rust=engine)
    assert model.describe()["stations"] == 0


@pytest.mark.parametrize("date_col", [[], ["tm", "ta"], ["a", "b", "c", "d", "e", "f"]])
def test_columns_of_a_stamp_are_three_to_five(date_col, engine):
    with pytest.raises(errors.OptionError, match=f"date_col names {len(date_col)} columns"):
        impute(FRAME, engine, columns=["x"], date_col=date_col)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (-999, "must be a list"),
        ("NA", "must be a list"),
        ([None], "holds None"),
        ([True], "holds True"),
        ({"hm": [-999]}, 'names column "hm"'),
    ],
)
def test_what_stands_for_missing_values_is_checked(given, problem, engine):
    with pytest.raises(errors.OptionError, match=problem):
        impute(FRAME, engine, missing_values=given)


def test_markers_of_the_history_are_named_with_those_of_the_frame(engine):
    past = FRAME.assign(tm=HOURS - pd.Timedelta(days=366), ta=-999.0)
    past.loc[2, "ta"] = 7.0
    gap = FRAME.assign(ta=[1, np.nan, np.nan, np.nan, np.nan, 6])
    filled = impute(gap, engine, history=past, missing_values=[-999])
    assert filled["ta"].min() >= 1


def test_an_hour_of_24_has_no_minutes(engine):
    parts = pd.DataFrame({"stnNm": "a", "y": 2024, "m": 1, "d": 1, "h": [23, 24], "min": [30, 30], "ta": [1.0, None]})
    with pytest.raises(errors.StampError, match=r"\(row 1: 2024 1 1 24 30\)"):
        impute(parts, engine, date_col=["y", "m", "d", "h", "min"])
