"""Wide tables that cannot be read: the same class and the same message from both engines."""

from __future__ import annotations

import pickle
from datetime import date, datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from energy_data_layer import WideLayout, errors, transform_wide_to_long

HOURS = [f"h{hour:02d}" for hour in range(1, 25)]
SITE = WideLayout("site", date="day", plant="site", hours="h{:02d}", energy_unit="kWh")
DAYS = [f"2024-01-{day:02d}" for day in range(1, 9)]
DAY_ADVICE = "write YYYY-MM-DD, YYYY/MM/DD, YYYY.MM.DD or YYYYMMDD, with a time of 00:00 or none"


def frame(**columns) -> pd.DataFrame:
    """Return eight days of a site, with further columns or others."""
    return pd.DataFrame({"day": DAYS, "site": "a"} | dict.fromkeys(HOURS, 1.0) | columns)


def layout(**changes) -> WideLayout:
    fields = {"date": "day", "plant": "site", "hours": "h{:02d}", "energy_unit": "kWh"}
    return WideLayout("site", **(fields | changes))


def caught(error_class, df, engine, like=SITE, **options) -> Exception:
    with pytest.raises(error_class) as info:
        transform_wide_to_long(df, like, use_rust=engine, **options)
    assert type(info.value) is error_class
    return info.value


# The layout


def test_a_layout_that_is_not_known(engine):
    error = caught(errors.OptionError, frame(), engine, "nope")
    assert str(error).startswith('layout "nope" is not known; known are: koen_wind_api, kospo_solar_api, ')


def test_a_frame_that_no_layout_fits(engine):
    df = frame().rename(columns={"day": "시각"})
    error = caught(errors.LayoutError, df, engine, None)
    assert "no column is known to hold the day; describe the table by a WideLayout, " in str(error)
    assert "or name one of koen_wind_api" in str(error)
    assert "its columns are: 시각, site, h01, h02" in str(error)


def test_a_frame_without_columns(engine):
    for empty in (pd.DataFrame(), pd.DataFrame(index=range(3)), pl.DataFrame(), pa.table({})):
        assert "there are no columns for the hours 1 to 24" in str(caught(errors.LayoutError, empty, engine, None))
        error = caught(errors.LayoutError, empty, engine)
        assert str(error).startswith('layout "site" needs columns that are not in the frame: day, site, h01, ')


def test_headings_that_are_absent(engine):
    error = caught(errors.LayoutError, frame().drop(columns=["site", "h07"]), engine)
    assert str(error) == (
        'layout "site" needs columns that are not in the frame: site, h07; its columns are: day, '
        + ", ".join(name for name in HOURS if name != "h07")
    )


def test_many_columns_are_not_all_listed(engine):
    df = pd.concat(
        [frame().drop(columns="day"), pd.DataFrame(0, range(8), [f"column {n}" for n in range(200)])], axis=1
    )
    for like in (SITE, None):
        message = str(caught(errors.LayoutError, df, engine, like))
        assert message.endswith("…")
        assert len(message) < 1100


@pytest.mark.parametrize("names", [("h05", "h05"), ("h05", " h05"), ("day", "\ufeffday"), ("kept", "kept\u3000")])
def test_a_heading_that_is_there_twice(names, engine):
    df = frame(other=1.0, kept=1.0)
    df.columns = [names[0] if name == names[0] else names[1] if name == "other" else name for name in df.columns]
    error = caught(errors.LayoutError, df, engine, layout(keep=["kept"]))
    heading = names[0]
    assert str(error) == f'the frame has several columns with the heading "{heading}"; rename or drop the others'


def test_polars_headings_that_differ_by_blanks_alone(engine):
    df = pl.DataFrame(frame()).with_columns(pl.lit(1.0).alias("h05 "))
    assert 'several columns with the heading "h05"' in str(caught(errors.LayoutError, df, engine))


def test_nothing_that_names_the_plant(engine):
    df = frame().drop(columns="site")
    message = 'layout "site" has no column for the plant; pass plant_name, or set plant in the layout'
    assert str(caught(errors.LayoutError, df, engine, layout(plant=None))) == message
    assert str(caught(errors.LayoutError, df, engine, layout(plant=None, unit="unit"))) == message


def test_nothing_that_says_the_unit_of_energy(engine):
    said = 'nothing says whether the hours of layout "site" hold Wh, kWh or MWh; '
    advice = 'pass energy_unit="kWh", or set it in the layout'
    assert str(caught(errors.LayoutError, frame(), engine, layout(energy_unit=None))) == said + advice
    error = caught(errors.LayoutError, frame(), engine, layout(energy_unit=None, energy_unit_column="eu"))
    assert str(error) == f'{said}add a column "eu" with the unit of each row, {advice}'


@pytest.mark.parametrize("option", [{"energy_unit": "GWh"}, {"hour_label": "middle"}, {"energy_unit": "wh"}])
def test_options_that_are_none(option, engine):
    (value,) = option.values()
    assert repr(value) in str(caught(errors.OptionError, frame(), engine, **option))


@pytest.mark.parametrize(
    "df", [None, {"day": DAYS}, [1], np.zeros((2, 26)), pd.Series([1.0])], ids=lambda df: type(df).__name__
)
def test_what_is_no_frame(df, engine):
    error = caught(errors.FrameTypeError, df, engine)
    assert "accepted are pandas.DataFrame, polars.DataFrame and LazyFrame, pyarrow.Table and RecordBatch, and " in str(
        error
    )


# Types


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        (pa.array([True] * 8), "bool"),
        (pa.array([datetime(2024, 1, 1)] * 8), "timestamp[us]"),
        (pa.array([date(2024, 1, 1)] * 8), "date32[day]"),
        (pa.array([1] * 8, pa.duration("s")), "duration[s]"),
        (pa.array([1] * 8, pa.time32("s")), "time32[s]"),
        (pa.array([[1.0]] * 8), "list<item: double>"),
        (pa.array([{"a": 1.0}] * 8), "struct<a: double>"),
        (pa.array([b"1"] * 8), "binary"),
        (pa.array([True] * 8).dictionary_encode(), "dictionary<values=bool, indices=int32, ordered=0>"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("name", ["h03", "total"])
def test_hours_and_totals_of_a_type_that_is_no_number(name, values, type_, engine):
    table = pa.Table.from_pandas(frame(total=24.0), preserve_index=False)
    table = table.set_column(table.schema.get_field_index(name), name, values)
    error = caught(errors.ColumnTypeError, table, engine, layout(daily_total="total"))
    problem = f"is of type {type_} and cannot be a number; choose other columns or convert it"
    assert str(error) == f'column "{name}" of the frame {problem}'


@pytest.mark.parametrize(
    "values",
    [
        pa.array([True] * 8),
        pa.array([1] * 8, pa.duration("s")),
        pa.array([1] * 8, pa.time64("us")),
        pa.array([["2024-01-01"]] * 8),
        pa.array([b"2024-01-01"] * 8),
        pa.array([1] * 8, pa.decimal128(8, 0)),
    ],
    ids=lambda values: str(values.type),
)
def test_days_of_a_wrong_type(values, engine):
    table = pa.Table.from_pandas(frame(), preserve_index=False).set_column(0, "day", values)
    error = caught(errors.ColumnTypeError, table, engine)
    assert str(error) == (
        f'column "day" of the frame is of type {values.type} and cannot hold days; convert it to dates, to time '
        "stamps or to text like 2024-01-31"
    )


def test_days_as_whole_floats(engine):
    """A blank line makes pandas read YYYYMMDD as floats."""
    days = pa.array([20240100.0 + day for day in range(1, 9)])
    table = pa.Table.from_pandas(frame(), preserve_index=False).set_column(0, "day", days)
    as_text = table.set_column(0, "day", pa.array([f"202401{day:02d}" for day in range(1, 9)]))
    expected, got = (transform_wide_to_long(each, SITE, use_rust=engine) for each in (as_text, table))
    assert got.equals(expected)


@pytest.mark.parametrize("values", [pa.array([["a"]] * 8), pa.array([{"a": 1}] * 8)], ids=lambda v: str(v.type))
@pytest.mark.parametrize("role", ["plant", "unit", "energy_unit_column"])
def test_names_of_a_wrong_type(role, values, engine):
    table = pa.Table.from_pandas(frame(), preserve_index=False).append_column("x", values)
    changes = {role: "x"} | ({"energy_unit": None} if role == "energy_unit_column" else {})
    error = caught(errors.ColumnTypeError, table, engine, layout(**changes))
    assert str(error) == (
        f'column "x" of the frame is of type {values.type} and cannot hold names; use text or integers'
    )


@pytest.mark.parametrize("cell", [True, [1.0], b"1", 1j, datetime(2024, 1, 1)], ids=repr)
def test_an_object_column_with_a_cell_that_is_no_number(cell, engine):
    values = pd.Series([1.0, "2", *[None] * 5, cell], dtype="object")
    error = caught(errors.ColumnTypeError, frame(h03=values), engine)
    assert f'column "h03" of the frame mixes types: it holds a {type(cell).__name__}' in str(error)


def test_a_kept_column_that_arrow_cannot_hold(engine):
    df = pl.DataFrame(frame()).with_columns(pl.lit(1, dtype=pl.Int128).alias("x"))
    error = caught(errors.ColumnTypeError, df, engine, layout(keep=["x"]))
    assert str(error).startswith('column "x" of the frame cannot be read')
    transform_wide_to_long(df, SITE, use_rust=engine)


# Days

UNREADABLE = [
    "abc", "NaT", "2024", "2024-01", "24-01-01", "240101", "2024-13-01", "2024-00-01",
    "2024-01-00", "2024-02-30", "2023-02-29", "1900-02-29", "20230229", "2024-01/01", "2024-01.01", "2024 01 01",
    "0000-01-01", "00000101", "12024-01-01", "-024-01-01", "+024-01-01", "２０２４-01-01", "2024-01-01Z",
    "2024-01-01 01:00", "2024-01-01 00:00:01", "2024-01-01 24:00", "2024-01-01 00",
    "2024-01-01 00:00:00.5", "2024-01-01 00:00 00:00", "2024-01-01T00:00+09:00", "2024-01-01\n00:00",
    "2024-01-01\x00", "2024년 1월 1일", "01/02/2024", "2024-01-01-", "-2024-01-01", "202401010100", " 00:00",
]  # fmt: skip


@pytest.mark.parametrize("text", UNREADABLE, ids=repr)
def test_a_text_that_is_no_day(text, engine):
    error = caught(errors.DayError, frame(day=[*DAYS[:2], text, *DAYS[3:]]), engine)
    assert str(error) == (
        f'column "day" of the frame: day null, unreadable or not at midnight in 1 row (row 2: {text}); {DAY_ADVICE}'
    )
    assert isinstance(error, errors.StampError)
    assert (error.column, error.rows, error.values, error.count) == ("day", [2], [text], 1)


@pytest.mark.parametrize("blank", [None, "", " ", "\u3000"])
def test_a_day_that_is_blank_in_a_row_with_content(blank, engine):
    error = caught(errors.DayError, frame(day=[*DAYS[:2], blank, *DAYS[3:]]), engine)
    assert (error.rows, error.values, error.count) == ([2], [blank], 1)


def test_days_that_are_all_null(engine):
    for df in (frame(day=[None] * 8), pa.Table.from_pandas(frame()).set_column(0, "day", pa.nulls(8))):
        error = caught(errors.DayError, df, engine)
        assert (error.count, error.values) == (8, [None] * 5)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_null_stamps(unit, engine):
    days = pd.Series(pd.DatetimeIndex(DAYS).as_unit(unit))
    days[[1, 6]] = pd.NaT
    for df in (frame(day=days), pa.Table.from_pandas(frame(day=days)), pl.DataFrame(frame(day=days))):
        error = caught(errors.DayError, df, engine)
        assert (error.rows, error.values, error.count) == ([1, 6], [None, None], 2)


@pytest.mark.parametrize(
    ("stamp", "unit", "shown"),
    [
        ("2024-01-03 05:00", "s", "2024-01-03 05:00:00"),
        ("2024-01-03 00:00:00.5", "ms", "2024-01-03 00:00:00.500000"),
        ("2024-01-03 00:00:00.000001", "us", "2024-01-03 00:00:00.000001"),
        ("2024-01-03 00:00:00.000000001", "ns", "2024-01-03 00:00:00.000000001"),
        ("1969-12-31 23:59:59.999999999", "ns", "1969-12-31 23:59:59.999999999"),
        ("0001-01-01 01:00", "s", "0001-01-01 01:00:00"),
        ("9999-12-31 23:00", "us", "9999-12-31 23:00:00"),
        ("1969-12-31 12:00", "ms", "1969-12-31 12:00:00"),
        ("1677-09-21 00:12:43.145224193", "ns", "1677-09-21 00:12:43.145224193"),
        ("2262-04-11 23:47:16.854775807", "ns", "2262-04-11 23:47:16.854775807"),
        ("10000-01-01 01:00", "s", "10000-01-01 01:00:00"),
        ("-001-01-01 01:00", "s", "-001-01-01 01:00:00"),
    ],
)
def test_stamps_that_are_not_at_midnight(stamp, unit, shown, engine):
    days = np.array([*DAYS[:2], stamp, *DAYS[3:]], dtype=f"datetime64[{unit}]")
    error = caught(errors.DayError, frame(day=days), engine)
    assert (error.rows, error.values, error.count) == ([2], [shown], 1)


@pytest.mark.parametrize(
    ("day", "fits"),
    [("2262-04-10", True), ("2262-04-11", False), ("1677-09-22", True), ("1678-01-01", True), ("1969-12-31", True)],
)
@pytest.mark.parametrize("hour_label", ["start", "end"])
def test_a_day_whose_last_hour_nanoseconds_cannot_count(day, fits, hour_label, engine):
    days = np.array([day], dtype="datetime64[ns]")
    df = frame().iloc[:1].assign(day=days)
    if fits:
        answer = transform_wide_to_long(df, SITE, hour_label=hour_label, use_rust=engine)
        assert answer["timestamp"].is_monotonic_increasing
        return
    error = caught(errors.DayError, df, engine, hour_label=hour_label)
    assert (error.rows, error.values) == ([0], [f"{day} 00:00:00"])


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_the_last_and_the_first_day_that_can_be_counted(unit, engine):
    per_day = 86_400 * {"s": 1, "ms": 1_000, "us": 1_000_000}[unit]
    last = ((2**63 - 1) // per_day) * per_day
    table = pa.Table.from_pandas(frame(), preserve_index=False).slice(0, 1)

    def on(tick: int) -> pa.Table:
        return table.set_column(0, "day", pa.array([tick], pa.int64()).cast(pa.timestamp(unit)))

    assert caught(errors.DayError, on(last), engine).rows == [0]
    for tick in (last - per_day, -last):
        answer = transform_wide_to_long(on(tick), SITE, hour_label="end", use_rust=engine)
        ticks = answer["timestamp"].cast(pa.int64()).to_pylist()
        assert ticks == [tick + hour * per_day // 24 for hour in range(1, 25)]


def test_dates_beyond_what_can_be_counted(engine):
    table = pa.Table.from_pandas(frame(), preserve_index=False).slice(0, 1)
    table = table.set_column(0, "day", pa.array([2**31 - 1], pa.int32()).cast(pa.date32()))
    error = caught(errors.ColumnTypeError, table, engine)
    assert str(error).startswith('column "day" of the frame holds dates beyond what time stamps can count: ')


def test_a_long_text_is_cut(engine):
    assert f"(row 0: {'x' * 40}…)" in str(caught(errors.DayError, frame(day=["x" * 10_000, *DAYS[1:]]), engine))


# Plants


@pytest.mark.parametrize(
    "plants",
    [
        pd.Series(["a", None] * 4),
        pd.Series(["a", ""] * 4),
        pd.Series(["a", " \u3000"] * 4),
        pd.Series(["a", None] * 4, dtype="category"),
        pd.Series([108, None] * 4, dtype="Int64"),
        pd.Series([108.0, np.nan] * 4),
        pd.Series(["a", np.nan] * 4, dtype="object"),
    ],
    ids=lambda plants: f"{plants.dtype} {plants[1]!r}",
)
def test_rows_without_a_plant(plants, engine):
    error = caught(errors.StationError, frame(site=plants), engine)
    rows = "row 1: null, row 3: null, row 5: null, row 7: null"
    assert str(error) == (
        f'column "site" of the frame: station null in 4 rows ({rows}); every row needs the name of its station'
    )


def test_a_null_within_the_dictionary_of_plants(engine):
    plants = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0, 0, 0, 0, 0, 1], pa.int8()), pa.array(["a", None]))
    table = pa.Table.from_pandas(frame(), preserve_index=False).set_column(1, "site", plants)
    assert caught(errors.StationError, table, engine).rows == [1, 7]


def test_rows_without_a_unit_where_nothing_else_names_the_plant(engine):
    error = caught(errors.StationError, frame(unit=["1", None] * 4), engine, layout(plant=None, unit="unit"))
    assert (error.column, error.rows, error.count) == ("unit", [1, 3, 5, 7], 4)


def test_a_unit_does_not_stand_in_for_the_plant(engine):
    error = caught(errors.StationError, frame(site=[None, *"aaaaaaa"], unit="1"), engine, layout(unit="unit"))
    assert (error.column, error.rows) == ("site", [0])


@pytest.mark.parametrize("plant_name", ["", " ", "\u3000"])
def test_a_given_name_that_is_blank(plant_name, engine):
    error = caught(errors.OptionError, frame(), engine, plant_name=plant_name)
    assert str(error) == 'layout "site" has a blank plant_name; name the plant, or leave it out'


# The same plant and day


def test_the_same_plant_and_day_twice(engine):
    error = caught(errors.DuplicateKeyError, frame(day=[DAYS[row] for row in (0, 1, 2, 1, 4, 5, 1, 7)]), engine)
    shown = "a 2024-01-02 00:00:00"
    assert str(error) == (
        f'column "day" of the frame: station and time stamp more than once in 3 rows '
        f"(row 1: {shown}, row 3: {shown}, row 6: {shown}); keep one row per station and time stamp"
    )


@pytest.mark.parametrize(
    ("days", "shown"),
    [
        (["2024-01-05", "20240105"], "2024-01-05 00:00:00"),
        (["2024.01.05 00:00", " 2024/01/05T00:00:00"], "2024-01-05 00:00:00"),
        (pd.DatetimeIndex(["2024-01-05"] * 2), "2024-01-05 00:00:00"),
        (pd.DatetimeIndex(["2024-01-05"] * 2, tz="Asia/Seoul"), "2024-01-05 00:00:00"),
        (["0001-01-01"] * 2, "0001-01-01 00:00:00"),
        (["9999-12-31"] * 2, "9999-12-31 00:00:00"),
        ([20240105] * 2, "2024-01-05 00:00:00"),
    ],
    ids=["two forms", "with midnight", "ns", "zone", "year 1", "year 9999", "integers"],
)
def test_the_same_day_in_other_forms(days, shown, engine):
    error = caught(errors.DuplicateKeyError, frame().iloc[:2].assign(day=days), engine)
    assert (error.rows, error.values, error.count) == ([0, 1], [f"a {shown}"] * 2, 2)


def test_identical_rows_are_not_collapsed(engine):
    assert caught(errors.DuplicateKeyError, pd.concat([frame()] * 2), engine).count == 16


@pytest.mark.parametrize(
    ("plants", "units"),
    [
        (["a b", "a"], [None, "b"]),
        (["a", " a "], ["1", "1\u00a0"]),
        (["a 1", "a"], ["", "1"]),
    ],
)
def test_the_same_name_cut_in_two_ways(plants, units, engine):
    df = frame().iloc[:2].assign(day=DAYS[0], site=plants, unit=units)
    error = caught(errors.DuplicateKeyError, df, engine, layout(unit="unit"))
    assert error.rows == [0, 1]
    assert error.values[0] == error.values[1]


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]])
def test_duplicates_are_found_in_any_order(order, engine):
    df = frame().iloc[:4].assign(day=[DAYS[3], DAYS[0], DAYS[3], DAYS[1]], site=["b", "a", "b", "a"]).iloc[order]
    expected = sorted(order.index(row) for row in (0, 2))
    assert caught(errors.DuplicateKeyError, df, engine).rows == expected


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
        ["0", "9" + ",999" * 150, None, "3", "4", "5", "-1" + ",000" * 150, "7"],
        pd.Series(["0", np.inf, None, "3", "4", 5, -np.inf, 7], dtype="object"),
    ],
    ids=["float64", "float32", "float16", "Float64", "text", "long text", "grouped", "mixed"],
)
@pytest.mark.parametrize("name", ["h03", "total"])
def test_infinite_values(name, values, engine):
    error = caught(errors.InfiniteValueError, frame(**{name: values}), engine, layout(daily_total="total"))
    assert str(error) == (
        f'column "{name}" of the frame: infinite value in 2 rows (row 1: inf, row 6: -inf); '
        "replace it by a missing value or correct it"
    )


@pytest.mark.parametrize("value", [1.4e300, -1.5e308, 1.7976931348623157e308, 2e300])
@pytest.mark.parametrize("name", ["h03", "total"])
def test_values_that_are_too_large(name, value, engine):
    error = caught(errors.InfiniteValueError, frame(**{name: [value, *[1.0] * 7]}), engine, layout(daily_total="total"))
    assert error.values == [str(value)]


def test_the_first_hour_at_fault_is_named(engine):
    df = frame(h20=[np.inf, *[1.0] * 7], h05=[*[1.0] * 7, np.inf], h06=np.inf)
    error = caught(errors.InfiniteValueError, df, engine)
    assert (error.column, error.rows, error.count) == ("h05", [7], 1)


def test_infinity_in_a_column_that_is_only_kept_is_let_be(engine):
    answer = transform_wide_to_long(frame(x=np.inf), layout(keep=["x"]), use_rust=engine)
    assert answer["x"].tolist() == [np.inf] * 192


# Units of energy


def test_units_of_energy_that_are_unknown(engine):
    units = ["kWh", "kwh", None, "", " MWh ", "GWh", "Wh", "W h"]
    error = caught(errors.EnergyUnitError, frame(eu=units), engine, layout(energy_unit=None, energy_unit_column="eu"))
    assert str(error) == (
        'column "eu" of the frame: unit of energy unknown in 5 rows (row 1: kwh, row 2: null, row 3: , row 5: GWh, '
        "row 7: W h); write Wh, kWh or MWh"
    )


@pytest.mark.parametrize("units", [pa.nulls(8), pa.array([1] * 8), pa.array([1.5] * 8)], ids=lambda v: str(v.type))
def test_units_of_energy_that_are_no_text(units, engine):
    table = pa.Table.from_pandas(frame(), preserve_index=False).append_column("eu", units)
    error = caught(errors.EnergyUnitError, table, engine, layout(energy_unit=None, energy_unit_column="eu"))
    assert error.count == 8


# Positions, order, messages

FAULTS = {
    "day": {"day": [*DAYS[:6], "nope", DAYS[7]]},
    "plant": {"site": ["a"] * 5 + [""] + ["a"] * 2},
    "duplicate": {"day": [*DAYS[:4], DAYS[3], *DAYS[5:]]},
    "infinite in an hour": {"h24": [1.0] * 3 + [np.inf] + [1.0] * 4},
    "unit of energy": {"eu": ["kWh"] * 2 + ["nope"] + ["kWh"] * 5},
    "infinite in a total": {"total": [24.0, np.inf] + [24.0] * 6},
}
CLASSES = [
    errors.DayError,
    errors.StationError,
    errors.DuplicateKeyError,
    errors.InfiniteValueError,
    errors.EnergyUnitError,
    errors.InfiniteValueError,
]
WITH_ALL = layout(energy_unit=None, energy_unit_column="eu", daily_total="total")


@pytest.mark.parametrize("first", range(len(FAULTS)), ids=list(FAULTS))
@pytest.mark.parametrize("kind", ["pandas", "polars", "table"])
def test_of_several_faults_the_first_is_told(kind, first, engine):
    """Day, plant, key, hours, unit of energy, total."""
    columns = {"eu": ["kWh"] * 8, "total": [24.0] * 8}
    for fault in list(FAULTS.values())[first:]:
        columns |= {name: values for name, values in fault.items() if name not in columns or name in {"eu", "total"}}
    df = frame(**columns)
    df = {"pandas": df, "polars": pl.DataFrame(df), "table": pa.Table.from_pandas(df, preserve_index=False)}[kind]
    error = caught(CLASSES[first], df, engine, WITH_ALL)
    (name,) = list(FAULTS.values())[first]
    assert error.column == name


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", ["pandas", "polars", "table", "chunks", "slice"])
def test_positions_count_in_the_whole_frame(kind, fault, engine):
    """Also where rows without content are left out before and between."""
    df = frame(**({"eu": "kWh", "total": 24.0} | FAULTS[fault])).astype(object)
    for name in [*HOURS, "total"]:
        df[name] = df[name].astype(float)
    blank = pd.DataFrame([dict.fromkeys(df.columns, np.nan)]).astype(df.dtypes)
    spread = pd.concat([part for row in range(8) for part in (blank, df.iloc[[row]])], ignore_index=True)
    with pytest.raises(errors.RowError) as info:
        transform_wide_to_long(df, WITH_ALL, use_rust=engine)
    rows = [2 * row + 1 for row in info.value.rows]
    table = pa.Table.from_pandas(spread, preserve_index=False)
    frames = {
        "pandas": spread,
        "polars": pl.DataFrame(spread),
        "table": table,
        "chunks": pa.concat_tables([table.slice(0, 3), table.slice(3, 0), table.slice(3, 4), table.slice(7)]),
        "slice": pa.concat_tables([table, table]).combine_chunks().slice(16),
    }
    error = caught(type(info.value), frames[kind], engine, WITH_ALL)
    assert (error.rows, error.values, error.count) == (rows, info.value.values, info.value.count)


def test_faults_in_rows_without_content_are_none(engine):
    """A row is empty also where its neighbours are at fault."""
    df = frame(day=[*DAYS[:7], None], site=[*"aaaaaaa", None])
    df.loc[7, HOURS] = np.nan
    answer, report = transform_wide_to_long(df, SITE, report=True, use_rust=engine)
    assert (len(answer), report.rows_skipped) == (168, [7])


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.needs_rust
def test_both_engines_say_the_same(fault):
    df = frame(**({"eu": "kWh", "total": 24.0} | FAULTS[fault]))
    messages = set()
    for engine in (False, True):
        with pytest.raises(errors.RowError) as info:
            transform_wide_to_long(df, WITH_ALL, use_rust=engine)
        messages.add((type(info.value), str(info.value), str(info.value.args)))
    assert len(messages) == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_errors_go_through_pickle(fault, engine):
    with pytest.raises(errors.RowError) as info:
        transform_wide_to_long(frame(**({"eu": "kWh", "total": 24.0} | FAULTS[fault])), WITH_ALL, use_rust=engine)
    again = pickle.loads(pickle.dumps(info.value))
    assert (type(again), str(again), again.rows) == (type(info.value), str(info.value), info.value.rows)


def test_the_first_five_rows_are_named_and_all_are_counted(engine):
    error = caught(errors.DayError, frame(day=[f"bad {row}" for row in range(8)]), engine)
    assert "in 8 rows (row 0: bad 0, row 1: bad 1, row 2: bad 2, row 3: bad 3, row 4: bad 4, …); " in str(error)


@pytest.mark.slow
def test_positions_in_a_table_that_is_worth_threads(engine):
    rows = 4_000
    days = (np.datetime64("2010-01-01") + np.arange(rows)).astype("datetime64[s]")
    df = pd.DataFrame({"day": days, "site": "a"} | dict.fromkeys(HOURS, 1.0))
    df["h24"] = np.where(np.isin(np.arange(rows), [129, 2_000, 3_999]), np.inf, 1.0)
    df["h02"] = np.where(np.isin(np.arange(rows), [2_500]), "1e999", "1")
    error = caught(errors.InfiniteValueError, df, engine)
    assert (error.column, error.rows, error.count) == ("h02", [2_500], 1)
    error = caught(errors.InfiniteValueError, df.assign(h02=1.0), engine)
    assert (error.column, error.rows, error.count) == ("h24", [129, 2_000, 3_999], 3)
