"""The servers of the measurements: databases, and the services as a simulator whose work is not the job's."""

from __future__ import annotations

import shlex
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from datetime import date
from itertools import count, islice
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from urllib.request import urlopen

import harness  # noqa: F401
from tests.postgres_server import PostgresServer, find_binaries

from energy_data_layer.datasets.asos import ASOS
from energy_data_layer.datasets.dataset import Chunk
from energy_data_layer.datasets.kospo_solar import KOSPO_SOLAR
from energy_data_layer.settings.services import ServiceSettings, solar_plant
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.migrations import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DUCKDB, POSTGRESQL = "DuckDB", "PostgreSQL"
SIMULATOR = [sys.executable, "-c", "from energy_data_layer.cli import main; main()", "simulate", "--port", "0"]
VARIABLES = 3
NO_LIMIT = 10_000.0
"""Requests per second that nothing reaches."""


@contextmanager
def databases(*, postgresql: bool, durable: bool = False) -> Iterator[dict[str, Callable[[], str]]]:
    """Yield for each kind of database what makes an empty one, with its tables, and returns its URL.

    PostgreSQL is among them where it is wanted and there is a server; there, the database before is gone.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        numbers = count()
        kinds = {DUCKDB: lambda: _migrated(f"duckdb:///{folder}/{next(numbers)}.duckdb")}
        binaries = find_binaries() if postgresql else None
        if binaries is not None:
            server = PostgresServer(binaries, durable=durable)
            stack.callback(server.close)
            server.start()
            kinds[POSTGRESQL] = lambda: _migrated(server.empty_database())
        yield kinds


def _migrated(url: str) -> str:
    with Database.connect(url) as database:
        migrate(database)
    return url


class Services:
    """Where a running simulator is, and what it accepts."""

    def __init__(self, variables: dict[str, str]) -> None:
        self.variables = variables
        self.url = variables["EDL_SERVICES_URL"]
        self.key = variables["EDL_SERVICE_KEY"]
        self.solar_plants = [solar_plant(text) for text in variables["EDL_SOLAR_PLANTS"].split(",")]

    def settings(self, **values: Any) -> ServiceSettings:
        """Return settings that ask it."""
        return ServiceSettings(services_url=self.url, service_key=self.key, requests_per_day=1_000_000, **values)


@contextmanager
def services(latency: float, requests_per_second: float | None = None) -> Iterator[Services]:
    """Run a simulator that answers after so many seconds, and refuses what comes faster than the limit."""
    limit = [] if requests_per_second is None else ["--rate", str(requests_per_second)]
    command = [*SIMULATOR, "--latency", str(latency), *limit]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        exports = (line.removeprefix("export ").strip() for line in process.stdout if line.startswith("export "))
        variables = dict(shlex.split(line)[0].split("=", 1) for line in islice(exports, VARIABLES))
        if len(variables) < VARIABLES:
            raise RuntimeError("the simulator ended before it served")
        running = Services(variables)
        _warm_up(running)
        yield running
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def _warm_up(running: Services) -> None:
    """Ask once for each kind of data: the first answers take longer, which is not the services' latency."""
    (code, unit), *_ = running.solar_plants
    day = date(2020, 1, 1)
    for source, key in ((KOSPO_SOLAR, (code, unit)), (ASOS, ("108",))):
        request = source.request(Chunk(source.name, key, day, day), 1)
        parameters = {"serviceKey": running.key, **dict(request.parameters)}
        with urlopen(f"{running.url}/{source.service.path}?{urlencode(parameters)}") as answer:
            answer.read()
