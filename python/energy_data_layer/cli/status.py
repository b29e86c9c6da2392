"""``edl status``."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC
from typing import TYPE_CHECKING, Annotated

import typer

from energy_data_layer.cli.console import show_pairs, show_table, show_text
from energy_data_layer.cli.options import AsJson, Database  # noqa: TC001  typer reads the annotations

if TYPE_CHECKING:
    from datetime import datetime

    from energy_data_layer.jobs.status import FillStatus, Status

LISTED = 15
NARROW = {
    "job": "job",
    "status": "status",
    "seconds": "seconds",
    "inserted": "rows_inserted",
}
WIDE = NARROW | {
    "updated": "rows_updated",
    "filled": "values_filled",
    "requests": "requests",
    "retries": "retries",
    "shadow differs": "shadow_mismatches",
    "drift": "drift_findings",
    "release": "release",
    "message": "message",
}
"""Columns of table ``runs`` by their headings; null where a job has no such thing, and in older rows."""


def status(
    db: Database,
    everything: Annotated[bool, typer.Option("--all", help="List every station and plant.")] = False,
    wide: Annotated[bool, typer.Option("--wide", help="Show all columns of the runs.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what is stored up to when, which days have holes, and how the last runs ended."""
    from energy_data_layer.jobs.status import status_of

    found = status_of(db)
    if as_json:
        show_text(json.dumps(asdict(found), ensure_ascii=False, indent=2, default=str))
    else:
        show_status(found, everything=everything, wide=wide)


def show_status(status: Status, *, everything: bool = False, wide: bool = False) -> None:
    """Print what a database holds and lacks, in 80 columns; of many series those with the most holes."""
    if not status.tables:
        show_text("No rows are stored yet.")
    for table in status.tables:
        series = sorted(table.series, key=lambda one: (-one.incomplete_days, one.key))
        shown = series if everything else series[:LISTED]
        show_table(
            f"{table.table}: {table.rows:,} rows, {len(series):,} series",
            ["series", "name", "last hour (KST)", "incomplete", "first day"],
            [
                [
                    one.key,
                    "" if one.name == one.key else one.name,
                    f"{one.last_hour:%Y-%m-%d %H:%M}",
                    one.incomplete_days,
                    one.first_incomplete,
                ]
                for one in shown
            ],
        )
        if len(shown) < len(series):
            show_text(f"… and {len(series) - len(shown):,} more (--all lists them)")
    show_pairs("Set aside", [("rows in table rejects", status.rejects)])
    if status.fills is not None:
        show_pairs("Missing weather", _fills(status.fills))
    columns = WIDE if wide else NARROW
    rows, told = [], []
    for run in status.runs:
        seconds = None if run.get("seconds") is None else f"{run['seconds']:.1f}"
        begin = _local(run["started"])
        rows.append([begin, *((run | {"seconds": seconds}).get(name) for name in columns.values())])
        if run["message"] and not wide:
            told.append((f"{begin} {run['job']}", run["message"]))
    show_table("Latest runs", ["started", *columns], rows)
    if told:
        show_pairs("What they say", told)


def _local(moment: datetime) -> str:
    """Return a moment in UTC as the clock of this machine shows it."""
    return f"{moment.replace(tzinfo=UTC).astimezone():%Y-%m-%d %H:%M}"


def _fills(fills: FillStatus) -> list[tuple[str, object]]:
    told: list[tuple[str, object]] = [("is filled by", fills.method)]
    if fills.probability is not None:
        model = "none yet" if fills.fitted is None else f"{fills.model}, fitted {fills.fitted:%Y-%m-%d %H:%M} UTC"
        told += [("model", model), ("interval", f"{fills.probability:.0%}")]
    return told + [("to do better", fills.advice)] * bool(fills.advice)
