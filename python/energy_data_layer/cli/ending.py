"""How ``edl`` ends where nobody takes what it says, or where a signal ends it."""

from __future__ import annotations

import io
import logging
import os
import sys
from typing import TYPE_CHECKING

from energy_data_layer.core.interruption import Interrupted, handle_signals, ignore_signals, what_stays

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import ReadableBuffer

NOT_TOLD = 3
"""The exit code where all went well, but what tells of it could not be written."""


class Stream(io.FileIO):
    """A standard stream that ends no job: after a failure, which it notes, what is written is dropped."""

    failure: OSError | None = None

    def write(self, data: ReadableBuffer, /) -> int:
        """Write bytes, or drop them."""
        if self.failure is None:
            try:
                return super().write(data)
            except OSError as error:
                self.failure = error
        return memoryview(data).nbytes


def run(command: Callable[[], None]) -> None:
    """Run the command line; end with its exit code, or with another one where its output or a signal asks for it."""
    output, _ = _take_over("stdout", 1), _take_over("stderr", 2)
    handle_signals()
    code: str | int | None = 0
    try:
        try:
            command()
        except SystemExit as end:
            code = end.code
        finally:
            sys.stdout.flush()
    except Interrupted as interrupted:
        code = interruption(interrupted)
    ignore_signals()
    if output.failure is not None:
        _say(f"standard output cannot be written: {output.failure.strerror}; {what_stays()}")
    sys.exit(code or (0 if output.failure is None else NOT_TOLD))


def interruption(interrupted: Interrupted) -> int:
    """Say that a signal ends the process and what stays; return the exit code."""
    ignore_signals()
    _say(f"interrupted by {interrupted.signal.name}; {what_stays()}")
    return 128 + interrupted.signal


def _say(message: str) -> None:
    from energy_data_layer.cli.console import say

    say(f"edl: {message}", logging.ERROR)


def _take_over(name: str, number: int) -> Stream:
    """Put a stream in place of a standard one; what it cannot encode it escapes."""
    before = getattr(sys, name)
    if before is None:
        # Closed; the next file that is opened, such as the database, must not become standard output.
        while os.open(os.devnull, os.O_RDONLY) < number:
            pass
    stream = Stream(number, "w", closefd=False)
    text = io.TextIOWrapper(
        io.BufferedWriter(stream),
        encoding="utf-8" if before is None else before.encoding,
        errors="backslashreplace",
        line_buffering=number == 2 or stream.isatty(),
    )
    setattr(sys, name, text)
    return stream
