"""Run the equivalence suite and count what it compared, how far the engines were apart, and where."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import environment
import tables

ROOT = Path(__file__).parents[2]
PROFILES = ("fast", "balanced", "expensive")
SUITE = ["tests/equivalence"]
SMOKE_SUITE = [
    *SUITE,
    "-k",
    "test_the_engines_fill_alike or test_the_engines_judge_several_pages_alike or (test_snapshot and one_row) "
    "or test_impute_takes_every_carrier",
]
REAL_DATA = ["tests", "-m", "real_data"]
HEADINGS = (
    "transform",
    "tests",
    "failed",
    "skipped",
    "properties",
    "examples",
    "comparisons",
    "rows",
    "values",
    "worst deviation",
    "of the tolerance",
)


def main() -> int:
    """Run, print, write, and return the exit code."""
    options = _options()
    results = _measure(options)
    print("\n".join(_lines(results, tables.as_markdown if options.markdown else tables.as_text)))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    failed = results["tests"]["failed"] + (results["real_data"] or results["tests"])["failed"]
    return 1 if failed else 0


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    described = environment.describe()
    others = environment.OtherProcesses()
    suite = _counted(SMOKE_SUITE if options.smoke else SUITE, options.profile)
    real = None if options.smoke else _counted(REAL_DATA, options.profile)
    del suite["cases_with_rust"]
    kinds, carriers = (
        {name for counts in suite["transforms"].values() for name in counts[of]}
        for of in ("kinds_of_frames", "carriers")
    )
    return {
        "environment": described | {"others_busy": others.busy()},
        "profile": options.profile,
        **suite,
        "carriers": len(carriers),
        "kinds_of_frames": len(kinds),
        "real_data": real and {**real["tests"], "with_rust": real["cases_with_rust"]},
    }


def _counted(selection: list[str], profile: str) -> dict[str, Any]:
    """Run tests in one process, which shows its progress on standard error, and return what was counted."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "counts.json")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.benchmark.equality_counter"]
        process = subprocess.run(
            [*command, "--equality-counts", str(file), *selection],
            cwd=ROOT,
            env=os.environ | {"EDL_TEST_REQUIRE_RUST": "1", "HYPOTHESIS_PROFILE": profile},
            stdout=sys.stderr,
        )
        if process.returncode not in (0, 1):  # 1: there are failures, which are counted
            raise SystemExit(f"pytest {' '.join(selection)} ended with {process.returncode}: see above")
        counts: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return counts


def _lines(results: dict[str, Any], table: Any) -> list[str]:
    transforms = results["transforms"]
    rows = [HEADINGS, *(_row(name, counts) for name, counts in transforms.items())]
    notes = [
        *(_worst(name, counts) for name, counts in transforms.items() if counts["worst_in"]),
        _others(transforms),
        f"{results['mutations']:,} payloads were spoiled; "
        f"{transforms['payload_rows']['bodies_judged_alike']:,} were judged alike by both engines, bit for bit",
        f"{results['snapshots']} snapshots of the reference's answers were held against Rust's, "
        f"in {results['kinds_of_frames']} kinds of frames",
        f"{results['carriers']} carriers of data to Rust gave the same answers",
        _real_data(results["real_data"]),
        *(f"{count} tests were skipped: {reason}" for reason, count in results["skip_reasons"].items()),
    ]
    tests = results["tests"]
    return [
        f"{tests['passed']:,} tests passed, {tests['failed']:,} failed, {tests['skipped']:,} were skipped "
        f"(Hypothesis profile {results['profile']}).",
        "Comparisons are those of an answer of Rust with the reference's own or its snapshot:",
        "",
        *table(rows),
        "",
        *(f"- {note}" for note in notes),
        "",
        f"Measured on {environment.sentence(results['environment'])}.",
    ]


def _row(name: str, counts: dict[str, Any]) -> tuple[str, ...]:
    keys = ("cases", "failed", "skipped", "properties", "examples", "comparisons", "rows", "cells")
    deviation = f"{counts['worst_absolute']:.2g}", f"{counts['worst_of_tolerance']:.2g}"
    return (name, *(f"{counts[key]:,}" for key in keys), *(deviation if counts["comparisons"] else ("", "")))


def _worst(name: str, counts: dict[str, Any]) -> str:
    return (
        f"{name}: {counts['worst_of_tolerance']:.2g} of the tolerance in {counts['worst_in']}, "
        f"{counts['worst_absolute']:.2g} in {counts['worst_absolute_in']}"
    )


def _others(transforms: dict[str, Any]) -> str:
    others = [counts["other_comparisons"] for counts in transforms.values()]
    worst = max(others, key=lambda compared: compared["worst_of_tolerance"])
    where = f" in {worst['worst_in']}" if worst["worst_in"] else ""
    return (
        f"{sum(compared['comparisons'] for compared in others):,} other comparisons (one engine with itself, with "
        f"an answer known beforehand, or an input with its copy) deviated by {worst['worst_of_tolerance']:.2g} of "
        f"the tolerance at most{where}"
    )


def _real_data(real: dict[str, int] | None) -> str:
    if real is None:
        return "real data: not run"
    return (
        f"real data: {real['passed']} tests passed, {real['failed']} failed, {real['skipped']} were skipped; "
        f"Rust ran in {real['with_rust']} of those that passed"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--markdown", action="store_true", help="print the table in Markdown")
    parser.add_argument("--smoke", action="store_true", help="a few tests only: shows that all works")
    parser.add_argument(
        "--profile",
        choices=PROFILES,
        default=os.environ.get("HYPOTHESIS_PROFILE") or "fast",
        help="how many examples Hypothesis tries (default: HYPOTHESIS_PROFILE, else fast)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
