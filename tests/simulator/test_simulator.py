"""The simulator: its dialects give what its generator says, its faults are what they are called."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from urllib.parse import urlsplit
from urllib.request import urlopen

import httpx
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from energy_data_layer import ApiError, PayloadError, rows_from_api_payload
from energy_data_layer.errors import OptionError
from energy_data_layer.files.weather import read_asos_files
from energy_data_layer.simulator import SOLAR_PLANTS, Fault, Plant, Simulator, SimulatorOptions
from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, write_asos_sample
from energy_data_layer.simulator.service import RateLimit

TODAY = date(2024, 6, 1)
MAY_30, MAY_31 = date(2024, 5, 30), date(2024, 5, 31)
SOLAR = (SOLAR_PLANTS[0].code, SOLAR_PLANTS[0].unit)

PATHS = {
    "asos": "/1360000/AsosHourlyInfoService/getWthrDataList",
    "namdong_wind": "/B551893/wind-power-by-hour/list",
    "nambu_solar": "/B552520/PwrSunLightInfo/getDataService",
}
ROWS_OF_TWO_DAYS = {"asos": 48, "namdong_wind": 48 * 3, "nambu_solar": 48}


def asked(service, first=MAY_30, last=MAY_31, **others):
    """Return the parameters of a request for days, of one station or plant."""
    begin, end = first.strftime("%Y%m%d"), last.strftime("%Y%m%d")
    if service == "asos":
        hours = {"startDt": begin, "startHh": "00", "endDt": end, "endHh": "23"}
        fixed = {"dataType": "JSON", "dataCd": "ASOS", "dateCd": "HR", "stnIds": "108"}
        return {"pageNo": "1", "numOfRows": "999", **fixed, **hours, **others}
    if service == "namdong_wind":
        return {"startD": begin, "endD": end, "page": "1", "size": "100", **others}
    plant = {"strOrgCd": SOLAR[0], "strHoki": SOLAR[1]}
    return {"pageNo": "1", "numOfRows": "100", "strSdate": begin, "strEdate": end, **plant, **others}


def new_client(**options):
    # Loading certificates would take most of a test's time, and nothing here is encrypted.
    return httpx.Client(trust_env=False, verify=False, **options)


def get(simulator, service, *, key=None, timeout=10.0, **parameters):
    query = {"serviceKey": simulator.options.key if key is None else key, **asked(service, **parameters)}
    with new_client(timeout=timeout) as client:
        return client.get(simulator.url + PATHS[service], params=query)


def rows(answer, service, engine):
    return rows_from_api_payload(answer.content, service, use_rust=engine)


def stored(table, service):
    """Return a table of the transform with the columns, types and order that the simulator's truth has."""
    if service == "asos":
        return table.set_column(table.schema.get_field_index("tm"), "tm", table["tm"].cast(pa.timestamp("us")))
    names = ["timestamp", "plant_name", "generation"]
    if service == "nambu_solar":
        table = table.rename_columns(["datetime" if name == "timestamp" else name for name in table.column_names])
        daily = ["daily_total", "daily_avg", "daily_max", "daily_min"]
        names = ["datetime", "gencd", "plant_name", "hogi", "generation", *daily]
    table = table.select(names)
    table = table.set_column(names.index("plant_name"), "plant_name", table["plant_name"].cast(pa.string()))
    return table.sort_by([(name, "ascending") for name in names[:4] if name != "generation"])


def truth(simulator, service, first=MAY_30, last=MAY_31):
    if service == "asos":
        return simulator.expected_asos([108], first, last)
    if service == "namdong_wind":
        return simulator.expected_wind(first, last)
    return simulator.expected_solar(first, last, [SOLAR])


def assert_same(actual, expected):
    assert actual.schema == expected.schema
    assert actual.num_rows == expected.num_rows > 0
    for name in expected.column_names:
        assert actual[name].combine_chunks().equals(expected[name].combine_chunks()), name


# --- dialects -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "options"),
    [
        ("asos", {}),
        ("asos", {"numbers_as_text": True, "asos_absent_hours": 0.2}),
        ("asos", {"asos_days_absent": {108: [MAY_30]}}),
        ("namdong_wind", {}),
        ("namdong_wind", {"numbers_as_text": True, "compact_days": True, "wind_says_last": False}),
        ("namdong_wind", {"missing_hours": 0.3}),
        ("namdong_wind", {"wind_plants": [Plant("W1", "외딴 풍력")], "single_item_as_object": True}),
        ("nambu_solar", {}),
        ("nambu_solar", {"solar_result_code": "800", "missing_hours": 0.3, "numbers_as_text": True}),
        ("nambu_solar", {"solar_plants": [Plant(*SOLAR[:1], None, SOLAR[1])]}),
    ],
)
@pytest.mark.parametrize("days", [(MAY_31, MAY_31), (date(2024, 2, 28), date(2024, 3, 2))], ids=["day", "days"])
def test_what_comes_is_what_the_generator_says(simulator, engine, service, options, days):
    running = simulator(today=TODAY, **options)
    answer = get(running, service, first=days[0], last=days[1])
    assert answer.status_code == 200
    expected = truth(running, service, *days)
    if expected.num_rows == 0:
        assert rows(answer, service, engine).num_rows == 0
        return
    assert_same(stored(rows(answer, service, engine), service), expected)


def test_observations_come_in_xml_on_request(simulator, engine):
    running = simulator(today=TODAY)
    answer = get(running, "asos", dataType="XML")
    assert answer.headers["content-type"].startswith("application/xml")
    assert_same(stored(rows(answer, "asos", engine), "asos"), truth(running, "asos"))


def test_answers_are_as_documented(simulator, engine):
    running = simulator(today=TODAY, numbers_as_text=True)
    for service in PATHS:
        answer = get(running, service, first=date(2024, 1, 1), last=date(2024, 1, 31))
        _, report = rows_from_api_payload(answer.content, service, report=True, use_rust=engine)
        assert report.drift.is_empty
        assert report.coerced == {}
        assert report.total_mismatches == []


@pytest.mark.parametrize(
    ("service", "size", "total"), [("asos", 100, 744), ("namdong_wind", 25, 93), ("nambu_solar", 10, 31)]
)
def test_pages_together_are_the_whole(simulator, engine, service, size, total):
    running = simulator(today=TODAY)
    month = {"first": date(2024, 1, 1), "last": date(2024, 1, 31)}
    page_name, size_name = ("page", "size") if service == "namdong_wind" else ("pageNo", "numOfRows")
    pages = [
        get(running, service, **month, **{page_name: str(number), size_name: str(size)}).content
        for number in range(1, -(-total // size) + 1)
    ]
    table, report = rows_from_api_payload(pages, service, report=True, use_rust=engine)
    assert report.items == total
    assert_same(stored(table, service), truth(running, service, *month.values()))
    if service == "namdong_wind":
        assert [page.last for page in report.pages] == [False] * (len(pages) - 1) + [True]
    else:
        assert {page.total_count for page in report.pages} == {total}
    behind = get(running, service, **month, **{page_name: str(len(pages) + 1), size_name: str(size)})
    assert rows(behind, service, engine).num_rows == 0


def test_an_hour_of_observations_is_asked_by_the_hour(simulator, engine):
    running = simulator(today=TODAY)
    table = rows(get(running, "asos", startHh="22", endHh="01"), "asos", engine)
    assert table["tm"].cast(pa.string()).to_pylist()[::3] == ["2024-05-30 22:00:00", "2024-05-31 01:00:00"]
    assert table.num_rows == 28 - 24


def test_a_single_solar_day_comes_without_item(simulator):
    running = simulator(today=TODAY)
    assert b"<items><ymd>" in get(running, "nambu_solar", first=MAY_31).content
    assert b"<items><item><ymd>" in get(running, "nambu_solar").content


def test_the_shapes_that_options_ask_for(simulator):
    running = simulator(today=TODAY, single_item_as_object=True, compact_days=True, numbers_as_text=True)
    hour = get(running, "asos", first=MAY_31, startHh="05", endHh="05").json()["response"]["body"]
    assert hour["items"]["item"]["tm"] == "2024-05-31 05:00"
    assert hour["totalCount"] == "1"
    farm = get(running, "namdong_wind", size="1").json()["reponse"]["body"]
    assert farm["content"]["dgenYmd"] == "20240530"
    assert isinstance(farm["content"]["qsum"], str)


@pytest.mark.parametrize("service", PATHS)
@pytest.mark.parametrize("said", ["code", "empty", "null", "blank"])
def test_no_data(simulator, engine, service, said):
    running = simulator(today=TODAY, no_data_as=said)
    answer = get(running, service, **nothing_there(service))
    assert answer.status_code == 200
    assert rows(answer, service, engine).num_rows == 0
    assert (running.requests[-1].code == "03") == (said == "code" and service != "namdong_wind")


def nothing_there(service):
    """Return parameters of a request that there are no data for."""
    return {
        "asos": {"stnIds": "9999"},
        "namdong_wind": {"startD": "20990101", "endD": "20990102"},
        "nambu_solar": {"strOrgCd": "none"},
    }[service]


@pytest.mark.parametrize(
    ("service", "parameters", "code"),
    [
        ("asos", {"numOfRows": "1000"}, "10"),
        ("asos", {"startDt": "2024-05-30"}, "10"),
        ("asos", {"endDt": "20240529"}, "10"),
        ("asos", {"stnIds": ""}, "11"),
        ("asos", {"dataCd": "AWS"}, "10"),
        ("asos", {"endDt": "20240601"}, "99"),
        ("asos", {"endDt": "20240601", "dataType": "XML"}, "99"),
        ("namdong_wind", {"startD": ""}, "11"),
        ("namdong_wind", {"endD": "20240230"}, "10"),
        ("nambu_solar", {"strOrgCd": ""}, "11"),
        ("nambu_solar", {"pageNo": "0"}, "10"),
    ],
)
def test_requests_that_are_refused(simulator, engine, service, parameters, code):
    running = simulator(today=TODAY)
    answer = get(running, service, **parameters)
    with pytest.raises(ApiError) as refused:
        rows(answer, service, engine)
    assert refused.value.code == code
    assert running.requests[-1].code == code


def test_the_day_moves_on_while_it_serves(simulator, engine):
    running = simulator(today=MAY_31)
    with pytest.raises(ApiError, match="전날 자료까지"):
        rows(get(running, "asos"), "asos", engine)
    assert truth(running, "asos").num_rows == 24
    assert rows(get(running, "nambu_solar"), "nambu_solar", engine).num_rows == 24
    running.change(today=TODAY)
    assert rows(get(running, "asos"), "asos", engine).num_rows == 48
    assert rows(get(running, "nambu_solar"), "nambu_solar", engine).num_rows == 48


# --- data ---------------------------------------------------------------------------------------------


def test_data_do_not_depend_on_what_was_asked(simulator):
    one, other, different = simulator(today=TODAY), simulator(today=TODAY), simulator(today=TODAY, seed=1)
    for service in PATHS:
        month = truth(one, service, date(2024, 5, 1), MAY_31)
        days = truth(other, service)
        stamp = {"asos": "tm", "namdong_wind": "timestamp", "nambu_solar": "datetime"}[service]
        assert month.slice(month.num_rows - days.num_rows)[stamp].equals(days[stamp])
        assert_same(month.slice(month.num_rows - days.num_rows).combine_chunks(), days)
        assert not truth(different, service).equals(days)


def test_observations_have_gaps_flags_and_structural_blanks(simulator):
    year = simulator(today=TODAY).expected_asos([108, 90], date(2023, 1, 1), date(2023, 12, 31))
    assert year.num_rows == 2 * 365 * 24
    assert 0 < year["ta"].null_count < 0.2 * year.num_rows
    assert year["icsr"].null_count > 0.4 * year.num_rows
    assert set(year["taQcflg"].unique().to_pylist()) == {None, 1, 9}
    missing = pc.is_null(year["ta"])
    assert pc.all(pc.equal(year["taQcflg"].filter(missing), 9)).as_py()
    assert all(year[name].null_count < year.num_rows for name in year.column_names)


def test_absent_hours_are_a_share(simulator):
    year = simulator(today=TODAY, asos_absent_hours=0.1).expected_asos([108], date(2023, 1, 1), date(2023, 12, 31))
    assert 0.85 * 8760 < year.num_rows < 0.95 * 8760


def test_stations_can_be_named(simulator, engine):
    running = simulator(today=TODAY, stations={108: "가상"})
    assert rows(get(running, "asos"), "asos", engine)["stnNm"].unique().to_pylist() == ["가상"]
    assert rows(get(running, "asos", stnIds="90"), "asos", engine).num_rows == 0


def test_observations_of_files(simulator, engine, tmp_path):
    write_asos_sample(tmp_path, stations=SAMPLE_STATIONS[:2], since=date(2023, 12, 30), until=date(2024, 1, 3))
    running = simulator(today=date(2024, 1, 2), files=tmp_path)
    first, last = date(2023, 12, 31), date(2024, 1, 1)
    table = rows(get(running, "asos", first=first, last=last), "asos", engine)
    assert_same(stored(table, "asos"), running.expected_asos([108], first, last))
    exported = read_asos_files(f"{tmp_path}/*.csv").table
    stamps = pc.cast(exported["tm"], pa.date32())
    wanted = exported.filter(
        pc.and_(pc.equal(exported["stnId"], 108), pc.is_in(stamps, value_set=pa.array([first, last])))
    )
    assert wanted.num_rows > 40
    assert_same(table.select(wanted.column_names), wanted)
    assert rows(get(running, "asos", first=first, last=last, stnIds="159"), "asos", engine).num_rows == 0


# --- scenarios ----------------------------------------------------------------------------------------


def days_of(table):
    return sorted({str(stamp.date()) for stamp in table["timestamp"].to_pylist()})


def test_a_month_with_holes(simulator, engine):
    holes = [date(2024, 5, 3), date(2024, 5, 4), date(2024, 5, 20)]
    running = simulator(today=TODAY, solar_plants=[Plant(*SOLAR[:1], "구멍", SOLAR[1], days_absent=holes)])
    table = rows(get(running, "nambu_solar", first=date(2024, 5, 1)), "nambu_solar", engine)
    assert set(map(str, holes)).isdisjoint(days_of(table))
    assert len(days_of(table)) == 28
    assert_same(stored(table, "nambu_solar"), truth(running, "nambu_solar", date(2024, 5, 1)))


def test_plants_that_come_go_and_are_renamed(simulator, engine):
    plants = [
        Plant("W1", "새 풍력", first_day=MAY_31),
        Plant("W2", "옛 풍력", last_day=MAY_30),
        Plant("W3", "처음 이름", renamed={MAY_31: "다음 이름"}),
    ]
    running = simulator(today=TODAY, wind_plants=plants)
    content = get(running, "namdong_wind").json()["reponse"]["body"]["content"]
    assert [(item["dgenYmd"][-2:], item["ipptNam"]) for item in content] == [
        ("30", "옛 풍력"),
        ("30", "처음 이름"),
        ("31", "새 풍력"),
        ("31", "다음 이름"),
    ]
    table = rows(get(running, "namdong_wind"), "namdong_wind", engine)
    assert_same(stored(table, "namdong_wind"), truth(running, "namdong_wind"))


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_solar_days_that_want_a_later_end(simulator, engine, share):
    running = simulator(today=TODAY, solar_next_day=share)
    month = truth(running, "nambu_solar", date(2024, 5, 1))
    alone = 0
    for day in range(1, 32):
        wanted = date(2024, 5, day)
        answered = rows(get(running, "nambu_solar", first=wanted, last=wanted), "nambu_solar", engine)
        alone += days_of(answered) == [str(wanted)]
    assert (alone == 0) if share == 1 else (5 < alone < 26)
    longer = rows(get(running, "nambu_solar", first=date(2024, 5, 1), last=TODAY), "nambu_solar", engine)
    assert_same(stored(longer, "nambu_solar"), month)


# --- the key ------------------------------------------------------------------------------------------


def test_the_key_has_to_arrive_encoded_once(simulator, engine):
    running = simulator(today=TODAY)
    plain, encoded = running.options.key, running.encoded_key
    assert rows(get(running, "nambu_solar", key=plain), "nambu_solar", engine).num_rows == 48
    for wrong in (encoded, "another", ""):
        with pytest.raises(ApiError) as refused:
            rows(get(running, "nambu_solar", key=wrong), "nambu_solar", engine)
        assert refused.value.code == "30"
    assert running.requests_today("nambu_solar") == 1


def test_the_key_is_not_logged(simulator):
    running = simulator(today=TODAY)
    get(running, "nambu_solar")
    assert "serviceKey" not in running.requests[0].parameters
    assert running.options.key not in repr(running.requests)


def test_any_key_where_none_is_set(simulator, engine):
    running = simulator(today=TODAY, key=None)
    assert rows(get(running, "nambu_solar", key="whatever"), "nambu_solar", engine).num_rows == 48


# --- limits -------------------------------------------------------------------------------------------


def test_the_rate_limit_is_exact(simulator):
    now = [100.0]
    running = simulator(today=TODAY, requests_per_second=5, clock=lambda: now[0])

    def statuses(count):
        with new_client() as client:
            query = {"serviceKey": running.options.key, **asked("nambu_solar")}
            answers = [client.get(running.url + PATHS["nambu_solar"], params=query) for _ in range(count)]
        assert {answer.headers.get("retry-after") for answer in answers if answer.status_code == 429} <= {"1"}
        return [answer.status_code for answer in answers]

    assert statuses(7) == [200] * 5 + [429] * 2
    now[0] += 0.2
    assert statuses(2) == [200, 429]
    now[0] += 0.39
    assert statuses(2) == [200, 429]
    now[0] += 60
    assert statuses(6) == [200] * 5 + [429]
    assert running.requests_today("nambu_solar") == 12


def test_a_slow_rate_says_how_long_to_wait():
    now = 0.0
    limit = RateLimit(0.25, lambda: now)
    assert [limit.seconds_to_wait(), limit.seconds_to_wait()] == [0, 4]
    now = 4.0
    assert limit.seconds_to_wait() == 0


@pytest.mark.parametrize("rate", [3, 7, 10, 30])
def test_who_keeps_to_the_rate_is_never_refused(rate):
    now = 0.0
    limit = RateLimit(rate, lambda: now)
    for _ in range(1000):
        now += 1 / rate
        assert limit.seconds_to_wait() == 0


def test_the_quota_is_per_service_and_day(simulator, engine):
    running = simulator(today=TODAY, requests_per_day=2)

    def code(service):
        try:
            rows(get(running, service), service, engine)
        except ApiError as error:
            return error.code
        return "00"

    assert [code("nambu_solar") for _ in range(4)] == ["00", "00", "22", "22"]
    assert code("asos") == "00"
    running.change(faults=())
    assert code("nambu_solar") == "22"
    running.change(today=date(2024, 6, 2))
    assert code("nambu_solar") == "00"
    assert running.requests_today("nambu_solar") == 1


# --- faults -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", PATHS)
@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (Fault("gateway_error"), 200, "01"),
        (Fault("gateway_error", code="05"), 200, "05"),
        (Fault("forbidden", code="30"), 403, "30"),
        (Fault("no_such_service"), 200, "12"),
        (Fault("quota"), 200, "22"),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else None,
)
def test_errors_of_the_gateway(simulator, engine, service, fault, status, code):
    running = simulator(today=TODAY, faults=[fault])
    answer = get(running, service)
    assert answer.status_code == status
    assert answer.text.startswith('{"OpenAPI' if status == 403 else "<OpenAPI")
    with pytest.raises(ApiError) as error:
        rows(answer, service, engine)
    assert error.value.code == code
    logged = running.requests[-1]
    assert (logged.status, logged.code, logged.fault) == (status, code, fault.kind)


def test_server_error_and_html(simulator, engine):
    running = simulator(today=MAY_31, faults=[Fault("server_error", times=1), Fault("html")])
    assert get(running, "asos").status_code == 500
    running.change(today=TODAY)
    answer = get(running, "asos")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    with pytest.raises(PayloadError):
        rows(answer, "asos", engine)


def test_too_many_requests(simulator):
    faults = [Fault("too_many_requests", seconds=2.5, times=1), Fault("too_many_requests", seconds=0)]
    running = simulator(today=TODAY, faults=faults)
    first, second = get(running, "asos"), get(running, "asos")
    assert (first.status_code, first.headers["retry-after"]) == (429, "3")
    assert (second.status_code, "retry-after" in second.headers) == (429, False)


@pytest.mark.parametrize("service", PATHS)
@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("drop", httpx.RemoteProtocolError),
        ("drop_in_headers", httpx.RemoteProtocolError),
        ("reset", httpx.ReadError),
        ("truncate", httpx.RemoteProtocolError),
    ],
)
def test_connections_that_break(simulator, service, kind, error):
    running = simulator(today=TODAY, faults=[Fault(kind, times=1)])
    with pytest.raises(error):
        get(running, service)
    assert get(running, service).status_code == 200
    broken, whole = running.requests
    assert (broken.fault, broken.status) == (kind, 200 if kind == "truncate" else None)
    assert (whole.fault, whole.status) == ("", 200)


@pytest.mark.parametrize("service", PATHS)
def test_a_body_that_is_cut(simulator, engine, service):
    running = simulator(today=TODAY, faults=[Fault("cut", times=1)])
    answer, whole = get(running, service), get(running, service)
    assert answer.status_code == 200
    assert len(answer.content) == int(answer.headers["content-length"]) == len(whole.content) // 2
    with pytest.raises(PayloadError):
        rows(answer, service, engine)


def test_a_slow_body_comes_whole_but_late(simulator, engine):
    running = simulator(today=TODAY, faults=[Fault("slow", seconds=0.5, times=1)])
    begin = time.perf_counter()
    answer = get(running, "asos")
    assert time.perf_counter() - begin >= 0.5
    assert rows(answer, "asos", engine).num_rows == 48
    assert get(running, "asos").content == answer.content


@pytest.mark.parametrize("kind", ["late", "slow"])
def test_time_outs(simulator, kind):
    running = simulator(today=TODAY, faults=[Fault(kind, seconds=60)])
    with pytest.raises(httpx.ReadTimeout):
        get(running, "asos", timeout=0.1)


def test_latency(simulator):
    running = simulator(today=TODAY, latency_seconds=0.2)
    begin = time.perf_counter()
    get(running, "asos")
    assert time.perf_counter() - begin >= 0.2
    assert running.requests[0].seconds >= 0.2


def test_no_data_for_a_request_that_has_some(simulator, engine):
    running = simulator(today=TODAY, faults=[Fault("no_data", times_each=1)])
    for service in PATHS:
        assert rows(get(running, service), service, engine).num_rows == 0
        assert rows(get(running, service), service, engine).num_rows == ROWS_OF_TWO_DAYS[service]


@pytest.mark.parametrize(
    ("service", "vanished", "retyped"),
    [("asos", "vs", "ta"), ("namdong_wind", "qvodMin", "qavg"), ("nambu_solar", "qvodmin", "qvodavg")],
)
def test_drift(simulator, engine, service, vanished, retyped):
    running = simulator(today=TODAY, faults=[Fault("drift")])
    table, report = rows_from_api_payload(get(running, service).content, service, report=True, use_rust=engine)
    assert table.num_rows == ROWS_OF_TWO_DAYS[service]
    assert report.drift.unknown_fields == {"newField": report.items}
    assert report.drift.vanished_fields == {vanished: report.items}
    if service == "nambu_solar":
        assert report.coerced == {retyped: report.items}
    else:
        assert sum(report.drift.retyped_fields[retyped].values()) == report.items


@pytest.mark.parametrize("kind", ["unknown_field", "vanished_field", "retyped_field"])
def test_one_kind_of_drift(simulator, engine, kind):
    running = simulator(today=TODAY, faults=[Fault(kind)])
    _, report = rows_from_api_payload(get(running, "asos").content, "asos", report=True, use_rust=engine)
    found = {name for name, fields in vars(report.drift).items() if fields}
    assert found == {f"{kind}s"}


def test_rules_by_service_parameter_and_number(simulator):
    running = simulator(
        today=TODAY,
        faults=[
            Fault("server_error", service="nambu_solar", where={"strSdate": "20240531"}, times_each=2),
            Fault("html", service="asos", nth=2),
            Fault("quota", service="namdong_wind", times=1),
        ],
    )
    for _ in range(3):
        get(running, "asos")
        get(running, "namdong_wind")
        get(running, "nambu_solar")
        get(running, "nambu_solar", first=MAY_31)
    met = [(request.service, request.fault) for request in running.requests if request.fault]
    assert met == [
        ("namdong_wind", "quota"),
        ("nambu_solar", "server_error"),
        ("asos", "html"),
        ("nambu_solar", "server_error"),
    ]


def test_a_share_of_requests_whatever_their_order(simulator):
    days = [date(2024, 4, day) for day in range(1, 31)]

    def faulty(order):
        running = simulator(today=TODAY, seed=3, faults=[Fault("server_error", share=0.3)])
        query = {"serviceKey": running.options.key}
        with new_client() as client:
            for day in order:
                client.get(running.url + PATHS["nambu_solar"], params=query | asked("nambu_solar", day, day))
        return {request.parameters["strSdate"] for request in running.requests if request.fault}

    assert faulty(days) == faulty(days[::-1])
    assert 3 <= len(faulty(days)) <= 16


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Fault("explosion"),
        lambda: Fault("drop", share=1.5),
        lambda: Fault("slow", seconds=-1),
        lambda: SimulatorOptions(latency_seconds=-1),
        lambda: SimulatorOptions(requests_per_second=0),
        lambda: SimulatorOptions(requests_per_day=-1),
        lambda: SimulatorOptions(missing_hours=2),
    ],
)
def test_options_that_cannot_be(wrong):
    with pytest.raises(OptionError):
        wrong()


# --- the server ---------------------------------------------------------------------------------------


def test_held_answers_and_what_can_be_waited_for(simulator):
    running = simulator(today=TODAY, faults=[Fault("hold")])
    with ThreadPoolExecutor() as threads:
        answers = [threads.submit(get, running, service) for service in PATHS]
        running.wait_for_held(3)
        assert running.in_flight == running.most_in_flight == running.request_count == 3
        assert not any(answer.done() for answer in answers)
        running.release()
        assert [answer.result().status_code for answer in answers] == [200] * 3
    running.wait_for_requests(3)
    assert running.in_flight == 0
    running.forget_requests()
    assert running.requests == []
    with pytest.raises(TimeoutError, match="0 of 1"):
        running.wait_for_requests(1, timeout=0.01)


def test_it_ends_while_answers_are_held(simulator):
    with Simulator(SimulatorOptions(today=TODAY, faults=[Fault("hold")])) as running, ThreadPoolExecutor() as threads:
        answer = threads.submit(get, running, "asos")
        running.wait_for_held(1)
        running.__exit__()
        assert isinstance(answer.exception(), httpx.RemoteProtocolError)


def test_a_port_that_is_taken(simulator):
    taken = urlsplit(simulator().url).port
    with pytest.raises(OptionError, match=f"port {taken} of 127.0.0.1 cannot be used"), Simulator(port=taken):
        pass


def test_requests_of_another_kind(simulator):
    running = simulator(today=TODAY)
    with new_client() as client:
        assert client.post(running.url + PATHS["asos"]).status_code == 405
        unknown = client.get(running.url + "/elsewhere", params={"serviceKey": "x"})
    assert "<returnReasonCode>12<" in unknown.text
    assert [request.service for request in running.requests] == ["asos", ""]


@pytest.mark.slow
def test_64_connections_at_100_ms_give_more_than_200_requests_a_second(simulator):
    running = simulator(today=TODAY, latency_seconds=0.1)
    seconds, connections = 3.0, 64
    address = urlsplit(running.url)
    query = "&".join(f"{name}={value}" for name, value in asked("nambu_solar").items())
    target = f"{PATHS['nambu_solar']}?serviceKey={running.encoded_key}&{query}"
    request = f"GET {target} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode()

    async def ask_until(end):
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        answered = 0
        while time.perf_counter() < end:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            await reader.readexactly(int(head.split(b"Content-Length: ")[1].split()[0]))
            answered += 1
        writer.close()
        await writer.wait_closed()
        return answered

    async def ask():
        end = time.perf_counter() + seconds
        return sum(await asyncio.gather(*(ask_until(end) for _ in range(connections))))

    assert asyncio.run(ask()) >= 200 * seconds
    assert running.most_in_flight == connections
    assert {request.status for request in running.requests} == {200}


# --- the command --------------------------------------------------------------------------------------


def test_the_command_serves_until_it_is_interrupted():
    code = "from energy_data_layer.cli import main; main()"
    arguments = [
        "simulate",
        *["--port", "0", "--latency", "0", "--today", "2024-06-01", "--faults", "server_error=0,drop=0"],
    ]
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONUTF8": "1"},
    ) as process:
        lines = [process.stdout.readline().strip() for _ in range(2)]
        variables = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        url, key = variables["EDL_SERVICES_URL"], variables["EDL_SERVICE_KEY"].strip("'")
        query = httpx.QueryParams({"serviceKey": key, **asked("asos")})
        with urlopen(f"{url}{PATHS['asos']}?{query}") as answer:
            assert rows_from_api_payload(answer.read(), "asos").num_rows == 48
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "requests served: 1" in messages
    assert "Traceback" not in messages


def test_the_command_refuses_unknown_faults():
    code = "from energy_data_layer.cli import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", code, "simulate", "--faults", "explosion=1"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert 'there is no fault "explosion"' in ended.stderr
