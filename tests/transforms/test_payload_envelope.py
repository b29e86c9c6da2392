"""Answers of a service that nobody runs, whose envelope and fields are its own, on both engines."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from energy_data_layer import ApiError, PayloadError
from energy_data_layer.datasets.dataset import PageInfo
from energy_data_layer.datasets.envelope import Envelope
from energy_data_layer.datasets.payload_fields import PayloadField
from energy_data_layer.errors import OptionError
from energy_data_layer.transforms.payload_rows.reference import payload_rows
from energy_data_layer.transforms.payload_rows.rust import payload_rows_in_rust

ENVELOPE = Envelope(
    roots=("result",),
    header="status",
    code="state",
    message="text",
    success=("ok", "7"),
    success_message="",
    no_data=("empty",),
    body="data",
    items="rows",
    item="",
    page_no="page",
    rows_per_page="size",
    last="end",
    total_count=("total",),
    xml=False,
)
FIELDS = (
    PayloadField("day", "date", pa.date32(), required=True),
    PayloadField("unit", "text", pa.string()),
    PayloadField("power", "number", pa.float64(), documented=("number",)),
    PayloadField("state", "integer", pa.int8(), documented=("number",)),
)
ROW = {"day": "2024-01-01", "unit": "a", "power": 1.5, "state": 1}


def of_data(data: Any, state: Any = "ok") -> str:
    return json.dumps({"result": {"status": {"state": state, "text": "as usual"}, "data": data}})


def read(page: str, engine: bool, envelope: Envelope = ENVELOPE) -> Any:
    run = payload_rows_in_rust if engine else payload_rows
    return run([page], envelope, FIELDS, alone=True)


def problem(page: str, engine: bool, envelope: Envelope = ENVELOPE) -> tuple[str, str]:
    with pytest.raises(PayloadError) as info:
        read(page, engine, envelope)
    return info.value.place, info.value.problem


@pytest.mark.parametrize("state", ["ok", "7", 7, "007", " ok "])
def test_a_good_answer(state, engine):
    data = {"page": 2, "size": "10", "total": 12, "end": "true", "rows": [ROW, {"day": "20240102", "new": None}]}
    answer = read(of_data(data, state), engine)
    assert answer.table.to_pylist() == [
        {"day": date(2024, 1, 1), "unit": "a", "power": 1.5, "state": 1},
        {"day": date(2024, 1, 2), "unit": None, "power": None, "state": None},
    ]
    assert answer.table.schema == pa.schema([(field.name, field.arrow_type) for field in FIELDS])
    assert answer.pages == (PageInfo(2, page_no=2, rows_per_page=10, total_count=12, last=True),)
    assert answer.drift.unknown_fields == {"new": 1}
    assert answer.drift.vanished_fields == {"unit": 1, "power": 1, "state": 1}
    assert answer.drift.retyped_fields == {}


@pytest.mark.parametrize("rows", [ROW, [ROW]])
def test_one_row(rows, engine):
    assert read(of_data({"rows": rows}), engine).table.num_rows == 1


@pytest.mark.parametrize("data", [{"rows": []}, {"rows": None}, {"rows": {}}, {"rows": " "}, {"total": 0}])
def test_no_rows(data, engine):
    assert read(of_data(data), engine).table.num_rows == 0


def test_the_list_may_be_required_even_of_an_empty_answer(engine):
    envelope = Envelope(roots=("result",), header_required=False, body="data", items="rows", items_required=True)
    assert problem(json.dumps({"result": {"data": {"totalCnt": 0}}}), engine, envelope) == (
        "result.data.rows",
        "is missing",
    )


def test_no_data(engine):
    answer = read(of_data(5, "empty"), engine)
    assert (answer.table.num_rows, answer.pages) == (0, (PageInfo(0),))


@pytest.mark.parametrize("state", ["03", "00", "broken"])
def test_an_error_of_the_service(state, engine):
    page = json.dumps({"result": {"status": {"state": state, "text": "NORMAL"}}})
    with pytest.raises(ApiError) as info:
        read(page, engine)
    assert (info.value.code, info.value.message) == (state, "NORMAL")


def test_an_error_of_the_gateway(engine):
    page = (
        "<OpenAPI_ServiceResponse><cmmMsgHeader><returnReasonCode>22</returnReasonCode></cmmMsgHeader>"
        "</OpenAPI_ServiceResponse>"
    )
    with pytest.raises(ApiError) as info:
        read(page, engine)
    assert info.value.code == "22"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ('{"response": {}}', ("", 'has no member "result"; its members are: response')),
        ("<result/>", ("", "XML came where JSON is expected")),
        ('{"result": []}', ("result", "an array where an object is expected")),
        ('{"result": {"data": {}}}', ("result.status", "is missing")),
        ('{"result": {"status": {}}}', ("result.status.state", "is missing")),
        (
            '{"result": {"status": {"state": []}}}',
            ("result.status.state", "an array where a number or text is expected"),
        ),
        ('{"result": {"status": {"state": "ok"}}}', ("result.data", "is missing")),
        (of_data([]), ("result.data", "an array where an object is expected")),
        (of_data({"items": [ROW]}), ("result.data.rows", "is missing")),
        (of_data({"rows": 5}), ("result.data.rows", "a number where a list of items is expected")),
        (of_data({"rows": [ROW, 5]}), ("result.data.rows[1]", "a number where an object is expected")),
        (of_data({"rows": {"item": [ROW]}}), ("result.data.rows[0].day", "is missing")),
        (of_data({"rows": [ROW, ROW | {"day": ""}]}), ("result.data.rows[1].day", "is blank")),
        (
            of_data({"rows": [ROW | {"power": {}}]}),
            ("result.data.rows[0].power", "an object where a number or text is expected"),
        ),
    ],
)
def test_what_is_wrong_has_a_place(page, expected, engine):
    assert problem(page, engine) == expected


def test_one_row_in_xml_where_the_list_has_no_name_for_each(engine):
    envelope = Envelope(item="")
    page = "<response><header><resultCode>0</resultCode></header><body><items>{}</items></body></response>"
    assert read(page.format("<day>20240101</day>"), engine, envelope).table.num_rows == 1
    assert read(page.format(" "), engine, envelope).table.num_rows == 0
    for items, expected in {
        "<day/>": ("response.body.items[0].day", "is blank"),
        "<day>20240101</day>x": ("response.body.items[0]", "text between the elements"),
        "x": ("response.body.items", "a text where a list of items is expected"),
    }.items():
        assert problem(page.format(items), engine, envelope) == expected


def test_the_first_two_names_of_the_root_are_told(engine):
    envelope = Envelope(roots=("a", "b", "c"))
    assert problem('{"c": 1, "b": 1}', engine, envelope) == ("", 'has both "b" and "c"')
    assert problem('{"c": 1, "a": 1, "b": 1}', engine, envelope) == ("", 'has both "a" and "b"')
    assert problem('{"d": 1}', engine, envelope) == ("", 'has no member "a"; its members are: d')


@pytest.mark.parametrize(
    "names",
    [
        {"roots": ()},
        {"roots": ("a", "a")},
        {"header": "body"},
        {"code": "resultMsg"},
        {"items": "last"},
        {"total_count": ("pageNo",)},
    ],
)
def test_names_that_do_not_tell_members_apart(names):
    with pytest.raises(OptionError, match="envelope"):
        Envelope(**names)
