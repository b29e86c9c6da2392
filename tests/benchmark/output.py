"""The results as text for a terminal, or as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import environment

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADINGS = ("rows (stations)", "missing", "reference ms", "Rust ms", "ratio", "target", "ok", "engines agree")


def text(results: dict[str, Any]) -> str:
    """Return all results for a terminal."""
    table = _aligned([HEADINGS, *(_table_row(row) for row in results["table"])])
    lines = [f"  {line}" for line in _measures(results)]
    goals = [f"  {_met(goal):<8} {goal['goal']}: {goal['measured']}" for goal in results["goals"]]
    header = environment.sentence(results["environment"])
    return "\n".join([header, "", *table, "", "Beside the table", *lines, "", "Goals", *goals])


def markdown(results: dict[str, Any]) -> str:
    """Return the README's table and the figures beside it."""
    rows = [HEADINGS, ("---", *["---:"] * (len(HEADINGS) - 1))]
    rows += [_table_row(row) for row in results["table"]]
    table = [f"| {' | '.join(row)} |" for row in rows]
    lines = [f"- {line}" for line in _measures(results)]
    return "\n".join([*table, "", *lines, "", f"Measured on {environment.sentence(results['environment'])}."])


def _table_row(row: dict[str, Any]) -> tuple[str, ...]:
    agreement = f"yes, within {row['largest_difference']:.0e}" if row["agree"] else "NO"
    return (
        row["title"],
        f"{row['missing_share']:.1%}",
        f"{row['reference_ms']:.2f}",
        f"{row['rust_ms']:.3f}",
        f"{row['ratio']:.1f}",
        f"{row['target']:g}",
        "yes" if row["ok"] else "NO",
        agreement,
    )


def _measures(results: dict[str, Any]) -> list[str]:
    return [
        *map(_round_trip, results["round_trip"]),
        _kernel(results["kernel"]),
        _memory(results["memory"]),
        _import(results["import"]),
    ]


def _round_trip(trip: dict[str, Any]) -> str:
    rows = "1 row" if trip["rows"] else "no rows"
    return f"Round trip of {rows}, {trip['trip']}: {trip['us']:.0f} µs (goal {trip['goal_us']:.0f})"


def _kernel(kernel: dict[str, Any]) -> str:
    return (
        f"Kernel alone, {kernel['rows']:,} rows: {kernel['threads_1_ms']:.1f} ms on 1 thread, "
        f"{kernel['threads_2_ms']:.1f} ms on 2 (speed-up {kernel['speed_up']:.2f}); "
        f"copying the {kernel['input_mb']:.0f} MB of its input: {kernel['copy_ms']:.1f} ms; "
        f"so {kernel['threads_1_over_copy']:.1f} × and {kernel['threads_2_over_copy']:.1f} × "
        f"(goal {kernel['goal']:g})"
    )


def _memory(memory: dict[str, Any]) -> str:
    peaks = "; ".join(
        f"{engine} {memory[engine]['peak_mb']:.1f} MB = {memory[engine]['over_output']:.2f} ×"
        for engine in ("rust", "reference")
    )
    return (
        f"Peak memory above the input, {memory['rows']:,} rows, against the {memory['output_mb']:.1f} MB of "
        f"the filled columns: {peaks} (goal {memory['goal']:g} for Rust)"
    )


def _import(cost: dict[str, Any]) -> str:
    return (
        f"import energy_data_layer: {cost['cost_ms']:.1f} ms over the {cost['bare_ms']:.1f} ms of a bare "
        f"Python (goal {cost['goal_ms']:.0f})"
    )


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(_padded, row, widths)) for row in rows]


def _padded(cell: str, width: int) -> str:
    return cell.rjust(width) if cell[0].isdigit() and "(" not in cell else cell.ljust(width)


def _met(goal: dict[str, Any]) -> str:
    return "met" if goal["met"] else "NOT MET"
