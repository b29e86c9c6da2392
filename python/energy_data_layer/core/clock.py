"""The time of the services, which is that of Korea, and the time that runs are noted with, which is UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

KST = timezone(timedelta(hours=9), "KST")
"""The time zone of the services; it has no summer time."""


def today_in_korea() -> date:
    """Return the day that it is in Korea, where the services are."""
    return datetime.now(KST).date()


def now_in_korea() -> datetime:
    """Return the moment in Korea as observations are stamped, without a time zone."""
    return datetime.now(KST).replace(tzinfo=None)


def utc_now() -> datetime:
    """Return the moment in UTC as databases store it, without a time zone."""
    return datetime.now(UTC).replace(tzinfo=None)
