"""Days of plants whose hours do not add up to the published total."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from energy_data_layer.storage.queries.daily_totals import days_with_total
from energy_data_layer.storage.queries.records import newest_reports
from energy_data_layer.storage.tables import GENERATION_HOURLY, NAMBU_GENERATION, RUNS

if TYPE_CHECKING:
    from energy_data_layer.storage.database import Database
    from energy_data_layer.storage.queries.scope import Scope

LISTED = 20
RUNS_READ = 200
"""Reports of the generation job that are looked at, the newest first."""


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

    stored_compared: int
    runs_read: int
    runs: int
    files: int
    differ: int
    by_plant: dict[str, int]
    largest: list[TotalDiffers]


def daily_totals(database: Database, scope: Scope) -> DailyTotals:
    """Compare the stored hours with stored totals, and read what the generation job has found in files."""
    present = database.tables()
    compared, found = _stored(database, scope) if NAMBU_GENERATION in present else (0, [])
    runs_read, runs, files, told = _told_by_runs(database) if RUNS in present else (0, 0, 0, [])
    found += [one for one in told if scope.contains(one.day)]
    found.sort(key=lambda one: (-one.part, one.day, one.plant, one.source))
    by_plant = dict(Counter(one.plant for one in found).most_common())
    return DailyTotals(compared, runs_read, runs, files, len(found), by_plant, found[:LISTED])


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
        files = {_file_name(file["path"]) for file in report["files"]}
        told += [
            TotalDiffers(
                GENERATION_HOURLY,
                found["plant"],
                date.fromisoformat(found["day"]),
                found["hours"],
                found["total"],
                f"{found['file']}:{found['line']}",
            )
            for found in report["total_mismatches"]
            if found["file"] not in known
        ]
        known |= files
    return len(reports), reports[0]["n"] if reports else 0, len(known), told


def _file_name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]
