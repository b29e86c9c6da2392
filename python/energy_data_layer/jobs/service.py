"""What the jobs on generation services share: what has arrived is settled, stored and committed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.engine import choice
from energy_data_layer.errors import DuplicateKeyError, OptionError, StopForToday
from energy_data_layer.jobs.completeness import keys_in
from energy_data_layer.jobs.generation.repeated_rows import as_rejects, settle_repeated_rows
from energy_data_layer.services.collect import Failed, collect
from energy_data_layer.services.raw import RawFolder
from energy_data_layer.settings.services import ServiceSettings
from energy_data_layer.storage.coverage import HOURLY_TABLES
from energy_data_layer.storage.rejects import store_rejects
from energy_data_layer.storage.runs import INCOMPLETE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date
    from os import PathLike

    from energy_data_layer.datasets.chunks import Chunk
    from energy_data_layer.datasets.dataset import Source
    from energy_data_layer.jobs.drift.check import FieldGate
    from energy_data_layer.reports.reprocess_report import ReprocessReport
    from energy_data_layer.reports.service_report import ServiceReport
    from energy_data_layer.reports.weather_report import WeatherReport
    from energy_data_layer.services.collect import Collected, Collection
    from energy_data_layer.storage.database import Database
    from energy_data_layer.storage.runs import RunLog

ROWS_AT_ONCE = 2_000
"""Rows in a transaction to which no further chunk is added: what bounds the memory."""

CHUNK = "chunk"
"""The column with the number of the chunk that a row is of."""


@dataclass(frozen=True)
class Fetching:
    """How a job gets its answers.

    Attributes
    ----------
    settings : ServiceSettings
        Keys, addresses and limits.
    keep_raw : RawFolder or None
        Where the bodies of the answers are kept.
    from_raw : RawFolder or None
        Where they come from, in place of the service.
    use_rust : bool or None
        The engine.
    """

    settings: ServiceSettings
    keep_raw: RawFolder | None = None
    from_raw: RawFolder | None = None
    use_rust: bool | None = None

    @classmethod
    def of(
        cls,
        settings: ServiceSettings | None,
        keep_raw: str | PathLike[str] | None,
        from_raw: str | PathLike[str] | None,
        use_rust: bool | None,
    ) -> Fetching:
        """Take the options of a job."""
        if keep_raw is not None and from_raw is not None:
            raise OptionError("keep_raw and from_raw exclude each other: what is replayed is kept already")
        if from_raw is not None and not Path(from_raw).is_dir():
            raise OptionError(f"from_raw is {from_raw}, which is no folder")
        return cls(
            settings or ServiceSettings(),
            None if keep_raw is None else RawFolder(keep_raw),
            None if from_raw is None else RawFolder(from_raw),
            use_rust,
        )

    def planned(self, source: Source, wanted: Iterable[Chunk]) -> list[Chunk]:
        """Return the chunks to ask for: the wanted ones, or all that the raw folder holds."""
        return list(wanted) if self.from_raw is None else self.from_raw.chunks(source)

    def period_of(self, planned: Sequence[Chunk], first: date, last: date) -> tuple[date, date]:
        """Return the days that a run is about: those asked for, or those that the raw folder holds."""
        if self.from_raw is None or not planned:
            return first, last
        return min(chunk.first for chunk in planned), max(chunk.last for chunk in planned)

    def collect(self, source: Source, chunks: Iterable[Chunk], *, requests_today: int) -> Collection:
        """Ask for chunks within what is left of the day's requests."""
        return collect(
            source,
            chunks,
            self.settings,
            requests_left=max(self.settings.requests_per_day - requests_today, 0),
            keep_raw=self.keep_raw,
            from_raw=self.from_raw,
            use_rust=self.use_rust,
        )


def store_chunks(
    database: Database,
    log: RunLog,
    report: ServiceReport,
    fetching: Fetching,
    source: Source,
    chunks: Sequence[Chunk],
    *,
    gate: FieldGate,
    rows_of: Callable[[pa.Table], pa.Table],
) -> set[tuple[str, ...]]:
    """Collect chunks and commit the hours of those that have arrived, so that a run can die at any time.

    Chunks that arrive while others are stored share a transaction: small ones would come faster than
    transactions of their own end.

    Parameters
    ----------
    database, log, report, fetching
        Where the rows go, where the run is recorded, what is noted, and how answers are got.
    source, chunks
        What is asked.
    gate : FieldGate
        The table, whose key tells hours apart, and which answers it takes.
    rows_of : callable
        Returns hours of the service with the columns of the table, and further ones that tell plants apart.

    Returns
    -------
    set of tuple of str
        The plants of which something came.
    """
    table = gate.table
    hourly = HOURLY_TABLES[table]
    stored_columns = database.columns(table)
    answered: set[tuple[str, ...]] = set()
    chosen = choice.choose(fetching.use_rust)
    report.engine, report.engine_reason = chosen.engine, chosen.reason
    requests_today = log.requests_today(report.job)
    with fetching.collect(source, chunks, requests_today=requests_today) as answers:
        for group in answers.together(ROWS_AT_ONCE):
            report.has_come(report.collection.chunks + len(group), len(chunks), "fetch and store")
            collected = []
            for answer in group:
                if isinstance(answer, Failed):
                    report.collection.note_failure(answer)
                    report.stopped |= isinstance(answer.error, StopForToday)
                else:
                    refused = gate.rejects(answer)
                    report.collection.note(answer)
                    if refused is None:
                        collected.append(answer)
                    else:
                        rows = rows_of(answer.table)
                        answered |= keys_in(rows, hourly.key)
                        set_aside(
                            database, report, {refused: rows}, origin=answer.chunk.label, source=answer.chunk.service
                        )
            if not collected:
                continue
            rows = rows_of(pa.concat_tables(answer.table for answer in collected))
            report.rows_read += rows.num_rows
            answered |= keys_in(rows, hourly.key)
            _store(database, report, numbered(rows, collected), collected, table, stored_columns)
            log.checkpoint(report.run_id, requests=answers.traces.requests)
            # Arrow's pool keeps what was freed, and more of it with each group.
            pa.default_memory_pool().release_unused()
    report.collection.note_requests(answers.traces)
    log.checkpoint(report.run_id, requests=answers.traces.requests)
    if report.collection.chunks_failed:
        report.status, report.message = INCOMPLETE, report.collection.failure_message
    return answered


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
    hourly = HOURLY_TABLES[table]
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
