"""What stays of a process that is cut short, and moments in which it must not be."""

from __future__ import annotations

import signal
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

LISTED_FILES = 3

rows_stored: Counter[str] = Counter()
"""Rows that this process has inserted or updated, by table, as far as they are committed."""

files_written: list[str] = []
"""Files that this process has written in full."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_raised: list[int] = []
_held_back: list[int] = []
_depth = 0


class Interrupted(KeyboardInterrupt):
    """The process is asked to end.

    Attributes
    ----------
    signal : signal.Signals
        By what.
    """

    def __init__(self, number: int) -> None:
        self.signal = signal.Signals(number)
        super().__init__(self.signal.name)


def handle_signals() -> None:
    """Let Ctrl-C and SIGTERM raise `Interrupted` in this process, except where the signal is ignored already."""
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def ignore_signals() -> None:
    """Let Ctrl-C and SIGTERM change nothing any more: the process is about to end anyway."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def last_interruption() -> KeyboardInterrupt:
    """Return what the last signal raised, for those to raise again that have lost it."""
    return Interrupted(_raised[-1]) if _raised else KeyboardInterrupt()


def _interrupt(number: int, _: FrameType | None) -> None:
    if _depth:
        _held_back.append(number)
        return
    _raised.append(number)
    raise Interrupted(number)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold signals back: what is done within, such as a commit, and the note of it belong together."""
    global _depth
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
    if _held_back and not _depth:
        raise Interrupted(_held_back.pop())


def what_stays() -> str:
    """Return in words what this process has stored and written so far.

    Examples
    --------
    >>> rows_stored.clear()
    >>> files_written.clear()
    >>> rows_stored["weather_asos"] += 1416
    >>> what_stays()
    'stored rows: 1,416 in weather_asos'
    >>> rows_stored.clear()
    >>> what_stays()
    'nothing was stored'
    """
    rows = ", ".join(f"{count:,} in {table}" for table, count in rows_stored.most_common() if count)
    count = len(files_written)
    files = ", ".join(files_written) if count <= LISTED_FILES else f"{count:,} files"
    told = "; ".join(f"{done}: {what}" for done, what in (("stored rows", rows), ("written", files)) if what)
    return told or "nothing was stored"
