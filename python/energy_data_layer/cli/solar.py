"""``edl run solar``."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated, Any

import typer

from energy_data_layer import settings
from energy_data_layer.cli.options import split_at_commas, with_options
from energy_data_layer.cli.service import show_service_report
from energy_data_layer.jobs.options import RunOptions


@with_options(RunOptions)
def solar(
    db: Annotated[
        str,
        typer.Option(help="The database, e.g. duckdb:///energy.duckdb.", envvar=settings.DATABASE_URL),
    ],
    since: Annotated[str | None, typer.Option(help="First day: 2024-01-31; by default yesterday.")] = None,
    until: Annotated[str | None, typer.Option(help="Last day, included; by default yesterday.")] = None,
    plants: Annotated[
        list[str],
        typer.Option(help="Plants as code:unit; by default those of EDL_SOLAR_PLANTS and those that are stored."),
    ] = [],  # noqa: B006
    report: Annotated[
        Path | None, typer.Option(help="Where the report goes (JSON); by default beside the database.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON and nothing else.")] = False,
    *,
    options: dict[str, Any],
) -> None:
    """Collect the days of KOSPO's solar plants that are not stored in full.

    A run that died is taken up by the next one where it stopped.
    """
    from energy_data_layer.cli.run import run_job
    from energy_data_layer.jobs.service import STAGES
    from energy_data_layer.jobs.solar import run_solar
    from energy_data_layer.settings.services import solar_plant

    run_job(
        "solar",
        db,
        report,
        stages=len(STAGES),
        as_json=json,
        dry_run=options["dry_run"],
        run=lambda on_stage: run_solar(
            db,
            since=since,
            until=until,
            plants=[solar_plant(text) for text in split_at_commas(plants)] or None,
            on_stage=on_stage,
            **options,
        ),
        show=show_service_report,
    )
