"""The results as text for a terminal, or as Markdown."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import environment
import scaling_tables
from tables import as_markdown

if TYPE_CHECKING:
    from collections.abc import Sequence

COMPARED = ("input", "against", "ms", "Rust ms", "ratio", "target", "ok", "answers equal")
HEADINGS = ("rows (stations)", "missing", "reference ms", "Rust ms", "ratio", "target", "ok", "engines agree")
OVER = {"over_output": "output", "over_input_and_output": "(input + output)"}
PEAKS = ("transform", "engine", "size", "input MB", "output MB", "peak MB", "÷ output", "with input, ÷ both", "goal")


def text(results: dict[str, Any]) -> str:
    """Return all results for a terminal."""
    tables = []
    for title, (headings, *rows) in _tables(results):
        tables += ["", title, *aligned([*_stacked(headings), *rows])]
    lines = [f"  {line}" for line in _measures(results)]
    goals = [f"  {_met(goal):<8} {goal['goal']}: {goal['measured']}" for goal in results["goals"]]
    header = environment.sentence(results["environment"])
    return "\n".join([header, *tables, "", "Beside the tables", *lines, "", "Goals", *goals])


def markdown(results: dict[str, Any]) -> str:
    """Return all results as Markdown."""
    return f"{measured(results)}\n\nMeasured on {environment.sentence(results['environment'])}."


def measured(results: dict[str, Any]) -> str:
    """Return the tables as Markdown, and the figures beside them."""
    tables = []
    for title, rows in _tables(results):
        tables += [f"{title}:", "", *as_markdown(rows), ""]
    return "\n".join([*tables, *(f"- {line}" for line in _measures(results))])


def _tables(results: dict[str, Any]) -> list[tuple[str, list[tuple[str, ...]]]]:
    """Return the tables of what was measured: a title, the headings and the rows."""
    tables = []
    if "table" in results:
        tables += [
            ("`impute_missing_values`, pandas in and out", [HEADINGS, *map(_table_row, results["table"])]),
            ("`transform_wide_to_long`", [COMPARED, *map(_compared_row, results["wide"])]),
            ("`rows_from_api_payload`, ASOS", [COMPARED, *map(_compared_row, results["payload"])]),
        ]
    if "scaling" in results:
        tables += [*scaling_tables.tables(results["scaling"]), scaling_tables.break_even_table(results["break_even"])]
    if "memory" in results:
        tables.append(("Peak memory above the input", [PEAKS, *map(_memory_row, results["memory"])]))
    return tables


def _compared_row(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        row["title"],
        row["against"],
        f"{row['other_ms']:.2f}",
        f"{row['rust_ms']:.3f}",
        f"{row['ratio']:.1f}",
        "-" if row["target"] is None else f"{row['target']:g}",
        "yes" if row["ok"] else "NO",
        "yes" if row["agree"] else "NO",
    )


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


def _memory_row(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        row["transform"],
        row["engine"],
        f"{row['size']:,}",
        *(f"{row[name]:.1f}" for name in ("input_mb", "output_mb", "peak_mb")),
        *(f"{row[name]:.2f}" for name in ("over_output", "over_input_and_output")),
        "-" if row["goal"] is None else f"{row['goal']:g} × {OVER[row['goal_of']]}",
    )


def _measures(results: dict[str, Any]) -> list[str]:
    return [
        *map(_round_trip, results.get("round_trip", [])),
        *([_kernel(results["kernel"])] if "kernel" in results else []),
        *(_bound(row) for row in results.get("wide", []) if row["against"] == "reference"),
        *([_import(results["import"])] if "import" in results else []),
        *(scaling_tables.lines(results["scaling"]) if "scaling" in results else []),
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


def _bound(row: dict[str, Any]) -> str:
    return (
        f"Wide to long, {row['title']}: copying the {row['result_mb']:.1f} MB of the result alone takes "
        f"{row['copy_ms']:.3f} ms; the reference takes {row['other_over_copy']:.1f} × that, Rust "
        f"{row['rust_ms'] / row['copy_ms']:.1f} ×; reading the columns and making the frame without any engine "
        f"takes {row['no_engine_ms']:.3f} ms, so that the ratio can be {row['other_over_no_engine']:.1f} at most"
    )


def _import(cost: dict[str, Any]) -> str:
    return (
        f"import energy_data_layer: {cost['cost_ms']:.1f} ms over the {cost['bare_ms']:.1f} ms of a bare "
        f"Python (goal {cost['goal_ms']:.0f})"
    )


def _stacked(headings: Sequence[str]) -> list[tuple[str, ...]]:
    """Return headings on several lines, broken at their commas."""
    return list(zip_longest(*(heading.split(", ") for heading in headings), fillvalue=""))


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table's headings and rows as lines of equal columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(_padded, row, widths)) for row in rows]


def _padded(cell: str, width: int) -> str:
    return cell.rjust(width) if cell.lstrip("-")[:1].isdigit() and "(" not in cell else cell.ljust(width)


def _met(goal: dict[str, Any]) -> str:
    return "met" if goal["met"] else "NOT MET"
