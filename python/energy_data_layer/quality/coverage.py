"""Which hours of each station and plant are there: observed, filled or missing, by day and month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from energy_data_layer.storage.coverage import HOURS_A_DAY, hourly_table
from energy_data_layer.storage.queries.quality import hours_by_day, imputed_fields, series_ranges
from energy_data_layer.storage.tables import WEATHER_ASOS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from energy_data_layer.storage.database import Database
    from energy_data_layer.storage.queries.quality import Scope

MANY_MISSING = 0.1
"""From this part of its hours on a day or month lacks many."""


class State(IntEnum):
    """How complete a day or a month is."""

    OUTSIDE = 0
    """Before the first or after the last hour of the series."""
    OBSERVED = 1
    """Every hour is observed."""
    MOSTLY_OBSERVED = 2
    """Every hour has a value, 90 % or more are observed."""
    PARTLY_OBSERVED = 3
    """Every hour has a value, half or more are observed."""
    MOSTLY_FILLED = 4
    """Every hour has a value, most are filled."""
    FEW_MISSING = 5
    """Less than a tenth of the hours have no value."""
    MANY_MISSING = 6
    """A tenth or more of the hours have no value."""
    ABSENT = 7
    """No hour has a value."""

    @property
    def label(self) -> str:
        """The state's name in facts and on the page."""
        return self.name.lower()


@dataclass(frozen=True)
class Stretch:
    """Days or months in a row that are in one state.

    Attributes
    ----------
    first : date
        The first day, or the first of the first month.
    length : int
        How many days or months.
    state : str
        Label of a `State`.
    """

    first: date
    length: int
    state: str


@dataclass(frozen=True)
class SeriesCoverage:
    """How complete a station or a plant is.

    Attributes
    ----------
    key, name : str
        The values of its key, and what it is called.
    first, last : datetime
        The beginnings of its first and last hour, whether in the period or not.
    hours : int
        Hours of the period between these: those that could be there.
    observed, filled, missing : int
        Those of them that are observed, that have a value of which a part is filled, and that have none.
    incomplete_days : int
        Days with fewer than 24 stored hours, as `incomplete_days` counts them.
    days, months : list of Stretch
        The period between these, by day and by month.
    """

    key: str
    name: str
    first: datetime
    last: datetime
    hours: int
    observed: int
    filled: int
    missing: int
    incomplete_days: int
    days: list[Stretch]
    months: list[Stretch]


@dataclass(frozen=True)
class TableCoverage:
    """How complete the series of a table are.

    Attributes
    ----------
    table : str
        The table.
    fields : list of str
        The fields that an hour needs to be observed or filled in full.
    first, last : date
        First and last day of the period that is looked at.
    series : list of SeriesCoverage
        Those with hours in the period, in the order of their keys.
    """

    table: str
    fields: list[str]
    first: date
    last: date
    series: list[SeriesCoverage]


def table_coverage(database: Database, table: str, scope: Scope) -> TableCoverage | None:
    """Return how complete the series of a table are, None where it has no hours in the period."""
    hourly = hourly_table(table)
    names = list(hourly.key)
    ranges = series_ranges(database, table, scope).sort_by([(name, "ascending") for name in names])
    fields = imputed_fields(database) if table == WEATHER_ASOS else [str(hourly.value)]
    daily = hours_by_day(database, table, fields, scope)
    numbered = ranges.select(names).append_column("series", pa.array(np.arange(ranges.num_rows)))
    days = daily.join(numbered, keys=names, join_type="inner").sort_by([("series", "ascending"), ("day", "ascending")])
    columns = [days.column(name).to_numpy() for name in ("day", "observed", "valued", "stored")]
    borders = np.searchsorted(days.column("series").to_numpy(), np.arange(ranges.num_rows + 1))
    series = [
        found
        for row, (begin, end) in zip(ranges.to_pylist(), pairwise(borders), strict=True)
        if (found := _series(row, names, scope, *(column[begin:end] for column in columns))) is not None
    ]
    if not series:
        return None
    first = scope.since or min(one.days[0].first for one in series)
    last = scope.until or max(one.last for one in series).date()
    return TableCoverage(table, fields, first, last, series)


def _series(
    row: dict[str, Any],
    names: list[str],
    scope: Scope,
    stored_days: NDArray[np.datetime64],
    stored_observed: NDArray[np.int64],
    stored_valued: NDArray[np.int64],
    stored_hours: NDArray[np.int64],
) -> SeriesCoverage | None:
    """Put a series together from its days that have rows, in order; None where the period has nothing of it."""
    first, after = row["first_hour"], row["last_hour"] + timedelta(hours=1)
    begin = np.datetime64(max(first, scope.first_moment or first), "h")
    end = np.datetime64(min(after, scope.end or after), "h")
    if begin >= end:
        return None
    days, possible = np.unique(np.arange(begin, end).astype("datetime64[D]"), return_counts=True)
    there = (stored_days >= days[0]) & (stored_days <= days[-1])
    position = (stored_days[there] - days[0]).astype(np.int64)
    valued, observed, stored = np.zeros((3, len(days)), np.int64)
    valued[position], observed[position] = stored_valued[there], stored_observed[there]
    stored[position] = stored_hours[there]
    valued = np.minimum(valued, possible)
    observed = np.minimum(observed, valued)
    months, start_of_month = np.unique(days.astype("datetime64[M]"), return_index=True)
    of_months = [np.add.reduceat(numbers, start_of_month) for numbers in (possible, observed, valued)]
    key = " ".join(str(row[name]) for name in names if row[name] != "")
    return SeriesCoverage(
        key,
        str(row["series_name"] or key),
        first,
        row["last_hour"],
        int(possible.sum()),
        int(observed.sum()),
        int((valued - observed).sum()),
        int((possible - valued).sum()),
        int((stored < HOURS_A_DAY).sum()),
        stretches(days, states(possible, observed, valued)),
        stretches(months, states(*of_months)),
    )


def states(possible: NDArray[np.int64], observed: NDArray[np.int64], valued: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the `State` of each day or month.

    Parameters
    ----------
    possible, observed, valued : array of int
        The hours that could be there, and those that are observed and that have a value.

    Examples
    --------
    >>> hours = np.array([24, 24, 24, 24])
    >>> [State(found).label for found in states(hours, np.array([24, 20, 9, 0]), np.array([24, 24, 23, 0]))]
    ['observed', 'partly_observed', 'few_missing', 'absent']
    """
    missing = possible - valued
    rules = {
        State.OUTSIDE: possible == 0,
        State.ABSENT: valued == 0,
        State.MANY_MISSING: (missing > 0) & (missing >= MANY_MISSING * possible),
        State.FEW_MISSING: missing > 0,
        State.OBSERVED: observed == possible,
        State.MOSTLY_OBSERVED: observed >= 0.9 * possible,
        State.PARTLY_OBSERVED: observed >= 0.5 * possible,
    }
    return np.select(list(rules.values()), list(rules), State.MOSTLY_FILLED)


def stretches(cells: NDArray[np.datetime64], state: NDArray[np.int64]) -> list[Stretch]:
    """Return days or months in a row, of which `state` gives the `State`, as stretches of the same one."""
    starts = np.flatnonzero(np.concatenate(([True], state[1:] != state[:-1])))
    lengths = np.diff(np.append(starts, len(state)))
    first = cells[starts].astype("datetime64[D]").tolist()
    return [
        Stretch(day, int(length), State(found).label)
        for day, length, found in zip(first, lengths, state[starts], strict=True)
    ]
