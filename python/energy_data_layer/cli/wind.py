"""``edl run wind``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from energy_data_layer.cli.options import job_command
from energy_data_layer.cli.service import show_service_report
from energy_data_layer.jobs.options import RunOptions


@job_command(RunOptions)
def wind(
    month: Annotated[str | None, typer.Option(help="The month, 2024-01; by default the one before this.")] = None,
    since: Annotated[str | None, typer.Option(help="First day, in place of a month.")] = None,
    until: Annotated[str | None, typer.Option(help="Last day, included.")] = None,
    **options: Any,
) -> None:
    """Collect a month of KOEN's wind farms and store it; running it twice changes nothing."""
    from energy_data_layer.cli.run import run_job
    from energy_data_layer.jobs.service import STAGES
    from energy_data_layer.jobs.wind import run_wind

    options |= {"month": month, "since": since, "until": until}
    run_job("wind", run_wind, len(STAGES), show_service_report, **options)
