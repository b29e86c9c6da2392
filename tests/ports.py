"""Ports that tests give to others: nobody else gets them meanwhile."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

NOT_HANDED_OUT = range(20_000, 30_000)
"""Below what systems hand out where a program asks for any free port, as the simulators do."""


@contextmanager
def reserved_port() -> Iterator[int]:
    """A port for a program that will listen at it only later; no other test, of any process, gets the same one.

    Raises
    ------
    RuntimeError
        If none of the ports is free.
    """
    for port in random.sample(NOT_HANDED_OUT, len(NOT_HANDED_OUT)):
        with (Path(tempfile.gettempdir()) / f"edl-port-{os.getuid()}-{port}").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                with socket.create_server(("127.0.0.1", port)):
                    pass
            except OSError:
                continue
            try:
                yield port
            finally:
                Path(lock.name).unlink()
            return
    raise RuntimeError(f"no port of {NOT_HANDED_OUT} is free")


@contextmanager
def silent_port() -> Iterator[int]:
    """A port that refuses connections: it is held, and nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]
