"""The changes in the sources that were recorded, and whether the latest runs recorded any."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time
from typing import TYPE_CHECKING, Any

from energy_data_layer.jobs.periods import day_of
from energy_data_layer.storage.migrations import database_to_read
from energy_data_layer.storage.runs import RUNNING
from energy_data_layer.storage.tables import DRIFT, RUNS

if TYPE_CHECKING:
    from datetime import date

    from energy_data_layer.storage.database import Filter


@dataclass(frozen=True)
class DriftHistory:
    """The changes that were recorded.

    Attributes
    ----------
    findings : list of dict
        Rows of table ``drift``, oldest first.
    is_current : bool
        Whether the last finished run of any job recorded one.
    """

    findings: list[dict[str, Any]] = field(default_factory=list)
    is_current: bool = False


def drift_history(database_url: str, since: str | date | None = None) -> DriftHistory:
    """Return the recorded changes in the sources; nothing is changed or created.

    Parameters
    ----------
    database_url : str
        See `Database.connect`.
    since : date or ISO 8601 text, optional
        The first day (UTC) of which findings are listed; all by default.

    Raises
    ------
    OptionError
        If `since` is no day.
    StorageError
        As in `Database.connect`; also if there is no such database file.
    """
    noticed: list[Filter] = []
    if since is not None:
        noticed.append(("noticed", ">=", datetime.combine(day_of("since", since), time.min)))
    with database_to_read(database_url) as database:
        if DRIFT not in database.tables():
            return DriftHistory()
        findings = database.read(DRIFT, filters=noticed)
        runs = database.read(RUNS, ["run_id", "job", "started"], [("status", "!=", RUNNING)]).sort_by("started")
        last_runs = {run["job"]: run["run_id"] for run in runs.to_pylist()}
        latest = database.read(DRIFT, ["run_id"], [("run_id", "in", list(last_runs.values()))])
    order = [(name, "ascending") for name in ("noticed", "table_name", "kind", "subject", "field")]
    return DriftHistory(findings.sort_by(order).to_pylist(), latest.num_rows > 0)
