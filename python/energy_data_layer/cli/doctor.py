"""``edl doctor``."""

from __future__ import annotations

import json as json_text
import logging
from dataclasses import asdict
from typing import Annotated

import typer

from energy_data_layer import settings
from energy_data_layer.cli.console import say, show_lines, show_pairs


def doctor(
    db: Annotated[
        str | None,
        typer.Option(
            help="The database to try, duckdb:///energy.duckdb or postgresql://user@host/database.",
            envvar=settings.DATABASE_URL,
        ),
    ] = None,
    online: Annotated[bool, typer.Option("--online", help="Test the connection to the services' address.")] = False,
    test_webhook: Annotated[bool, typer.Option("--test-webhook", help="Send a message to the webhook.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON and nothing else.")] = False,
) -> None:
    """Check the whole installation; exit code 1 if something would fail a run."""
    from energy_data_layer.doctor.examination import examine
    from energy_data_layer.doctor.finding import Verdict

    found = examine(db, online=online, test_webhook=test_webhook)
    problems = [finding for finding in found if finding.verdict is Verdict.PROBLEM]
    if json:
        document = {"ok": not problems, "findings": [asdict(finding) for finding in found]}
        typer.echo(json_text.dumps(document, ensure_ascii=False, indent=2))
    else:
        lines = [f"{finding.verdict:<8} {finding.check}: {finding.what}" for finding in found]
        advice = [f"; {finding.advice}" if finding.advice else "" for finding in found]
        show_lines("Findings", map(str.__add__, lines, advice))
        known = [(name, "set" if settings.is_set(name) else "not set") for name in settings.known()]
        show_pairs("Environment", known)
    for finding in problems:
        told = f"edl: {finding.check}: {finding.what}"
        say(f"{told}; {finding.advice}" if finding.advice else told, logging.ERROR)
    if problems:
        raise typer.Exit(1)
