"""Shapes of the page's pictures: paths of calendars and of gaps, the ticks of their axes, what the script reads."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import groupby
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Any, NamedTuple

from energy_data_layer.core.provenance import Provenance

from .coverage import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .coverage import SeriesCoverage, Stretch, TableCoverage
    from .weather import LongGap

STRIP_HEIGHT = 18
WIDEST_STRIP = 480
DAYS_SHOWN_EACH = 92
"""Up to this many days a strip has a cell for each of them, else for each month."""

YEAR_HEIGHT, DAY_HEIGHT, DAY_WIDTH = 16, 13, 1.2
YEAR_LABEL = 38
MONTHS_LABEL = 16

PANEL_WIDTH, PANEL_HEIGHT = 400, 180
LEFT, RIGHT, TOP, BOTTOM = 46, 20, 8, 24
_INNER_HEIGHT = PANEL_HEIGHT - TOP - BOTTOM

_MARK = 3.0
_SHAPES = {
    Provenance.SPLINE: "a3 3 0 1 0 6 0a3 3 0 1 0-6 0",
    Provenance.LINEAR: "v-3h6v6h-6z",
    Provenance.NEAREST: "l3-3 3 6h-6z",
    Provenance.CLIMATOLOGY: "l3-3 3 3-3 3z",
    Provenance.STATION_MEAN: "l0-3h6l-3 6z",
    Provenance.GLOBAL_MEAN: "v-1h2v-2h2v2h2v2h-2v2h-2v-2h-2z",
    Provenance.OPTIMAL_INTERPOLATION: "v-1.5h6v3h-6z",
    Provenance.OPTIMAL_INTERPOLATION_NEIGHBOURS: "m0-2l1-1l2 2l2-2l1 1l-2 2l2 2l-1 1l-2-2l-2 2l-1-1l2-2z",
    Provenance.BORROWED_CLIMATOLOGY: "l6-3v6z",
}
"""A mark per method, drawn from the middle of its left side: none is told by its colour alone."""

MARKS_IN_A_PANEL = 40

Ticks = list[tuple[float, str]]
"""Marks on an axis: where, and what is written there."""

Shapes = dict[str, str]
"""What a picture shows: the path of each kind."""


def shows_days(table: TableCoverage) -> bool:
    """Return whether the period of a table is short enough for a cell per day."""
    return (table.last - table.first).days < DAYS_SHOWN_EACH


def strip(series: SeriesCoverage, table: TableCoverage) -> Shapes:
    """Return a series as a row of cells over the period of its table, one for each month or day."""
    cell = cell_width(table)
    stretches = series.days if shows_days(table) else series.months
    return _joined(
        (one.state, _box(_cell(one.first, table) * cell, 0, one.length * cell, STRIP_HEIGHT)) for one in stretches
    )


def strip_width(table: TableCoverage) -> float:
    """Return how wide the strips of a table are."""
    return _cells(table) * cell_width(table)


def strip_ticks(table: TableCoverage) -> Ticks:
    """Return where years begin in the strips of a table, or days where it shows days."""
    cell = cell_width(table)
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


def panel(gap: LongGap) -> dict[str, Any]:
    """Return a gap with the hours around it: observations, and fills with their intervals joined to the gap's edges."""
    first, last = gap.stamps[0], gap.stamps[-1]
    span = max((last - first).total_seconds(), 1.0)
    present = [value for value in (*gap.values, *gap.low, *gap.high) if value is not None]
    y_values = nice_ticks(min(present, default=0.0), max(present, default=1.0))
    low, high = y_values[0], y_values[-1]

    def x(stamp: datetime) -> float:
        return LEFT + (stamp - first).total_seconds() / span * (PANEL_WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return PANEL_HEIGHT - BOTTOM - (value - low) / (high - low) * _INNER_HEIGHT

    hours = list(_hours(gap, x, y))
    wide = x(first + timedelta(hours=gap.step)) - LEFT
    boxes, bands, fills, marks = list[str](), list[str](), list[tuple[str, str]](), list[tuple[str, str]]()
    for begin, end in _runs(one.code != Provenance.OBSERVED for one in hours):
        boxes.append(_box(hours[begin].x - wide / 2, TOP, hours[end - 1].x - hours[begin].x + wide, _INNER_HEIGHT))
        bands.append(_band(hours[max(begin - 1, 0) : end + 1]))
        for method, shape in _SHAPES.items():
            for start, stop in _runs(one.code == method for one in hours[begin:end]):
                # A line goes on to the values on both sides: the edges of the gap, or fills of another method.
                fills.append((method.label, _line(hours[max(begin + start - 1, 0) : begin + stop + 1])))
                shown = hours[begin + start : begin + stop : ceil(len(hours) / MARKS_IN_A_PANEL)]
                marks += [
                    (method.label, f"M{_short(one.x - _MARK)} {_short(one.y)}{shape}")
                    for one in shown
                    if one.y is not None
                ]
    return {
        "x_ticks": [(x(day), f"{day:%m-%d}") for day in _midnights(first, last)],
        "y_ticks": [(y(value), f"{value:g}") for value in y_values],
        "gaps": "".join(boxes),
        "band": "".join(bands),
        "line": _line(one if one.code == Provenance.OBSERVED else one._replace(y=None) for one in hours),
        "fills": _joined(fills),
        "marks": _joined(marks),
        "points": _points(gap),
        "frame": f"{LEFT} {PANEL_WIDTH - RIGHT} {TOP} {PANEL_HEIGHT - BOTTOM} {low:g} {high:g}",
    }


def methods_of(gaps: Iterable[LongGap]) -> set[int]:
    """Return the codes of the methods that pictures of gaps show."""
    return {code for gap in gaps for code in gap.codes} - {Provenance.OBSERVED}


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


def cell_width(table: TableCoverage) -> float:
    """Return how wide a day or a month of a table is."""
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


class _Hour(NamedTuple):
    """Where an hour is drawn, None where it has no value; the interval of an observation is itself."""

    x: float
    y: float | None
    code: int
    low: float | None
    high: float | None


def _hours(gap: LongGap, x: Callable[[datetime], float], y: Callable[[float], float]) -> Iterator[_Hour]:
    """Give the hours of a picture, and one without a value where rows are absent: no line crosses them."""
    nothing = [None] * len(gap.values)
    before = gap.stamps[0]
    for stamp, value, code, *interval in zip(
        gap.stamps, gap.values, gap.codes, gap.low or nothing, gap.high or nothing, strict=True
    ):
        if stamp - before > timedelta(hours=gap.step):
            yield _Hour(x(before), None, Provenance.OBSERVED, None, None)
        before = stamp
        bounds = (value, value) if code == Provenance.OBSERVED else interval
        heights = [None if number is None else y(number) for number in (value, *bounds)]
        yield _Hour(x(stamp), heights[0], code, heights[1], heights[2])


def _runs(wanted: Iterable[bool]) -> Iterator[tuple[int, int]]:
    """Give begin and end of each run of wanted positions."""
    for is_wanted, run in groupby(enumerate(wanted), lambda one: one[1]):
        if is_wanted:
            positions = [position for position, _ in run]
            yield positions[0], positions[-1] + 1


def _band(hours: list[_Hour]) -> str:
    """Return the area between the bounds of hours that have an interval."""
    path = ""
    for begin, end in _runs(one.low is not None and one.high is not None for one in hours):
        if end - begin > 1:
            upper = [f"{_short(one.x)} {_short(one.high)}" for one in hours[begin:end] if one.high is not None]
            lower = [f"{_short(one.x)} {_short(one.low)}" for one in hours[begin:end] if one.low is not None]
            path += f"M{upper[0]}L{' '.join([*upper[1:], *lower[::-1]])}z"
    return path


def _points(gap: LongGap) -> str:
    """Return the hours for the script: hour from the first one, value, and of a fill its code and interval."""
    low, high = (side or [None] * len(gap.values) for side in (gap.low, gap.high))
    points = []
    for stamp, value, code, *interval in zip(gap.stamps, gap.values, gap.codes, low, high, strict=True):
        hour = (stamp - gap.stamps[0]) // timedelta(hours=1)
        numbers = ["" if number is None else f"{round(number, 2):.7g}" for number in (value, *interval)]
        points.append(f"{hour},{numbers[0]}" + (f",{code},{numbers[1]},{numbers[2]}".rstrip(",") if code else ""))
    return " ".join(points)


def _line(hours: Iterable[_Hour]) -> str:
    """Return the line through hours; it breaks where there is no value."""
    path = ""
    for is_there, run in groupby(hours, lambda one: one.y is not None):
        if is_there:
            first, *further = (f"{_short(one.x)} {_short(one.y)}" for one in run if one.y is not None)
            # With round ends a lone observation is a dot.
            path += f"M{first}L{' '.join(further)}" if further else f"M{first}h0"
    return path


def _box(x: float, y: float, width: float, height: float) -> str:
    return f"M{_short(x)} {_short(y)}h{_short(width)}v{_short(height)}h-{_short(width)}z"


def _joined(shapes: Iterable[tuple[str, str]]) -> Shapes:
    paths: dict[str, list[str]] = {}
    for kind, path in shapes:
        paths.setdefault(kind, []).append(path)
    return {kind: "".join(parts) for kind, parts in paths.items()}


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
