"""The READMEs' figures, rendered from the results of ``rust_vs_python.py``."""

from __future__ import annotations

from typing import Any

import environment
import output
import tables

SECTION = "rust_vs_python.json"
SHOWN = ("environment", "table", "wide", "payload", "round_trip", "kernel", "memory", "import")
KOREAN_HEADINGS = ("행 (지점)", "결측", "기준 구현 ms", "Rust ms", "비율", "목표", "두 답의 최대 차이")


def readme_section(results: dict[str, Any], *, korean: bool) -> str:
    """Return the section of a README: all tables with the goals that were missed, or the first one in Korean."""
    return _korean(results) if korean else _english(results)


def _english(results: dict[str, Any]) -> str:
    shown = output.markdown({name: results[name] for name in SHOWN})
    missed = [f"- {goal['goal']}: {goal['measured']}" for goal in results["goals"] if not goal["met"]]
    of_all = f"Of {len(results['goals'])} goals {len(missed)} were missed in this run"
    return "\n".join([shown, "", f"{of_all}:", "", *missed] if missed else [shown, "", f"{of_all}."])


def _korean(results: dict[str, Any]) -> str:
    rows = [
        (
            row["title"].replace("text stamps", "문자열 시각"),
            f"{row['missing_share']:.1%}",
            f"{row['reference_ms']:.2f}",
            f"{row['rust_ms']:.3f}",
            f"{row['ratio']:.1f}",
            f"{row['target']:g}",
            f"{row['largest_difference']:.0e}",
        )
        for row in results["table"]
    ]
    table = tables.as_markdown([KOREAN_HEADINGS, *rows])
    measured_on = environment.sentence(results["environment"] | {"others_busy": None})
    return "\n".join([*table, "", f"측정 환경: {measured_on}."])
