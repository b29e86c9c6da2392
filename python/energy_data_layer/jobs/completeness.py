"""What a job's table has and lacks: its stations or plants, their incomplete days, what changed with a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from energy_data_layer.jobs.drift.check import check_drift
from energy_data_layer.jobs.drift.distributions import check_distributions
from energy_data_layer.reports.collection_report import LISTED_DAYS, IncompleteDay
from energy_data_layer.storage.coverage import hourly_table, incomplete_days, last_stamp

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    import pyarrow as pa

    from energy_data_layer.jobs.drift.check import FieldGate
    from energy_data_layer.reports.collection_report import CollectionReport, ServiceReport
    from energy_data_layer.storage.database import Database


def check_plants(
    database: Database,
    report: ServiceReport,
    gate: FieldGate,
    period: tuple[date, date],
    *,
    known: set[tuple[str, ...]],
    silent: set[tuple[str, ...]],
    answered: set[tuple[str, ...]],
    wanted: Iterable[tuple[str, ...]] | None = None,
) -> None:
    """Note what a run on a generation service left incomplete and what changed in its source.

    Parameters
    ----------
    database, report, gate
        Where the rows are, what is noted, and the table with its policy.
    period : tuple of date
        First and last day of the run.
    known, silent, answered : set of tuple of str
        The plants that the table knew before, those that were asked for in vain, and those that answered.
    wanted : iterable of tuple of str, optional
        The plants whose days are to be complete; by default all of the table.
    """
    note_incomplete_days(database, report.collection, gate.table, *period, wanted)
    report.note_plants(plants_of(database, gate.table) - known, silent)
    check_drift(
        database,
        report,
        report.collection,
        gate,
        new=report.plants_new,
        silent=report.plants_silent,
        answered=map(" ".join, answered),
    )
    check_distributions(database, report, gate.table, *period)


def note_incomplete_days(
    database: Database,
    collection: CollectionReport,
    table: str,
    since: date,
    until: date,
    keys: Iterable[tuple[str | int, ...]] | None = None,
) -> None:
    """Note the days of the period that the table does not have in full."""
    days = incomplete_days(database, table, since, until, keys)
    collection.incomplete_days = days.num_rows
    collection.first_incomplete_days = [
        IncompleteDay(" ".join(str(row[name]) for name in hourly_table(table).key), str(row["day"]), row["hours"])
        for row in days.slice(0, LISTED_DAYS).to_pylist()
    ]


def keys_and_days(
    database: Database, table: str, since: date, until: date, keys: Iterable[tuple[str | int, ...]]
) -> list[tuple[tuple[str, ...], date]]:
    """Return the days of stations or plants that a table does not have in full."""
    days = incomplete_days(database, table, since, until, keys)
    names = hourly_table(table).key
    return [(tuple(str(row[name]) for name in names), row["day"]) for row in days.to_pylist()]


def plants_of(database: Database, table: str) -> set[tuple[str, ...]]:
    """Return the plants that a table knows."""
    return keys_in(last_stamp(database, table), hourly_table(table).key)


def keys_in(rows: pa.Table, names: Iterable[str]) -> set[tuple[str, ...]]:
    """Return the stations or plants of some rows."""
    names = list(names)
    known = rows.group_by(names).aggregate([])
    return set(zip(*(known.column(name).to_pylist() for name in names), strict=True))
