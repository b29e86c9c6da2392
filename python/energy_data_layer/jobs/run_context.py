"""What surrounds every run of a job: log lines name it, it is a span, its end is reported, shadow mode counts in it."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from energy_data_layer.core import tracing
from energy_data_layer.core.logs import lines_of
from energy_data_layer.engine.shadow.comparer import counted_in
from energy_data_layer.errors import DataLayerError, StorageError
from energy_data_layer.reports.alerts import alerting
from energy_data_layer.storage.connect import connect
from energy_data_layer.storage.migrations import migrate, without_trace
from energy_data_layer.storage.runs import FAILED, NOT_ALL_CAME
from energy_data_layer.storage.urls import duckdb_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from energy_data_layer.reports.run_report import RunReport
    from energy_data_layer.storage.database import Database
    from energy_data_layer.storage.runs import RunLog


logger = logging.getLogger(__name__)


@contextmanager
def watched(report: RunReport) -> Iterator[None]:
    """Let log lines and a span name the run within, tell the webhook how it ended, count what shadow mode sees."""
    arguments = {f"edl.arguments.{name}": value for name, value in report.arguments.items()}
    with lines_of(report), tracing.span(f"run {report.job}", {"edl.job": report.job} | arguments) as span:
        try:
            with alerting(report), counted_in(report.shadow):
                yield
        finally:
            tracing.note(span, _figures(report))
        if report.status in NOT_ALL_CAME:
            tracing.note_failure(span, report.message)


def _figures(report: RunReport) -> dict[str, object]:
    rows = ("rows_read", "rows_inserted", "rows_updated", "rows_unchanged", "rows_rejected")
    names = ("run_id", "status", "engine", "engine_reason", *rows)
    return {f"edl.{name}": getattr(report, name) for name in names}


@contextmanager
def recorded(log: RunLog, report: RunReport) -> Iterator[None]:
    """Note the run whose report this is, from here to the end of the context, under the report's `run_id`.

    It ends as the report's status says, or as failed if an exception leaves the context. Of an exception
    that is not this package's own only the kind is noted: its text may hold a secret. Enter it before the
    job's transaction, so that it ends after that.
    """
    report.run_id = log.begin(report.job, report.arguments)
    try:
        yield
    except BaseException as error:
        report.status, report.message = FAILED, type(error).__name__
        if isinstance(error, DataLayerError):
            report.message += f": {error}"
        report.finish()
        try:
            log.finish(report.run_id, FAILED, report.row(), report.message)
        except StorageError as second:
            logger.warning("the end of run %s could not be noted: %s", report.run_id, second)
        raise
    report.finish()
    try:
        log.finish(report.run_id, report.status, report.row(), report.message)
    except StorageError as error:
        raise StorageError(f"the rows are stored, but not the end of run {report.run_id}: {error}") from error


IN_MEMORY = "duckdb:///:memory:"


@contextmanager
def job_database(url: str, *, dry_run: bool = False) -> Iterator[Database]:
    """Open a database with the tables of this release; a dry run leaves no trace in it.

    Raises
    ------
    OptionError, StorageError
        As in `connect`.
    """
    if dry_run and url.startswith("duckdb:") and (path := duckdb_path(url)) is not None and not path.exists():
        url = IN_MEMORY
    with connect(url) as database:
        if not dry_run:
            migrate(database)
            yield database
            return
        with without_trace(database):
            yield database
