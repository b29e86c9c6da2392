"""What surrounds every run of a job: its end is told, and shadow mode counts in its report."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from energy_data_layer.report.alerts import alerting
from energy_data_layer.transforms.shadow import counted_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from energy_data_layer.report.run_report import RunReport


@contextmanager
def watched(report: RunReport) -> Iterator[None]:
    """Tell the webhook how the run within ended, and count in its report what shadow mode sees."""
    with alerting(report), counted_in(report.shadow):
        yield
