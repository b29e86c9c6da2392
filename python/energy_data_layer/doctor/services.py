"""Whether the services can be asked, and whether alerts have somewhere to go."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from energy_data_layer import settings
from energy_data_layer.datasets.registry import fetched_datasets
from energy_data_layer.doctor.finding import Finding, Verdict
from energy_data_layer.errors import DataLayerError, ExtraUnavailable
from energy_data_layer.reports.alerts import send_alert

if TYPE_CHECKING:
    from collections.abc import Iterator

    from energy_data_layer.settings.services import ServiceSettings

SECONDS_TO_ANSWER = 4.0


def check(*, online: bool) -> Iterator[Finding]:
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
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        advice = f"set {settings.WEBHOOK_URL} to an address with http or https"
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
