"""Whether a database is kept up: how old its newest hours are, and how the last runs ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from energy_data_layer.core.clock import now_in_korea, utc_now
from energy_data_layer.datasets.registry import DATASETS
from energy_data_layer.errors import OptionError
from energy_data_layer.storage.coverage import hourly_table, hourly_tables
from energy_data_layer.storage.migrations import database_to_read
from energy_data_layer.storage.queries.quality import Scope, series_ranges, values_missing
from energy_data_layer.storage.runs import RUNNING, SUCCEEDED
from energy_data_layer.storage.tables import DRIFT, RUNS, WEATHER_ASOS
from energy_data_layer.transforms.complete_hours.api import longest_in_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from energy_data_layer.storage.database import Database

ENDED = timedelta(days=90)
"""A series that lies this far behind the newest hour of its table was closed, and is missed by nobody."""

DIED = timedelta(hours=24)
"""A run that is noted as running for longer has died."""

LISTED = 5


@dataclass(frozen=True)
class StaleSeries:
    """A station or plant whose newest hour, which began at `last`, ended too many hours ago."""

    key: str
    name: str
    last: datetime
    hours: float


@dataclass(frozen=True)
class TableFreshness:
    """How old the newest hours of a table are.

    Attributes
    ----------
    table : str
        The table.
    last : datetime or None
        The beginning of its newest hour, KST; None without hours.
    hours, max_hours : float or None
        How long ago that hour ended, and how long ago it may have.
    series, ended : int
        Its stations or plants, and those that were closed: more than 90 days behind the others.
    stale : list of StaleSeries
        Those whose newest hour is older than it may be, oldest first.
    """

    table: str
    last: datetime | None
    hours: float | None
    max_hours: float
    series: int = 0
    ended: int = 0
    stale: list[StaleSeries] = field(default_factory=list)


@dataclass(frozen=True)
class LastRun:
    """How the last run of a job ended; ``running`` is one that has died."""

    job: str
    status: str
    started: datetime
    message: str


@dataclass(frozen=True)
class Health:
    """Whether a database is kept up.

    Attributes
    ----------
    tables : list of TableFreshness
        The tables whose age is limited.
    unfilled : dict of str to int
        Missing values of the weather that stay missing, per field that is filled.
    drift : int
        Changes in the sources that the last runs noticed.
    rejected : int
        Rows that the last runs rejected.
    runs : list of LastRun
        The last run of each job.
    """

    tables: list[TableFreshness] = field(default_factory=list)
    unfilled: dict[str, int] = field(default_factory=dict)
    drift: int = 0
    rejected: int = 0
    runs: list[LastRun] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """What is stale and which last runs did not succeed, a line each."""
        return [*self.stale_tables, *self.failed_runs]

    @property
    def stale_tables(self) -> list[str]:
        """The tables whose newest hours are too old, a line each; also that there are none at all."""
        found = [] if self.tables else ["no hours from services are stored yet"]
        for table in self.tables:
            if table.last is None:
                found.append(f"{table.table}: no hours are stored yet")
            elif len(table.stale) == table.series - table.ended:
                found.append(f"{table.table}: {_newest(table.last, table.hours, table)}")
            elif table.stale:
                first, more = table.stale[0], len(table.stale) - 1
                named = f"{first.key} ({first.name})" if first.name != first.key else first.key
                told = f"{table.table}, {named}: {_newest(first.last, first.hours, table)}"
                found.append(f"{told}, and {more:,} more" if more else told)
        return found

    @property
    def failed_runs(self) -> list[str]:
        """The last runs that did not succeed, a line each."""
        found = []
        for run in self.runs:
            if run.status != SUCCEEDED:
                said = "died" if run.status == RUNNING else f"is {run.status}"
                why = f": {run.message}" if run.message else ""
                found.append(f"{run.job}: the last run {said}, {run.started:%Y-%m-%d %H:%M} UTC{why}")
        return found


def _newest(last: datetime, hours: float | None, table: TableFreshness) -> str:
    return f"the newest hour is {last:%Y-%m-%d %H:%M} KST, {hours:,.0f} h ago, more than {table.max_hours:g} h"


def health_of(database_url: str, max_age: Iterable[str] = (), *, now: datetime | None = None) -> Health:
    """Return how old the newest hours of a database are, what is missing, and how the last runs ended.

    Parameters
    ----------
    database_url : str
        See `Database.connect`; the database is only read.
    max_age : iterable of str, default ()
        How old the newest hour of a table and of each of its series may be: ``36h`` for all that come from services,
        ``wind_namdong=45d`` for one. By default that of the dataset: 36 hours, 45 days of the monthly wind, and none
        for what comes in files.
    now : datetime, optional
        The moment in Korea; by default that of the clock.

    Raises
    ------
    OptionError
        If an age is none, or of no table.
    StorageError
        As in `database_to_read`.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from energy_data_layer.jobs.generation.from_files import run_generation
    >>> from energy_data_layer.simulator.sample_generation import write_generation_sample
    >>> with TemporaryDirectory() as folder:
    ...     url = f"duckdb:///{folder}/energy.duckdb"
    ...     _ = run_generation(write_generation_sample(folder), url)
    ...     old = health_of(url, ["generation_hourly=36h"], now=datetime(2024, 4, 3))
    >>> old.problems
    ['generation_hourly: the newest hour is 2024-03-31 23:00 KST, 48 h ago, more than 36 h']
    """
    limits = age_limits(max_age)
    with database_to_read(database_url) as database:
        return database_health(database, limits, now=now)


def database_health(database: Database, limits: AgeLimits, *, now: datetime | None = None) -> Health:
    """Return what `health_of` does, of an open database."""
    of_table, named = limits
    moment = now or now_in_korea()
    present = set(database.tables())
    tables = [
        found
        for table, limit in of_table.items()
        if (found := _freshness(database, table, limit, moment, present)).series or table in named
    ]
    unfilled = values_missing(database) if WEATHER_ASOS in present else {}
    return Health(tables, unfilled, *(_last_runs(database) if RUNS in present else ()))


AgeLimits = tuple[dict[str, timedelta], set[str]]
"""How old the hours of each table may be, and the tables that were named."""


def age_limits(max_age: Iterable[str]) -> AgeLimits:
    """Return the ages that `health_of` describes; `OptionError` if one is none, or of no table."""
    limits = {one.table.name: one.max_age for one in DATASETS.values() if one.max_age is not None}
    named = {}
    for text in max_age:
        table, equals, age = text.rpartition("=")
        limit = timedelta(seconds=longest_in_seconds(age, "max_age"))
        if equals and table not in hourly_tables():
            raise OptionError(f'max_age names "{table}"; the tables of hours are {", ".join(hourly_tables())}')
        if equals:
            named[table] = limit
        else:
            limits = dict.fromkeys(limits, limit)
    return limits | named, set(named)


def _freshness(database: Database, table: str, limit: timedelta, now: datetime, present: set[str]) -> TableFreshness:
    hours = limit.total_seconds() / 3600
    rows = series_ranges(database, table, Scope()).to_pylist() if table in present else []
    if not rows:
        return TableFreshness(table, None, None, hours)
    key = hourly_table(table).key
    newest = sorted(
        (row["last_hour"], " ".join(str(row[name]) for name in key if row[name] != ""), row["series_name"])
        for row in rows
    )
    last, *_ = newest[-1]
    still_open = [one for one in newest if last - one[0] < max(ENDED, limit)]
    stale = [
        StaleSeries(series, name or series, begin, _hours_since(begin, now))
        for begin, series, name in still_open
        if now - begin - _HOUR > limit
    ]
    return TableFreshness(table, last, _hours_since(last, now), hours, len(rows), len(rows) - len(still_open), stale)


_HOUR = timedelta(hours=1)


def _hours_since(begin: datetime, now: datetime) -> float:
    """Return how many hours ago an hour ended."""
    return round((now - begin - _HOUR) / _HOUR, 1)


def _last_runs(database: Database) -> tuple[int, int, list[LastRun]]:
    """Return what the last runs noticed and rejected, and the last run of each job that is not at work."""
    columns = ["run_id", "job", "status", "started", "message", "rows_rejected"]
    rows = database.read(RUNS, columns).sort_by("started").to_pylist()
    long_ago = utc_now() - DIED
    last = {row["job"]: row for row in rows if row["status"] != RUNNING or row["started"] < long_ago}
    ids = [row["run_id"] for row in last.values()]
    drift = database.read(DRIFT, ["run_id"], [("run_id", "in", ids)]).num_rows if DRIFT in database.tables() else 0
    rejected = sum(row["rows_rejected"] or 0 for row in last.values())
    runs = [LastRun(job, row["status"], row["started"], row["message"] or "") for job, row in last.items()]
    return drift, rejected, runs
