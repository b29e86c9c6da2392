"""Every rule of `rows_from_api_payload`, by example, on both engines."""

from __future__ import annotations

import json
import math
import pickle
import subprocess
import sys
import traceback
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from energy_data_layer import ApiError, PayloadError, rows_from_api_payload
from energy_data_layer.datasets.asos import ASOS
from energy_data_layer.datasets.registry import DATASETS, fetched_datasets
from energy_data_layer.errors import CODE_MEANINGS, DataLayerError, OptionError
from energy_data_layer.transforms.wide_to_long.report import TotalMismatch

KEYS = {"tm": "2024-01-01 01:00", "stnId": "108", "stnNm": "서울"}
WIND = {"dgenYmd": "2024-01-01", "ipptNam": "바람언덕", "qhorGen01": 1.5}
SOLAR = {"ymd": "2024-01-01", "gencd": "1001", "hogi": "1", "qhorgen01": "1.5"}
OK = {"resultCode": "00", "resultMsg": "NORMAL_SERVICE"}
HOURS = 24
HOUR = timedelta(hours=1)
BY_THE_HOUR = [("timestamp", pa.timestamp("us")), ("plant_name", pa.large_string()), ("generation", pa.float64())]
COLUMNS = {
    "asos": ASOS.service.item_schema,
    "namdong_wind": pa.schema([*BY_THE_HOUR, ("ippt", pa.string()), ("hogi", pa.string())]),
    "nambu_solar": pa.schema(
        [
            *BY_THE_HOUR,
            ("gencd", pa.string()),
            ("hogi", pa.string()),
            *((f"daily_{figure}", pa.float64()) for figure in ("total", "avg", "max", "min")),
        ]
    ),
}
ADVICE = "; check the request, and the answer against the service's documentation"


def short(value: Any) -> str | None:
    """Return the name of a parameter that may be very long."""
    return value[:20] if isinstance(value, str) else None


def of_body(body: Any, header: Any = OK, root: str = "response") -> str:
    return json.dumps({root: {"header": header, "body": body}})


def of_items(*items: Any, **body: Any) -> str:
    return of_body({"items": {"item": list(items)}, **body})


def of_wind(*items: Any, **body: Any) -> str:
    return json.dumps({"reponse": {"body": {"content": list(items), **body}}})


def of_xml(inner: str, header: str = "<resultCode>00</resultCode>") -> str:
    return f"<response><header>{header}</header><body>{inner}</body></response>"


def elements(**fields: Any) -> str:
    return "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())


def row(payload: Any, engine: bool, source: str = "asos") -> dict[str, Any]:
    [only] = rows_from_api_payload(payload, source, use_rust=engine).to_pylist()
    return only


def rows(payload: Any, engine: bool, source: str = "asos") -> int:
    return rows_from_api_payload(payload, source, use_rust=engine).num_rows


def hourly(payload: Any, engine: bool, source: str) -> pa.Table:
    """Return the rows of a generator's items, which have the columns they always have."""
    table = rows_from_api_payload(payload, source, use_rust=engine)
    assert table.schema == COLUMNS[source]
    table.validate(full=True)
    return table


def of_each_item(table: pa.Table, column: str) -> list[list[Any]]:
    """Return the 24 values that a column has for each item, item by item."""
    values = table[column].to_pylist()
    return [values[first : first + HOURS] for first in range(0, len(values), HOURS)]


def of_one_item(table: pa.Table, column: str) -> Any:
    """Return what a column says of the only item, the same for each of its hours."""
    assert table.num_rows == HOURS
    first, *others = table[column].to_pylist()
    assert others == [first] * (HOURS - 1)
    return first


def sunny(**fields: Any) -> dict[str, Any]:
    return SOLAR | fields


def windy(**fields: Any) -> dict[str, Any]:
    return WIND | fields


def all_hours(pattern: str, numbers: Any) -> dict[str, Any]:
    """Return the fields of the hours, with a number for each."""
    return {pattern.format(hour): number for hour, number in enumerate(numbers, 1)}


def reported(payload: Any, engine: bool, source: str = "asos") -> Any:
    return rows_from_api_payload(payload, source, report=True, use_rust=engine)[1]


def refused(payload: Any, engine: bool, source: str = "asos") -> PayloadError:
    with pytest.raises(PayloadError) as info:
        rows_from_api_payload(payload, source, use_rust=engine)
    assert type(info.value) is PayloadError
    return info.value


def place_and_problem(payload: Any, engine: bool, source: str = "asos") -> tuple[str, str]:
    error = refused(payload, engine, source)
    where = f"{error.place}: " if error.place else ""
    assert str(error) == f"{where}{error.problem}{ADVICE}"
    return error.place, error.problem


# What comes out


def test_the_columns_of_observations_are_those_of_the_files(engine):
    table = rows_from_api_payload([], "asos", use_rust=engine)
    columns = [column for column in ASOS.table.columns if column.name != "icsrQcflg"]
    assert table.schema == pa.schema([(column.name, column.arrow_type) for column in columns])
    assert table.num_rows == 0


@pytest.mark.parametrize("source", fetched_datasets())
def test_no_pages_are_an_empty_typed_table(source, engine):
    table, report = rows_from_api_payload((), source, report=True, use_rust=engine)
    assert table.schema == COLUMNS[source]
    assert (table.num_rows, report.pages, report.items, report.total_mismatches) == (0, (), 0, [])
    assert report.drift.is_empty


def test_an_observation(engine):
    item = KEYS | {"rnum": "1", "ta": "-1.5", "taQcflg": "9", "rn": "", "clfmAbbrCd": "Sc"}
    expected = dict.fromkeys(ASOS.service.item_schema.names) | {
        "tm": datetime(2024, 1, 1, 1), "stnId": 108, "stnNm": "서울", "ta": -1.5, "taQcflg": 9, "clfmAbbrCd": "Sc",
    }  # fmt: skip
    assert row(of_items(item), engine) == expected


def test_a_day_of_wind(engine):
    item = windy(dgenYmd="20240229", ippt=1001, hogi="2", qhorGen24="7", qsum=8.5, qvodMax=7)
    table = hourly(of_wind(item), engine, "namdong_wind")
    assert table["timestamp"].to_pylist() == [datetime(2024, 2, 29) + hour * HOUR for hour in range(1, 25)]
    assert table["generation"].to_pylist() == [1.5, *[None] * 22, 7.0]
    assert [of_one_item(table, name) for name in ("plant_name", "ippt", "hogi")] == ["바람언덕 2", "1001", "2"]


@pytest.mark.parametrize("form", ["json", "xml", "xml without item"])
def test_a_day_of_sun(form, engine):
    fields = sunny(ipptnm="해오름", qhorgen24="7", qvodgen="8.5", qvodavg=".35", qvodmax="7", qvodmin="")
    item = elements(**fields)
    payload = {
        "json": of_items(fields),
        "xml": of_xml(f"<items><item>{item}</item></items>"),
        "xml without item": of_xml(f"<items>{item}</items>"),
    }[form]
    table = hourly(payload, engine, "nambu_solar")
    assert table["timestamp"].to_pylist() == [datetime(2024, 1, 1) + hour * HOUR for hour in range(24)]
    assert table["generation"].to_pylist() == [1.5, *[None] * 22, 7.0]
    of_the_day = [of_one_item(table, name) for name in ("plant_name", *COLUMNS["nambu_solar"].names[3:])]
    assert of_the_day == ["해오름 1", "1001", "1", 8.5, 0.35, 7.0, None]


def test_xml_of_observations(engine):
    item = elements(**KEYS, ta="-1.5", rn="")
    answer = row(of_xml(f"<items><item>{item}</item></items>"), engine)
    assert (answer["tm"], answer["stnNm"], answer["ta"], answer["rn"]) == (datetime(2024, 1, 1, 1), "서울", -1.5, None)


def test_rows_keep_the_order_of_the_document(engine):
    stamps = ["2024-01-01 03:00", "2024-01-01 01:00", "2024-01-01 02:00"]
    table = rows_from_api_payload(of_items(*(KEYS | {"tm": tm} for tm in stamps)), "asos", use_rust=engine)
    assert [stamp.hour for stamp in table["tm"].to_pylist()] == [3, 1, 2]


# Days of plants, hour by hour


@pytest.mark.parametrize("source", ["namdong_wind", "nambu_solar"])
def test_each_item_is_24_rows_in_the_order_of_the_hours(source, engine):
    first, second = range(1, 25), [hour / 8 for hour in range(24)]
    if source == "namdong_wind":
        numbers = [all_hours("qhorGen{:02}", numbers) for numbers in (first, second)]
        page = of_wind(*(windy(**hours) for hours in numbers))
    else:
        numbers = [all_hours("qhorgen{:02}", numbers) for numbers in (first, second)]
        page = of_items(*(sunny(**hours) for hours in numbers))
    assert of_each_item(hourly(page, engine, source), "generation") == [list(map(float, first)), second]


def test_the_order_of_the_fields_does_not_matter(engine):
    page = of_wind(dict(reversed(windy(**all_hours("qhorGen{:02}", range(24))).items())))
    assert hourly(page, engine, "namdong_wind")["generation"].to_pylist() == list(map(float, range(24)))


def test_items_keep_the_order_of_the_document(engine):
    days = ["2024-01-03", "2024-01-01", "2024-01-02"]
    table = hourly(of_items(*(sunny(ymd=day) for day in days)), engine, "nambu_solar")
    assert [stamps[0].day for stamps in of_each_item(table, "timestamp")] == [3, 1, 2]


@pytest.mark.parametrize(
    ("day", "next_day"),
    [
        (datetime(2024, 1, 31), datetime(2024, 2, 1)),
        (datetime(2023, 12, 31), datetime(2024, 1, 1)),
        (datetime(2024, 2, 28), datetime(2024, 2, 29)),
        (datetime(2024, 2, 29), datetime(2024, 3, 1)),
        (datetime(2023, 2, 28), datetime(2023, 3, 1)),
    ],
    ids=lambda day: f"{day:%Y-%m-%d}",
)
def test_wind_has_the_ends_of_the_hours_and_sun_their_starts(day, next_day, engine):
    ends = hourly(of_wind(windy(dgenYmd=f"{day:%Y-%m-%d}")), engine, "namdong_wind")["timestamp"].to_pylist()
    starts = hourly(of_items(sunny(ymd=f"{day:%Y%m%d}")), engine, "nambu_solar")["timestamp"].to_pylist()
    assert (ends[0], ends[22], ends[23]) == (day.replace(hour=1), day.replace(hour=23), next_day)
    assert (starts[0], starts[23]) == (day, day.replace(hour=23))
    assert {end - start for end, start in zip(ends, starts, strict=True)} == {HOUR}


@pytest.mark.parametrize(
    ("fields", "plant_name", "hogi"),
    [
        ({"hogi": "2"}, "바람언덕 2", "2"),
        ({"hogi": 2}, "바람언덕 2", "2"),
        ({"hogi": " 2호기\u3000"}, "바람언덕 2호기", "2호기"),
        ({"ipptNam": " 바람 언덕 ", "hogi": "-"}, "바람 언덕 -", "-"),
        ({}, "바람언덕", None),
        ({"hogi": None}, "바람언덕", None),
        ({"hogi": " "}, "바람언덕", None),
    ],
)
def test_a_wind_farm_is_named_by_name_and_unit(fields, plant_name, hogi, engine):
    table = hourly(of_wind(windy(**fields)), engine, "namdong_wind")
    assert (of_one_item(table, "plant_name"), of_one_item(table, "hogi")) == (plant_name, hogi)


@pytest.mark.parametrize(
    ("fields", "plant_name", "gencd"),
    [
        ({"ipptnm": "해오름"}, "해오름 1", "1001"),
        ({}, "1001 1", "1001"),
        ({"gencd": 2002}, "2002 1", "2002"),
        ({"ipptnm": None, "hogi": "3"}, "1001 3", "1001"),
        ({"ipptnm": "\u3000"}, "1001 1", "1001"),
    ],
)
def test_the_code_stands_in_for_the_name_of_a_solar_plant(fields, plant_name, gencd, engine):
    table = hourly(of_items(sunny(**fields)), engine, "nambu_solar")
    assert (of_one_item(table, "plant_name"), of_one_item(table, "gencd")) == (plant_name, gencd)


def test_names_and_codes_beside_each_other(engine):
    table = hourly(of_items(sunny(), sunny(ipptnm="해오름"), sunny(gencd="7")), engine, "nambu_solar")
    assert [set(names) for names in of_each_item(table, "plant_name")] == [{"1001 1"}, {"해오름 1"}, {"7 1"}]


def test_the_figures_of_a_day_stand_in_each_of_its_hours(engine):
    days = [
        sunny(qvodgen="8.5", qvodavg=0.25, qvodmax="-0", qvodmin=".5"),
        sunny(qvodgen=None, qvodavg="x", qvodmax="", qvodmin="1e3"),
        sunny(),
    ]
    table, report = rows_from_api_payload(of_items(*days), "nambu_solar", report=True, use_rust=engine)
    assert table.schema == COLUMNS["nambu_solar"]
    figures = [of_each_item(table, f"daily_{name}") for name in ("total", "avg", "max", "min")]
    each = [[8.5, 0.25, 0.0, 0.5], [None, None, None, 1000.0], [None] * 4]
    assert figures == [[[day[place]] * HOURS for day in each] for place in range(4)]
    assert report.coerced == {"qvodavg": 1}


def test_missing_hours_stay_missing(engine):
    numbers = [0, "0", None, "", " ", "-", "x", -1, "-0.0", "1,000", *[2] * 14]
    page = of_wind(windy(**all_hours("qhorGen{:02}", numbers)))
    [hours] = of_each_item(hourly(page, engine, "namdong_wind"), "generation")
    assert hours == [0.0, 0.0, None, None, None, None, None, -1.0, 0.0, None, *[2.0] * 14]
    assert [math.copysign(1, hours[place]) for place in (0, 1, 8)] == [1, 1, -1]
    assert reported(page, engine, "namdong_wind").coerced == {"qhorGen06": 1, "qhorGen07": 1, "qhorGen10": 1}


def test_a_day_without_any_value_has_its_rows(engine):
    table = hourly(of_items(sunny(qhorgen01="")), engine, "nambu_solar")
    assert (table.num_rows, table["generation"].null_count) == (HOURS, HOURS)


@pytest.mark.parametrize("on", ["one page", "two pages"])
def test_the_same_plant_and_day_twice_are_both_kept(on, engine):
    twice = [windy(), windy(qhorGen01=9)]
    pages = of_wind(*twice) if on == "one page" else [of_wind(item) for item in twice]
    table = hourly(pages, engine, "namdong_wind")
    first, second = of_each_item(table, "timestamp")
    assert first == second
    assert [hours[0] for hours in of_each_item(table, "generation")] == [1.5, 9.0]


def full_day(total: Any, each_hour: Any = "1.25") -> dict[str, Any]:
    """Return a day of wind of 24 equal hours and a total."""
    return windy(**all_hours("qhorGen{:02}", [each_hour] * HOURS), qsum=total)


@pytest.mark.parametrize(
    ("each_hour", "total", "differs"),
    [
        ("1.25", "30.00", False), ("1.25", 30, False), (1.25, "30", False), ("1.25", "30.12", False),
        ("1.25", "29.88", False), ("1.25", "30.13", True), ("1.25", 30.1, False), ("1.25", 30.2, True),
        ("1.25", 31, True), ("1.25", 0, True), ("1.25", "", False), ("1.25", None, False), ("1.25", "x", False),
        (0, 0, False), (0, 12, False), (0, 13, True), (None, 30, False), ("1.25", -30, True),
    ],
)  # fmt: skip
def test_a_total_that_rounding_does_not_explain(each_hour, total, differs, engine):
    """Each hour may be off by half a unit in its last place, and so may the total."""
    report = reported(of_wind(full_day(total, each_hour)), engine, "namdong_wind")
    sum_of_hours = HOURS * float(each_hour or 0)
    expected = [TotalMismatch(row=0, hours=sum_of_hours, total=float(total))] if differs else []
    assert report.total_mismatches == expected


def test_totals_of_the_sun(engine):
    report = reported(of_items(sunny(qvodgen="1.5"), sunny(qvodgen="99.5"), sunny()), engine, "nambu_solar")
    assert report.total_mismatches == [TotalMismatch(row=1, hours=1.5, total=99.5)]
    assert report.to_dict()["total_mismatches"] == [{"row": 1, "hours": 1.5, "total": 99.5}]


def test_days_with_a_wrong_total_are_in_the_result(engine):
    table = hourly(of_wind(full_day(99)), engine, "namdong_wind")
    assert table["generation"].to_pylist() == [1.25] * HOURS


def test_wrong_totals_are_counted_over_all_pages(engine):
    pages = [
        of_wind(full_day(30), full_day(99)),
        of_wind(),
        json.dumps({"response": {"header": {"resultCode": "03"}}}),
        of_wind(full_day(98), full_day(30), full_day(97)),
    ]
    found = reported(pages, engine, "namdong_wind").total_mismatches
    assert [(mismatch.row, mismatch.total) for mismatch in found] == [(1, 99.0), (2, 98.0), (4, 97.0)]


def test_observations_have_no_totals(engine):
    assert reported(of_items(KEYS), engine).total_mismatches == []


@pytest.mark.parametrize("field", ["qhorGen24", "qsum"])
def test_an_hour_or_a_total_that_sums_cannot_hold(field, engine):
    assert hourly(of_wind(windy(**{field: 1e300})), engine, "namdong_wind").num_rows == HOURS
    with pytest.raises(PayloadError, match=r'"1.5e.300" is too large') as info:
        rows_from_api_payload([of_wind(windy()), of_wind(windy(**{field: 1.5e300}))], "namdong_wind", use_rust=engine)
    assert (info.value.page, info.value.place) == (2, f"item[0].{field}")
    assert hourly(of_wind(windy(qavg=1.5e300)), engine, "namdong_wind").num_rows == HOURS


WITHOUT_PACKAGES = """
import sys
sys.modules.update(dict.fromkeys({absent!r}))
from energy_data_layer import rows_from_api_payload
table = rows_from_api_payload(sys.stdin.buffer.read(), "namdong_wind", use_rust={engine})
with __import__("pyarrow").ipc.new_stream(sys.stdout.buffer, table.schema) as writer:
    writer.write(table)
"""


def test_the_same_answer_where_the_other_packages_are_absent(engine):
    absent = ["polars", "duckdb", "matplotlib", *(["scipy"] if engine else ["rust_data_layer"])]
    page = of_wind(windy(hogi="1"), full_day(99)).encode()
    code = WITHOUT_PACKAGES.format(absent=absent, engine=engine)
    run = subprocess.run([sys.executable, "-c", code], input=page, capture_output=True, check=True, timeout=60)
    assert pa.ipc.open_stream(run.stdout).read_all().equals(hourly(page, engine, "namdong_wind"))


# Payload and source


@pytest.mark.parametrize("carrier", [bytes, bytearray, memoryview, bytes.decode])
@pytest.mark.parametrize("several", [False, True])
def test_carriers(carrier, several, engine):
    page = carrier(of_items(KEYS).encode())
    assert rows([page, page] if several else page, engine) == (2 if several else 1)


@pytest.mark.parametrize(
    "view",
    [
        memoryview(b"".join(bytes([byte, 0]) for byte in of_items(KEYS).encode()))[::2],
        memoryview(of_items(KEYS).encode()).cast("c"),
        memoryview(of_items(KEYS).encode()).toreadonly(),
    ],
)
def test_views_of_any_kind(view, engine):
    assert rows(view, engine) == 1


@pytest.mark.parametrize(
    ("payload", "shown"),
    [(None, "builtins.NoneType"), (5, "builtins.int"), ([b"", None], "builtins.NoneType"), ({}, "builtins.dict")],
)
def test_what_is_no_payload(payload, shown, engine):
    with pytest.raises(OptionError, match=f"a {shown}; accepted are bytes, bytearray, memoryview and str"):
        rows_from_api_payload(payload, "asos", use_rust=engine)


@pytest.mark.parametrize("source", ["", "ASOS", None, 1])
def test_an_unknown_source(source, engine):
    with pytest.raises(OptionError, match="it can be asos, namdong_wind, nambu_solar"):
        rows_from_api_payload("{}", source, use_rust=engine)


# From bytes to text


@pytest.mark.parametrize("before", ["", "\ufeff", " \r\n\t", "\ufeff \n"])
@pytest.mark.parametrize("as_bytes", [False, True])
@pytest.mark.parametrize("payload", [of_items(KEYS), of_xml(f"<items>{elements(**KEYS)}</items>")])
def test_a_mark_and_blanks_around_the_body(before, as_bytes, payload, engine):
    text = f"{before}{payload}\r\n "
    assert rows(text.encode() if as_bytes else text, engine) == 1


@pytest.mark.parametrize("payload", [b"", "", b" \r\n", "\ufeff", "\ufeff\n"])
def test_an_empty_body(payload, engine):
    assert place_and_problem(payload, engine) == ("", "the body is empty")


@pytest.mark.parametrize(
    ("payload", "byte"),
    [
        (b'{"a": "\xff"}', 7),
        (b"\xef\xbb\xbf{\xc3", 4),
        ("{가}".encode("cp949"), 1),
        (b"\xed\xa0\x80", 0),
        (b"\xf4\x90\x80\x80", 0),
        (b"\xc0\xaf", 0),
        (of_items(KEYS).encode("utf-16"), 0),
    ],
)
def test_what_is_no_utf8(payload, byte, engine):
    assert place_and_problem(payload, engine) == ("", f"the body is no valid UTF-8: byte {byte}")


@pytest.mark.parametrize("payload", ["\ud800", '{"a": "\udfff"}', "<a>\udc00</a>"])
def test_a_lone_surrogate_in_a_text(payload, engine):
    assert place_and_problem(payload, engine) == ("", "the text holds a lone surrogate")


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        ("Forbidden", "Forbidden"),
        ("[1]", "[1]"),
        ("null", "null"),
        ("\ufeff\ufeff{}", "\ufeff{}"),
        ("a\nb\x00", "a b "),
        ("가" * 41, "가" * 40 + "…"),
        ("serviceKey=abc%2Fdef&x=1", "serviceKey=***&x=1"),
        ("no SERVICEKEY%3Dabc", "no SERVICEKEY%3D***"),
    ],
)
def test_neither_json_nor_xml(payload, shown, engine):
    problem = f'the body is neither JSON nor XML: it begins with "{shown}"'
    assert place_and_problem(payload, engine) == ("", problem)


# JSON by the letter

BAD_JSON = [
    "{", "{}x", "{} {}", "{,}", '{"a":1,}', '{"a" 1}', "{'a':1}", "{a:1}", '{"a":}', '{"a":[1,]}', '{"a":[,1]}',
    '{"a":NaN}', '{"a":Infinity}', '{"a":-Infinity}', '{"a":nan}', '{"a":01}', '{"a":-01}', '{"a":+1}', '{"a":.5}',
    '{"a":1.}', '{"a":1e}', '{"a":1e+}', '{"a":-}', '{"a":1.e5}', '{"a":0x1}', '{"a":1_0}', '{"a":１}', '{"a":True}',
    '{"a":truex}', '{"a":nul}', '{"a":"\n"}', '{"a":"\t"}', '{"a":"\x00"}', '{"a":"\x1f"}', '{"a":"\\x"}',
    '{"a":"\\u12"}', '{"a":"\\u12g4"}', '{"a":"\\u+123"}', '{"a":"\\', '{"a":"', '{"a":"x', "{\x00}", "{\u00a0}",
    "{/**/}", '{"a":1 // x\n}', '{"a":"\\ud800"}', '{"a":"\\udc00"}', '{"\\ud800":1}', '{"a":"\\ud800\\ud800"}',
    '{"a":"\\ud800\\u0041"}', '{"a":"\\ud83dx\\ude00"}', '{"a":"\\uDBFF"}', '{"a":["\\ud800"]}',
    '{"a":"\\\\\\ud800"}', '{"a":1,"a":1}', '{"a":{"b":1,"b":2}}', '{"a":[{"b":1,"c":2,"b":3}]}',
    '{"a":1,"\\u0061":2}', '{"":1,"":1}', '{"a":\ufeff1}', "{\x0c}",
]  # fmt: skip


@pytest.mark.parametrize("text", BAD_JSON)
def test_what_is_no_json(text, engine):
    place, problem = place_and_problem(text, engine)
    assert place == ""
    assert problem.startswith("the body is no valid JSON: ")


@pytest.mark.parametrize("text", BAD_JSON)
def test_what_is_no_json_within_an_item(text, engine):
    page = of_items(KEYS | {"unknown": "?"}).replace('"?"', text)
    assert refused(page, engine).problem.startswith("the body is no valid JSON: ")


@pytest.mark.parametrize(
    "value",
    [
        "-0", "0e5", "1E+5", "-1.25e-300", "9" * 10_000, "1e999", "0." + "0" * 10_000 + "1", '"\\ud83d\\ude00"',
        '"\\\\ud800"', '"\\u0000"', '"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"\x7f\u2028\ufffe"', "[[], {}, [null, true]]",
        " \t\r\n1 \t\r\n", '{"a": {"b": 1}, "b": 1}', '"]}"',
    ],
    ids=short,
)  # fmt: skip
def test_what_is_json_in_an_unknown_field(value, engine):
    page = of_items(KEYS | {"unknown": "?"}).replace('"?"', value)
    report = reported(page, engine)
    assert report.drift.unknown_fields == {"unknown": 1}


@pytest.mark.parametrize("brackets", [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("where", ["root", "item"])
def test_nesting(brackets, where, engine):
    opening, closing = brackets
    outer = {"root": 1, "item": 6}[where]

    def nested(depth: int) -> str:
        inner = opening * (depth - outer) + "1" + closing * (depth - outer)
        members = of_items(KEYS | {"unknown": "?"})
        return members.replace('"?"', inner) if where == "item" else members[:-1] + f', "other": {inner}}}'

    assert rows(nested(64), engine) == 1
    for depth in (65, 66, 1000, 100_000):
        assert refused(nested(depth), engine).problem.startswith("the body is no valid JSON: ")


def test_brackets_in_texts_are_no_nesting(engine):
    assert rows(of_items(KEYS | {"clfmAbbrCd": "[{" * 100}), engine) == 1


def test_nesting_that_is_never_closed(engine):
    for opening in ("[", '{"a":', '[{"a":'):
        assert refused('{"a":' + opening * 200_000, engine).problem.startswith("the body is no valid JSON: ")


def test_errors_of_the_text_come_before_errors_of_the_service(engine):
    page = json.dumps({"response": {"header": {"resultCode": "22"}}})
    assert refused(page + "}", engine).problem.startswith("the body is no valid JSON: ")
    assert refused(page[:-1], engine).problem.startswith("the body is no valid JSON: ")
    bad_item = of_items({}, {"a": "?"}).replace('"?"', "01")
    assert refused(bad_item, engine).problem.startswith("the body is no valid JSON: ")


# XML by the letter

BAD_XML = [
    "<", "<a", "<a>", "<a></b>", "<a/><b/>", "<a/>x", "<a></a", "<a><b></a></b>", "</a>", "<a b></a>", "<a b=1/>",
    "<a b='1' b='2'/>", "<a b='<'/>", "<a b='1'c='2'/>", "< a/>", "<a>&nbsp;</a>", "<a>&foo;</a>", "<a>&</a>",
    "<a>&amp</a>", "<a b='&foo;'/>", "<a>]]></a>", "<a>&#0;</a>", "<a>&#x1F;</a>", "<a>&#xD800;</a>", "<a>&#xFFFE;</a>",
    "<a>&#x110000;</a>", "<a>&#-1;</a>", "<a>&#;</a>", "<a>&#x;</a>", "<a>\x00</a>", "<a>\x01</a>", "<a>\x1f</a>",
    "<a>\ufffe</a>", "<a>\uffff</a>", "<a><!-- -- --></a>", "<a><!-- ---></a>", "<a><!-- </a>", "<a><!-></a>",
    "<a><?xml version='1.0'?></a>", "<a><?XmL x?></a>", "<a><? x?></a>", "<a><?x</a>", "<a><![CDATA[</a>",
    "<a><![cdata[x]]></a>", "<![CDATA[x]]>", "<?xml?><a/>", "<?xml encoding='UTF-8'?><a/>",
    "<?xml version='1.0' encoding='1x'?><a/>", "<?xml version='1.0' encoding=''?><a/>",
    "<?xml version='1.0' standalone='x'?><a/>", "<?xml version='1.0' standalone='yes' encoding='UTF-8'?><a/>",
    "<?xml version='1.0'><a/>", "<?xml version='1.0' x='1'?><a/>", "<?xml version='1.0'?>", "<!-- x -->", "<1/>",
    "<-a/>", "<.a/>", "<a\u00d7/>", "<\U00010000/>", "<a><!DOCTYPE a></a>", "<a/><!DOCTYPE a>", "<a \x0c/>",
    "<!ELEMENT a ANY><a/>", "<a></a\u00a0>", "<a\u00a0/>", "<a b='\x00'/>", "<a b='x", "<a b", "<a b=", "<a><", "<a></",
    "<!DOCTYPE a><a/>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
    "<!doctype a><a/>", "<?xml version='1.0'?><!DOCTYPE a><a/>", "<!-- x --><!DOCTYPE a><a/>",
]  # fmt: skip


@pytest.mark.parametrize("text", BAD_XML)
def test_what_is_no_xml(text, engine):
    place, problem = place_and_problem(text, engine)
    assert place == ""
    assert problem.startswith("the body is no well-formed XML: ")


@pytest.mark.parametrize(
    "inner", [text for text in BAD_XML if text.startswith("<a") and text not in ("<a/><b/>", "<a/>x")]
)
def test_what_is_no_xml_within_an_item(inner, engine):
    page = of_xml(f"<items><item>{elements(**KEYS)}<x>{inner}</x></item></items>")
    assert refused(page, engine).problem.startswith("the body is no well-formed XML: ")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a&lt;&gt;&amp;&quot;&apos;", "a<>&\"'"),
        ("&#65;&#x42;&#x1F600;", "AB😀"),
        ("a<![CDATA[<b>&amp;]]]]>c", "a<b>&amp;]]c"),
        ("a<!-- no -->b<?no no?>c", "abc"),
        ("<![CDATA[]]>", None),
        ("a\r\nb\rc", "a\nb\nc"),
        ("&#13;a&#10;b", "a\nb"),
        (" \u00a0\u3000a b\ufeff\t", "a b"),
        ("]] >", "]] >"),
        ("😀\ufffd\u0085\u2028", "😀\ufffd\u0085\u2028"),
        ("\x7f\x80", "\x7f\x80"),
        ("x" * 100_000, "x" * 100_000),
        ("ab&amp;" * 20_000, "ab&" * 20_000),
    ],
    ids=short,
)
def test_texts_in_xml(text, value, engine):
    page = of_xml(f"<items><item>{elements(**KEYS, clfmAbbrCd=text)}</item></items>")
    assert row(page, engine)["clfmAbbrCd"] == value


@pytest.mark.parametrize(
    "page",
    [
        "<?xml version='1.0' encoding='euc-kr' standalone='no' ?>{}",
        '<?xml version="1.1" encoding="x"?>\n{}',
        "<?xml version='1.0'?><?pi?><!-- c -->{}<!-- c --><?pi ?>\n",
        "<!-- c -->{}",
    ],
)
def test_what_may_stand_around_the_root(page, engine):
    inner = of_xml(f"<items><item >{elements(**KEYS)}</item\n></items>")
    assert rows(page.format(inner), engine) == 1


def test_attributes_say_nothing(engine):
    page = f"<response a='1' xmlns='x' xmlns:y='z'>{of_xml(f'<items>{elements(**KEYS)}</items>')[10:]}"
    page = page.replace("<stnId>", "<stnId unit=\"'&lt;>\" y:z='&#65;'>")
    assert row(page, engine)["stnId"] == 108


@pytest.mark.parametrize("name", ["x:tm", "가", "_a", "a-b.c", "é", "::", "xml"])
def test_names_are_taken_as_they_are(name, engine):
    page = of_xml(f"<items><item>{elements(**KEYS, **{name: 1})}<e/></item></items>")
    assert reported(page, engine).drift.unknown_fields == {name: 1, "e": 1}


def test_nesting_of_elements(engine):
    def nested(depth: int) -> str:
        inner = "<x>" * (depth - 5) + "</x>" * (depth - 5)
        return of_xml(f"<items><item>{elements(**KEYS)}<x>{inner}</x></item></items>")

    assert rows(nested(64), engine) == 1
    for depth in (65, 66, 1000, 100_000):
        assert refused(nested(depth), engine).problem.startswith("the body is no well-formed XML: ")
    assert refused("<x>" * 100_000, engine).problem.startswith("the body is no well-formed XML: ")


@pytest.mark.parametrize(
    "page",
    [
        "<html><body>Error</body></html>",
        "<!DOCTYPE html><html></html>",
        "<!doctype HTML PUBLIC '-//W3C//DTD HTML 4.01//EN'>\n<html>",
        "<HTML lang='ko'><br>",
        "<?xml version='1.0'?>\n<html xmlns='x'/>",
        b"\xef\xbb\xbf\r\n<html/>",
    ],
)
def test_a_page_for_people(page, engine):
    for source in fetched_datasets():
        assert place_and_problem(page, engine, source) == ("", "an HTML page came instead of data")


def test_xml_where_json_is_expected(engine):
    page = of_xml("")
    assert place_and_problem(page, engine, "namdong_wind") == ("", "XML came where JSON is expected")


# The gateway's errors


def gateway(form: str, **members: Any) -> str:
    if form == "json":
        return json.dumps({"OpenAPI_ServiceResponse": {"cmmMsgHeader": members}})
    inner = elements(**members)
    return f"<OpenAPI_ServiceResponse><cmmMsgHeader>{inner}</cmmMsgHeader></OpenAPI_ServiceResponse>"


def service_error(payload: Any, engine: bool, source: str = "asos") -> ApiError:
    with pytest.raises(ApiError) as info:
        rows_from_api_payload(payload, source, use_rust=engine)
    assert type(info.value) is ApiError
    return info.value


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("source", fetched_datasets())
def test_an_error_of_the_gateway(form, source, engine):
    page = gateway(form, errMsg="SERVICE ERROR", returnAuthMsg="LIMITED", returnReasonCode="22")
    error = service_error(page, engine, source)
    assert (error.code, error.message, error.page) == ("22", "LIMITED", 1)
    assert error.stop_until_tomorrow
    assert not error.retryable
    expected = "the service answered with code 22: LIMITED (the day's requests are used up; stop until tomorrow)"
    assert str(error) == expected


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize(
    ("members", "code", "message"),
    [
        ({"errMsg": "A", "returnReasonCode": "30"}, "30", "A"),
        ({"errMsg": "A", "returnAuthMsg": " ", "returnReasonCode": " 1 "}, "01", "A"),
        ({"returnReasonCode": "0022"}, "22", ""),
        ({"returnReasonCode": "0"}, "00", ""),
        ({"returnReasonCode": "E1", "returnAuthMsg": 5}, "E1", "5"),
        ({"returnReasonCode": 4}, "04", ""),
    ],
)
def test_codes_and_messages_of_the_gateway(form, members, code, message, engine):
    error = service_error(gateway(form, **members), engine)
    assert (error.code, error.message) == (code, message)


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("members", [{}, {"errMsg": "A"}, {"returnReasonCode": " ", "errMsg": "A"}])
def test_a_gateway_without_a_code(form, members, engine):
    place = "OpenAPI_ServiceResponse.cmmMsgHeader"
    expected = (f"{place}.returnReasonCode", "is missing")
    if form == "xml" and not members:
        expected = (place, "a text where an object is expected")
    assert place_and_problem(gateway(form, **members), engine) == expected


@pytest.mark.parametrize(
    ("page", "place", "problem"),
    [
        ('{"OpenAPI_ServiceResponse": null}', "", "null where an object is expected"),
        ('{"OpenAPI_ServiceResponse": []}', "", "an array where an object is expected"),
        ("<OpenAPI_ServiceResponse/>", "", "a text where an object is expected"),
        ('{"OpenAPI_ServiceResponse": {}}', ".cmmMsgHeader", "is missing"),
        ('{"OpenAPI_ServiceResponse": {"cmmMsgHeader": null}}', ".cmmMsgHeader", "is missing"),
        ('{"OpenAPI_ServiceResponse": {"cmmMsgHeader": 1}}', ".cmmMsgHeader", "a number where an object is expected"),
        (
            gateway("json", returnReasonCode={}),
            ".cmmMsgHeader.returnReasonCode",
            "an object where a number or text is expected",
        ),
        (
            gateway("json", returnReasonCode="1", returnAuthMsg=[]),
            ".cmmMsgHeader.returnAuthMsg",
            "an array where a number or text is expected",
        ),
        (
            gateway("xml", returnReasonCode="<a/>"),
            ".cmmMsgHeader.returnReasonCode",
            "an object where a number or text is expected",
        ),
        (
            gateway("xml", returnReasonCode="1</returnReasonCode><returnReasonCode>1"),
            ".cmmMsgHeader.returnReasonCode",
            "occurs more than once",
        ),
    ],
)
def test_a_gateway_of_another_shape(page, place, problem, engine):
    assert place_and_problem(page, engine) == (f"OpenAPI_ServiceResponse{place}", problem)


def test_the_gateway_goes_first(engine):
    page = json.loads(gateway("json", returnReasonCode="30")) | json.loads(of_items(KEYS))
    assert service_error(json.dumps(page), engine).code == "30"


# Root and header


@pytest.mark.parametrize(
    ("page", "members"),
    [
        ("{}", "none"),
        ('{"Response": {}}', "Response"),
        ('{"a":1,"b":1,"c":1,"d":1,"e":1}', "a, b, c, d, e"),
        ('{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1}', "a, b, c, d, e, …"),
        (json.dumps({"n" * 41: 1}), "n" * 40 + "…"),
        ("<Response/>", "Response"),
        ('{"reponse": {}}', "reponse"),
    ],
)
def test_a_root_without_an_answer(page, members, engine):
    expected = ("", f'has no member "response"; its members are: {members}')
    assert place_and_problem(page, engine) == expected


def test_a_root_without_an_answer_of_wind(engine):
    expected = ("", 'has no member "reponse"; its members are: a')
    assert place_and_problem('{"a": 1}', engine, "namdong_wind") == expected


@pytest.mark.parametrize("name", ["reponse", "response"])
def test_both_spellings_of_the_root_of_wind(name, engine):
    page = json.dumps({name: {"body": {"content": [WIND]}}})
    assert rows(page, engine, "namdong_wind") == HOURS
    bad = json.dumps({name: {"body": {"content": [WIND, 1]}}})
    expected = (f"{name}.body.content[1]", "a number where an object is expected")
    assert place_and_problem(bad, engine, "namdong_wind") == expected


def test_both_roots_of_wind_at_once(engine):
    page = json.dumps({"response": {"body": {"content": []}}, "reponse": None})
    assert place_and_problem(page, engine, "namdong_wind") == ("", 'has both "reponse" and "response"')


@pytest.mark.parametrize(
    ("value", "kind"),
    [(None, "null"), ([], "an array"), ("", "a text"), (1, "a number"), (True, "a boolean")],
)
def test_what_is_no_object(value, kind, engine):
    problem = f"{kind} where an object is expected"
    assert place_and_problem(json.dumps({"response": value}), engine) == ("response", problem)
    header, body = (of_body({}, header=value), of_body(value))
    missing = "is missing" if value is None else problem
    assert place_and_problem(header, engine) == ("response.header", missing)
    assert place_and_problem(body, engine) == ("response.body", missing)
    assert place_and_problem(of_items(KEYS, value), engine) == ("response.body.items.item[1]", problem)


def test_an_absent_header(engine):
    for source, item in (("asos", KEYS), ("nambu_solar", SOLAR)):
        page = json.dumps({"response": {"body": {"items": {"item": item}}}})
        assert place_and_problem(page, engine, source) == ("response.header", "is missing")
    page = json.dumps({"reponse": {"header": None, "body": {"content": [WIND]}}})
    assert rows(page, engine, "namdong_wind") == HOURS


@pytest.mark.parametrize(
    "header",
    [
        {"resultCode": "00", "resultMsg": "?"}, {"resultCode": "0"}, {"resultCode": 0}, {"resultCode": " 000 "},
        {"resultMsg": "normal"}, {"resultMsg": " Normal Service."}, {"resultCode": None, "resultMsg": "NORMAL_CODE"},
        {"resultCode": "99", "resultMsg": "NORMAL"}, {"resultCode": "OK", "resultMsg": "NORMAL"},
        {"resultCode": "", "resultMsg": "NORMAL"}, {"resultCode": "00", "other": {}},
    ],
)  # fmt: skip
def test_headers_of_success(header, engine):
    assert rows(of_body({"items": {"item": KEYS}}, header), engine) == 1
    page = json.dumps({"reponse": {"header": header, "body": {"content": [WIND]}}})
    assert rows(page, engine, "namdong_wind") == HOURS


def test_code_800_is_success_of_solar_alone(engine):
    header = {"resultCode": "800", "resultMsg": "?"}
    assert rows(of_body({"items": {"item": SOLAR}}, header), engine, "nambu_solar") == HOURS
    assert service_error(of_body({"items": {"item": KEYS}}, header), engine).code == "800"


@pytest.mark.parametrize("source", fetched_datasets())
@pytest.mark.parametrize("code", ["03", "3", 3, " 0003 "])
def test_no_data(source, code, engine):
    page = of_body([KEYS, 1], {"resultCode": code, "resultMsg": "NODATA_ERROR"})
    table, report = rows_from_api_payload(page, source, report=True, use_rust=engine)
    assert (table.num_rows, table.schema) == (0, COLUMNS[source])
    assert report.to_dict()["pages"] == [
        {"items": 0, "page_no": None, "rows_per_page": None, "total_count": None, "last": None}
    ]


@pytest.mark.parametrize("source", ["asos", "nambu_solar"])
def test_no_data_in_xml(source, engine):
    page = "<response><header><resultCode>03</resultCode></header></response>"
    assert rows(page, engine, source) == 0


@pytest.mark.parametrize(
    ("header", "code", "message"),
    [
        ({"resultCode": "99", "resultMsg": " 전날 자료까지 제공됩니다. "}, "99", "전날 자료까지 제공됩니다."),
        ({"resultCode": 1, "resultMsg": None}, "01", ""),
        ({"resultCode": "0022", "resultMsg": 7}, "22", "7"),
        ({"resultCode": "ERR", "resultMsg": "ABNORMAL"}, "ERR", "ABNORMAL"),
        ({"resultCode": 0.0}, "0.0", ""),
        ({"resultCode": "-1"}, "-1", ""),
        ({"resultCode": "１"}, "１", ""),
        ({"resultCode": "9" * 5000}, "9" * 5000, ""),
    ],
)
@pytest.mark.parametrize("source", fetched_datasets())
def test_an_error_of_the_service(header, code, message, source, engine):
    error = service_error(of_body({}, header), engine, source)
    assert (error.code, error.message) == (code, message)


@pytest.mark.parametrize(
    ("header", "place", "problem"),
    [
        ({}, ".resultCode", "is missing"),
        ({"resultMsg": "ERROR"}, ".resultCode", "is missing"),
        ({"resultCode": " ", "resultMsg": "ERROR"}, ".resultCode", "is missing"),
        ({"resultCode": None}, ".resultCode", "is missing"),
        ({"resultCode": True}, ".resultCode", "a boolean where a number or text is expected"),
        ({"resultCode": "00", "resultMsg": []}, ".resultMsg", "an array where a number or text is expected"),
        ({"resultCode": {}, "resultMsg": []}, ".resultCode", "an object where a number or text is expected"),
    ],
)
def test_a_header_of_another_shape(header, place, problem, engine):
    for source in fetched_datasets():
        assert place_and_problem(of_body({}, header), engine, source) == (f"response.header{place}", problem)


@pytest.mark.parametrize(
    ("page", "place"),
    [
        ("<response><header/><header/><body/></response>", "header"),
        (of_xml("", "<resultCode>00</resultCode><resultCode>00</resultCode>"), "header.resultCode"),
        (of_xml("", "<resultCode>00</resultCode><resultMsg/><resultMsg/>"), "header.resultMsg"),
        ("<response><header><resultCode>0</resultCode></header><body/><body/></response>", "body"),
        (of_xml("<pageNo/><pageNo/>"), "body.pageNo"),
        (of_xml("<last/><last/><totalCnt/><totalCnt/>"), "body.totalCnt"),
        (of_xml("<items/><items/>"), "body.items"),
    ],
)
def test_an_element_of_the_envelope_twice(page, place, engine):
    assert place_and_problem(page, engine) == (f"response.{place}", "occurs more than once")


def test_unknown_members_of_the_envelope_say_nothing(engine):
    page = "<response>x<a/><a/>" + of_xml(f"<b/>y<b/><items>{elements(**KEYS)}</items>")[10:]
    assert rows(page, engine) == 1
    page = json.loads(of_items(KEYS, dataType="JSON", x=[{}]))
    page["response"]["y"] = page["z"] = {"header": 1}
    assert rows(json.dumps(page), engine) == 1


def test_the_order_of_members_does_not_matter(engine):
    page = json.dumps({"response": {"body": {"items": {"item": [KEYS]}}, "header": OK}})
    assert rows(page, engine) == 1
    page = json.dumps({"response": {"body": {"items": {"item": [{}, 1]}}, "header": {"resultCode": "22"}}})
    assert service_error(page, engine).code == "22"
    page = json.dumps({"response": {"body": {"items": {"item": [{}, 1]}}, "header": {"resultCode": "3"}}})
    assert rows(page, engine) == 0


# Items


@pytest.mark.parametrize("items", [None, "", " \u3000", {}, [], {"item": None}, {"item": ""}, {"item": []}])
def test_no_items(items, engine):
    assert rows(of_body({"items": items}), engine) == 0
    assert hourly(of_body({"items": items}), engine, "nambu_solar").num_rows == 0


@pytest.mark.parametrize("items", ["<items/>", "<items> \n\u00a0</items>", "<items><!-- none --></items>"])
def test_no_items_in_xml(items, engine):
    assert rows(of_xml(items), engine) == 0


@pytest.mark.parametrize("count", [{"totalCount": 0}, {"totalCount": "0"}, {"totalCnt": "00"}])
def test_absent_items(count, engine):
    assert rows(of_body(count), engine) == 0
    assert rows(of_xml(elements(**count)), engine) == 0


@pytest.mark.parametrize("body", [{"a": 1}, {"totalCount": 1}, {"totalCount": ""}, {"totalCount": "0.0"}])
def test_absent_items_without_a_count_of_zero(body, engine):
    assert place_and_problem(of_body(body), engine) == ("response.body.items", "is missing")


@pytest.mark.parametrize("items", [KEYS, [KEYS], {"item": KEYS}, {"item": [KEYS]}])
def test_shapes_of_one_item(items, engine):
    assert rows(of_body({"items": items}), engine) == 1


@pytest.mark.parametrize(
    ("items", "place", "problem"),
    [
        ("x", "", "a text where a list of items is expected"),
        (5, "", "a number where a list of items is expected"),
        (False, "", "a boolean where a list of items is expected"),
        ({"item": "x"}, ".item", "a text where a list of items is expected"),
        ({"item": True}, ".item", "a boolean where a list of items is expected"),
        ({"item": [], "a": 1}, "", 'has members beside "item": a'),
        ({"b": 1, "item": 1, "a": 1}, "", 'has members beside "item": b, a'),
        ([KEYS, None], "[1]", "null where an object is expected"),
        ({"item": [KEYS, []]}, ".item[1]", "an array where an object is expected"),
        ({"a": 1}, ".stnId", "is missing"),
        ([{}], "[0].stnId", "is missing"),
        ({"item": {}}, ".item[0].stnId", "is missing"),
        ({"item": [KEYS, {}]}, ".item[1].stnId", "is missing"),
    ],
)
def test_items_of_another_shape(items, place, problem, engine):
    expected = (f"response.body.items{place}", problem)
    assert place_and_problem(of_body({"items": items}), engine) == expected


ITEM = f"<item>{elements(**KEYS)}</item>"


@pytest.mark.parametrize(
    ("items", "place", "problem"),
    [
        ("x", "", "a text where a list of items is expected"),
        (f"x{ITEM}", "", "text between the elements"),
        (f"{ITEM}<![CDATA[x]]>", "", "text between the elements"),
        (f"x{elements(**KEYS)}", "", "text between the elements"),
        (f"x{ITEM}<a/>", "", "text between the elements"),
        (f"{ITEM}<a/>", "", 'has members beside "item": a'),
        (f"<a/>{ITEM}<b/><a/>{ITEM}", "", 'has members beside "item": a, b'),
        (f"{ITEM}<item/>", ".item[1].stnId", "is missing"),
        (f"{ITEM}<item> </item>", ".item[1].stnId", "is missing"),
        (f"{ITEM}<item>x</item>", ".item[1]", "a text where an object is expected"),
        (f"{ITEM}<item>x{elements(**KEYS)}</item>", ".item[1]", "text between the elements"),
        (f"{ITEM}<item><tm/><x/><x/><tm/></item>", ".item[1].x", "occurs more than once"),
        (f"<item>{elements(**KEYS)}<tm><x/></tm></item>", ".item[0].tm", "occurs more than once"),
        (f"{elements(**KEYS)}<tm/>", ".tm", "occurs more than once"),
        ("<a/>", ".stnId", "is missing"),
        (
            f"<item>{elements(**KEYS)}<ta><b/></ta></item>",
            ".item[0].ta",
            "an object where a number or text is expected",
        ),
    ],
)
def test_items_of_another_shape_in_xml(items, place, problem, engine):
    expected = (f"response.body.items{place}", problem)
    assert place_and_problem(of_xml(f"<items>{items}</items>"), engine) == expected


@pytest.mark.parametrize("content", [None, "", " ", [], {}])
def test_no_content(content, engine):
    page = json.dumps({"reponse": {"body": {"content": content}}})
    assert hourly(page, engine, "namdong_wind").num_rows == 0


@pytest.mark.parametrize("content", [WIND, [WIND]])
def test_one_day_of_wind(content, engine):
    page = json.dumps({"reponse": {"body": {"content": content}}})
    assert rows(page, engine, "namdong_wind") == HOURS


@pytest.mark.parametrize(
    ("body", "place", "problem"),
    [
        ({"items": []}, ".content", "is missing"),
        ({"content": "x"}, ".content", "a text where a list of items is expected"),
        ({"content": 0}, ".content", "a number where a list of items is expected"),
        ({"content": [WIND, "x"]}, ".content[1]", "a text where an object is expected"),
        ({"content": {"a": 1}}, ".content[0].dgenYmd", "is missing"),
        ({"content": {"item": WIND}}, ".content[0].dgenYmd", "is missing"),
    ],
)
def test_content_of_another_shape(body, place, problem, engine):
    page = json.dumps({"reponse": {"body": body}})
    assert place_and_problem(page, engine, "namdong_wind") == (f"reponse.body{place}", problem)


# Values

NUMBERS = [
    ("1", 1.0), ("-1.5", -1.5), (".6", 0.6), ("-.8", -0.8), ("+5.", 5.0), ("1e3", 1000.0), ("1E-3", 0.001),
    (" 7 ", 7.0), ("\u00a0\u3000\ufeff7\r\n", 7.0), ("007", 7.0), ("1e-999", 0.0), ("0e999999999999", 0.0),
    ("0.1000000000000000055511151231257827021181583404541015625", 0.1), ("9007199254740993", 9007199254740992.0),
    ("2.2250738585072011e-308", 2.225073858507201e-308), ("4.9e-324", 5e-324), ("2.4e-324", 0.0),
    ("1.7976931348623157e308", 1.7976931348623157e308), ("1.7976931348623158e308", 1.7976931348623157e308),
    ("123456789012345678901234567890", 1.2345678901234568e29), ("8.41e21", 8.41e21),
    ("9007199254740991e22", 9007199254740991e22),
    ("0." + "0" * 400 + "1", 0.0), ("1" + "0" * 300, 1e300), ("5" * 300 + "e-300", float("5" * 300 + "e-300")),
    ("1." + "1" * 5000, 1.1111111111111112), ("0" * 5000 + "3", 3.0),
]  # fmt: skip


@pytest.mark.parametrize(("text", "number"), NUMBERS, ids=short)
def test_a_text_that_is_a_number(text, number, engine):
    report = reported(of_items(KEYS | {"ta": text}), engine)
    assert row(of_items(KEYS | {"ta": text}), engine)["ta"] == number
    assert report.coerced == {}


@pytest.mark.parametrize(
    "literal", ["1", "-1.5", "1e3", "1E-3", "1e-999", "9007199254740993", "4.9e-324", "0.1e1", "5" * 300]
)
def test_a_number_that_is_a_number(literal, engine):
    page = of_items(KEYS | {"ta": "?"}).replace('"?"', literal)
    assert row(page, engine)["ta"] == float(literal)


@pytest.mark.parametrize("zero", ["-0", "-0.0", '"-0"', '"-.0"', "-1e-999", "-0e5"])
def test_a_negative_zero_keeps_its_sign(zero, engine):
    page = of_items(KEYS | {"ta": "?"}).replace('"?"', zero)
    assert math.copysign(1, row(page, engine)["ta"]) == -1


@pytest.mark.parametrize(
    "text",
    ["-", "x", "nan", "NaN", "inf", "Infinity", "-inf", "1,000", "1_0", "0x10", "1 2", "１", "e5", "1e", ".", "+",
     "--1", "1.2.3", "1e5.0", "1e+", "½", "1\x00", "\x001", "1\u2028", "\x0b1", "1d", "null", "true", "١"],
)  # fmt: skip
def test_a_text_that_is_no_number_is_missing_and_counted(text, engine):
    page = of_items(KEYS | {"ta": text, "rn": ""}, KEYS | {"ta": text, "taQcflg": "x"}, KEYS)
    table, report = rows_from_api_payload(page, "asos", report=True, use_rust=engine)
    assert table["ta"].to_pylist() == [None, None, None]
    assert report.coerced == {"ta": 2, "taQcflg": 1}
    assert list(report.coerced) == ["ta", "taQcflg"]


@pytest.mark.parametrize("blank", ["", " ", "\u00a0", "\u3000", "\ufeff", "\t\r\n", None])
def test_a_blank_is_missing_and_not_counted(blank, engine):
    fields = dict.fromkeys(["ta", "taQcflg", "clfmAbbrCd"], blank)
    table, report = rows_from_api_payload(of_items(KEYS | fields), "asos", report=True, use_rust=engine)
    assert table.select(list(fields)).to_pylist() == [dict.fromkeys(fields)]
    assert report.coerced == {}


@pytest.mark.parametrize("text", ["1e999", "-1e999", "9" * 400, "1.7976931348623159e308", "9" * 100_000], ids=short)
@pytest.mark.parametrize("quoted", [False, True])
def test_a_number_that_is_too_large(text, quoted, engine):
    page = of_items(KEYS, KEYS | {"ta": "?"}).replace('"?"', f'"{text}"' if quoted else text)
    shown = text if len(text) <= 40 else text[:40] + "…"
    expected = ("response.body.items.item[1].ta", f'"{shown}" is too large for a number')
    assert place_and_problem(page, engine) == expected


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("9", 9), ("-128", -128), ("127", 127), ("+1", 1), ("1.0", 1), ("1e2", 100), ("-0", 0), ("0" * 5000 + "1", 1),
        ("128", None), ("-129", None), ("1.5", None), ("1e3", None), ("x", None), ("1e999", None), ("9" * 5000, None),
        ("1e-999", 0), (".", None), ("１", None),
    ],
    ids=short,
)  # fmt: skip
@pytest.mark.parametrize("form", ["json", "xml"])
def test_a_flag(text, number, form, engine):
    fields = KEYS | {"taQcflg": text}
    page = of_items(fields) if form == "json" else of_xml(f"<items>{elements(**fields)}</items>")
    table, report = rows_from_api_payload(page, "asos", report=True, use_rust=engine)
    assert table["taQcflg"].to_pylist() == [number]
    assert report.coerced == ({} if number is not None else {"taQcflg": 1})


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("108", 108), ("9007199254740993", 2**53 + 1), ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)), ("1.08e2", 108), ("9007199254740993.0", 2**53), ("00", 0),
    ],
)  # fmt: skip
def test_a_station(text, number, engine):
    assert row(of_items(KEYS | {"stnId": text}), engine)["stnId"] == number


def test_a_station_as_a_number(engine):
    assert row(of_items(KEYS | {"stnId": 108}), engine)["stnId"] == 108
    assert row(of_items(KEYS | {"stnId": 108.0}), engine)["stnId"] == 108


@pytest.mark.parametrize(
    "text",
    ["x", "1.5", "9223372036854775808", "-9223372036854775809", "9223372036854775807.0", "1e300", "1e999", "9" * 5000],
    ids=short,
)
def test_a_station_that_is_no_whole_number(text, engine):
    shown = text if len(text) <= 40 else text[:40] + "…"
    expected = f'"{shown}" is no whole number from -9223372036854775808 to 9223372036854775807'
    page = of_items(KEYS, KEYS | {"stnId": text})
    assert place_and_problem(page, engine) == ("response.body.items.item[1].stnId", expected)


@pytest.mark.parametrize(
    ("text", "stamp"),
    [
        ("2024-01-01 01:02", datetime(2024, 1, 1, 1, 2)),
        ("2024-01-01 01:02:03", datetime(2024, 1, 1, 1, 2, 3)),
        ("2024-01-01T01:02", datetime(2024, 1, 1, 1, 2)),
        ("2024-01-01T01:02:03", datetime(2024, 1, 1, 1, 2, 3)),
        ("202401010102", datetime(2024, 1, 1, 1, 2)),
        (202401010102, datetime(2024, 1, 1, 1, 2)),
        (" 2024-02-29 23:59\u3000", datetime(2024, 2, 29, 23, 59)),
        ("0001-01-01 00:00", datetime(1, 1, 1)),
        ("9999-12-31 23:59", datetime(9999, 12, 31, 23, 59)),
    ],
)
def test_a_stamp(text, stamp, engine):
    assert row(of_items(KEYS | {"tm": text}), engine)["tm"] == stamp


@pytest.mark.parametrize(
    "text",
    ["abc", "2024-01-01", "2024-01-01 24:00", "2023-02-29 00:00", "2024-1-1 00:00", "0000-01-01 00:00", "20240101",
     "2024-01-01 00:00Z", "2024-01-01  00:00", "２024-01-01 00:00", "2024-01-01\n00:00", "2024-01-01 00:00:60"],
)  # fmt: skip
def test_what_is_no_stamp(text, engine):
    forms = "accepted: YYYY-MM-DD HH:MM[:SS], YYYY-MM-DDTHH:MM[:SS] and YYYYMMDDHHMM"
    shown = text.replace("\n", " ")
    expected = ("response.body.items.item[1].tm", f'"{shown}" is no time stamp ({forms})')
    assert place_and_problem(of_items(KEYS, KEYS | {"tm": text}), engine) == expected


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-02-29", datetime(2024, 2, 29)), ("20240229", datetime(2024, 2, 29)), (20240229, datetime(2024, 2, 29)),
        (" 2024-02-29\n", datetime(2024, 2, 29)), ("0001-01-01", datetime(1, 1, 1)),
        ("9999-12-31", datetime(9999, 12, 31)),
    ],
)  # fmt: skip
def test_a_date(text, day, engine):
    [start, *_, last_start] = hourly(of_items(sunny(ymd=text)), engine, "nambu_solar")["timestamp"].to_pylist()
    assert (start, last_start) == (day, day.replace(hour=23))
    ends = hourly(of_wind(windy(dgenYmd=text)), engine, "namdong_wind")["timestamp"]
    assert ends[0].as_py() == day.replace(hour=1)
    # The end of the year 9999 is more than a Python datetime can hold.
    assert ends[23].value - ends[0].value == 23 * HOUR // timedelta(microseconds=1)


@pytest.mark.parametrize(
    "text",
    ["2023-02-29", "20230229", "2024-00-01", "2024-13-01", "2024-1-1", "240101", "2024-01-01 00:00", "0000-01-01",
     "2024/01/01", "202401011", "２0240101"],
)  # fmt: skip
def test_what_is_no_date(text, engine):
    expected = ("reponse.body.content[0].dgenYmd", f'"{text}" is no date (accepted: YYYY-MM-DD and YYYYMMDD)')
    assert place_and_problem(of_wind(WIND | {"dgenYmd": text}), engine, "namdong_wind") == expected


@pytest.mark.parametrize(
    ("literal", "text"),
    [("108", "108"), ("1.50", "1.50"), ("1E5", "1E5"), ("-0", "-0"), ('" a b "', "a b"), ('"\\u0041\\n"', "A"),
     ('"\\u0000"', "\x00"), ('"\\ud83d\\ude00"', "😀"), ("9" * 5000, "9" * 5000)],
    ids=short,
)  # fmt: skip
def test_a_text(literal, text, engine):
    page = of_items(KEYS | {"clfmAbbrCd": "?", "stnNm": "!"}).replace('"?"', literal).replace('"!"', literal)
    answer = row(page, engine)
    assert (answer["clfmAbbrCd"], answer["stnNm"]) == (text, text)


@pytest.mark.parametrize("field", ["tm", "stnId", "stnNm", "ta", "taQcflg", "clfmAbbrCd"])
@pytest.mark.parametrize(
    ("value", "kind"), [({}, "an object"), ([1], "an array"), (True, "a boolean"), (False, "a boolean")]
)
def test_a_value_of_an_impossible_kind(field, value, kind, engine):
    page = of_items(KEYS, KEYS | {field: value})
    expected = (f"response.body.items.item[1].{field}", f"{kind} where a number or text is expected")
    assert place_and_problem(page, engine) == expected


@pytest.mark.parametrize(
    ("source", "item"),
    [("asos", KEYS), ("namdong_wind", WIND), ("nambu_solar", SOLAR)],
    ids=lambda value: str(value)[:5],
)
def test_required_fields(source, item, engine):
    wrap, place = (of_wind, "reponse.body.content[1]") if source == "namdong_wind" else (
        of_items, "response.body.items.item[1]")  # fmt: skip
    for field in DATASETS[source].service.fields:
        if not field.required:
            continue
        without = {name: value for name, value in item.items() if name != field.name}
        for bad, problem in [
            (without, "is missing"),
            (item | {field.name: None}, "is missing"),
            (item | {field.name: ""}, "is blank"),
            (item | {field.name: "\u3000"}, "is blank"),
        ]:
            expected = (f"{place}.{field.name}", problem)
            assert place_and_problem(wrap(item, bad), engine, source) == expected


def test_an_item_without_any_hour(engine):
    wind = {name: value for name, value in WIND.items() if name != "qhorGen01"}
    expected = ("reponse.body.content[1]", "has none of the fields qhorGen01 to qhorGen24")
    assert place_and_problem(of_wind(WIND, wind), engine, "namdong_wind") == expected
    solar = {name: value for name, value in SOLAR.items() if name != "qhorgen01"}
    expected = ("response.body.items", "has none of the fields qhorgen01 to qhorgen24")
    assert place_and_problem(of_body({"items": solar}), engine, "nambu_solar") == expected
    assert rows(of_wind(wind | {"qhorGen24": None}), engine, "namdong_wind") == HOURS


# Which error comes first


@pytest.mark.parametrize(
    ("items", "place"),
    [
        ([KEYS | {"ta": "1e999"}, {}], "[0].ta"),
        ([KEYS | {"m03Te": "1e999"}, KEYS | {"ta": "1e999"}], "[0].m03Te"),
        ([{"ta": "1e999"}], "[0].ta"),
        ([KEYS | {"ta": {}, "rn": "1e999"}], "[0].ta"),
        ([KEYS | {"rn": "1e999", "ta": {}}], "[0].rn"),
        ([{"stnNm": "", "tm": "x", "stnId": "y"}], "[0].tm"),
        ([{"stnNm": "", "stnId": "y", "tm": "x"}], "[0].stnId"),
        ([{"stnNm": "", "tm": ""}], "[0].stnId"),
        ([{"stnId": "1", "tm": "", "stnNm": ""}], "[0].stnNm"),
        ([KEYS, {"tm": "", "stnNm": "", "stnId": "1"}, None], "[1].stnNm"),
        ([KEYS, None, {}], "[1]"),
    ],
)
def test_the_first_error_of_items(items, place, engine):
    assert refused(of_items(*items), engine).place == f"response.body.items.item{place}"


def test_structure_comes_before_values_in_xml(engine):
    page = of_xml("<items><item><ta>1e999</ta><x/><x/></item></items>")
    assert refused(page, engine).place == "response.body.items.item[0].x"
    page = of_xml("<items><item><ta>1e999</ta><x/><x/>text</item></items>")
    assert place_and_problem(page, engine) == ("response.body.items.item[0]", "text between the elements")


def test_an_earlier_item_comes_before_structure(engine):
    page = of_xml("<items><item><ta>1e999</ta></item><item>x</item></items>")
    assert refused(page, engine).place == "response.body.items.item[0].ta"


# Pages


@pytest.mark.parametrize("source", ["namdong_wind", "nambu_solar"])
def test_pages_of_days_are_put_one_behind_the_other(source, engine):
    make, items = (of_wind, [windy(qhorGen01=number) for number in range(3)]) if source == "namdong_wind" else (
        of_items, [sunny(qhorgen01=number) for number in range(3)])  # fmt: skip
    pages = [make(*items[:2]), make(), make(items[2])]
    together = hourly(pages, engine, source)
    assert together.equals(pa.concat_tables([hourly(page, engine, source) for page in pages]))
    assert together.equals(hourly(make(*items), engine, source))
    assert [hours[0] for hours in of_each_item(together, "generation")] == [0.0, 1.0, 2.0]


def test_pages_are_put_one_behind_the_other(engine):
    pages = [of_items(KEYS, KEYS | {"ta": "1"}), of_xml("<items/>"), of_xml(f"<items>{elements(**KEYS, ta=2)}</items>")]
    table, report = rows_from_api_payload(pages, "asos", report=True, use_rust=engine)
    assert table["ta"].to_pylist() == [None, 1.0, 2.0]
    assert [page.items for page in report.pages] == [2, 0, 1]
    assert report.items == 3


def test_an_error_names_its_page(engine):
    good, bad = of_items(KEYS), of_items(KEYS, KEYS | {"tm": "abc"})
    error = refused([good, bad], engine)
    assert (error.page, error.place) == (2, "response.body.items.item[1].tm")
    assert str(error).startswith('page 2, response.body.items.item[1].tm: "abc" is no time stamp (')
    assert str(refused([bad], engine)).startswith("page 1, response")
    assert refused(bad, engine).page == 1
    assert str(refused([good, good, ""], engine)) == f"page 3: the body is empty{ADVICE}"


def test_an_error_of_the_service_names_its_page(engine):
    pages = [of_items(KEYS), of_body({}, {"resultCode": "22", "resultMsg": "LIMITED"})]
    error = service_error(pages, engine)
    assert (error.page, error.code) == (2, "22")
    assert str(error).startswith("page 2: the service answered with code 22: LIMITED (")


@pytest.mark.parametrize(
    ("pages", "page"),
    [
        ([of_items({}), "{"], 1),
        (["{", of_items({})], 1),
        ([of_items(KEYS), "{", of_items({})], 2),
        ([of_items({}), of_body({}, {"resultCode": "22"})], 1),
        ([of_items(), of_items(KEYS), of_items(KEYS, {})], 3),
    ],
)
def test_the_first_page_with_an_error_counts(pages, page, engine):
    assert refused(pages, engine).page == page


# The report


@pytest.mark.parametrize(
    ("body", "page"),
    [
        ({"pageNo": 1, "numOfRows": 10, "totalCount": 100}, (1, 10, 100, None)),
        ({"pageNo": " 1 ", "numOfRows": "0010", "totalCnt": "100"}, (1, 10, 100, None)),
        ({"totalCount": "x", "totalCnt": 5, "last": True}, (None, None, 5, True)),
        ({"totalCount": 0, "totalCnt": 5, "last": "FALSE"}, (None, None, 0, False)),
        ({"pageNo": -1, "numOfRows": 1.0, "totalCount": "1e3", "last": "yes"}, (None, None, None, None)),
        ({"pageNo": [], "numOfRows": {}, "totalCount": True, "last": 1}, (None, None, None, None)),
        ({"pageNo": "9" * 18, "numOfRows": "9" * 19, "totalCount": None, "last": None}, (10**18 - 1, None, None, None)),
        ({"pageNo": "１", "last": " true "}, (None, None, None, True)),
    ],
)
def test_what_a_page_says_of_itself(body, page, engine):
    for source, payload in [("asos", of_items(**body)), ("namdong_wind", of_wind(**body))]:
        [info] = reported(payload, engine, source).pages
        assert (info.page_no, info.rows_per_page, info.total_count, info.last) == page
        assert info.items == 0


def test_what_a_page_of_xml_says_of_itself(engine):
    page = of_xml("<items/><pageNo>1</pageNo><numOfRows><a/></numOfRows><totalCnt> 7 </totalCnt><last>true</last>")
    [info] = reported(page, engine, "nambu_solar").pages
    assert (info.page_no, info.rows_per_page, info.total_count, info.last) == (1, None, 7, True)


def test_drift(engine):
    full = {field.name: KEYS.get(field.name, "") for field in ASOS.service.fields}
    assert reported(of_items(full, full), engine).drift.is_empty
    without = {name: value for name, value in full.items() if name not in ("rn", "ta", "rnum")}
    changed = full | {"ws": 1.5, "stnId": 108, "hm": None, "z": {"y": [1]}, "a": None}
    drift = reported([of_items(changed, without), of_items(without | {"z": 1, "b": 1, "ws": None})], engine).drift
    assert drift.unknown_fields == {"z": 2, "a": 1, "b": 1}
    assert list(drift.unknown_fields) == ["z", "a", "b"]
    assert drift.vanished_fields == {"ta": 2, "rn": 2}
    assert list(drift.vanished_fields) == ["ta", "rn"]
    assert drift.retyped_fields == {"stnId": {"number": 1}, "ws": {"number": 1, "null": 1}, "hm": {"null": 1}}
    assert list(drift.retyped_fields) == ["stnId", "ws", "hm"]
    assert not drift.is_empty


def test_numbers_and_texts_are_both_documented_for_power(engine):
    hours = {f"qhorGen{hour:02}": hour if hour % 2 else str(hour) for hour in range(1, 25)}
    rest = {"ippt": 1, "hogi": "1", "qsum": 1, "qavg": "1", "qvodMax": 1, "qvodMin": "1"}
    assert reported(of_wind(WIND | hours | rest), engine, "namdong_wind").drift.is_empty
    drift = reported(of_wind(WIND | hours | rest | {"ipptNam": 5, "qsum": None}), engine, "namdong_wind").drift
    assert drift.retyped_fields == {"ipptNam": {"number": 1}, "qsum": {"null": 1}}


def test_rnum_is_known_and_not_looked_at(engine):
    for value in (None, 5, {}, [], True, "x"):
        full = {field.name: KEYS.get(field.name, "") for field in ASOS.service.fields} | {"rnum": value}
        assert reported(of_items(full), engine).drift.is_empty


def test_the_report_as_plain_types(engine):
    report = reported([of_items(KEYS | {"x": "", "ta": "?"}), of_items()], engine)
    said = report.to_dict()
    assert json.loads(json.dumps(said)) == said
    assert said["items"] == 1
    assert said["pages"][0]["items"] == 1
    assert said["coerced"] == {"ta": 1}
    assert said["drift"]["unknown_fields"] == {"x": 1}
    assert said["total_mismatches"] == []
    assert report.engine == ("rust" if engine else "reference")
    assert report.engine_reason == f"use_rust={engine}"
    assert report.seconds >= 0


# Errors as objects


@pytest.mark.parametrize("error", [
    PayloadError("is blank", "response.body.items.item[3].tm", 2, alone=False),
    PayloadError("the body is empty"),
    ApiError("22", "LIMITED", 3, alone=False),
    ApiError("ERR", ""),
])  # fmt: skip
def test_errors_survive_pickling(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (str(again), vars(again)) == (str(error), vars(error))


def test_errors_are_builtin_ones_too():
    assert issubclass(PayloadError, ValueError)
    assert issubclass(ApiError, RuntimeError)
    assert issubclass(PayloadError, DataLayerError)
    assert issubclass(ApiError, DataLayerError)


def test_which_codes_are_worth_another_try():
    assert {code for code in CODE_MEANINGS if ApiError(code, "").retryable} == {"01", "02", "04", "05"}
    assert {code for code in CODE_MEANINGS if ApiError(code, "").stop_until_tomorrow} == {"22"}
    unknown = ApiError("77", "?")
    assert not unknown.retryable
    assert "77" in str(unknown)


def test_no_service_key_in_an_error(engine):
    secret = "abc%2Bdef"
    pages = [
        f"https://x/?serviceKey={secret}&a=1",
        of_items(KEYS | {"tm": f"?ServiceKey={secret}"}),
        json.dumps({f"serviceKey={secret}": 1}),
        gateway("json", returnReasonCode="30", returnAuthMsg=f"bad serviceKey={secret}"),
    ]
    for page in pages:
        with pytest.raises((PayloadError, ApiError)) as info:
            rows_from_api_payload(page, "asos", use_rust=engine)
        assert secret not in f"{info.value} {vars(info.value)} {info.value.__cause__}"
        assert "=***" in str(info.value)
        assert secret not in "".join(traceback.format_exception(info.value))
