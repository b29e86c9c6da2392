"""Bad input: every error of the contract, with the same class and the same message from both engines."""

from __future__ import annotations

import pickle
from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from energy_data_layer import complete_hours, errors, impute_missing_values

HOURS = pd.date_range("2024-01-01", periods=8, freq="h", unit="s")
ACCEPTED = (
    "write YYYY-MM-DD HH:MM[:SS] (also with / or . or T, with an offset in all rows, a date alone, 24:00) or "
    "YYYYMMDDHH[MM]"
)


def frame(**columns) -> pd.DataFrame:
    return pd.DataFrame({"stnNm": "서울", "tm": HOURS, "ta": np.arange(8.0)} | columns)


def impute(df, engine, **options):
    return impute_missing_values(df, options.pop("columns", ["ta"]), use_rust=engine, **options)


def complete(df, engine, **options):
    return complete_hours(df, use_rust=engine, **options)


BOTH = pytest.mark.parametrize("transform", [impute, complete])


def caught(error_class, transform, df, engine, **options) -> Exception:
    with pytest.raises(error_class) as info:
        transform(df, engine, **options)
    assert type(info.value) is error_class
    return info.value


# Columns


@BOTH
def test_one_column_for_stamps_and_stations(transform, engine):
    error = caught(errors.OptionError, transform, frame(), engine, date_col="tm", station_col="tm")
    assert str(error) == 'date_col and station_col are both "tm"; name the stamps and the stations'


@BOTH
@pytest.mark.parametrize("role", ["date_col", "station_col"])
def test_an_absent_key_column(role, transform, engine):
    error = caught(errors.ColumnNotFoundError, transform, frame(), engine, **{role: "nope"})
    assert str(error) == (
        'column "nope" is not in the frame; its columns are: stnNm, tm, ta; perhaps station_col="stnNm", date_col="tm"'
    )
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, pa.Table.from_pydict])
def test_an_absent_value_column(kind, engine):
    df = kind({"stnNm": ["a"], "tm": [datetime(2024, 1, 1)], "ta": [1.0]})
    error = caught(errors.ColumnNotFoundError, impute, df, engine, columns=["ta", "hm"])
    assert str(error) == 'column "hm" is not in the frame; its columns are: stnNm, tm, ta'


def test_an_absent_carried_column(engine):
    error = caught(errors.ColumnNotFoundError, complete, frame(), engine, carry=["stnId"])
    assert str(error) == 'column "stnId" is not in the frame; its columns are: stnNm, tm, ta'


@BOTH
def test_a_column_that_occurs_twice(transform, engine):
    df = frame(hm=1.0).set_axis(["stnNm", "tm", "ta", "ta"], axis=1)
    error = caught(errors.ColumnTypeError, transform, df, engine)
    assert str(error) == 'column "ta" occurs 2 times in the frame; rename or drop the others'


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        ([True] * 8, "bool"),
        (HOURS, "timestamp[s]"),
        (HOURS.tz_localize("Asia/Seoul"), "timestamp[s, tz=Asia/Seoul]"),
        (pd.to_timedelta(range(8), "h").as_unit("s"), "duration[s]"),
        (pd.array([True, None] * 4, dtype="boolean"), "bool"),
        (pd.Series([[1.0]] * 8, dtype=pd.ArrowDtype(pa.list_(pa.float64()))), "list<item: double>"),
        (pd.Series([b"1"] * 8, dtype=pd.ArrowDtype(pa.binary())), "binary"),
        (pd.Series([date(2024, 1, 1)] * 8, dtype=pd.ArrowDtype(pa.date32())), "date32[day]"),
        (pd.Categorical([True] * 8), "dictionary<values=bool, indices=int8, ordered=0>"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_value_column_of_a_type_that_is_no_number(values, type_, engine):
    error = caught(errors.ColumnTypeError, impute, frame(ta=values), engine)
    problem = f"is of type {type_} and cannot be a number; choose other columns or convert it"
    assert str(error) == f'column "ta" of the frame {problem}'


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (True, "a bool (True)"),
        ([1.0], "a list ([1.0])"),
        (b"1", "a bytes (b'1')"),
        (date(2024, 1, 1), "a date (2024-01-01)"),
        (1j, "a complex (1j)"),
    ],
)
def test_an_object_column_with_a_cell_that_is_no_number(cell, shown, engine):
    values = pd.Series([1.0, "2", *[None] * 5, cell], dtype="object")
    error = caught(errors.ColumnTypeError, impute, frame(ta=values), engine)
    assert f'column "ta" of the frame mixes types: it holds {shown}' in str(error)


@BOTH
@pytest.mark.parametrize(
    "stamps",
    [
        np.arange(8.0),
        pd.Series([1] * 8, dtype=pd.ArrowDtype(pa.time32("s"))),
        pd.period_range("2024", periods=8, freq="h"),
        [True] * 8,
        pd.Series([HOURS[0], *["2024-01-01 00:00"] * 7], dtype="object"),
        pd.Series([HOURS[0].tz_localize("UTC"), *HOURS[1:].tz_localize("Asia/Seoul")], dtype="object"),
    ],
    ids=["float", "time", "period", "bool", "mixed", "zones mixed"],
)
def test_a_stamp_column_of_a_wrong_type(stamps, transform, engine):
    error = caught(errors.ColumnTypeError, transform, frame(tm=stamps), engine)
    assert str(error).startswith('column "tm" of the frame ')


@BOTH
@pytest.mark.parametrize(
    "stations",
    [
        [["a"]] * 8,
        [b"a"] * 8,
        [{"a": 1}] * 8,
        pd.Series([["a"]] * 8, dtype=pd.ArrowDtype(pa.list_(pa.string()))),
    ],
    ids=["list", "bytes", "dict", "arrow list"],
)
def test_a_station_column_of_a_wrong_type(stations, transform, engine):
    error = caught(errors.ColumnTypeError, transform, frame(stnNm=stations), engine)
    assert str(error).startswith('column "stnNm" of the frame ')


def test_a_column_that_arrow_cannot_hold(engine):
    """`complete_hours` takes all columns, so all must be readable."""
    df = pl.DataFrame(frame()).with_columns(pl.lit(1, dtype=pl.Int128).alias("x"))
    error = caught(errors.ColumnTypeError, complete, df, engine)
    assert str(error).startswith('column "x" of the frame cannot be read')


@BOTH
def test_an_unknown_time_zone(transform, engine):
    table = pa.table({"stnNm": ["a"], "tm": pa.array([0], pa.timestamp("s", "Mars/Olympus")), "ta": [1.0]})
    error = caught(errors.ColumnTypeError, transform, table, engine)
    assert 'column "tm"' in str(error)
    assert "Mars/Olympus" in str(error)


@BOTH
@pytest.mark.parametrize(
    "df", [{"ta": [1.0]}, None, [1.0], np.zeros(3), pd.Series([1.0])], ids=lambda df: type(df).__name__
)
def test_what_is_no_frame(df, transform, engine):
    error = caught(errors.FrameTypeError, transform, df, engine)
    assert "accepted are pandas.DataFrame, polars.DataFrame and LazyFrame, pyarrow.Table and RecordBatch, and " in str(
        error
    )


# Stamps


UNREADABLE = [
    "", " ", "abc", "NaT", "2024", "2024-01", "2024-01-01 00", "2024010125", "202401010", "0000-01-01",
    "2024-01-01 24:01", "202401012401", "2024-01-01 23:60", "2024-01-01 00:00:60", "2024-02-30 00:00",
    "202402300000", "2023-02-29 00:00", "2024-13-01 00:00", "2024-00-01 00:00", "2024-01-00 00:00",
    "1/1/2024 1:00", "31.01.2024 1:00", "2024-01/01 00:00", "2024-01-01t00:00", "2024-01-01 오전 1:00",
    "2024-01-01T00:00Z", "2024-01-01 00:00+09:00", "2024-01-01 00:00:00.5", "2024-01-01T 00:00",
    "2024-01-01\n00:00", "２０２４-01-01 00:00", "24-01-01 00:00", "12024-01-01 00:00", "-024-01-01 00:00",
]  # fmt: skip


@BOTH
@pytest.mark.parametrize("text", UNREADABLE)
def test_a_text_that_is_no_stamp(text, transform, engine):
    tm = HOURS.strftime("%Y-%m-%d %H:%M").tolist()
    tm[2] = text
    error = caught(errors.StampError, transform, frame(tm=tm), engine)
    assert str(error) == (
        f'column "tm" of the frame: time stamp null or unreadable in 1 row (row 2: {text}); {ACCEPTED}'
    )
    assert (error.column, error.rows, error.values, error.count) == ("tm", [2], [text], 1)


@BOTH
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_null_stamps(unit, transform, engine):
    tm = pd.Series(HOURS.as_unit(unit))
    tm[[1, 6]] = pd.NaT
    error = caught(errors.StampError, transform, frame(tm=tm), engine)
    assert "null or unreadable in 2 rows (row 1: null, row 6: null); " in str(error)


@BOTH
def test_null_text_stamps(transform, engine):
    error = caught(errors.StampError, transform, frame(tm=None), engine)
    assert error.count == 8
    assert error.values == [None] * 5


@BOTH
def test_the_first_five_rows_are_named_and_all_are_counted(transform, engine):
    tm = [f"bad {row}" for row in range(8)]
    error = caught(errors.StampError, transform, frame(tm=tm), engine)
    assert "in 8 rows (row 0: bad 0, row 1: bad 1, row 2: bad 2, row 3: bad 3, row 4: bad 4, …); " in str(error)


@BOTH
@pytest.mark.parametrize("layout", ["chunks", "slice"])
def test_positions_count_from_the_first_row_of_the_frame(layout, transform, engine):
    table = pa.Table.from_pandas(frame(tm=["2024-01-01 00:00", *["?"] * 7]).iloc[[0, 1]], preserve_index=False)
    table = pa.concat_tables([table.slice(0, 1), table.slice(1)] if layout == "chunks" else [table, table])
    table = table if layout == "chunks" else table.combine_chunks().slice(2)
    assert caught(errors.StampError, transform, table, engine).rows == [1]


@BOTH
def test_a_long_text_is_cut(transform, engine):
    tm = ["x" * 10_000, *HOURS[1:].strftime("%Y%m%d%H%M")]
    assert f"(row 0: {'x' * 40}…)" in str(caught(errors.StampError, transform, frame(tm=tm), engine))


# Stations


@BOTH
@pytest.mark.parametrize(
    "stations",
    [
        pd.Series(["a", None] * 4),
        pd.Series(["a", None] * 4, dtype="category"),
        pd.Series([108, None] * 4, dtype="Int64"),
        pd.Series([108.0, np.nan] * 4),
        pd.Series(["a", np.nan] * 4, dtype="object"),
    ],
    ids=lambda stations: str(stations.dtype),
)
def test_null_stations(stations, transform, engine):
    error = caught(errors.StationError, transform, frame(stnNm=stations), engine)
    rows = "row 1: null, row 3: null, row 5: null, row 7: null"
    assert str(error) == (
        f'column "stnNm" of the frame: station null in 4 rows ({rows}); every row needs the name of its station'
    )


@BOTH
def test_a_null_within_the_dictionary_of_stations(transform, engine):
    names = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0], pa.int8()), pa.array(["a", None]))
    table = pa.table({"stnNm": names, "tm": pa.array(HOURS[:3]), "ta": [1.0, 2.0, 3.0]})
    assert caught(errors.StationError, transform, table, engine).rows == [1]


# Infinite values


@pytest.mark.parametrize(
    "values",
    [
        np.array([0, np.inf, 2, 3, 4, 5, -np.inf, 7]),
        np.array([0, np.inf, 2, 3, 4, 5, -np.inf, 7], dtype="float32"),
        np.array([0, np.inf, 2, 3, 4, 5, -np.inf, 7], dtype="float16"),
        pd.array([0, np.inf, None, 3, 4, 5, -np.inf, 7], dtype="Float64"),
        ["0", "1e999", None, "3", "4", "5", "-1e999", "7"],
        ["0", "9" * 400, None, "3", "4", "5", "-1e309", "7"],
        pd.Series([0, np.inf, None, 3, 4, 5, -np.inf, 7], dtype="object"),
        pd.Series(["0", np.inf, None, "3", "4", 5, -np.inf, 7], dtype="object"),
        pd.Series([0, Decimal("Infinity"), None, 3, 4, 5, Decimal("-Infinity"), 7], dtype="object"),
    ],
    ids=["float64", "float32", "float16", "Float64", "text", "long text", "object", "mixed", "Decimal"],
)
def test_infinite_values(values, engine):
    error = caught(errors.InfiniteValueError, impute, frame(ta=values), engine)
    assert str(error) == (
        'column "ta" of the frame: infinite value in 2 rows (row 1: inf, row 6: -inf); '
        "replace it by a missing value or correct it"
    )


@pytest.mark.parametrize("text", ["inf", "-inf", "Infinity", "nan", "1e", "0x1p3"])
def test_a_text_that_spells_infinity_is_no_number(text, engine):
    with pytest.warns(errors.CoercedValuesWarning, match=f"row 1: {text}"):
        answer, report = impute(frame(ta=["0", text, *"234567"]), engine, report=True)
    assert report.columns["ta"].coerced == 1
    assert np.isfinite(answer["ta"]).all()


def test_infinity_in_a_column_that_is_not_filled_is_let_be(engine):
    assert impute(frame(ws=np.inf), engine)["ws"].tolist() == [np.inf] * 8


# Keys that occur twice


def test_the_same_station_and_stamp_twice(engine):
    tm = HOURS[[0, 1, 2, 1, 4, 5, 1, 7]]
    error = caught(errors.DuplicateKeyError, impute, frame(tm=tm), engine)
    shown = "서울 2024-01-01 01:00:00"
    assert str(error) == (
        f'column "tm" of the frame: station and time stamp more than once in 3 rows '
        f"(row 1: {shown}, row 3: {shown}, row 6: {shown}); keep one row per station and time stamp"
    )


@pytest.mark.parametrize(
    ("tm", "shown"),
    [
        (["2024-01-01 05:00", "202401010500"], "2024-01-01 05:00:00"),
        (pd.DatetimeIndex(["2024-01-01 05:00:00.123456789"] * 2), "2024-01-01 05:00:00.123456789"),
        (pd.DatetimeIndex(["2024-01-01 05:00:00.5"] * 2).as_unit("ms"), "2024-01-01 05:00:00.500000"),
        (pd.DatetimeIndex(["2024-01-01 05:00"] * 2, tz="Asia/Seoul"), "2024-01-01 05:00:00"),
        (["0001-01-01 05:00"] * 2, "0001-01-01 05:00:00"),
        (["9999-12-31 05:00"] * 2, "9999-12-31 05:00:00"),
    ],
    ids=["two forms", "ns", "ms", "zone", "year 1", "year 9999"],
)
def test_stamps_in_messages(tm, shown, engine):
    df = pd.DataFrame({"stnNm": "a", "tm": tm, "ta": [1.0, 2.0]})
    assert caught(errors.DuplicateKeyError, impute, df, engine).values == [f"a {shown}"] * 2


@pytest.mark.parametrize("station", [108, 2**64 - 1, "", "서울", "a name of more than forty characters, really"])
def test_stations_in_messages(station, engine):
    df = pd.DataFrame({"stnNm": [station] * 2, "tm": HOURS[[0, 0]], "ta": [1.0, 2.0]})
    assert caught(errors.DuplicateKeyError, impute, df, engine).values == [f"{station} 2024-01-01 00:00:00"] * 2


def test_identical_rows_are_an_error_of_impute_too(engine):
    df = pd.concat([frame(), frame()], ignore_index=True)
    error = caught(errors.DuplicateKeyError, impute, df, engine)
    assert error.count == 16
    assert error.rows == [0, 1, 2, 3, 4]


# complete_hours


def test_different_rows_for_one_stamp_are_both_named(engine):
    df = frame(tm=HOURS[[0, 1, 2, 3, 1, 5, 6, 7]])
    error = caught(errors.ConflictingRowsError, complete, df, engine)
    shown = "서울 2024-01-01 01:00:00"
    assert str(error) == (
        f'column "tm" of the frame: different rows for one station and time stamp in 2 rows '
        f"(row 1: {shown}, row 4: {shown}); decide which row is right; only identical rows are collapsed"
    )


@pytest.mark.parametrize(
    ("left", "right"),
    [(1.0, None), (0.0, 5e-324), ("a", "b"), ("a", None), (True, False), (1, 2), ("", None)],
    ids=repr,
)
def test_rows_that_differ_in_any_column_conflict(left, right, engine):
    table = pa.table({"stnNm": ["a"] * 2, "tm": pa.array(HOURS[[0, 0]]), "x": [left, right]})
    assert caught(errors.ConflictingRowsError, complete, table, engine).rows == [0, 1]


def test_of_three_rows_the_identical_ones_are_named_with_the_different_one(engine):
    df = pd.DataFrame({"stnNm": "a", "tm": HOURS[[0, 0, 0, 1, 1]], "ta": [1.0, 1.0, 2.0, 3.0, 3.0]})
    assert caught(errors.ConflictingRowsError, complete, df, engine).rows == [0, 1, 2]


@pytest.mark.parametrize(
    ("stamp", "freq"),
    [
        ("2024-01-01 12:07", "1h"),
        ("2024-01-01 12:00:01", "1h"),
        ("2024-01-01 12:05", "10min"),
        ("2024-01-01 01:00", "1D"),
        ("2024-01-01 01:00", "2h"),
    ],
)
def test_a_stamp_off_the_grid(stamp, freq, engine):
    df = pd.DataFrame({"stnNm": "서울", "tm": ["2024-01-01 00:00", stamp], "ta": 1.0})
    error = caught(errors.OffGridError, complete, df, engine, freq=freq)
    shown = str(pd.Timestamp(stamp))
    assert str(error) == (
        f'column "tm" of the frame: time stamp off the grid in 1 row (row 1: 서울 {shown}); '
        "round the stamps or pass the frequency that they have"
    )


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_a_fraction_of_a_second_is_off_the_grid(unit, engine):
    tm = pd.DatetimeIndex([HOURS[0], HOURS[1] + pd.Timedelta(1, unit)]).as_unit(unit)
    df = pd.DataFrame({"stnNm": "a", "tm": tm, "ta": 1.0})
    assert caught(errors.OffGridError, complete, df, engine).rows == [1]


def test_rows_without_number_are_refused(engine):
    """Two stamps nine thousand years apart, at one row a second."""
    df = pd.DataFrame({"stnNm": "a", "tm": ["0001-01-01 00:00", "9999-12-31 23:00"], "ta": 1.0})
    error = caught(errors.OptionError, complete, df, engine, freq="1s", max_gap=None)
    assert str(error).startswith("completing the hours would make 315537894001 rows")


# Options


@pytest.mark.parametrize("value", [-1, 2.5, "3", None, True])
def test_a_wrong_max_spline_gap(value, engine):
    error = caught(errors.OptionError, impute, frame(), engine, max_spline_gap=value)
    assert str(error) == f"max_spline_gap is {value!r}; it must be an integer of 0 or more"


@pytest.mark.parametrize("column", ["tm", "stnNm"])
def test_a_key_cannot_be_filled(column, engine):
    error = caught(errors.OptionError, impute, frame(), engine, columns=["ta", column])
    assert str(error) == f'column "{column}" is a key column and cannot be filled'


def test_a_column_named_twice(engine):
    error = caught(errors.OptionError, impute, frame(), engine, columns=["ta", "ta"])
    assert str(error) == "columns names a column twice: ta, ta"


def test_a_provenance_column_that_is_there_already(engine):
    error = caught(errors.OptionError, impute, frame(ta_provenance=0), engine, provenance=True)
    assert 'the frame has a column "ta_provenance" already' in str(error)
    assert impute(frame(ta_provenance=9), engine)["ta_provenance"].tolist() == [9] * 8


@pytest.mark.parametrize("freq", ["7h", "5h", "25h", "2D", "1ms", "1.5s", "0h", "-1h", "1ME", "hourly", "", None, 3600])
def test_a_step_that_does_not_divide_a_day(freq, engine):
    error = caught(errors.OptionError, complete, frame(), engine, freq=freq)
    assert str(error).startswith(f"freq is {freq!r}; it must be ")


# The history


@pytest.mark.parametrize(
    ("history", "message"),
    [
        (frame().drop(columns="ta"), 'column "ta" is not in the history; its columns are: stnNm, tm'),
        (frame(ta=True), 'column "ta" of the history is of type bool and cannot be a number'),
        (frame(tm=["?"] * 8), 'column "tm" of the history: time stamp null or unreadable in 8 rows'),
        (frame(stnNm=None), 'column "stnNm" of the history: station null in 8 rows'),
        (frame(ta=-np.inf), 'column "ta" of the history: infinite value in 8 rows'),
        (
            frame(tm=HOURS[[0] * 8]),
            'column "tm" of the history: station and time stamp more than once in 8 rows',
        ),
        ({"ta": [1.0]}, "the history is a builtins.dict; accepted are"),
        (frame(stnNm=108), 'column "stnNm" is of type '),
        (frame(tm=HOURS.tz_localize("UTC")), 'column "tm" has a time zone only in the history'),
    ],
    ids=lambda value: value[:50] if isinstance(value, str) else "",
)
def test_errors_in_the_history_say_so(history, message, engine):
    with pytest.raises(errors.DataLayerError) as info:
        impute(frame(), engine, history=history)
    assert str(info.value).startswith(message)


# Which error comes first, and what follows from it

BAD = {
    "stamp": {"tm": ["?", *HOURS[1:].strftime("%Y%m%d%H%M")]},
    "station": {"stnNm": [None, *["a"] * 7]},
    "infinite": {"ta": [np.inf, *range(7)]},
    "infinite in the second column": {"hm": [np.inf, *range(7)]},
    "duplicate": {"tm": HOURS[[0, 0, 2, 3, 4, 5, 6, 7]]},
}


@pytest.mark.needs_rust
@pytest.mark.parametrize("first", BAD)
@pytest.mark.parametrize("second", BAD)
@pytest.mark.parametrize("where", ["in the frame", "the second in the history"])
def test_of_two_errors_both_engines_raise_the_same(where, first, second):
    if where == "in the frame":
        df, history = frame(**({"hm": 1.0} | BAD[second] | BAD[first])), None
    else:
        df, history = frame(**({"hm": 1.0} | BAD[first])), frame(**({"hm": 1.0} | BAD[second]))
    raised = []
    for engine in (False, True):
        with pytest.raises(errors.DataLayerError) as info:
            impute(df, engine, columns=["ta", "hm"], history=history)
        raised.append((type(info.value), str(info.value)))
    assert raised[0] == raised[1]


@pytest.mark.needs_rust
@pytest.mark.parametrize(
    "df",
    [
        frame(tm=["?", "2024-01-01 00:07", *["2024-01-01 01:00"] * 6]),
        frame(stnNm=[None, *["a"] * 7], tm=["2024-01-01 00:07", *["2024-01-01 01:00"] * 7]),
        frame(tm=["2024-01-01 00:07", *["2024-01-01 01:00"] * 7]),
        frame(tm=["2024-01-01 00:07"] * 8),
        frame(stnNm=list("abababab"), tm=HOURS[[0, 0, 0, 0, 1, 1, 1, 1]]),
    ],
)
def test_of_two_errors_of_complete_hours_both_engines_raise_the_same(df):
    raised = []
    for engine in (False, True):
        with pytest.raises(errors.DataLayerError) as info:
            complete(df, engine)
        raised.append((type(info.value), str(info.value)))
    assert raised[0] == raised[1]


@pytest.mark.parametrize("bad", BAD)
def test_an_error_leaves_the_input_as_it_was(bad, engine):
    df = frame(**({"hm": 1.0} | BAD[bad]))
    before = df.copy(deep=True)
    with pytest.raises(errors.DataLayerError):
        impute(df, engine, columns=["ta", "hm"])
    pd.testing.assert_frame_equal(df, before)


# The classes


@pytest.mark.parametrize(
    ("error_class", "builtin"),
    [
        (errors.ColumnNotFoundError, KeyError),
        (errors.ColumnTypeError, TypeError),
        (errors.FrameTypeError, TypeError),
        (errors.OptionError, ValueError),
        (errors.StampError, ValueError),
        (errors.StationError, ValueError),
        (errors.InfiniteValueError, ValueError),
        (errors.DuplicateKeyError, ValueError),
        (errors.ConflictingRowsError, ValueError),
        (errors.OffGridError, ValueError),
        (errors.EngineUnavailable, ImportError),
        (errors.EngineVersionError, ImportError),
        (errors.EngineBroken, ImportError),
        (errors.EngineError, RuntimeError),
        (errors.SourceFileError, ValueError),
        (errors.StorageError, OSError),
    ],
)
def test_every_error_is_the_package_s_own_and_a_builtin(error_class, builtin):
    assert issubclass(error_class, errors.DataLayerError)
    assert issubclass(error_class, builtin)


def test_a_key_error_shows_readable_text():
    """`KeyError` would show the repr, with quotes and backslashes."""
    error = errors.ColumnNotFoundError("기온", ["tm", "stnNm"])
    assert str(error) == 'column "기온" is not in the frame; its columns are: tm, stnNm'


@pytest.mark.parametrize(
    "error",
    [
        errors.StampError("tm", [1, 2], ["x", None], 2, "the history"),
        errors.ConflictingRowsError("tm", [1], ["x"], 7),
        errors.ColumnNotFoundError("ta", ["tm", "hm"], "the history"),
        errors.SourceFileError("a.csv", 3, "too few cells"),
        errors.ColumnTypeError("of a wrong type"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_survive_pickling(error):
    """A worker process hands them to its parent."""
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert copy.__dict__ == error.__dict__
