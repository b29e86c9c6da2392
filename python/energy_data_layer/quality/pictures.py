"""Shapes of the page's pictures: paths of calendars and of gaps, and the ticks of their axes."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import groupby
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Any

from energy_data_layer.core.provenance import Provenance

from .coverage import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .coverage import SeriesCoverage, Stretch, TableCoverage
    from .weather import LongGap

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


Ticks = list[tuple[float, str]]
"""Marks on an axis: where, and what is written there."""

Shapes = dict[str, str]
"""What a picture shows: the path of each kind."""


def shows_days(table: TableCoverage) -> bool:
    """Return whether the period of a table is short enough for a cell per day."""
    return (table.last - table.first).days < DAYS_SHOWN_EACH


def strip(series: SeriesCoverage, table: TableCoverage) -> Shapes:
    """Return a series as a row of cells over the period of its table, one for each month or day."""
    cell = _cell_width(table)
    stretches = series.days if shows_days(table) else series.months
    return _joined(
        (one.state, _box(_cell(one.first, table) * cell, 0, one.length * cell, STRIP_HEIGHT)) for one in stretches
    )


def strip_width(table: TableCoverage) -> float:
    """Return how wide the strips of a table are."""
    return _cells(table) * _cell_width(table)


def strip_ticks(table: TableCoverage) -> Ticks:
    """Return where years begin in the strips of a table, or days where it shows days."""
    cell = _cell_width(table)
    if shows_days(table):
        first, *others = range(0, _cells(table), max(1, ceil(80 / cell)))
        days = [(day * cell, f"{table.first + timedelta(days=day):%m-%d}") for day in others]
        return [(first * cell, str(table.first)), *days]
    years = range(table.first.year, table.last.year + 1)
    every = max(1, ceil(36 / (12 * cell)))
    starts = [(year, max(date(year, 1, 1), table.first)) for year in years[::every]]
    return [(_cell(day, table) * cell, str(year)) for year, day in starts]


def calendar(series: SeriesCoverage) -> dict[str, Any]:
    """Return every day of a series: a row per year with a cell per day, the shapes in days beside the labels."""
    first = series.days[0].first
    final = series.days[-1]
    years = range(first.year, (final.first + timedelta(days=final.length - 1)).year + 1)
    return {
        "width": YEAR_LABEL + 366 * DAY_WIDTH,
        "height": MONTHS_LABEL + len(years) * YEAR_HEIGHT,
        "years": [(MONTHS_LABEL + (year - first.year) * YEAR_HEIGHT, str(year)) for year in years],
        "months": [
            (YEAR_LABEL + (date(2024, month, 1) - date(2024, 1, 1)).days * DAY_WIDTH, str(month))
            for month in range(1, 13)
        ],
        "shapes": _joined(
            (state, _box((day - date(day.year, 1, 1)).days, (day.year - first.year) * YEAR_HEIGHT, length, DAY_HEIGHT))
            for day, length, state in _by_year(series.days)
        ),
    }


def panels(gap: LongGap) -> list[dict[str, Any]]:
    """Return a gap with the hours around it, before and after it was filled, on the same axes."""
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
    runs = groupby(points, lambda point: point[2] == Provenance.OBSERVED)
    gaps = [[place for place, *_ in run] for is_observed, run in runs if not is_observed]
    before = {
        "x_ticks": [(x(day), f"{day:%m-%d}") for day in _midnights(first, last)],
        "y_ticks": [(y(value), f"{value:g}") for value in y_values],
        "gaps": "".join(_box(at[0] - hour / 2, TOP, at[-1] - at[0] + hour, PANEL_HEIGHT - TOP - BOTTOM) for at in gaps),
        "line": _line(points),
        "marks": {},
    }
    marks = _joined(
        (Provenance(code).label, f"M{_short(place - _MARK)} {_short(height)}{_SHAPES[Provenance(code)]}")
        for place, height, code in points
        if height is not None and code in _SHAPES
    )
    return [before, before | {"marks": marks}]


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


def _by_year(days: Iterable[Stretch]) -> Iterator[tuple[date, int, str]]:
    """Return first day, length and state of stretches of days, cut where a year ends."""
    for stretch in days:
        if stretch.state == State.OUTSIDE.label:
            continue
        first, left = stretch.first, stretch.length
        while left:
            length = min(left, (date(first.year, 12, 31) - first).days + 1)
            yield first, length, stretch.state
            first, left = first + timedelta(days=length), left - length


def _midnights(first: datetime, last: datetime) -> Iterator[datetime]:
    midnight = datetime.combine(first, time.min) + timedelta(days=1)
    every = timedelta(days=max(1, ceil(((last - midnight).days + 1) / 5)))
    while midnight <= last:
        yield midnight
        midnight += every


def _line(points: list[tuple[float, float | None, int]]) -> str:
    """Return the line of the observations; it breaks where there is none."""
    parts: list[str] = []
    for is_observed, run in groupby(points, lambda point: point[2] == Provenance.OBSERVED and point[1] is not None):
        if is_observed:
            first, *further = (f"{_short(place)} {_short(height or 0.0)}" for place, height, _ in run)
            # With round ends a lone observation is a dot.
            parts += [f"M{first}h0", *(f"L{one}" for one in further)]
    return "".join(parts)


def _box(x: float, y: float, width: float, height: float) -> str:
    return f"M{_short(x)} {_short(y)}h{_short(width)}v{_short(height)}h-{_short(width)}z"


def _joined(shapes: Iterable[tuple[str, str]]) -> Shapes:
    paths: dict[str, list[str]] = {}
    for kind, path in shapes:
        paths.setdefault(kind, []).append(path)
    return {kind: "".join(parts) for kind, parts in paths.items()}


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
