"""``edl simulate``."""

from __future__ import annotations

import shlex
import signal
import threading
from datetime import datetime  # noqa: TC003 - typer reads the annotations
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from energy_data_layer.cli.console import say


def simulate(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes any that is free.")] = 8000,
    latency_seconds: Annotated[float, typer.Option("--latency", help="Shortest response time in seconds.")] = 0.15,
    requests_per_second: Annotated[
        float | None, typer.Option("--rate", help="Requests per second; any more get HTTP 429.")
    ] = None,
    requests_per_day: Annotated[
        int | None, typer.Option("--per-day", help="Requests per service and day; any more get code 22.")
    ] = None,
    faults: Annotated[str, typer.Option(help="What goes wrong, and how often: server_error=0.1,drop=0.05.")] = "",
    seed: Annotated[int, typer.Option(help="Another seed makes other data and other faults.")] = 0,
    files: Annotated[Path | None, typer.Option(help="Folder of the portal's ASOS exports to answer from.")] = None,
    today: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day it is; the data end with the day before.")
    ] = None,
) -> None:
    """Simulate the three public services on this machine, until Ctrl-C."""
    from energy_data_layer.simulator import Simulator, SimulatorOptions, faults_from_text

    options = SimulatorOptions(
        seed=seed,
        today=None if today is None else today.date(),
        latency_seconds=latency_seconds,
        requests_per_second=requests_per_second,
        requests_per_day=requests_per_day,
        faults=faults_from_text(faults),
        files=files,
    )
    asked_to_end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked_to_end.set())
    with Simulator(options, port=port) as simulator:
        say("The services are simulated until Ctrl-C. Jobs use them with these variables set:")
        for name, value in simulator.environment.items():
            typer.echo(f"export {name}={shlex.quote(value)}")
        asked_to_end.wait()
        say(f"requests served: {simulator.request_count:,}")
