"""Made-up generation of any plant on any day, the same whoever asks and in whatever order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from energy_data_layer.datasets.layout import HOURS
from energy_data_layer.simulator.signals import Values, chance, seed_of, solar_kwh, wind_kwh

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from energy_data_layer.datasets.dataset import Dataset
    from energy_data_layer.simulator.options import SimulatorOptions
    from energy_data_layer.simulator.plants import Plant

DECIMALS = 3


@dataclass(frozen=True, slots=True)
class PlantDay:
    """What a plant generated on a day.

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
    def daily(self) -> tuple[float, float | None, float | None, float | None]:
        """Sum, mean, largest and smallest of the hours that have a value, kWh."""
        known = [hour for hour in self.hours if hour is not None]
        total = round(sum(known), DECIMALS)
        mean = round(total / len(known), DECIMALS) if known else None
        return total, mean, max(known, default=None), min(known, default=None)


def plant_days(
    dataset: Dataset, plants: Iterable[Plant], first: date, last: date, options: SimulatorOptions
) -> Iterator[PlantDay]:
    """Give the days that a service has of plants in a period: those before today, plant by plant."""
    newest = min(last, options.day_in_korea() - timedelta(days=1))
    for plant in plants:
        for number in range((newest - first).days + 1):
            day = first + timedelta(days=number)
            if plant.has_day(day):
                month = _month(dataset.job, plant.code, plant.unit, plant.capacity, day.replace(day=1), options.seed)
                hours = month[day.day - 1].tolist()
                if share := options.missing_hours:
                    about = (options.seed, dataset.job, plant.code, plant.unit, day)
                    hours = [None if chance(*about, hour) < share else kwh for hour, kwh in enumerate(hours)]
                yield PlantDay(day, plant, plant.name_on(day), tuple(hours))


@lru_cache(maxsize=1024)
def _month(job: str, code: str, unit: str, capacity: float, first: date, seed: int) -> Values:
    """Return the kWh of a month, days by hours."""
    start = np.datetime64(first, "M")
    ends = np.arange(start.astype("datetime64[h]") + 1, (start + 1).astype("datetime64[h]") + 1)
    rng = np.random.default_rng(seed_of(seed, job, code, unit, first))
    kwh = (wind_kwh if job == "wind" else solar_kwh)(capacity, ends, rng)
    # Adding zero turns -0.0, which no service sends, into 0.0.
    return np.asarray(np.round(kwh, DECIMALS).reshape(-1, HOURS) + 0.0)
