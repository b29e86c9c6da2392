"""What was asked of a service and what came back, as part of a run report."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from energy_data_layer.errors import worth_another_try
from energy_data_layer.reports.run_report import RunReport

if TYPE_CHECKING:
    from energy_data_layer.services.collect import Collected, Failed
    from energy_data_layer.services.request_stats import RequestStats

LISTED_FAILURES = 20
LISTED_DAYS = 50


@dataclass(frozen=True)
class FailedChunk:
    """A part of the period that could not be fetched; the next run asks for it again.

    Attributes
    ----------
    key : str
        The station, or the plant and its unit; empty where the service is asked for all of them.
    first, last : str
        The days asked for.
    error : str
        What went wrong.
    """

    key: str
    first: str
    last: str
    error: str


@dataclass(frozen=True)
class IncompleteDay:
    """A day of which the table has fewer than 24 values after the run."""

    key: str
    day: str
    hours: int


@dataclass
class CollectionReport:
    """What was asked of a service and what came back.

    Attributes
    ----------
    source : str
        The service.
    first, last : str
        The first and the last day of the period.
    last_day : str
        The last day of which something came, empty where nothing did.
    chunks : int
        Parts into which the period was cut.
    chunks_failed : int
        Those of them that could not be fetched.
    chunks_failed_for_good : int
        Those of these that asking again does not bring: the key, the address or the request has to be corrected.
    failures : list of FailedChunk
        The first of these.
    items : int
        Items of all answers: observations, or days of plants.
    missing_items : int
        Items that the service announced and did not send.
    rows_outside : int
        Rows of days that were not asked for, which are left out.
    coerced : dict of str to int
        Texts per field that could not be read, and were taken as missing.
    unknown_fields, vanished_fields, retyped_fields : dict
        Where the items differ from what the service documents, see `PayloadDrift`.
    total_mismatches : int
        Days of plants whose hours do not add up to their published total.
    requests : int
        Requests that were sent, every attempt counted.
    retries : int
        Those of them that were a further attempt.
    bytes : int
        Bytes of all bodies.
    traces : list of dict
        What the requests cost, see `RequestStats`; one for each part of the period that was stored by itself.
    incomplete_days : int
        Days of the period of which the table has fewer than 24 values after the run.
    first_incomplete_days : list of IncompleteDay
        The first of these.
    """

    source: str
    first: str = ""
    last: str = ""
    last_day: str = ""
    chunks: int = 0
    chunks_failed: int = 0
    chunks_failed_for_good: int = 0
    failures: list[FailedChunk] = field(default_factory=list)
    items: int = 0
    missing_items: int = 0
    rows_outside: int = 0
    coerced: dict[str, int] = field(default_factory=dict)
    unknown_fields: dict[str, int] = field(default_factory=dict)
    vanished_fields: dict[str, int] = field(default_factory=dict)
    retyped_fields: dict[str, dict[str, int]] = field(default_factory=dict)
    total_mismatches: int = 0
    requests: int = 0
    retries: int = 0
    bytes: int = 0
    traces: list[dict[str, Any]] = field(default_factory=list)
    incomplete_days: int = 0
    first_incomplete_days: list[IncompleteDay] = field(default_factory=list)

    @property
    def period(self) -> tuple[date, date]:
        """The first and the last day."""
        return date.fromisoformat(self.first), date.fromisoformat(self.last)

    @period.setter
    def period(self, days: tuple[date, date]) -> None:
        self.first, self.last = map(str, days)

    @property
    def has_drift(self) -> bool:
        """Whether items differ from what the service documents."""
        return bool(self.unknown_fields or self.vanished_fields or self.retyped_fields)

    @property
    def failure_message(self) -> str:
        """What could not be fetched, in words."""
        why = f" ({self.failures[0].error})" if self.failures else ""
        return f"{self.chunks_failed} of {self.chunks} parts could not be fetched{why}"

    def figures(self) -> list[tuple[str, str]]:
        """Return what was asked and answered for a reader, each figure with what it is."""
        return [
            ("days", f"{self.first} to {self.last}"),
            ("parts requested", f"{self.chunks:,}, {self.chunks_failed:,} not fetched"),
            ("requests", f"{self.requests:,}, {self.retries:,} of them retries"),
            ("incomplete days", f"{self.incomplete_days:,}"),
        ]

    def counters(self) -> dict[str, int | float | None]:
        """Return what table ``runs`` has a column for; a run that died may not know its further attempts."""
        return {"retries": self.retries if self.traces else None, "chunks_failed": self.chunks_failed}

    def note_requests(self, stats: RequestStats) -> None:
        """Add what requests cost."""
        self.requests += stats.requests
        self.retries += stats.retries
        self.bytes += stats.bytes
        self.traces.append(asdict(stats))

    def summary(self) -> str:
        """Return what is remarkable in a few words, empty where nothing is."""
        remarkable = {
            "incomplete": f"{self.incomplete_days} days" if self.incomplete_days else "",
            "unknown fields": ", ".join(self.unknown_fields),
            "vanished fields": ", ".join(self.vanished_fields),
            "fields of another type": ", ".join(self.retyped_fields),
        }
        said = [f"{what}: {which}" for what, which in remarkable.items() if which]
        return f"; {'; '.join(said)}" if said else ""

    def note(self, collected: Collected) -> None:
        """Add what one chunk brought."""
        self.chunks += 1
        self.items += collected.items
        self.missing_items += collected.missing_items
        self.rows_outside += collected.rows_outside
        if collected.last_day is not None:
            self.last_day = max(self.last_day, str(collected.last_day))
        for page in collected.reports:
            self.total_mismatches += len(page.total_mismatches)
            _add(self.coerced, page.coerced)
            _add(self.unknown_fields, page.drift.unknown_fields)
            _add(self.vanished_fields, page.drift.vanished_fields)
            for name, kinds in page.drift.retyped_fields.items():
                _add(self.retyped_fields.setdefault(name, {}), kinds)

    def note_failure(self, failed: Failed) -> None:
        """Add a chunk that could not be fetched."""
        self.chunks += 1
        self.chunks_failed += 1
        self.chunks_failed_for_good += not worth_another_try(failed.error)
        if len(self.failures) < LISTED_FAILURES:
            chunk = failed.chunk
            self.failures.append(FailedChunk(" ".join(chunk.key), str(chunk.first), str(chunk.last), str(failed.error)))


def _add(total: dict[str, int], counts: dict[str, int]) -> None:
    total.update(Counter(total) + Counter(counts))


@dataclass
class CollectingReport(RunReport):
    """What one run of a job that may ask a service did, beside what all jobs report.

    Attributes
    ----------
    collection : CollectionReport or None
        What was asked of the service and what came back; None where the rows come from files.
    plan : list of str
        What a dry run would ask for.
    rejects : dict of str to int
        Rows that were not stored, by reason; their content is in table ``rejects``.
    """

    collection: CollectionReport | None = None
    plan: list[str] = field(default_factory=list)
    rejects: dict[str, int] = field(default_factory=dict)

    @property
    def is_remarkable(self) -> bool:
        """Whether the run did not succeed or noticed something; also fields that are not documented."""
        return super().is_remarkable or (self.collection is not None and self.collection.has_drift)

    def summary(self) -> str:
        """Return the run in a few words, for an alert."""
        return super().summary() + ("" if self.collection is None else self.collection.summary())

    def counters(self) -> dict[str, int | float | None]:
        """Return what table ``runs`` has a column for."""
        return super().counters() | ({} if self.collection is None else self.collection.counters())


@dataclass
class ServiceReport(CollectingReport):
    """What one run of the wind or the solar job did, beside what all jobs report.

    Attributes
    ----------
    collection : CollectionReport
        What was asked of the service and what came back.
    rows_repeated : int
        Hours that say again what another one says.
    plants_new : list of str
        Plants that the table did not know before.
    plants_silent : list of str
        Plants that the table knows and the service did not answer for, although it was asked.
    """

    collection: CollectionReport = field(default_factory=lambda: CollectionReport(""))
    rows_repeated: int = 0
    plants_new: list[str] = field(default_factory=list)
    plants_silent: list[str] = field(default_factory=list)

    def note_plants(self, new: set[tuple[str, ...]], silent: set[tuple[str, ...]]) -> None:
        """Note which plants are new in the table, and of which nothing came although they were asked for."""
        self.plants_new = [" ".join(plant) for plant in sorted(new)]
        self.plants_silent = [" ".join(plant) for plant in sorted(silent)]
