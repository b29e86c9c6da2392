"""How often months that nobody doubts would be reported: real files where they are, else made-up ones."""

from __future__ import annotations

import os
import tempfile
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

from energy_data_layer.errors import DataLayerError
from energy_data_layer.jobs.distributions import Month, judge
from energy_data_layer.jobs.generation import run_generation
from energy_data_layer.sources.files import read_asos_files
from energy_data_layer.sources.sample_data import SAMPLE_STATIONS, write_asos_sample
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.monthly_statistics import DAILY_VALUES, daily_values, of_months
from energy_data_layer.storage.tables import GENERATION_HOURLY, WEATHER_ASOS, WEATHER_KEY, migrate

REAL = Path(os.environ.get("EDL_REAL_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
ALL_DAYS = 31
DAYS = (5, 10, 20, ALL_DAYS)
"""Days of a month that are judged: a month to date, and the whole one."""


def alarms(database: Database, table: str, days_to_date: int) -> dict[str, Counter[str]]:
    """Judge each month's first days against all other months; return per field how many say what."""
    days = daily_values(database, table, date(1, 1, 1), date(9999, 1, 1))
    to_date = days[days["day"].map(lambda day: day.day) <= days_to_date]
    found: dict[str, Counter[str]] = {}
    for field, daily in DAILY_VALUES[table].items():
        series: dict[str, list[Month]] = defaultdict(list)
        for row in of_months(days, field, daily)[["subject", *Month._fields]].itertuples(index=False):
            series[row.subject].append(_month(row))
        counts = found[field] = Counter()
        for row in of_months(to_date, field, daily)[["subject", *Month._fields]].itertuples(index=False):
            one = _month(row)
            others = [other for other in series[row.subject] if other.month != one.month]
            same = [other for other in others if other.month.month == one.month.month]
            judged = judge(one, others)
            counts["judged"] += one.days_observed >= 5 and len(same) >= 3
            counts[judged[0] if judged else "nothing"] += 1
            if judged and days_to_date == ALL_DAYS:
                print(f"    {row.subject} {one.month:%Y-%m} {field}: {judged[1]}")
    return found


def _month(row: tuple[object, ...]) -> Month:
    values = [None if value != value else value for value in row[1:]]
    return Month(values[0].date(), *values[1:])


def show(database: Database, table: str) -> None:
    """Print the alarms of a table by days to date and field."""
    for days in DAYS:
        for field, counts in alarms(database, table, days).items():
            told = {kind: counts[kind] for kind in ("distribution", "unit_jump")}
            print(f"{table} {field}, first {days} days of a month: {counts['judged']:,} judged, {told}")


def main() -> None:
    """Print what would be reported of files in which nothing changed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = [str(path) for path in sorted((REAL / "asos_hourly").glob("*.csv"))]
        if not files:
            files = [str(path) for path in write_asos_sample(folder, stations=SAMPLE_STATIONS, since=date(2016, 1, 1))]
        print(f"{len(files)} files of ASOS observations, {'real' if REAL.is_dir() else 'made-up'}")
        url = f"duckdb:///{folder}/alarms.duckdb"
        with Database.connect(url) as database:
            migrate(database)
            rows = read_asos_files(files).table
            database.upsert(WEATHER_ASOS, rows.select([*WEATHER_KEY, *DAILY_VALUES[WEATHER_ASOS]]), WEATHER_KEY)
            show(database, WEATHER_ASOS)
        if REAL.is_dir():
            for path in sorted((REAL / "generation_wide").glob("*.csv")):
                try:
                    run_generation([path], url)
                except DataLayerError as error:
                    print(path.name, error)
            with Database.connect(url) as database:
                show(database, GENERATION_HOURLY)


if __name__ == "__main__":
    main()
