"""The pipeline of `before.py` with this package: the same tables, the same rows."""

import os
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from prefect import flow

from energy_data_layer import collect_weather, run_wind

STATIONS = (108, 159)


@flow
def daily_weather(first: date, last: date) -> str:
    """Fetch, complete, fill and store the hours of some days; return how it ended."""
    report = collect_weather(
        os.environ["EDL_DATABASE_URL"], since=first, until=last, stations=STATIONS, method="spline_climatology"
    )
    return report.status


@flow
def backfill(first: date, last: date) -> str:
    """Fetch and store the hours of the wind farms; return how it ended."""
    return run_wind(os.environ["EDL_DATABASE_URL"], since=first, until=last).status


if __name__ == "__main__":
    yesterday = datetime.now(ZoneInfo("Asia/Seoul")).date() - timedelta(days=1)
    daily_weather(yesterday - timedelta(days=30), yesterday)
    backfill(yesterday - timedelta(days=60), yesterday)
