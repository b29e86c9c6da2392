"""The results of `profile_impute.py` as tables, for a terminal or as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import environment
from output import aligned

if TYPE_CHECKING:
    from collections.abc import Iterator

    Row = tuple[str, ...]
    Rows = list[Row]

VERSIONS = ("reference", "naive")
ROLES = {"gap_finding": "gap finding", "spline": "spline", "climatology": "climatology"}
STEPS = {"read_csv": "reading CSV", "write_csv": "writing CSV", "write_parquet": "writing Parquet"}
NOTES = (
    "Input: hourly rows of the same weeks of three years, the last station of one year; 5 % missing in gaps of 1 to 6 "
    "hours. Waiting is what the clock shows beyond the processors' time: for the disk, or for a processor.",
    "Functions are timed alone, on one column. Shares are cProfile's, which overstates code of many small calls.",
    "A job reads a CSV file from the disk, calls once, and writes the result until the disk has it.",
)


def text(results: dict[str, Any]) -> str:
    """Return all results for a terminal."""
    lines = [environment.sentence(results["environment"])]
    for title, rows in _tables(results["sizes"]):
        lines += ["", title, *aligned(rows)]
    return "\n".join([*lines, "", *_not_measured(results["sizes"]), *NOTES])


def markdown(results: dict[str, Any]) -> str:
    """Return all results as Markdown."""
    lines = []
    for title, (headings, *rows) in _tables(results["sizes"]):
        ruled = [headings, ("---", *["---:"] * (len(headings) - 1)), *rows]
        lines += [f"{title}:", "", *(f"| {' | '.join(row)} |" for row in ruled), ""]
    notes = [f"- {note}" for note in (*_not_measured(results["sizes"]), *NOTES)]
    return "\n".join([*lines, *notes, "", f"Measured on {environment.sentence(results['environment'])}."])


def _tables(sizes: list[dict[str, Any]]) -> Iterator[tuple[str, Rows]]:
    """Return the tables: a title, the headings and the rows."""
    yield "The whole call", _whole_call(sizes)
    yield "Naive over reference, function by function", _functions(sizes)
    for version in VERSIONS:
        if any(size["breakdown"][version] for size in sizes):
            yield f"Where the time of the {version} version goes", _breakdown(sizes, version)
    yield "A job from file to file, with the reference", _job(sizes)
    yield "Values filled, by method", _fills(sizes)


def _whole_call(sizes: list[dict[str, Any]]) -> Rows:
    columns = [f"{version} {figure}" for version in VERSIONS for figure in ("ms", "CPU ms", "waiting", "peak MB")]
    rows = [("rows (stations)", *columns, "times faster", "answers equal")]
    for size in sizes:
        sides = [cell for version in VERSIONS for cell in _side(size[version])]
        factor = "-" if size["factors"] is None else f"{size['factors']['whole_call']:.0f}"
        equal = {None: "-", True: "yes", False: "NO"}[size["agree"]]
        rows.append((_title(size), *sides, factor, equal))
    return rows


def _side(side: dict[str, Any] | None) -> Row:
    if side is None:
        return ("-",) * 4
    return (*_clocked(side), f"{side['peak_mb']:.2f}")


def _clocked(times: dict[str, Any]) -> Row:
    return (f"{times['wall_ms']:.2f}", f"{times['cpu_ms']:.2f}", f"{times['waiting_share']:.0%}")


def _functions(sizes: list[dict[str, Any]]) -> Rows:
    rows = [("rows (stations)", "function", "reference ms", "naive ms", "times faster")]
    for size in sizes:
        for role, title in ROLES.items():
            times = size["functions"][role]
            naive = (f"{times['naive_ms']:.2f}", f"{times['factor']:.0f}") if times["factor"] else ("-", "-")
            rows.append((_title(size), title, f"{times['reference_ms']:.3f}", *naive))
    return rows


def _breakdown(sizes: list[dict[str, Any]], version: str) -> Rows:
    measured = [size for size in sizes if size["breakdown"][version]]
    rows: Rows = [("part", *(f"{size['rows']:,}" for size in measured))]
    for parts in zip(*(size["breakdown"][version] for size in measured), strict=True):
        rows.append((parts[0]["part"], *(f"{part['share']:.1%}" for part in parts)))
    return rows


def _job(sizes: list[dict[str, Any]]) -> Rows:
    rows = [("rows (stations)", "step", "ms", "CPU ms", "waiting")]
    for size in sizes:
        rows.append((_title(size), "the call", *_clocked(size["reference"])))
        rows += [(_title(size), title, *_clocked(size["job"][step])) for step, title in STEPS.items()]
    return rows


def _fills(sizes: list[dict[str, Any]]) -> Rows:
    return [
        ("rows (stations)", *sizes[0]["fills"]),
        *((_title(size), *map(str, size["fills"].values())) for size in sizes),
    ]


def _not_measured(sizes: list[dict[str, Any]]) -> list[str]:
    return [
        f"{size['rows']:,} rows: the naive version is not measured: {size['naive_not_measured']}."
        for size in sizes
        if size["naive_not_measured"]
    ]


def _title(size: dict[str, Any]) -> str:
    return f"{size['rows']:,} ({size['stations']})"
