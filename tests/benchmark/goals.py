"""The goals, each with the figure that was measured for it."""

from __future__ import annotations

from typing import Any


def judge(results: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one verdict per goal."""
    compared = [row for table in ("table", "wide", "payload") for row in results.get(table, [])]
    trips = results.get("round_trip", [])
    return [
        *map(_ratio, results.get("table", [])),
        *map(_against, (row for row in compared if "against" in row and row["target"] is not None)),
        *([_agreement(compared)] if compared else []),
        *([_agreement_at_every_size(results["scaling"])] if "scaling" in results else []),
        *(_round_trip(trips, carrier) for carrier in ("capsule", "ipc") if trips),
        *(_kernel(results["kernel"]) if "kernel" in results else []),
        *map(_memory, (row for row in results.get("memory", []) if row["goal"] is not None)),
        *([_import(results["import"])] if "import" in results else []),
    ]


def _ratio(row: dict[str, Any]) -> dict[str, Any]:
    goal = f"{row['title']}: Rust at least {row['target']:g} times as fast"
    return _verdict(goal, f"{row['ratio']:.1f}", row["ok"])


def _against(row: dict[str, Any]) -> dict[str, Any]:
    goal = f"{row['title']}: Rust at least {row['target']:g} times as fast as {row['against']}"
    return _verdict(goal, f"{row['ratio']:.1f}", row["ok"])


def _agreement(rows: list[dict[str, Any]]) -> dict[str, Any]:
    differing = [f"{row['title']}: {row['difference']}" for row in rows if not row["agree"]]
    goal = "all answers are equal on every input"
    return _verdict(goal, "; ".join(differing) or f"all {len(rows)}", not differing)


def _agreement_at_every_size(scaling: dict[str, Any]) -> dict[str, Any]:
    """Judge what the engines answered; what others answer is not theirs to answer for."""
    own = [record for record in scaling["records"] if record["threads"]]
    differing = [f"{row['transform']} of {row['size']:,}: {row['agreement']}" for row in own if not row["correct"]]
    goal = "Rust's answers are the reference's at every size, whole, kernel alone and by each carrier"
    return _verdict(goal, "; ".join(differing) or f"all {len(own)}", not differing)


def _round_trip(trips: list[dict[str, Any]], carrier: str) -> dict[str, Any]:
    slowest = max((trip for trip in trips if trip["trip"].startswith(carrier)), key=lambda trip: trip["us"])
    goal = f"empty round trip by {carrier} at most {slowest['goal_us']:.0f} µs"
    return _verdict(goal, f"{slowest['us']:.0f} µs at most ({slowest['trip']})", slowest["ok"])


def _kernel(kernel: dict[str, Any]) -> list[dict[str, Any]]:
    verdicts = []
    for threads in (1, 2):
        ratio = kernel[f"threads_{threads}_over_copy"]
        goal = (
            f"kernel, {kernel['rows']:,} rows, {threads} thread{'s'[: threads - 1]}: "
            f"at most {kernel['goal']:g} × a copy of its input"
        )
        verdicts.append(_verdict(goal, f"{ratio:.1f} ×", ratio <= kernel["goal"]))
    return verdicts


def _memory(memory: dict[str, Any]) -> dict[str, Any]:
    over = {"over_output": "the output", "over_input_and_output": "input and output, the input included"}
    ratio = memory[memory["goal_of"]]
    goal = (
        f"peak memory of {memory['transform']}, {memory['size']:,} rows: "
        f"at most {memory['goal']:g} × {over[memory['goal_of']]}"
    )
    return _verdict(goal, f"{ratio:.2f} ×", ratio <= memory["goal"])


def _import(cost: dict[str, Any]) -> dict[str, Any]:
    goal = f"importing the package at most {cost['goal_ms']:.0f} ms"
    return _verdict(goal, f"{cost['cost_ms']:.1f} ms", cost["cost_ms"] <= cost["goal_ms"])


def _verdict(goal: str, measured: str, met: bool) -> dict[str, Any]:
    return {"goal": goal, "measured": measured, "met": met}
