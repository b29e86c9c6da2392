"""The simulator: an HTTP server on loopback that speaks the dialects of the three services."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, quote, urlsplit

import pyarrow as pa

from energy_data_layer.datasets.asos import ASOS
from energy_data_layer.datasets.koen_wind import KOEN_WIND
from energy_data_layer.datasets.kospo_solar import KOSPO_SOLAR
from energy_data_layer.errors import OptionError
from energy_data_layer.simulator.dialects import DIALECTS
from energy_data_layer.simulator.generation import plant_days
from energy_data_layer.simulator.messages import html_page
from energy_data_layer.simulator.observations import observations
from energy_data_layer.simulator.options import SimulatorOptions
from energy_data_layer.simulator.service import Services

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from energy_data_layer.datasets.dataset import Dataset
    from energy_data_layer.simulator.messages import Response
    from energy_data_layer.simulator.plants import Plant

HOST = "127.0.0.1"
WITHOUT_STATUS = {"drop", "drop_in_headers", "reset"}
"""Faults after which the client has not seen the end of the status line and headers."""


@dataclass(slots=True)
class LoggedRequest:
    """A request that arrived.

    Attributes
    ----------
    service : str
        The service; empty where the path is none's.
    parameters : dict of str to str
        Its parameters without the key.
    at : float
        Seconds from the simulator's start to its arrival.
    status : int or None
        The HTTP status; None while it is not answered, and where the connection was closed before.
    code : str
        The code that the service or its gateway answered with; empty where there is none.
    fault : str
        The kind of fault that it met; empty for none.
    seconds : float or None
        From its arrival until its answer began; None while it is not answered.
    """

    service: str
    parameters: dict[str, str]
    at: float
    status: int | None = None
    code: str = ""
    fault: str = ""
    seconds: float | None = None


class Simulator:
    """The three public services on loopback, from a generator or from files, with faults at will.

    It serves while its context is entered, in a thread of its own. The data depend on the seed alone, not on
    what was asked before; `expected_asos`, `expected_wind` and `expected_solar` give them as tables.

    Parameters
    ----------
    options : SimulatorOptions, optional
        Its options.
    port : int, default 0
        Its port; 0 takes any that is free.

    Attributes
    ----------
    request_count : int
        How many requests have arrived.
    in_flight, most_in_flight : int
        How many requests are being answered now, and how many there were at most at a time.

    Raises
    ------
    OptionError
        If the port cannot be used; raised as the context is entered.

    Examples
    --------
    >>> from urllib.request import urlopen
    >>> with Simulator(SimulatorOptions(key=None)) as simulator:
    ...     path = "/B551893/wind-power-by-hour/list?serviceKey=any&startD=20240101&endD=20240101&page=1&size=1"
    ...     with urlopen(simulator.url + path) as answer:
    ...         body = answer.read()
    >>> body[:65]
    b'{"reponse":{"body":{"content":[{"dgenYmd":"2024-01-01","ippt":"W1'
    >>> [(request.service, request.status) for request in simulator.requests]
    [('namdong_wind', 200)]
    """

    def __init__(self, options: SimulatorOptions | None = None, *, port: int = 0) -> None:
        self._services = Services(options or SimulatorOptions())
        self._port = port
        self._log: deque[LoggedRequest] = deque(maxlen=100_000)
        self._changed = threading.Condition()
        self._held = 0
        self.request_count = self.in_flight = self.most_in_flight = 0

    def __enter__(self) -> Self:
        try:
            listener = socket.create_server((HOST, self._port), backlog=1024)
        except OSError as error:
            raise OptionError(
                f"port {self._port} of {HOST} cannot be used: {error}; choose another, or 0 for any"
            ) from error
        self._port = listener.getsockname()[1]
        self._began = time.monotonic()
        self._loop: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(
            target=asyncio.run, args=(self._serve(listener),), name="simulator", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread.is_alive():
            self._loop.result().call_soon_threadsafe(self._stopped.set)
            self._thread.join()

    @property
    def url(self) -> str:
        """Where it serves, such as ``http://127.0.0.1:8000``."""
        return f"http://{HOST}:{self._port}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that let jobs ask this simulator; the key as it is, not URL-encoded."""
        plants = ",".join(f"{code}:{unit}" for code, unit in self.solar_plants)
        return {
            "EDL_SERVICES_URL": self.url,
            "EDL_SERVICE_KEY": self.options.key or "any",
            "EDL_SOLAR_PLANTS": plants,
        }

    @property
    def encoded_key(self) -> str:
        """The service key as portals also hand it out: URL-encoded."""
        return quote(self.options.key or "any", safe="")

    @property
    def solar_plants(self) -> list[tuple[str, str]]:
        """``gencd`` and ``hogi`` of the solar plants that it has."""
        return [(plant.code, plant.unit) for plant in self.options.solar_plants]

    @property
    def options(self) -> SimulatorOptions:
        """Its options."""
        return self._services.options

    def change(self, **options: Any) -> None:
        """Tell it otherwise while it serves, say another day or no more faults.

        Parameters
        ----------
        **options
            Attributes of `SimulatorOptions`; the others stay. What is counted for a fault begins anew only
            where the faults are others; the day's requests stay counted.
        """
        self._services.change(replace(self.options, **options))

    @property
    def requests(self) -> list[LoggedRequest]:
        """The requests in the order of their arrival (the latest 100,000)."""
        with self._changed:
            return list(self._log)

    def requests_today(self, service: str) -> int:
        """Return how many requests to a service count for the day's limit."""
        return self._services.used[service, self.options.day_in_korea()]

    def forget_requests(self) -> None:
        """Begin the log anew; the day's requests stay counted."""
        with self._changed:
            self._log.clear()
            self.request_count = 0
            self.most_in_flight = self.in_flight

    def wait_for_requests(self, count: int, timeout: float = 30.0) -> None:
        """Wait until so many requests have arrived.

        Raises
        ------
        TimeoutError
            If they have not within `timeout` seconds.
        """
        with self._changed:
            arrived = self._changed.wait_for(lambda: self.request_count >= count, timeout)
        if not arrived:
            raise TimeoutError(f"{self.request_count} of {count} requests arrived within {timeout:g} s")

    def wait_for_held(self, count: int, timeout: float = 30.0) -> None:
        """Wait until so many answers are held by faults of the kind ``hold``.

        Raises
        ------
        TimeoutError
            If they are not within `timeout` seconds.
        """
        with self._changed:
            held = self._changed.wait_for(lambda: self._held >= count, timeout)
        if not held:
            raise TimeoutError(f"fewer than {count} answers were held within {timeout:g} s")

    def release(self) -> None:
        """Let held answers begin, and hold no more."""
        if self._thread.is_alive():
            self._loop.result().call_soon_threadsafe(self._released.set)

    def expected_asos(self, stations: Iterable[int], first: date, last: date) -> pa.Table:
        """Return the observations that a perfect collection has of a period.

        Parameters
        ----------
        stations : iterable of int
            The stations.
        first, last : datetime.date
            The first and the last day, both included; today and later have none.

        Returns
        -------
        pyarrow.Table
            By ``stnId`` and ``tm`` (timestamp[us]): the columns that the service sends.
        """
        schema = ASOS.service.item_schema
        tables = [observations(number, first, last, self.options) for number in sorted(set(stations))]
        return ASOS.to_store(pa.concat_tables([schema.empty_table(), *tables]))

    def expected_wind(self, first: date, last: date) -> pa.Table:
        """Return the wind farms' generation that a perfect collection has of a period.

        Parameters
        ----------
        first, last : datetime.date
            The first and the last day, both included; today and later have none.

        Returns
        -------
        pyarrow.Table
            By ``timestamp`` (end of the hour: the last one of `last` is the midnight after it) and
            ``plant_name`` (its name, a blank, its unit): these and ``generation``, kWh.
        """
        return self._expected_generation(KOEN_WIND, self.options.wind_plants, first, last)

    def expected_solar(self, first: date, last: date, plants: Iterable[tuple[str, str]] | None = None) -> pa.Table:
        """Return the solar plants' generation that a perfect collection has of a period.

        Parameters
        ----------
        first, last : datetime.date
            The first and the last day, both included; today and later have none.
        plants : iterable of (str, str), optional
            ``gencd`` and ``hogi`` of the plants; all by default.

        Returns
        -------
        pyarrow.Table
            By ``datetime`` (start of the hour), ``gencd`` and ``hogi``: the columns of table
            ``nambu_generation``. ``plant_name`` is the name, or else the code, a blank, the unit.
        """
        wanted = self.solar_plants if plants is None else set(plants)
        chosen = [plant for plant in self.options.solar_plants if (plant.code, plant.unit) in wanted]
        return self._expected_generation(KOSPO_SOLAR, chosen, first, last)

    def _expected_generation(self, dataset: Dataset, plants: Iterable[Plant], first: date, last: date) -> pa.Table:
        table = dataset.table
        first_stamp = timedelta(hours=table.stamp_is == "end")
        rows = []
        for day in plant_days(dataset, plants, first, last, self.options):
            midnight = datetime.combine(day.day, datetime.min.time())
            total, mean, most, least = day.daily
            names = {"gencd": day.plant.code, "plant_name": day.plant_name, "hogi": day.plant.unit}
            daily = {"daily_total": total, "daily_avg": mean, "daily_max": most, "daily_min": least}
            rows += [
                {table.stamp: midnight + first_stamp + timedelta(hours=hour), "generation": kwh, **names, **daily}
                for hour, kwh in enumerate(day.hours)
            ]
        # Columns that the table does not have are left out.
        made = pa.Table.from_pylist(rows, schema=pa.schema(list(table.types.items())))
        return made.sort_by([(name, "ascending") for name in (table.stamp, *table.series)])

    async def _serve(self, listener: socket.socket) -> None:
        self._stopped, self._released = asyncio.Event(), asyncio.Event()
        server = await asyncio.start_server(self._converse, sock=listener)
        self._loop.set_result(asyncio.get_running_loop())
        await self._stopped.wait()
        server.close()  # the connections end with the loop

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of a connection one after the other."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.decode("latin-1").split("\r\n")
                last_one = any(line.replace(" ", "").lower() == "connection:close" for line in lines)
                if not await self._answer(lines[0], writer) or last_one:
                    break
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            pass  # the client has gone, or does not speak HTTP
        finally:
            writer.close()

    async def _answer(self, request_line: str, writer: asyncio.StreamWriter) -> bool:
        """Answer a request; return whether the connection can be used again."""
        arrived = time.monotonic()
        method, target, *_ = [*request_line.split(" "), "", ""]
        parts = urlsplit(target)
        parameters = dict(parse_qsl(parts.query, keep_blank_values=True))
        keys = [parameters.pop(name) for name in ("serviceKey", "ServiceKey") if name in parameters]
        dialect = DIALECTS.get(parts.path)
        entry = LoggedRequest("" if dialect is None else dialect.dataset.name, parameters, arrived - self._began)
        with self._changed:
            self._log.append(entry)
            self.request_count += 1
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            self._changed.notify_all()
        try:
            response, fault = html_page("Method Not Allowed", 405), None
            if method == "GET":
                response, fault = self._services.answer(dialect, keys[0] if keys else None, parameters)
            entry.fault, seconds = ("", 0.0) if fault is None else (fault.kind, fault.seconds)
            if entry.fault == "hold":
                with self._changed:
                    self._held += 1
                    self._changed.notify_all()
                await self._released.wait()
            until = arrived + self.options.latency_seconds + (seconds if entry.fault == "late" else 0)
            await asyncio.sleep(until - time.monotonic())
            if entry.fault not in WITHOUT_STATUS:
                entry.status, entry.code = response.status, response.code
            entry.seconds = time.monotonic() - arrived
        finally:
            self.in_flight -= 1
        return await _deliver(writer, response, entry.fault, seconds)


async def _deliver(writer: asyncio.StreamWriter, response: Response, fault: str, seconds: float) -> bool:
    """Send an answer as the fault has it; return whether the connection can be used again."""
    body = response.body[: len(response.body) // 2] if fault == "cut" else response.body
    headers = [("Content-Type", response.content_type), ("Content-Length", str(len(body))), *response.headers]
    lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}", *map(": ".join, headers), "", ""]
    head = "\r\n".join(lines).encode("ascii")
    match fault:
        case "drop":
            return False
        case "reset":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return False
        case "drop_in_headers":
            writer.write(head[: len(head) // 2])
            return False
        case "truncate":
            writer.write(head + body[: len(body) // 2])
            return False
        case "slow":
            writer.write(head)
            size = -(-len(body) // 10)
            for start in range(0, len(body), size):
                await asyncio.sleep(seconds / 10)
                writer.write(body[start : start + size])
        case _:
            writer.write(head + body)
    await writer.drain()
    return True
