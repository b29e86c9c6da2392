"""The made-up plants of the generation services, and what may happen to a plant."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date


@dataclass(frozen=True, slots=True)
class Plant:
    """A plant, or one unit of it, and the days that the service has of it.

    Attributes
    ----------
    code : str
        ``gencd`` of a solar plant, ``ippt`` of a wind farm.
    name : str or None
        Its name; None where the service sends none (solar only).
    unit : str
        Its ``hogi``.
    capacity : float
        The most that it generates in an hour, kWh.
    first_day, last_day : datetime.date or None
        The first and the last day of which the service has data; None for no limit.
    days_absent : collection of datetime.date
        Days within that the service does not have.
    renamed : mapping of datetime.date to str
        The names that it takes on, each from a day on.

    Examples
    --------
    >>> from datetime import date
    >>> plant = Plant("W1", "Old Hill", renamed={date(2024, 3, 1): "New Hill"})
    >>> plant.name_on(date(2024, 2, 29)), plant.name_on(date(2024, 3, 1))
    ('Old Hill', 'New Hill')
    """

    code: str
    name: str | None
    unit: str = "1"
    capacity: float = 1000.0
    first_day: date | None = None
    last_day: date | None = None
    days_absent: Collection[date] = ()
    renamed: Mapping[date, str] = field(default_factory=dict)

    def name_on(self, day: date) -> str | None:
        """Return the name that it has on a day."""
        passed = [since for since in self.renamed if since <= day]
        return self.renamed[max(passed)] if passed else self.name

    def has_day(self, day: date) -> bool:
        """Whether the service has data of a day."""
        begun = self.first_day is None or self.first_day <= day
        ended = self.last_day is not None and self.last_day < day
        return begun and not ended and day not in self.days_absent


WIND_PLANTS = (
    Plant("W101", "바람언덕 풍력", "1", 2000.0),
    Plant("W102", "너른들 풍력", "1", 3000.0),
    Plant("W103", "갯마을 풍력", "2", 2300.0),
)
"""The wind farms that a simulator has by default; no two share name and unit."""

SOLAR_PLANTS = (
    Plant("990S", "해오름 태양광", "1", 120.0),
    Plant("990S", "해오름 태양광", "2", 180.0),
    Plant("991S", "볕마을 태양광", "1", 700.0),
    Plant("992S", "물가 태양광", "1", 1000.0),
    Plant("993S", "들녘 태양광", "1", 1500.0),
    Plant("994S", "언덕 태양광", "1", 2000.0),
    Plant("995S", "솔밭 태양광", "1", 90.0),
    Plant("996S", "새터 태양광", "1", 450.0),
    Plant("997S", "한들 태양광", "1", 320.0),
    Plant("998S", "너울 태양광", "3", 60.0),
)
"""The solar plants that a simulator has by default; two are units of one plant."""
