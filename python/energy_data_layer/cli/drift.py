"""``edl drift``."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from energy_data_layer.cli.console import FOUND, show_table, show_text
from energy_data_layer.cli.options import AsJson, Database  # noqa: TC001  typer reads the annotations

NOTED = ("noticed", "table_name", "kind", "subject", "field", "detail")


def drift(
    db: Database,
    since: Annotated[str | None, typer.Option(help="The first day (UTC) to list: 2024-01-31.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what changed in the sources; exit code 1 if the last run of any job found something."""
    from energy_data_layer.jobs.drift.history import drift_history

    history = drift_history(db, since)
    if as_json:
        document = {"current": history.is_current, "findings": history.findings}
        show_text(json.dumps(document, ensure_ascii=False, indent=2, default=str))
    elif history.findings:
        show_table(
            f"Changes in the sources ({len(history.findings):,})",
            ["noticed (UTC)", "table", "kind", "subject", "field", "detail"],
            [[row[name] for name in NOTED] for row in history.findings],
        )
    else:
        show_text("No source changes recorded.")
    if history.is_current:
        raise typer.Exit(FOUND)
