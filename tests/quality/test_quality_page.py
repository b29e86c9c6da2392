"""The data-quality page as text: both languages, harmless whatever the data hold, small, there in full or not."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from string import Formatter

import lxml.html
import pytest
from typer.testing import CliRunner

from energy_data_layer.cli.app import app
from energy_data_layer.errors import ExtraUnavailable, OptionError, StorageError
from energy_data_layer.quality import page as page_module
from energy_data_layer.quality.facts import quality_facts
from energy_data_layer.quality.labels import LABELS, LANGUAGES
from energy_data_layer.quality.page import quality_page, render, write_quality_page
from energy_data_layer.quality.pictures import nice_ticks
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.migrations import migrate

from .made_up_facts import made_up_facts
from .quality_rows import HOSTILE, fill

LARGEST = 3_000_000
TEMPLATES = Path(page_module.__file__).parent / "templates"


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    url = f"duckdb:///{tmp_path_factory.mktemp('page')}/energy.duckdb"
    fill(url)
    return url


@pytest.fixture(scope="module")
def page(filled):
    return quality_page(filled)


def edl(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "200"})


def texts_of(tree):
    return [(text.getparent(), str(text)) for text in tree.xpath("//body//text()[not(ancestor::script)]")]


def test_what_the_data_hold_is_text(page):
    tree = lxml.html.fromstring(page)
    assert len(tree.xpath("//script")) == 1
    assert not tree.xpath("//img | //link | //iframe | //*[@src] | //*[@onerror]")
    shown = [text for _, text in texts_of(tree) if "<script>" in text]
    assert any(text == f"WP {HOSTILE}" for text in shown)  # a plant
    assert any(text == HOSTILE for text in shown)  # a reason, a subject, a message
    assert any("… (+" in text for text in shown)  # content


def test_every_text_is_in_both_languages_or_data(page):
    tree = lxml.html.fromstring(page)
    for parent, text in texts_of(tree):
        if re.search(r"[^\W\d_]", text):
            chain = [parent, *parent.iterancestors()]
            assert any(
                one.get("class") == "t" or one.get("translate") == "no" or one.tag == "button" for one in chain
            ), text
    spans = tree.xpath("//span[@class='t']")
    assert [one.get("lang") for one in spans] == ["en", "ko"] * (len(spans) // 2)
    for english, korean in zip(spans[::2], spans[1::2], strict=True):
        assert re.search(r"[가-힣]", korean.text), korean.text
        assert not re.search(r"[가-힣]", english.text), english.text


@pytest.mark.parametrize("key", LABELS)
def test_labels_take_the_same_values_in_each_language(key):
    texts = LABELS[key]
    assert len(texts) == len(LANGUAGES)
    assert len({frozenset(name for _, name, _, _ in Formatter().parse(text) if name) for text in texts}) == 1


def test_every_label_is_used():
    templates = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES.iterdir())
    for key in LABELS:
        stem, _, last = key.rpartition(".")
        assert f'"{key}"' in templates or (f'"{stem}." ~' in templates and last), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_shown_first(filled, language):
    tree = lxml.html.fromstring(quality_page(filled, language=language))
    assert tree.get("lang") == language
    assert tree.findtext("head/title") == dict(zip(LANGUAGES, LABELS["title"], strict=True))[language]


def test_what_is_cut_is_said(page):
    for said in ("Shown: 20 of 30.", "전체 30건 중 20건을 표시합니다.", "Shown: 50 of 60."):
        assert said in page
    assert re.search(r"Shown: the 12 longest of \d+ gaps\.", page)


def test_period_and_origin_are_said(filled):
    page = quality_page(filled, since=date(2024, 1, 2), until=date(2024, 1, 3), stations=[108, 5])
    for said in ("2024-01-02 to 2024-01-03", "as asked for", "energy.duckdb", "Without any hour in the period: 5"):
        assert said in page


def test_a_database_without_anything(tmp_path):
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    with Database.connect(url) as database:
        migrate(database)
    page = quality_page(url)
    assert "No hours are stored in this period" in page
    assert "None noticed." in page
    with Database.connect(url) as database:
        database.execute("DROP TABLE drift")
    assert "Not recorded in this database" in quality_page(url)


def test_ten_years_of_95_stations_stay_small():
    page = render(made_up_facts())
    assert 500_000 < len(page.encode()) < LARGEST
    assert "of 95" not in page


def test_where_most_days_are_disturbed_fewer_calendars_are_shown():
    page = render(made_up_facts(disturbed=0.9))
    assert len(page.encode()) < LARGEST
    assert re.search(r"Shown: [1-9]\d of 95\.", page)
    assert "Shown: 0 of 60." in page


def test_the_command(filled, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert (
        edl("report", "--db", filled, "--since", "2024-01-01", "--stations", "108", "159", "-o", "q.html").exit_code
        == 0
    )
    assert (tmp_path / "q.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert edl("report", "--db", filled, "--language", "ko").exit_code == 0
    assert '<html lang="ko"' in (tmp_path / "data-quality.html").read_text(encoding="utf-8")
    told = json.loads(edl("report", "--db", filled, "--json").stdout)
    assert told["rejects"]["count"] == 30
    wrong = edl("report", "--db", filled, "--stations", "seoul")
    assert (wrong.exit_code, "--stations takes numbers" in wrong.stderr) == (2, True)
    assert edl("report", "--db", filled, "--since", "2024-02-01", "--until", "2024-01-01").exit_code == 2
    assert edl("report", "--db", "duckdb:///nothing.duckdb").exit_code == 1


def test_the_database_is_only_read(filled):
    def dump():
        with Database.connect(filled) as database:
            return {
                table: database.read(table).sort_by(database.columns(table)[0]) for table in sorted(database.tables())
            }

    before = dump()
    quality_page(filled)
    assert dump() == before


def test_a_page_that_cannot_be_made_leaves_the_last_one(filled, tmp_path):
    path = tmp_path / "q.html"
    path.write_text("the last one", encoding="utf-8")
    with pytest.raises(StorageError, match="no such file"):
        write_quality_page(f"duckdb:///{tmp_path}/nothing.duckdb", path)
    with pytest.raises(OptionError, match="it can be en, ko"):
        write_quality_page(filled, path, language="fr")
    assert path.read_text(encoding="utf-8") == "the last one"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(StorageError, match="create it first"):
        write_quality_page(filled, tmp_path / "nowhere" / "q.html")


def test_jinja2_is_an_extra(filled, monkeypatch):
    monkeypatch.setattr(page_module, "find_spec", lambda _: None)
    with pytest.raises(ExtraUnavailable, match=r"energy-data-layer\[report\]"):
        quality_page(filled)
    assert quality_facts(filled).rejects.count == 30


@pytest.mark.parametrize(("low", "high"), [(0, 0), (-3.2, 17), (1003.2, 1003.3), (0, 1e6), (-1e-9, 1e-9)])
def test_ticks_hold_the_values_between_them(low, high):
    ticks = nice_ticks(low, high)
    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert 3 <= len(ticks) <= 7
