"""Measure the Rust engine against the reference: time, memory, the cost of crossing, and that they agree."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import break_even
import engine_alone
import environment
import goals
import graphs
import import_cost
import memory
import output
import payloads
import scaling
import whole_call
import wide_tables
from data import CASES, Case

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SECTIONS = ("tables", "engine", "memory", "import", "scaling")


@dataclass(frozen=True)
class Scale:
    """How large and how often: the full measurement, or a small one that only shows that all works."""

    cases: list[Case]
    wide_cases: list[wide_tables.WideCase]
    payload_cases: list[payloads.PayloadCase]
    repeats: int
    large: tuple[int, int]
    """Rows and stations for the kernel."""
    scaling_sizes: Sequence[int]
    memory_sizes: Mapping[str, int]
    memory_processes: int
    import_processes: int


FULL = Scale(
    CASES,
    wide_tables.CASES,
    payloads.CASES,
    repeats=9,
    large=(1_000_000, 25),
    scaling_sizes=scaling.SIZES,
    memory_sizes={
        "impute": 1_000_000,
        "complete_hours": 1_000_000,
        "wide_to_long": 100_000,
        "payload_rows_json": 20_000_000,
        "payload_rows_xml": 20_000_000,
    },
    memory_processes=3,
    import_processes=15,
)
SMOKE = Scale(
    [Case(100, 1, 8), Case(1_000, 3, 8), Case(1_000, 3, 8, text_stamps=True)],
    wide_tables.SMOKE_CASES,
    payloads.SMOKE_CASES,
    repeats=2,
    large=(20_000, 5),
    scaling_sizes=scaling.SMOKE_SIZES,
    memory_sizes={
        "impute": 20_000,
        "complete_hours": 20_000,
        "wide_to_long": 1_000,
        "payload_rows_json": 500_000,
        "payload_rows_xml": 500_000,
    },
    memory_processes=1,
    import_processes=2,
)


def main() -> int:
    """Measure, print, and return the exit code."""
    options = _options()
    results = _measure(options)
    print(output.markdown(results) if options.markdown else output.text(results))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if options.graphs:
        graphs.draw_scaling(results, options.graphs)
    all_met = all(goal["met"] for goal in results["goals"])
    return 1 if options.check and not all_met else 0


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    scale, repeats = options.scale, options.repeats or options.scale.repeats
    results: dict[str, Any] = {"environment": environment.describe()}
    others = environment.OtherProcesses()
    if "tables" in options.only:
        cases = [case for case in scale.cases if not options.sizes or case.label in options.sizes]
        results["table"] = [whole_call.measure(case, repeats) for case in cases]
        results["wide"] = [wide_tables.measure(case, repeats) for case in scale.wide_cases]
        results["payload"] = [result for case in scale.payload_cases for result in payloads.measure(case, repeats)]
    if "engine" in options.only:
        results["round_trip"] = engine_alone.measure_round_trips(repeats * 3)
        results["kernel"] = engine_alone.measure_kernel(*scale.large, repeats)
    if "memory" in options.only:
        results["memory"] = memory.measure(scale.memory_sizes, scale.memory_processes)
    if "import" in options.only:
        results["import"] = import_cost.measure(scale.import_processes)
    if "scaling" in options.only:
        sizes = [*scale.scaling_sizes, *([scaling.TEN_MILLION] if options.ten_million else [])]
        results["scaling"] = scaling.measure(sizes, repeats)
        results["break_even"] = break_even.judge(results["scaling"])
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
    parser.add_argument(
        "--only",
        type=lambda text: text.split(","),
        default=list(SECTIONS),
        metavar="SECTION,…",
        help=f"what to measure, of {', '.join(SECTIONS)}; all unless given",
    )
    parser.add_argument("--ten-million", action="store_true", help="scaling also with 10,000,000 rows")
    parser.add_argument("--repeats", type=int, help=f"samples per engine and input (default {FULL.repeats})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--graphs", type=Path, metavar="FOLDER", help="draw the scaling there, as SVG and PNG")
    parser.add_argument(
        "--smoke",
        action="store_const",
        dest="scale",
        const=SMOKE,
        default=FULL,
        help="small and short: shows that all works, its times mean little",
    )
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a goal is not met")
    options = parser.parse_args()
    unknown = set(options.sizes or ()) - {case.label for case in options.scale.cases}
    if unknown:
        parser.error(f"--sizes can be {_labels(options.scale)}, not {', '.join(sorted(unknown))}")
    unknown = set(options.only) - set(SECTIONS)
    if unknown:
        parser.error(f"--only can be {', '.join(SECTIONS)}, not {', '.join(sorted(unknown))}")
    if options.graphs and "scaling" not in options.only:
        parser.error("--graphs needs the section scaling")
    if options.repeats is not None and options.repeats < 1:
        parser.error("--repeats must be at least 1")
    return options


def _labels(scale: Scale) -> str:
    return ", ".join(case.label for case in scale.cases)


if __name__ == "__main__":
    sys.exit(main())
