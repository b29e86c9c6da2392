"""What the tables of hours hold of a period, and what they lack: the beginning of every backfill."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from energy_data_layer.datasets.registry import DATASETS
from energy_data_layer.errors import OptionError
from energy_data_layer.storage.names import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from energy_data_layer.datasets.dataset import Table
    from energy_data_layer.storage.database import Database

HOURS_A_DAY = 24


class HourlyTable:
    """How the hours of a dataset's table are counted.

    Attributes
    ----------
    key : dict of str to pyarrow.DataType
        The columns that name a series, such as a station or a plant.
    stamp : str
        The column of the hours.
    value : str or None
        The column whose values count; None where every row does.
    label_end : bool
        Whether the stamp is the end of the hour, so that a day's last one is midnight of the next.
    """

    def __init__(self, table: Table) -> None:
        self.name = table.name
        self.key = {name: table.types[name] for name in table.series}
        self.stamp = table.stamp
        self.value = table.value
        self.label_end = table.stamp_is == "end"
        self.names = table.names

    @property
    def series_name(self) -> str:
        """What a series is called, in SQL."""
        names = list(map(quoted, self.names))
        if len(names) == 1:
            return names[0]
        return "concat_ws(' ', " + ", ".join(f"nullif({name}, '')" for name in names) + ")"

    @property
    def start(self) -> str:
        """The beginning of the hour, in SQL."""
        return f"({quoted(self.stamp)} - INTERVAL '1 hour')" if self.label_end else quoted(self.stamp)

    def stamps_of(self, since: date, until: date) -> tuple[datetime, datetime]:
        """Return the first stamp of some days, and the first one after them."""
        midnight = timedelta(hours=1) if self.label_end else timedelta(0)
        first, after = (datetime.combine(day, time.min) + midnight for day in (since, until + timedelta(days=1)))
        return first, after

    @property
    def counts(self) -> str:
        """The condition for a row to count, in SQL."""
        return "TRUE" if self.value is None else f"{quoted(self.value)} IS NOT NULL"

    @property
    def in_period(self) -> str:
        """The condition for a row to be between two stamps, which are parameters, in SQL."""
        return f"{quoted(self.stamp)} >= $1 AND {quoted(self.stamp)} < $2"

    def by_day(self, values: str, where: str) -> str:
        """Return the query for the key of each series, ``day``, and some values of the hours that a clause chooses."""
        names = ", ".join(map(quoted, self.key))
        day = f"CAST({self.start} AS DATE)"
        return f"SELECT {names}, {day} AS day, {values} FROM {quoted(self.name)}{where} GROUP BY {names}, {day}"  # noqa: S608


def hourly_tables() -> dict[str, HourlyTable]:
    """Return how the hours of each dataset's table are counted, by table."""
    return {dataset.table.name: HourlyTable(dataset.table) for dataset in DATASETS.values()}


def hourly_table(name: str) -> HourlyTable:
    """Return how the hours of a table are counted.

    Raises
    ------
    OptionError
        If the table has no hours.
    """
    tables = hourly_tables()
    if name not in tables:
        raise OptionError(f'"{name}" is no table of hours; these are: {", ".join(tables)}')
    return tables[name]


def incomplete_days(
    database: Database, table: str, since: date, until: date, keys: Iterable[Sequence[object]] | None = None
) -> pa.Table:
    """Return the days on which a series has fewer than 24 hours, those without any included.

    Parameters
    ----------
    database : Database
        The database, with its tables made.
    table : str
        ``weather_asos``, ``generation_hourly``, ``wind_namdong`` or ``nambu_generation``.
    since, until : date
        First and last day, both included. The hour that ends at midnight is the day's last one.
    keys : iterable of tuples, optional
        The series to look at, each as the values of the key columns in their order; by default all that the
        table has a row of, in the period or not.

    Returns
    -------
    pyarrow.Table
        The key columns, ``day`` (date32) and ``hours`` (int64, 0 to 23), in this order; sorted by them.

    Raises
    ------
    OptionError
        If the table has no hours to be counted, or a key has not one value per column.

    Examples
    --------
    >>> from energy_data_layer.storage.connect import connect
    >>> from energy_data_layer.storage.migrations import migrate
    >>> with connect("duckdb:///:memory:") as database:
    ...     migrate(database)
    ...     hours = [datetime(2024, 1, 1) + timedelta(hours=hour) for hour in range(25)]
    ...     _ = database.upsert("weather_asos", pa.table({"stnId": [108] * 25, "tm": hours}), ["stnId", "tm"])
    ...     incomplete_days(database, "weather_asos", date(2024, 1, 1), date(2024, 1, 2)).to_pylist()
    [{'stnId': 108, 'day': datetime.date(2024, 1, 2), 'hours': 1}]
    """
    import pyarrow.compute as pc

    hourly = hourly_table(table)
    names = list(hourly.key)
    if keys is None:
        wanted = database.query(f"SELECT DISTINCT {', '.join(map(quoted, names))} FROM {quoted(table)}")  # noqa: S608
    else:
        wanted = _given_keys(hourly, keys)
    days = pa.array([since + timedelta(days=day) for day in range((until - since).days + 1)], pa.date32())
    series, day = np.divmod(np.arange(wanted.num_rows * len(days)), max(len(days), 1))
    grid = wanted.take(pa.array(series)).append_column("day", days.take(pa.array(day)))
    hours_stored = hourly.by_day("count(*) AS hours", f" WHERE {hourly.in_period} AND {hourly.counts}")
    stored = database.query(hours_stored, hourly.stamps_of(since, until))
    joined = grid.join(stored, keys=[*names, "day"], join_type="left outer")
    hours = pc.fill_null(joined.column("hours"), 0)
    found = joined.set_column(joined.column_names.index("hours"), "hours", hours)
    found = found.filter(pc.less(hours, HOURS_A_DAY)).select([*names, "day", "hours"])
    return found.sort_by([(name, "ascending") for name in (*names, "day")]).combine_chunks()


def _given_keys(hourly: HourlyTable, keys: Iterable[Sequence[object]]) -> pa.Table:
    unique = list(dict.fromkeys(tuple(key) for key in keys))
    for key in unique:
        if len(key) != len(hourly.key):
            raise OptionError(f"{key} is no key; it needs a value for each of {', '.join(hourly.key)}")
    rows = [dict(zip(hourly.key, key, strict=True)) for key in unique]
    return pa.Table.from_pylist(rows, pa.schema(list(hourly.key.items())))


def last_stamp(database: Database, table: str) -> pa.Table:
    """Return the last stamp of each series that has a value.

    Parameters
    ----------
    database : Database
        The database, with its tables made.
    table : str
        One of the tables that `incomplete_days` takes.

    Returns
    -------
    pyarrow.Table
        The key columns and ``last_stamp`` (timestamp), sorted by key; the stamp is as the table has it, the
        end of the hour in ``wind_namdong``.

    Raises
    ------
    OptionError
        If the table has no hours.

    Examples
    --------
    >>> from energy_data_layer.storage.connect import connect
    >>> from energy_data_layer.storage.migrations import migrate
    >>> with connect("duckdb:///:memory:") as database:
    ...     migrate(database)
    ...     last_stamp(database, "wind_namdong").column_names
    ['plant_name', 'last_stamp']
    """
    hourly = hourly_table(table)
    names = ", ".join(map(quoted, hourly.key))
    answer = database.query(
        f"SELECT {names}, max({quoted(hourly.stamp)}) AS last_stamp FROM {quoted(table)} "  # noqa: S608
        f"WHERE {hourly.counts} GROUP BY {names}"
    )
    return answer.sort_by([(name, "ascending") for name in hourly.key])


def series_coverage(database: Database, table: str) -> pa.Table:
    """Return how far each series is stored, and its days from the first to the last one that have holes.

    Parameters
    ----------
    database : Database
        The database, with its tables made.
    table : str
        One of the tables that `incomplete_days` takes.

    Returns
    -------
    pyarrow.Table
        The key columns, ``series_name``, ``last_stamp`` (timestamp, of a row that counts), ``last_hour`` (the beginning
        of that hour), ``incomplete_days`` (int64: days with fewer than 24 hours) and ``first_incomplete`` (date32, null
        where there is none), in no order.

    Raises
    ------
    OptionError
        If the table has no hours.
    """
    hourly = hourly_table(table)
    names = ", ".join(map(quoted, hourly.key))
    values = (
        f"count(*) AS hours, max({quoted(hourly.stamp)}) AS last_stamp, max({hourly.start}) AS last_hour, "
        f"max({hourly.series_name}) AS series_name"
    )
    daily = hourly.by_day(values, f" WHERE {hourly.counts}")
    return database.query(
        f"WITH daily AS ({daily}), "  # noqa: S608
        f"followed AS (SELECT daily.*, lead(day) OVER (PARTITION BY {names} ORDER BY day) AS next_day FROM daily) "
        f"SELECT {names}, max(series_name) AS series_name, max(last_stamp) AS last_stamp, max(last_hour) AS last_hour, "
        f"CAST(max(day) - min(day) + 1 - sum(CASE WHEN hours >= {HOURS_A_DAY} THEN 1 ELSE 0 END) AS BIGINT) "
        "AS incomplete_days, "
        f"min(CASE WHEN hours < {HOURS_A_DAY} THEN day WHEN next_day > day + 1 THEN day + 1 END) "
        f"AS first_incomplete FROM followed GROUP BY {names}"
    )
