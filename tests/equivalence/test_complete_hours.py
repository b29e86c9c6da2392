"""`complete_hours`: both engines against the snapshots, in every kind of frame and type of column."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from energy_data_layer import complete_hours
from energy_data_layer.engine.equality import assert_equal_answers

from .frame_kinds import KINDS, KINDS_AND_UNITS, as_kind, copied
from .snapshot_cases import COMPLETE_CASES, SNAPSHOTS, read_fixture, read_snapshot

FOUR_HOURS = pd.date_range("2024-02-29 22:00", periods=4, freq="h", unit="s")


def with_absent_hour(**columns) -> pa.Table:
    """Return the hours 0, 2 and 3 of a station, with further columns."""
    return pa.table({"stnNm": ["서울"] * 3, "tm": pa.array(FOUR_HOURS[[0, 2, 3]])} | columns)


def completed(frame, engine, **options):
    return complete_hours(frame, use_rust=engine, **options)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", COMPLETE_CASES, ids=lambda case: case.name)
def test_snapshot(case, kind, engine):
    expected, _ = read_snapshot(case.name)
    answer, _ = case.answer(kind, use_rust=engine)
    assert_equal_answers(as_kind(expected, kind), answer)


def test_every_snapshot_has_a_case():
    kept = {path.stem for path in SNAPSHOTS.glob("complete_hours-*.arrow")}
    assert kept == {case.name for case in COMPLETE_CASES}


@pytest.mark.parametrize("kind", KINDS)
def test_the_input_is_not_modified(kind, engine):
    frame = as_kind(read_fixture("absent_hours_interleaved"), kind)
    before = copied(frame)
    completed(frame, engine)
    assert_equal_answers(before, frame)


@pytest.mark.parametrize("kind", KINDS)
def test_a_complete_frame_comes_back_as_it_is(kind, engine):
    table = read_fixture("gap_lengths").slice(0, 72)
    assert_equal_answers(as_kind(table, kind), completed(as_kind(table, kind), engine))


def test_categories_of_a_frame_without_rows_stay_texts(engine):
    frame = pd.DataFrame({"stnNm": pd.Series([], dtype="str"), "tm": pd.to_datetime([])}).astype({"stnNm": "category"})
    completed = complete_hours(frame, use_rust=engine)
    pd.testing.assert_frame_equal(completed, frame)


def test_a_pandas_result_can_be_written(engine):
    frame = pd.DataFrame({"stnNm": "a", "tm": FOUR_HOURS, "ta": 1.0, "stnId": 108})
    answer = completed(frame, engine)
    answer.loc[:, "ta"] = -99.0
    answer.iloc[0, 3] = -98
    assert frame["ta"].tolist() == [1.0] * 4
    assert answer["ta"].tolist() == [-99.0] * 4


def test_the_index_of_pandas_is_new(engine):
    frame = with_absent_hour(ta=[1.0, 3.0, 4.0]).to_pandas().set_axis(["x", "y", "z"])
    pd.testing.assert_index_equal(completed(frame, engine).index, pd.RangeIndex(4), exact=True)


@pytest.mark.parametrize(
    ("dtype", "with_gaps"),
    [
        ("int64", "float64"),
        ("uint8", "float64"),
        ("float32", "float32"),
        ("bool", "object"),
        ("Int16", "Int16"),
        ("boolean", "boolean"),
        ("str", "str"),
        ("string", "string"),
        ("category", "category"),
        ("object", "object"),
        ("datetime64[ms]", "datetime64[ms]"),
        ("timedelta64[s]", "timedelta64[s]"),
        ("datetime64[us, Europe/Berlin]", "datetime64[us, Europe/Berlin]"),
        ("int64[pyarrow]", "int64[pyarrow]"),
        ("period[h]", "period[h]"),
    ],
)
def test_types_of_pandas_columns_that_get_gaps(dtype, with_gaps, engine):
    text = dtype in {"str", "string", "category", "object"}
    values = pd.Series(["가", "나", "다"] if text else [0, 1, 1])
    values = pd.Series(pd.period_range("2024", periods=3, freq="h")) if "period" in dtype else values.astype(dtype)
    frame = with_absent_hour().to_pandas().assign(x=values)
    answer = completed(frame, engine)
    expected = values.iloc[[0, 0, 1, 2]].reset_index(drop=True).astype(with_gaps).mask([False, True, False, False])
    pd.testing.assert_series_equal(answer["x"], expected, check_names=False)


@pytest.mark.parametrize(
    "values",
    [
        pa.array([1, 2, None], pa.int64()),
        pa.array([2**60 + 1, 2**60 + 3, None], pa.int64()),
        pa.array([2**64 - 1, 1, 0], pa.uint64()),
        pa.array([1.5, None, float("nan")], pa.float64()),
        pa.array([1.5, None, float("nan")], pa.float16()),
        pa.array([True, False, None]),
        pa.array(["가", None, ""], pa.string()),
        pa.array(["가", None, ""], pa.large_string()),
        pa.array(["a text of more than twelve bytes", None, ""], pa.string_view()),
        pa.array(["가", "나", None]).dictionary_encode(),
        pa.array([Decimal("1.50"), None, Decimal("-2.25")], pa.decimal128(8, 2)),
        pa.array([date(2024, 1, 1), None, date(2024, 1, 2)]),
        pa.array([1, 2, None], pa.duration("ms")),
        pa.array([1, 2, None], pa.time64("us")),
        pa.array([1, 2, None], pa.timestamp("ns", "Europe/Berlin")),
        pa.array([b"a", None, b""], pa.binary()),
        pa.array([[1], None, []], pa.list_(pa.int8())),
        pa.array([{"a": 1}, None, {"a": None}]),
        pa.nulls(3),
    ],
    ids=lambda values: str(values.type)[:30],
)
@pytest.mark.parametrize("rows", ["an hour absent", "a row twice"])
def test_types_of_arrow_columns(rows, values, engine):
    once = with_absent_hour(x=values)
    frame = once if rows == "an hour absent" else pa.concat_tables([once, once])
    expected = pa.table(
        {
            "stnNm": ["서울"] * 4,
            "tm": pa.array(FOUR_HOURS),
            "x": pa.concat_arrays([values[:1], pa.nulls(1, values.type), values[1:]]),
        }
    )
    answer = completed(frame, engine, carry=())
    assert_equal_answers(expected, answer)


def test_a_column_that_may_not_be_null_gets_gaps(engine):
    schema = pa.schema([("stnNm", pa.string()), ("tm", pa.timestamp("s")), pa.field("x", pa.int8(), nullable=False)])
    answer = completed(with_absent_hour(x=pa.array([1, 2, 3], pa.int8())).cast(schema), engine)
    assert answer["x"].to_pylist() == [1, None, 2, 3]


@pytest.mark.parametrize(
    "dtype", [pl.Categorical, pl.Enum(["가", "나"]), pl.Binary, pl.Decimal(8, 2), pl.Date], ids=str
)
def test_types_of_polars_columns(dtype, engine):
    values = {"Binary": [b"a", b"b", None], "Date": [date(2024, 1, 1), None, date(2024, 1, 2)]}.get(str(dtype))
    if values is None:
        values = ["가", "나", None] if dtype in (pl.Categorical, pl.Enum) else [1, 2, None]
    frame = pl.DataFrame(with_absent_hour()).with_columns(pl.Series("x", values, dtype=dtype))
    answer = completed(frame, engine)
    assert answer["x"].dtype == frame["x"].dtype
    assert answer["x"].to_list() == [values[0], None, *frame["x"].to_list()[1:]]


# What is carried


def test_columns_that_are_constant_in_a_station_are_carried(engine):
    table = with_absent_hour(stnId=[108] * 3, remark=["비고"] * 3, ta=[1.0, 1.0, 2.0], empty=pa.nulls(3, pa.int64()))
    answer = completed(table, engine)
    assert answer["stnId"].to_pylist() == [108] * 4
    assert answer["remark"].to_pylist() == ["비고"] * 4
    assert answer["ta"].to_pylist() == [1.0, None, 1.0, 2.0]
    assert answer["empty"].null_count == 4


def test_a_column_with_a_missing_value_is_not_constant(engine):
    answer = completed(with_absent_hour(x=[5, None, 5]), engine)
    assert answer["x"].to_pylist() == [5, None, None, 5]


def test_constant_is_judged_station_by_station(engine):
    table = pa.table(
        {
            "stnNm": ["a", "a", "b", "b"],
            "tm": pa.array(FOUR_HOURS[[0, 2, 0, 2]]),
            "x": [1, 1, 2, 3],
            "y": [1, 2, 3, 3],
        }
    )
    answer = completed(table, engine)
    assert answer["x"].to_pylist() == [1, 1, 1, 2, None, 3]
    assert answer["y"].to_pylist() == [1, None, 2, 3, 3, 3]


def test_only_named_columns_are_carried(engine):
    answer = completed(with_absent_hour(x=[1, 1, 1], y=[1, 2, 3]), engine, carry=["y"])
    assert answer["x"].to_pylist() == [1, None, 1, 1]
    assert answer["y"].to_pylist() == [1, 1, 2, 3]


# Identical rows


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [1.0, None, float("nan"), -0.0])
def test_identical_rows_collapse(value, kind, engine):
    row = pa.table({"stnNm": ["a"], "tm": pa.array(FOUR_HOURS[:1]), "ta": pa.array([value], pa.float64()), "x": ["가"]})
    frame = as_kind(pa.concat_tables([row] * 3), kind)
    assert_equal_answers(as_kind(row, kind), completed(frame, engine))


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, pl.Enum(["가"])], ids=str)
def test_identical_rows_of_polars_texts_collapse(dtype, engine):
    text = pl.Series(["가", "가"], dtype=dtype)
    frame = pl.DataFrame({"stnNm": text, "tm": FOUR_HOURS[[0, 0]].to_list(), "x": text})
    assert_equal_answers(frame[:1], completed(frame, engine))


def test_stamps_written_differently_are_one_stamp(engine):
    frame = pd.DataFrame({"stnNm": "a", "tm": ["2024-01-01 05:00", "202401010500"], "ta": [1.0, 1.0]})
    assert completed(frame, engine)["tm"].tolist() == ["2024-01-01 05:00"]


# Order


def test_stations_come_in_order_of_first_appearance(engine):
    frame = pd.DataFrame({"stnNm": ["c", "a", "b", "a"], "tm": FOUR_HOURS[[0, 3, 0, 1]], "ta": [1.0, 2.0, 3.0, 4.0]})
    answer = completed(frame, engine)
    assert answer["stnNm"].tolist() == ["c", "a", "a", "a", "b"]
    assert answer["ta"].tolist() == pytest.approx([1, 4, np.nan, 2, 3], nan_ok=True)


# Stamps


@pytest.mark.parametrize(
    "form", ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y%m%d%H%M"]
)
@pytest.mark.parametrize("kind", KINDS)
def test_inserted_text_stamps_have_the_form_of_the_others(kind, form, engine):
    texts = FOUR_HOURS.strftime(form).tolist()
    table = with_absent_hour(ta=[1.0, 3.0, 4.0])
    frame = as_kind(table.set_column(1, "tm", pa.array([texts[row] for row in (0, 2, 3)])), kind)
    answer = completed(frame, engine)
    assert list(answer["tm"].to_pylist() if kind in {"table", "batch"} else answer["tm"]) == texts


def test_inserted_text_stamps_have_seconds_where_the_step_needs_them(engine):
    frame = pd.DataFrame({"stnNm": "a", "tm": ["2024-01-01 00:00", "2024-01-01 00:01"], "ta": [1.0, 2.0]})
    answer = completed(frame, engine, freq="30s")
    assert answer["tm"].tolist() == ["2024-01-01 00:00", "2024-01-01 00:00:30", "2024-01-01 00:01"]


@pytest.mark.parametrize(("kind", "unit"), KINDS_AND_UNITS)
@pytest.mark.parametrize("zone", [None, "Asia/Seoul", "Europe/Berlin"])
def test_stamps_keep_their_resolution_and_zone(kind, zone, unit, engine):
    tm = pa.array(FOUR_HOURS.as_unit(unit)).cast(pa.timestamp(unit, zone))
    table = pa.table({"stnNm": ["서울"] * 4, "tm": tm, "ta": [1.0, None, 3.0, 4.0]})
    frame = as_kind(table.take([0, 2, 3]), kind)
    assert_equal_answers(as_kind(table, kind), completed(frame, engine))


@pytest.mark.parametrize(("day", "hours"), [("2024-03-31", 23), ("2024-10-27", 25), ("2024-06-01", 24)])
def test_a_day_of_berlin_has_as_many_hours_as_the_clock_gives_it(day, hours, engine):
    first = pd.Timestamp(day, tz="Europe/Berlin")
    last = first + pd.DateOffset(days=1) - pd.Timedelta(hours=1)
    answer = completed(pd.DataFrame({"stnNm": "a", "tm": [first, last], "ta": [1.0, 2.0]}), engine)
    assert len(answer) == hours
    assert (answer["tm"].diff().iloc[1:] == pd.Timedelta(hours=1)).all()


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/St_Johns"])
def test_the_grid_is_that_of_the_clock_in_its_zone(zone, engine):
    """Full hours there are half hours in UTC."""
    tm = pd.date_range("2024-01-01", periods=4, freq="h", tz=zone)[[0, 3]]
    answer = completed(pd.DataFrame({"stnNm": "a", "tm": tm, "ta": [1.0, 2.0]}), engine)
    assert answer["tm"].dt.hour.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("year", ["0001", "0999", "1969", "9999"])
def test_years_far_away(year, engine):
    frame = pd.DataFrame({"stnNm": "a", "tm": [f"{year}-12-31 20:00", f"{year}-12-31 23:00"], "ta": [1.0, 2.0]})
    assert completed(frame, engine)["tm"].tolist() == [f"{year}-12-31 {hour}:00" for hour in (20, 21, 22, 23)]


def test_stamps_further_apart_than_nanoseconds_can_count(engine):
    tm = pd.DatetimeIndex(["1700-01-01", "2200-01-01"]).as_unit("ns")
    answer = completed(pd.DataFrame({"stnNm": "a", "tm": tm, "ta": [1.0, 2.0]}), engine, freq="1D", max_gap=None)
    assert len(answer) == 182622


@pytest.mark.parametrize("freq", ["10min", timedelta(minutes=10), "600s"])
def test_forms_of_the_step(freq, engine):
    expected, _ = read_snapshot("complete_hours-absent_ten_minutes-freq_10min")
    answer = completed(read_fixture("absent_ten_minutes"), engine, freq=freq)
    assert_equal_answers(expected, answer)


# Memory layouts, stations, sizes


@pytest.mark.parametrize(
    "layout",
    [
        lambda table: pa.concat_tables([table.slice(row, 1) for row in range(table.num_rows)]),
        lambda table: pa.concat_tables([table] * 3).combine_chunks().slice(table.num_rows, table.num_rows),
        lambda table: pa.concat_tables([table.slice(0, 0), table.slice(0, 3), table.slice(0, 0), table.slice(3)]),
    ],
    ids=["one row per chunk", "sliced", "empty chunks"],
)
def test_chunks_and_slices_do_not_matter(layout, engine):
    table = read_fixture("absent_hours_interleaved")
    whole, answer = completed(table, engine), completed(layout(table), engine)
    assert_equal_answers(whole, answer)


@pytest.mark.parametrize(
    "station",
    [
        pa.array([108] * 3, pa.int32()),
        pa.array([2**64 - 1] * 3, pa.uint64()),
        pa.array(["서울"] * 3, pa.large_string()),
        pa.array(["서울"] * 3, pa.string_view()),
        pa.array(["서울"] * 3).dictionary_encode(),
        pa.array([""] * 3),
    ],
    ids=lambda station: str(station.type)[:30],
)
def test_types_of_stations(station, engine):
    answer = completed(with_absent_hour().set_column(0, "stnNm", station), engine)
    assert answer["stnNm"].type == station.type
    assert answer["stnNm"].to_pylist() == [station[0].as_py()] * 4


@pytest.mark.slow
def test_a_station_of_two_million_hours(engine):
    tm = np.datetime64("1800-01-01", "s") + np.array([0, 1_999_999]) * np.timedelta64(3600, "s")
    answer = completed(pd.DataFrame({"stnNm": "서울", "tm": tm, "ta": [1.0, 2.0]}), engine, max_gap=None)
    assert len(answer) == 2_000_000
    assert answer["ta"].isna().sum() == 1_999_998
