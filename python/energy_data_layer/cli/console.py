"""What the commands show: progress and log lines on standard error, tables on standard output."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import typer

from energy_data_layer.core import logs
from energy_data_layer.errors import CoercedValuesWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from energy_data_layer.reports.run_report import DriftFinding, RunReport, Stage


JOB_FAILED = 1

FOUND = 1
"""The exit code of a command that looks for something and found it."""

WIDEST = 200
"""Characters of a line where there is no terminal to fit."""


class LogFormat(StrEnum):
    """How the log is written."""

    TEXT = "text"
    JSON = "json"


def log_to_standard_error() -> None:
    """Send the log to standard error: all of it, or warnings where a progress bar shows the rest."""
    level = logging.WARNING if sys.stderr.isatty() else logging.INFO
    logs.to_standard_error(logs.TextFormatter(), level)


def say(message: str, level: int = logging.INFO) -> None:
    """Write a line to standard error, as JSON where the log is."""
    if logs.is_json():
        logging.getLogger(__name__).log(level, message)
    else:
        typer.echo(logs.escaped(message), err=True)


def show_text(text: str) -> None:
    """Print text to standard output; what a terminal would obey is escaped."""
    typer.echo("\n".join(map(logs.escaped, text.split("\n"))))


@contextmanager
def warnings_as_lines(worded: Callable[[str], str]) -> Iterator[None]:
    """Say what this package warns of, in the words of the command line."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", CoercedValuesWarning)
        as_usual = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any) -> None:
            if issubclass(category, CoercedValuesWarning):
                say(f"edl: {worded(str(message))}", logging.WARNING)
            else:
                as_usual(message, category, *place)

        warnings.showwarning = show  # type: ignore[assignment]
        yield


@contextmanager
def stage_progress(stages: int) -> Iterator[Callable[[str], None] | None]:
    """Show a progress bar over a job's stages on a terminal; give what is to be called as a stage begins."""
    if logs.is_json() or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=stages)
        begun: list[str] = []

        def on_stage(name: str) -> None:
            # "fetch, 3 of 10" tells how far a stage is; a long period has its stages several times.
            stage, _, _ = name.partition(", ")
            if begun[-1:] != [stage]:
                begun.append(stage)
            total = max(stages, len(begun))
            progress.update(task, description=name, completed=len(begun) - 1, total=total)

        yield on_stage


@contextmanager
def row_progress() -> Iterator[Callable[[int, int], None] | None]:
    """Show on a terminal how many rows are done, how many a second, and the time left."""
    if logs.is_json() or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    speed = TextColumn("{task.completed:,.0f} of {task.total:,.0f} rows, {task.speed:,.0f} a second")
    columns = (BarColumn(), speed, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None, start=True, visible=False)
        yield lambda done, total: progress.update(task, completed=done, total=total, visible=True)


def show_table(title: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table to standard output, numbers to the right; without headings names and what belongs to them."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(header_style="", show_header=bool(headings))
    for position, heading in enumerate(headings):
        table.add_column(Text(logs.escaped(heading)), justify="left" if position == 0 else "right")
    for row in rows:
        table.add_row(*(Text(logs.escaped(_shown(cell))) for cell in row))
    # In a file or a pipe tables are as wide as they need.
    console = Console() if sys.stdout.isatty() or "COLUMNS" in os.environ else Console(width=WIDEST)
    console.print(Text(logs.escaped(title), style="bold"))
    console.print(table)


def show_pairs(title: str, pairs: Iterable[tuple[str, object]]) -> None:
    """Print names and what belongs to them to standard output."""
    show_table(title, (), pairs)


def show_lines(title: str, lines: Iterable[str]) -> None:
    """Print sentences under a title to standard output."""
    typer.secho(logs.escaped(title), bold=True)
    for line in lines:
        show_text(f"  {logs.escaped(line)}")


def job_title(report: RunReport) -> str:
    """Return what stands above the report of a job."""
    return f"Job {report.job} {report.status}, {report.seconds:.1f} s"


def files_skipped(report: RunReport) -> list[tuple[str, object]]:
    """Return how many files a run has skipped and why, as a line of its report; none where it read all."""
    count = len(report.files_skipped)
    return [("files skipped", f"{count:,}, stored already and unchanged (--reread reads them)")] if count else []


def rows_written(report: RunReport) -> str:
    """Return what became of the rows that a job wrote."""
    return f"{report.rows_inserted:,} inserted, {report.rows_updated:,} updated, {report.rows_unchanged:,} unchanged"


def show_drift(findings: Sequence[DriftFinding]) -> None:
    """Print what changed in the source to standard output, if anything did."""
    if findings:
        show_lines(f"Changed since the last run ({len(findings):,})", map(str, findings))


def show_fills(filled: dict[str, dict[str, int]]) -> None:
    """Print how many values of each column were filled by each method."""
    from energy_data_layer.core.provenance import Provenance

    labels = [method.label for method in Provenance if method.is_fill]
    methods = [method for method in labels if any(counts[method] for counts in filled.values())]
    show_table(
        "Filled by method",
        ["method", *filled],
        [[method.replace("_", " "), *(counts[method] for counts in filled.values())] for method in methods],
    )


def show_stages(stages: Iterable[Stage]) -> None:
    """Print time and memory of a job's stages to standard output."""
    show_table(
        "Stages",
        ["stage", "seconds", "MB held", "peak MB of the process"],
        [
            [stage.name, stage.seconds, f"{stage.megabytes_held:.0f}", f"{stage.peak_rss_megabytes or 0:.0f}"]
            for stage in stages
        ],
    )


def _shown(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S}"
    if isinstance(cell, int):
        return f"{cell:,}"
    return f"{cell:,.2f}" if isinstance(cell, float) else str(cell)
