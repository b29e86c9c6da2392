"""The solar backfill as a flow."""

from __future__ import annotations

from datetime import date  # noqa: TC003 - Prefect reads the annotations
from typing import Any

from prefect import flow

from energy_data_layer.core.clock import today_in_korea
from energy_data_layer.flows.job_task import run_as_task
from energy_data_layer.jobs.periods import ONE_DAY, last_days
from energy_data_layer.jobs.solar import run_solar


@flow(
    name="solar-backfill", description="Days of KOSPO's solar plants that are not stored in full: fetched and stored."
)
def solar_backfill(
    since: date | None = None, until: date | None = None, days: int = 30, use_rust: bool | None = None
) -> dict[str, Any]:
    """Run the solar job, for the last `days` days up to yesterday (KST) unless they are given; return its report."""
    first, last = last_days(since, until, days, newest=today_in_korea() - ONE_DAY)
    return run_as_task(run_solar, since=first, until=last, use_rust=use_rust)
