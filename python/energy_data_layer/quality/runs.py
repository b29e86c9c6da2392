"""The history of runs: how they ended, what the newest ones did."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from energy_data_layer.storage.queries.records import newest_rows, runs_by_status
from energy_data_layer.storage.tables import RUN_COLUMNS, RUNS

if TYPE_CHECKING:
    from energy_data_layer.storage.database import Database

LISTED = 50


@dataclass(frozen=True)
class RunHistory:
    """The runs of all jobs.

    Attributes
    ----------
    recorded : bool
        Whether the database has the table of runs.
    count : int
        How many there are.
    by_job : dict of str to dict of str to int
        How many runs of each job ended how.
    newest : list of dict
        The newest of them, with the columns of table ``runs`` but the report; ``seconds`` is the time from begin
        to end, ``shadow_calls`` and ``shadow_mismatches`` are what shadow mode saw.
    """

    recorded: bool
    count: int = 0
    by_job: dict[str, dict[str, int]] = field(default_factory=dict)
    newest: list[dict[str, Any]] = field(default_factory=list)


def run_history(database: Database) -> RunHistory:
    """Return the history of runs, of any time."""
    if RUNS not in database.tables():
        return RunHistory(recorded=False)
    counts = runs_by_status(database).to_pylist()
    by_job: dict[str, dict[str, int]] = {}
    for row in counts:
        by_job.setdefault(row["job"], {})[row["status"]] = row["n"]
    newest = newest_rows(database, RUNS, RUN_COLUMNS, "started", LISTED)
    return RunHistory(True, sum(row["n"] for row in counts), by_job, [_with_report(row) for row in newest])


def _with_report(row: dict[str, Any]) -> dict[str, Any]:
    """Replace the report by what is shown of it, which earlier releases have in no column."""
    shadow = json.loads(row.pop("report") or "{}").get("shadow") or {}
    if row["shadow_calls"] is None:
        row["shadow_calls"] = shadow.get("calls", 0)
        transforms = shadow.get("transforms", {}).values()
        row["shadow_mismatches"] = sum(counts["mismatches"] for counts in transforms)
    row["seconds"] = (row["finished"] - row["started"]).total_seconds() if row["finished"] else None
    return row
