"""The reports and their graphs are what the measured data give: no figure typed by hand, no claim they contradict."""

from __future__ import annotations

import json
import re
import shutil

import make_reports
import pytest
import report_pages
from harness import ROOT
from jinja2 import UndefinedError
from make_reports import MEASUREMENTS, REPORTS, load, make_pages, out_of_date
from report_pages import TypedFigure, UnfoundedClaim, render, typed_figures
from verdict import judge

FIGURE = re.compile(r"\d[\d.,]*\s?(×|x\b|ms\b|µs\b|MB\b|times as|배)")
CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)
DATA = {"kernel": {"ms": 8.26, "ratio": 21.7}}


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.setattr(report_pages, "TEMPLATES", tmp_path)

    def write(text: str) -> str:
        (tmp_path / "page.md.j2").write_text(text, encoding="utf-8")
        return render("page.md", DATA)

    return write


def test_figures_come_from_the_data(page):
    assert page("It takes {{ kernel.ms | ms }}, so {{ kernel.ratio | times }}.") == "It takes 8.3 ms, so 21.7 ×.\n"


def test_a_figure_the_data_do_not_contain_fails(page):
    with pytest.raises(UndefinedError, match="us"):
        page("It takes {{ kernel.us }}.")


@pytest.mark.parametrize(
    "text",
    [
        "It takes 8 ms.",
        "It is 21.7× as fast.",
        "| 1,000 | fast |",
        "# 3 results",
        "It takes {{ 8 }} ms.",
        "More than\n90 % of it",
    ],
)
def test_a_figure_typed_by_hand_fails(page, text):
    with pytest.raises(TypedFigure):
        page(text)


@pytest.mark.parametrize(
    "text",
    [
        "Phase 0 comes before phase 1.",
        "`make bench --repeats 9`",
        "[graph](graphs/impute_2.svg)",
        "```sh\nsleep 5\n```",
        "a float64, abi3 and UTF-8",
        "{% for number in [1, 2] %}{{ kernel.ms | round(number) }}{% endfor %}",
    ],
)
def test_what_is_no_figure_passes(text):
    assert not list(typed_figures(text))


def test_a_claim_has_to_hold(page):
    assert page('{% do holds(kernel.ratio > 20, "twenty times") %}It is fast.') == "It is fast.\n"
    with pytest.raises(UnfoundedClaim, match="thirty times"):
        page('{% do holds(kernel.ratio > 30, "thirty times") %}It is fast.')


# The reports of the repository


@pytest.fixture(scope="module")
def data():
    return load(MEASUREMENTS)


def test_pages_and_graphs_are_up_to_date(data):
    assert out_of_date(data) == []


def test_another_figure_makes_other_pages(data):
    changed = json.loads(json.dumps(data))
    for size in changed["rust_vs_python"]["table"]:
        size["rust_ms"] *= 1.5
    for run in changed["pipeline"]["runs"]:
        run["cpu_seconds"] *= 1.5
    changed["profile_impute"]["sizes"][0]["reference"]["wall_ms"] *= 1.5
    before, after = make_pages(data), make_pages(changed)
    assert [path.name for path in before if before[path] != after[path]] == [*REPORTS]


def test_data_of_two_machines_are_refused(tmp_path):
    shutil.copytree(MEASUREMENTS, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "pipeline.json"
    measured = json.loads(file.read_text(encoding="utf-8"))
    measured["environment"]["cpu"] = "another one"
    file.write_text(json.dumps(measured), encoding="utf-8")
    with pytest.raises(SystemExit, match="do not belong together: cpu differ"):
        load(tmp_path)


def test_data_are_kept_only_if_every_script_succeeds(tmp_path, monkeypatch):
    monkeypatch.setattr(make_reports, "HERE", tmp_path)
    monkeypatch.setattr(make_reports, "MEASUREMENTS", tmp_path / "measurements")
    (tmp_path / "good.py").write_text("import sys; open(sys.argv[2], 'w').write('{}')", encoding="utf-8")
    (tmp_path / "bad.py").write_text("raise SystemExit(1)", encoding="utf-8")
    with pytest.raises(make_reports.subprocess.CalledProcessError):
        make_reports.measure(("good", "bad"))
    assert not (tmp_path / "measurements").exists()
    make_reports.measure(["good"])
    assert sorted(path.name for path in (tmp_path / "measurements").iterdir()) == ["good.json", "run.json"]
    (tmp_path / "bad.py").write_text((tmp_path / "good.py").read_text(encoding="utf-8"), encoding="utf-8")
    before = json.loads((tmp_path / "measurements" / "run.json").read_text(encoding="utf-8"))
    make_reports.measure(["bad"])
    after = json.loads((tmp_path / "measurements" / "run.json").read_text(encoding="utf-8"))
    assert (list(after), after["good"]) == (["good", "bad"], before["good"])


@pytest.mark.parametrize("name", ["README.md", "README.ko.md"])
def test_a_readme_quotes_no_measured_figure(name):
    prose = CODE.sub("", (ROOT / name).read_text(encoding="utf-8"))
    assert FIGURE.findall(prose) == []


# The verdict of each transform


def results(*, correct: bool = True, rust_ms: float = 1.0, paid_back: bool = True) -> dict:
    sizes = [
        {"size": 100, "reference_ms": 1.0, "rust_ms": 2.0, "paid_back": {"capsule": False, "ipc": False}},
        {"size": 10_000, "reference_ms": 4.0, "rust_ms": rust_ms, "paid_back": {"capsule": True, "ipc": paid_back}},
        {"size": 100_000, "reference_ms": 40.0, "rust_ms": 50.0, "paid_back": {"capsule": False, "ipc": False}},
    ]
    return {
        "scaling": {
            "records": [
                {"transform": "impute", "contestant": "Rust", "correct": correct},
                {"transform": "impute", "contestant": "polars interpolate", "correct": False},
                {"transform": "complete_hours", "contestant": "Rust", "correct": False},
            ]
        },
        "break_even": [{"transform": "impute", "unit": "rows", "sizes": sizes}],
    }


def shares(cpu_share: float = 0.4, rows: int = 20_000) -> list[dict]:
    return [
        {"transform": "impute", "job": "small", "cpu_share": cpu_share, "rows": 100},
        {"transform": "impute", "job": "large", "cpu_share": 0.1, "rows": rows},
        {"transform": "complete_hours", "job": "large", "cpu_share": 0.9, "rows": 10**6},
    ]


def test_all_criteria_met_is_production():
    judged = judge("impute", results(), shares())
    assert judged["verdict"] == "production"
    assert judged["met"] == {"cpu_share": True, "rows": True, "paid_back": True, "saved": True}
    assert (judged["heaviest"]["job"], judged["largest"]["job"]) == ("small", "large")
    assert judged["saved"] == 0.75


@pytest.mark.parametrize(
    ("criterion", "measured", "of_jobs"),
    [
        ("cpu_share", {}, {"cpu_share": 0.29}),
        ("rows", {}, {"rows": 9_999}),
        ("paid_back", {"paid_back": False}, {}),
        ("saved", {"rust_ms": 2.1}, {}),
    ],
)
def test_one_criterion_missed_is_hold(criterion, measured, of_jobs):
    judged = judge("impute", results(**measured), shares(**of_jobs))
    assert judged["verdict"] == "hold"
    assert [name for name, met in judged["met"].items() if not met] == [criterion]


@pytest.mark.parametrize("measured", [{"correct": False}, {"rust_ms": 4.1}])
def test_another_answer_or_a_slower_one_is_stop(measured):
    assert judge("impute", results(**measured), shares())["verdict"] == "stop"
