"""What each station or plant is like in each month, kept small: against it later months are compared."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from energy_data_layer.core.provenance import is_fill_sql, provenance_column
from energy_data_layer.datasets.registry import dataset_of_table
from energy_data_layer.storage.coverage import hourly_table
from energy_data_layer.storage.names import quoted
from energy_data_layer.storage.tables import (
    MONTHLY_STATISTIC_COLUMNS,
    MONTHLY_STATISTIC_KEY,
    MONTHLY_STATISTICS,
)

if TYPE_CHECKING:
    from energy_data_layer.datasets.dataset import DailyValue
    from energy_data_layer.storage.database import Database

MAD_TO_DEVIATION = 1.4826
"""What makes the median absolute deviation of a normal distribution its standard deviation."""


def watched_fields(table: str) -> dict[str, DailyValue]:
    """Return the fields of a table that are watched, and how."""
    dataset = dataset_of_table(table)
    return {} if dataset is None else {one.name: one.daily for one in dataset.table.columns if one.daily is not None}


def refresh_statistics(database: Database, table: str, first: date, last: date) -> None:
    """Compute the months from `first` to `last` again; all months where the table has none yet.

    Parameters
    ----------
    database : Database
        The database, with its tables made.
    table : str
        A table of hours.
    first, last : date
        Days in the first and the last month.

    Examples
    --------
    >>> from datetime import datetime
    >>> from energy_data_layer.storage.connect import connect
    >>> from energy_data_layer.storage.migrations import migrate
    >>> with connect("duckdb:///:memory:") as database:
    ...     migrate(database)
    ...     hours = [datetime(2024, 3, 1) + timedelta(hours=hour) for hour in range(72)]
    ...     rows = pa.table({"stnId": [108] * 72, "tm": hours, "ta": [4.0] * 24 + [6.0] * 24 + [7.0] * 24})
    ...     _ = database.upsert("weather_asos", rows, ["stnId", "tm"])
    ...     refresh_statistics(database, "weather_asos", date(2024, 3, 1), date(2024, 3, 3))
    ...     database.read("monthly_statistics", ["subject", "field", "days", "median", "spread"]).to_pylist()
    [{'subject': '108', 'field': 'ta', 'days': 3, 'median': 6.0, 'spread': 1.4826}]
    """
    known = database.scalar(f"SELECT count(*) FROM {MONTHLY_STATISTICS} WHERE table_name = $1", [table])  # noqa: S608
    if not known:
        first, last = date(1, 1, 2), date(9999, 1, 1)
    month_after = (last.replace(day=1) + timedelta(days=31)).replace(day=1)
    days = daily_values(database, table, first.replace(day=1), month_after)
    for field, daily in watched_fields(table).items():
        rows = pa.Table.from_pandas(
            of_months(days, field, daily).assign(table_name=table, field=field),
            pa.schema(list(MONTHLY_STATISTIC_COLUMNS.items())),
            preserve_index=False,
        )
        database.upsert(MONTHLY_STATISTICS, rows, MONTHLY_STATISTIC_KEY)


def daily_values(database: Database, table: str, first: date, after: date) -> pd.DataFrame:
    """Return a value per series, day and field, NaN where a day has too few observations; `after` is left out."""
    hourly = hourly_table(table)
    present = database.columns(table)
    fields = watched_fields(table)
    values = ", ".join(
        f"CASE WHEN count({observed}) >= {daily.least_hours} THEN {daily.aggregate}({observed}) END AS {quoted(field)}"
        for field, daily in fields.items()
        for observed in [_observed(field, present)]
    )
    answer = database.query(
        hourly.by_day(values, f" WHERE {hourly.in_period}"), hourly.stamps_of(first, after - timedelta(days=1))
    )
    days: pd.DataFrame = answer.to_pandas().astype({**dict.fromkeys(hourly.key, str), **dict.fromkeys(fields, float)})
    first_name, *further = hourly.key
    days["subject"] = days[first_name].str.cat(days[further], sep=" ").str.strip()
    days["month"] = pd.to_datetime(days["day"]).to_numpy().astype("datetime64[M]").astype("datetime64[us]")
    return days


def _observed(field: str, present: list[str]) -> str:
    """Return the observations of a field in SQL: what was filled says nothing of its source."""
    provenance = provenance_column(field)
    if provenance not in present:
        return quoted(field)
    return f"CASE WHEN NOT {is_fill_sql(quoted(provenance))} THEN {quoted(field)} END"


def of_months(days: pd.DataFrame, field: str, daily: DailyValue) -> pd.DataFrame:
    """Return what one field is like in each month of each series."""
    key = ["subject", "month"]
    values = days.loc[days[field].notna(), [*key, field]].rename(columns={field: "value"})
    values["nonzero"] = values["value"].abs().where(values["value"] != 0)
    taking_part = values["value"] if daily.zero_counts else values["value"].where(values["value"] != 0)
    values["taking_part"] = taking_part
    grouped = values.groupby(key)
    values["deviation"] = (taking_part - grouped["taking_part"].transform("median")).abs()
    months = grouped.agg(
        days_observed=("value", "size"),
        days=("taking_part", "count"),
        median=("taking_part", "median"),
        magnitude=("nonzero", "median"),
    )
    months["spread"] = MAD_TO_DEVIATION * values.groupby(key)["deviation"].median()
    return months.reset_index()
