"""Whether the jobs could write to their database, and how their last runs ended."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from energy_data_layer import settings
from energy_data_layer.core.clock import utc_now
from energy_data_layer.datasets.registry import fetched_datasets
from energy_data_layer.doctor.finding import Finding, Verdict, free_space
from energy_data_layer.errors import DataLayerError
from energy_data_layer.storage.connect import connect
from energy_data_layer.storage.migrations import MIGRATIONS, schema_version, state_of, try_writes
from energy_data_layer.storage.runs import FAILED, INCOMPLETE, RUNNING, RunLog
from energy_data_layer.storage.tables import RUNS
from energy_data_layer.storage.urls import duckdb_path, is_postgresql, redacted_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from energy_data_layer.storage.database import Database

LONG_RUNNING = timedelta(hours=24)


def check(url: str | None) -> Iterator[Finding]:
    """Look at the database; what is tried in it is rolled back."""
    if url is None:
        told = f"not tried: neither --db nor {settings.DATABASE_URL} names one"
        yield Finding("database", Verdict.WARNING, told, f"set {settings.DATABASE_URL}")
        return
    try:
        yield Finding("database", Verdict.OK, f"{redacted_url(url)}: {state_of(url)}")
        path = None if is_postgresql(url) else duckdb_path(url)
        if path is not None:
            yield free_space("disk", path.parent, "free some space: the database lies there")
            if not path.exists():
                return
        with connect(url) as database:
            yield from _inside(database)
    except DataLayerError as error:
        yield Finding("database", Verdict.PROBLEM, str(error), "see the message")


def _inside(database: Database) -> Iterator[Finding]:
    present, newest = schema_version(database), MIGRATIONS[-1].version
    try_writes(database)
    yield Finding("database writes", Verdict.OK, "tables can be made and written")
    if present < newest:
        yield Finding("schema", Verdict.OK, f"version {present}; the next run brings it to {newest}")
        return
    yield Finding("schema", Verdict.OK, f"version {present}")
    yield from _runs(database)
    yield from _requests(database)


def _runs(database: Database) -> Iterator[Finding]:
    rows = database.read(RUNS, ["job", "run_id", "status", "started", "message"]).sort_by("started").to_pylist()
    long_ago = utc_now() - LONG_RUNNING
    died = [row["run_id"] for row in rows if row["status"] == RUNNING and row["started"] < long_ago]
    if died:
        told = f"{len(died):,} noted as running for over a day, such as {died[-1]}"
        yield Finding("runs", Verdict.WARNING, told, "they died; the next run resumes their work")
    for job, row in {row["job"]: row for row in rows}.items():
        bad = row["status"] in {FAILED, INCOMPLETE}
        told = f"last run {row['status']}, {row['started']:%Y-%m-%d %H:%M} UTC"
        told += f": {row['message']}" if row["message"] else ""
        yield Finding(f"job {job}", Verdict.WARNING if bad else Verdict.OK, told, "see edl status" if bad else "")


def _requests(database: Database) -> Iterator[Finding]:
    try:
        from energy_data_layer.settings.services import ServiceSettings

        of_a_day = ServiceSettings().requests_per_day
    except DataLayerError:
        return  # an extra or a setting is missing: the check of the services tells it
    log = RunLog(database)
    for dataset in fetched_datasets().values():
        left = max(of_a_day - log.requests_today(dataset.job), 0)
        verdict, advice = (Verdict.OK, "") if left else (Verdict.WARNING, "until then a run stops at its first request")
        told = f"{left:,} of {of_a_day:,} are left until midnight in Korea"
        yield Finding(f"requests of {dataset.job}", verdict, told, advice)
