"""Shapes of the page's pictures: paths of calendars and of gaps, and the ticks of their axes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil, floor, log10
from typing import TYPE_CHECKING

from energy_data_layer.core.provenance import Provenance

from .coverage import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .coverage import SeriesCoverage, Stretch, TableCoverage
    from .weather_gaps import LongGap

STRIP_HEIGHT = 18
WIDEST_STRIP = 520
DAYS_SHOWN_EACH = 92
"""Up to this many days a strip has a cell for each of them, else for each month."""

YEAR_HEIGHT, DAY_HEIGHT, DAY_WIDTH = 16, 13, 1.2
YEAR_LABEL = 38
MONTHS_LABEL = 16

PANEL_WIDTH, PANEL_HEIGHT = 400, 180
LEFT, RIGHT, TOP, BOTTOM = 42, 8, 8, 24

_MARK = 3.0
_SHAPES = {
    Provenance.SPLINE: "a3 3 0 1 0 6 0a3 3 0 1 0-6 0",
    Provenance.LINEAR: "v-3h6v6h-6z",
    Provenance.NEAREST: "l3-3 3 6h-6z",
    Provenance.CLIMATOLOGY: "l3-3 3 3-3 3z",
    Provenance.STATION_MEAN: "l0-3h6l-3 6z",
    Provenance.GLOBAL_MEAN: "v-1h2v-2h2v2h2v2h-2v2h-2v-2h-2z",
}
"""A mark per method, drawn from the middle of its left side: none is told by its colour alone."""


@dataclass(frozen=True)
class Shape:
    """Everything of one kind in a picture: its class, and its path."""

    kind: str
    path: str


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where, and what is written there."""

    at: float
    text: str


@dataclass(frozen=True)
class Strip:
    """A row of cells, one for each month or day."""

    width: float
    shapes: list[Shape]


@dataclass(frozen=True)
class Calendar:
    """A row per year with a cell per day; the shapes are in days, beside and below the labels."""

    width: float
    height: float
    years: list[Tick]
    months: list[Tick]
    shapes: list[Shape]


@dataclass(frozen=True)
class Panel:
    """A gap with the hours around it, on axes."""

    x_ticks: list[Tick]
    y_ticks: list[Tick]
    gaps: str
    line: str
    marks: list[Shape]


def shows_days(table: TableCoverage) -> bool:
    """Return whether the period of a table is short enough for a cell per day."""
    return (table.last - table.first).days < DAYS_SHOWN_EACH


def strip(series: SeriesCoverage, table: TableCoverage) -> Strip:
    """Return a series as a row of cells over the period of its table."""
    cell = _cell_width(table)
    shapes: dict[str, list[str]] = {}
    for stretch in series.days if shows_days(table) else series.months:
        x = _cell(stretch.first, table) * cell
        shapes.setdefault(stretch.state, []).append(_box(x, 0, stretch.length * cell, STRIP_HEIGHT))
    return Strip(_cells(table) * cell, _joined(shapes))


def strip_ticks(table: TableCoverage) -> list[Tick]:
    """Return where years begin in the strips of a table, or days where it shows days."""
    cell = _cell_width(table)
    if shows_days(table):
        first, *others = range(0, _cells(table), max(1, ceil(80 / cell)))
        days = [Tick(day * cell, f"{table.first + timedelta(days=day):%m-%d}") for day in others]
        return [Tick(first * cell, str(table.first)), *days]
    years = range(table.first.year, table.last.year + 1)
    every = max(1, ceil(36 / (12 * cell)))
    starts = [(year, max(date(year, 1, 1), table.first)) for year in years[::every]]
    return [Tick(_cell(day, table) * cell, str(year)) for year, day in starts]


def calendar(series: SeriesCoverage) -> Calendar:
    """Return every day of a series."""
    first, last = series.days[0].first, _last_day(series.days[-1])
    shapes: dict[str, list[str]] = {}
    for stretch in _by_year(series.days):
        x = (stretch.first - date(stretch.first.year, 1, 1)).days
        y = (stretch.first.year - first.year) * YEAR_HEIGHT
        shapes.setdefault(stretch.state, []).append(_box(x, y, stretch.length, DAY_HEIGHT))
    years = range(first.year, last.year + 1)
    starts = [(date(2024, month, 1) - date(2024, 1, 1)).days for month in range(1, 13)]
    return Calendar(
        YEAR_LABEL + 366 * DAY_WIDTH,
        MONTHS_LABEL + len(years) * YEAR_HEIGHT,
        [Tick(MONTHS_LABEL + (year - first.year) * YEAR_HEIGHT, str(year)) for year in years],
        [Tick(YEAR_LABEL + day * DAY_WIDTH, str(month)) for month, day in enumerate(starts, 1)],
        _joined(shapes),
    )


def panels(gap: LongGap) -> tuple[Panel, Panel]:
    """Return a gap before and after it was filled, on the same axes."""
    first, last = gap.stamps[0], gap.stamps[-1]
    span = max((last - first).total_seconds(), 1.0)
    present = [value for value in gap.values if value is not None]
    y_values = nice_ticks(min(present, default=0.0), max(present, default=1.0))
    low, high = y_values[0], y_values[-1]

    def x(stamp: datetime) -> float:
        return LEFT + (stamp - first).total_seconds() / span * (PANEL_WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return PANEL_HEIGHT - BOTTOM - (value - low) / (high - low) * (PANEL_HEIGHT - TOP - BOTTOM)

    points = [
        (x(stamp), None if value is None else y(value), code)
        for stamp, value, code in zip(gap.stamps, gap.values, gap.codes, strict=True)
    ]
    hour = (PANEL_WIDTH - LEFT - RIGHT) * 3600 * gap.step / span
    boxes = "".join(
        _box(begin - hour / 2, TOP, width + hour, PANEL_HEIGHT - TOP - BOTTOM) for begin, width in _gaps(points)
    )
    x_ticks = [Tick(x(day), f"{day:%m-%d}") for day in _midnights(first, last)]
    y_ticks = [Tick(y(value), f"{value:g}") for value in y_values]
    marks: dict[str, list[str]] = {}
    for place, height, code in points:
        if height is not None and code in _SHAPES:
            method = Provenance(code)
            marks.setdefault(method.label, []).append(f"M{_short(place - _MARK)} {_short(height)}{_SHAPES[method]}")
    line = _line(points)
    return Panel(x_ticks, y_ticks, boxes, line, []), Panel(x_ticks, y_ticks, boxes, line, _joined(marks))


def method_mark(method: str) -> str:
    """Return the mark of a method as a path in a box of 8 by 8, empty for an observation."""
    shape = _SHAPES.get(Provenance[method.upper()])
    return f"M1 4{shape}" if shape else ""


def nice_ticks(low: float, high: float) -> list[float]:
    """Return three to seven round numbers from below `low` to above `high`.

    Examples
    --------
    >>> nice_ticks(-3.2, 17.0)
    [-10.0, 0.0, 10.0, 20.0]
    """
    if high <= low:
        low, high = low - 1, high + 1
    rough = (high - low) / 4
    power = 10.0 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    return [round(number * step, 12) for number in range(floor(low / step), ceil(high / step) + 1)]


def _cells(table: TableCoverage) -> int:
    return _cell(table.last, table) + 1


def _cell(day: date, table: TableCoverage) -> int:
    """Return the position of a day, or of its month, among the cells of a table."""
    if shows_days(table):
        return (day - table.first).days
    return (day.year - table.first.year) * 12 + day.month - table.first.month


def _cell_width(table: TableCoverage) -> float:
    return max(3.0, min(24.0, floor(WIDEST_STRIP / _cells(table) * 2) / 2))


def _last_day(stretch: Stretch) -> date:
    return stretch.first + timedelta(days=stretch.length - 1)


def _by_year(days: Iterable[Stretch]) -> Iterator[Stretch]:
    """Cut stretches of days where a year ends."""
    for stretch in days:
        if stretch.state == State.OUTSIDE.label:
            continue
        first, left = stretch.first, stretch.length
        while left:
            length = min(left, (date(first.year, 12, 31) - first).days + 1)
            yield type(stretch)(first, length, stretch.state)
            first, left = first + timedelta(days=length), left - length


def _midnights(first: datetime, last: datetime) -> list[datetime]:
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    every = timedelta(days=max(1, ceil(((last - midnight).days + 1) / 5)))
    found = []
    while midnight <= last:
        found.append(midnight)
        midnight += every
    return found


def _gaps(points: list[tuple[float, float | None, int]]) -> list[tuple[float, float]]:
    """Return begin and width of each run of points that are not observed."""
    found: list[tuple[float, float]] = []
    previous_is_fill = False
    for place, _, code in points:
        is_fill = code != Provenance.OBSERVED
        if is_fill and previous_is_fill:
            begin, _ = found.pop()
            found.append((begin, place - begin))
        elif is_fill:
            found.append((place, 0.0))
        previous_is_fill = is_fill
    return found


def _line(points: list[tuple[float, float | None, int]]) -> str:
    """Return the line of the observations; it breaks where there is none."""
    parts = []
    pen_is_down = False
    for place, height, code in points:
        if code != Provenance.OBSERVED or height is None:
            pen_is_down = False
            continue
        parts.append(f"{'L' if pen_is_down else 'M'}{_short(place)} {_short(height)}")
        if not pen_is_down:
            parts.append("h0")  # with round ends a lone observation is a dot
        pen_is_down = True
    return "".join(parts)


def _box(x: float, y: float, width: float, height: float) -> str:
    return f"M{_short(x)} {_short(y)}h{_short(width)}v{_short(height)}h-{_short(width)}z"


def _joined(shapes: dict[str, list[str]]) -> list[Shape]:
    return [Shape(kind, "".join(paths)) for kind, paths in shapes.items()]


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
