"""The monthly wind job as a flow."""

from __future__ import annotations

from typing import Any

from prefect import flow

from energy_data_layer.flows.job_task import run_as_task
from energy_data_layer.jobs.wind import run_wind


@flow(name="monthly-wind", description="A month of KOEN's wind farms: fetched and stored.")
def monthly_wind(month: str | None = None, use_rust: bool | None = None) -> dict[str, Any]:
    """Run the wind job, for the month before this one (KST) unless a month ``YYYY-MM`` is given; return its report."""
    return run_as_task(run_wind, month=month, use_rust=use_rust)
