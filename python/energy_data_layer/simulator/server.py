"""The simulator: an HTTP server on loopback that speaks the dialects of the three services."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from energy_data_layer.errors import OptionError
from energy_data_layer.simulator import expected
from energy_data_layer.simulator.delivery import WITHOUT_STATUS, deliver
from energy_data_layer.simulator.messages import html_page
from energy_data_layer.simulator.options import SimulatorOptions
from energy_data_layer.simulator.request_log import LoggedRequest, RequestLog
from energy_data_layer.simulator.service import Services, split_target

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    import pyarrow as pa

    from energy_data_layer.simulator.faults import Fault
    from energy_data_layer.simulator.messages import Response

HOST = "127.0.0.1"
_WAITING_CONNECTIONS = 1024


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
        self._asked_port = port
        self._log = RequestLog()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._failure: OSError | None = None

    def __enter__(self) -> Self:
        self._ready = threading.Event()
        self._began = time.monotonic()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="simulator", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._loop is None:
            self._thread.join()
            raise OptionError(
                f"port {self._asked_port} of {HOST} cannot be used: {self._failure}; choose another, or 0 for any"
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join()
            self._loop = None

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
        return self._log.requests()

    @property
    def request_count(self) -> int:
        """How many requests have arrived."""
        return self._log.counts()[0]

    @property
    def in_flight(self) -> int:
        """How many requests are being answered now."""
        return self._log.counts()[1]

    @property
    def most_in_flight(self) -> int:
        """How many requests there were at most at a time."""
        return self._log.counts()[2]

    def requests_today(self, service: str) -> int:
        """Return how many requests to a service count for the day's limit."""
        return self._services.quota.used(service, self.options.day_in_korea())

    def forget_requests(self) -> None:
        """Begin the log anew; the day's requests stay counted."""
        self._log.clear()

    def wait_for_requests(self, count: int, timeout: float = 30.0) -> None:
        """Wait until so many requests have arrived.

        Raises
        ------
        TimeoutError
            If they have not within `timeout` seconds.
        """
        if not self._log.wait_until_arrived(count, timeout):
            raise TimeoutError(f"{self.request_count} of {count} requests arrived within {timeout:g} s")

    def wait_for_held(self, count: int, timeout: float = 30.0) -> None:
        """Wait until so many answers are held by faults of the kind ``hold``.

        Raises
        ------
        TimeoutError
            If they are not within `timeout` seconds.
        """
        if not self._log.wait_until_held(count, timeout):
            raise TimeoutError(f"fewer than {count} answers were held within {timeout:g} s")

    def release(self) -> None:
        """Let held answers begin, and hold no more."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._released.set)

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
        return expected.asos(stations, first, last, self.options)

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
        return expected.wind(first, last, self.options)

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
        return expected.solar(first, last, self.options, plants)

    async def _serve(self) -> None:
        self._stopped, self._released = asyncio.Event(), asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()
        try:
            server = await asyncio.start_server(self._accept, HOST, self._asked_port, backlog=_WAITING_CONNECTIONS)
        except OSError as error:
            self._failure = error
            self._ready.set()
            return
        self._port = server.sockets[0].getsockname()[1]
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        await self._stopped.wait()
        server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.ensure_future(self._converse(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

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
        dialect, key, parameters = split_target(target)
        entry = LoggedRequest("" if dialect is None else dialect.service, parameters, arrived - self._began)
        self._log.arrive(entry)
        try:
            response: Response = html_page("Method Not Allowed", 405)
            fault: Fault | None = None
            if method == "GET":
                response, fault = self._services.answer(dialect, key, parameters)
            entry.fault = "" if fault is None else fault.kind
            await self._wait(arrived + self.options.latency_seconds, fault)
            if entry.fault not in WITHOUT_STATUS:
                entry.status, entry.code = response.status, response.code
            entry.seconds = time.monotonic() - arrived
        finally:
            self._log.leave()
        return await deliver(writer, response, fault)

    async def _wait(self, until: float, fault: Fault | None) -> None:
        if fault is not None and fault.kind == "late":
            until += fault.seconds
        if fault is not None and fault.kind == "hold":
            self._log.hold(1)
            try:
                await self._released.wait()
            finally:
                self._log.hold(-1)
        seconds = until - time.monotonic()
        if seconds > 0:
            await asyncio.sleep(seconds)
