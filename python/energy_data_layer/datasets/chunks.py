"""Days cut into the pieces that a service answers in one go."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from energy_data_layer.core.clock import KST
from energy_data_layer.datasets.dataset import Chunk
from energy_data_layer.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from energy_data_layer.datasets.dataset import Dataset

LONGEST_BRIDGED_GAP = 3
"""Complete days between two incomplete ones that are fetched again rather than asking twice."""

_DAY = timedelta(days=1)


def compact_day(text: str) -> date:
    """Return the day of a text ``YYYYMMDD``."""
    return datetime.strptime(text, "%Y%m%d").replace(tzinfo=KST).date()


def days_apart(first: date, last: date, most: int) -> Iterator[tuple[date, date]]:
    """Cut a range into pieces of at most so many days.

    Examples
    --------
    >>> [str(piece[1]) for piece in days_apart(date(2024, 1, 1), date(2024, 1, 5), 2)]
    ['2024-01-02', '2024-01-04', '2024-01-05']
    """
    while first <= last:
        end = min(last, first + timedelta(days=most - 1))
        yield first, end
        first = end + _DAY


def months(first: date, last: date) -> Iterator[tuple[date, date]]:
    """Cut a range at the ends of the months.

    Examples
    --------
    >>> [str(piece[0]) for piece in months(date(2024, 1, 30), date(2024, 3, 1))]
    ['2024-01-30', '2024-02-01', '2024-03-01']
    """
    while first <= last:
        end = min(last, (first.replace(day=1) + timedelta(days=31)).replace(day=1) - _DAY)
        yield first, end
        first = end + _DAY


def years(first: date, last: date) -> Iterator[tuple[date, date]]:
    """Cut a range at the ends of the years.

    Examples
    --------
    >>> [str(piece[0]) for piece in years(date(2022, 12, 31), date(2024, 1, 1))]
    ['2022-12-31', '2023-01-01', '2024-01-01']
    """
    while first <= last:
        end = min(last, date(first.year, 12, 31))
        yield first, end
        first = end + _DAY


def chunks_of_range(
    dataset: Dataset, since: date, until: date, series: Iterable[Iterable[object]] = ((),)
) -> list[Chunk]:
    """Return what to ask for whole ranges, series by series.

    Parameters
    ----------
    dataset : Dataset
        The dataset.
    since, until : date
        The days, both included.
    series : iterable of tuple
        The stations or plants; by default the one request that is answered for all.

    Raises
    ------
    OptionError
        If the range ends before it begins.

    Examples
    --------
    >>> from energy_data_layer.datasets.kospo_solar import KOSPO_SOLAR
    >>> [chunk.label for chunk in chunks_of_range(KOSPO_SOLAR, date(2023, 12, 1), date(2024, 2, 29), [("997D", 1)])]
    ['nambu_solar 997D 1 2023-12-01..2023-12-31', 'nambu_solar 997D 1 2024-01-01..2024-02-29']
    """
    if until < since:
        raise OptionError(f"the range ends before it begins: since is {since}, until is {until}")
    pieces = list(dataset.service.pieces(since, until))
    keys = dict.fromkeys(tuple(map(str, key)) for key in series)
    return [Chunk(dataset.name, key, *piece) for key in keys for piece in pieces]


def chunks_of_days(dataset: Dataset, keys_and_days: Iterable[tuple[Iterable[object], date]]) -> list[Chunk]:
    """Return few chunks that hold all the days; days with at most three others between them share one.

    Parameters
    ----------
    dataset : Dataset
        The dataset.
    keys_and_days : iterable of (tuple, date)
        The days of stations or plants, in any order, also more than once.

    Examples
    --------
    >>> from energy_data_layer.datasets.asos import ASOS
    >>> january = [((108,), date(2024, 1, day)) for day in (1, 2, 6, 20)]
    >>> [chunk.label for chunk in chunks_of_days(ASOS, january)]
    ['asos 108 2024-01-01..2024-01-06', 'asos 108 2024-01-20..2024-01-20']
    """
    days_of: dict[tuple[str, ...], set[date]] = {}
    for key, day in keys_and_days:
        days_of.setdefault(tuple(map(str, key)), set()).add(day)
    return [
        Chunk(dataset.name, key, *piece)
        for key, days in days_of.items()
        for run in _runs(sorted(days))
        for piece in dataset.service.pieces(*run)
    ]


def _runs(days: list[date]) -> Iterator[tuple[date, date]]:
    first = last = days[0]
    for day in days[1:]:
        if (day - last).days - 1 > LONGEST_BRIDGED_GAP:
            yield first, last
            first = day
        last = day
    yield first, last
