"""The data-quality page in a real browser: quiet, alone, readable on a phone, by everyone, in both languages."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from energy_data_layer.quality.page import quality_page, render
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.migrations import migrate

from .browser import browser as browser
from .made_up_facts import made_up_facts
from .quality_rows import fill

pytestmark = pytest.mark.slow

PHONE, DESK = {"width": 360, "height": 800}, {"width": 1280, "height": 900}
LEAST_CONTRAST = 4.5

OPEN_ALL = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"

VISIBLE_IN = """(language) => [...document.querySelectorAll("span.t")]
  .filter((one) => one.lang === language && getComputedStyle(one).display !== "none").length"""

NOT_NAMED = """() => [...document.querySelectorAll("svg, img, canvas")].filter((one) => {
  if (one.closest("[aria-hidden=true]")) return false;
  const named = (one.getAttribute("aria-labelledby") || "").split(" ").filter(Boolean);
  const texts = named.map((id) => document.getElementById(id)?.innerText.trim());
  return !["img", "slider"].includes(one.getAttribute("role")) || !named.length || !texts.every(Boolean);
}).map((one) => one.outerHTML.slice(0, 200))"""

LOW_CONTRAST = """(least) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const channels = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (colour) => {
    const [r, g, b] = channels(colour).slice(0, 3).map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (channels(colour)[3] === 255) return colour;
    }
    return "white";
  };
  const low = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const one = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !one.checkVisibility() || one.closest("script, style")) continue;
    const style = getComputedStyle(one);
    const colour = one instanceof SVGElement ? style.fill : style.color;
    const pair = [luminance(colour), luminance(behind(one))].sort((a, b) => b - a);
    const contrast = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (contrast < least) low.add(`${contrast.toFixed(2)} ${one.outerHTML.slice(0, 120)}`);
  }
  return [...low];
}"""


@dataclass
class Visit:
    """A page in the browser, with what it said and asked for."""

    page: object
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    fill(f"duckdb:///{folder}/energy.duckdb")
    path = folder / "data-quality.html"
    path.write_text(quality_page(f"duckdb:///{folder}/energy.duckdb"), encoding="utf-8")
    return path


@pytest.fixture
def visit(browser, path):
    @contextmanager
    def opened(address="", file=path, **options):
        context = browser.new_context(offline=True, **options)
        found = Visit(context.new_page())
        found.page.on("console", lambda message: found.said.append(message.text))
        found.page.on("pageerror", lambda error: found.said.append(str(error)))
        found.page.on("dialog", lambda dialog: found.said.append(dialog.message))
        found.page.on("request", lambda request: found.asked.append(request.url))
        found.page.goto(f"file://{file}{address}")
        found.page.evaluate(OPEN_ALL)
        yield found
        context.close()

    return opened


@pytest.mark.parametrize("screen", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_nothing_is_said_asked_for_or_too_wide(visit, path, screen, language):
    with visit(f"#{language}", viewport=screen) as found:
        found.page.mouse.wheel(0, 5000)
        assert found.page.evaluate("document.documentElement.scrollWidth") == screen["width"]
        assert found.page.evaluate("document.querySelectorAll('.scroll').length") > 8
        assert found.said == []
        assert found.asked == [f"file://{path}"]


def test_the_check_for_requests_sees_one(visit, tmp_path):
    file = tmp_path / "asks.html"
    file.write_text("<img src='http://127.0.0.1:9/x.png'>", encoding="utf-8")
    with visit(file=file) as found:
        assert len(found.asked) == 2
        assert found.said


def test_the_language_is_switched_and_remembered(visit):
    with visit() as found:
        page = found.page
        buttons = {name: page.get_by_role("button", name=name) for name in ("English", "한국어")}
        assert (page.evaluate(VISIBLE_IN, "ko"), page.locator("html").get_attribute("lang")) == (0, "en")
        english = page.evaluate(VISIBLE_IN, "en")
        buttons["한국어"].click()
        assert (page.evaluate(VISIBLE_IN, "en"), page.evaluate(VISIBLE_IN, "ko")) == (0, english)
        assert (page.title(), page.locator("html").get_attribute("lang")) == ("데이터 품질", "ko")
        assert buttons["한국어"].get_attribute("aria-pressed") == "true"
        page.get_by_role("link", name="실행 기록").click()
        assert page.evaluate("document.getElementById('runs').getBoundingClientRect().top") < DESK["height"]
        page.reload()
        assert page.locator("html").get_attribute("lang") == "ko"
        buttons["English"].click()
        assert page.locator("html").get_attribute("lang") == "en"
        page.go_back()
        assert page.locator("html").get_attribute("lang") == "ko"


@pytest.mark.parametrize("language", ["en", "ko"])
def test_pictures_have_names_and_headings_are_in_order(visit, language):
    with visit(f"#{language}") as found:
        assert found.page.locator("svg[role=slider]").count() > 20
        assert found.page.evaluate(NOT_NAMED) == []
        levels = found.page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map((one) => +one.tagName[1])")
        assert levels.count(1) == 1
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        assert found.page.evaluate("new Set([...document.querySelectorAll('[id]')].map((o) => o.id)).size") == (
            found.page.locator("[id]").count()
        )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out(visit, scheme):
    with visit(color_scheme=scheme) as found:
        assert found.page.evaluate(LOW_CONTRAST, LEAST_CONTRAST) == []
        assert len(found.page.evaluate(LOW_CONTRAST, 22)) > 20


def test_without_scripts_the_content_is_there(visit):
    with visit(java_script_enabled=False) as found:
        assert found.page.locator("h2").count() > 9
        assert found.page.get_by_text("Rejected rows").first.is_visible()
        assert not found.page.get_by_text("거부된 행").first.is_visible()
        assert not found.page.get_by_role("button").first.is_visible()
        assert found.page.locator("svg[role=img]").count() > 20
        assert found.page.locator("[tabindex='0']:not(.scroll)").count() == 0


def test_a_picture_tells_date_and_value_under_the_pointer(visit):
    with visit("#ko", viewport=PHONE) as found:
        page = found.page
        picture = page.locator("svg.series").first
        picture.scroll_into_view_if_needed()
        box = picture.bounding_box()
        tip = page.locator(".tip")
        assert not tip.is_visible()
        for part in (0.16, 0.5, 0.94):
            page.mouse.move(box["x"] + part * box["width"], box["y"] + 0.5 * box["height"])
            assert re.fullmatch(r"20\d\d-\d\d-\d\d \d\d:00 · -?[\d.]+ (°C|%)( · [가-힣].*)?", tip.inner_text())
            sides = tip.evaluate("(one) => [one.getBoundingClientRect().left, one.getBoundingClientRect().right]")
            assert 0 <= sides[0] < sides[1] <= PHONE["width"]
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        page.mouse.move(0, 0)
        assert not tip.is_visible()


def test_a_picture_is_stepped_through_by_keys(visit):
    with visit() as found:
        page = found.page
        picture = page.locator("svg.series").first
        stored = [point.split(",") for point in picture.get_attribute("data-points").split(" ")]
        picture.focus()
        page.keyboard.press("Home")
        first = datetime.fromisoformat(picture.get_attribute("data-first"))
        for hour in range(4):
            told = picture.get_attribute("aria-valuetext")
            assert told == page.locator(".tip").inner_text()
            assert told.startswith(f"{first + timedelta(hours=hour):%Y-%m-%d %H:%M} · {stored[hour][1]} ")
            page.keyboard.press("ArrowRight")
        page.keyboard.press("End")
        page.keyboard.press("ArrowRight")
        assert picture.get_attribute("aria-valuenow") == picture.get_attribute("aria-valuemax") == str(len(stored) - 1)
        page.keyboard.press("Escape")
        assert not page.locator(".tip").is_visible()


def test_the_days_of_a_strip_and_of_a_calendar_are_told_too(visit):
    """As the facts have them: the strips of a table are one stop of the Tab key, between which arrows move."""
    with visit() as found:
        page = found.page
        strips = page.locator("#coverage-wind_namdong ~ .scroll").first.locator("svg[role=slider]")
        strips.first.focus()
        told = []
        for _ in range(31):
            told.append(strips.first.get_attribute("aria-valuetext"))
            page.keyboard.press("ArrowRight")
        states = ["nothing there" if day == 10 else "every hour observed" for day in range(1, 32)]
        assert told == [f"2024-01-{day:02} · {state}" for day, state in enumerate(states, 1)]
        weather = page.locator(".coverage").first.locator("svg[role=slider]")
        assert [one.get_attribute("tabindex") for one in weather.all()] == ["0", "-1", "-1"]
        weather.first.focus()
        page.keyboard.press("ArrowDown")
        assert weather.nth(1).evaluate("(one) => one === document.activeElement")
        assert [one.get_attribute("tabindex") for one in weather.all()] == ["-1", "0", "-1"]
        calendar = page.locator(".calendars svg").first
        calendar.focus()
        assert calendar.get_attribute("aria-valuetext").startswith("2023-12-20 · ")
        page.keyboard.press("ArrowDown")
        assert calendar.get_attribute("aria-valuetext").startswith("2024-01-29 · ")
        page.keyboard.press("ArrowUp")
        assert calendar.get_attribute("aria-valuetext").startswith("2023-12-20 · ")


def test_bars_are_in_columns_of_one_width_and_on_one_scale(visit):
    with visit() as found:
        for section in ("gaps", "fills"):
            bars = found.page.evaluate(
                """(id) => [...document.querySelectorAll(`[aria-labelledby=${id}] .bar`)].map((one) => [
                  parseInt(one.parentElement.textContent.replace(",", "")),
                  one.getBoundingClientRect().width,
                  one.parentElement.getBoundingClientRect().width,
                ])""",
                section,
            )
            assert len({round(cell, 1) for *_, cell in bars}) == 1
            most, longest, _ = max(bars)
            assert len(bars) > 3
            for count, width, _ in bars:
                assert width == pytest.approx(max(longest * count / most, 2), abs=0.1)


def test_a_section_without_anything_is_one_line_that_unfolds(visit, tmp_path):
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    with Database.connect(url) as database:
        migrate(database)
    file = tmp_path / "empty.html"
    file.write_text(quality_page(url), encoding="utf-8")
    with visit(file=file) as found:
        folded = found.page.locator("section.empty")
        assert folded.count() == 10
        found.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = false; })")
        assert all(one.bounding_box()["height"] < 60 for one in folded.all())
        drift = found.page.locator("section.empty", has=found.page.locator("#drift"))
        assert not drift.get_by_text("vanished or retyped").is_visible()
        drift.locator("summary").press("Enter")
        assert drift.get_by_text("vanished or retyped").is_visible()


def test_what_data_hold_is_not_run(visit):
    with visit() as found:
        assert found.page.title() == "Data quality"
        assert found.page.evaluate("document.images.length") == 0
        found.page.evaluate(
            "document.body.append(Object.assign(document.createElement('script'), {text: 'hacked = 1'}))"
        )
        assert found.page.evaluate("typeof hacked") == "undefined"


def test_ten_years_of_95_stations_open_on_a_phone(visit, tmp_path):
    file = tmp_path / "large.html"
    file.write_text(render(made_up_facts()), encoding="utf-8")
    with visit(file=file, viewport=PHONE) as found:
        assert found.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        assert found.page.locator(".calendars figure").count() == 155
        assert found.said == []
