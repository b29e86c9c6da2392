"""The table of runs: what each job did, is doing, or failed at."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from energy_data_layer._version import __version__
from energy_data_layer.core.clock import KST, utc_now
from energy_data_layer.errors import OptionError
from energy_data_layer.storage.connect import connect
from energy_data_layer.storage.migrations import migrate
from energy_data_layer.storage.tables import RUNS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa

    from energy_data_layer.storage.database import Database


RUNNING, SUCCEEDED, INCOMPLETE, EMPTY, FAILED = "running", "succeeded", "incomplete", "empty", "failed"
"""How a run can stand: incomplete means that what came is stored and something is missing, empty that nothing came."""

STATUSES = (RUNNING, SUCCEEDED, INCOMPLETE, EMPTY, FAILED)
"""What a run can be; one whose process died stays ``running``."""

NOT_ALL_CAME = frozenset({INCOMPLETE, EMPTY})
"""How a run ends that went well and did not get everything."""


class RunLog:
    """The table ``runs``, written in short transactions beside those of the job.

    In PostgreSQL a note within a transaction of the job, or after its connection was lost, is made through another
    connection: it is there at once for others to see, whatever becomes of the transaction. In DuckDB one process
    holds the file, and notes are made on the job's own connection: use it between its transactions.

    Parameters
    ----------
    database : Database or str
        The job's database, or the URL of one.

    Examples
    --------
    >>> with connect("duckdb:///:memory:") as database:
    ...     log = RunLog(database)
    ...     run_id = log.begin("wind", {"month": "2024-01"})
    ...     log.checkpoint(run_id, requests=12)
    ...     log.finish(run_id, "failed", message="the service does not answer")
    ...     log.latest(1).select(["job", "status", "requests", "message"]).to_pylist()
    [{'job': 'wind', 'status': 'failed', 'requests': 12, 'message': 'the service does not answer'}]
    """

    def __init__(self, database: Database | str) -> None:
        self._database = database

    def begin(self, job: str, arguments: Mapping[str, Any] | None = None) -> str:
        """Note that a run begins, and return its name; tables that are missing are made.

        Parameters
        ----------
        job : str
            Name of the job.
        arguments : mapping, optional
            What it was called with, without secrets; they stand in the report until there is a full one.
        """
        started = utc_now()
        run_id = f"{started:%Y%m%dT%H%M%S}-{job}-{uuid4().hex[:8]}"
        report = json.dumps({"job": job, "arguments": dict(arguments or {})}, ensure_ascii=False, default=str)
        with self._connection() as database:
            migrate(database)
            database.execute(
                f"INSERT INTO {RUNS} (run_id, job, status, started, rows_inserted, rows_updated, rows_unchanged, "  # noqa: S608
                "rows_rejected, requests, report, release) VALUES ($1, $2, $3, $4, 0, 0, 0, 0, 0, $5, $6)",
                [run_id, job, RUNNING, started, report, __version__],
            )
        return run_id

    def checkpoint(self, run_id: str, *, requests: int) -> None:
        """Note how many requests a run has sent so far; what it took from the day's budget is known if it dies."""
        with self._connection() as database:
            database.execute(f"UPDATE {RUNS} SET requests = $1 WHERE run_id = $2", [requests, run_id])  # noqa: S608

    def finish(self, run_id: str, status: str, values: Mapping[str, object] | None = None, message: str = "") -> None:
        """Note that a run has ended.

        Parameters
        ----------
        run_id : str
            Its name.
        status : str
            ``"succeeded"``, ``"incomplete"`` (work is left for another run), ``"empty"`` (nothing came) or
            ``"failed"``.
        values : mapping, optional
            What it did, by columns of the table, such as `RunReport.row` gives.
        message : str, default ""
            What there is to say, without secrets.

        Raises
        ------
        OptionError
            If `status` is something else.
        """
        if status not in STATUSES[1:]:
            raise OptionError(f'"{status}" is not how a run ends; it can be {", ".join(STATUSES[1:])}')
        values = {"status": status, "finished": utc_now(), "message": message} | dict(values or {})
        changes = ", ".join(f"{name} = ${place}" for place, name in enumerate(values, 2))
        with self._connection() as database:
            database.execute(f"UPDATE {RUNS} SET {changes} WHERE run_id = $1", [run_id, *values.values()])  # noqa: S608

    def requests_today(self, job: str, day: date | None = None) -> int:
        """Return how many requests a job's runs have noted on a day of Korean time, today by default.

        A run that ended on another day than it began counts for both, so that a day's budget is never overdrawn.
        """
        midnight = datetime.combine(day or datetime.now(KST).date(), time.min, KST).astimezone(UTC).replace(tzinfo=None)
        with self._connection() as database:
            migrate(database)
            requests = database.scalar(
                f"SELECT CAST(coalesce(sum(requests), 0) AS BIGINT) FROM {RUNS} "  # noqa: S608
                "WHERE job = $1 AND started < $3 AND coalesce(finished, started) >= $2",
                [job, midnight, midnight + timedelta(days=1)],
            )
        return int(requests)

    def latest(self, count: int = 10, job: str | None = None) -> pa.Table:
        """Return the last runs as rows of the table, the newest first."""
        with self._connection() as database:
            filters, parameters = ("WHERE job = $1 ", [job]) if job is not None else ("", [])
            return database.query(
                f"SELECT * FROM {RUNS} {filters}ORDER BY started DESC, run_id DESC LIMIT {int(count)}",  # noqa: S608
                parameters,
            )

    def reports(self, since: date | None = None) -> list[dict[str, Any]]:
        """Return the reports of all ended runs, the oldest first.

        Parameters
        ----------
        since : date, optional
            Only of runs that began on this day (UTC) or later.
        """
        begin = datetime.combine(since or date.min, time.min)
        with self._connection() as database:
            if RUNS not in database.tables():
                return []
            rows = database.query(
                f"SELECT report FROM {RUNS} WHERE finished IS NOT NULL AND started >= $1 ORDER BY started, run_id",  # noqa: S608
                [begin],
            )
        return [json.loads(report) for report in rows.column("report").to_pylist()]

    @contextmanager
    def _connection(self) -> Iterator[Database]:
        if isinstance(self._database, str):
            with connect(self._database) as database:
                yield database
        else:
            with self._database.beside() as database:
                yield database
