"""Whether the database and the services can be used, and whether alerts have somewhere to go."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from energy_data_layer import settings
from energy_data_layer.core.clock import utc_now
from energy_data_layer.datasets.registry import fetched_datasets
from energy_data_layer.doctor.finding import Finding, Verdict, free_space, judged
from energy_data_layer.errors import DataLayerError, ExtraUnavailable
from energy_data_layer.jobs.status import fill_status
from energy_data_layer.reports.alerts import apprise_of, is_of_apprise, send_alert
from energy_data_layer.storage.connect import connect
from energy_data_layer.storage.migrations import MIGRATIONS, schema_version, state_of, try_writes
from energy_data_layer.storage.queries.quality import Scope, made_up_stretches
from energy_data_layer.storage.runs import FAILED, NOT_ALL_CAME, RUNNING, RunLog
from energy_data_layer.storage.tables import RUNS
from energy_data_layer.storage.urls import duckdb_path, is_postgresql, redacted_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from energy_data_layer.settings.services import ServiceSettings
    from energy_data_layer.storage.database import Database

LISTED = 5
LONG_RUNNING = timedelta(hours=24)
SECONDS_TO_ANSWER = 4.0


def check_database(url: str | None) -> Iterator[Finding]:
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
    fills = fill_status(database)
    if fills is not None:
        model = f", model of {fills.fitted:%Y-%m-%d}" if fills.fitted else ""
        told = f"missing weather is filled by {fills.method}{model}"
        yield Finding("fills", Verdict.NOTE if fills.advice else Verdict.OK, told, fills.advice)
    yield from _made_up(database)
    yield from _runs(database)
    yield from _requests(database)


def _made_up(database: Database) -> Iterator[Finding]:
    stretches = made_up_stretches(database, Scope())
    if stretches:
        named = "; ".join(
            f"{one.field} of {one.station} from {one.first} to {one.last} ({one.filled:,} of {one.hours:,} hours)"
            for one in stretches[:LISTED]
        )
        more = f"; and {len(stretches) - LISTED:,} more" if len(stretches) > LISTED else ""
        told = f"mostly fills for weeks: {named}{more}"
        yield Finding(
            "made-up hours", Verdict.WARNING, told, "edl report shows them; --max-gap and --max-absence limit them"
        )


def _runs(database: Database) -> Iterator[Finding]:
    rows = database.read(RUNS, ["job", "run_id", "status", "started", "message"]).sort_by("started").to_pylist()
    long_ago = utc_now() - LONG_RUNNING
    died = [row["run_id"] for row in rows if row["status"] == RUNNING and row["started"] < long_ago]
    if died:
        told = f"{len(died):,} noted as running for over a day, such as {died[-1]}"
        yield Finding("runs", Verdict.WARNING, told, "they died; the next run resumes their work")
    for job, row in {row["job"]: row for row in rows}.items():
        told = f"last run {row['status']}, {row['started']:%Y-%m-%d %H:%M} UTC"
        told += f": {row['message']}" if row["message"] else ""
        yield judged(f"job {job}", row["status"] not in {FAILED, *NOT_ALL_CAME}, told, "see edl status")


def _requests(database: Database) -> Iterator[Finding]:
    try:
        from energy_data_layer.settings.services import ServiceSettings

        of_a_day = ServiceSettings().requests_per_day
    except DataLayerError:
        return  # an extra or a setting is missing: the check of the services tells it
    log = RunLog(database)
    for dataset in fetched_datasets().values():
        left = max(of_a_day - log.requests_today(dataset.job), 0)
        told = f"{left:,} of {of_a_day:,} are left until midnight in Korea"
        advice = "until then a run stops at its first request"
        yield judged(f"requests of {dataset.job}", left > 0, told, advice)


def check_services(*, online: bool) -> Iterator[Finding]:
    """Look at the settings, the keys (which are not shown) and, if `online`, the address."""
    try:
        from energy_data_layer.settings.services import ServiceSettings

        found = ServiceSettings()
    except ExtraUnavailable:
        yield Finding("services", Verdict.NOTE, "the extra services is not installed")
        return
    except DataLayerError as error:
        yield Finding("services", Verdict.PROBLEM, str(error), "correct the variable")
        return
    from energy_data_layer.services.key import shows_key

    told = f"all settings can be used; the address is {found.services_url}"
    if shows_key(found.services_url):
        yield Finding("services", Verdict.WARNING, f"{told}: the key is sent unencrypted", "use https")
    else:
        yield Finding("services", Verdict.OK, told)
    for service in fetched_datasets():
        try:
            found.key_of(service)
        except DataLayerError as error:
            yield Finding(f"key of {service}", Verdict.WARNING, str(error), "without it this service cannot be queried")
        else:
            yield Finding(f"key of {service}", Verdict.OK, "set")
    if online:
        yield asyncio.run(_asked(found))


def check_webhook(*, test: bool) -> Iterator[Finding]:
    """Look at the webhook's address, which is a secret; if `test`, send it a message."""
    address = settings.webhook_url()
    if address is None:
        yield Finding("webhook", Verdict.NOTE, "not set: the end of a run is reported nowhere")
        return
    try:
        settings.alert_on()
    except DataLayerError as error:
        yield Finding("webhook", Verdict.PROBLEM, str(error), "correct the variable")
        return
    try:
        if is_of_apprise(address):
            apprise_of(address)
            usable = True
        else:
            parts = urlsplit(address)
            usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except DataLayerError as error:
        told = f"its address cannot be used: {error}"
        yield Finding("webhook", Verdict.PROBLEM, told, f"correct {settings.WEBHOOK_URL}, or install what is missing")
        return
    except ValueError:
        usable = False
    if not usable:
        advice = f"set {settings.WEBHOOK_URL} to an address with http or https, or to some of Apprise"
        yield Finding("webhook", Verdict.PROBLEM, "its address cannot be used", advice)
    elif test and not send_alert("edl doctor: a test message"):
        yield Finding("webhook", Verdict.PROBLEM, "it rejected a test message", f"check {settings.WEBHOOK_URL}")
    else:
        yield Finding("webhook", Verdict.OK, "it accepted a test message" if test else "its address can be used")


async def _asked(found: ServiceSettings) -> Finding:
    import httpx

    from energy_data_layer.services.key import transports_to

    transport = transports_to(found.services_url)()
    try:
        async with httpx.AsyncClient(transport=transport, timeout=SECONDS_TO_ANSWER) as client:
            answer = await client.get(found.services_url)
    except httpx.HTTPError as error:
        told = f"{found.services_url} does not respond ({type(error).__name__})"
        return Finding("services online", Verdict.PROBLEM, told, "check the network, the proxy and the certificates")
    return Finding("services online", Verdict.OK, f"{found.services_url} responds (HTTP {answer.status_code})")
