"""The goals, each with the figure that was measured for it."""

from __future__ import annotations

from typing import Any


def judge(results: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one verdict per goal."""
    return [
        *map(_ratio, results["table"]),
        *map(_against, results["wide"]),
        *map(_against, (result for result in results["payload"] if result["target"] is not None)),
        _agreement([*results["table"], *results["wide"], *results["payload"]]),
        *map(_payload_memory, results["payload_memory"]),
        *(_round_trip(results["round_trip"], carrier) for carrier in ("capsule", "ipc")),
        *_kernel(results["kernel"]),
        _memory(results["memory"]),
        _import(results["import"]),
    ]


def _ratio(row: dict[str, Any]) -> dict[str, Any]:
    goal = f"{row['title']}: Rust at least {row['target']:g} times as fast"
    return _verdict(goal, f"{row['ratio']:.1f}", row["ok"])


def _against(row: dict[str, Any]) -> dict[str, Any]:
    goal = f"{row['title']}: Rust at least {row['target']:g} times as fast as {row['against']}"
    return _verdict(goal, f"{row['ratio']:.1f}", row["ok"])


def _payload_memory(memory: dict[str, Any]) -> dict[str, Any]:
    goal = f"peak memory of an ASOS body in {memory['form'].upper()}: at most {memory['goal']:g} × body and result"
    ratio = memory["over_body_and_result"]
    return _verdict(goal, f"{ratio:.2f} ×", ratio <= memory["goal"])


def _agreement(rows: list[dict[str, Any]]) -> dict[str, Any]:
    differing = [f"{row['title']}: {row['difference']}" for row in rows if not row["agree"]]
    goal = "all answers are equal on every input"
    return _verdict(goal, "; ".join(differing) or f"all {len(rows)}", not differing)


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
    ratio = memory["rust"]["over_output"]
    goal = f"peak memory above the input, {memory['rows']:,} rows: at most {memory['goal']:g} × the output"
    return _verdict(goal, f"{ratio:.2f} ×", ratio <= memory["goal"])


def _import(cost: dict[str, Any]) -> dict[str, Any]:
    goal = f"importing the package at most {cost['goal_ms']:.0f} ms"
    return _verdict(goal, f"{cost['cost_ms']:.1f} ms", cost["cost_ms"] <= cost["goal_ms"])


def _verdict(goal: str, measured: str, met: bool) -> dict[str, Any]:
    return {"goal": goal, "measured": measured, "met": met}
