"""The weather job on the service: days of stations, asked for, completed, imputed and stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from energy_data_layer.datasets.asos import LONGEST_CHUNK, SOURCE, STATIONS, chunks, chunks_of_days
from energy_data_layer.datasets.chunks import today_in_korea
from energy_data_layer.datasets.payload_fields import payload_schema
from energy_data_layer.datasets.tables import WEATHER_ASOS, WEATHER_KEY
from energy_data_layer.errors import StopForToday
from energy_data_layer.jobs.completeness import keys_and_days, keys_in, note_incomplete_days, plants_of
from energy_data_layer.jobs.drift.check import FieldGate, check_drift
from energy_data_layer.jobs.drift.distributions import check_distributions
from energy_data_layer.jobs.drift.schema_policy import policy_of
from energy_data_layer.jobs.generation.repeated_rows import settle_repeated_rows
from energy_data_layer.jobs.periods import ONE_DAY, period
from energy_data_layer.jobs.run_context import job_database, recorded, watched
from energy_data_layer.jobs.service import Fetching, set_aside
from energy_data_layer.jobs.weather.imputed import (
    DEFAULT_COLUMNS,
    checked_columns,
    impute_and_store,
    require_columns,
    require_short_enough,
)
from energy_data_layer.jobs.weather.imputed import STAGES as SHARED_STAGES
from energy_data_layer.reports.collection_report import CollectionReport
from energy_data_layer.reports.weather_report import WeatherReport
from energy_data_layer.services.collect import Failed
from energy_data_layer.storage.database import redacted_url
from energy_data_layer.storage.runs import INCOMPLETE, RunLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date
    from os import PathLike

    from energy_data_layer.datasets.chunks import Chunk
    from energy_data_layer.settings.services import ServiceSettings
    from energy_data_layer.storage.database import Database

STAGES = ("plan", "fetch", *SHARED_STAGES, "check")


def collect_weather(
    database_url: str,
    *,
    since: str | date | None = None,
    until: str | date | None = None,
    stations: Iterable[int] | None = None,
    columns: Sequence[str] = DEFAULT_COLUMNS,
    max_spline_gap: int = 3,
    backfill: bool = False,
    settings: ServiceSettings | None = None,
    today: date | None = None,
    keep_raw: str | PathLike[str] | None = None,
    from_raw: str | PathLike[str] | None = None,
    dry_run: bool = False,
    schema_policy: str | None = None,
    use_rust: bool | None = None,
    on_stage: Callable[[str], None] | None = None,
) -> WeatherReport:
    """Collect hourly observations from the service, complete and impute them, store them in ``weather_asos``.

    Everything happens as in `run_weather`, 41 days at a time, oldest first, each in a transaction of its own.
    What is stored is context and history; fills that touched the edge of the stored hours are computed
    again when the next day arrives, and table ``fill_changes`` keeps what they were. A station that could not
    be fetched does not hold up the others.

    Parameters
    ----------
    database_url : str
        See `Database.connect`.
    since, until : date or ISO 8601 text, optional
        First and last day, both included; by default yesterday (KST), the last day that the service has.
    stations : iterable of int, optional
        Numbers of the stations; by default those of ``EDL_ASOS_STATIONS``, else all 95.
    columns : sequence of str, default ("ta", "hm", "ws", "pa")
        The fields to impute; all other fields are stored as they are.
    max_spline_gap : int, default 3
        The longest gap, in hours, that is interpolated; at most 168.
    backfill : bool, default False
        Ask only for days of stations that are not stored with all their hours.
    settings : ServiceSettings, optional
        Keys, addresses and limits; by default those of the environment.
    today : date, optional
        The day it is in Korea; by default that of the clock.
    keep_raw, from_raw : path, optional
        A folder in which the bodies of the answers are kept, or one from which they are taken in place of
        the service: then everything in it is stored.
    dry_run : bool, default False
        Tell what would be asked for, and do nothing.
    schema_policy : str, optional
        What becomes of answers with other fields than before, see `policy_of`.
    use_rust : bool, optional
        The engine, see `impute_missing_values`.
    on_stage : callable, optional
        Told the name of each stage as it begins.

    Returns
    -------
    WeatherReport
        What was asked, answered, filled and written; its status is ``"incomplete"`` where something could
        not be fetched.

    Raises
    ------
    OptionError
        If an option has a value that it cannot take, or no service key is set.
    SchemaDriftError
        If an answer has other fields than before and the policy is to freeze; periods committed before stay.
    StorageError
        If the database cannot be opened or written; periods committed before stay.
    """
    columns = checked_columns(columns)
    require_columns(columns, payload_schema(SOURCE.name).names, "the service's answer")
    require_short_enough(max_spline_gap)
    policy_of(WEATHER_ASOS, schema_policy)
    today = today or today_in_korea()
    first, last = period(since, until, newest=today - ONE_DAY)
    fetching = Fetching.of(settings, keep_raw, from_raw, use_rust)
    numbers = sorted({*(stations or fetching.settings.asos_stations or STATIONS)})
    collection = CollectionReport(SOURCE.name, str(first), str(last))
    report = WeatherReport(
        "weather",
        arguments={
            "database": redacted_url(database_url),
            "columns": list(columns),
            "since": str(first),
            "until": str(last),
            "stations": len(numbers),
            "max_spline_gap": max_spline_gap,
        },
        on_stage=on_stage,
        collection=collection,
    )
    with watched(report), job_database(database_url, dry_run=dry_run) as database:
        with report.stage("plan"):
            if backfill:
                keys = [(number,) for number in numbers]
                wanted = chunks_of_days(keys_and_days(database, WEATHER_ASOS, first, last, keys), today=today)
            else:
                wanted = chunks(numbers, first, last, today=today)
            planned = sorted(fetching.planned(SOURCE, wanted), key=lambda chunk: (chunk.first, chunk.key))
            report.plan = [chunk.label for chunk in planned]
            first, last = collection.period = fetching.period_of(planned, first, last)
            if fetching.from_raw is not None:
                numbers = sorted({int(number) for chunk in planned for number in chunk.key})
        if dry_run:
            report.finish()
            return report
        log = RunLog(database)
        with recorded(log, report):
            gate = FieldGate.of(database, WEATHER_ASOS, SOURCE.name, schema_policy)
            known, answered = _numbers(plants_of(database, WEATHER_ASOS)), set[str]()
            for part in _parts(planned):
                new = _fetched(database, log, report, collection, fetching, part, gate)
                if new is None:
                    continue
                answered |= _numbers(keys_in(new, WEATHER_KEY[:1]))
                impute_and_store(
                    database, new, report, columns=columns, max_spline_gap=max_spline_gap, use_rust=use_rust
                )
                report.stations = len(numbers)
            with report.stage("check"):
                note_incomplete_days(database, collection, WEATHER_ASOS, first, last, [(number,) for number in numbers])
                check_drift(
                    database,
                    report,
                    collection,
                    gate,
                    new=answered - known,
                    # Old holes that stay empty do not say that a station is gone.
                    silent=() if backfill else {*map(str, numbers)} & known - answered,
                    answered=answered,
                )
                check_distributions(database, report, WEATHER_ASOS, first, last)
    return report


def _numbers(stations: Iterable[tuple[object, ...]]) -> set[str]:
    return {str(number) for (number,) in stations}


def _parts(planned: Sequence[Chunk]) -> Iterator[list[Chunk]]:
    """Cut chunks, oldest first, into parts that are imputed together: those that begin within 41 days."""
    part: list[Chunk] = []
    for chunk in planned:
        if part and (chunk.first - part[0].first).days >= LONGEST_CHUNK:
            yield part
            part = []
        part.append(chunk)
    if part:
        yield part


def _fetched(
    database: Database,
    log: RunLog,
    report: WeatherReport,
    collection: CollectionReport,
    fetching: Fetching,
    part: Sequence[Chunk],
    gate: FieldGate,
) -> pa.Table | None:
    """Return the observations of some chunks, each station and stamp once; None where there are none."""
    tables = []
    with report.stage("fetch") as stage:
        requests_before = log.requests_today(report.job)
        with fetching.collect(SOURCE, part, requests_today=requests_before) as answers:
            for done, answer in enumerate(answers, start=1):
                report.has_come(done, len(part), "fetch")
                if isinstance(answer, Failed):
                    collection.note_failure(answer)
                    report.stopped |= isinstance(answer.error, StopForToday)
                else:
                    refused = gate.rejects(answer)
                    collection.note(answer)
                    if refused is None:
                        tables.append(answer.table)
                    else:
                        rows = {refused: answer.table}
                        set_aside(database, report, rows, origin=answer.chunk.label, source=SOURCE.name)
        if collection.chunks_failed:
            report.status, report.message = INCOMPLETE, collection.failure_message
        collection.note_requests(answers.traces)
        log.checkpoint(report.run_id, requests=collection.requests)
        if not tables:
            return None
        rows = pa.concat_tables(tables)
        report.rows_read += rows.num_rows
        settled = settle_repeated_rows(observations_to_store(rows), WEATHER_KEY)
        report.duplicates_collapsed += settled.repeats
        set_aside(database, report, settled.rejected, origin=f"{part[0].first} to {part[-1].last}", source=SOURCE.name)
        stage.holds(settled.kept)
    return settled.kept if settled.kept.num_rows else None


def observations_to_store(rows: pa.Table) -> pa.Table:
    """Return observations of the service with the resolution of the database."""
    return rows.set_column(rows.column_names.index("tm"), "tm", rows.column("tm").cast(pa.timestamp("us")))
