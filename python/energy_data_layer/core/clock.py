"""The time of the services, which is that of Korea."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

KST = timezone(timedelta(hours=9), "KST")
"""The time zone of the services; it has no summer time."""


def today_in_korea() -> date:
    """Return the day that it is in Korea, where the services are."""
    return datetime.now(KST).date()
