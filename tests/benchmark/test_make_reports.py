"""The reports and their graphs are what the measured data give, and nothing else."""

from __future__ import annotations

import json
import re
import shutil

import make_reports
import pytest
from make_reports import MEASUREMENTS, REPORTS, ROOT, load, make_pages, out_of_date

FIGURE = re.compile(r"\d[\d.,]*\s?(×|x\b|ms\b|µs\b|MB\b|times as|배)")
CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)


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
    with pytest.raises(SystemExit, match="not of one run: cpu differ"):
        load(tmp_path)


def test_data_are_kept_only_if_every_script_succeeds(tmp_path, monkeypatch):
    monkeypatch.setattr(make_reports, "HERE", tmp_path)
    monkeypatch.setattr(make_reports, "MEASUREMENTS", tmp_path / "measurements")
    monkeypatch.setattr(make_reports, "SCRIPTS", ("good", "bad"))
    (tmp_path / "good.py").write_text("import sys; open(sys.argv[2], 'w').write('{}')", encoding="utf-8")
    (tmp_path / "bad.py").write_text("raise SystemExit(1)", encoding="utf-8")
    with pytest.raises(make_reports.subprocess.CalledProcessError):
        make_reports.measure()
    assert not (tmp_path / "measurements").exists()
    monkeypatch.setattr(make_reports, "SCRIPTS", ("good",))
    make_reports.measure()
    assert sorted(path.name for path in (tmp_path / "measurements").iterdir()) == ["good.json", "run.json"]


@pytest.mark.parametrize("name", ["README.md", "README.ko.md"])
def test_a_readme_quotes_no_measured_figure(name):
    prose = CODE.sub("", (ROOT / name).read_text(encoding="utf-8"))
    assert FIGURE.findall(prose) == []
