"""A reader who works through a page: a folder, a shell whose variables last, the programs left running."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import IO, Any

READY: dict[str, str | int] = {
    "edl simulate": "export EDL_SOLAR_PLANTS=",
    "prefect server start": 4200,
    "python -m energy_data_layer.flows.deploy": "Your deployments are being served",
}
"""Programs that run until Ctrl-C, and what they print, or the port they listen at, once they are ready."""

MAKE = re.compile(r"(\w+=\S+ )*make\b")
SECONDS_TO_START = 120
SECONDS_TO_END = 30


class Reader:
    """Runs the commands of one page in order.

    Attributes
    ----------
    folder : Path
        Where the commands run.
    environment : dict
        The variables of the shell; those that the page exports stay for the rest of the page.
    names : dict
        The names that the Python examples of the page have made.
    printed : str
        What the last commands wrote to standard output.
    """

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self.names: dict[str, Any] = {}
        self.printed = ""
        self._running: list[subprocess.Popen[bytes]] = []
        self._locks: list[IO[str]] = []

    def run(self, commands: list[str]) -> None:
        """Run the lines of a block; `make` is left to `test_make_targets`, as it would run this suite again."""
        self.printed = ""
        lines: list[str] = []
        for line in commands:
            program = next((name for name in READY if line.startswith(name)), None)
            if program is not None:
                self._run(lines)
                lines = []
                self._lock(program)
                self._start(line, READY[program])
            elif not MAKE.match(line):
                lines.append(line)
        self._run(lines)

    def close(self) -> None:
        """Press Ctrl-C in every terminal, the last one first."""
        for process in reversed(self._running):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        for lock in self._locks:
            lock.close()

    def _run(self, lines: list[str]) -> None:
        if not lines:
            return
        with tempfile.NamedTemporaryFile() as variables:
            script = "\n".join(["set -eu -o pipefail", *lines, f"env -0 > {variables.name}"])
            done = subprocess.run(
                ["bash", "-c", script], cwd=self.folder, env=self.environment, capture_output=True, text=True
            )
            assert done.returncode == 0, f"exit code {done.returncode} of\n{script}\n{done.stdout}\n{done.stderr}"
            exported = variables.read().decode().split("\0")
        self.environment = dict(variable.split("=", 1) for variable in exported if variable)
        self.printed += done.stdout

    def _start(self, command: str, ready: str | int) -> None:
        log = self.folder / f"terminal-{len(self._running)}.log"
        log.touch()
        assert not _is_ready(ready, log), f"another program is at port {ready}, end it: {command}"
        with log.open("wb") as file:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {command}"],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append(process)
        deadline = time.monotonic() + SECONDS_TO_START
        while not _is_ready(ready, log):
            told = f"{command}\n{log.read_text(encoding='utf-8')}"
            assert process.poll() is None, f"exit code {process.returncode} of {told}"
            assert time.monotonic() < deadline, f"not ready in {SECONDS_TO_START} s: {told}"
            time.sleep(0.1)

    def _lock(self, program: str) -> None:
        """Wait until no other page, nor another clone's, runs the program: the pages name its port."""
        name = f"edl-pages-{os.getuid()}-{program.replace(' ', '-')}"
        self._locks.append((Path(tempfile.gettempdir()) / name).open("w"))
        fcntl.flock(self._locks[-1], fcntl.LOCK_EX)


def _is_ready(ready: str | int, log: Path) -> bool:
    if isinstance(ready, str):
        return ready in log.read_text(encoding="utf-8")
    with closing(socket.socket()) as connection:
        return connection.connect_ex(("127.0.0.1", ready)) == 0
