"""The options of a simulator."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from energy_data_layer.core.clock import today_in_korea
from energy_data_layer.errors import OptionError
from energy_data_layer.simulator.plants import SOLAR_PLANTS, WIND_PLANTS, Plant

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import date
    from os import PathLike

    from energy_data_layer.simulator.faults import Fault


SIMULATED_KEY = "simulated/key+of=nobody=="
"""The service key that a simulator accepts by default; it has to be URL-encoded to arrive."""


@dataclass(frozen=True, kw_only=True)
class SimulatorOptions:
    """The options of a simulator; all of it has a default.

    Attributes
    ----------
    seed : int
        Another seed makes other data, and faults at other requests.
    key : str or None
        The service key that is accepted, not URL-encoded; others are answered with code 30. None accepts any.
    today : datetime.date or None
        The day it is in Korea; the services have the days before it. None takes the clock's.
    latency_seconds : float
        How long every answer takes at least.
    requests_per_second : float or None
        Requests beyond this rate are answered with HTTP 429 and Retry-After. One second's requests may come at
        once after a pause.
    requests_per_day : int or None
        Requests to a service beyond this number are answered with code 22, until `today` is another day.
    faults : sequence of Fault
        What goes wrong.
    files : path or None
        A folder of the portal's ASOS exports (``*.csv``) from which observations come in place of made-up ones.
    stations : mapping of int to str or None
        The ASOS stations that there are, with their names; None for all numbers from 90 to 299.
    asos_absent_hours : float
        The share of hours without a row.
    asos_days_absent : mapping of int to collection of datetime.date
        Days without a row, by station.
    wind_plants, solar_plants : sequence of Plant
        The plants that there are.
    missing_hours : float
        The share of the plants' hours whose value is blank.
    solar_next_day : float
        The share of solar days that are answered only where ``strEdate`` is a later day.
    solar_result_code : str
        The code of a good solar answer: ``"00"`` or ``"800"``; the message is NORMAL SERVICE.
    numbers_as_text : bool
        Counters of all services and values of wind come as texts.
    single_item_as_object : bool
        A list of one item comes as that item alone (JSON).
    compact_days : bool
        Days of wind come as ``20240131``.
    wind_says_last : bool
        Whether wind pages say if they are the last one.
    no_data_as : str
        How the lack of data is said: ``"code"`` 03 without a body, or items that are ``"empty"`` (an object),
        ``"null"`` or ``"blank"`` (a text).
    clock : callable
        Seconds for `requests_per_second`.

    Raises
    ------
    OptionError
        If a number is out of its range.
    """

    seed: int = 0
    key: str | None = SIMULATED_KEY
    today: date | None = None
    latency_seconds: float = 0.0
    requests_per_second: float | None = None
    requests_per_day: int | None = None
    faults: Sequence[Fault] = ()
    files: str | PathLike[str] | None = None
    stations: Mapping[int, str] | None = None
    asos_absent_hours: float = 0.0
    asos_days_absent: Mapping[int, Collection[date]] = field(default_factory=dict)
    wind_plants: Sequence[Plant] = WIND_PLANTS
    solar_plants: Sequence[Plant] = SOLAR_PLANTS
    missing_hours: float = 0.0
    solar_next_day: float = 0.0
    solar_result_code: str = "00"
    numbers_as_text: bool = False
    single_item_as_object: bool = False
    compact_days: bool = False
    wind_says_last: bool = True
    no_data_as: Literal["code", "empty", "null", "blank"] = "code"
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        if self.latency_seconds < 0:
            raise OptionError(f"latency_seconds is {self.latency_seconds}; it can be 0 or more")
        for name in ("requests_per_second", "requests_per_day"):
            limit = getattr(self, name)
            if limit is not None and limit <= 0:
                raise OptionError(f"{name} is {limit}; it can be more than 0, or None for no limit")
        for name in ("asos_absent_hours", "missing_hours", "solar_next_day"):
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise OptionError(f"{name} is {share}; it can be from 0 to 1")

    def day_in_korea(self) -> date:
        """Return the day it is: `today`, or the clock's."""
        return self.today or today_in_korea()
