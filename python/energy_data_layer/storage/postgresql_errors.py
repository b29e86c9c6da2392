"""What goes wrong with a PostgreSQL, in words that say what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from energy_data_layer.errors import StorageError
from energy_data_layer.storage.urls import redacted_url, without_secrets

if TYPE_CHECKING:
    from adbc_driver_manager import Error

_ADVICE_BY_STATE = {
    "55P03": "another run holds the table for longer than lock_timeout allows; nothing was changed, "
    "run again when it is done",
    "40P01": "two runs waited for one another; nothing was changed, run again",
    "40001": "another run changed the same rows; nothing was changed, run again",
    "53100": "the server's disk is full; nothing was changed, free some space and run again",
    "53300": "the server has no connection left; try again later, or raise max_connections",
    "42501": "the user may not do this; grant the privilege",
    "57014": "the statement was cancelled, or took longer than statement_timeout allows; nothing was changed",
}
_ADVICE_BY_TEXT = {
    "password authentication failed": "the server refuses this user and password; check the URL",
    "could not translate host name": "the server's host is not known; check the URL",
    "no password supplied": "the server wants a password; put it into the URL, or a password file",
    "No space left on device": _ADVICE_BY_STATE["53100"],
}
_CONNECTION_LOST = re.compile(
    r"server closed the connection|terminating connection|connection to server|no connection to the server"
    r"|could not (?:send|receive) data|Connection (?:refused|reset)|SSL SYSCALL|the database system is",
)
_DRIVERS_WORDS = re.compile(r"^[A-Z_]+: (?:\[libpq\] )?(?:Failed to [^:]+: )?")
_SQLSTATE_OF_STOPPED = ("08", "57P0")


def storage_error(error: Error, url: str, *, committing: bool = False) -> StorageError:
    """Return our error for one of the driver's.

    Parameters
    ----------
    error : adbc_driver_manager.Error
        What the driver raised.
    url : str
        The database's URL; its passwords are taken out of the text.
    committing : bool, default False
        Whether it happened while a transaction was being committed: it is then not known on which side.
    """
    text = without_secrets(str(error), url)
    state, said = str(error.sqlstate or ""), _said(text)
    if re.search(r"FATAL: +database .* does not exist", text):
        return StorageError(f"{redacted_url(url)}: {said}; create it first")
    by_text = (advice for pattern, advice in _ADVICE_BY_TEXT.items() if pattern in text)
    advice = _ADVICE_BY_STATE.get(state) or next(by_text, "")
    if not advice and (state.startswith(_SQLSTATE_OF_STOPPED) or _CONNECTION_LOST.search(text)):
        advice = "the server is gone or was stopped"
        advice += (
            " while it was committing, so that the rows may be stored or not; run again to be sure"
            if committing
            else "; nothing was changed, run again once it answers"
        )
    return StorageError(f"{redacted_url(url)}: {advice} ({said})" if advice else f"{redacted_url(url)}: {said}")


def _said(text: str) -> str:
    """Return what the server said, without what the driver says around it."""
    said = re.search(r"(?:ERROR|FATAL|PANIC): +(.+)", text)
    first_line = said.group(1) if said else _DRIVERS_WORDS.sub("", text.strip().splitlines()[0])
    detail = re.search(r"^DETAIL: +(.+)$", text, flags=re.MULTILINE)
    return f"{first_line}: {detail.group(1)}" if detail else first_line
