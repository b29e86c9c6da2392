"""The rows of a raw folder, read again: of each hour what was fetched last."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyarrow as pa

from energy_data_layer.jobs.generation.repeated_rows import settle_repeated_rows
from energy_data_layer.jobs.service import CHUNK, numbered, set_aside_of_chunks
from energy_data_layer.services.collect import Collected, Failed
from energy_data_layer.storage.runs import INCOMPLETE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from energy_data_layer.datasets.dataset import Chunk, Dataset
    from energy_data_layer.jobs.options import RunOptions
    from energy_data_layer.reports.reprocess_report import ReprocessReport
    from energy_data_layer.storage.database import Database


@dataclass(frozen=True)
class RawRows:
    """Rows of a raw folder.

    Attributes
    ----------
    rows : pyarrow.Table
        The rows of the table, each key once.
    rejected : dict of str to pyarrow.Table
        Rows that contradict each other within an answer, by reason.
    collected : list of Collected
        The answers that they are of.
    """

    rows: pa.Table
    rejected: dict[str, pa.Table]
    collected: list[Collected]

    def set_rejected_aside(self, database: Database, report: ReprocessReport) -> None:
        """Store what was rejected in table ``rejects``, and count it."""
        set_aside_of_chunks(database, report, self.rejected, self.collected)


def read_raw_rows(
    dataset: Dataset,
    options: RunOptions,
    report: ReprocessReport,
    chunks: Sequence[Chunk],
    first: date,
    last: date,
) -> RawRows | None:
    """Read the chunks' bodies again, with the engine of `options`.

    Parameters
    ----------
    dataset : Dataset
        The dataset.
    options : RunOptions
        The folder and the engine.
    report : ReprocessReport
        Where it is noted what came and what could not be read.
    chunks : sequence of Chunk
        The chunks, in the order in which they were fetched.
    first, last : date
        Rows of other days are left out.

    Returns
    -------
    RawRows or None
        None where no chunk has rows of these days.
    """
    assert report.collection is not None  # noqa: S101
    came: dict[Chunk, Collected] = {}
    with options.collect(dataset, chunks, requests_today=0) as answers:
        for answer in answers:
            if isinstance(answer, Failed):
                report.collection.note_failure(answer)
                report.status, report.message = INCOMPLETE, report.collection.failure_message
            else:
                report.collection.note(answer)
                came[answer.chunk] = _within(dataset, answer, first, last)
        report.collection.note_requests(answers.stats)
    collected = [came[chunk] for chunk in chunks if chunk in came and came[chunk].table.num_rows]
    if not collected:
        return None
    rows = numbered(dataset.to_store(pa.concat_tables(answer.table for answer in collected)), collected)
    report.rows_read += rows.num_rows
    settled = settle_repeated_rows(rows, (*dataset.table.key, CHUNK))
    return RawRows(_last_of_each(settled.kept, dataset.table.key), settled.rejected, collected)


def _within(dataset: Dataset, answer: Collected, first: date, last: date) -> Collected:
    days = replace(answer.chunk, first=max(first, answer.chunk.first), last=min(last, answer.chunk.last))
    return replace(answer, table=dataset.within_asked_days(days, answer.table))


def _last_of_each(rows: pa.Table, key: Sequence[str]) -> pa.Table:
    """Return the row of each key that is of the last chunk."""
    last = rows.group_by(list(key)).aggregate([(CHUNK, "max")]).rename_columns([*key, CHUNK])
    if last.num_rows == rows.num_rows:
        return rows.drop_columns(CHUNK)
    position = rows.append_column("position", pa.array(range(rows.num_rows), pa.int64()))
    kept = position.select([*key, CHUNK, "position"]).join(last, keys=[*key, CHUNK], join_type="left semi")
    return rows.take(kept.column("position").sort()).drop_columns(CHUNK)
