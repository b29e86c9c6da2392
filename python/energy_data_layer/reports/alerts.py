"""A message about a run to a webhook, where one is set; a run never waits long for it and never fails by it."""

from __future__ import annotations

import contextvars
import json
import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from energy_data_layer import settings
from energy_data_layer.core.interruption import Interrupted, what_stays
from energy_data_layer.errors import DataLayerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from energy_data_layer.reports.run_report import RunReport

logger = logging.getLogger(__name__)

LONGEST_WAIT_SECONDS = 5.0


@contextmanager
def alerting(report: RunReport) -> Iterator[None]:
    """Tell the webhook how the run within ended; nothing happens where ``EDL_WEBHOOK_URL`` is not set."""
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
    send_alert(report.summary())


def send_alert(text: str) -> bool:
    """Post a text to the webhook, in the JSON that Slack and its relatives understand.

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
    accepted: list[bool] = []
    # In a thread: a webhook that answers a byte at a time must not hold up the run. Its log lines are the caller's.
    post = contextvars.copy_context().run
    thread = threading.Thread(target=post, args=(_post, address, text, accepted), name="edl-alert", daemon=True)
    thread.start()
    thread.join(LONGEST_WAIT_SECONDS)
    if thread.is_alive():
        logger.warning("alert: the webhook did not respond within %.0f s", LONGEST_WAIT_SECONDS)
    return accepted == [True]


def _post(address: str, text: str, accepted: list[bool]) -> None:
    # Only a run that is reported needs it, and `edl status` starts faster without.
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    class NoRedirects(HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            """Let a redirect be an error: the message is for this address alone."""

    body, headers = json.dumps({"text": text}).encode(), {"Content-Type": "application/json"}
    try:
        request = Request(address, body, headers)  # noqa: S310 - the scheme is checked in the next line
        if request.type not in {"http", "https"}:
            raise ValueError
        with build_opener(NoRedirects).open(request, timeout=LONGEST_WAIT_SECONDS):
            accepted.append(True)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong here must not touch the run
        # Neither the error's text nor an HTTP library's log line: both would show the address, which is a secret.
        logger.warning("alert: the webhook could not be reached (%s)", type(error).__name__)
