"""The data-quality page in a real browser: quiet, alone, readable on a phone, by everyone, in both languages."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from energy_data_layer.quality.page import quality_page, render

from .browser import browser as browser
from .made_up_facts import made_up_facts
from .quality_rows import fill

pytestmark = pytest.mark.slow

PHONE, DESK = {"width": 375, "height": 800}, {"width": 1280, "height": 900}
LEAST_CONTRAST = 4.5

OPEN_ALL = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"

VISIBLE_IN = """(language) => [...document.querySelectorAll("span.t")]
  .filter((one) => one.lang === language && getComputedStyle(one).display !== "none").length"""

NOT_NAMED = """() => [...document.querySelectorAll("svg, img, canvas")].filter((one) => {
  if (one.closest("[aria-hidden=true]")) return false;
  const named = (one.getAttribute("aria-labelledby") || "").split(" ").filter(Boolean);
  const texts = named.map((id) => document.getElementById(id)?.innerText.trim());
  return one.getAttribute("role") !== "img" || !named.length || !texts.every(Boolean);
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
        assert found.page.locator("svg[role=img]").count() > 20
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
