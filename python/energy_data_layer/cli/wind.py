"""``edl run wind``."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated, Any

import typer

from energy_data_layer import settings
from energy_data_layer.cli.options import with_options
from energy_data_layer.cli.service import show_service_report
from energy_data_layer.jobs.options import RunOptions


@with_options(RunOptions)
def wind(
    db: Annotated[
        str,
        typer.Option(help="The database, e.g. duckdb:///energy.duckdb.", envvar=settings.DATABASE_URL),
    ],
    month: Annotated[str | None, typer.Option(help="The month, 2024-01; by default the one before this.")] = None,
    since: Annotated[str | None, typer.Option(help="First day, in place of a month.")] = None,
    until: Annotated[str | None, typer.Option(help="Last day, included.")] = None,
    report: Annotated[
        Path | None, typer.Option(help="Where the report goes (JSON); by default beside the database.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON and nothing else.")] = False,
    *,
    options: dict[str, Any],
) -> None:
    """Collect a month of KOEN's wind farms and store it; running it twice changes nothing."""
    from energy_data_layer.cli.run import run_job
    from energy_data_layer.jobs.service import STAGES
    from energy_data_layer.jobs.wind import run_wind

    run_job(
        "wind",
        db,
        report,
        stages=len(STAGES),
        as_json=json,
        dry_run=options["dry_run"],
        run=lambda on_stage: run_wind(
            db,
            month=month,
            since=since,
            until=until,
            on_stage=on_stage,
            **options,
        ),
        show=show_service_report,
    )
