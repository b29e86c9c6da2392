"""The rows of a raw folder, read again: of each hour what was fetched last."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from energy_data_layer.datasets import asos, koen_wind, kospo_solar
from energy_data_layer.datasets.tables import NAMBU_GENERATION, WEATHER_ASOS, WIND_NAMDONG
from energy_data_layer.jobs import solar, wind
from energy_data_layer.jobs.generation.repeated_rows import settle_repeated_rows
from energy_data_layer.jobs.service import CHUNK, numbered, set_aside_of_chunks
from energy_data_layer.jobs.weather import from_service
from energy_data_layer.services.collect import Collected, Failed
from energy_data_layer.storage.coverage import HOURLY_TABLES
from energy_data_layer.storage.runs import INCOMPLETE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from energy_data_layer.datasets.chunks import Chunk
    from energy_data_layer.datasets.dataset import Source
    from energy_data_layer.jobs.service import Fetching
    from energy_data_layer.reports.reprocess_report import ReprocessReport
    from energy_data_layer.storage.database import Database


class RawTable(NamedTuple):
    """A service whose bodies can be kept, its table, and how its rows become those of the table."""

    source: Source
    table: str
    to_store: Callable[[pa.Table], pa.Table]

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that tell the table's rows apart."""
        hourly = HOURLY_TABLES[self.table]
        return (*hourly.key, hourly.stamp)


WEATHER = RawTable(asos.SOURCE, WEATHER_ASOS, from_service.observations_to_store)
GENERATION = (
    RawTable(koen_wind.SOURCE, WIND_NAMDONG, wind.hours_to_store),
    RawTable(kospo_solar.SOURCE, NAMBU_GENERATION, solar.hours_to_store),
)


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
    raw: RawTable,
    fetching: Fetching,
    report: ReprocessReport,
    chunks: Sequence[Chunk],
    first: date,
    last: date,
) -> RawRows | None:
    """Read the chunks' bodies again, with the engine of `fetching`.

    Parameters
    ----------
    raw : RawTable
        The service.
    fetching : Fetching
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
    with fetching.collect(raw.source, chunks, requests_today=0) as answers:
        for answer in answers:
            if isinstance(answer, Failed):
                report.collection.note_failure(answer)
                report.status, report.message = INCOMPLETE, report.collection.failure_message
            else:
                report.collection.note(answer)
                came[answer.chunk] = _within(raw.source, answer, first, last)
        report.collection.note_requests(answers.traces)
    collected = [came[chunk] for chunk in chunks if chunk in came and came[chunk].table.num_rows]
    if not collected:
        return None
    rows = numbered(raw.to_store(pa.concat_tables(answer.table for answer in collected)), collected)
    report.rows_read += rows.num_rows
    settled = settle_repeated_rows(rows, (*raw.key, CHUNK))
    return RawRows(_last_of_each(settled.kept, raw.key), settled.rejected, collected)


def _within(source: Source, answer: Collected, first: date, last: date) -> Collected:
    days = replace(answer.chunk, first=max(first, answer.chunk.first), last=min(last, answer.chunk.last))
    return replace(answer, table=source.within_asked_days(days, answer.table))


def _last_of_each(rows: pa.Table, key: Sequence[str]) -> pa.Table:
    """Return the row of each key that is of the last chunk."""
    last = rows.group_by(list(key)).aggregate([(CHUNK, "max")]).rename_columns([*key, CHUNK])
    if last.num_rows == rows.num_rows:
        return rows.drop_columns(CHUNK)
    position = rows.append_column("position", pa.array(range(rows.num_rows), pa.int64()))
    kept = position.select([*key, CHUNK, "position"]).join(last, keys=[*key, CHUNK], join_type="left semi")
    return rows.take(kept.column("position").sort()).drop_columns(CHUNK)
