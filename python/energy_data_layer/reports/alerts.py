"""A message about a run to a webhook or by Apprise, and a heartbeat; a run never waits long and never fails by them."""

from __future__ import annotations

import contextvars
import json
import logging
import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from energy_data_layer import settings
from energy_data_layer.core.interruption import Interrupted, what_stays
from energy_data_layer.errors import DataLayerError, ExtraUnavailable, OptionError
from energy_data_layer.storage.runs import SUCCEEDED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apprise import Apprise

    from energy_data_layer.reports.run_report import RunReport

logger = logging.getLogger(__name__)

LONGEST_WAIT_SECONDS = 5.0


@contextmanager
def alerting(report: RunReport) -> Iterator[None]:
    """Tell the webhook how the run within ended, as far as ``EDL_ALERT_ON`` wants; request the heartbeat of a success.

    By default of runs that failed, to which not everything came, or that noticed a change in the source or a mismatch
    in shadow mode. Nothing happens where neither ``EDL_WEBHOOK_URL`` nor ``EDL_HEARTBEAT_URL`` is set.

    Raises
    ------
    OptionError
        If ``EDL_ALERT_ON`` has a value that it cannot have; before the run begins.
    """
    wanted = settings.alert_on()
    try:
        yield
    except Interrupted as interrupted:
        send_alert(f"{report.job} was interrupted by {interrupted.signal.name}; {what_stays()}")
        raise
    except BaseException as error:
        # The text of an error that is not this package's own may hold a secret.
        why = error if isinstance(error, DataLayerError) else type(error).__name__
        send_alert(f"{report.job} failed: {why}")
        raise
    if wanted == "always" or (wanted == "incomplete" and report.is_remarkable):
        send_alert(report.summary())
    if report.status == SUCCEEDED and (address := settings.heartbeat_url(report.job)):
        _within_time(_request, "heartbeat", address)


def send_alert(text: str) -> bool:
    """Post a text to the webhook, in the JSON that Slack and its relatives understand, or send it by Apprise.

    Parameters
    ----------
    text : str
        The message.

    Returns
    -------
    bool
        Whether the webhook took it within five seconds; what went wrong is logged, without the address.

    Examples
    --------
    >>> send_alert("no webhook is set")
    False
    """
    address = settings.webhook_url()
    if address is None:
        return False
    if is_of_apprise(address):
        return _within_time(_notify, "alert", address, text)
    return _within_time(_request, "alert", address, json.dumps({"text": text}).encode())


def is_of_apprise(address: str) -> bool:
    """Return whether an address is no webhook but some of Apprise, such as ``discord://…`` or ``mailto://…``."""
    return "://" in address and not address.lower().startswith(("http://", "https://"))


def _within_time(send: Callable[..., None], what: str, *arguments: object) -> bool:
    """Send something; whoever answers a byte at a time must not hold up the run. Return whether it was taken."""
    taken: list[bool] = []

    def try_to_send() -> None:
        try:
            send(*arguments)
            taken.append(True)
        except DataLayerError as error:
            logger.warning("%s: %s", what, error)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong here must not touch the run
            # Neither the error's text nor a library's log line: both would show the address, which is a secret.
            logger.warning("%s: the webhook could not be reached (%s)", what, type(error).__name__)

    # Its log lines are the caller's.
    target = partial(contextvars.copy_context().run, try_to_send)
    thread = threading.Thread(target=target, name=f"edl-{what}", daemon=True)
    thread.start()
    thread.join(LONGEST_WAIT_SECONDS)
    if thread.is_alive():
        logger.warning("%s: the webhook did not respond within %.0f s", what, LONGEST_WAIT_SECONDS)
    return taken == [True]


def _notify(addresses: str, text: str) -> None:
    if not apprise_of(addresses).notify(body=text):
        raise ConnectionError


def apprise_of(addresses: str) -> Apprise:
    """Return what sends to some addresses of Apprise, which are separated by blanks.

    Raises
    ------
    ExtraUnavailable
        If Apprise is not installed.
    OptionError
        If it does not know one of them; the message does not show it.
    """
    try:
        from apprise import Apprise
    except ModuleNotFoundError as error:
        raise ExtraUnavailable("apprise", "alerts") from error
    # They log addresses.
    for name in ("apprise", "urllib3.connectionpool"):
        logging.getLogger(name).disabled = True
    found = Apprise()
    if not all(found.add(address) for address in addresses.split()):
        raise OptionError(f"Apprise does not know an address in {settings.WEBHOOK_URL}")
    return found


def _request(address: str, body: bytes | None = None) -> None:
    """Post a body of JSON, or request an address without one."""
    # Only a run that is reported needs it, and `edl status` starts faster without.
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    class NoRedirects(HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            """Let a redirect be an error: the message is for this address alone."""

    headers = {"Content-Type": "application/json"} if body is not None else {}
    request = Request(address, body, headers)  # noqa: S310 - the scheme is checked in the next line
    if request.type not in {"http", "https"}:
        raise ValueError
    with build_opener(NoRedirects).open(request, timeout=LONGEST_WAIT_SECONDS):
        pass
