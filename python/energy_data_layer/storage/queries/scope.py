"""Which part of a database is asked for, as conditions in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from energy_data_layer.errors import OptionError
from energy_data_layer.storage.coverage import hourly_table
from energy_data_layer.storage.names import quoted
from energy_data_layer.storage.tables import WEATHER_ASOS

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Scope:
    """Which hours and stations count.

    Attributes
    ----------
    since, until : date or None
        First and last day, both included; None where the stored hours decide.
    stations : tuple of int
        Weather stations; all where it is empty. Plants are not chosen.
    """

    since: date | None = None
    until: date | None = None
    stations: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.since and self.until and self.until < self.since:
            raise OptionError(f"until ({self.until}) is before since ({self.since})")

    @property
    def first_moment(self) -> datetime | None:
        """The beginning of the first day."""
        return None if self.since is None else datetime.combine(self.since, time.min)

    @property
    def end(self) -> datetime | None:
        """The midnight after the last day."""
        return None if self.until is None else datetime.combine(self.until, time.min) + timedelta(days=1)

    def contains(self, day: date) -> bool:
        """Return whether a day is one of the period."""
        return (self.since is None or day >= self.since) and (self.until is None or day <= self.until)

    def where(self, table: str, *conditions: str) -> tuple[str, list[object]]:
        """Return a WHERE clause for a table of hours, with further conditions, and its parameters."""
        return self.of_stamps(table, hourly_table(table).start, *conditions)

    def of_stamps(self, table: str, stamp: str, *conditions: str) -> tuple[str, list[object]]:
        """Return a WHERE clause for rows about the hours of a table, whose beginning is `stamp` in SQL."""
        terms, parameters = self.of_stations(table)
        for moment, comparison in ((self.first_moment, ">="), (self.end, "<")):
            if moment is not None:
                parameters.append(moment)
                terms.append(f"{stamp} {comparison} ${len(parameters)}")
        return clause((*terms, *conditions)), parameters

    def of_stations(self, table: str) -> tuple[list[str], list[object]]:
        """Return the condition that chooses stations, none for a table of plants, and its parameters."""
        if table != WEATHER_ASOS or not self.stations:
            return [], []
        return [f"{quoted('stnId')} = ANY($1)"], [list(self.stations)]


def clause(terms: Sequence[str]) -> str:
    """Return a WHERE clause of conditions that all hold, empty where there is none."""
    return " WHERE " + " AND ".join(terms) if terms else ""
