"""The figures of the whole jobs as tables, for a terminal or as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import environment
from shared_time import PARTS

if TYPE_CHECKING:
    from collections.abc import Sequence

WORTH_MIGRATING = 0.30
"""Share of a job's CPU time, on the reference, from which on a transform is a case for Rust."""

RUN_HEADINGS = (
    "job",
    "database",
    "engine",
    "runs",
    "rows stored",
    "s",
    "CPU s",
    "transforms",
    "network wait",
    "database",
    "other",
)
SHARE_HEADINGS = (
    "job",
    "database",
    "transform",
    "rows given",
    "of the CPU time",
    f">= {WORTH_MIGRATING:.0%}",
    "of the wall time",
    "all transforms",
    "gained with Rust",
    "stored alike",
)
NOTES = (
    "Of several runs the one of median time. CPU time is that of the job's process, all "
    "threads: DuckDB's work is in it, that of the PostgreSQL server (without fsync) and of the services is not.",
    "Network wait: a collection is under way, and the process does not use the CPU. Parsing and storing while further "
    "answers are awaited counts for transforms and database: below a rate limit the run would wait just as long "
    "without it, and less can be gained than the shares say.",
    "Reading a body of generation is two transforms: payload_rows makes items of it, wide_to_long hours of these. Rows "
    "given are items, days of plants, or hours with their context and history.",
    "Shares are of the job on the reference. The share of all transforms bounds what Rust can gain; what is beyond it "
    "is noise of the machine.",
)


def written(results: dict[str, Any], *, markdown: bool) -> str:
    """Return tables, notes and what the machine was."""
    table = _markdown if markdown else _aligned
    differing = {share["difference"]: share["title"] for share in results["shares"] if not share["agree"]}
    return "\n".join(
        [
            "Where the time of each job goes, in % of its wall time:",
            "",
            *table([RUN_HEADINGS, *map(_run_row, results["runs"])]),
            "",
            "What each transform takes of a job on the reference, and what Rust brings the job:",
            "",
            *table([SHARE_HEADINGS, *map(_share_row, results["shares"])]),
            "",
            *(f"DIFFERENT: {title}: {difference}" for difference, title in differing.items()),
            *(f"- {note}" for note in NOTES),
            "",
            f"Measured on {environment.sentence(results['environment'])}.",
        ]
    )


def _run_row(run: dict[str, Any]) -> Sequence[str]:
    return (
        run["title"],
        run["database"],
        run["engine"],
        str(run["repeats"]),
        f"{run['rows_stored']:,}",
        f"{run['wall_seconds']:.2f}",
        f"{run['cpu_seconds']:.2f}",
        *(f"{run['split'][part] / run['wall_seconds']:.1%}" for part in PARTS),
    )


def _share_row(share: dict[str, Any]) -> Sequence[str]:
    return (
        share["title"],
        share["database"],
        share["transform"],
        f"{share['rows']:,}",
        f"{share['cpu_share']:.1%}",
        "yes" if share["cpu_share"] >= WORTH_MIGRATING else "no",
        f"{share['wall_share']:.1%}",
        f"{share['amdahl_bound']:.1%}",
        f"{share['gain_with_rust']:.1%}",
        "yes" if share["agree"] else "NO",
    )


def _markdown(rows: Sequence[Sequence[str]]) -> list[str]:
    headings, *others = rows
    return [f"| {' | '.join(row)} |" for row in (headings, ("---", *["---:"] * (len(headings) - 1)), *others)]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
