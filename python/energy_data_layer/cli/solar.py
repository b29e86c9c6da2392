"""``edl run solar``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from energy_data_layer.cli.options import job_command, split_at_commas
from energy_data_layer.cli.service import show_service_report
from energy_data_layer.jobs.options import RunOptions


@job_command(RunOptions)
def solar(
    since: Annotated[str | None, typer.Option(help="First day: 2024-01-31; by default yesterday.")] = None,
    until: Annotated[str | None, typer.Option(help="Last day, included; by default yesterday.")] = None,
    plants: Annotated[
        list[str],
        typer.Option(help="Plants as code:unit; by default those of EDL_SOLAR_PLANTS and those that are stored."),
    ] = [],  # noqa: B006
    **options: Any,
) -> None:
    """Collect the days of KOSPO's solar plants that are not stored in full.

    A run that died is taken up by the next one where it stopped.
    """
    from energy_data_layer.cli.run import run_job
    from energy_data_layer.jobs.service import STAGES
    from energy_data_layer.jobs.solar import run_solar
    from energy_data_layer.settings.services import solar_plant

    named = [solar_plant(text) for text in split_at_commas(plants)] or None
    options |= {"since": since, "until": until, "plants": named}
    run_job("solar", run_solar, len(STAGES), show_service_report, **options)
