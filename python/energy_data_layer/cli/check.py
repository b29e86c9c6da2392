"""``edl check``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from energy_data_layer.cli.console import FOUND, show_text
from energy_data_layer.cli.options import AsJson, Database, MaxAge, split_at_commas

if TYPE_CHECKING:
    from energy_data_layer.jobs.health import Health


def check(
    db: Database,
    max_age: MaxAge = [],  # noqa: B006
    as_json: AsJson = False,
) -> None:
    """Check that each table, station and plant is up to date and the last runs succeeded; exit code 1 if not.

    The first line is a status with figures, as Nagios and its relatives read it; the problems follow, a line each.
    """
    from energy_data_layer.jobs.health import health_of

    health = health_of(db, split_at_commas(max_age))
    if as_json:
        document = {"ok": not health.problems, "problems": health.problems} | asdict(health)
        show_text(json.dumps(document, ensure_ascii=False, indent=2, default=str))
    else:
        show_text("\n".join((_status_line(health), *health.problems)))
    if health.problems:
        raise typer.Exit(FOUND)


def _status_line(health: Health) -> str:
    problems = len(health.problems)
    told = f"WARNING - {problems:,} problem{'' if problems == 1 else 's'}: {health.problems[0]}" if problems else "OK"
    unfilled = sum(health.unfilled.values())
    figures = [
        *(f"{one.table}_age={3600 * one.hours:.0f}s;{3600 * one.max_hours:.0f}" for one in health.tables if one.hours),
        *(f"{one.table}_stale={len(one.stale)};0" for one in health.tables),
        f"unfilled={unfilled}",
        f"drift={health.drift}",
        f"rejected={health.rejected}",
        f"runs_not_succeeded={sum(run.status != 'succeeded' for run in health.runs)};0",
    ]
    # A bar begins the figures.
    return f"EDL {told.replace('|', '/')} | {' '.join(figures)}"
