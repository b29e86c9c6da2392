"""``edl report``."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  typer reads the annotations
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from energy_data_layer.cli.console import show_text
from energy_data_layer.cli.options import Database, MaxAge, split_at_commas, station_numbers


class Language(StrEnum):
    """The languages of the page."""

    EN = "en"
    KO = "ko"


def report(
    db: Database,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day of the hours.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day of the hours.")] = None,
    stations: Annotated[list[str] | None, typer.Option(help="Weather stations, by number; all by default.")] = None,
    language: Annotated[Language, typer.Option(help="The language shown first; the page has both.")] = Language.EN,
    max_age: MaxAge = [],  # noqa: B006
    output: Annotated[Path, typer.Option("--output", "-o", help="The HTML file.")] = Path("data-quality.html"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the facts as JSON, and write no page.")] = False,
) -> None:
    """Write the data-quality page: a verdict, coverage, gaps, fills, daily totals, rejected rows, drift and runs."""
    from energy_data_layer.quality.facts import quality_facts
    from energy_data_layer.quality.page import write_quality_page

    scope: dict[str, Any] = {
        "since": since.date() if since else None,
        "until": until.date() if until else None,
        "stations": station_numbers(stations or ()) or (),
        "max_age": split_at_commas(max_age),
    }
    if as_json:
        show_text(quality_facts(db, **scope).to_json())
        return
    write_quality_page(db, output, **scope, language=language.value)
    show_text(f"data quality: {output}")
