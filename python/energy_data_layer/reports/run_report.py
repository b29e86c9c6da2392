"""What one run of a job did: counts, engine, stages; as JSON beside the database."""

from __future__ import annotations

import json
import logging
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from energy_data_layer.core import tracing
from energy_data_layer.core.atomic_file import written_atomically
from energy_data_layer.engine.shadow.comparer import settle
from energy_data_layer.engine.shadow.counts import ShadowCounts
from energy_data_layer.storage.runs import SUCCEEDED
from energy_data_layer.storage.urls import duckdb_path, is_postgresql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from os import PathLike

    import pyarrow as pa

logger = logging.getLogger(__name__)

MEGABYTE = 1_000_000

LISTED_FINDINGS = 5
"""Drift findings that an alert names."""


@dataclass
class Stage:
    """One step of a job.

    Attributes
    ----------
    name : str
        What the step does.
    seconds : float
        Wall time.
    rows_held : int
        Rows of the tables that the job holds after the step; the most of them, of a step that came again.
    megabytes_held : float
        Size of these tables in MB, likewise.
    peak_rss_megabytes : float or None
        The most memory the process has used up to the end of the step, in MB; None where the
        platform does not tell.
    """

    name: str
    seconds: float = 0.0
    rows_held: int = 0
    megabytes_held: float = 0.0
    peak_rss_megabytes: float | None = None

    def holds(self, *tables: pa.Table) -> None:
        """Note the tables that are held after this step."""
        self.rows_held = max(self.rows_held, sum(table.num_rows for table in tables))
        self.megabytes_held = max(self.megabytes_held, sum(table.nbytes for table in tables) / MEGABYTE)


@dataclass(frozen=True)
class DriftFinding:
    """One change, reported once.

    Attributes
    ----------
    table_name : str
        The table that the source fills.
    kind : str
        ``"field_new"``, ``"field_vanished"``, ``"field_retyped"``, ``"member_new"``, ``"member_vanished"``,
        ``"distribution"`` or ``"unit_jump"``.
    subject : str
        The source of a field; the station or plant, for values with the month.
    field : str
        The field; empty for a station or plant.
    detail : str
        What it was and what it is.

    Examples
    --------
    >>> str(DriftFinding("wind_namdong", "field_new", "namdong_wind", "windy"))
    'field_new namdong_wind windy'
    """

    table_name: str
    kind: str
    subject: str
    field: str = ""
    detail: str = ""

    def __str__(self) -> str:
        said = " ".join(part for part in (self.kind, self.subject, self.field) if part)
        return f"{said} ({self.detail})" if self.detail else said


@dataclass
class RunReport:
    """What one run of a job did, as far as jobs have it in common.

    Attributes
    ----------
    job : str
        Name of the job.
    arguments : dict
        What it was called with; passwords are hidden.
    started, finished : str
        ISO 8601 in UTC; `finished` is empty while the job runs.
    files_skipped : list of str
        Files that were not read, because their rows are stored and nobody has changed these.
    rows_read : int
        Rows in the files.
    rows_inserted, rows_updated, rows_unchanged : int
        What the upsert did.
    rows_rejected : int
        Rows that were not stored as they are, and are kept in table ``rejects``.
    engine, engine_reason : str
        Which engine ran, and why that one.
    run_id : str
        The run in table ``runs``; empty where there is no database.
    status : str
        ``"succeeded"``, ``"incomplete"``, ``"empty"`` or ``"failed"``.
    message : str
        What went wrong.
    stopped : bool
        Whether the run left work undone because the service, or the own limit, gives no more answers today.
    shadow : ShadowCounts
        What shadow mode has seen, where ``USE_RUST`` is ``shadow``.
    drift : list of DriftFinding
        What changed in the source since the last run.
    stages : list of Stage
        Time and memory of each step.

    Examples
    --------
    >>> report = RunReport("weather", arguments={"columns": ["ta"]})
    >>> with report.stage("read"):
    ...     report.rows_read = 24
    >>> [stage.name for stage in report.stages], report.to_dict()["rows_read"]
    (['read'], 24)
    """

    job: str
    arguments: dict[str, Any]
    on_stage: Callable[[str], None] | None = field(default=None, repr=False, compare=False)
    started: str = field(default_factory=lambda: _now())
    finished: str = ""
    files_skipped: list[str] = field(default_factory=list)
    rows_read: int = 0
    rows_inserted: int = 0
    rows_updated: int = 0
    rows_unchanged: int = 0
    rows_rejected: int = 0
    engine: str = ""
    engine_reason: str = ""
    run_id: str = ""
    status: str = SUCCEEDED
    message: str = ""
    stopped: bool = False
    shadow: ShadowCounts = field(default_factory=ShadowCounts)
    drift: list[DriftFinding] = field(default_factory=list)
    stages: list[Stage] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        """Time a step; `on_stage` is called with its name as it begins. A step that comes again adds to its time."""
        if self.on_stage is not None:
            self.on_stage(name)
        stage = next((stage for stage in self.stages if stage.name == name), None) or Stage(name)
        start = time.perf_counter()
        with tracing.span(f"stage {name}") as span:
            yield stage
            seconds = time.perf_counter() - start
            stage.seconds += seconds
            stage.peak_rss_megabytes = peak_rss_megabytes()
            figures = {
                "stage": name,
                "seconds": round(seconds, 6),
                "rows_held": stage.rows_held,
                "megabytes_held": round(stage.megabytes_held, 3),
                "peak_rss_megabytes": stage.peak_rss_megabytes,
            }
            tracing.note(span, {f"edl.{figure}": value for figure, value in figures.items()})
        if stage not in self.stages:
            self.stages.append(stage)
        logger.info("%s: %s took %.2f s", self.job, name, seconds, extra=figures)

    def has_come(self, done: int, total: int, stage: str) -> None:
        """Tell `on_stage` how far a stage is that takes long."""
        if self.on_stage is not None:
            self.on_stage(f"{stage}, {done:,} of {total:,}")

    def finish(self) -> None:
        """Note the end of the run; in shadow mode, once Rust has kept up or has been waited for long enough."""
        if self.shadow.calls:
            settle(self.shadow)
        self.finished = _now()

    @property
    def seconds(self) -> float:
        """Wall time of all stages together."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def is_remarkable(self) -> bool:
        """Whether the run did not succeed, or noticed a change in its source or a mismatch in shadow mode."""
        return self.status != SUCCEEDED or bool(self.drift) or self.shadow.mismatches > 0

    def summary(self) -> str:
        """Return the run in a few words, for an alert."""
        rows = f"{self.rows_inserted:,} inserted, {self.rows_updated:,} updated, {self.rows_unchanged:,} unchanged"
        rejected = f", {self.rows_rejected:,} rejected" if self.rows_rejected else ""
        findings = ", ".join(map(str, self.drift[:LISTED_FINDINGS]))
        drift = f"; {len(self.drift)} drift findings: {findings}" if self.drift else ""
        skipped = f", {len(self.files_skipped)} unchanged files skipped" if self.files_skipped else ""
        message = f"; {self.message}" if self.message else ""
        return f"{self.job} {self.status}: rows {rows}{rejected}{skipped}, {self.seconds:.1f} s{message}{drift}"

    def counters(self) -> dict[str, int | float | None]:
        """Return what table ``runs`` has a column for; None is what this job does not count."""
        return {
            "seconds": self.seconds,
            "peak_rss_mb": peak_rss_megabytes(),
            "shadow_calls": self.shadow.calls,
            "shadow_mismatches": self.shadow.mismatches,
            "drift_findings": len(self.drift),
        }

    def row(self) -> dict[str, object]:
        """Return what table ``runs`` keeps of the report."""
        rows = ("rows_inserted", "rows_updated", "rows_unchanged", "rows_rejected")
        return {
            "engine": self.engine,
            **{name: getattr(self, name) for name in rows},
            **{name: value for name, value in self.counters().items() if value is not None},
            "report": self.to_json(),
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain types."""
        plain = asdict(replace(self, on_stage=None))
        del plain["on_stage"]
        return plain

    def to_json(self) -> str:
        """Return the report as one JSON document."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def write(self, path: str | PathLike[str]) -> None:
        """Write the report as JSON; a previous report stays until the new one is complete.

        Raises
        ------
        StorageError
            If the file cannot be written.
        """
        with written_atomically(path) as temporary:
            temporary.write_text(self.to_json() + "\n", encoding="utf-8")


def report_beside(database_url: str, job: str) -> Path | None:
    """Return where a job's report goes by default: beside the database file, None where there is no such file.

    Examples
    --------
    >>> report_beside("duckdb:///data/energy.duckdb", "weather").name
    'energy.weather.json'
    """
    database = None if is_postgresql(database_url) else duckdb_path(database_url)
    return None if database is None else database.with_name(f"{database.stem}.{job}.json")


def peak_rss_megabytes() -> float | None:
    """Return the most memory that this process has used so far, in MB; None on Windows."""
    if sys.platform == "win32":
        return None
    if sys.platform == "linux":
        # What `getrusage` tells there begins with the memory of whoever started the process.
        with suppress(OSError, StopIteration):
            lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
            return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024 / MEGABYTE
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / MEGABYTE if sys.platform == "darwin" else peak * 1024 / MEGABYTE


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
