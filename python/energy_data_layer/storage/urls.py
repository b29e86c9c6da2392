"""URLs of databases: what they name, what the client library is given, and what of them must not be shown."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote

from energy_data_layer.errors import OptionError, StorageError

DUCKDB = "duckdb:///"
SUPPORTED_URLS = (
    "supported are: duckdb:///relative/path.duckdb, duckdb:////absolute/path.duckdb, duckdb:///:memory:, "
    "postgresql://user:password@host:5432/database"
)

POSTGRESQL_SCHEMES = frozenset(
    ("postgresql", "postgres", *(f"postgresql+{driver}" for driver in ("psycopg2", "psycopg", "asyncpg", "adbc")))
)
"""What the URL of a PostgreSQL may begin with; SQLAlchemy's names of drivers mean nothing here."""

_DEFAULTS = {"connect_timeout": "30", "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "6"}
"""Seconds to wait for a connection, and after which a silent one is looked after: nothing waits for ever."""

_LOGIN = re.compile(r"^([^:/]+://[^:@/?#]*:)(.*)@")
_PARAMETER = re.compile(r"([?&][^=&]*(?:password|passwd|secret|token)[^=&]*=)([^&]*)", re.IGNORECASE)
"""Where passwords stand in a URL; the second part is the secret."""


def redacted_url(url: str) -> str:
    """Return a database URL without its passwords, fit for messages, logs and reports.

    Examples
    --------
    >>> redacted_url("postgresql://energy:s3cret@db/weather?sslpassword=other")
    'postgresql://energy:***@db/weather?sslpassword=***'
    """
    return _PARAMETER.sub(r"\1***", _LOGIN.sub(r"\1***@", url))


def is_postgresql(url: str) -> bool:
    """Return whether a URL names a PostgreSQL database.

    Examples
    --------
    >>> is_postgresql("postgresql+psycopg2://energy@db/weather"), is_postgresql("duckdb:///energy.duckdb")
    (True, False)
    """
    scheme, separator, _ = url.partition("://")
    return bool(separator) and scheme.lower() in POSTGRESQL_SCHEMES


def duckdb_path(url: str) -> Path | None:
    """Return the file that a ``duckdb:///`` URL names, None for a database in memory.

    Examples
    --------
    >>> duckdb_path("duckdb:///energy.duckdb").name
    'energy.duckdb'
    """
    name = url.removeprefix(DUCKDB)
    if name == url or not name:
        raise OptionError(f'"{redacted_url(url)}" names no database of a supported kind; {SUPPORTED_URLS}')
    return None if name == ":memory:" else Path(name)


def require_database(url: str) -> None:
    """Raise `StorageError` if a URL names a file that does not exist: who only reads is not to make it."""
    path = None if is_postgresql(url) else duckdb_path(url)
    if path is not None and not path.exists():
        raise StorageError(f"{url}: there is no such file; the first run of a job makes it")


def require_writable_folder(folder: Path, url: str) -> None:
    """Raise `StorageError` if no database file can be made in this folder."""
    if not folder.is_dir():
        raise StorageError(f"{url}: the folder {folder} does not exist; create it first")
    if not os.access(folder, os.W_OK):
        raise StorageError(f"{url}: the folder {folder} is not writable; choose another one")


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
    added = "&".join(f"{name}={value}" for name, value in _DEFAULTS.items() if name not in given)
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
    written = {secret for _, secret in _PARAMETER.findall(url)}
    if login := _LOGIN.match(url):
        # The client library takes what follows an @ or a / that is not encoded for a host or a port, and says so.
        pieces = re.split("[@/:?#]", login.group(2))
        written |= {login.group(2), *(piece for piece in pieces if len(piece) > 2)}
    return {secret for text in written for secret in (text, unquote(text)) if secret}
