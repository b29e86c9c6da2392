"""The scaling of the transforms as tables: a row per size, a column per contestant, each time with its correctness."""

from __future__ import annotations

from typing import Any

Table = tuple[str, list[tuple[str, ...]]]

EQUAL = "✓"
ABSENT = "-"
BY_CARRIER = ("round trip", "crossing")
"""The contestants that differ in how they cross over, not in threads."""
LEGEND = (
    f"Times in ms. {EQUAL}: the reference's answer, within the tolerance of the contract; a percentage: so many of the "
    "fills are the reference's, the others are another answer; !: another answer."
)


def tables(scaling: dict[str, Any]) -> list[Table]:
    """Return two tables per transform: whole calls, and what is inside those of Rust."""
    found = []
    for transform in dict.fromkeys(record["transform"] for record in scaling["records"]):
        records = [record for record in scaling["records"] if record["transform"] == transform]
        whole = [record for record in records if record["kind"] == "whole call"]
        inside = [record for record in records if record["kind"] != "whole call"]
        found.append((f"`{transform}`, whole calls by {records[0]['unit']}", _rows(whole)))
        found.append((f"`{transform}`, inside the calls of Rust", _rows(inside)))
    return found


def lines(scaling: dict[str, Any]) -> list[str]:
    """Return what has to be said beside the tables: how to read them, and what is left out and why."""
    sizes: dict[tuple[str, str, str], list[str]] = {}
    for one in scaling["left_out"]:
        key = one["transform"], one["contestant"], one["reason"]
        sizes.setdefault(key, []).append(f"{one['size']:,}")
    left_out = [
        f"Left out of {transform}: {contestant} at {' / '.join(those)}: {reason}"
        for (transform, contestant, reason), those in sizes.items()
    ]
    return [LEGEND, *scaling["notes"], *left_out]


def break_even_table(break_even: list[dict[str, Any]]) -> Table:
    """Return from which size on Rust pays."""
    headings = (
        "transform",
        "unit",
        "Rust faster from",
        "crossing paid back, capsule",
        "crossing paid back, ipc",
        "reference ÷ Rust by size",
    )
    rows = [
        (
            row["transform"],
            row["unit"],
            _size(row["faster_from"]),
            *map(_size, row["paid_back_from"].values()),
            ", ".join(f"{one['size']:,}: {one['ratio']:.1f}" for one in row["sizes"]),
        )
        for row in break_even
    ]
    return "Break-even", [headings, *rows]


def _rows(records: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    columns = list(dict.fromkeys(map(_column, records)))
    cells = {(record["size"], _column(record)): _cell(record) for record in records}
    labels = {record["size"]: _label(record) for record in records}
    rows = [(label, *(cells.get((size, column), ABSENT) for column in columns)) for size, label in labels.items()]
    return [(records[0]["unit"], *columns), *rows]


def _label(record: dict[str, Any]) -> str:
    hours = "" if record["hours"] is None else f" = {record['hours']:,} h"
    return f"{record['size']:,}{hours}"


def _column(record: dict[str, Any]) -> str:
    if record["contestant"] in BY_CARRIER:
        return f"{record['contestant']}, {record['carrier']}"
    threads = record["threads"]
    return f"{record['contestant']}, {threads} thread{'s'[: threads - 1]}" if threads else record["contestant"]


def _cell(record: dict[str, Any]) -> str:
    if record["correct"]:
        mark = EQUAL
    elif record["equal_share"] is None:
        mark = "!"
    else:
        mark = f"{record['equal_share']:.0%}"
    return f"{_milliseconds(record['ms'])} {mark}"


def _milliseconds(ms: float) -> str:
    """Return a time with about three digits."""
    decimals = next((places for places, from_ms in enumerate((100, 10, 1)) if abs(ms) >= from_ms), 3)
    return f"{ms:,.{decimals}f}"


def _size(size: int | None) -> str:
    return "never" if size is None else f"{size:,}"
