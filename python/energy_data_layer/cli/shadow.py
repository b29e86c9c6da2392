"""``edl shadow-report`` and ``edl shadow-replay``."""

from __future__ import annotations

import json
from datetime import datetime  # noqa: TC003  typer reads the annotations
from pathlib import Path  # noqa: TC003
from typing import TYPE_CHECKING, Annotated

import typer

from energy_data_layer.cli.console import FOUND, show_pairs, show_table, show_text
from energy_data_layer.cli.options import AsJson, Database  # noqa: TC001  typer reads the annotations

if TYPE_CHECKING:
    from energy_data_layer.reports.shadow_summary import ShadowSummary


def shadow_report(
    db: Database,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only runs from this day (UTC) on.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Sum up what shadow mode has seen; exit with 1 where that does not speak for switching to Rust."""
    from energy_data_layer.reports.shadow_summary import ShadowSummary
    from energy_data_layer.storage.migrations import database_to_read
    from energy_data_layer.storage.runs import RunLog

    with database_to_read(db) as database:
        summary = ShadowSummary.of(RunLog(database).reports(since.date() if since else None))
    if as_json:
        show_text(json.dumps(summary.to_dict(), ensure_ascii=False, indent=2))
    else:
        _show(summary)
    if summary.objections():
        raise typer.Exit(FOUND)


def shadow_replay(
    folder: Annotated[
        Path, typer.Argument(help="A folder that shadow mode has written.", exists=True, file_okay=False)
    ],
) -> None:
    """Run both engines again on a case that shadow mode kept; exit with 1 where they still differ."""
    from energy_data_layer.engine.shadow.case import replayed
    from energy_data_layer.transforms.registry import TRANSFORMS

    found = replayed(folder, TRANSFORMS)
    for line in found:
        show_text(line)
    if found:
        raise typer.Exit(FOUND)
    show_text("The engines give the same answer.")


def _show(summary: ShadowSummary) -> None:
    show_table(
        f"Shadow mode, {summary.runs:,} runs",
        ["transform", "compared", "rows", "differ", "reference s", "Rust s", "times faster"],
        [
            [
                name,
                counts.compared,
                counts.rows,
                counts.mismatches,
                f"{counts.reference_seconds:.3f}",
                f"{counts.rust_seconds:.3f}",
                f"{counts.reference_seconds / counts.rust_seconds:.1f}" if counts.rust_seconds else "",
            ]
            for name, counts in summary.transforms.items()
        ],
    )
    show_table(
        "Worst deviations; all other columns are equal bit for bit",
        ["transform", "column", "largest difference", "of what is allowed"],
        [
            [name, column, f"{apart.largest:.1e}", f"{apart.of_tolerance:.2%}"]
            for name, counts in summary.transforms.items()
            for column, apart in counts.columns.items()
            if apart.largest
        ],
    )
    pairs = [
        ("calls", summary.calls),
        ("left out by the rate", summary.left_out),
        ("not compared", summary.not_compared),
        *((f"kept of {name}", counts.kept) for name, counts in summary.transforms.items() if counts.kept),
    ]
    show_pairs("Calls", pairs)
    objections = summary.objections()
    for objection in objections:
        show_text(f"Against switching: {objection}")
    if not objections:
        show_text(
            f"The switch to Rust is justified: {summary.compared:,} answers are equal, and the reference took "
            f"{summary.speed_up:.1f} times as long."
        )
