"""What surrounds every run of a job: its log lines name it, it is a span, its end is told, shadow mode counts in it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from energy_data_layer import tracing
from energy_data_layer.logs import lines_of
from energy_data_layer.report.alerts import alerting
from energy_data_layer.report.run_report import INCOMPLETE
from energy_data_layer.transforms.shadow import counted_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from energy_data_layer.report.run_report import RunReport


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
        if report.status == INCOMPLETE:
            tracing.note_failure(span, report.message)


def _figures(report: RunReport) -> dict[str, object]:
    rows = ("rows_read", "rows_inserted", "rows_updated", "rows_unchanged", "rows_rejected")
    names = ("run_id", "status", "engine", "engine_reason", *rows)
    return {f"edl.{name}": getattr(report, name) for name in names}
