"""Both engines judge every body alike, and what holds for every good one."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from energy_data_layer import ApiError, PayloadError, rows_from_api_payload
from energy_data_layer.datasets.asos import ASOS
from energy_data_layer.datasets.layouts import KOEN_WIND_API, KOSPO_SOLAR_API
from energy_data_layer.datasets.registry import DATASETS, fetched_datasets
from energy_data_layer.engine.equality import PARSERS_WORDS, assert_equal_answers
from energy_data_layer.transforms.payload_rows.reference import payload_rows
from energy_data_layer.transforms.payload_rows.rust import payload_rows_in_rust, rust_envelope, rust_fields

from .payload_envelopes import any_envelope, in_envelope
from .payload_mutations import as_text, mutated, mutated_document
from .payload_samples import FORMS, ITEMS, body, odd_page, page
from .snapshot_cases import PAYLOAD_CASES, SNAPSHOTS, facts, read_snapshot

SOURCES = list(fetched_datasets())
LAYOUTS = {"namdong_wind": KOEN_WIND_API, "nambu_solar": KOSPO_SOLAR_API}
KEPT = {
    "namdong_wind": {"ippt": "ippt", "hogi": "hogi"},
    "nambu_solar": {
        "gencd": "gencd",
        "hogi": "hogi",
        "daily_total": "qvodgen",
        "daily_avg": "qvodavg",
        "daily_max": "qvodmax",
        "daily_min": "qvodmin",
    },
}
"""The columns that say the same of each hour of an item, and the fields they come from."""

HOURS = 24
SOURCE_AND_FORM = [(source, form) for source, forms in FORMS.items() for form in forms]

MUTATIONS = max(20, 3000 // settings.default.max_examples)
"""Mutations per example: a few thousand in the fast profile, 100,000 in the expensive one."""

SERVICE_ERRORS = [
    '{"response":{"header":{"resultCode":"03","resultMsg":"NO_DATA"}}}',
    '{"response":{"header":{"resultCode":"99","resultMsg":"어제까지만 제공합니다."}}}',
    '{"OpenAPI_ServiceResponse":{"cmmMsgHeader":{"errMsg":"A_KEY_ERROR","returnReasonCode":"30"}}}',
    "<OpenAPI_ServiceResponse><cmmMsgHeader><errMsg>ERROR</errMsg><returnAuthMsg>LIMITED</returnAuthMsg>"
    "<returnReasonCode>22</returnReasonCode></cmmMsgHeader></OpenAPI_ServiceResponse>",
]


def bits(table: pa.Table) -> list[Any]:
    """Return the columns with the bits of their numbers: -0.0 is not 0.0."""
    columns = []
    for column in table.columns:
        plain = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        if pa.types.is_floating(column.type):
            plain = (plain.is_null(), plain.fill_null(0.0).to_numpy().view("uint64").tolist())
        columns.append(plain)
    return columns


def outcome(payload: Any, source: str, engine: bool) -> tuple[Any, ...]:
    """Return what comes of a payload, as far as the engines have to agree on it."""
    try:
        table, report = rows_from_api_payload(payload, source, report=True, use_rust=engine)
    except PayloadError as error:
        problem = next((words for words in PARSERS_WORDS if error.problem.startswith(words)), error.problem)
        return "PayloadError", problem, error.place, error.page
    except ApiError as error:
        return "ApiError", error.code, error.message, error.page, str(error)
    said = facts(report)
    orders = [list(said["coerced"]), *map(list, said["drift"].values())]
    table.validate(full=True)
    return "rows", table.schema, bits(table), said, orders


def assert_alike(payload: Any, source: str) -> None:
    """Let both engines judge a payload; anything but rows and the two errors fails too."""
    reference, rust = (outcome(payload, source, engine) for engine in (False, True))
    assert reference == rust, f"{source}: {payload!r}\nreference: {reference}\nrust: {rust}"


def assert_same(expected: pa.Table, answer: pa.Table) -> None:
    assert_equal_answers(expected, answer)
    assert bits(expected) == bits(answer)


# Snapshots


@pytest.mark.parametrize("case", PAYLOAD_CASES, ids=lambda case: case.name)
def test_snapshot(case, engine):
    expected, expected_report = read_snapshot(case.name)
    answer, report = case.answer("table", use_rust=engine)
    assert_same(expected, answer)
    assert report == expected_report


def test_every_snapshot_has_a_case():
    kept = {path.stem for path in SNAPSHOTS.glob("payload-*.arrow")}
    assert kept == {case.name for case in PAYLOAD_CASES}


# Both engines, on bodies that were spoiled


def seed_bodies() -> list[tuple[str, bytes]]:
    """Return good pages of few items of each source and form, and errors of the services."""
    good = [(source, page(source, form, items, items)) for source, form in SOURCE_AND_FORM for items in (1, 2, 3)]
    return good + [(source, text.encode()) for text in SERVICE_ERRORS for source in SOURCES]


SEED_BODIES = seed_bodies()


@pytest.mark.needs_rust
@pytest.mark.timeout(7200)
@given(seed=st.integers(0, 2**63))
def test_the_engines_judge_spoiled_texts_alike(seed):
    random = np.random.default_rng(seed)
    for _ in range(MUTATIONS):
        source, text = SEED_BODIES[int(random.integers(len(SEED_BODIES)))]
        assert_alike(mutated(text, random), source)


@pytest.mark.needs_rust
@pytest.mark.timeout(7200)
@given(seed=st.integers(0, 2**63))
def test_the_engines_judge_spoiled_documents_alike(seed):
    random = np.random.default_rng(seed)
    for _ in range(MUTATIONS // 4):
        source, form = SOURCE_AND_FORM[int(random.integers(len(SOURCE_AND_FORM)))]
        document = mutated_document(json.loads(page(source, "json", int(random.integers(1, 4)), seed=1)), random)
        assert_alike(as_text(document, form), source)


@pytest.mark.needs_rust
@pytest.mark.timeout(7200)
@given(seed=st.integers(0, 2**63))
def test_the_engines_judge_spoiled_real_bodies_alike(seed, real_data_folder):
    bodies = [path.read_bytes() for path in sorted((real_data_folder / "api_payloads").iterdir())]
    random = np.random.default_rng(seed)
    for text in bodies:
        assert_alike(text, "asos")
        assert_alike(mutated(text, random), SOURCES[int(random.integers(len(SOURCES)))])


@pytest.mark.needs_rust
@given(seed=st.integers(0, 2**63), pages=st.integers(0, 4))
def test_the_engines_judge_several_pages_alike(seed, pages):
    random = np.random.default_rng(seed)
    source, form = SOURCE_AND_FORM[int(random.integers(len(SOURCE_AND_FORM)))]
    texts = [page(source, form, int(random.integers(4)), int(random.integers(5))) for _ in range(pages)]
    assert_alike([mutated(text, random) if random.random() < 0.3 else text for text in texts], source)


# Both engines, in envelopes of any names


def item_outcome(run: Any, payload: bytes, envelope: Any, source: str) -> tuple[Any, ...]:
    """Return what an engine makes of a payload in an envelope, up to the item table."""
    try:
        answer = run([payload], envelope, DATASETS[source].service.fields, alone=True)
    except PayloadError as error:
        problem = next((words for words in PARSERS_WORDS if error.problem.startswith(words)), error.problem)
        return "PayloadError", problem, error.place
    except ApiError as error:
        return "ApiError", error.code, error.message
    drift = asdict(answer.drift)
    orders = [list(answer.coerced), *map(list, drift.values())]
    return "rows", answer.table.schema, bits(answer.table), answer.pages, answer.coerced, drift, orders


@pytest.mark.needs_rust
@pytest.mark.timeout(7200)
@given(seed=st.integers(0, 2**63))
def test_the_engines_judge_any_envelope_alike(seed):
    random = np.random.default_rng(seed)
    runs = (payload_rows, payload_rows_in_rust)
    for _ in range(MUTATIONS // 4):
        source, envelope = SOURCES[int(random.integers(len(SOURCES)))], any_envelope(random)
        document = in_envelope(ITEMS[source](int(random.integers(1, 4)), seed=1), envelope, random)
        form = "xml" if random.random() < 0.4 else "json"
        text = as_text(document, form)
        for payload in (text, mutated(text, random), as_text(mutated_document(document, random), form)):
            reference, rust = (item_outcome(run, payload, envelope, source) for run in runs)
            assert reference == rust, f"{source}, {envelope}: {payload!r}\nreference: {reference}\nrust: {rust}"


# Pages that are long enough for several threads


def long_pages() -> list[bytes]:
    return [page("asos", form, 2000, seed) for seed, form in enumerate(["json", "xml", "json"])]


@pytest.mark.needs_rust
def test_two_threads_give_the_bits_of_one():
    import rust_data_layer

    known = {"envelope": rust_envelope(ASOS.service.envelope), "fields": rust_fields(ASOS.service.fields)}
    answers = [rust_data_layer.rows_from_api_payload(long_pages(), **known, threads=threads) for threads in (1, 2)]
    assert bytes(answers[0].to_ipc()) == bytes(answers[1].to_ipc())
    assert answers[0].report == answers[1].report


@pytest.mark.needs_rust
def test_long_pages_are_judged_alike():
    pages = long_pages()
    assert_alike(pages, "asos")
    late, cut = pages[0].replace(b'"rnum":"1990","stnId":"', b'"rnum":"1990","stnId":"x'), pages[1][:-20]
    for spoiled in ([late, cut], [cut, late], [pages[0], late, cut], [pages[0], cut, late]):
        assert_alike(spoiled, "asos")


# Both engines, on texts of any kind in an item

numberlike = st.from_regex(r"[ +-]?[0-9]{0,25}\.?[0-9]{0,25}([eE][+-]?[0-9]{1,4})?", fullmatch=True)
stamplike = st.from_regex(
    r"[0-9]{4}-?[0-2][0-9]-?[0-3][0-9][ T]?([0-2][0-9]:?[0-6][0-9](:[0-6][0-9])?)?", fullmatch=True
)
texts = st.text(max_size=30) | numberlike | stamplike | st.floats().map(repr) | st.integers().map(str)
values = texts | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.none()


@pytest.mark.needs_rust
@given(data=st.data())
def test_the_engines_read_any_value_alike(data):
    source = data.draw(st.sampled_from(SOURCES))
    items = ITEMS[source](3, 1)
    for item in items:
        changed = data.draw(st.dictionaries(st.sampled_from(list(item)), values, max_size=3))
        item.update(changed)
    envelope = {"header": {"resultCode": "00"}, "body": {"items": items, "content": items}}
    assert_alike(json.dumps({"response": envelope}), source)


@pytest.mark.needs_rust
@given(text=st.text() | st.binary(), source=st.sampled_from(SOURCES))
def test_the_engines_judge_any_body_alike(text, source):
    for start in ("", "{", "<"):
        assert_alike((start.encode() if isinstance(text, bytes) else start) + text, source)


@pytest.mark.needs_rust
@given(name=st.text(min_size=1, max_size=3), text=st.text(max_size=10))
def test_the_engines_judge_any_xml_name_and_text_alike(name, text):
    assume("\ud800" not in name)
    item = "<tm>2024-01-01 01:00</tm><stnId>1</stnId><stnNm>x</stnNm>"
    for inner in (f"<{name}/>", f"<clfmAbbrCd>{text}</clfmAbbrCd>", f"<a {name}='{text}'/>", f"<?{name} {text}?>"):
        header = "<header><resultCode>00</resultCode></header>"
        assert_alike(f"<response>{header}<body><items>{item}{inner}</items></body></response>", "asos")


# Laws


@given(data=st.data())
def test_several_pages_are_the_rows_of_each(data, engine):
    source, form = data.draw(st.sampled_from(SOURCE_AND_FORM))
    drawn = data.draw(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), max_size=4))
    pages = [page(source, form, items, seed) if items else odd_page(source, form) for items, seed in drawn]
    empty = rows_from_api_payload([], source, use_rust=engine)
    each = [rows_from_api_payload(text, source, report=True, use_rust=engine) for text in pages]
    table, report = rows_from_api_payload(pages, source, report=True, use_rust=engine)
    assert_same(pa.concat_tables([empty, *(answer for answer, _ in each)]), table)

    mismatches, items_before = [], 0
    for _, of_page in each:
        mismatches += [replace(found, row=found.row + items_before) for found in of_page.total_mismatches]
        items_before += of_page.items
    assert report.total_mismatches == mismatches


@given(data=st.data())
def test_the_rows_of_days_are_their_items_hour_by_hour(data, engine):
    source, form = data.draw(st.sampled_from([pair for pair in SOURCE_AND_FORM if pair[0] in LAYOUTS]))
    items = ITEMS[source](data.draw(st.integers(1, 5)), data.draw(st.integers(0, 99)))
    layout, table = LAYOUTS[source], rows_from_api_payload(body(source, items, form), source, use_rust=engine)

    expected = []
    for item in items:
        plant = item.get(layout.plant) or item["gencd"]
        midnight = datetime.fromisoformat(item[layout.date])
        for hour, field in enumerate(layout.hours, 1 if layout.hour_label == "end" else 0):
            value = None if item[field] == "" else float(item[field])
            expected.append((midnight + timedelta(hours=hour), f"{plant} {item['hogi']}", value))
    columns = ("timestamp", "plant_name", "generation")
    assert list(zip(*(table[name].to_pylist() for name in columns), strict=True)) == expected
    for name, field in KEPT[source].items():
        as_read = float if pa.types.is_floating(table[name].type) else str
        assert table[name].to_pylist() == [as_read(item[field]) for item in items for _ in range(HOURS)]


@given(data=st.data())
def test_json_and_xml_say_the_same(data, engine):
    source = data.draw(st.sampled_from(["asos", "nambu_solar"]))
    items = ITEMS[source](data.draw(st.integers(1, 4)), data.draw(st.integers(0, 99)))
    answers = [rows_from_api_payload(body(source, items, form), source, use_rust=engine) for form in ("json", "xml")]
    assert_same(*answers)


@given(
    numbers=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20), quoted=st.booleans()
)
@example(numbers=[5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, -0.0], quoted=True)
def test_a_number_is_the_nearest_double(numbers, quoted, engine):
    keys = {"tm": "2024-01-01 01:00", "stnId": "1", "stnNm": "x"}
    items = [keys | {"ta": repr(number) if quoted else number} for number in numbers]
    answer = rows_from_api_payload(body("asos", items), "asos", use_rust=engine)["ta"]
    assert answer.to_numpy().view("uint64").tolist() == np.array(numbers).view("uint64").tolist()


@given(text=st.text(st.characters(codec="utf-8"), max_size=50))
def test_a_text_comes_back_as_it_is(text, engine):
    keys = {"tm": "2024-01-01 01:00", "stnId": "1", "stnNm": "x"}
    [answer] = rows_from_api_payload(body("asos", [keys | {"clfmAbbrCd": text}]), "asos", use_rust=engine)[
        "clfmAbbrCd"
    ].to_pylist()
    assert answer == (text.strip(" \t\r\n\u00a0\u3000\ufeff") or None)


@given(data=st.data())
def test_bytes_and_text_are_the_same(data, engine):
    source, form = data.draw(st.sampled_from(SOURCE_AND_FORM))
    text = page(source, form, data.draw(st.integers(1, 5)), data.draw(st.integers(0, 99)))
    expected = rows_from_api_payload(text, source, use_rust=engine)
    for carrier in (bytearray(text), memoryview(text), text.decode(), b"\xef\xbb\xbf" + text):
        assert_same(expected, rows_from_api_payload(carrier, source, use_rust=engine))


@pytest.mark.parametrize(("source", "form"), SOURCE_AND_FORM)
def test_samples_are_as_documented(source, form, engine):
    _, report = rows_from_api_payload(page(source, form, 50, 3), source, report=True, use_rust=engine)
    assert report.items == 50
    assert report.coerced == {}
    assert set(report.drift.vanished_fields) <= {"ipptnm"}
    assert report.drift.unknown_fields == {}
    assert report.drift.retyped_fields == {}
    assert report.total_mismatches == []
