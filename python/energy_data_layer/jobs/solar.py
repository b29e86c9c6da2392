"""The solar job: the plant-days of KOSPO's solar plants that are not stored yet, from the service to the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from energy_data_layer.datasets.chunks import today_in_korea
from energy_data_layer.datasets.kospo_solar import SOURCE, chunks_of_days
from energy_data_layer.datasets.tables import NAMBU_GENERATION
from energy_data_layer.errors import OptionError
from energy_data_layer.jobs.completeness import check_plants, keys_and_days, plants_of
from energy_data_layer.jobs.drift.check import FieldGate
from energy_data_layer.jobs.drift.schema_policy import policy_of
from energy_data_layer.jobs.periods import ONE_DAY, period
from energy_data_layer.jobs.run_context import job_database, recorded, watched
from energy_data_layer.jobs.service import Fetching, store_chunks
from energy_data_layer.reports.collection_report import CollectionReport
from energy_data_layer.reports.service_report import ServiceReport
from energy_data_layer.storage.database import redacted_url
from energy_data_layer.storage.runs import RunLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date
    from os import PathLike

    from energy_data_layer.settings.services import ServiceSettings

STAGES = ("plan", "fetch and store", "check")


def run_solar(
    database_url: str,
    *,
    since: str | date | None = None,
    until: str | date | None = None,
    plants: Iterable[tuple[str, str]] | None = None,
    settings: ServiceSettings | None = None,
    today: date | None = None,
    keep_raw: str | PathLike[str] | None = None,
    from_raw: str | PathLike[str] | None = None,
    dry_run: bool = False,
    schema_policy: str | None = None,
    use_rust: bool | None = None,
    on_stage: Callable[[str], None] | None = None,
) -> ServiceReport:
    """Collect the hourly generation of KOSPO's solar plants and store it in ``nambu_generation``.

    Only days of which fewer than 24 hours are stored with a value are asked for. What was fetched is committed
    as it arrives: a run that died is taken up where it stopped by the next one. ``datetime`` is the start of
    the hour. A new value replaces a stored one, a new missing value replaces none; hours that differ under
    one plant, unit and hour are not stored but kept in table ``rejects``.

    Parameters
    ----------
    database_url : str
        See `Database.connect`.
    since, until : date or ISO 8601 text, optional
        First and last day, both included; by default yesterday (KST).
    plants : iterable of (str, str), optional
        Code (``gencd``) and unit (``hogi``) of the plants; by default those of ``EDL_SOLAR_PLANTS`` and those
        that the table knows.
    settings : ServiceSettings, optional
        Keys, addresses and limits; by default those of the environment.
    today : date, optional
        The day it is in Korea; by default that of the clock.
    keep_raw, from_raw : path, optional
        A folder in which the bodies of the answers are kept, or one from which they are taken in place of
        the service: then everything in it is stored.
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
        If an option has a value that it cannot take, no plant is known, or no service key is set.
    SchemaDriftError
        If an answer has other fields than before and the policy is to freeze; chunks committed before stay.
    StorageError
        If the database cannot be opened or written; chunks committed before stay.
    """
    first, last = period(since, until, newest=(today or today_in_korea()) - ONE_DAY)
    policy_of(NAMBU_GENERATION, schema_policy)
    fetching = Fetching.of(settings, keep_raw, from_raw, use_rust)
    report = ServiceReport(
        "solar",
        arguments={"database": redacted_url(database_url), "since": str(first), "until": str(last)},
        on_stage=on_stage,
        collection=CollectionReport(SOURCE.name, str(first), str(last)),
    )
    with watched(report), job_database(database_url, dry_run=dry_run) as database:
        with report.stage("plan"):
            known = plants_of(database, NAMBU_GENERATION)
            wanted = sorted({*(plants if plants is not None else {*fetching.settings.solar_plants, *known})})
            if not wanted and fetching.from_raw is None:
                raise OptionError(
                    "no solar plant is known: name them as code:unit with --plants or in EDL_SOLAR_PLANTS"
                )
            missing = keys_and_days(database, NAMBU_GENERATION, first, last, wanted)
            planned = fetching.planned(SOURCE, chunks_of_days(missing))
            report.plan = [chunk.label for chunk in planned]
            first, last = report.collection.period = fetching.period_of(planned, first, last)
            asked = {chunk.key for chunk in planned}
        if dry_run:
            report.finish()
            return report
        log = RunLog(database)
        with recorded(log, report):
            gate = FieldGate.of(database, NAMBU_GENERATION, SOURCE.name, schema_policy)
            with report.stage("fetch and store"):
                answered = store_chunks(
                    database, log, report, fetching, SOURCE, planned, gate=gate, rows_of=hours_to_store
                )
            with report.stage("check"):
                check_plants(
                    database,
                    report,
                    gate,
                    (first, last),
                    known=known,
                    silent=asked - answered,
                    answered=answered,
                    wanted=wanted if fetching.from_raw is None else sorted(asked),
                )
    return report


def hours_to_store(rows: pa.Table) -> pa.Table:
    """Return the hours under the names of the table."""
    rows = rows.rename_columns(["datetime" if name == "timestamp" else name for name in rows.column_names])
    stamp = rows.column_names.index("datetime")
    return rows.set_column(stamp, "datetime", rows.column("datetime").cast(pa.timestamp("us")))
