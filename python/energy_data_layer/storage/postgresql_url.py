"""URLs of PostgreSQL: what the client library is given, and what of it must not be shown."""

from __future__ import annotations

import re
from urllib.parse import unquote

from energy_data_layer.storage.database import redacted_url

DEFAULTS = {"connect_timeout": "30", "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "6"}
"""Seconds to wait for a connection, and after which a silent one is looked after: nothing waits for ever."""


def libpq_uri(url: str) -> str:
    """Return a URL as the client library takes it: without a driver's name, with limits on how long it waits.

    Examples
    --------
    >>> libpq_uri("postgresql+psycopg2://energy@db/weather?connect_timeout=5").partition("&")[0]
    'postgresql://energy@db/weather?connect_timeout=5'
    """
    _, _, rest = url.partition("://")
    _, _, query = rest.partition("?")
    given = {parameter.partition("=")[0] for parameter in query.split("&")}
    added = "&".join(f"{name}={value}" for name, value in DEFAULTS.items() if name not in given)
    separator = "" if not added else "&" if query else "" if rest.endswith("?") else "?"
    return f"postgresql://{rest}{separator}{added}"


def without_secrets(text: str, url: str) -> str:
    """Return a text of the client library or the server without the passwords of a URL.

    Examples
    --------
    >>> without_secrets('cannot read "energy:s3cret"', "postgresql://energy:s3cret@db/weather")
    'cannot read "energy:***"'
    """
    for whole in (url, libpq_uri(url)):
        text = text.replace(whole, redacted_url(whole))
    for secret in sorted(_secrets(url), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def _secrets(url: str) -> set[str]:
    login = re.match(r"^[^:/]+://[^:@/?#]*:(.*)@", url)
    written = set(re.findall(r"[?&][^=&]*(?:password|passwd|secret|token)[^=&]*=([^&]*)", url, flags=re.IGNORECASE))
    if login:
        # The client library takes what follows an @ or a / that is not encoded for a host or a port, and says so.
        pieces = re.split("[@/:?#]", login.group(1))
        written |= {login.group(1), *(piece for piece in pieces if len(piece) > 2)}
    return {secret for text in written for secret in (text, unquote(text)) if secret}
