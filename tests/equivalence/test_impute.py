"""`impute_missing_values`: both engines against the snapshots, in every kind of frame and type of column."""

from __future__ import annotations

import re
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from energy_data_layer import impute_missing_values
from energy_data_layer.engine.equality import assert_equal_answers
from energy_data_layer.errors import InfiniteValueError

from .frame_kinds import KINDS, KINDS_AND_UNITS, as_kind, copied
from .snapshot_cases import IMPUTE_CASES, SNAPSHOTS, read_fixture, read_snapshot

HOURS = pd.date_range("2024-02-29 20:00", periods=8, freq="h", unit="s")
OBSERVED = [1.0, 4.0, None, 16.0, 25.0, 36.0, None, 64.0]
FILLED = [1.0, 4.0, 9.0, 16.0, 25.0, 36.0, 49.0, 64.0]


def squares(**columns) -> pd.DataFrame:
    """Return a series whose gaps the spline fills exactly, with some columns replaced."""
    return pd.DataFrame({"stnNm": "서울", "tm": HOURS, "ta": OBSERVED} | columns)


def filled(frame, engine, **options):
    return impute_missing_values(frame, ["ta"], use_rust=engine, **options)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", IMPUTE_CASES, ids=lambda case: case.name)
def test_snapshot(case, kind, engine):
    expected, expected_report = read_snapshot(case.name)
    answer, report = case.answer(kind, use_rust=engine)
    assert_equal_answers(as_kind(expected, kind), answer, case.observed())
    assert report == expected_report


def test_every_snapshot_has_a_case():
    kept = {path.stem for path in SNAPSHOTS.glob("impute-*.arrow")}
    assert kept == {case.name for case in IMPUTE_CASES}


# Kinds of frame


@pytest.mark.parametrize("kind", KINDS)
def test_the_input_is_not_modified(kind, engine):
    frame = as_kind(read_fixture("all_missing_station"), kind)
    history = as_kind(read_fixture("history"), kind)
    before, history_before = copied(frame), copied(history)
    impute_missing_values(frame, history=history, provenance=True, use_rust=engine)
    assert_equal_answers(before, frame)
    assert_equal_answers(history_before, history)


@pytest.mark.parametrize("hm", [OBSERVED, [np.nan] * 8, FILLED], ids=["gaps", "all missing", "no gaps"])
def test_a_pandas_result_can_be_written_and_the_input_stays(hm, engine):
    frame = squares(hm=hm)
    before = copied(frame)
    answer = impute_missing_values(frame, use_rust=engine)
    answer.loc[:, ["ta", "hm"]] = -99.0
    answer.loc[:, "stnNm"] = "elsewhere"
    answer.iloc[0, 3] = -98.0
    assert answer["hm"].tolist() == [-98.0, *[-99.0] * 7]
    assert_equal_answers(before, frame)


@pytest.mark.parametrize(
    "index",
    [
        pd.Index([f"row {row}" for row in range(8)], name="순서"),
        pd.MultiIndex.from_product([["a", "b"], range(4)], names=["letter", None]),
        pd.Index([7] * 8),
        HOURS,
        pd.RangeIndex(10, 26, 2),
    ],
    ids=["text", "MultiIndex", "not unique", "stamps", "range"],
)
def test_the_index_of_pandas_stays(index, engine):
    frame = squares().set_axis(index)
    answer = filled(frame, engine, provenance=True)
    pd.testing.assert_index_equal(answer.index, index, exact=True)
    assert answer["ta"].tolist() == pytest.approx(FILLED)


@pytest.mark.parametrize("kind", KINDS)
def test_other_columns_and_their_order_stay(kind, engine):
    table = pa.table(
        {
            "remark": pa.array([None, "비고", *"abcdef"]).dictionary_encode(),
            "ta": OBSERVED,
            "flag": [True, None] * 4,
            "stnNm": ["서울"] * 8,
            "count": pa.array([2**62 + 1] * 8),
            "tm": pa.array(HOURS),
            "rn": pa.array([None, -0.0, float("nan"), 5e-324] * 2),
        }
    )
    frame = as_kind(table, kind)
    answer = filled(frame, engine)
    assert_equal_answers(as_kind(table.set_column(1, "ta", pa.array(FILLED)), kind), answer)


@pytest.mark.parametrize("kind", KINDS)
def test_provenance_stands_behind_its_column(kind, engine):
    table = pa.table({"ta": OBSERVED, "stnNm": ["a"] * 8, "hm": OBSERVED, "tm": pa.array(HOURS)})
    answer = impute_missing_values(as_kind(table, kind), ["hm", "ta"], provenance=True, use_rust=engine)
    names = list(answer.columns) if kind in {"pandas", "polars"} else answer.schema.names
    assert names == ["ta", "ta_provenance", "stnNm", "hm", "hm_provenance", "tm"]


def test_pandas_columns_of_one_name_that_are_not_read_stay(engine):
    frame = squares(x=1, y=2).set_axis(["stnNm", "tm", "ta", "x", "x"], axis=1)
    answer = filled(frame, engine, provenance=True)
    assert list(answer.columns) == ["stnNm", "tm", "ta", "ta_provenance", "x", "x"]
    assert answer.iloc[0, 4:].tolist() == [1, 2]


def test_arrow_columns_of_one_name_that_are_not_read_stay(engine):
    table = pa.Table.from_pandas(squares(x=1, y=2)).rename_columns(["stnNm", "tm", "ta", "x", "x"])
    answer = filled(table, engine, provenance=True)
    assert answer.schema.names == ["stnNm", "tm", "ta", "ta_provenance", "x", "x"]
    assert [answer.column(position)[0].as_py() for position in (4, 5)] == [1, 2]


def test_names_of_pandas_columns_need_not_be_text(engine):
    frame = squares().set_axis([0, 1, 2], axis=1)
    answer = impute_missing_values(frame, [2], 1, 0, use_rust=engine)
    assert answer[2].tolist() == pytest.approx(FILLED)


def test_the_metadata_of_a_table_stay(engine):
    schema = pa.schema(
        [
            pa.field("stnNm", pa.string(), metadata={"unit": "none"}),
            ("tm", pa.timestamp("s")),
            ("ta", pa.float64()),
        ],
        metadata={"source": "test"},
    )
    answer = filled(pa.table(squares().to_dict("list"), schema=schema), engine)
    assert answer.schema.equals(schema, check_metadata=True)


def test_a_name_of_one_column_may_stand_alone(engine):
    assert impute_missing_values(squares(), "ta", use_rust=engine)["ta"].tolist() == pytest.approx(FILLED)


@pytest.mark.parametrize("kind", KINDS)
def test_without_columns_nothing_changes(kind, engine):
    frame = as_kind(pa.Table.from_pandas(squares()), kind)
    answer, report = impute_missing_values(frame, (), provenance=True, report=True, use_rust=engine)
    assert_equal_answers(frame, answer)
    assert (report.rows, report.stations, report.columns) == (8, 1, {})


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_frame_gives_the_right_types(kind, engine):
    table = pa.table({"stnNm": pa.array([], pa.string()), "tm": pa.array([], pa.timestamp("ms")),
                      "ta": pa.array([], pa.string())})  # fmt: skip
    answer = filled(as_kind(table, kind), engine, provenance=True)
    expected = table.set_column(2, "ta", pa.array([], pa.float64())).append_column(
        "ta_provenance", pa.array([], pa.uint8())
    )
    assert_equal_answers(as_kind(expected, kind), answer)


def test_an_empty_pandas_frame_without_types(engine):
    frame = pd.DataFrame(columns=["stnNm", "tm", "ta"])
    answer = filled(frame, engine)
    assert answer.shape == (0, 3)
    assert answer["ta"].dtype == "float64"


# Memory layouts


CHUNKED = {
    "one row per chunk": lambda table: pa.concat_tables(
        [table.slice(row, 1) for row in range(table.num_rows)]
    ),
    "empty chunks": lambda table: pa.concat_tables(
        [table.slice(0, 0), table.slice(0, 7), table.slice(3, 0), table.slice(7), table.slice(table.num_rows)]
    ),
    "chunks of other lengths in each column": lambda table: pa.table(
        {
            name: pa.chunked_array([chunk for start in range(0, table.num_rows, 5 + position)
                                    for chunk in table.column(name).slice(start, 5 + position).chunks])
            for position, name in enumerate(table.schema.names)
        }
    ),
    "sliced": lambda table: pa.concat_tables([table, table, table])
    .combine_chunks()
    .slice(table.num_rows, table.num_rows),
}  # fmt: skip


@pytest.mark.parametrize("fixture", ["interleaved", "text_numbers", "numeric_types", "text_stamps"])
@pytest.mark.parametrize("layout", CHUNKED)
def test_chunks_and_slices_do_not_matter(layout, fixture, engine):
    table = read_fixture(fixture)
    columns = [name for name in table.schema.names if name not in {"tm", "stnNm"}]
    whole = impute_missing_values(table, columns, provenance=True, use_rust=engine)
    pieces = CHUNKED[layout](table)
    assert_equal_answers(table, pieces)
    answer = impute_missing_values(pieces, columns, provenance=True, use_rust=engine)
    assert answer.combine_chunks().equals(whole.combine_chunks())


@pytest.mark.parametrize("offset", [1, 3, 8, 9])
def test_a_slice_that_begins_within_a_byte_of_the_validity_bits(offset, engine):
    table = read_fixture("interleaved").sort_by("stnNm").combine_chunks()
    copied_rows = table.take(np.arange(offset, offset + 40))
    expected = impute_missing_values(copied_rows, provenance=True, use_rust=engine)
    answer = impute_missing_values(table.slice(offset, 40), provenance=True, use_rust=engine)
    assert answer.combine_chunks().equals(expected.combine_chunks())


@pytest.mark.parametrize(
    "ta",
    [
        np.array([OBSERVED, FILLED], dtype="float64").T[:, 0],
        np.array(OBSERVED[::-1], dtype="float64")[::-1],
        np.array(OBSERVED, dtype=">f8").astype("float64"),
        np.frombuffer(np.array(OBSERVED, dtype="float64").tobytes()),
    ],
    ids=["a row-major column", "reversed", "copied", "read-only"],
)
def test_layouts_of_numpy_columns(ta, engine):
    frame = squares()
    frame["ta"] = pd.Series(ta, copy=False)
    assert filled(frame, engine)["ta"].tolist() == pytest.approx(FILLED)


def test_a_block_of_columns_as_pandas_stores_it(engine):
    block = np.array([OBSERVED, FILLED, OBSERVED], dtype="float64").T
    frame = pd.DataFrame(block, columns=["ta", "x", "hm"]).assign(stnNm="서울", tm=HOURS)
    answer = impute_missing_values(frame, use_rust=engine)
    assert answer["hm"].tolist() == answer["ta"].tolist() == pytest.approx(FILLED)


# Types of values


@pytest.mark.parametrize(
    "dtype",
    ["float64", "float32", "float16", "Float64", "Float32", "Int8", "Int64", "UInt16", "int64[pyarrow]",
     "double[pyarrow]", "halffloat[pyarrow]", "decimal128(12, 2)[pyarrow]", "object", "category"],
)  # fmt: skip
def test_numbers_of_pandas(dtype, engine):
    if "decimal" in dtype:
        values = pd.Series([None if x is None else Decimal(int(x)) for x in OBSERVED])
        ta = values.astype(pd.ArrowDtype(pa.decimal128(12, 2)))
    else:
        ta = pd.Series(OBSERVED).astype(dtype)
    answer = filled(squares(ta=ta), engine)
    assert answer["ta"].dtype == "float64"
    assert answer["ta"].tolist() == pytest.approx(FILLED)


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"])
def test_integers_without_gaps_become_float64(dtype, engine):
    largest = np.iinfo(dtype).max
    answer = filled(squares(ta=np.array([1, 2, 3, 4, 5, 6, 7, largest], dtype=dtype)), engine)
    assert answer["ta"].tolist() == [1, 2, 3, 4, 5, 6, 7, float(largest)]


@pytest.mark.parametrize(
    "texts",
    [
        pd.Series(["1", "4.", None, "16", " 25 ", "36e0", "", "+64"], dtype="str"),
        pd.Series(["1", "4.", None, "16", " 25 ", "36e0", "", "+64"], dtype="string[python]"),
        pd.Series(["1", "4.", None, "16", " 25 ", "36e0", "", "+64"], dtype="object"),
        pd.Series(["1", "4.", None, "16", " 25 ", "36e0", "", "+64"], dtype="category"),
        pd.Series(["1", "4.", None, "16", " 25 ", "36e0", "", "+64"]).astype(pd.ArrowDtype(pa.string())),
        pd.Series(["1", 4, None, np.float32(16), 25.0, Decimal(36), pd.NA, np.int8(64)], dtype="object"),
    ],
    ids=["str", "string", "object", "category", "arrow", "mixed"],
)
def test_texts_of_pandas(texts, engine):
    assert filled(squares(ta=texts), engine)["ta"].tolist() == pytest.approx(FILLED)


@pytest.mark.parametrize(
    "dtype",
    [pl.Float64, pl.Float32, pl.Int16, pl.UInt64, pl.Decimal(10, 2), pl.String, pl.Categorical,
     pl.Enum(["1.0", "4.0", "16.0", "25.0", "36.0", "64.0"])],
    ids=str,
)  # fmt: skip
def test_values_of_polars(dtype, engine):
    numbers = pl.Series(OBSERVED)
    texts = isinstance(dtype, pl.Enum) or dtype in (pl.String, pl.Categorical)
    ta = numbers.cast(pl.String).cast(dtype) if texts else numbers.cast(dtype)
    answer = filled(pl.DataFrame({"stnNm": ["서울"] * 8, "tm": pl.Series(HOURS.to_list()), "ta": ta}), engine)
    assert answer["ta"].dtype == pl.Float64
    assert answer["ta"].to_list() == pytest.approx(FILLED)


TEXT_TYPES = [
    pa.string(),
    pa.large_string(),
    pa.string_view(),
    pa.dictionary(pa.int8(), pa.string()),
    pa.dictionary(pa.uint32(), pa.large_string()),
    pa.dictionary(pa.int32(), pa.string_view()),
]


def of_type(texts: list, type_: pa.DataType) -> pa.Array:
    if not pa.types.is_dictionary(type_):
        return pa.array(texts, type_)
    distinct = sorted({text for text in texts if text is not None})
    codes = [None if text is None else distinct.index(text) for text in texts]
    return pa.DictionaryArray.from_arrays(pa.array(codes, type_.index_type), pa.array(distinct, type_.value_type))


@pytest.mark.parametrize("type_", TEXT_TYPES, ids=str)
@pytest.mark.parametrize("column", ["stnNm", "tm", "ta"])
def test_text_types_of_arrow(column, type_, engine):
    texts = {
        "stnNm": ["a station of more than twelve bytes"] * 8,
        "tm": HOURS.strftime("%Y-%m-%d %H:%M").tolist(),
        "ta": [None if value is None else str(value) for value in OBSERVED],
    }
    table = pa.table({name: of_type(values, type_) if name == column else values for name, values in texts.items()})
    answer = filled(table, engine)
    assert answer["ta"].to_pylist() == pytest.approx(FILLED)
    if column != "ta":
        assert_equal_answers(table.select([column]), answer.select([column]))


@pytest.mark.parametrize("value", [-0.0, 5e-324, -2.2e-308, 1e-300, 1e15 + 0.5, 0.1 + 0.2])
def test_observed_values_stay_bit_for_bit(value, engine):
    answer = filled(squares(ta=[value, 1, 2, None, 4, 5, value, value]), engine)
    bits = np.float64(value).view("uint64")
    assert (answer["ta"].to_numpy()[[0, 6, 7]].view("uint64") == bits).all()


def test_any_nan_is_missing(engine):
    payload = np.array([0x7FF8000000000ABC, 0xFFF8000000000001], dtype="uint64").view("float64")
    ta = np.array(OBSERVED, dtype="float64")
    ta[[2, 6]] = payload
    assert filled(squares(ta=ta), engine)["ta"].tolist() == pytest.approx(FILLED)


def test_null_and_nan_that_stay_are_kept_apart(engine):
    ta = pa.array([None, float("nan"), None, float("nan")])
    table = pa.table({"stnNm": ["a"] * 4, "tm": pa.array(HOURS[:4]), "ta": ta})
    answer = filled(table, engine)
    assert answer["ta"].null_count == 2
    assert_equal_answers(table, answer)


@pytest.mark.parametrize("value", [1.7e308, -1.4e300])
def test_values_so_large_that_sums_overflow_count_as_infinite(value, engine):
    with pytest.raises(InfiniteValueError, match=re.escape(f"row 0: {value}")):
        filled(squares(ta=[value, *[None] * 6, value]), engine)


# Stamps


@pytest.mark.parametrize(
    "form", ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y%m%d%H%M"]
)
@pytest.mark.parametrize("kind", KINDS)
def test_forms_of_text_stamps(kind, form, engine):
    table = pa.table({"stnNm": ["서울"] * 8, "tm": HOURS.strftime(form).tolist(), "ta": OBSERVED})
    frame = as_kind(table.take([7, 0, 2, 1, 5, 4, 3, 6]), kind)
    expected = table.set_column(2, "ta", pa.array(FILLED)).take([7, 0, 2, 1, 5, 4, 3, 6])
    assert_equal_answers(as_kind(expected, kind), filled(frame, engine))


@pytest.mark.parametrize(("kind", "unit"), KINDS_AND_UNITS)
def test_resolutions_of_stamps(kind, unit, engine):
    table = pa.table({"stnNm": ["서울"] * 8, "tm": pa.array(HOURS.as_unit(unit)), "ta": OBSERVED})
    frame = as_kind(table, kind)
    answer = filled(frame, engine)
    assert_equal_answers(as_kind(table.set_column(2, "ta", pa.array(FILLED)), kind), answer)


@pytest.mark.parametrize(
    ("kind", "zone"),
    [
        (kind, zone)
        for kind in KINDS
        for zone in ["Asia/Seoul", "Europe/Berlin", "UTC", "+09:00", "America/St_Johns"]
        if (kind, zone) != ("polars", "+09:00")  # polars has no zones of a fixed offset
    ],
)
def test_time_zones(kind, zone, engine):
    tm = pa.array(HOURS.as_unit("us")).cast(pa.timestamp("us", zone))
    table = pa.table({"stnNm": ["서울"] * 8, "tm": tm, "ta": OBSERVED})
    answer = filled(as_kind(table, kind), engine)
    assert_equal_answers(as_kind(table.set_column(2, "ta", pa.array(FILLED)), kind), answer)


def test_calendar_fields_are_those_of_the_zone(engine):
    """On March 30 the clock of Berlin is two hours ahead of UTC in 2023, but one hour in 2024."""
    days = [pd.date_range(f"{year}-03-30", periods=24, freq="h", tz="Europe/Berlin") for year in (2023, 2024)]
    ta = [*map(float, range(24)), *[None] * 24]
    frame = pd.DataFrame({"stnNm": "Berlin", "tm": days[0].append(days[1]), "ta": ta})
    answer = filled(frame, engine, provenance=True)
    assert answer["ta"].tolist() == list(range(24)) * 2
    assert answer["ta_provenance"].tolist() == [0] * 24 + [4] * 24


def test_the_hour_that_occurs_twice_in_autumn_is_two_hours(engine):
    tm = pd.date_range("2024-10-27 00:00", periods=6, freq="h", tz="Europe/Berlin", unit="s")
    assert tm.hour.tolist() == [0, 1, 2, 2, 3, 4]
    answer = filled(pd.DataFrame({"stnNm": "B", "tm": tm, "ta": [0.0, 1.0, None, 9.0, 16.0, 25.0]}), engine)
    assert answer["ta"].tolist() == pytest.approx([0, 1, 4, 9, 16, 25])


@pytest.mark.parametrize(
    "tm",
    [
        pd.Series(HOURS.to_pydatetime(), dtype="object"),
        pd.Series(list(HOURS), dtype="object"),
        pd.Series(HOURS).astype("timestamp[ms][pyarrow]"),
        pd.Series(HOURS.strftime("%Y%m%d%H%M")).astype("category"),
        pd.Series(HOURS.strftime("%Y%m%d%H%M")).astype("object"),
    ],
    ids=["datetime objects", "Timestamp objects", "arrow", "category", "text objects"],
)
def test_stamps_of_pandas(tm, engine):
    answer = filled(squares(tm=tm), engine)
    assert answer["ta"].tolist() == pytest.approx(FILLED)
    pd.testing.assert_series_equal(answer["tm"], tm, check_names=False)


@pytest.mark.parametrize("year", ["0001", "0999", "1582", "1899", "1969", "9999"])
def test_years_far_away(year, engine):
    tm = [f"{year}-12-31 {hour:02}:00" for hour in range(8)]
    assert filled(squares(tm=tm), engine)["ta"].tolist() == pytest.approx(FILLED)


def test_stamps_before_1970_keep_their_hours(engine):
    """The hour of a negative tick is that of the calendar, not the mirrored one."""
    tm = pd.date_range("1968-05-01", periods=24, freq="h").append(pd.date_range("1969-05-01", periods=24, freq="h"))
    frame = pd.DataFrame({"stnNm": "a", "tm": tm, "ta": [*map(float, range(24)), *[None] * 24]})
    assert filled(frame, engine)["ta"].tolist() == list(range(24)) * 2


@pytest.mark.parametrize("year", ["1600", "1700", "1800", "1900", "2000", "2100", "2400"])
def test_february_29_is_there_in_leap_years_only(year, engine):
    frame = squares(tm=[f"{year}-02-29 {hour:02}:00" for hour in range(8)])
    if int(year) % 400 == 0:
        assert filled(frame, engine)["ta"].tolist() == pytest.approx(FILLED)
    else:
        with pytest.raises(ValueError, match='column "tm" of the frame: time stamp null or unreadable in 8 rows'):
            filled(frame, engine)


# Stations


@pytest.mark.parametrize(
    "station",
    [
        pd.Series([108] * 8, dtype="int64"),
        pd.Series([-1] * 8, dtype="int8"),
        pd.Series([2**64 - 1] * 8, dtype="uint64"),
        pd.Series([108] * 8, dtype="Int32"),
        pd.Series([108] * 8, dtype="category"),
        pd.Series(["서울"] * 8, dtype="category"),
        pd.Series(["서울"] * 8, dtype=pd.CategoricalDtype(["부산", "서울", "unused"])),
        pd.Series(["서울"] * 8, dtype="object"),
        pd.Series([""] * 8, dtype="str"),
        pd.Series([108.0] * 8, dtype="float64"),
    ],
    ids=lambda station: f"{station.dtype} {station[0]}"[:30],
)
def test_types_of_stations(station, engine):
    answer = filled(squares(stnNm=station), engine)
    assert answer["ta"].tolist() == pytest.approx(FILLED)
    pd.testing.assert_series_equal(answer["stnNm"], station, check_names=False)


@pytest.mark.parametrize(
    "names",
    [
        ("a", "ab", "abc", "abcd"),
        ("", " ", "  ", "a"),
        ("a", "a\0", "a\0\0", "\0a"),
        (
            "a name of more than twelve bytes, 1",
            "a name of more than twelve bytes, 2",
            "a name of",
            "a name of m",
        ),
        ("twelve bytes", "twelve bytes!", "twelve byte", "TWELVE BYTES"),
        ("서울", "서", "서울역", "부산"),
        ("é", "e\u0301", "e", "É"),
        ("nan", "null", "None", "NaN"),
        ("1", "1.0", "01", "+1"),
    ],
    ids=lambda names: repr(names[0])[:15],
)
@pytest.mark.parametrize("kind", KINDS)
def test_stations_of_similar_names_stay_apart(kind, names, engine):
    """Every station has one value of its own; a mix-up would mix the values."""
    rows = [(name, hour, float(number)) for hour in range(8) for number, name in enumerate(names)]
    table = pa.table(
        {
            "stnNm": [row[0] for row in rows],
            "tm": pa.array([HOURS[row[1]] for row in rows]),
            "ta": [row[2] if row[1] in (0, 1, 5, 7) else None for row in rows],
        }
    )
    answer = filled(as_kind(table, kind), engine)
    expected = table.set_column(2, "ta", pa.array([row[2] for row in rows]))
    assert_equal_answers(as_kind(expected, kind), answer)


def test_a_station_of_one_row_between_others(engine):
    frame = pd.DataFrame({"stnNm": ["a", "b", "a", "a"], "tm": HOURS[[0, 0, 1, 2]], "ta": [1.0, 50.0, None, 3.0]})
    assert filled(frame, engine)["ta"].tolist() == [1.0, 50.0, 2.0, 3.0]


def test_a_gap_ends_where_its_station_ends(engine):
    frame = pd.DataFrame(
        {
            "stnNm": ["a"] * 4 + ["b"] * 4,
            "tm": [*HOURS[:4], *HOURS[:4]],
            "ta": [1.0, 2.0, None, None, None, None, 7.0, 8.0],
        }
    )
    answer, report = filled(frame, engine, provenance=True, report=True)
    assert answer["ta"].tolist() == [1.0, 2.0, 2.0, 2.0, 7.0, 7.0, 7.0, 8.0]
    assert answer["ta_provenance"].tolist() == [0, 0, 3, 3, 3, 3, 0, 0]
    assert report.columns["ta"].gap_lengths == {2: 2}


def test_dictionary_stations_whose_chunks_number_them_differently(engine):
    first, second = pa.array(["a", "b"]).dictionary_encode(), pa.array(["b", "a"]).dictionary_encode()
    table = pa.table(
        {
            "stnNm": pa.chunked_array([first, second]),
            "tm": pa.array(HOURS[[0, 0, 1, 1]]),
            "ta": pa.array([1.0, 50.0, None, None]),
        }
    )
    assert filled(table, engine)["ta"].to_pylist() == [1.0, 50.0, 50.0, 1.0]


def test_a_dictionary_that_holds_a_station_twice(engine):
    names = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2], pa.int8()), pa.array(["a", "a", "b"]))
    table = pa.table({"stnNm": names, "tm": pa.array(HOURS[:3]), "ta": [1.0, None, 50.0]})
    assert filled(table, engine)["ta"].to_pylist() == [1.0, 1.0, 50.0]


# Options


@pytest.mark.parametrize("longest", [8, 10**6, 2**31, 2**63, 10**30])
def test_a_huge_max_spline_gap_is_no_limit(longest, engine):
    frame = pd.DataFrame({"stnNm": "a", "tm": HOURS, "ta": [0.0, 1.0, *[None] * 4, 36.0, 49.0]})
    answer = filled(frame, engine, max_spline_gap=longest)
    assert answer["ta"].tolist() == pytest.approx([0, 1, 4, 9, 16, 25, 36, 49])


def test_max_spline_gap_of_numpy(engine):
    assert filled(squares(), engine, max_spline_gap=np.int64(3))["ta"].tolist() == pytest.approx(FILLED)


# History


@pytest.mark.parametrize("history_kind", KINDS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_history_may_be_of_another_kind(kind, history_kind, engine):
    frame, history = read_fixture("recent"), read_fixture("history")
    expected, _ = read_snapshot("impute-recent-with_history")
    answer = impute_missing_values(
        as_kind(frame, kind), history=as_kind(history, history_kind), provenance=True, use_rust=engine
    )
    assert_equal_answers(as_kind(expected, kind), answer, [frame, history])


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns", "text"])
def test_a_history_of_another_resolution_overlaps_all_the_same(unit, engine):
    """The history holds the same stamps with other values: all of it is to be ignored."""
    tm = HOURS.strftime("%Y-%m-%dT%H:%M") if unit == "text" else HOURS.as_unit(unit)
    frame = squares(ta=[1.0, *[None] * 6, 3.0], tm=HOURS.as_unit("us"))
    answer = filled(frame, engine, history=squares(ta=99.0, tm=tm), provenance=True)
    assert answer["ta"].tolist() == [1.0, *[2.0] * 6, 3.0]
    assert answer["ta_provenance"].tolist() == [0, *[5] * 6, 0]


def test_a_history_in_another_zone_counts_its_own_hours(engine):
    now = pd.date_range("2024-05-01", periods=24, freq="h", tz="Asia/Seoul", unit="s")
    then = pd.date_range("2023-05-01", periods=24, freq="h", tz="Europe/Berlin", unit="s")
    history = pd.DataFrame({"stnNm": "a", "tm": then, "ta": [float(hour) for hour in range(24)]})
    answer = filled(pd.DataFrame({"stnNm": "a", "tm": now, "ta": np.nan}), engine, history=history)
    assert answer["ta"].tolist() == list(range(24))


def test_an_empty_history_is_no_history(engine):
    frame = read_fixture("recent")
    without = impute_missing_values(frame, provenance=True, use_rust=engine)
    answer = impute_missing_values(frame, history=frame.slice(0, 0), provenance=True, use_rust=engine)
    assert_equal_answers(without, answer)


@pytest.mark.parametrize("station", ["category", "object", "str"])
def test_stations_of_the_history_are_matched_by_name(station, engine):
    history = squares(tm=HOURS - pd.Timedelta(days=1461), ta=[float(x) for x in range(8)])
    answer = filled(squares(ta=np.nan), engine, history=history.astype({"stnNm": station}))
    assert answer["ta"].tolist() == list(range(8))


# Sizes


def test_a_thousand_stations_of_fifty_rows(engine):
    """Each station holds a parabola of its own, which the spline reproduces."""
    station, hour = (grid.ravel() for grid in np.mgrid[:1000, :50])
    whole = (hour - 25.0) ** 2 / 10 + station
    ta = np.where((hour * 7 + station) % 11 < 2, np.nan, whole)
    tm = np.datetime64("2024-01-01", "s") + hour * np.timedelta64(3600, "s")
    names = pd.Series(station).map("관측소 {}".format)
    frame = pd.DataFrame({"stnNm": names, "tm": tm, "ta": ta}).sample(frac=1, random_state=1)
    answer, report = filled(frame, engine, provenance=True, report=True)
    assert report.stations == 1000
    inner = (answer["ta_provenance"] == 1).to_numpy()
    assert inner.sum() > 5000
    assert np.abs(answer["ta"].to_numpy() - whole[answer.index])[inner].max() < 1e-9
    assert answer["ta"].notna().all()


@pytest.mark.slow
def test_one_station_of_two_million_rows(engine):
    rows = 2_000_000
    whole = 10 + 8 * np.sin(np.arange(rows) * (2 * np.pi / 24))
    missing = np.random.default_rng(1).random(rows) < 0.05
    frame = pd.DataFrame(
        {
            "stnNm": "서울",
            "tm": np.datetime64("1800-01-01", "s") + np.arange(rows) * np.timedelta64(3600, "s"),
            "ta": np.where(missing, np.nan, whole),
        }
    )
    answer, report = filled(frame, engine, provenance=True, report=True)
    assert report.columns["ta"].missing_before == missing.sum()
    assert report.columns["ta"].missing_after == 0
    splined = (answer["ta_provenance"] == 1).to_numpy()
    assert np.abs(answer["ta"].to_numpy() - whole)[splined].max() < 0.05
    assert np.array_equal(answer["ta"].to_numpy()[~missing], whole[~missing])
