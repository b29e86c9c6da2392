"""The services of the measurements: a simulator in a process of its own, so that its work is not the job's."""

from __future__ import annotations

import shlex
import subprocess
import sys
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from urllib.request import urlopen

from energy_data_layer.datasets.asos import ASOS
from energy_data_layer.datasets.dataset import Chunk
from energy_data_layer.datasets.kospo_solar import KOSPO_SOLAR
from energy_data_layer.settings.services import ServiceSettings, solar_plant

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = [sys.executable, "-c", "from energy_data_layer.cli import main; main()", "simulate", "--port", "0"]
VARIABLES = 3
NO_LIMIT = 10_000.0
"""Requests per second that nothing reaches."""


class Services:
    """Where a running simulator is, and what it accepts."""

    def __init__(self, variables: dict[str, str]) -> None:
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
    command = [*COMMAND, "--latency", str(latency), *limit]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        variables = {}
        for line in process.stdout:
            said, _, assignment = line.strip().partition(" ")
            if said == "export":
                name, _, value = assignment.partition("=")
                variables[name] = "".join(shlex.split(value))
            if len(variables) == VARIABLES:
                break
        else:
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
