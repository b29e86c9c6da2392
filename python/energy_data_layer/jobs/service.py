"""The job on a service, whichever: plan, fetch and store, check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.datasets.chunks import chunks_of_days, chunks_of_range
from energy_data_layer.engine import choice
from energy_data_layer.errors import DuplicateKeyError, OptionError, StopForToday
from energy_data_layer.jobs.completeness import (
    check_plants,
    keys_and_days,
    keys_in,
    note_what_did_not_come,
    stored_days,
)
from energy_data_layer.jobs.drift.check import FieldGate
from energy_data_layer.jobs.drift.schema_policy import policy_of
from energy_data_layer.jobs.generation.repeated_rows import as_rejects, settle_repeated_rows
from energy_data_layer.jobs.periods import ONE_DAY
from energy_data_layer.jobs.run_context import job_database, recorded, watched
from energy_data_layer.reports.collection_report import CollectionReport, ServiceReport
from energy_data_layer.services.collect import Failed
from energy_data_layer.storage.coverage import hourly_table
from energy_data_layer.storage.records import store_rejects
from energy_data_layer.storage.runs import INCOMPLETE, RunLog
from energy_data_layer.storage.urls import redacted_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from energy_data_layer.datasets.dataset import Chunk, Dataset
    from energy_data_layer.jobs.options import RunOptions
    from energy_data_layer.reports.reprocess_report import ReprocessReport
    from energy_data_layer.reports.weather_report import WeatherReport
    from energy_data_layer.services.collect import Collected
    from energy_data_layer.storage.database import Database

STAGES = ("plan", "fetch and store", "check")

ROWS_AT_ONCE = 2_000
"""Rows in a transaction to which no further chunk is added: what bounds the memory."""

CHUNK = "chunk"
"""The column with the number of the chunk that a row is of."""


def run_service(
    dataset: Dataset,
    database_url: str,
    first: date,
    last: date,
    options: RunOptions,
    *,
    series: Iterable[tuple[str, ...]] | None = None,
) -> ServiceReport:
    """Collect days of a dataset from its service and store their hours.

    A new value replaces a stored one, a new missing value replaces none. Hours that differ under one key are not
    stored but kept in table ``rejects``. What was fetched is committed as it arrives; running the job again, also
    after a crash, leaves what one run leaves. A service that is asked for single series is asked only for their days
    that are not stored in full.

    Parameters
    ----------
    dataset : Dataset
        The dataset.
    database_url : str
        See `Database.connect`.
    first, last : date
        The days, both included.
    options : RunOptions
        How the job runs.
    series : iterable of tuple of str, optional
        The plants to ask for; by default those of the environment and those that are stored.

    Returns
    -------
    ServiceReport
        What was asked, answered and written; its status is ``"incomplete"`` where something could not be fetched
        or the last days or a plant did not come, ``"empty"`` where nothing came.

    Raises
    ------
    OptionError
        If an option has a value that it cannot take, no series is known, or no service key is set.
    SchemaDriftError
        If an answer has other fields than before and the policy is to freeze; chunks committed before stay.
    StorageError
        If the database cannot be opened or written; chunks committed before stay.
    """
    table = dataset.table.name
    policy_of(table, options.schema_policy)
    report = ServiceReport(
        dataset.job,
        arguments={"database": redacted_url(database_url), "since": str(first), "until": str(last)},
        on_stage=options.on_stage,
        collection=CollectionReport(dataset.name, str(first), str(last)),
    )
    with watched(report), job_database(database_url, dry_run=options.dry_run) as database:
        with report.stage("plan"):
            stored, wanted = stored_days(database, table), None
            known = set(stored)
            if dataset.service.asks_for_series:
                wanted = sorted({*(options.settings.series_of(dataset) | known if series is None else series)})
                if not wanted and options.raw is None:
                    raise OptionError(dataset.service.without_series)
                chunks = chunks_of_days(dataset, keys_and_days(database, table, first, last, wanted))
            else:
                chunks = chunks_of_range(dataset, first, last)
            planned = planned_run(dataset, report, options, chunks)
            asked = {chunk.key for chunk in planned} if wanted is not None else known
            first, last = report.collection.period
        if options.dry_run:
            report.finish()
            return report
        log = RunLog(database)
        with recorded(log, report):
            gate = FieldGate.of(database, table, dataset.name, options.schema_policy)
            with report.stage("fetch and store"):
                answered = _store_chunks(database, log, report, options, dataset, planned, gate)
            with report.stage("check"):
                silent = asked - answered
                note_what_did_not_come(
                    report,
                    report.collection,
                    planned,
                    newest=options.today - ONE_DAY,
                    stored=None if wanted is None or options.raw is not None else stored,
                    unknown=map(" ".join, silent - known),
                )
                check_plants(
                    database,
                    report,
                    gate,
                    (first, last),
                    known=known,
                    silent=silent,
                    answered=answered,
                    wanted=wanted if options.raw is None or wanted is None else sorted(asked),
                )
    return report


def planned_run(
    dataset: Dataset,
    report: ServiceReport | WeatherReport,
    options: RunOptions,
    wanted: Iterable[Chunk],
    *,
    oldest_first: bool = False,
) -> list[Chunk]:
    """Return what a run asks for, and note it; its period becomes that of a raw folder."""
    planned = options.planned(dataset, wanted)
    if oldest_first:
        planned.sort(key=lambda chunk: (chunk.first, chunk.key))
    report.plan = [chunk.label for chunk in planned]
    if options.raw is not None and planned and report.collection is not None:
        report.collection.period = min(chunk.first for chunk in planned), max(chunk.last for chunk in planned)
    return planned


def _store_chunks(
    database: Database,
    log: RunLog,
    report: ServiceReport,
    options: RunOptions,
    dataset: Dataset,
    chunks: Sequence[Chunk],
    gate: FieldGate,
) -> set[tuple[str, ...]]:
    """Commit the hours of chunks as they arrive, so that a run can die at any time; return who answered.

    Chunks that arrive while others are stored share a transaction: small ones would come faster than
    transactions of their own end.
    """
    hourly = hourly_table(gate.table)
    stored_columns = database.columns(gate.table)
    answered: set[tuple[str, ...]] = set()
    chosen = choice.choose(options.use_rust)
    report.engine, report.engine_reason = chosen.engine, chosen.reason
    with options.collect(dataset, chunks, requests_today=log.requests_today(report.job)) as answers:
        for group in answers.together(ROWS_AT_ONCE):
            report.has_come(report.collection.chunks + len(group), len(chunks), "fetch and store")
            collected = []
            for answer in group:
                refused = note_answer(report, report.collection, gate, answer)
                if isinstance(answer, Failed):
                    continue
                if refused is None:
                    collected.append(answer)
                else:
                    rows = dataset.to_store(answer.table)
                    answered |= keys_in(rows, hourly.key)
                    set_aside(database, report, {refused: rows}, origin=answer.chunk.label, source=dataset.name)
            if not collected:
                continue
            rows = dataset.to_store(pa.concat_tables(answer.table for answer in collected))
            report.rows_read += rows.num_rows
            answered |= keys_in(rows, hourly.key)
            _store(database, report, numbered(rows, collected), collected, gate.table, stored_columns)
            log.checkpoint(report.run_id, requests=answers.stats.requests)
            # Arrow's pool keeps what was freed, and more of it with each group.
            pa.default_memory_pool().release_unused()
    report.collection.note_requests(answers.stats)
    log.checkpoint(report.run_id, requests=answers.stats.requests)
    note_failures(report, report.collection)
    return answered


def note_answer(
    report: ServiceReport | WeatherReport, collection: CollectionReport, gate: FieldGate, answer: Collected | Failed
) -> str | None:
    """Note what came; return why it is not to be stored, None where it is, or where nothing came."""
    if isinstance(answer, Failed):
        collection.note_failure(answer)
        report.stopped |= isinstance(answer.error, StopForToday)
        return None
    refused = gate.rejects(answer)
    collection.note(answer)
    return refused


def note_failures(report: ServiceReport | WeatherReport, collection: CollectionReport) -> None:
    """Let a run be incomplete of which something could not be fetched."""
    if collection.chunks_failed:
        report.status, report.message = INCOMPLETE, collection.failure_message


def numbered(rows: pa.Table, collected: Sequence[Collected]) -> pa.Table:
    """Return the rows of some chunks with the number of the chunk that each is of."""
    counts = [answer.table.num_rows for answer in collected]
    return rows.append_column(CHUNK, pa.array(np.repeat(np.arange(len(counts)), counts)))


def _store(
    database: Database,
    report: ServiceReport,
    rows: pa.Table,
    collected: Sequence[Collected],
    table: str,
    stored_columns: Sequence[str],
) -> None:
    """Settle the rows of each chunk and store those of all in one transaction."""
    hourly = hourly_table(table)
    key = (*hourly.key, hourly.stamp)
    settled = settle_repeated_rows(rows, (*key, CHUNK))
    names = [name for name in settled.kept.column_names if name in stored_columns]
    with database.transaction():
        try:
            counts = [database.upsert(table, settled.kept.select(names), key, keep_where_missing=["generation"])]
        except DuplicateKeyError:
            # Chunks that hold the same hours: of these the later one is right, as if each came by itself.
            counts = [
                database.upsert(
                    table, _of_chunk(settled.kept, number).select(names), key, keep_where_missing=["generation"]
                )
                for number in range(len(collected))
            ]
        set_aside_of_chunks(database, report, settled.rejected, collected)
    report.rows_inserted += sum(count.inserted for count in counts)
    report.rows_updated += sum(count.updated for count in counts)
    report.rows_unchanged += sum(count.unchanged for count in counts)
    report.rows_repeated += settled.repeats


def _of_chunk(rows: pa.Table, number: int) -> pa.Table:
    return rows.filter(pc.equal(rows.column(CHUNK), number)).drop_columns(CHUNK)


def set_aside_of_chunks(
    database: Database,
    report: ServiceReport | ReprocessReport,
    rejected: Mapping[str, pa.Table],
    collected: Sequence[Collected],
) -> None:
    """Set rejected rows aside that have the numbers of their chunks."""
    for reason, rows in rejected.items():
        for number in pc.unique(rows.column(CHUNK)).to_pylist():
            chunk = collected[number].chunk
            set_aside(database, report, {reason: _of_chunk(rows, number)}, origin=chunk.label, source=chunk.service)


def set_aside(
    database: Database,
    report: ServiceReport | WeatherReport | ReprocessReport,
    rejected: Mapping[str, pa.Table],
    *,
    origin: str,
    source: str,
) -> None:
    """Store rows that are not kept, by reason, in table ``rejects``, and count them."""
    for reason, rows in rejected.items():
        store_rejects(database, as_rejects(rows, origin=origin, source=source, reason=reason))
        report.rejects[reason] = report.rejects.get(reason, 0) + rows.num_rows
        report.rows_rejected += rows.num_rows
