"""What jobs recorded: rejected rows, replaced fills, changes in sources, runs, totals that differ from the hours."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from energy_data_layer.core.provenance import Provenance
from energy_data_layer.storage.queries.quality import days_with_total, newest_reports, newest_rows, rows_by_kind
from energy_data_layer.storage.tables import DRIFT, FILL_CHANGES, GENERATION_HOURLY, NAMBU_GENERATION, REJECTS, RUNS

if TYPE_CHECKING:
    from energy_data_layer.storage.database import Database
    from energy_data_layer.storage.queries.quality import Scope

LISTED_REJECTS = LISTED_REPLACED = LISTED_TOTALS = 20
LISTED_DRIFT = LISTED_RUNS = 50
LONGEST_CONTENT = 300
RUNS_READ = 200
"""Reports of the generation job that are looked at, the newest first."""


@dataclass(frozen=True)
class Rejects:
    """Rows that were not stored.

    Attributes
    ----------
    recorded : bool
        Whether the database has the table that they are kept in.
    count : int
        How many there are.
    by_reason : dict of str to int
        How many for each reason, the most frequent first.
    newest : list of dict
        The newest of them, with the columns of table ``rejects``; long content is cut.
    """

    recorded: bool = False
    count: int = 0
    by_reason: dict[str, int] = field(default_factory=dict)
    newest: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class MethodChange:
    """How many fills of one method became values of another one."""

    before: str
    after: str
    count: int


@dataclass(frozen=True)
class ReplacedFills:
    """Fills that a later run replaced by an observation or by another fill.

    Attributes
    ----------
    recorded : bool
        Whether the database has the table that they are noted in.
    count : int
        How many there are in the period.
    by_method : list of MethodChange
        How many became what, the most frequent first.
    newest : list of dict
        The newest of them, with the columns of table ``fill_changes``.
    """

    recorded: bool = False
    count: int = 0
    by_method: list[MethodChange] = field(default_factory=list)
    newest: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Drift:
    """What changed in the sources.

    Attributes
    ----------
    recorded : bool
        Whether the database has the table that changes are noted in.
    count : int
        How many were noticed.
    by_kind : dict of str to int
        How many of each kind.
    newest : list of dict
        The newest of them, with the columns of table ``drift``.
    """

    recorded: bool = False
    count: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)
    newest: list[dict[str, Any]] = field(default_factory=list)


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
        The newest of them, with the columns of table ``runs`` but the report; where an earlier release
        did not note them, ``seconds`` is the time from begin to end, and what shadow mode saw is from the report.
    """

    recorded: bool = False
    count: int = 0
    by_job: dict[str, dict[str, int]] = field(default_factory=dict)
    newest: list[dict[str, Any]] = field(default_factory=list)


def rejects(database: Database) -> Rejects:
    """Return the rows that were not stored, of whatever period: an unreadable one has none."""
    recorded, count, kinds, newest = _recorded(database, REJECTS, LISTED_REJECTS)
    for row in newest:
        content = row["content"] or ""
        left_out = len(content) - LONGEST_CONTENT
        row["content"] = f"{content[:LONGEST_CONTENT]} … (+{left_out:,})" if left_out > 0 else content
    return Rejects(recorded, count, {reason: n for (reason,), n in kinds.items()}, newest)


def replaced_fills(database: Database, scope: Scope) -> ReplacedFills:
    """Return the fills of the period that were replaced."""
    recorded, count, kinds, newest = _recorded(database, FILL_CHANGES, LISTED_REPLACED, scope)
    label = {method.value: method.label for method in Provenance} | {None: Provenance.OBSERVED.label}
    changes = [MethodChange(label[old], label[new], n) for (old, new), n in kinds.items()]
    return ReplacedFills(recorded, count, changes, newest)


def drift(database: Database) -> Drift:
    """Return what changed in the sources, at any time."""
    recorded, count, kinds, newest = _recorded(database, DRIFT, LISTED_DRIFT)
    return Drift(recorded, count, {kind: n for (kind,), n in kinds.items()}, newest)


def run_history(database: Database) -> RunHistory:
    """Return the history of runs, of any time."""
    recorded, count, kinds, newest = _recorded(database, RUNS, LISTED_RUNS)
    by_job: dict[str, dict[str, int]] = {}
    for (job, status), n in sorted(kinds.items()):
        by_job.setdefault(job, {})[status] = n
    for row in newest:
        # Earlier releases have what shadow mode saw in the report alone.
        shadow = json.loads(row.pop("report") or "{}").get("shadow") or {}
        if row["shadow_calls"] is None:
            row["shadow_calls"] = shadow.get("calls", 0)
            row["shadow_mismatches"] = sum(one["mismatches"] for one in shadow.get("transforms", {}).values())
        if row["seconds"] is None and row["finished"]:
            row["seconds"] = (row["finished"] - row["started"]).total_seconds()
    return RunHistory(recorded, count, by_job, newest)


def _recorded(
    database: Database, table: str, listed: int, scope: Scope | None = None
) -> tuple[bool, int, dict[tuple[Any, ...], int], list[dict[str, Any]]]:
    """Return whether a table of records is there, how many rows it has, how many of each kind, and the newest."""
    if table not in database.tables():
        return False, 0, {}, []
    kinds = rows_by_kind(database, table, scope)
    return True, sum(kinds.values()), kinds, newest_rows(database, table, listed, scope)


@dataclass(frozen=True)
class TotalDiffers:
    """A day of a plant whose hours do not add up to the published total.

    Attributes
    ----------
    table, plant : str
        Where it is stored.
    day : date
        The day.
    hours, total : float
        The sum of the hours and the published total, kWh.
    source : str
        File and line, empty where the total is stored beside the hours.
    """

    table: str
    plant: str
    day: date
    hours: float
    total: float
    source: str = ""

    @property
    def part(self) -> float:
        """The difference as a part of the larger of the two."""
        return abs(self.hours - self.total) / max(abs(self.hours), abs(self.total))


@dataclass(frozen=True)
class DailyTotals:
    """Comparisons of the hours with published totals.

    Attributes
    ----------
    stored_compared : int
        Days of ``nambu_generation`` with 24 values and a total.
    runs_read, runs : int
        Runs of the generation job whose reports were read, and all of them.
    files : int
        Files of which these runs tell.
    differ : int
        Days that differ.
    by_plant : dict of str to int
        How many of them each plant has, those with the most first.
    largest : list of TotalDiffers
        Those that differ most, as a part of the larger number.
    """

    stored_compared: int = 0
    runs_read: int = 0
    runs: int = 0
    files: int = 0
    differ: int = 0
    by_plant: dict[str, int] = field(default_factory=dict)
    largest: list[TotalDiffers] = field(default_factory=list)


def daily_totals(database: Database, scope: Scope) -> DailyTotals:
    """Compare the stored hours with stored totals, and read what the generation job has found in files."""
    present = database.tables()
    compared, found = _stored(database, scope) if NAMBU_GENERATION in present else (0, [])
    runs_read, runs, files, told = _told_by_runs(database) if RUNS in present else (0, 0, 0, [])
    found += [one for one in told if scope.contains(one.day)]
    found.sort(key=lambda one: (-one.part, one.day, one.plant, one.source))
    by_plant = dict(Counter(one.plant for one in found).most_common())
    return DailyTotals(compared, runs_read, runs, files, len(found), by_plant, found[:LISTED_TOTALS])


def _stored(database: Database, scope: Scope) -> tuple[int, list[TotalDiffers]]:
    """Return how many days were compared, and those that differ by more than rounding of the numbers explains."""
    days = days_with_total(database, scope)
    difference = pc.abs(pc.subtract(days.column("hours"), days.column("total")))
    return days.num_rows, [
        TotalDiffers(NAMBU_GENERATION, row["plant"] or "", row["day"], row["hours"], row["total"])
        for row in days.filter(pc.greater(difference, days.column("allowed"))).to_pylist()
    ]


def _told_by_runs(database: Database) -> tuple[int, int, int, list[TotalDiffers]]:
    """Return what the newest run that read a file said of its totals, for every file."""
    reports = newest_reports(database, "generation", RUNS_READ).to_pylist()
    told: list[TotalDiffers] = []
    known: set[str] = set()
    for row in reports:
        report = json.loads(row["report"])
        for found in report["total_mismatches"]:
            if found["file"] not in known:
                day, source = date.fromisoformat(found["day"]), f"{found['file']}:{found['line']}"
                amounts = found["hours"], found["total"]
                told.append(TotalDiffers(GENERATION_HOURLY, found["plant"], day, *amounts, source))
        known |= {file["path"].replace("\\", "/").rpartition("/")[2] for file in report["files"]}
    return len(reports), reports[0]["n"] if reports else 0, len(known), told
