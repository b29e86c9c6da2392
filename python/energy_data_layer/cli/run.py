"""What the commands that run a job have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import typer

from energy_data_layer.cli.console import JOB_FAILED, say, stage_progress
from energy_data_layer.core.atomic_file import require_folder_of
from energy_data_layer.reports.run_report import RunReport, report_beside
from energy_data_layer.storage.runs import INCOMPLETE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ReportT = TypeVar("ReportT", bound=RunReport)


def run_job(
    name: str,
    job: Callable[..., ReportT],
    stages: int,
    show: Callable[[ReportT], None],
    *,
    db: str,
    report: Path | None,
    json: bool,
    **options: Any,
) -> None:
    """Run a job under a progress bar, write its report beside the database file or to `report`, and show it.

    A dry run leaves no report. A run that could not get everything ends with exit code 1.
    """
    destination = None if options.get("dry_run") else report or report_beside(db, name)
    if destination is not None:
        require_folder_of(destination)
    with stage_progress(stages) as on_stage:
        run_report = job(db, on_stage=on_stage, **options)
    if destination is not None:
        run_report.write(destination)
    if json:
        typer.echo(run_report.to_json())
    else:
        show(run_report)
        if destination is not None:
            say(f"report: {destination}")
    if run_report.status == INCOMPLETE:
        say(f"edl: {name} is incomplete: {run_report.message}")
        raise typer.Exit(JOB_FAILED)
