"""The days that a job is about, as its options say them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from energy_data_layer.errors import OptionError

ONE_DAY = timedelta(days=1)


def day_of(option: str, value: str | date) -> date:
    """Return a day that an option names.

    Raises
    ------
    OptionError
        If it is none.

    Examples
    --------
    >>> day_of("since", "2024-02-29")
    datetime.date(2024, 2, 29)
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise OptionError(f'{option} is "{value}"; write a day as 2024-01-31') from error


def days_of_month(month: str) -> tuple[date, date]:
    """Return the first and the last day of a month.

    Raises
    ------
    OptionError
        If it is no month.

    Examples
    --------
    >>> days_of_month("2024-02")
    (datetime.date(2024, 2, 1), datetime.date(2024, 2, 29))
    """
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError as error:
        raise OptionError(f'month is "{month}"; write it as 2024-01') from error
    return first, (first + timedelta(days=31)).replace(day=1) - ONE_DAY


def month_before(today: date) -> tuple[date, date]:
    """Return the first and the last day of the month before today's.

    Examples
    --------
    >>> month_before(date(2025, 1, 10))
    (datetime.date(2024, 12, 1), datetime.date(2024, 12, 31))
    """
    last = today.replace(day=1) - ONE_DAY
    return last.replace(day=1), last


def last_days(since: date | None, until: date | None, days: int, *, newest: date) -> tuple[date, date]:
    """Return the days from `since` to `until`, both included; by default the last `days` ones up to `newest`.

    Examples
    --------
    >>> last_days(None, None, 7, newest=date(2024, 3, 9))
    (datetime.date(2024, 3, 3), datetime.date(2024, 3, 9))
    """
    last = until or newest
    return since or last - timedelta(days=days - 1), last


def period(since: str | date | None, until: str | date | None, *, newest: date) -> tuple[date, date]:
    """Return the days from `since` to `until`, both included and both `newest` by default.

    Raises
    ------
    OptionError
        If a day cannot be read, the period is empty, or it ends after `newest`, the last day that the
        service has.

    Examples
    --------
    >>> period("2024-03-01", None, newest=date(2024, 3, 2))
    (datetime.date(2024, 3, 1), datetime.date(2024, 3, 2))
    """
    last = newest if until is None else day_of("until", until)
    first = last if since is None else day_of("since", since)
    if first > last:
        raise OptionError(f"since ({first}) is after until ({last})")
    if last > newest:
        raise OptionError(f"{last} is not available yet; data ends on {newest}")
    return first, last
