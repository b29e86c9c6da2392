"""The wind job: a month of KOEN's wind farms from the service to stored hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from energy_data_layer.datasets.chunks import today_in_korea
from energy_data_layer.datasets.koen_wind import SOURCE, chunks
from energy_data_layer.datasets.tables import WIND_NAMDONG
from energy_data_layer.errors import OptionError
from energy_data_layer.jobs.completeness import check_plants, plants_of
from energy_data_layer.jobs.drift.check import FieldGate
from energy_data_layer.jobs.drift.schema_policy import policy_of
from energy_data_layer.jobs.periods import ONE_DAY, days_of_month, month_before, period
from energy_data_layer.jobs.run_context import job_database, recorded, watched
from energy_data_layer.jobs.service import Fetching, store_chunks
from energy_data_layer.reports.collection_report import CollectionReport
from energy_data_layer.reports.service_report import ServiceReport
from energy_data_layer.storage.database import redacted_url
from energy_data_layer.storage.runs import RunLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from os import PathLike

    from energy_data_layer.settings.services import ServiceSettings

STAGES = ("plan", "fetch and store", "check")


def run_wind(
    database_url: str,
    *,
    month: str | None = None,
    since: str | date | None = None,
    until: str | date | None = None,
    settings: ServiceSettings | None = None,
    today: date | None = None,
    keep_raw: str | PathLike[str] | None = None,
    from_raw: str | PathLike[str] | None = None,
    dry_run: bool = False,
    schema_policy: str | None = None,
    use_rust: bool | None = None,
    on_stage: Callable[[str], None] | None = None,
) -> ServiceReport:
    """Collect the hourly generation of KOEN's wind farms and store it in ``wind_namdong``.

    ``timestamp`` is the end of the hour, as the service labels it: the last hour of a day is 00:00 of the
    next one. A new value replaces a stored one, a new missing value replaces none. Hours that differ under
    one plant and hour are not stored but kept in table ``rejects``. What was fetched is committed as it
    arrives; running the job again, also after a crash, leaves what one run leaves.

    Parameters
    ----------
    database_url : str
        See `Database.connect`.
    month : str, optional
        The month to fetch, ``YYYY-MM``; by default the month before today's.
    since, until : date or ISO 8601 text, optional
        First and last day, both included, in place of a month.
    settings : ServiceSettings, optional
        Keys, addresses and limits; by default those of the environment.
    today : date, optional
        The day it is in Korea; by default that of the clock.
    keep_raw, from_raw : path, optional
        A folder in which the bodies of the answers are kept, or one from which they are taken in place of
        the service.
    dry_run : bool, default False
        Tell what would be asked for, and do nothing.
    schema_policy : str, optional
        What becomes of answers with other fields than before, see `policy_of`.
    use_rust : bool, optional
        The engine, see `rows_from_api_payload`.
    on_stage : callable, optional
        Told the name of each stage as it begins.

    Returns
    -------
    ServiceReport
        What was asked, answered and written; its status is ``"incomplete"`` where something could not be
        fetched.

    Raises
    ------
    OptionError
        If an option has a value that it cannot take, or no service key is set.
    SchemaDriftError
        If an answer has other fields than before and the policy is to freeze; chunks committed before stay.
    StorageError
        If the database cannot be opened or written; chunks committed before stay.
    """
    first, last = _days(month, since, until, today or today_in_korea())
    policy_of(WIND_NAMDONG, schema_policy)
    fetching = Fetching.of(settings, keep_raw, from_raw, use_rust)
    report = ServiceReport(
        "wind",
        arguments={"database": redacted_url(database_url), "since": str(first), "until": str(last)},
        on_stage=on_stage,
        collection=CollectionReport(SOURCE.name, str(first), str(last)),
    )
    with watched(report), job_database(database_url, dry_run=dry_run) as database:
        with report.stage("plan"):
            planned = fetching.planned(SOURCE, chunks(first, last))
            report.plan = [chunk.label for chunk in planned]
            first, last = report.collection.period = fetching.period_of(planned, first, last)
        if dry_run:
            report.finish()
            return report
        log = RunLog(database)
        with recorded(log, report):
            gate = FieldGate.of(database, WIND_NAMDONG, SOURCE.name, schema_policy)
            known = plants_of(database, WIND_NAMDONG)
            with report.stage("fetch and store"):
                answered = store_chunks(
                    database, log, report, fetching, SOURCE, planned, gate=gate, rows_of=hours_to_store
                )
            with report.stage("check"):
                check_plants(
                    database, report, gate, (first, last), known=known, silent=known - answered, answered=answered
                )
    return report


def _days(month: str | None, since: str | date | None, until: str | date | None, today: date) -> tuple[date, date]:
    if since is None and until is None:
        return month_before(today) if month is None else days_of_month(month)
    if month is not None:
        raise OptionError("month excludes since and until; name the period in one way")
    return period(since, until, newest=today - ONE_DAY)


def hours_to_store(rows: pa.Table) -> pa.Table:
    """Return the hours with the resolution of the database, and the code that tells plants of one name apart."""
    rows = rows.select(["timestamp", "plant_name", "generation", "ippt", "hogi"])
    return rows.set_column(0, "timestamp", rows.column("timestamp").cast(pa.timestamp("us")))
