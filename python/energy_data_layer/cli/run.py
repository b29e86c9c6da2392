"""What the commands that run a job have in common."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from energy_data_layer.cli.console import JOB_FAILED, say, show_text, stage_progress
from energy_data_layer.cli.ending import NOT_TOLD
from energy_data_layer.core.atomic_file import place_for
from energy_data_layer.errors import StorageError
from energy_data_layer.reports.run_report import RunReport, report_beside
from energy_data_layer.storage.runs import NOT_ALL_CAME

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

    A dry run leaves no report. A run to which not everything came ends with exit code 1, one whose report
    cannot be written with 3.
    """
    destination = None if options.get("dry_run") else report or report_beside(db, name)
    if destination is not None:
        place_for(destination)
    with stage_progress(stages) as on_stage:
        run_report = job(db, on_stage=on_stage, **options)
    if json:
        show_text(run_report.to_json())
    else:
        show(run_report)
    code = 0
    if destination is not None:
        try:
            run_report.write(destination)
        except StorageError as error:
            say(f"edl: {name} is stored, but its report is not written: {error}", logging.ERROR)
            code = NOT_TOLD
        else:
            if not json:
                say(f"report: {destination}")
    if run_report.status in NOT_ALL_CAME:
        say(f"edl: {name} is {run_report.status}: {run_report.message}")
        code = JOB_FAILED
    if code:
        raise typer.Exit(code)
