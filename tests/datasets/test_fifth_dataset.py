"""A dataset that nobody knows, added by its record alone: from its service to every place that speaks of datasets."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import pyarrow as pa
import pytest

from energy_data_layer import ApiError, rows_from_api_payload
from energy_data_layer.datasets.chunks import compact_day, months
from energy_data_layer.datasets.dataset import Column, DailyValue, Dataset, Label, Service, Table, ends_by_total
from energy_data_layer.datasets.envelope import Envelope
from energy_data_layer.datasets.payload_fields import PayloadField, number_fields, text_field
from energy_data_layer.datasets.registry import DATASETS
from energy_data_layer.doctor.connections import check_services
from energy_data_layer.errors import OptionError, SchemaDriftError
from energy_data_layer.jobs.options import RunOptions
from energy_data_layer.jobs.service import run_service
from energy_data_layer.jobs.status import status_of
from energy_data_layer.quality.facts import quality_facts
from energy_data_layer.quality.page import quality_page
from energy_data_layer.settings.services import ServiceSettings
from energy_data_layer.storage.connect import connect
from energy_data_layer.storage.coverage import incomplete_days

from ..services.scripted_service import KEY, Reply, serving

FIRST, LAST = date(2024, 1, 30), date(2024, 2, 2)
SITES = {"T1": "Sihwa", "T2": "Uldolmok"}

TIDAL = Dataset(
    name="tidal_power",
    job="tidal",
    label=Label("Tidal power", "조력 발전"),
    table=Table(
        name="tidal_generation",
        columns=(
            Column("measured_at", pa.timestamp("s"), meaning="beginning of the hour, KST"),
            Column("site", pa.string(), meaning="code of the site"),
            Column("site_name", pa.string(), meaning="name of the site"),
            Column("energy", pa.float64(), "kWh", "energy generated", low=0.0, daily=DailyValue("sum")),
        ),
        series=("site",),
        stamp="measured_at",
        value="energy",
        names=("site_name",),
    ),
    own_service=Service(
        path="tides/hourly",
        asks_for_series=False,
        pieces=months,
        parameters=lambda chunk, page: (
            ("from", f"{chunk.first:%Y%m%d}"),
            ("to", f"{chunk.last:%Y%m%d}"),
            ("page", str(page)),
        ),
        chunk_of=lambda asked: ((), compact_day(asked["from"]), compact_day(asked["to"])),
        rows_per_page=50,
        most_pages=20,
        is_last=ends_by_total,
        fields=(
            PayloadField("measured_at", "stamp", pa.timestamp("s"), required=True),
            text_field("site", required=True),
            text_field("site_name"),
            *number_fields("energy"),
        ),
        envelope=Envelope(
            roots=("result",),
            header="status",
            code="state",
            message="text",
            success=("fine",),
            success_message="",
            no_data=("none",),
            body="data",
            items="rows",
            item="",
            page_no="page",
            rows_per_page="size",
            last="end",
            total_count=("total",),
            xml=False,
        ),
    ),
)


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    monkeypatch.setitem(DATASETS, TIDAL.name, TIDAL)


def hours_of(first, last, without=()):
    """Return the hours of some days, but for some stamps."""
    stamps = [datetime.combine(first, datetime.min.time()) + timedelta(hours=hour) for hour in range(96)]
    return [stamp for stamp in stamps if first <= stamp.date() <= last and stamp not in without]


def answering(without=(), more=()):
    """Return a script of the service: 50 hours a page."""

    def script(asked, number):
        first, last = (compact_day(asked.parameters[name]) for name in ("from", "to"))
        items = [
            {"measured_at": f"{stamp:%Y-%m-%d %H:%M}", "site": site, "site_name": name, "energy": 100.0 + stamp.hour}
            | dict(more)
            for stamp in hours_of(first, last, without)
            for site, name in SITES.items()
        ]
        page = int(asked.parameters["page"])
        data = {"rows": items[50 * (page - 1) : 50 * page], "total": len(items), "page": page, "size": 50}
        return Reply(json.dumps({"result": {"status": {"state": "fine"}, "data": data}}).encode())

    return script


def run(url, service, use_rust, **options):
    settings = ServiceSettings(service_key=KEY, services_url=service.url, attempts=1, requests_per_second=1000)
    return run_service(TIDAL, url, FIRST, LAST, RunOptions(settings=settings, use_rust=use_rust, **options))


def test_it_is_fetched_stored_counted_watched_and_shown(engine, tmp_path, own_environment, monkeypatch):
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    hole = datetime(2024, 2, 1, 5)
    with serving(answering(without=[hole])) as service:
        report = run(url, service, engine)
        assert {asked.path for asked in service.asked} == {"/tides/hourly"}
    assert (report.job, report.status, report.rows_inserted) == ("tidal", "succeeded", 2 * 95)
    assert report.plants_new == ["T1", "T2"]
    assert [(day.key, day.day, day.hours) for day in report.collection.first_incomplete_days] == [
        ("T1", "2024-02-01", 23),
        ("T2", "2024-02-01", 23),
    ]

    with serving(answering(more={"salinity": "31"})) as service:
        second = run(url, service, engine)
    assert (second.rows_inserted, second.rows_unchanged) == (2, 2 * 95)
    assert [str(finding) for finding in second.drift] == ["field_new tidal_power salinity"]
    with connect(url) as database:
        stored = database.read("tidal_generation").sort_by([("site", "ascending"), ("measured_at", "ascending")])
        assert stored.column("measured_at").to_pylist() == 2 * hours_of(FIRST, LAST)
        assert stored.column("energy").to_pylist() == 2 * [100.0 + hour for hour in range(24)] * 4
        assert incomplete_days(database, "tidal_generation", FIRST, LAST).num_rows == 0

    (table,) = (one for one in status_of(url).tables if one.table == "tidal_generation")
    assert (table.rows, [one.key for one in table.series]) == (2 * 96, ["T1", "T2"])
    facts = quality_facts(url)
    assert [one.name for one in next(one for one in facts.coverage if one.table == "tidal_generation").series] == [
        "Sihwa",
        "Uldolmok",
    ]
    page = quality_page(url)
    assert "Tidal power" in page
    assert "조력 발전" in page

    monkeypatch.setenv("EDL_SERVICE_KEY", KEY)
    told = {finding.check: str(finding.verdict) for finding in check_services(online=False)}
    assert told["key of tidal_power"] == told["key of asos"]


def test_its_schema_policy_holds(engine, tmp_path, own_environment):
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    with serving(answering()) as service:
        run(url, service, engine)
    with serving(answering(more={"salinity": "31"})) as service, pytest.raises(SchemaDriftError, match="salinity"):
        run(url, service, engine, schema_policy="tidal_generation=freeze")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"result": {"status": {"state": "broken", "text": "no power"}}}, "no power"),
        ({"result": {"data": {"rows": []}}}, r"result\.status: is missing"),
        ({"result": {"status": {"state": "fine"}, "data": {"total": 3}}}, r"result\.data\.rows: is missing"),
        ({"response": {}}, 'has no member "result"'),
    ],
)
def test_what_is_wrong_with_an_answer_is_told_in_its_words(engine, body, error):
    with pytest.raises((ApiError, ValueError), match=error):
        rows_from_api_payload(json.dumps(body), "tidal_power", use_rust=engine)


def test_no_data_is_a_table_without_rows(engine):
    body = {"result": {"status": {"state": "none"}}}
    assert rows_from_api_payload(json.dumps(body), "tidal_power", use_rust=engine).num_rows == 0


def test_a_dataset_that_is_not_registered_is_not_known(engine, monkeypatch):
    monkeypatch.delitem(DATASETS, TIDAL.name)
    with pytest.raises(OptionError, match="it can be asos, namdong_wind, nambu_solar"):
        rows_from_api_payload("{}", "tidal_power", use_rust=engine)
