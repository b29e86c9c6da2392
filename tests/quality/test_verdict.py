"""The verdict on top of the page: red where ``edl check`` finds a problem, amber where something needs a look."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date, datetime

import lxml.html
import pytest
from typer.testing import CliRunner

from energy_data_layer.cli.app import app
from energy_data_layer.errors import OptionError
from energy_data_layer.jobs.health import Health, LastRun, StaleSeries, TableFreshness
from energy_data_layer.quality.coverage import SeriesCoverage, Stretch, TableCoverage
from energy_data_layer.quality.facts import QualityFacts, quality_facts
from energy_data_layer.quality.page import render
from energy_data_layer.quality.records import Drift, Rejects
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.queries.quality import Scope
from energy_data_layer.storage.runs import RunLog

from .quality_rows import fill

NOW = datetime(2024, 3, 10)
FRESH = TableFreshness("weather_asos", NOW, 9.0, 36.0, series=7)
STALE = [StaleSeries(str(number), f"지점 {number}", NOW, 40.0) for number in range(7)]
DAYS = [Stretch(NOW.date(), 1, "observed")]
SUCCEEDED = LastRun("weather", "succeeded", NOW, "")


def coverage(missing):
    series = SeriesCoverage("108", "서울", NOW, NOW, 1000, 1000 - missing, 0, missing, 3, DAYS, DAYS)
    return [TableCoverage("weather_asos", ["ta"], NOW.date(), NOW.date(), [series])]


GOOD = QualityFacts(
    "duckdb:///energy.duckdb",
    NOW,
    "0.2.0",
    Scope(),
    [],
    [],
    coverage(9),
    rejects=Rejects(True),
    drift=Drift(True),
    health=Health([FRESH], runs=[SUCCEEDED]),
)


def health(**changes):
    return {"health": replace(GOOD.health, **changes)}


@pytest.mark.parametrize(
    ("changes", "check", "light", "said"),
    [
        ({}, None, "green", "9 of 1,000 hours have no value; 3 days are incomplete."),
        ({"coverage": coverage(10)}, "complete", "amber", "1 of 1 stations and plants lack 1 % of their hours"),
        ({"coverage": []}, "complete", "amber", "No hours are stored in this period."),
        (health(drift=3), "drift", "amber", "Noticed by the last runs: 3."),
        (health(rejected=1234), "rejects", "amber", "Rejected by the last runs: 1,234."),
        ({"drift": Drift()}, "drift", "amber", "Not recorded in this database"),
        ({"rejects": Rejects()}, "rejects", "amber", "Not recorded in this database"),
        (health(runs=[]), "runs", "amber", "None."),
        (health(runs=[replace(SUCCEEDED, status="failed", message="why")]), "runs", "red", "weather: failed, .* why"),
        (health(runs=[replace(SUCCEEDED, status="incomplete")]), "runs", "red", "weather: incomplete"),
        (health(runs=[replace(SUCCEEDED, status="odd")]), "runs", "red", "weather: odd"),
        (health(tables=[]), "fresh", "red", "No hours from services are stored yet"),
        (health(tables=[replace(FRESH, last=None)]), "fresh", "red", "Weather: no hours are stored yet"),
        (health(tables=[replace(FRESH, stale=STALE)]), "fresh", "red", r"Weather: .*9 h old; 36 h are allowed$"),
        (
            health(tables=[replace(FRESH, stale=STALE[:6])]),
            "fresh",
            "red",
            r"36 h are allowed; late are 6 of 7: 지점 0, 지점 1, 지점 2, 지점 3, 지점 4 and 1 more$",
        ),
    ],
)
def test_each_check_has_its_light_and_its_reason_and_the_worst_is_the_verdict(changes, check, light, said):
    facts = replace(GOOD, **changes)
    assert {name: one.label for name, one in facts.verdict.items() if one.label != "green"} == (
        {check: light} if check else {}
    )
    assert (light == "red") == bool(facts.health.problems)
    (section,) = lxml.html.fromstring(render(facts)).xpath("//section[contains(@class, 'verdict')]")
    assert section.get("class") == f"verdict {light}"
    for korean in section.xpath(".//span[@lang='ko']"):
        korean.text = ""
    assert section.findtext("h2/span").lower().startswith(f"{light}: ")
    reasons = [" ".join(one.text_content().split()) for one in section.xpath(".//dd/p")]
    assert any(re.search(said, one) for one in reasons), reasons


def test_its_links_lead_to_the_sections(database_url):
    fill(database_url)
    page = lxml.html.fromstring(render(quality_facts(database_url)))
    links = [one.get("href") for one in page.xpath("//main//a")]
    assert len(links) > 20
    assert all(len(page.xpath(f"//h2[@id='{link[1:]}']")) == 1 for link in links)


def test_page_and_edl_check_never_disagree(database_url, own_environment, monkeypatch):
    """As filled all is old and a run failed; then ages are allowed, and then the job succeeds."""
    fill(database_url)

    def edl(command, *arguments):
        return CliRunner().invoke(app, [command, "--db", database_url, "--json", *arguments])

    def lights(*arguments):
        check, page = edl("check", *arguments), json.loads(edl("report", *arguments).stdout)
        told = [[table[name] for name in ("table", "max_hours")] for table in json.loads(check.stdout)["tables"]]
        assert [[table[name] for name in ("table", "max_hours")] for table in page["health"]["tables"]] == told
        assert check.exit_code == ("red" in page["verdict"].values())
        return page["verdict"]

    allowed = ["--max-age", "99999999h"]
    assert lights() == {"fresh": "red", "runs": "red", "complete": "amber", "drift": "green", "rejects": "green"}
    assert lights(*allowed)["fresh"] == "green"
    with Database.connect(database_url) as database:
        log = RunLog(database)
        log.finish(log.begin("wind"), "succeeded", {"rows_rejected": 2})
    assert lights()["fresh"] == "red"
    assert lights(*allowed) == {
        **dict.fromkeys(("fresh", "runs", "drift"), "green"),
        "complete": "amber",
        "rejects": "amber",
    }
    monkeypatch.setenv("EDL_MAX_AGE", "99999999h")
    assert lights()["fresh"] == "green"
    assert edl("report", "--max-age", "soon").exit_code == 2


def test_an_age_that_is_none_is_said_before_the_database_is_opened(tmp_path):
    with pytest.raises(OptionError, match="max_age is 'soon'"):
        quality_facts(f"duckdb:///{tmp_path}/nothing.duckdb", max_age=["soon"])


def test_the_period_is_of_completeness_alone(database_url):
    fill(database_url)
    facts = quality_facts(database_url, since=date(2024, 1, 11), until=date(2024, 1, 12))
    assert {name: light.label for name, light in facts.verdict.items()} == {
        "fresh": "red",
        "runs": "red",
        "complete": "green",
        "drift": "green",
        "rejects": "green",
    }
