"""Chunks from a service: complete, bounded, and none is lost."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from energy_data_layer.datasets.asos import ASOS
from energy_data_layer.datasets.chunks import Chunk, chunks_of_range
from energy_data_layer.datasets.koen_wind import KOEN_WIND
from energy_data_layer.datasets.kospo_solar import KOSPO_SOLAR
from energy_data_layer.errors import (
    ApiError,
    EngineUnavailable,
    ExtraUnavailable,
    OptionError,
    PayloadError,
    ServiceError,
    StopForToday,
)
from energy_data_layer.reports.collection_report import CollectionReport
from energy_data_layer.services.collect import Collected, Failed, collect
from energy_data_layer.services.raw import RawFolder
from energy_data_layer.settings.services import ServiceSettings

from ..equivalence.payload_samples import asos_items
from .scripted_service import GATEWAY_22, KEY, Reply, serving, solar_body, wind_body, wind_item, wind_month

YEAR = chunks_of_range(KOEN_WIND, date(2023, 1, 1), date(2023, 12, 31))
JANUARY = YEAR[0]


def settings(url, **values):
    fast = {"backoff_seconds": 0.001, "requests_per_second": 1000, "timeout_seconds": 10, "service_key": KEY}
    return ServiceSettings(services_url=url, **(fast | values))


def collected(source, chunks, configured, **options):
    with collect(source, chunks, configured, **options) as results:
        return list(results), results.stats


def one(source, chunk, script, **options):
    with serving(script) as service:
        (result,), _ = collected(source, [chunk], settings(service.url), **options)
    return result, service


def threads():
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(("collect", "asyncio"))]


def test_a_year_of_wind(engine):
    with serving(wind_month) as service:
        results, stats = collected(KOEN_WIND, YEAR, settings(service.url), use_rust=engine)
    assert {result.chunk for result in results} == set(YEAR)
    assert all(isinstance(result, Collected) and result.rows_outside == 0 for result in results)
    table = pa.concat_tables([result.table for result in sorted(results, key=lambda result: result.chunk.first)])
    stamps = table.column("timestamp").to_pylist()
    assert len(set(stamps)) == 365 * 24
    assert (str(stamps[0]), str(stamps[-1])) == ("2023-01-01 01:00:00", "2024-01-01 00:00:00")
    assert (stats.requests, stats.retries, stats.failures) == (12, 0, [])
    assert threads() == []


def test_one_bad_chunk_does_not_stop_the_others():
    def script(asked, number):
        return Reply(b"{", 200) if asked.parameters["startD"] == "20230301" else wind_month(asked)

    with serving(script) as service:
        results, stats = collected(KOEN_WIND, YEAR, settings(service.url, attempts=2))
    (failed,) = [result for result in results if isinstance(result, Failed)]
    assert failed.chunk.first == date(2023, 3, 1)
    assert isinstance(failed.error, PayloadError)
    assert failed.error.__traceback__ is None
    assert len(results) == 12
    assert stats.requests == 13


@pytest.mark.parametrize("concurrency", [1, 4])
def test_the_limit_of_the_day_leaves_no_chunk_unnamed(concurrency):
    def script(asked, number):
        return Reply(GATEWAY_22) if number >= 3 else wind_month(asked)

    with serving(script) as service:
        results, _ = collected(KOEN_WIND, YEAR, settings(service.url, concurrency=concurrency))
    assert sorted(result.chunk.first for result in results) == [chunk.first for chunk in YEAR]
    failed = [result for result in results if isinstance(result, Failed)]
    assert len(failed) == 9
    assert all(isinstance(result.error, StopForToday) for result in failed)
    assert 4 <= len(service.asked) <= 3 + concurrency


def test_the_budget_is_exact_with_requests_side_by_side():
    with serving(wind_month) as service:
        results, stats = collected(KOEN_WIND, YEAR, settings(service.url), requests_left=5)
    assert len(service.asked) == stats.requests == 5
    assert sum(isinstance(result, Collected) for result in results) == 5
    assert len(results) == 12


def test_no_more_requests_at_once_than_allowed():
    all_three = threading.Barrier(3)

    def script(asked, number):
        all_three.wait(10)
        return wind_month(asked)

    with serving(script) as service:
        collected(KOEN_WIND, YEAR, settings(service.url, concurrency=3))
    assert (len(service.asked), service.most_under_way) == (12, 3)


def test_after_a_time_out_others_are_asked():
    release = threading.Event()

    def silent_at_first(asked, number):
        if number < 6:
            release.wait(10)
        return wind_month(asked)

    with serving(silent_at_first) as service:
        configured = settings(service.url, timeout_seconds=0.5, concurrency=2)
        results, _ = collected(KOEN_WIND, YEAR, configured)
        release.set()
    assert all(isinstance(result, Collected) for result in results)
    assert len(service.asked) == 18


def test_no_service():
    with serving(wind_month) as service:
        url = service.url
    results, _ = collected(KOEN_WIND, YEAR[:3], settings(url, attempts=2))
    assert [type(result.error) for result in results] == [ServiceError] * 3


def test_chunks_may_come_from_an_iterator_that_breaks():
    def chunks():
        yield JANUARY
        raise LookupError("the list of chunks broke")

    with serving(wind_month) as service, pytest.raises(LookupError, match="the list of chunks broke"):
        collected(KOEN_WIND, chunks(), settings(service.url))
    assert threads() == []


def test_no_chunks():
    with serving(wind_month) as service:
        assert collected(KOEN_WIND, [], settings(service.url))[0] == []


def test_a_slow_caller_pauses_the_requests():
    endless = (Chunk("namdong_wind", (), day, day) for day in days(date(2000, 1, 1)))
    with serving(wind_month) as service:
        configured = settings(service.url, concurrency=3)
        with collect(KOEN_WIND, endless, configured) as results:
            settled(lambda: len(service.asked))
            assert len(service.asked) == 6
            for taken in range(1, 4):
                next(results)
                settled(lambda: len(service.asked))
                assert len(service.asked) == 6 + taken
    assert threads() == []


def days(first):
    return (first + timedelta(days=n) for n in itertools.count())


def settled(count):
    """Wait until a count has not changed for a while."""
    before, since = count(), time.monotonic()
    while time.monotonic() - since < 0.2:
        if count() != before:
            before, since = count(), time.monotonic()
        time.sleep(0.01)


def test_leaving_early_cancels_what_is_under_way():
    release = threading.Event()

    def script(asked, number):
        if number > 2:
            release.wait(60)
        return wind_month(asked)

    with serving(script) as service:
        begin = time.monotonic()
        with collect(KOEN_WIND, YEAR, settings(service.url, concurrency=4)) as results:
            assert isinstance(next(results), Collected)
        took = time.monotonic() - begin
        assert threads() == []
        assert list(results) == []
        release.set()
    assert took < 30


def test_leaving_by_an_error_of_the_caller():
    with serving(wind_month) as service:
        with contextlib.ExitStack() as stack:
            stack.enter_context(pytest.raises(ZeroDivisionError))
            results = stack.enter_context(collect(KOEN_WIND, YEAR, settings(service.url)))
            1 / next(results).rows_outside
        assert threads() == []


def test_within_a_running_loop():
    """As in a notebook, whose cells run inside of one."""

    async def cell(configured):
        return collected(KOEN_WIND, YEAR, configured)

    with serving(wind_month) as service:
        results, _ = asyncio.run(cell(settings(service.url)))
    assert len(results) == 12


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_control_c_ends_it():
    code = textwrap.dedent(
        """
        import sys, threading
        from datetime import date
        from energy_data_layer.settings.services import ServiceSettings
        from energy_data_layer.datasets.chunks import chunks_of_range
        from energy_data_layer.datasets.koen_wind import KOEN_WIND
        from energy_data_layer.services.collect import collect

        chunks = chunks_of_range(KOEN_WIND, date(2023, 1, 1), date(2023, 12, 31))
        try:
            with collect(KOEN_WIND, chunks, ServiceSettings()) as results:
                for result in results:
                    pass
        except KeyboardInterrupt:
            print("interrupted", [t.name for t in threading.enumerate() if t.name.startswith("collect")])
        """
    )
    arrived, release = threading.Event(), threading.Event()

    def script(asked, number):
        arrived.set()
        release.wait(60)
        return wind_month(asked)

    source = Path(sys.modules["energy_data_layer"].__file__).parents[1]
    with serving(script) as service:
        environment = os.environ | {
            "EDL_SERVICES_URL": service.url,
            "EDL_SERVICE_KEY": KEY,
            "PYTHONPATH": str(source),
        }
        process = subprocess.Popen(
            [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            assert arrived.wait(30)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
            release.set()
    assert (out, process.returncode) == ("interrupted []\n", 0), err


def test_what_is_kept_does_not_grow_with_the_number_of_chunks():
    """Objects of Arrow and of Python, after 20 chunks and after 200."""
    held = {}
    with serving(wind_month) as service:
        endless = (Chunk("namdong_wind", (), day, day) for day in days(date(2000, 1, 1)))
        with collect(KOEN_WIND, endless, settings(service.url, concurrency=4)) as results:
            for taken in range(1, 201):
                next(results)
                if taken in {20, 200}:
                    settled(lambda: len(service.asked))
                    del service.asked[:]
                    gc.collect()
                    held[taken] = (len(gc.get_objects()), pa.total_allocated_bytes())
    assert held[200][0] < held[20][0] * 1.02
    assert held[200][1] < held[20][1] * 1.1 + 100_000


def test_pages_until_the_service_says_last(engine):
    def script(asked, number):
        page = int(asked.parameters["page"])
        items = [wind_item(date(2023, 1, 1) + timedelta(days=n), page) for n in range(20)]
        return Reply(wind_body(items, last=page == 3))

    result, service = one(KOEN_WIND, JANUARY, script, use_rust=engine)
    assert [asked.parameters["page"] for asked in service.asked] == ["1", "2", "3"]
    assert (len(result.reports), result.items, result.table.num_rows) == (3, 60, 60 * 24)
    assert set(result.table.column("hogi").to_pylist()) == {"1", "2", "3"}


@pytest.mark.parametrize(("sizes", "pages"), [([100, 100, 7], 3), ([100, 0], 2), ([0], 1), ([99], 1)])
def test_pages_until_a_short_or_empty_one(sizes, pages):
    def script(asked, number):
        page = int(asked.parameters["page"])
        return Reply(wind_body([wind_item(date(2023, 1, 1), 1000 * page + n) for n in range(sizes[page - 1])]))

    result, service = one(KOEN_WIND, JANUARY, script)
    assert (len(service.asked), len(result.reports), result.items) == (pages, pages, sum(sizes))


PLANT = chunks_of_range(KOSPO_SOLAR, date(2023, 1, 1), date(2023, 1, 10), [("997D", "1")])[0]


def solar_pages(totals, size=4, of=10):
    """Answer with pages of `size` days; page n announces totals[n - 1]."""
    everything = [date(2023, 1, 1) + timedelta(days=n) for n in range(of)]

    def script(asked, number):
        page = int(asked.parameters["pageNo"])
        return Reply(solar_body(everything[size * (page - 1) : size * page], totals[min(page, len(totals)) - 1]))

    return script


@pytest.mark.parametrize(
    ("totals", "pages", "missing"),
    [
        ([10], 3, 0),
        ([8, 8, 10], 2, 0),
        ([8, 10, 10], 3, 0),
        ([12, 10, 10], 3, 0),
        ([11], 4, 1),
        ([2], 1, 0),
        ([None], 1, 0),
    ],
    ids=["as announced", "grows too late", "grows", "shrinks", "announces too many", "too few", "announces nothing"],
)
def test_pages_until_the_total(totals, pages, missing):
    result, service = one(KOSPO_SOLAR, PLANT, solar_pages(totals))
    assert len(service.asked) == len(result.reports) == pages
    assert result.missing_items == missing
    assert result.table.num_rows == 24 * result.items


def test_rows_that_come_on_two_pages_are_there_twice():
    """An item that arrived between two requests shifts the others; the storage judges what came twice."""
    listed = [date(2023, 1, n) for n in range(1, 6)]

    def script(asked, number):
        page = int(asked.parameters["pageNo"])
        return Reply(solar_body(listed[:3] if page == 1 else listed[2:5], 6))

    result, _ = one(KOSPO_SOLAR, PLANT, script)
    stamps = result.table.column("timestamp").to_pylist()
    assert (result.items, len(stamps), len(set(stamps))) == (6, 144, 120)


def test_the_same_page_for_ever():
    result, service = one(KOSPO_SOLAR, PLANT, lambda asked, number: Reply(solar_body([date(2023, 1, 1)], 1_000_000)))
    assert isinstance(result.error, PayloadError)
    assert "page 2 of nambu_solar 997D 1 2023-01-01..2023-01-10 has the same rows as the page before it" in str(
        result.error
    )
    assert len(service.asked) == 2


def test_pages_without_an_end():
    few = replace(KOSPO_SOLAR, own_service=replace(KOSPO_SOLAR.service, most_pages=7))
    alternating = [date(2023, 1, 1), date(2023, 1, 2)]
    result, service = one(few, PLANT, lambda asked, number: Reply(solar_body([alternating[number % 2]], 1_000_000)))
    assert isinstance(result.error, PayloadError)
    assert "has no end: there are more than 7 pages" in str(result.error)
    assert len(service.asked) == 7


def test_solar_is_asked_one_day_further_and_gives_only_the_asked_days(engine):
    def script(asked, number):
        first, last = (date.fromisoformat(asked.parameters[name]) for name in ("strSdate", "strEdate"))
        listed = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        return Reply(solar_body(listed, len(listed)))

    result, service = one(KOSPO_SOLAR, PLANT, script, use_rust=engine)
    (asked,) = service.asked
    assert (asked.parameters["strSdate"], asked.parameters["strEdate"]) == ("20230101", "20230111")
    assert (asked.parameters["strOrgCd"], asked.parameters["strHoki"]) == ("997D", "1")
    assert (result.items, result.rows_outside) == (11, 24)
    stamps = result.table.column("timestamp").to_pylist()
    assert (str(min(stamps)), str(max(stamps)), len(stamps)) == ("2023-01-01 00:00:00", "2023-01-10 23:00:00", 240)


def test_the_days_of_hours_that_are_named_by_their_end(engine):
    listed = [date(2022, 12, 31), date(2023, 1, 1), date(2023, 1, 31), date(2023, 2, 1)]
    result, _ = one(
        KOEN_WIND,
        JANUARY,
        lambda asked, number: Reply(wind_body([wind_item(day) for day in listed], last=True)),
        use_rust=engine,
    )
    stamps = result.table.column("timestamp").to_pylist()
    assert (str(min(stamps)), str(max(stamps))) == ("2023-01-01 01:00:00", "2023-02-01 00:00:00")
    assert (len(stamps), result.rows_outside) == (48, 48)


def test_what_was_found_is_added_up_over_the_pages():
    def script(asked, number):
        page = int(asked.parameters["page"])
        item = wind_item(date(2023, 1, page)) | {"extra": 1, "qhorGen01": "bad", "qsum": 500.0, "ipptNam": 7}
        return Reply(wind_body([wind_item(date(2023, 1, 10 + page)), item], last=page == 2))

    result, _ = one(KOEN_WIND, JANUARY, script)
    report = CollectionReport("namdong_wind")
    report.note(result)
    assert report.unknown_fields == {"extra": 2}
    assert report.retyped_fields == {"ipptNam": {"number": 2}}
    assert report.coerced == {"qhorGen01": 2}
    assert report.total_mismatches == 2


def test_no_data_is_an_empty_table():
    no_data = b'{"response": {"header": {"resultCode": "03", "resultMsg": "NO_DATA"}}}'
    chunk = chunks_of_range(ASOS, date(2024, 1, 1), date(2024, 1, 2), [(108,)])[0]
    result, _ = one(ASOS, chunk, lambda asked, number: Reply(no_data))
    assert (result.items, result.table.num_rows) == (0, 0)
    assert "ta" in result.table.column_names


def test_an_error_of_the_service_is_that_chunks_own():
    today = b'{"response": {"header": {"resultCode": "99", "resultMsg": "until yesterday"}}}'
    chunk = chunks_of_range(ASOS, date(2024, 1, 1), date(2024, 1, 2), [(108,)])[0]
    result, service = one(ASOS, chunk, lambda asked, number: Reply(today))
    assert isinstance(result.error, ApiError)
    assert len(service.asked) == 1


def test_what_was_kept_gives_the_same_again(tmp_path):
    months = Counter()

    def script(asked, _):
        month = asked.parameters["startD"]
        months[month] += 1
        if month == "20230501":
            return Reply(b"{")
        return Reply(b"", 500) if months[month] == 1 else wind_month(asked)

    raw = RawFolder(tmp_path / "raw")
    with serving(script) as service:
        live, _ = collected(KOEN_WIND, YEAR, settings(service.url), keep_raw=raw)
        asked = len(service.asked)
        again, stats = collected(
            KOEN_WIND, YEAR, ServiceSettings(services_url=service.url), from_raw=RawFolder(raw.folder)
        )
        assert len(service.asked) == asked
    tables = [
        {result.chunk: result.table for result in results if isinstance(result, Collected)} for results in (live, again)
    ]
    assert len(tables[0]) == 11
    assert tables[0] == tables[1]
    (failed,) = [result for result in again if isinstance(result, Failed)]
    assert failed.chunk.first == date(2023, 5, 1)
    assert isinstance(failed.error, ServiceError)
    assert "does not have this answer" in str(failed.error)
    assert stats.requests == 0
    assert stats.services["namdong_wind"].from_raw == 12
    for file in raw.folder.iterdir():
        assert KEY.encode() not in file.read_bytes()


def test_wrong_settings_are_told_before_anything_is_sent(monkeypatch):
    monkeypatch.delenv("EDL_SERVICE_KEY", raising=False)
    with serving(wind_month) as service:
        with pytest.raises(OptionError, match="EDL_SERVICE_KEY"):
            collect(KOEN_WIND, YEAR, ServiceSettings(services_url=service.url))
        monkeypatch.setenv("USE_RUST", "maybe")
        with pytest.raises(OptionError, match="USE_RUST"):
            collect(KOEN_WIND, YEAR, settings(service.url))
    assert service.asked == []


def test_a_missing_engine_is_told_before_anything_is_sent(monkeypatch):
    from energy_data_layer.engine import choice as engine

    def missing(*_):
        raise EngineUnavailable("the Rust engine is not installed")

    monkeypatch.setattr(engine, "choose", missing)
    with serving(wind_month) as service, pytest.raises(EngineUnavailable):
        collect(KOEN_WIND, YEAR, settings(service.url), use_rust=True)
    assert service.asked == []


def test_a_defect_is_not_taken_for_a_failed_chunk():
    def is_last(*_):
        raise AssertionError("a defect")

    broken = replace(KOEN_WIND, own_service=replace(KOEN_WIND.service, is_last=is_last))
    with serving(wind_month) as service, contextlib.ExitStack() as stack:
        results = stack.enter_context(collect(broken, YEAR, settings(service.url)))
        with pytest.raises(AssertionError, match="a defect"):
            list(results)
    assert threads() == []


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "stamina", None)
    monkeypatch.delitem(sys.modules, "energy_data_layer.services.client", raising=False)
    with pytest.raises(ExtraUnavailable, match=r"stamina is not installed; .*energy-data-layer\[services\]"):
        collect(KOEN_WIND, YEAR, settings("http://127.0.0.1"))


def test_a_collection_begins_with_its_context():
    with serving(wind_month) as service, pytest.raises(RuntimeError, match="begins with the statement `with`"):
        next(collect(KOEN_WIND, YEAR, settings(service.url)))


def asos_pages(size):
    """Answer with hourly observations of the range, at most `size` on a page."""

    def script(asked, number):
        first, last = (
            datetime.strptime(asked.parameters[f"{end}Dt"] + asked.parameters[f"{end}Hh"], "%Y%m%d%H")
            for end in ("start", "end")
        )
        hours = [first + timedelta(hours=n) for n in range(int((last - first) / timedelta(hours=1)) + 1)]
        page = int(asked.parameters["pageNo"])
        on_page = hours[size * (page - 1) : size * page]
        items = asos_items(len(on_page))
        for item, hour in zip(items, on_page, strict=True):
            item.update(tm=f"{hour:%Y-%m-%d %H:%M}", stnId=asked.parameters["stnIds"])
        content = {"items": {"item": items}, "pageNo": str(page), "totalCount": str(len(hours))}
        header = {"resultCode": "00", "resultMsg": "NORMAL_SERVICE"}
        return Reply(json.dumps({"response": {"header": header, "body": content}}).encode())

    return script


@pytest.mark.parametrize(("size", "pages"), [(999, 1), (400, 3)])
def test_observations_of_two_stations_over_the_new_year(engine, size, pages):
    chunks = chunks_of_range(ASOS, date(2023, 12, 1), date(2024, 1, 15), [(108,), (159,)])
    with serving(asos_pages(size)) as service:
        results, _ = collected(ASOS, chunks, settings(service.url), use_rust=engine)
    assert sorted(result.chunk.days for result in results) == [5, 5, 41, 41]
    assert sorted(len(result.reports) for result in results) == [1, 1, pages, pages]
    assert all(result.missing_items == result.rows_outside == 0 for result in results)
    table = pa.concat_tables([result.table for result in results])
    keys = set(zip(table.column("stnId").to_pylist(), table.column("tm").to_pylist(), strict=True))
    assert len(keys) == table.num_rows == 2 * 46 * 24
    assert len(service.asked) == 2 * (pages + 1)


def test_two_collections_at_once_do_not_get_in_each_others_way(caplog):
    def script(asked, number):
        return wind_month(asked) if number else Reply(b"", 500)

    with (
        serving(script) as one,
        serving(script) as other,
        collect(KOEN_WIND, YEAR, settings(one.url)) as first,
    ):
        with collect(KOEN_WIND, YEAR, settings(other.url)) as second:
            assert len(list(second)) == 12
        assert len(list(first)) == 12
    told = [record.getMessage() for record in caplog.records if record.name == "stamina"]
    assert len(told) == 2
    assert all("because of ServiceError" in text for text in told)
