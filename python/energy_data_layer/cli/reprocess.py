"""``edl reprocess``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from energy_data_layer.cli.console import show_lines, show_pairs, show_stages, show_table
from energy_data_layer.cli.options import (
    MissingValues,
    job_command,
    missing_values_of,
    split_at_commas,
    station_numbers,
)
from energy_data_layer.cli.service import show_collection
from energy_data_layer.cli.weather import filled_by
from energy_data_layer.jobs.options import ImputeOptions, RunOptions

if TYPE_CHECKING:
    from energy_data_layer.reports.reprocess_report import ReprocessReport


@job_command(
    ImputeOptions, RunOptions, names=["max_spline_gap", "method", "max_gap", "out_of_range", "interval", "from_raw"]
)
def reprocess(
    since: Annotated[str, typer.Option(help="First day: 2024-01-31.")],
    until: Annotated[str | None, typer.Option(help="Last day, included; by default today.")] = None,
    stations: Annotated[
        list[str], typer.Option(help="Numbers of weather stations; by default all, and generation from a raw folder.")
    ] = [],  # noqa: B006 - typer copies it
    columns: Annotated[
        list[str], typer.Option(help="The fields whose fills are computed again; by default all that have fills.")
    ] = [],  # noqa: B006
    missing_values: MissingValues = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be replaced, and do nothing.")] = False,
    **options: Any,
) -> None:
    """Compute stored values again, replace those that differ, and keep the old ones.

    From the stored observations, or with --from-raw from the bodies that were kept. --method and --interval hold from
    then on, for the jobs too.
    """
    from energy_data_layer.cli.run import run_job
    from energy_data_layer.jobs.reprocess.job import STAGES, run_reprocess

    options |= {"since": since, "until": until, "dry_run": dry_run}
    options["missing_values"] = missing_values_of(missing_values)
    options |= {"stations": station_numbers(stations), "columns": split_at_commas(columns) or None}
    run_job("reprocess", run_reprocess, len(STAGES), show_reprocess_report, **options)


def show_reprocess_report(report: ReprocessReport) -> None:
    """Print what was compared and replaced."""
    title = "Dry run of reprocess" if report.arguments["dry_run"] else f"Job {report.job} {report.status}"
    rejected = ", ".join(f"{count:,} {reason}" for reason, count in report.rejects.items())
    show_pairs(
        f"{title}, {report.seconds:.1f} s",
        [
            ("days", f"{report.arguments['since']} to {report.arguments['until']}"),
            ("stations", report.stations),
            ("values compared", report.values_compared),
            ("the same", report.values_same),
            ("replaced", f"{report.values_replaced:,}, {report.values_replaced_around:,} of them around the period"),
            ("rows inserted", report.rows_inserted),
            *((f"rows of {table} that raw does not know", count) for table, count in report.rows_unknown.items()),
            ("rows rejected", rejected or "0"),
            ("filled by", filled_by(report)),
            ("engine", f"{report.engine} ({report.engine_reason})"),
        ],
    )
    if report.replaced:
        show_table(
            "Replaced",
            ["field", "kind", "before", "after", "values", "largest difference"],
            [
                [
                    f"{found.table} {found.field}",
                    found.kind,
                    found.before.replace("_", " "),
                    found.after.replace("_", " "),
                    found.count,
                    f"{found.largest_difference:.1e}",
                ]
                for found in report.replaced
            ],
        )
    if report.collection is not None:
        show_collection(report.collection)
    if report.run_id and report.values_replaced:
        show_lines("The old values", [f"are in fill_changes and replaced_values under run_id {report.run_id}"])
    show_stages(report.stages)
