"""The weather job on the service: days of stations, asked for, completed, imputed and stored."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.core.clock import now_in_korea
from energy_data_layer.core.coercion import checked_markers
from energy_data_layer.datasets.asos import ASOS, LONGEST_CHUNK, STATIONS
from energy_data_layer.datasets.chunks import chunks_of_days, chunks_of_range
from energy_data_layer.files.weather import OBSERVATIONS
from energy_data_layer.jobs.completeness import (
    keys_and_days,
    keys_in,
    note_incomplete_days,
    note_what_did_not_come,
    stored_days,
)
from energy_data_layer.jobs.drift.check import FieldGate, check_drift
from energy_data_layer.jobs.drift.distributions import check_distributions
from energy_data_layer.jobs.drift.schema_policy import policy_of
from energy_data_layer.jobs.generation.repeated_rows import settle_repeated_rows
from energy_data_layer.jobs.options import split_options
from energy_data_layer.jobs.periods import ONE_DAY, period
from energy_data_layer.jobs.run_context import job_database, recorded, watched
from energy_data_layer.jobs.service import note_answer, note_failures, planned_run, set_aside
from energy_data_layer.jobs.weather.doubtful import (
    as_taken,
    note_outside_bounds,
    require_measurements,
    with_markers_missing,
)
from energy_data_layer.jobs.weather.imputed import IN_FUTURE, impute_and_store
from energy_data_layer.jobs.weather.imputed import STAGES as SHARED_STAGES
from energy_data_layer.jobs.weather.method import fills_of
from energy_data_layer.reports.collection_report import CollectionReport
from energy_data_layer.reports.weather_report import WeatherReport
from energy_data_layer.services.collect import Failed
from energy_data_layer.storage.runs import RunLog
from energy_data_layer.storage.urls import redacted_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from energy_data_layer.core.coercion import Markers, MissingValues
    from energy_data_layer.datasets.dataset import Chunk
    from energy_data_layer.jobs.options import ImputeOptions, RunOptions
    from energy_data_layer.storage.database import Database

WEATHER = ASOS.table.name

STAGES = ("plan", "fetch", *SHARED_STAGES, "check")


def collect_weather(
    database_url: str,
    *,
    since: str | date | None = None,
    until: str | date | None = None,
    stations: Iterable[int] | None = None,
    backfill: bool = False,
    missing_values: MissingValues | None = None,
    **options: Any,
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
    backfill : bool, default False
        Ask only for days of stations that are not stored with all their hours.
    missing_values : sequence of float or str, or dict of str to these, optional
        As in `run_weather`, for the answers.
    **options
        The fields of `ImputeOptions` and `RunOptions`.

    Returns
    -------
    WeatherReport
        What was asked, answered, filled and written; its status is ``"incomplete"`` where something could
        not be fetched or the last days or an unknown station did not come, ``"empty"`` where nothing came.

    Raises
    ------
    OptionError
        If an option has a value that it cannot take, or no service key is set.
    SchemaDriftError
        If an answer has other fields than before and the policy is to freeze; periods committed before stay.
    PayloadError
        If an answer has numbers that look as if they stood for missing values; periods committed before stay.
    StorageError
        If the database cannot be opened or written; periods committed before stay.

    Examples
    --------
    The simulator stands in for the service. Without `settings`, the service's own address is asked with the key of
    ``EDL_SERVICE_KEY``.

    >>> from tempfile import TemporaryDirectory
    >>> from energy_data_layer.settings.services import ServiceSettings
    >>> from energy_data_layer.simulator import Simulator
    >>> with TemporaryDirectory() as folder, Simulator() as simulator:
    ...     settings = ServiceSettings(services_url=simulator.url, service_key=simulator.options.key)
    ...     database = f"duckdb:///{folder}/energy.duckdb"
    ...     report = collect_weather(
    ...         database, since="2024-03-01", until="2024-03-02", stations=[108], settings=settings
    ...     )
    >>> report.status, report.rows_inserted, report.stations
    ('succeeded', 48, 1)
    """
    impute, run = split_options(options)
    markers = checked_markers(missing_values, OBSERVATIONS)
    impute.require_columns(ASOS.service.item_schema.names, "the service's answer")
    policy_of(WEATHER, run.schema_policy)
    first, last = period(since, until, newest=run.today - ONE_DAY)
    numbers = sorted({*(stations or run.settings.asos_stations or STATIONS)})
    collection = CollectionReport(ASOS.name, str(first), str(last))
    report = WeatherReport(
        ASOS.job,
        arguments={
            "database": redacted_url(database_url),
            "columns": list(impute.columns),
            "since": str(first),
            "until": str(last),
            "stations": len(numbers),
            **({} if missing_values is None else {"missing_values": str(missing_values)}),
            **impute.of_filling(),
        },
        on_stage=run.on_stage,
        collection=collection,
    )
    with watched(report), job_database(database_url, dry_run=run.dry_run) as database:
        with report.stage("plan"):
            series = [(number,) for number in numbers]
            if backfill:
                wanted = chunks_of_days(ASOS, keys_and_days(database, WEATHER, first, last, series))
            else:
                wanted = chunks_of_range(ASOS, first, last, series)
            planned = planned_run(ASOS, report, run, wanted, oldest_first=True)
            first, last = collection.period
            if run.raw is not None:
                numbers = sorted({int(number) for chunk in planned for number in chunk.key})
        if run.dry_run:
            report.finish()
            return report
        log = RunLog(database)
        with recorded(log, report):
            gate = FieldGate.of(database, WEATHER, ASOS.name, run.schema_policy)
            stored, answered, fills = stored_days(database, WEATHER), set[str](), None
            known = _numbers(stored)
            for part in _parts(planned):
                new = _fetched(database, log, report, collection, run, part, gate, impute, markers)
                if new is None:
                    continue
                answered |= _numbers(keys_in(new, ASOS.table.series))
                taken = [as_taken(new, impute)]
                fills = fills_of(database, report, impute, partial(iter, taken), use_rust=run.use_rust, before=fills)
                impute_and_store(database, new, report, impute, fills, use_rust=run.use_rust)
                report.stations = len(numbers)
            with report.stage("check"):
                note_incomplete_days(database, collection, WEATHER, first, last, [(number,) for number in numbers])
                note_what_did_not_come(
                    report,
                    collection,
                    planned,
                    newest=run.today - ONE_DAY,
                    stored=stored if backfill and run.raw is None else None,
                    unknown=map(str, {*numbers} - {*STATIONS, *map(int, known | answered)}),
                )
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
                check_distributions(database, report, WEATHER, first, last)
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
    run: RunOptions,
    part: Sequence[Chunk],
    gate: FieldGate,
    impute: ImputeOptions,
    markers: Markers,
) -> pa.Table | None:
    """Return the observations of some chunks, each station and stamp once; None where there are none."""
    tables = []
    with report.stage("fetch") as stage:
        requests_before = log.requests_today(report.job)
        with run.collect(ASOS, part, requests_today=requests_before) as answers:
            for done, answer in enumerate(answers, start=1):
                report.has_come(done, len(part), "fetch")
                refused = note_answer(report, collection, gate, answer)
                if isinstance(answer, Failed):
                    continue
                if refused is None:
                    tables.append(answer.table)
                else:
                    set_aside(database, report, {refused: answer.table}, origin=answer.chunk.label, source=ASOS.name)
        note_failures(report, collection)
        collection.note_requests(answers.stats)
        log.checkpoint(report.run_id, requests=collection.requests)
        if not tables:
            return None
        rows = pa.concat_tables(tables)
        report.rows_read += rows.num_rows
        settled = settle_repeated_rows(ASOS.to_store(rows), ASOS.table.key)
        report.duplicates_collapsed += settled.repeats
        kept, rejected = settled.kept, dict(settled.rejected)
        future = pc.greater(kept.column(ASOS.table.stamp), pa.scalar(now_in_korea(), pa.timestamp("us")))
        if pc.any(future).as_py():
            rejected[IN_FUTURE], kept = kept.filter(future), kept.filter(pc.invert(future))
        origin = f"{part[0].first} to {part[-1].last}"
        set_aside(database, report, rejected, origin=origin, source=ASOS.name)
        kept = with_markers_missing(report, kept, markers)
        note_outside_bounds(report, kept)
        require_measurements(as_taken(kept, impute), markers, origin)
        stage.holds(kept)
    return kept if kept.num_rows else None
