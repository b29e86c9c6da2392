"""Days cut into the pieces that a service answers in one go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from energy_data_layer.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Split = Callable[[date, date], Iterator[tuple[date, date]]]

KST = timezone(timedelta(hours=9), "KST")
"""The time zone of the services; it has no summer time."""

LONGEST_BRIDGED_GAP = 3
"""Complete days between two incomplete ones that are fetched again rather than asking twice."""

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Chunk:
    """Days that are asked for together.

    Attributes
    ----------
    service : str
        The service.
    key : tuple of str
        Whose days: a station, a plant and its unit, or nothing where the service answers for all at once.
    first, last : date
        The days, both included.

    Examples
    --------
    >>> Chunk("nambu_solar", ("997D", "1"), date(2024, 1, 1), date(2024, 1, 31)).label
    'nambu_solar 997D 1 2024-01-01..2024-01-31'
    """

    service: str
    key: tuple[str, ...]
    first: date
    last: date

    @property
    def label(self) -> str:
        """The chunk as messages and reports name it."""
        return " ".join((self.service, *self.key, f"{self.first}..{self.last}"))

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


def today_in_korea() -> date:
    """Return the day that it is in Korea, where the services are."""
    return datetime.now(KST).date()


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
    service: str, keys: Iterable[tuple[str, ...]], since: date, until: date, split: Split
) -> list[Chunk]:
    """Return the chunks of whole ranges, key by key.

    Raises
    ------
    OptionError
        If the range ends before it begins.
    """
    if until < since:
        raise OptionError(f"the range ends before it begins: since is {since}, until is {until}")
    pieces = list(split(since, until))
    return [Chunk(service, key, *piece) for key in dict.fromkeys(keys) for piece in pieces]


def chunks_of_days(service: str, keys_and_days: Iterable[tuple[tuple[str, ...], date]], split: Split) -> list[Chunk]:
    """Return few chunks that hold all the days; neighbouring days share one.

    Parameters
    ----------
    service : str
        The service.
    keys_and_days : iterable of (tuple of str, date)
        The days, in any order, also more than once.
    split : callable
        Cuts a range into what the service answers in one go.

    Examples
    --------
    >>> january = [(("108",), date(2024, 1, day)) for day in (1, 2, 6, 20)]
    >>> [chunk.label for chunk in chunks_of_days("asos", january, months)]
    ['asos 108 2024-01-01..2024-01-06', 'asos 108 2024-01-20..2024-01-20']
    """
    days_of: dict[tuple[str, ...], set[date]] = {}
    for key, day in keys_and_days:
        days_of.setdefault(key, set()).add(day)
    return [
        Chunk(service, key, *piece)
        for key, days in days_of.items()
        for run in _runs(sorted(days))
        for piece in split(*run)
    ]


def _runs(days: list[date]) -> Iterator[tuple[date, date]]:
    first = last = days[0]
    for day in days[1:]:
        if (day - last).days - 1 > LONGEST_BRIDGED_GAP:
            yield first, last
            first = day
        last = day
    yield first, last
