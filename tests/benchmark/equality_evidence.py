"""Run the equivalence suite and count what it compared, how far the engines were apart, and where."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import harness
from harness import ROOT

SUITE = ["tests/equivalence"]
SMOKE_SUITE = [
    *(f"tests/equivalence/test_{name}.py" for name in ("impute", "complete_hours", "wide_to_long", "payload_rows")),
    *("tests/equivalence/test_laws.py", "tests/equivalence/test_carriers.py", "-k"),
    "test_the_engines_fill_alike or test_the_engines_judge_several_pages_alike or (test_snapshot and one_row) "
    "or test_impute_takes_every_carrier",
]
REAL_DATA = ["tests", "-m", "real_data"]
SIZES = {"suites": ([SUITE, REAL_DATA], [SMOKE_SUITE])}


def measure(sizes: Any) -> dict[str, Any]:
    """Count what a suite compares, and what ran of the tests of published files, where these are asked for."""
    profile = os.environ.get("HYPOTHESIS_PROFILE") or "fast"
    suite, *real = (_counted(selection, profile) for selection in sizes.suites)
    del suite["cases_with_rust"]
    for of in ("carriers", "kinds_of_frames"):
        suite[of] = len({name for counts in suite["transforms"].values() for name in counts[of]})
    real_data = {**real[0]["tests"], "with_rust": real[0]["cases_with_rust"]} if real else None
    return {"profile": profile, **suite, "real_data": real_data}


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


def document(results: dict[str, Any]) -> list[Any]:
    """Return a row per transform, and what was found beside it."""
    transforms, real = results["transforms"], results["real_data"]
    others = [counts["other_comparisons"] for counts in transforms.values()]
    worst = max(others, key=lambda compared: compared["worst_of_tolerance"])
    notes = [
        *(
            f"{name}: {counts['worst_of_tolerance']:.2g} of the tolerance in {counts['worst_in']}, "
            f"{counts['worst_absolute']:.2g} in {counts['worst_absolute_in']}"
            for name, counts in transforms.items()
            if counts["worst_in"]
        ),
        f"{sum(compared['comparisons'] for compared in others):,} other comparisons (one engine with itself, with "
        f"an answer known beforehand, or an input with its copy) deviated by {worst['worst_of_tolerance']:.2g} of "
        f"the tolerance at most{' in ' + worst['worst_in'] if worst['worst_in'] else ''}",
        f"{results['mutations']:,} payloads were spoiled; "
        f"{transforms['payload_rows']['bodies_judged_alike']:,} were judged alike by both engines, bit for bit",
        f"{results['snapshots']} snapshots of the reference's answers were held against Rust's, "
        f"in {results['kinds_of_frames']} kinds of frames",
        f"{results['carriers']} carriers of data to Rust gave the same answers",
        "real data: not run"
        if real is None
        else f"real data: {real['passed']} tests passed, {real['failed']} failed, {real['skipped']} were skipped; "
        f"Rust ran in {real['with_rust']} of those that passed",
        *(f"{count} tests were skipped: {reason}" for reason, count in results["skip_reasons"].items()),
    ]
    passed, failed, skipped = (results["tests"][outcome] for outcome in ("passed", "failed", "skipped"))
    return [
        f"{passed:,} tests passed, {failed:,} failed, {skipped:,} were skipped (Hypothesis profile "
        f"{results['profile']}).\nComparisons are those of an answer of Rust with the reference's own or its snapshot:",
        harness.table(
            [{"transform": name} | counts for name, counts in transforms.items()],
            ("transform", "{transform}"),
            ("tests", "{cases:,}"),
            ("failed", "{failed:,}"),
            ("skipped", "{skipped:,}"),
            ("properties", "{properties:,}"),
            ("examples", "{examples:,}"),
            ("comparisons", "{comparisons:,}"),
            ("rows", "{rows:,}"),
            ("values", "{cells:,}"),
            ("worst deviation", "{worst_absolute:.2g}"),
            ("of the tolerance", "{worst_of_tolerance:.2g}"),
        ),
        harness.bullets(notes),
    ]


def holds(results: dict[str, Any]) -> bool:
    """Return whether no test failed."""
    return not any(counts["failed"] for counts in (results["tests"], results["real_data"]) if counts)


if __name__ == "__main__":
    sys.exit(harness.run())
