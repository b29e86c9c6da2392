"""Serve the flows with their schedules: ``python -m energy_data_layer.flows.deploy``.

The process that serves starts each run in a process of its own with the environment that it has itself, so
``EDL_DATABASE_URL``, the service keys and ``USE_RUST`` are set where this is started.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from prefect import get_client, serve
from prefect.schedules import Cron
from prefect.settings import PREFECT_API_URL
from prefect.types.entrypoint import EntrypointType

from energy_data_layer.flows.daily_weather import daily_weather
from energy_data_layer.flows.monthly_wind import monthly_wind
from energy_data_layer.flows.solar_backfill import solar_backfill
from energy_data_layer.settings.files import load_files

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.schedules import Schedule

TIME_ZONE = "Asia/Seoul"
DAILY = Cron("0 9 * * *", timezone=TIME_ZONE)
# An hour after the weather: a DuckDB file has room for one writing process.
AN_HOUR_LATER = Cron("0 10 * * *", timezone=TIME_ZONE)
MONTHLY = Cron("0 11 10 * *", timezone=TIME_ZONE)


def deployments() -> list[Any]:
    """Return the flows as deployments with their schedules; two runs of one flow never overlap."""
    scheduled: list[tuple[Flow[..., Any], Schedule]] = [
        (daily_weather, DAILY),
        (monthly_wind, MONTHLY),
        (solar_backfill, AN_HOUR_LATER),
    ]
    return [
        flow.to_deployment(
            flow.name,
            schedules=[schedule],
            concurrency_limit=1,
            tags=["energy-data-layer"],
            # A path would be one relative to the folder in which this is started.
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        for flow, schedule in scheduled
    ]


def require_server() -> None:
    """End the program with one line where Prefect's server, if one is named, does not respond."""
    if not (address := PREFECT_API_URL.value()):
        return  # Prefect starts a server of its own
    with get_client(sync_client=True) as client:
        problem = client.api_healthcheck()
    if problem is not None:
        sys.exit(f"flows.deploy: {address} does not respond ({type(problem).__name__}); start it: prefect server start")


if __name__ == "__main__":
    load_files()
    require_server()
    serve(*deployments())
