"""``edl doctor``."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from typing import Annotated

import typer

from energy_data_layer import settings
from energy_data_layer.cli.console import FOUND, say, show_lines, show_pairs, show_text
from energy_data_layer.cli.options import DATABASE, AsJson


def doctor(
    db: Annotated[str | None, DATABASE] = None,
    online: Annotated[bool, typer.Option("--online", help="Test the connection to the services' address.")] = False,
    test_webhook: Annotated[bool, typer.Option("--test-webhook", help="Send a message to the webhook.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check the whole installation; exit code 1 if something would fail a run."""
    from energy_data_layer.doctor.examination import examine
    from energy_data_layer.doctor.finding import Verdict

    found = examine(db, online=online, test_webhook=test_webhook)
    problems = [finding for finding in found if finding.verdict is Verdict.PROBLEM]
    if as_json:
        document = {"ok": not problems, "findings": [asdict(finding) for finding in found]}
        show_text(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        show_lines("Findings", [f"{finding.verdict:<8} {finding}" for finding in found])
        known = [(name, "set" if settings.is_set(name) else "not set") for name in settings.known()]
        show_pairs("Environment", known)
    for finding in problems:
        say(f"edl: {finding}", logging.ERROR)
    if problems:
        raise typer.Exit(FOUND)
