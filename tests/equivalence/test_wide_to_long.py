"""`transform_wide_to_long`: both engines against the snapshots, in every kind of frame and type of column."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from energy_data_layer import WideLayout, transform_wide_to_long
from energy_data_layer.datasets.layout import heading_text
from energy_data_layer.engine.equality import assert_equal_answers
from energy_data_layer.errors import DayError, InfiniteValueError, LayoutError

from .frame_kinds import KINDS, as_kind, as_table, copied
from .snapshot_cases import SITE, SNAPSHOTS, WIDE_CASES, read_fixture, read_snapshot

HOURS = [f"h{hour:02d}" for hour in range(1, 25)]
ONE_TO_24 = [float(hour) for hour in range(1, 25)]
KEPT_NAMES = ["timestamp", "plant_name", "generation"]


def wide(rows: int = 2, **columns) -> pa.Table:
    """Return some days of a site whose hours hold their own numbers, with further columns or others."""
    days = [f"2024-01-{row + 1:02d}" for row in range(rows)]
    table = {"day": pa.array(days), "site": pa.array(["a"] * rows)}
    table |= {name: pa.array([float(hour)] * rows) for hour, name in enumerate(HOURS, 1)}
    return pa.table(table | columns)


def long(frame, engine, layout=SITE, **options):
    measured = {"coerced": "missing", "missing_values": []}
    return transform_wide_to_long(frame, layout, use_rust=engine, **(measured | options))


def listed(frame, name: str) -> list:
    """Return a column of any kind of frame as Python values."""
    return as_table(frame)[name].to_pylist()


# Snapshots


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", WIDE_CASES, ids=lambda case: case.name)
def test_snapshot(case, kind, engine):
    snapshot, said = read_snapshot(case.name)
    expected = as_kind(snapshot, kind)
    if kind == "pandas":
        # Integers that have a missing value are floats there, and stay so when that row is left out.
        given = as_kind(read_fixture(case.fixture), kind).rename(columns=heading_text).dtypes
        expected = expected.astype({name: given[name] for name in expected.columns[3:]})
    answer, report = case.answer(kind, use_rust=engine)
    assert_equal_answers(expected, answer)
    assert report == said


def test_every_snapshot_has_a_case():
    kept = {path.stem for path in SNAPSHOTS.glob("wide_to_long-*.arrow")}
    assert kept == {case.name for case in WIDE_CASES}
    assert len(kept) == len(WIDE_CASES)


# The frame


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fixture", ["wide_ewp_sites_file", "wide_koen_file", "wide_koen_wind_api"])
def test_the_input_is_not_modified(fixture, kind, engine):
    frame = as_kind(read_fixture(fixture), kind)
    before = copied(frame)
    answer = long(frame, engine, None)
    assert_equal_answers(before, frame)
    if kind == "pandas":
        answer.loc[:, "generation"] = -1.0
        answer.iloc[0, 0] = pd.Timestamp("1999-01-01")
        answer.iloc[:, 1] = "changed"
        assert_equal_answers(before, frame)


def test_an_hour_is_stored_by_its_start_or_its_end(engine):
    start, end = (long(wide(1), engine, hour_label=label)["timestamp"].to_pylist() for label in ("start", "end"))
    assert start == [datetime(2024, 1, 1, hour) for hour in range(24)]
    assert end == [*start[1:], datetime(2024, 1, 2)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_columns_of_the_answer(kind, engine):
    frame = as_kind(wide(2, remark=pa.array(["x", "y"]), more=pa.array([1, 2])), kind)
    answer = long(frame, engine, replace(SITE, keep=["more", "absent", "remark"]))
    assert list(as_table(answer).schema.names) == [*KEPT_NAMES, "more", "remark"]
    assert listed(answer, "generation") == ONE_TO_24 * 2
    assert listed(answer, "more") == [1] * 24 + [2] * 24
    assert listed(answer, "remark") == ["x"] * 24 + ["y"] * 24
    assert listed(answer, "plant_name") == ["a"] * 48


@pytest.mark.parametrize(
    "index",
    [
        pd.Index([7, 7, -1]),
        pd.date_range("2024", periods=3, tz="Asia/Seoul"),
        pd.MultiIndex.from_tuples([("a", 1), ("b", 2), ("c", 3)]),
        pd.Index(["x", "y", "z"], name="day"),
        pd.RangeIndex(10, 40, 10),
    ],
    ids=["repeated", "dates", "levels", "of a column's name", "range"],
)
def test_the_index_of_pandas_is_new_and_has_no_effect(index, engine):
    frame = wide(3, kept=pa.array([1, 2, 3])).to_pandas()
    layout = replace(SITE, keep=["kept"])
    answer = long(frame.set_axis(index), engine, layout)
    pd.testing.assert_index_equal(answer.index, pd.RangeIndex(72), exact=True)
    assert_equal_answers(long(frame, engine, layout), answer)


def test_pandas_columns_of_one_name_that_are_not_read_do_not_matter(engine):
    frame = pd.concat([wide().to_pandas(), pd.DataFrame({"x": [1, 2], "y": [3, 4]})], axis=1)
    frame.columns = [*frame.columns[:-2], "x", "x"]
    assert_equal_answers(long(wide().to_pandas(), engine), long(frame, engine))


def test_arrow_columns_of_one_name_that_are_not_read_do_not_matter(engine):
    table = wide(2, x=pa.array([1, 2]), y=pa.array([1, 2]))
    names = [*table.schema.names[:-2], "x", "x"]
    assert_equal_answers(long(wide(), engine), long(table.rename_columns(names), engine))


def test_names_of_pandas_columns_need_not_be_text(engine):
    frame = wide().to_pandas().set_axis(["day", "site", *range(1, 25)], axis=1)
    assert_equal_answers(long(wide().to_pandas(), engine), long(frame, engine, replace(SITE, hours="{}")))


def test_pandas_columns_of_two_levels_are_an_error_of_the_layout(engine):
    frame = wide().to_pandas()
    frame.columns = pd.MultiIndex.from_product([["top"], frame.columns])
    with pytest.raises(LayoutError, match="needs columns that are not in the frame"):
        long(frame, engine)


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_may_have_two_roles(kind, engine):
    """The plant, the day, the unit of energy and the total may be kept as well."""
    table = wide(2, total=pa.array([300.0, None]), eu=pa.array(["kWh", "kWh"]))
    layout = replace(
        SITE, energy_unit=None, energy_unit_column="eu", daily_total="total", keep=["site", "day", "total", "eu"]
    )
    answer = long(as_kind(table, kind), engine, layout)
    assert list(as_table(answer).schema.names) == [*KEPT_NAMES, "site", "day", "total", "eu"]
    assert listed(answer, "day") == ["2024-01-01"] * 24 + ["2024-01-02"] * 24
    assert listed(answer, "site") == ["a"] * 48


@pytest.mark.parametrize("kind", KINDS)
def test_columns_of_the_input_may_have_the_names_of_the_answer(kind, engine):
    names = {"day": "timestamp", "site": "plant_name", "h01": "generation"}
    table = wide()
    table = table.rename_columns([names.get(name, name) for name in table.schema.names])
    layout = WideLayout(
        "odd", date="timestamp", plant="plant_name", hours=["generation", *HOURS[1:]], energy_unit="kWh"
    )
    assert_equal_answers(long(as_kind(wide(), kind), engine), long(as_kind(table, kind), engine, layout))


def test_metadata_of_kept_fields_stay(engine):
    table = wide(1, kept=pa.array([5], pa.int16()))
    field = pa.field("kept", pa.int16(), nullable=False, metadata={"unit": "MW"})
    table = table.cast(table.schema.set(table.schema.get_field_index("kept"), field))
    answer = long(table, engine, replace(SITE, keep=["kept"]))
    assert answer.schema.field("kept").equals(field, check_metadata=True)


# Empty and blank


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_frame_gives_the_right_types(kind, engine):
    table = wide(1, kept=pa.array([1], pa.int16()), word=pa.array(["x"]).dictionary_encode())
    layout = replace(SITE, keep=["kept", "word"])
    full = long(as_kind(table, kind), engine, layout)
    empty = full.iloc[:0] if kind == "pandas" else full[:0]
    answer, report = long(as_kind(table.slice(0, 0), kind), engine, layout, report=True)
    if kind == "pandas":
        answer["word"] = answer["word"].astype(empty["word"].dtype)
    assert_equal_answers(empty, answer)
    assert (report.rows, report.rows_skipped, report.missing) == (0, [], 0)


def test_an_empty_pandas_frame_without_types(engine):
    answer = long(pd.DataFrame(columns=["day", "site", *HOURS]), engine)
    assert list(answer.columns) == KEPT_NAMES
    assert answer["generation"].dtype == "float64"
    assert answer["timestamp"].dtype == "datetime64[us]"


@pytest.mark.parametrize("name", ["day", "site", "h01"])
def test_an_empty_pandas_column_of_categories(name, engine):
    """Without a value its categories are of no type."""
    empty = wide(1).to_pandas().iloc[:0]
    frame = empty.assign(**{name: pd.Series([], dtype="category")})
    assert_equal_answers(long(empty, engine), long(frame, engine))


def test_a_table_without_chunks(engine):
    schema = wide(1).schema
    answer = long(pa.Table.from_batches([], schema), engine)
    assert_equal_answers(long(wide(1).slice(0, 0), engine), answer)


@pytest.mark.parametrize("kind", KINDS)
def test_only_rows_without_any_content_are_left_out(kind, engine):
    """Content in a column of the layout counts, also in one that is only kept; other columns do not."""
    nothing = {name: pa.array([None] * 6, pa.string()) for name in HOURS}
    columns = {
        "day": pa.array(["2024-01-01", None, "2024-01-03", " ", "2024-01-05", ""]),
        "site": pa.array(["a", "", "a", "\u3000", "a", None]),
        "kept": pa.array([None, None, None, None, 5.0, float("nan")]),
        "remark": pa.array(["x"] * 6),
    }
    frame = as_kind(pa.table(columns | nothing), kind)
    answer, report = long(frame, engine, replace(SITE, keep=["kept"]), report=True)
    assert report.rows_skipped == [1, 3, 5]
    assert (report.rows, report.coerced, report.missing) == (6, 0, 72)
    days = [stamp.day for stamp in listed(answer, "timestamp")]
    assert days == [1] * 24 + [3] * 24 + [5] * 24


@pytest.mark.parametrize(
    ("kept", "blank"),
    [
        (pa.array(["x", " "]), True),
        (pa.array(["x", " "], pa.string_view()), True),
        (pa.array(["x", " "]).dictionary_encode(), True),
        (pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int8()), pa.array(["x", None])), True),
        (pa.array([1.0, float("nan")]), True),
        (pa.array([1.0, float("nan")], pa.float32()), True),
        (pa.array([1.0, float("nan")], pa.float16()), True),
        (pa.array([1.0, float("nan")]).dictionary_encode(), True),
        (pa.array([True, None]), True),
        (pa.array([datetime(2024, 1, 1), None]), True),
        (pa.nulls(2), True),
        (pa.array([[1], None]), True),
        (pa.array([1, 0]), False),
        (pa.array(["x", "-"]), False),
        (pa.array([True, False]), False),
        (pa.array([b"x", b" "]), False),
        (pa.array([[1], []]), False),
        (pa.array([1, -(2**63)]), False),
    ],
    ids=lambda value: "" if isinstance(value, bool) else str(value.type)[:40],
)
def test_kept_cells_without_content(kept, blank, engine):
    cells = {name: pa.array([1.0, None]) for name in HOURS}
    table = pa.table({"day": ["2024-01-01", None], "site": ["a", None], "kept": kept} | cells)
    layout = replace(SITE, keep=["kept"])
    if not blank:
        with pytest.raises(DayError):
            long(table, engine, layout)
        return
    answer, report = long(table, engine, layout, report=True)
    assert (answer.num_rows, report.rows_skipped) == (24, [1])


@pytest.mark.parametrize("kind", KINDS)
def test_a_frame_of_blank_rows_alone(kind, engine):
    table = pa.table({name: pa.array(["", None, " "]) for name in ("day", "site", *HOURS)})
    answer, report = long(as_kind(table, kind), engine, report=True)
    assert len(listed(answer, "generation")) == 0
    assert report.rows_skipped == [0, 1, 2]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("missing", [None, float("nan")])
def test_null_and_nan_are_missing_alike(missing, kind, engine):
    answer = long(as_kind(wide(2, h07=pa.array([missing, 1.0], pa.float64())), kind), engine)
    values = listed(answer, "generation")
    assert values[6] is None or (kind == "pandas" and np.isnan(values[6]))
    assert as_table(answer)["generation"].null_count == (0 if kind == "pandas" else 1)
    assert values[30] == 1.0


# Memory layouts


CHUNKED = {
    "one row per chunk": lambda table: pa.concat_tables([table.slice(row, 1) for row in range(table.num_rows)]),
    "empty chunks": lambda table: pa.concat_tables([table.slice(0, 0), table.slice(0, 1), table.slice(1), table[:0]]),
    "sliced": lambda table: pa.concat_tables([table] * 3).combine_chunks().slice(table.num_rows, table.num_rows),
    "chunks of other lengths in each column": lambda table: pa.table(
        {
            name: pa.chunked_array(
                [table[name].slice(start, 1 + place % 3).combine_chunks()
                 for start in range(0, table.num_rows, 1 + place % 3)]
            )
            for place, name in enumerate(table.schema.names)
        }
    ),
}  # fmt: skip


@pytest.mark.parametrize("layout", CHUNKED)
@pytest.mark.parametrize(
    "case", [case for case in WIDE_CASES if case.fixture != "wide_empty"], ids=lambda case: case.name
)
def test_chunks_and_slices_do_not_matter(case, layout, engine):
    snapshot, _ = read_snapshot(case.name)
    table = CHUNKED[layout](read_fixture(case.fixture))
    assert_equal_answers(snapshot, long(table, engine, case.layout, **case.options))


def test_a_sliced_batch(engine):
    batch = as_kind(wide(5, remark=pa.array(list("vwxyz"))), "batch")
    layout = replace(SITE, keep=["remark"])
    assert_equal_answers(long(batch, engine, layout).slice(24, 48), long(batch.slice(1, 2), engine, layout))


TEXT_TYPES = {
    "string": lambda texts: pa.array(texts, pa.string()),
    "large_string": lambda texts: pa.array(texts, pa.large_string()),
    "string_view": lambda texts: pa.array(texts, pa.string_view()),
    "dictionary": lambda texts: pa.array(texts).dictionary_encode(),
    "dictionary of int8 to large_string": lambda texts: pa.array(texts).dictionary_encode().cast(
        pa.dictionary(pa.int8(), pa.large_string())
    ),
    "null in the dictionary": lambda texts: pa.DictionaryArray.from_arrays(
        pa.array(range(len(texts)), pa.int16()), pa.array(texts, pa.string())
    ),
}  # fmt: skip


@pytest.mark.parametrize("texts", TEXT_TYPES)
def test_all_texts_in_all_types_of_text(texts, engine):
    """Day, plant, unit, unit of energy, hours, total: in every type that Arrow has for text."""
    make = TEXT_TYPES[texts]
    cells = {name: make([f" {hour}", "1,000 ", None if hour % 2 else "-"]) for hour, name in enumerate(HOURS, 1)}
    table = pa.table(
        {
            "day": make(["2024-01-01", "20240102", " 2024-01-03"]),
            "site": make(["a site of more than twelve bytes", " b", "b "]),
            "unit": make(["1", None, "2 "]),
            "eu": make(["kWh", " Wh", "MWh"]),
            "total": make(["300", "24,000", None]),
        }
        | cells
    )
    layout = replace(SITE, unit="unit", energy_unit=None, energy_unit_column="eu", daily_total="total", keep=["unit"])
    answer, report = long(table, engine, layout, report=True)
    names = ["a site of more than twelve bytes 1", "b", "b 2"]
    assert answer["plant_name"].to_pylist() == [name for name in names for _ in range(24)]
    assert answer["generation"].to_pylist() == ONE_TO_24 + [1.0] * 24 + [None] * 24
    assert answer["unit"].type == table["unit"].type
    assert answer["unit"].to_pylist() == ["1"] * 24 + [None] * 24 + ["2 "] * 24
    assert (report.coerced, report.missing, report.totals_checked, report.total_mismatches) == (12, 24, 2, [])


def test_pandas_cells_of_type_object(engine):
    """What `read_csv` and `read_excel` leave: numbers, texts and nothing in one column."""
    cells = pd.Series([1, "2", " 3,000 ", None, np.nan, "-", 1.5, Decimal("2.25"), np.int64(7), pd.NA], dtype=object)
    frame = wide(10).to_pandas().assign(h05=cells)
    answer, report = long(frame, engine, report=True)
    expected = [1, 2, 3000, np.nan, np.nan, np.nan, 1.5, 2.25, 7, np.nan]
    assert answer["generation"].iloc[4::24].tolist() == pytest.approx(expected, nan_ok=True)
    assert report.coerced == 1


@pytest.mark.parametrize(
    "dtype", ["Int64", "Float64", "int64[pyarrow]", "string", "string[pyarrow]", "category", "object"]
)
def test_types_of_pandas_hours(dtype, engine):
    cells = (
        pd.Series(["1", "2", None]) if dtype not in {"Int64", "Float64", "int64[pyarrow]"} else pd.Series([1, 2, None])
    )
    answer = long(wide(3).to_pandas().assign(h05=cells.astype(dtype)), engine)
    assert answer["generation"].iloc[4::24].tolist() == pytest.approx([1, 2, np.nan], nan_ok=True)


NUMBER_TYPES = [
    pa.int8(), pa.uint8(), pa.int16(), pa.uint16(), pa.int32(), pa.uint32(), pa.int64(), pa.uint64(),
    pa.float16(), pa.float32(), pa.float64(), pa.decimal128(12, 3), pa.decimal256(40, 3),
    pa.dictionary(pa.int8(), pa.int64()), pa.dictionary(pa.int32(), pa.float64()),
]  # fmt: skip


@pytest.mark.parametrize("type_", NUMBER_TYPES, ids=str)
def test_types_of_numbers(type_, engine):
    values = [Decimal(3), None, Decimal(100)] if pa.types.is_decimal(type_) else [3, None, 100]
    column = (
        pa.array(values, type_.value_type).dictionary_encode()
        if pa.types.is_dictionary(type_)
        else pa.array(values, type_)
    )
    table = wide(3, **dict.fromkeys(HOURS, column), total=column)
    answer, report = long(table, engine, replace(SITE, daily_total="total"), report=True)
    assert answer["generation"].to_pylist() == [3.0] * 24 + [None] * 24 + [100.0] * 24
    assert report.totals_checked == 2
    assert [(found.row, found.hours, found.total) for found in report.total_mismatches] == [(0, 72, 3), (2, 2400, 100)]


def test_integers_beyond_what_a_double_holds(engine):
    answer = long(wide(2, h01=pa.array([2**64 - 1, 2**53 + 1], pa.uint64())), engine)
    assert answer["generation"].to_pylist()[::24] == [float(2**64 - 1), float(2**53)]


# Numbers in text


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("9" * 10_000, None),
        ("0." + "3" * 10_000, 1 / 3),
        ("0" * 10_000 + "7", 7.0),
        ("7." + "0" * 10_000, 7.0),
        ("1" + ",000" * 4, 1e12),
        ("1" + ",234" * 3 + ".5", 1234234234.5),
        ("0,001", 0.001),
        ("1e-400", 0.0),
        ("-1e-400", -0.0),
        ("2.2250738585072011e-308", 2.2250738585072011e-308),
        ("1.3393857490036326e300", 1.3393857490036326e300),
        ("9007199254740993", 9007199254740992.0),
        ("9007199254740993.0000000000000000000000001", 9007199254740994.0),
        ("12345678.1234567890", 12345678.123456789),
        ("1" + " " * 10_000, 1.0),
    ],
    ids=lambda value: str(value)[:20],
)
def test_texts_of_many_digits(text, number, engine):
    table = wide(1, h03=pa.array([text]))
    if number is None:
        with pytest.raises(InfiniteValueError, match=r"\(row 0: inf\)"):
            long(table, engine)
        return
    answer = long(table, engine)["generation"].to_pylist()[2]
    assert np.float64(answer).view("uint64") == np.float64(number).view("uint64")


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "-", "–", ".", ",", "*", "…", "점검", "n/a", "NaN", "inf", "-inf", ",123", "0,000,001",
        "1,234,", "1,,234", "1,234e3", "1,234.5,6", "1.5,000", "1 234", "1_000", "0x1F", "1e", "1e+", "--1", "+-1",
        "-1-", "(-1)", "٣", "1\n2", "1;2", "1\x00", "\x00", "TRUE", "1\x0b", "\x0c1", "\u200b1", "1\u2003",
    ],
    ids=repr,
)  # fmt: skip
def test_a_text_that_is_no_number_is_missing_and_counted(text, engine):
    table = wide(1, h03=pa.array([text]), total=pa.array([text]))
    answer, report = long(table, engine, replace(SITE, daily_total="total"), report=True)
    assert answer["generation"].to_pylist()[2] is None
    assert (report.coerced, report.missing, report.totals_checked) == (1, 1, 0)


# Days


DAY_TEXTS = ["2024-02-29", "2024/02/29", "2024.02.29", "20240229"]


@pytest.mark.parametrize("behind", ["", " 00:00", "T00:00", " 00:00:00", "T00:00:00", "\u3000", "\r\n"], ids=repr)
@pytest.mark.parametrize("day", DAY_TEXTS)
def test_forms_of_the_day(day, behind, engine):
    answer = long(wide(1, day=pa.array([f" {day}{behind}"])), engine)
    assert answer["timestamp"].type == pa.timestamp("us")
    assert answer["timestamp"].to_pylist()[::23] == [datetime(2024, 2, 29), datetime(2024, 2, 29, 23)]


def test_days_as_integers(engine):
    answer = long(wide(2, day=pa.array([20240228, 20240229], pa.int32())), engine, hour_label="end")
    assert answer["timestamp"].to_pylist()[23::24] == [datetime(2024, 2, 29), datetime(2024, 3, 1)]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "Asia/Seoul", "America/Sao_Paulo"])
@pytest.mark.parametrize("kind", KINDS)
def test_stamps_keep_their_resolution_and_lose_their_zone(kind, zone, unit, engine):
    days = pa.array(np.array(["2018-11-03", "2018-11-05", "1969-12-31"], dtype=f"datetime64[{unit}]"))
    if zone:
        days = pa.compute.assume_timezone(days, zone)
    answer = long(as_kind(wide(3, day=days), kind), engine, hour_label="end")
    kept = "ms" if (kind, unit) == ("polars", "s") else unit
    assert as_table(answer)["timestamp"].type == pa.timestamp(kept)
    last = [pd.Timestamp(stamp) for stamp in listed(answer, "timestamp")[23::24]]
    assert last == [pd.Timestamp(day) for day in ("2018-11-04", "2018-11-06", "1970-01-01")]


@pytest.mark.parametrize(
    "days",
    [
        pa.array([date(2024, 2, 29)], pa.date32()),
        pa.array([date(2024, 2, 29)], pa.date64()),
        pa.array([datetime(2024, 2, 29)], pa.timestamp("s")),
    ],
    ids=lambda days: str(days.type),
)
def test_dates_of_arrow(days, engine):
    answer = long(wide(1, day=days), engine)
    assert answer["timestamp"].type == pa.timestamp("s" if pa.types.is_timestamp(days.type) else "us")
    assert answer["timestamp"].to_pylist()[0] == datetime(2024, 2, 29)


@pytest.mark.parametrize(
    "days",
    [
        pd.Series([date(2024, 2, 29), date(2024, 3, 1)], dtype=object),
        pd.Series([datetime(2024, 2, 29), datetime(2024, 3, 1)], dtype=object),
        pd.Series(pd.to_datetime(["2024-02-29", "2024-03-01"])),
        pd.Series(["2024-02-29", "20240301"], dtype="category"),
        pd.Series(["2024-02-29", "20240301"], dtype="string"),
        pd.Series(["2024-02-29", 20240301], dtype=object),
        pd.Series([date(2024, 2, 29), date(2024, 3, 1)], dtype="date32[day][pyarrow]"),
        pd.Series(pd.to_datetime(["2024-02-29", "2024-03-01"])).astype("category"),
        pd.Series([date(2024, 2, 29), date(2024, 3, 1)], dtype="category"),
        pd.Series([20240229, 20240301], dtype="category"),
    ],
    ids=[
        "dates",
        "datetimes",
        "datetime64",
        "category",
        "string",
        "mixed",
        "pyarrow",
        "category of stamps",
        "category of dates",
        "category of integers",
    ],
)
def test_days_of_pandas(days, engine):
    answer = long(wide(2).to_pandas().assign(day=days), engine)
    assert answer["timestamp"].iloc[::24].tolist() == [pd.Timestamp("2024-02-29"), pd.Timestamp("2024-03-01")]


def test_a_day_without_a_midnight(engine):
    """The clocks of São Paulo went from 23:59:59 to 01:00 on the 4th of November 2018: its stamps say 01:00."""
    days = pd.to_datetime(["2018-11-04 03:00"]).tz_localize("UTC").tz_convert("America/Sao_Paulo")
    with pytest.raises(DayError, match=r"row 0: 2018-11-04 01:00:00"):
        long(wide(1).to_pandas().assign(day=days), engine)


@pytest.mark.parametrize(("year", "unit"), [(1, "s"), (9999, "s"), (1, "ms"), (9999, "us"), (1678, "ns"), (2261, "ns")])
def test_years_far_away(year, unit, engine):
    days = pa.array(np.array([f"{year:04}-12-30"], dtype=f"datetime64[{unit}]"))
    answer = long(wide(1, day=days), engine, hour_label="end")
    assert answer["timestamp"].to_pylist()[-1] == (
        datetime(year, 12, 31) if unit != "ns" else pd.Timestamp(f"{year}-12-31").as_unit("ns")
    )


# Plants


@pytest.mark.parametrize(
    "plants",
    [
        pl.Series(["가", "나", "가"], dtype=pl.Categorical),
        pl.Series(["가", "나", "가"], dtype=pl.Enum(["나", "가"])),
        pl.Series([" 가", "나\u3000", "가"]),
    ],
    ids=lambda plants: str(plants.dtype)[:12],
)
def test_types_of_polars_plants(plants, engine):
    frame = pl.DataFrame(wide(3)).with_columns(plants.alias("site"))
    answer = long(frame, engine, replace(SITE, keep=["site"]))
    assert answer["plant_name"].to_list()[::24] == ["가", "나", "가"]
    assert answer["site"].dtype == frame["site"].dtype
    assert answer["site"].to_list() == [name for name in frame["site"].to_list() for _ in range(24)]


@pytest.mark.parametrize("dtype", ["category", "string", "object", "str", "string[pyarrow]"])
def test_types_of_pandas_plants(dtype, engine):
    plants = pd.Series(["가", "나", "가"]).astype(dtype)
    answer = long(wide(3).to_pandas().assign(site=plants), engine, replace(SITE, keep=["site"]))
    assert answer["plant_name"].tolist()[::24] == ["가", "나", "가"]
    expected = plants.loc[[row for row in range(3) for _ in range(24)]].reset_index(drop=True)
    pd.testing.assert_series_equal(answer["site"], expected, check_names=False)


@pytest.mark.parametrize(
    ("units", "names"),
    [
        (pa.array([1, 2, None], pa.int8()), ["a 1", "a 2", "a"]),
        (pa.array([2**64 - 1, 0, None], pa.uint64()), [f"a {2**64 - 1}", "a 0", "a"]),
        (pa.array([1.0, 2.0, float("nan")]), ["a 1", "a 2", "a"]),
        (pa.array([1.0, -2.0, None]), ["a 1", "a -2", "a"]),
        (pa.array([1.0, 2.0, None], pa.float16()), ["a 1", "a 2", "a"]),
        (pa.array([0.1, 2.0, None], pa.float32()), ["a 0.1", "a 2", "a"]),
        (pa.array([2.0**62, 7.0, None]), [f"a {2**62}", "a 7", "a"]),
        (pa.array([1e300, 7.0, None]), ["a 1e+300", "a 7", "a"]),
        (pa.array([float("inf"), 7.0, None]), ["a inf", "a 7", "a"]),
        (pa.array([Decimal("1.50"), Decimal("2.00"), None]), ["a 1.50", "a 2.00", "a"]),
        (pa.array([1, 2, None]).dictionary_encode(), ["a 1", "a 2", "a"]),
        (pa.array(["1", " 2\u00a0", " "]), ["a 1", "a 2", "a"]),
        (pa.nulls(3), ["a", "a", "a"]),
        (pa.nulls(3, pa.float64()), ["a", "a", "a"]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_types_of_units(units, names, engine):
    answer = long(wide(3, unit=units), engine, replace(SITE, unit="unit"))
    assert answer["plant_name"].to_pylist()[::24] == names


def test_units_that_are_no_whole_numbers_name_alike_in_both_engines(engine):
    answer = long(wide(3, unit=pa.array([1.5, 2.0, -0.25])), engine, replace(SITE, unit="unit"))
    assert answer["plant_name"].to_pylist()[::24] == ["a 1.5", "a 2", "a -0.25"]


def test_the_given_name_stands_in_for_what_is_not_named(engine):
    table = wide(3, site=pa.array(["b", None, " "]))
    answer = long(table, engine, replace(SITE, plant_name="given"))
    assert answer["plant_name"].to_pylist()[::24] == ["b", "given", "given"]


def test_the_given_name_goes_before_the_unit(engine):
    table = wide(2, unit=pa.array(["1", None])).drop_columns("site")
    answer = long(table, engine, replace(SITE, plant=None, unit="unit"), plant_name=" given\u3000")
    assert answer["plant_name"].to_pylist()[::24] == ["given 1", "given"]


# Kept columns


KEPT_TYPES = [
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
    pa.array([7, 8, None]).dictionary_encode(),
    pa.array([Decimal("1.50"), None, Decimal("-2.25")], pa.decimal128(8, 2)),
    pa.array([date(2024, 1, 1), None, date(2024, 1, 2)]),
    pa.array([date(2024, 1, 1), None, date(2024, 1, 2)], pa.date64()),
    pa.array([1, 2, None], pa.duration("ms")),
    pa.array([1, 2, None], pa.time64("us")),
    pa.array([1, 2, None], pa.timestamp("ns", "Europe/Berlin")),
    pa.array([b"a", None, b""], pa.binary()),
    pa.array([b"a", None, b""], pa.large_binary()),
    pa.array([b"ab", None, b"cd"], pa.binary(2)),
    pa.array([[1], None, []], pa.list_(pa.int8())),
    pa.array([["a"], None, []], pa.large_list(pa.string())),
    pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int8(), 2)),
    pa.array([{"a": 1}, None, {"a": None}]),
    pa.nulls(3),
]
ONLY_ARROW_HAS = {pa.float16(), pa.binary(2), pa.date64(), pa.time64("us")}


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        pytest.param(kind, values, id=f"{kind}-{str(values.type)[:30]}")
        for kind in KINDS
        for values in KEPT_TYPES
        if kind not in {"pandas", "polars"} or values.type not in ONLY_ARROW_HAS
    ],
)
def test_kept_columns_keep_their_types(kind, values, engine):
    frame = as_kind(wide(3, kept=values), kind)
    answer = long(frame, engine, replace(SITE, keep=["kept"]))
    rows = [row for row in range(3) for _ in range(24)]
    if kind == "pandas":
        assert answer["kept"].dtype == frame["kept"].dtype
        expected = frame["kept"].loc[rows].reset_index(drop=True)
        for got, given in zip(answer["kept"], expected, strict=True):
            assert (got is given) or np.all(got == given) or (pd.isna(got) and pd.isna(given))
    elif kind == "polars":
        assert answer["kept"].dtype == frame["kept"].dtype
        assert answer["kept"].equals(frame["kept"][rows], null_equal=True) or str(answer["kept"].to_list()) == str(
            frame["kept"][rows].to_list()
        )
    else:
        expected = pa.concat_arrays([values.slice(row, 1) for row in rows])
        assert_equal_answers(pa.table({"kept": expected}), pa.table(answer).select(["kept"]))


def test_kept_python_objects_stay_themselves(engine):
    cells = [Decimal("1.50"), "x", ("a", 1), None, 1, True, 1.0]
    frame = wide(7).to_pandas().assign(kept=pd.Series(cells, dtype=object))
    answer = long(frame, engine, replace(SITE, keep=["kept"]))["kept"]
    assert [repr(cell) for cell in answer[::24]][:3] == [repr(cell) for cell in cells[:3]]
    assert [type(cell) for cell in answer[96::24]] == [int, bool, float]
    assert pd.isna(answer[72])


# Energy


def test_watt_hours_are_divided_and_megawatt_hours_multiplied(engine):
    cells = [0.1, 1.0, 3.0, 7.7, 123456789.0, -5.0]
    for unit, expected in {
        "Wh": [value / 1000 for value in cells],
        "kWh": cells,
        "MWh": [value * 1000 for value in cells],
    }.items():
        answer = long(wide(6, h01=pa.array(cells)), engine, energy_unit=unit)
        assert answer["generation"].to_pylist()[::24] == expected


def test_each_row_is_in_its_own_unit(engine):
    table = wide(3, eu=pa.array([" Wh", "kWh ", "MWh"]), total=pa.array([300.0] * 3))
    layout = replace(SITE, energy_unit=None, energy_unit_column="eu", daily_total="total")
    answer, report = long(table, engine, layout, report=True)
    hours = ONE_TO_24
    assert answer["generation"].to_pylist() == [h / 1000 for h in hours] + hours + [h * 1000 for h in hours]
    assert (report.energy_unit, report.totals_checked, report.total_mismatches) == (None, 3, [])


def test_the_unit_that_is_passed_goes_before_the_column_of_units(engine):
    table = wide(1, eu=pa.array(["nonsense"]))
    layout = replace(SITE, energy_unit=None, energy_unit_column="eu")
    assert long(table, engine, layout, energy_unit="Wh")["generation"].to_pylist()[0] == 0.001


# Several threads


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pandas", "polars", "table"])
def test_a_table_that_is_worth_threads(kind, engine):
    """More than 65,536 values: text and numbers, empty rows in between."""
    rows = 4_000
    numbers = np.arange(rows, dtype=float)
    days = (np.datetime64("2010-01-01") + np.arange(rows)).astype("datetime64[ms]")
    texts = pa.array([None if row % 97 == 0 else f" {row:,} " for row in range(rows)])
    table = wide(rows, day=pa.array(days), h01=texts, h13=pa.array(numbers, mask=numbers % 89 == 0))
    blank = pa.table(
        {name: pa.nulls(3, type_) for name, type_ in zip(table.schema.names, table.schema.types, strict=True)}
    )
    table = pa.concat_tables([table[:1000], blank, table[1000:]]).combine_chunks()
    answer, report = long(as_kind(table, kind), engine, report=True)
    assert report.rows_skipped == [1000, 1001, 1002]
    values = as_table(answer)["generation"].to_numpy().reshape(rows, 24)
    row = np.arange(rows)
    assert np.array_equal(values[:, 0], np.where(row % 97 == 0, np.nan, row), equal_nan=True)
    assert np.array_equal(values[:, 12], np.where(row % 89 == 0, np.nan, row), equal_nan=True)
    assert np.array_equal(values[:, 5], np.full(rows, 6.0))
    assert report.missing == np.isnan(values).sum()
    assert listed(answer, "timestamp")[24 * 3999 + 5] == pd.Timestamp(days[3999]) + pd.Timedelta(hours=5)
