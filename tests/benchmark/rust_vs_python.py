"""Measure the Rust engine against the reference: time, memory, the cost of crossing, and that they agree."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from typing import Any

import engine_alone
import harness
import memory
import scaling
import whole_calls

PARTS = ("tables", "engine", "memory", "import", "scaling")
IMPORT_GOAL_MS = 30.0


MEMORY_SIZES = {
    "impute": 1_000_000,
    "optimal_interpolation": 1_000_000,
    "complete_hours": 1_000_000,
    "wide_to_long": 100_000,
    "payload_rows_json": 20_000_000,
    "payload_rows_xml": 20_000_000,
}
SIZES = {
    **whole_calls.SIZES,
    "repeats": (9, 1),
    "kernel_rows": (1_000_000, 20_000),
    "scaling": (scaling.SIZES, (0, 1, 1_000)),
    # One of frames and one of bodies.
    "memory": (MEMORY_SIZES, {"impute": 20_000, "payload_rows_json": 500_000}),
    "memory_processes": (3, 1),
    "import_processes": (15, 1),
}


def measure(sizes: Any, sections: list[str]) -> dict[str, Any]:
    """Measure some sections, or all, and judge them."""
    results: dict[str, Any] = {}
    if "tables" in sections:
        results |= whole_calls.measure(sizes)
    if "engine" in sections:
        results |= engine_alone.measure(sizes.kernel_rows, sizes.repeats)
    if "memory" in sections:
        results |= memory.measure(sizes.memory, sizes.memory_processes)
    if "import" in sections:
        results["import"] = _import_cost(sizes.import_processes)
    if "scaling" in sections:
        results["scaling"] = scaling.measure(sizes.scaling, sizes.repeats)
        results["break_even"] = scaling.break_even(results["scaling"])
    names = ("goal", "measured", "met")
    return results | {"goals": [dict(zip(names, goal, strict=True)) for goal in _goals(results)]}


def _import_cost(processes: int) -> dict[str, Any]:
    """Start fresh processes in turns, with and without `import energy_data_layer`."""
    code = {"bare": "pass", "package": "import energy_data_layer"}
    calls = {
        name: partial(subprocess.run, [sys.executable, "-c", statement], check=True) for name, statement in code.items()
    }
    bare, package = (timing.ms for timing in harness.time_in_turns(calls, processes, least_seconds=0.0).values())
    return {"bare_ms": bare, "package_ms": package, "cost_ms": package - bare, "goal_ms": IMPORT_GOAL_MS}


def _goals(results: dict[str, Any]) -> list[tuple[str, str, bool]]:
    goals = []
    if "table" in results:
        goals += whole_calls.goals(results)
    if "scaling" in results:
        # What others answer is not the engines' to answer for.
        own = [record for record in results["scaling"]["records"] if record["threads"]]
        differing = [f"{row['transform']} of {row['size']:,}: {row['agreement']}" for row in own if not row["correct"]]
        goal = "Rust's answers are the reference's at every size, whole, kernel alone and by each carrier"
        goals.append((goal, "; ".join(differing) or f"all {len(own)}", not differing))
    if "kernel" in results:
        goals += engine_alone.goals(results)
    if "memory" in results:
        goals += memory.goals(results)
    if "import" in results:
        cost, goal = results["import"]["cost_ms"], results["import"]["goal_ms"]
        goals.append((f"importing the package at most {goal:.0f} ms", f"{cost:.1f} ms", cost <= goal))
    return goals


def document(results: dict[str, Any]) -> list[Any]:
    """Return the tables of what was measured, and the goals."""
    verdicts = [("goal", "measured", "met")]
    verdicts += [(goal["goal"], goal["measured"], "yes" if goal["met"] else "NO") for goal in results["goals"]]
    scaled = scaling.document(results) if "scaling" in results else []
    return [*beside_scaling(results), *scaled, "Goals:", verdicts]


def beside_scaling(results: dict[str, Any]) -> list[Any]:
    """Return the tables and figures that are not those of the scaling."""
    blocks = []
    if "table" in results:
        blocks += whole_calls.document(results)
    if "memory" in results:
        blocks += memory.document(results)
    if "kernel" in results:
        blocks += engine_alone.document(results)
    if "import" in results:
        cost = (
            "import energy_data_layer: {cost_ms:.1f} ms over the {bare_ms:.1f} ms of a bare Python (goal {goal_ms:.0f})"
        )
        blocks.append(harness.bullets([cost.format(**results["import"])]))
    return blocks


def draw(results: dict[str, Any], folder: Any) -> None:
    """Draw the scaling, where it was measured."""
    if "scaling" in results:
        from graphs import draw_scaling

        draw_scaling(results, folder)


def meets_goals(results: dict[str, Any]) -> bool:
    """Return whether all goals are met."""
    return all(goal["met"] for goal in results["goals"])


if __name__ == "__main__":
    sys.exit(harness.run())
