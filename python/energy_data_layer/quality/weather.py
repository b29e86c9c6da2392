"""The weather fields: how their values were obtained, their gaps by length, and the longest with the hours around."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from energy_data_layer.core.gaps import LENGTH_CLASSES
from energy_data_layer.core.provenance import HIGH_SUFFIX, LOW_SUFFIX, Provenance, is_fill, provenance_column
from energy_data_layer.datasets.asos import ASOS_COLUMNS
from energy_data_layer.storage.queries.quality import (
    gaps_of_field,
    hours_by_provenance,
    made_up_stretches,
    observations_outside_bounds,
)
from energy_data_layer.storage.tables import WEATHER_ASOS

if TYPE_CHECKING:
    from energy_data_layer.storage.database import Database
    from energy_data_layer.storage.queries.quality import MadeUp, Scope

LISTED = 5
"""Observations outside their bounds that are shown of each field."""

LONGEST = 12
HOURS_AROUND = 48
CANDIDATES = 1000
"""Gaps of each field that are chosen from: of those at the same time as a longer one none is shown."""

MOST_POINTS = 600
"""Of a longer gap only every so-manieth hour is shown."""


@dataclass(frozen=True)
class FieldFills:
    """The values of a field.

    Attributes
    ----------
    field : str
        The field.
    observed : int
        Values that are as they were observed.
    filled : dict of str to int
        The others, by the label of their `Provenance`; those without any value are ``unfilled``.
    """

    field: str
    observed: int
    filled: dict[str, int]

    @property
    def hours(self) -> int:
        """All hours of the field."""
        return self.observed + sum(self.filled.values())

    @property
    def most_filled(self) -> int:
        """How many values the most frequent method filled."""
        return max(self.filled.values())


@dataclass(frozen=True)
class GapLengths:
    """How many gaps of a field there are of each length.

    Attributes
    ----------
    field : str
        The field.
    gaps, hours : int
        All of its gaps, and their hours.
    counts : list of int
        The gaps in each of the classes of lengths.
    """

    field: str
    gaps: int
    hours: int
    counts: list[int]


@dataclass(frozen=True)
class LongGap:
    """One of the longest gaps, with the hours around it.

    Attributes
    ----------
    station : int
        The station.
    name : str
        What it is called.
    field : str
        The field.
    first, last : datetime
        The first and the last hour without an observation.
    hours : int
        The hours without an observation.
    methods : dict of str to int
        How many of them were filled by each method.
    also : list of str
        Further fields of the station with a gap at the same time.
    step : int
        Every so-manieth hour is in the lists below; all where it is 1.
    stamps : list of datetime
        Hours of the gap and around it.
    values : list of float or None
        What is stored.
    codes : list of int
        The provenance of each.
    low, high : list of float or None
        The intervals of the fills; empty where none is stored.
    """

    station: int
    name: str
    field: str
    first: datetime
    last: datetime
    hours: int
    methods: dict[str, int]
    also: list[str]
    step: int
    stamps: list[datetime]
    values: list[float | None]
    codes: list[int]
    low: list[float | None]
    high: list[float | None]


@dataclass(frozen=True)
class WeatherGaps:
    """All gaps of the weather.

    Attributes
    ----------
    lengths : list of GapLengths
        Per field.
    longest : list of LongGap
        The longest ones, the longest first; one per station and time.
    """

    lengths: list[GapLengths] = field(default_factory=list)
    longest: list[LongGap] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many gaps there are."""
        return sum(one.gaps for one in self.lengths)


@dataclass(frozen=True)
class OutOfBounds:
    """The observations of a field outside its physical bounds.

    Attributes
    ----------
    field : str
        The field.
    low, high : float or None
        The bounds.
    count : int
        How many there are.
    first : list of dict
        The first ones: ``stnId``, ``tm`` and ``value``.
    """

    field: str
    low: float | None
    high: float | None
    count: int
    first: list[dict[str, Any]]


@dataclass(frozen=True)
class Doubtful:
    """What in the weather can hardly be right, or is hardly observed.

    Attributes
    ----------
    out_of_bounds : list of OutOfBounds
        Per field that has any.
    made_up : list of MadeUp
        Stretches in which more than half of the hours of 30 days are fills.
    """

    out_of_bounds: list[OutOfBounds] = field(default_factory=list)
    made_up: list[MadeUp] = field(default_factory=list)


class _Gap(NamedTuple):
    field: str
    station: int
    first: datetime
    last: datetime
    hours: int


def field_fills(database: Database, fields: list[str], scope: Scope) -> list[FieldFills]:
    """Return the values of each field by how they were obtained."""
    found = []
    for name in fields:
        counts = {row["code"]: row["hours"] for row in hours_by_provenance(database, name, scope).to_pylist()}
        fills = {method.label: counts.get(method, 0) for method in Provenance if method.is_fill}
        found.append(FieldFills(name, counts.get(Provenance.OBSERVED, 0), fills))
    return found


def doubtful(database: Database, scope: Scope) -> Doubtful:
    """Return the observations outside their bounds, and the stretches that are mostly made up."""
    outside = observations_outside_bounds(database, scope, LISTED)
    return Doubtful(
        [
            OutOfBounds(name, ASOS_COLUMNS[name].low, ASOS_COLUMNS[name].high, count, first.to_pylist())
            for name, (count, first) in outside.items()
        ],
        made_up_stretches(database, scope),
    )


def weather_gaps(database: Database, fields: list[str], scope: Scope) -> WeatherGaps:
    """Return the gaps of the fields: hours in a row that have a row and no observation."""
    lengths: list[GapLengths] = []
    longest: list[_Gap] = []
    for name in fields:
        gaps = gaps_of_field(database, name, scope)
        hours = gaps.column("hours").to_numpy()
        upper = np.array([last or np.iinfo(np.int64).max for _, last in LENGTH_CLASSES])
        counts = np.bincount(np.searchsorted(upper, hours), minlength=len(LENGTH_CLASSES))
        lengths.append(GapLengths(name, len(hours), int(hours.sum()), counts.tolist()))
        candidates = gaps.sort_by([("hours", "descending"), ("first", "ascending"), ("stnId", "ascending")])
        longest += [
            _Gap(name, *(row[key] for key in ("stnId", "first", "last", "hours")))
            for row in candidates.slice(0, CANDIDATES).to_pylist()
        ]
    longest.sort(key=lambda gap: (-gap.hours, gap.first, gap.station, fields.index(gap.field)))
    chosen: list[_Gap] = []
    for gap in longest:
        at_once = (one for one in chosen if one.station == gap.station and one.first <= gap.last)
        if len(chosen) < LONGEST and not any(gap.first <= one.last for one in at_once):
            chosen.append(gap)
    return WeatherGaps(lengths, [_with_hours_around(database, gap, fields) for gap in chosen])


def _with_hours_around(database: Database, gap: _Gap, fields: list[str]) -> LongGap:
    around = timedelta(hours=max(HOURS_AROUND, gap.hours // 4))
    interval = [gap.field + suffix for suffix in (LOW_SUFFIX, HIGH_SUFFIX)]
    stored = set(interval) <= set(database.columns(WEATHER_ASOS))
    rows = database.read(
        WEATHER_ASOS,
        ["stnNm", "tm", gap.field, *map(provenance_column, fields), *(interval if stored else ())],
        [("stnId", "=", gap.station), ("tm", ">=", gap.first - around), ("tm", "<=", gap.last + around)],
    ).sort_by("tm")
    stamps = rows.column("tm").to_numpy()
    within = (stamps >= np.datetime64(gap.first)) & (stamps <= np.datetime64(gap.last))
    codes = rows.column(provenance_column(gap.field)).fill_null(Provenance.OBSERVED.value).to_numpy()
    counts = np.bincount(codes[within], minlength=len(Provenance))
    step = ceil(rows.num_rows / MOST_POINTS)
    shown = rows.take(np.arange(0, rows.num_rows, step))
    return LongGap(
        gap.station,
        str(rows.column("stnNm")[0].as_py() or gap.station),
        gap.field,
        gap.first,
        gap.last,
        gap.hours,
        {method.label: int(counts[method]) for method in Provenance if counts[method]},
        [
            name
            for name in fields
            if name != gap.field and is_fill(rows.column(provenance_column(name))).to_numpy()[within].any()
        ],
        step,
        shown.column("tm").to_pylist(),
        shown.column(gap.field).to_pylist(),
        codes[::step].tolist(),
        *(shown.column(name).to_pylist() if stored else [] for name in interval),
    )
