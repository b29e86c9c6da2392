"""Measure the Rust engine against the reference: time, memory, the cost of crossing, and that they agree."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import engine_alone
import environment
import goals
import import_cost
import memory
import output
import payloads
import whole_call
import wide_tables
from data import CASES, Case


@dataclass(frozen=True)
class Scale:
    """How large and how often: the full measurement, or a small one that only shows that all works."""

    cases: list[Case]
    wide_cases: list[wide_tables.WideCase]
    payload_cases: list[payloads.PayloadCase]
    payload_bytes: int
    """Size of the body for memory."""
    repeats: int
    large: tuple[int, int]
    """Rows and stations for kernel and memory."""
    memory_processes: int
    import_processes: int


FULL = Scale(
    CASES,
    wide_tables.CASES,
    payloads.CASES,
    payload_bytes=20_000_000,
    repeats=9,
    large=(1_000_000, 25),
    memory_processes=3,
    import_processes=15,
)
SMOKE = Scale(
    [Case(100, 1, 8), Case(1_000, 3, 8), Case(1_000, 3, 8, text_stamps=True)],
    wide_tables.SMOKE_CASES,
    payloads.SMOKE_CASES,
    payload_bytes=500_000,
    repeats=2,
    large=(20_000, 5),
    memory_processes=1,
    import_processes=2,
)


def main() -> int:
    """Measure, print, and return the exit code."""
    options = _options()
    cases = [case for case in options.scale.cases if not options.sizes or case.label in options.sizes]
    results = _measure(options.scale, cases, options.repeats or options.scale.repeats)
    print(output.markdown(results) if options.markdown else output.text(results))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    all_met = all(goal["met"] for goal in results["goals"])
    return 1 if options.check and not all_met else 0


def _measure(scale: Scale, cases: list[Case], repeats: int) -> dict[str, Any]:
    results: dict[str, Any] = {"environment": environment.describe()}
    others = environment.OtherProcesses()
    results["table"] = [whole_call.measure(case, repeats) for case in cases]
    results["wide"] = [wide_tables.measure(case, repeats) for case in scale.wide_cases]
    results["payload"] = [result for case in scale.payload_cases for result in payloads.measure(case, repeats)]
    results["payload_memory"] = memory.measure_payload(scale.payload_bytes, scale.memory_processes)
    results["round_trip"] = engine_alone.measure_round_trips(repeats * 3)
    results["kernel"] = engine_alone.measure_kernel(*scale.large, repeats)
    results["memory"] = memory.measure(*scale.large, scale.memory_processes)
    results["import"] = import_cost.measure(scale.import_processes)
    results["environment"]["others_busy"] = others.busy()
    results["goals"] = goals.judge(results)
    return results


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sizes",
        type=lambda text: text.split(","),
        metavar="ROWS,…",
        help=f"the inputs of the first table, of {_labels(FULL)}; all unless given",
    )
    parser.add_argument("--repeats", type=int, help=f"samples per engine and input (default {FULL.repeats})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument(
        "--smoke",
        action="store_const",
        dest="scale",
        const=SMOKE,
        default=FULL,
        help="small and short: shows that all works, its times mean little",
    )
    parser.add_argument("--markdown", action="store_true", help="print the README's table")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a goal is not met")
    options = parser.parse_args()
    unknown = set(options.sizes or ()) - {case.label for case in options.scale.cases}
    if unknown:
        parser.error(f"--sizes can be {_labels(options.scale)}, not {', '.join(sorted(unknown))}")
    if options.repeats is not None and options.repeats < 1:
        parser.error("--repeats must be at least 1")
    return options


def _labels(scale: Scale) -> str:
    return ", ".join(case.label for case in scale.cases)


if __name__ == "__main__":
    sys.exit(main())
