"""What the libraries that send requests write to their loggers, while they do so for this package."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from energy_data_layer.sources.service_key import ServiceKey

SENDING = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks")
"""Loggers whose records may hold what a service sends back, such as the address that a redirect points to."""

RETRYING = "stamina"
"""The logger that tells of further attempts, with its reasons beside the text."""


@contextmanager
def readable_and_without_keys(keys: Mapping[str, ServiceKey]) -> Iterator[None]:
    """Keep keys out of the records, and put the reason of a further attempt into its text.

    Parameters
    ----------
    keys : mapping of str to ServiceKey
        The keys; it may grow meanwhile.
    """

    def hide(record: logging.LogRecord) -> bool:
        text = hidden = record.getMessage()
        for key in list(keys.values()):
            hidden = key.hide(hidden)
        if hidden != text:
            record.msg, record.args = hidden, ()
        return True

    def tell_why(record: logging.LogRecord) -> bool:
        details = vars(record)
        if record.msg == "stamina.retry_scheduled" and "stamina.caused_by" in details:
            record.msg = "attempt %s in %.1f s, because of %s"
            record.args = (
                details["stamina.retry_num"] + 1,
                details["stamina.wait_for"],
                details["stamina.caused_by"],
            )
        return True

    filters = {**dict.fromkeys(SENDING, hide), RETRYING: tell_why}
    for name, added in filters.items():
        logging.getLogger(name).addFilter(added)
    try:
        yield
    finally:
        for name, added in filters.items():
            logging.getLogger(name).removeFilter(added)
