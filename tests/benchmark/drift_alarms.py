"""How many months that nobody doubts would be told, and how many with a fault: real files, or made-up ones."""

from __future__ import annotations

import os
import tempfile
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from energy_data_layer.errors import DataLayerError
from energy_data_layer.files.weather import read_asos_files
from energy_data_layer.jobs.drift.distributions import LEAST_DAYS, LEAST_YEARS, Month, judge
from energy_data_layer.jobs.generation.from_files import run_generation
from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, write_asos_sample
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.migrations import migrate
from energy_data_layer.storage.monthly_statistics import daily_values, of_months, watched_fields
from energy_data_layer.storage.tables import GENERATION_HOURLY, WEATHER_ASOS, WEATHER_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

REAL = Path(os.environ.get("EDL_REAL_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
DAYS = (LEAST_DAYS, 10, 20, 31)
"""Days of a month that are judged: the month to date, and the whole one."""


def _scaled(month: Month, factor: float) -> Month:
    values = {name: getattr(month, name) for name in ("median", "spread", "magnitude")}
    return month._replace(**{name: None if value is None else value * factor for name, value in values.items()})


FAULTS: dict[str, Callable[[Month], Month]] = {
    "nothing": lambda month: month,
    "+ 10": lambda month: month._replace(median=(month.median or 0) + 10),
    "/ 4": lambda month: _scaled(month, 1 / 4),
    "/ 10": lambda month: _scaled(month, 1 / 10),
    "x 100": lambda month: _scaled(month, 100),
    "x 1000": lambda month: _scaled(month, 1000),
    "/ 1000": lambda month: _scaled(month, 1 / 1000),
    "all zero": lambda month: month._replace(median=0.0, spread=0.0, magnitude=None),
    "stuck": lambda month: month._replace(spread=0.0),
}


def judged(database: Database, table: str, field: str, days_to_date: int) -> Iterator[tuple[Month, list[Month]]]:
    """Return each month's first days that have a history, with all other months of the series."""
    days = daily_values(database, table, date(1, 1, 1), date(9999, 1, 1))
    to_date = days[days["day"].map(lambda day: day.day) <= days_to_date]
    whole = _months(days, table, field)
    for subject, months in _months(to_date, table, field).items():
        for one in months:
            others = [other for other in whole[subject] if other.month != one.month]
            years = [other for other in others if other.month.month == one.month.month and other.days >= LEAST_DAYS]
            if one.days_observed >= LEAST_DAYS and len(years) >= LEAST_YEARS:
                yield one, others


def _months(days: pd.DataFrame, table: str, field: str) -> dict[str, list[Month]]:
    found: dict[str, list[Month]] = defaultdict(list)
    months = of_months(days, field, watched_fields(table)[field])[["subject", *Month._fields]]
    for subject, month, *figures in months.itertuples(index=False):
        found[subject].append(Month(month.date(), *(None if figure != figure else figure for figure in figures)))
    return found


def show(database: Database, table: str) -> None:
    """Print how many months of each field are told, as they are and with a fault."""
    print(f"{table} {'field':<8} {'days':>4} {'months':>7} {''.join(f'{fault:>10}' for fault in FAULTS)}")
    for field, daily in watched_fields(table).items():
        for days in DAYS:
            told: Counter[str] = Counter()
            months = list(judged(database, table, field, days))
            for one, others in months:
                found = {name: judge(fault(one), others, is_amount=daily.is_amount) for name, fault in FAULTS.items()}
                told.update(name for name, kind in found.items() if kind is not None)
            counts = "".join(f"{told[name]:>10,}" for name in FAULTS)
            print(f"{' ' * len(table)} {field:<8} {days:>4} {len(months):>7,} {counts}")


def main() -> None:
    """Print the figures of weather, and where the real files are also of generation."""
    with tempfile.TemporaryDirectory() as name:
        url = f"duckdb:///{name}/alarms.duckdb"
        files = sorted((REAL / "asos_hourly").glob("*.csv"))
        kind = "published" if files else "made-up"
        files = files or write_asos_sample(name, stations=SAMPLE_STATIONS, since=date(2016, 1, 1))
        with Database.connect(url) as database:
            migrate(database)
            rows = read_asos_files(files).table
            database.upsert(WEATHER_ASOS, rows.select([*WEATHER_KEY, *watched_fields(WEATHER_ASOS)]), WEATHER_KEY)
            print(f"{len(files)} {kind} files of observations, {rows.num_rows:,} hours")
            show(database, WEATHER_ASOS)
        published = sorted((REAL / "generation_wide").glob("*.csv"))
        for path in published:
            try:
                run_generation(path, url)
            except DataLayerError as error:
                print(f"left out: {error}")
        if published:
            with Database.connect(url) as database:
                print(f"{len(published)} published files of generation")
                show(database, GENERATION_HOURLY)


if __name__ == "__main__":
    main()
