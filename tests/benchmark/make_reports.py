"""Measure what the reports quote, in one run on one machine, and write data, graphs and pages into docs/.

Without options everything is measured, which takes about 40 minutes on two cores. The data go to
``docs/measurements/`` when all of them are there; graphs and pages are made from them, and say when each was measured.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from graphs import draw_phases, draw_pipeline, draw_scaling
from harness import HERE, ROOT
from report_pages import render, report_data

if TYPE_CHECKING:
    from collections.abc import Sequence

DOCS = ROOT / "docs"
MEASUREMENTS = DOCS / "measurements"
GRAPHS = DOCS / "graphs"
SCRIPTS = ("profile_impute", "rust_vs_python", "pipeline", "equality_evidence", "maintenance", "instructions")
"""Each writes the file of its name."""
REPORTS = ("phase0_report.md", "poc_report_final.md")


def main() -> None:
    """Measure, or not, and write graphs and pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--from-data", action="store_true", help="measure nothing; write graphs and pages from the data"
    )
    parser.add_argument(
        "--only", nargs="+", choices=SCRIPTS, default=SCRIPTS, metavar="SCRIPT", help="measure these; keep other data"
    )
    options = parser.parse_args()
    if not options.from_data:
        measure(options.only)
    data = load(MEASUREMENTS)
    pages = make_pages(data)
    draw(data, GRAPHS)
    for path, text in pages.items():
        path.write_text(text, encoding="utf-8")


def out_of_date(data: dict[str, Any]) -> list[Path]:
    """Return the pages and graphs that are not what the data give."""
    given = {path: text.encode() for path, text in make_pages(data).items()}
    with tempfile.TemporaryDirectory() as folder:
        draw(data, Path(folder))
        given |= {GRAPHS / new.name: new.read_bytes() for new in sorted(Path(folder).glob("*.svg"))}
    return [path for path, content in given.items() if not path.exists() or path.read_bytes() != content]


def measure(scripts: Sequence[str]) -> None:
    """Run scripts one after the other; keep their data only if all have succeeded."""
    file = MEASUREMENTS / "run.json"
    run = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        for name in scripts:
            print(f"measuring: {name}", flush=True)
            run[name] = {
                "begun": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
                "commit": _git("rev-parse", "--short=12", "HEAD"),
                "changed": bool(_git("status", "--porcelain", "--", "python", "rust", "tests")),
            }
            begin = perf_counter()
            command = [sys.executable, str(HERE / f"{name}.py"), "--json", f"{folder}/{name}.json"]
            subprocess.run(command, check=True, cwd=ROOT)
            run[name]["seconds"] = perf_counter() - begin
        Path(folder, "run.json").write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")
        MEASUREMENTS.mkdir(parents=True, exist_ok=True)
        for file in Path(folder).iterdir():
            shutil.copyfile(file, MEASUREMENTS / file.name)


def load(folder: Path) -> dict[str, Any]:
    """Read all data of a run and require that they come from one machine and one set of versions."""
    data = {name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in (*SCRIPTS, "run")}
    first = data["rust_vs_python"]["environment"]
    for name, measured in data.items():
        environment = measured.get("environment", {})
        shared = environment.keys() & first.keys() - {"others_busy"}
        different = sorted(key for key in shared if environment[key] != first[key])
        if different:
            raise SystemExit(
                f"{name}.json and rust_vs_python.json do not belong together: {', '.join(different)} differ; "
                "run `make reports`, which measures all"
            )
    return data


def make_pages(data: dict[str, Any]) -> dict[Path, str]:
    """Return the text of every page that quotes the data."""
    context = report_data(data)
    return {DOCS / name: render(name, context) for name in REPORTS}


def draw(data: dict[str, Any], folder: Path) -> None:
    """Write all graphs, as SVG and PNG."""
    draw_scaling(data["rust_vs_python"], folder)
    draw_phases(data["profile_impute"], folder)
    draw_pipeline(data["pipeline"], folder)


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, cwd=ROOT, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    main()
