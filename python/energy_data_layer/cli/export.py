"""``edl export``."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  typer reads the annotations
from enum import StrEnum
from typing import Annotated

import typer

from energy_data_layer.cli.console import FOUND, row_progress, say
from energy_data_layer.cli.options import Database, split_at_commas


class Format(StrEnum):
    """What can be written."""

    PARQUET = "parquet"
    CSV = "csv"
    ARROW = "arrow"


def export(
    table: Annotated[
        str, typer.Argument(help="The table or view, such as weather, generation, wind_namdong. Give it first.")
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="The file, by its ending: .parquet, .csv, .arrow; a folder with --partition-by; or a URL of either.",
        ),
    ],
    db: Database,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day of the hours.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day of the hours.")] = None,
    stations: Annotated[
        list[str], typer.Option(help="Stations or plants, by number, code or name; all by default.")
    ] = [],  # noqa: B006
    columns: Annotated[list[str], typer.Option(help="The columns to write; all by default.")] = [],  # noqa: B006
    file_format: Annotated[
        Format | None,
        typer.Option("--format", help="What is written, where the ending does not say it.", show_default=False),
    ] = None,
    partition_by: Annotated[
        list[str],
        typer.Option(help="Make a folder of Parquet files, with one below it for each year, station_id or the like."),
    ] = [],  # noqa: B006
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Write a table or view to a file: Parquet, CSV or Arrow; exit code 1 if there is nothing to write."""
    from energy_data_layer.jobs.export import export_table
    from energy_data_layer.storage.urls import redacted_url

    with row_progress() as progress:
        done = export_table(
            db,
            table,
            output,
            since=since.date() if since else None,
            until=until.date() if until else None,
            stations=split_at_commas(stations),
            columns=split_at_commas(columns),
            file_format=file_format.value if file_format else None,
            partition_by=split_at_commas(partition_by),
            force=force,
            progress=progress,
        )
    if done.without_rows:
        say(f"without an hour in the period: {', '.join(done.without_rows)}")
    if not done.rows:
        say(f"{table} has no rows to write{' in the period' if since or until else ''}; nothing was written")
        raise typer.Exit(FOUND)
    files = f" in {done.files:,} file{'s' * (done.files != 1)}" if partition_by else ""
    say(f"{redacted_url(output)}: rows {done.rows:,}, columns {done.columns}{files}")
