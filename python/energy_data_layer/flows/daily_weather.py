"""The daily weather job as a flow."""

from __future__ import annotations

from datetime import date  # noqa: TC003 - Prefect reads the annotations
from typing import Any

from prefect import flow

from energy_data_layer.core.clock import today_in_korea
from energy_data_layer.flows.job_task import run_as_task
from energy_data_layer.jobs.periods import ONE_DAY, last_days
from energy_data_layer.jobs.weather.from_service import collect_weather


@flow(name="daily-weather", description="ASOS observations of a day: fetched, completed, imputed and stored.")
def daily_weather(
    since: date | None = None, until: date | None = None, days: int = 7, use_rust: bool | None = None
) -> dict[str, Any]:
    """Run the weather job; return its report.

    By default yesterday (KST), and what the `days` days up to then lack because earlier runs failed; with a first
    day all from there on, stored or not.
    """
    first, last = last_days(since, until, days, newest=today_in_korea() - ONE_DAY)
    return run_as_task(collect_weather, since=first, until=last, backfill=since is None, use_rust=use_rust)
