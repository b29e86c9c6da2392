"""Made-up generation of any plant on any day, the same whoever asks and in whatever order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from energy_data_layer.simulator.chance import chance, seed_of
from energy_data_layer.simulator.signals import Values, solar_kwh, wind_kwh

if TYPE_CHECKING:
    from collections.abc import Iterator

    from energy_data_layer.simulator.options import SimulatorOptions
    from energy_data_layer.simulator.plants import Plant

HOURS = 24
DECIMALS = 3
_MONTHS_KEPT = 1024

Fuel = Literal["wind", "solar"]


@dataclass(frozen=True, slots=True)
class PlantDay:
    """A day of a plant.

    Attributes
    ----------
    day : datetime.date
        The day.
    plant : Plant
        The plant.
    name : str or None
        Its name on this day.
    hours : tuple of (float or None)
        The kWh of its 24 hours; None where there is no value.
    """

    day: date
    plant: Plant
    name: str | None
    hours: tuple[float | None, ...]

    @property
    def plant_name(self) -> str:
        """The name that tables have: the name, or else the code, a blank, the unit."""
        return f"{self.name or self.plant.code} {self.plant.unit}"

    @property
    def known(self) -> list[float]:
        """The hours that have a value."""
        return [hour for hour in self.hours if hour is not None]

    @property
    def total(self) -> float:
        """The day's kWh."""
        return round(sum(self.known), DECIMALS)

    @property
    def mean(self) -> float | None:
        """The mean of the hours, kWh."""
        return round(self.total / len(self.known), DECIMALS) if self.known else None

    @property
    def most(self) -> float | None:
        """The largest hour, kWh."""
        return max(self.known, default=None)

    @property
    def least(self) -> float | None:
        """The smallest hour, kWh."""
        return min(self.known, default=None)


def days_between(first: date, last: date) -> Iterator[date]:
    """Give the days from one to another, both included.

    Examples
    --------
    >>> [day.day for day in days_between(date(2024, 2, 28), date(2024, 3, 1))]
    [28, 29, 1]
    """
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def published_days(plant: Plant, first: date, last: date, options: SimulatorOptions) -> list[date]:
    """Return the days of a plant that its service has, within a period: those before today."""
    newest = min(last, options.day_in_korea() - timedelta(days=1))
    return [day for day in days_between(first, newest) if plant.has_day(day)]


def plant_day(fuel: Fuel, plant: Plant, day: date, options: SimulatorOptions) -> PlantDay:
    """Return what a plant generated on a day."""
    month = _month(fuel, plant.code, plant.unit, plant.capacity, day.replace(day=1), options.seed)
    hours = tuple(
        None if _is_missing(fuel, plant, day, hour, options) else value
        for hour, value in enumerate(month[day.day - 1].tolist())
    )
    return PlantDay(day, plant, plant.name_on(day), hours)


def _is_missing(fuel: Fuel, plant: Plant, day: date, hour: int, options: SimulatorOptions) -> bool:
    share = options.missing_hours
    return share > 0 and chance(options.seed, fuel, plant.code, plant.unit, day, hour) < share


@lru_cache(maxsize=_MONTHS_KEPT)
def _month(fuel: Fuel, code: str, unit: str, capacity: float, first: date, seed: int) -> Values:
    """Return the kWh of a month, days by hours."""
    start = np.datetime64(first, "M")
    midnight, next_month = start.astype("datetime64[h]"), (start + 1).astype("datetime64[h]")
    ends = np.arange(midnight + 1, next_month + 1)
    rng = np.random.default_rng(seed_of(seed, fuel, code, unit, first))
    kwh = (wind_kwh if fuel == "wind" else solar_kwh)(capacity, ends, rng)
    # Adding zero turns -0.0, which no service sends, into 0.0.
    return np.asarray(np.round(kwh, DECIMALS).reshape(-1, HOURS) + 0.0)
