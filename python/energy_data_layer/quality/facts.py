"""All facts of the data-quality page."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from operator import methodcaller
from typing import TYPE_CHECKING, Any

from energy_data_layer._version import __version__
from energy_data_layer.core.clock import utc_now
from energy_data_layer.jobs.health import Health, age_limits, database_health
from energy_data_layer.storage.coverage import hourly_tables
from energy_data_layer.storage.migrations import database_to_read
from energy_data_layer.storage.queries.quality import Scope, imputed_fields
from energy_data_layer.storage.tables import DRIFT, FILL_CHANGES, REJECTS, RUNS, WEATHER_ASOS
from energy_data_layer.storage.urls import redacted_url

from . import records, weather
from .coverage import TableCoverage, table_coverage
from .verdict import Light, checks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

TABLES_READ = (*hourly_tables(), REJECTS, FILL_CHANGES, RUNS, DRIFT)
"""The tables that the page is about."""


@dataclass(frozen=True)
class QualityFacts:
    """What the page shows.

    Attributes
    ----------
    database : str
        URL of the database, without passwords.
    made : datetime
        When the facts were read, UTC.
    release : str
        The release of this package.
    scope : Scope
        The period and the stations.
    stations_not_stored : list of int
        Those of the stations asked for that have no hours in the period.
    tables_not_there : list of str
        Those of `TABLES_READ` that the database does not have.
    coverage : list of TableCoverage
        Of every table that has hours in the period.
    gaps, fills, doubtful, replaced, totals, rejects, drift, runs
        See the classes.
    health : Health
        What ``edl check`` says of the database, whatever the scope.
    """

    database: str
    made: datetime
    release: str
    scope: Scope
    stations_not_stored: list[int]
    tables_not_there: list[str]
    coverage: list[TableCoverage]
    gaps: weather.WeatherGaps = field(default_factory=weather.WeatherGaps)
    fills: list[weather.FieldFills] = field(default_factory=list)
    doubtful: weather.Doubtful = field(default_factory=weather.Doubtful)
    replaced: records.ReplacedFills = field(default_factory=records.ReplacedFills)
    totals: records.DailyTotals = field(default_factory=records.DailyTotals)
    rejects: records.Rejects = field(default_factory=records.Rejects)
    drift: records.Drift = field(default_factory=records.Drift)
    runs: records.RunHistory = field(default_factory=records.RunHistory)
    health: Health = field(default_factory=Health)

    @property
    def weather(self) -> TableCoverage | None:
        """The coverage of the weather, None where there is none."""
        return next((one for one in self.coverage if one.table == WEATHER_ASOS), None)

    @property
    def verdict(self) -> dict[str, Light]:
        """What each check of the page says."""
        return checks(self.health, self.coverage, self.drift, self.rejects)

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as plain types, and what the checks of the verdict say."""
        return asdict(self) | {"verdict": {name: light.label for name, light in self.verdict.items()}}

    def to_json(self) -> str:
        """Return the facts as one JSON document."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2, default=methodcaller("isoformat"))


def quality_facts(
    database_url: str,
    *,
    since: date | None = None,
    until: date | None = None,
    stations: Sequence[int] = (),
    max_age: Iterable[str] = (),
) -> QualityFacts:
    """Read the facts of the data-quality page from a database, which stays as it is.

    Parameters
    ----------
    database_url : str
        See `connect`.
    since, until : date, optional
        First and last day of the hours that count, both included; all stored ones by default. Rejected rows,
        runs and drift are those of any time.
    stations : sequence of int, optional
        Weather stations; all by default.
    max_age : iterable of str, optional
        How old the newest hours may be, as in `health_of`.

    Raises
    ------
    OptionError
        If `until` is before `since`, or as in `connect` and `health_of`.
    StorageError
        As in `connect`; also if there is no such database file.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from energy_data_layer.jobs.generation.from_files import run_generation
    >>> from energy_data_layer.simulator.sample_generation import write_generation_sample
    >>> with TemporaryDirectory() as folder:
    ...     _ = run_generation(write_generation_sample(folder), f"duckdb:///{folder}/energy.duckdb")
    ...     facts = quality_facts(f"duckdb:///{folder}/energy.duckdb")
    >>> [table.table for table in facts.coverage], facts.rejects.count, facts.totals.differ
    (['generation_hourly'], 5, 1)
    """
    scope = Scope(since, until, tuple(dict.fromkeys(stations)))
    limits = age_limits(max_age)
    with database_to_read(database_url) as database:
        present = database.tables()
        fields = imputed_fields(database) if WEATHER_ASOS in present else []
        coverage = [
            found
            for table in hourly_tables()
            if table in present and (found := table_coverage(database, table, scope)) is not None
        ]
        stored = {one.key for table in coverage if table.table == WEATHER_ASOS for one in table.series}
        return QualityFacts(
            redacted_url(database_url),
            utc_now().replace(microsecond=0),
            __version__,
            scope,
            [number for number in scope.stations if str(number) not in stored],
            [table for table in TABLES_READ if table not in present],
            coverage,
            weather.weather_gaps(database, fields, scope),
            weather.field_fills(database, fields, scope),
            weather.doubtful(database, scope) if WEATHER_ASOS in present else weather.Doubtful(),
            records.replaced_fills(database, scope),
            records.daily_totals(database, scope),
            records.rejects(database),
            records.drift(database),
            records.run_history(database),
            database_health(database, limits),
        )
