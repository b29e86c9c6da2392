"""What a job's table has and lacks: its stations or plants, their incomplete days, what changed with a run."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from energy_data_layer.jobs.drift.check import check_drift
from energy_data_layer.jobs.drift.distributions import check_distributions
from energy_data_layer.jobs.periods import ONE_DAY
from energy_data_layer.reports.collection_report import LISTED_DAYS, IncompleteDay
from energy_data_layer.storage.coverage import HOURS_A_DAY, hourly_table, incomplete_days
from energy_data_layer.storage.queries.quality import Scope, series_ranges
from energy_data_layer.storage.runs import EMPTY, INCOMPLETE, SUCCEEDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyarrow as pa

    from energy_data_layer.datasets.dataset import Chunk
    from energy_data_layer.jobs.drift.check import FieldGate
    from energy_data_layer.reports.collection_report import CollectionReport, ServiceReport
    from energy_data_layer.reports.weather_report import WeatherReport
    from energy_data_layer.storage.database import Database

LISTED_SERIES = 5
"""Stations or plants that a message names."""


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
    report.note_plants(stored_days(database, gate.table).keys() - known, silent)
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


def note_what_did_not_come(
    report: ServiceReport | WeatherReport,
    collection: CollectionReport,
    planned: Iterable[Chunk],
    *,
    newest: date,
    stored: Mapping[tuple[str, ...], tuple[date, date]] | None,
    unknown: Iterable[str],
) -> None:
    """Let a run be empty to which nothing came, and incomplete without its last days or a series that it asked for.

    Parameters
    ----------
    report, collection
        What is noted; a run of which a request failed stays as it is.
    planned : iterable of Chunk
        What was asked for.
    newest : date
        The last day that the service can have; later ones are not expected.
    stored : mapping, optional
        The first and last stored day of each series, where only days that are not stored in full are asked for: holes
        between them may stay, because the service does not have these hours either.
    unknown : iterable of str
        The series of which nothing came, and of which nothing is known to have come before.
    """
    expected = [replace(chunk, last=min(chunk.last, newest)) for chunk in planned if chunk.first <= newest]
    if stored is not None:
        expected = [chunk for chunk in expected if not _is_within(chunk, stored.get(chunk.key))]
    if report.status != SUCCEEDED or not expected:
        return
    days = _days(min(chunk.first for chunk in expected), max(chunk.last for chunk in expected))
    if not collection.last_day:
        hours = HOURS_A_DAY * sum(chunk.days for chunk in expected)
        named = sorted({" ".join(chunk.key) for chunk in expected} - {""})
        told = f" for {_listed(named)}" if named else ""
        report.status = EMPTY
        report.message = f"0 of {hours:,} expected hours arrived{told}, {days}: the service has no data for them"
        return
    after_last_day = date.fromisoformat(collection.last_day) + ONE_DAY
    # A hole may come late and leave the day after the stored ones as the one that is missing.
    awaited = [chunk for chunk in expected if chunk.last > (stored or {}).get(chunk.key, (chunk.first, date.min))[1]]
    if awaited and (last := max(chunk.last for chunk in awaited)) >= after_last_day:
        first = max(after_last_day, min(chunk.first for chunk in awaited))
        report.status = INCOMPLETE
        report.message = f"no data arrived for the last days, {_days(first, last)}: the service does not have them yet"
    elif silent := sorted(unknown):
        report.status = INCOMPLETE
        report.message = f"no data arrived for {_listed(silent)}, {days}: unknown to the service, or without data"


def _days(first: date, last: date) -> str:
    return f"{first} to {last}"


def _is_within(chunk: Chunk, days: tuple[date, date] | None) -> bool:
    return days is not None and days[0] <= chunk.first and chunk.last <= days[1]


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - LISTED_SERIES:,} more" if len(names) > LISTED_SERIES else ""
    return ", ".join(names[:LISTED_SERIES]) + more


def stored_days(database: Database, table: str) -> dict[tuple[str, ...], tuple[date, date]]:
    """Return the stations or plants that a table knows, each with its first and last stored day."""
    names = hourly_table(table).key
    return {
        tuple(str(row[name]) for name in names): (row["first_hour"].date(), row["last_hour"].date())
        for row in series_ranges(database, table, Scope()).to_pylist()
    }


def keys_in(rows: pa.Table, names: Iterable[str]) -> set[tuple[str, ...]]:
    """Return the stations or plants of some rows."""
    names = list(names)
    known = rows.group_by(names).aggregate([])
    return set(zip(*(known.column(name).to_pylist() for name in names), strict=True))
