"""What is stored of the weather around new rows, elsewhere, and in total."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from energy_data_layer.core.provenance import is_fill_sql, provenance_column
from energy_data_layer.storage.names import quoted
from energy_data_layer.storage.tables import WEATHER_ASOS, WEATHER_KEY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    import numpy as np
    from numpy.typing import NDArray

    from energy_data_layer.storage.database import Database

_STATION, _STAMP = map(quoted, WEATHER_KEY)
_IN_PERIOD = f"w.{_STATION} = period.station AND w.{_STAMP} BETWEEN period.first AND period.last"


def hours_by_station(database: Database, first: datetime, after: datetime) -> pa.Table:
    """Return ``station`` and ``hours``, the number of stored rows from `first` on and before `after`."""
    return database.query(
        f"SELECT {_STATION} AS station, count(*) AS hours FROM {WEATHER_ASOS} "  # noqa: S608
        f"WHERE {_STAMP} >= $1 AND {_STAMP} < $2 GROUP BY {_STATION}",
        [first, after],
    )


def rows_in_periods(database: Database, periods: pa.Table, columns: Sequence[str]) -> pa.Table:
    """Return the stored rows of some periods, with the key and these columns, as they are.

    Parameters
    ----------
    database : Database
        The database.
    periods : pyarrow.Table
        ``station``, ``first`` and ``last``, the first and the last stamp.
    columns : sequence of str
        The columns besides the key.
    """
    selected = ", ".join(f"w.{quoted(name)}" for name in (*WEATHER_KEY, *columns))
    return database.query(
        f"SELECT {selected} FROM {WEATHER_ASOS} AS w JOIN period ON {_IN_PERIOD}",  # noqa: S608
        tables={"period": periods},
    )


def observations_outside_periods(
    database: Database, periods: pa.Table, columns: Sequence[str], stations: NDArray[np.int64] | None = None
) -> pa.Table:
    """Return the stored observations of all other times, of some stations or all; fills are left out."""
    of_stations = "" if stations is None else f"AND w.{_STATION} IN (SELECT station FROM in_need)"  # noqa: S608
    observed = ", ".join(f"{_observed(name)} AS {quoted(name)}" for name in columns)
    return database.query(
        f"SELECT w.{_STATION}, w.{_STAMP}, {observed} "  # noqa: S608
        f"FROM {WEATHER_ASOS} AS w LEFT JOIN period ON {_IN_PERIOD} "
        f"WHERE period.station IS NULL {of_stations}",
        tables={
            "period": periods,
            "in_need": pa.table({"station": pa.array(() if stations is None else stations, pa.int64())}),
        },
    )


def observations_at(database: Database, stations: pa.Array, stamps: pa.Array, columns: Sequence[str]) -> pa.Table:
    """Return the stored observations of some stations at some hours; fills are left out."""
    observed = ", ".join(f"{_observed(name)} AS {quoted(name)}" for name in columns)
    return database.query(
        f"SELECT w.{_STATION}, w.{_STAMP}, {observed} FROM {WEATHER_ASOS} AS w "  # noqa: S608
        f"JOIN wanted_hour ON w.{_STAMP} = wanted_hour.stamp JOIN wanted ON w.{_STATION} = wanted.station",
        tables={"wanted_hour": pa.table({"stamp": stamps}), "wanted": pa.table({"station": stations})},
    )


def observations_of(database: Database, columns: Sequence[str], first: datetime, last: datetime) -> pa.Table:
    """Return station, stamp and some fields of all rows from `first` to `last`, null where they are fills."""
    present = database.columns(WEATHER_ASOS)
    values = {name: _observed(name) if provenance_column(name) in present else f"w.{quoted(name)}" for name in columns}
    observed = ", ".join(f"{value} AS {quoted(name)}" for name, value in values.items())
    return database.query(
        f"SELECT w.{_STATION}, w.{_STAMP}, {observed} FROM {WEATHER_ASOS} AS w "  # noqa: S608
        f"WHERE w.{_STAMP} BETWEEN $1 AND $2",
        [first, last],
    )


def stored_period(database: Database) -> tuple[datetime, datetime] | None:
    """Return the first and the last stored stamp, None where nothing is stored."""
    (row,) = database.query(
        f"SELECT min({_STAMP}) AS first, max({_STAMP}) AS last FROM {WEATHER_ASOS}"  # noqa: S608
    ).to_pylist()
    return None if row["first"] is None else (row["first"], row["last"])


def stored_days(database: Database) -> list[date]:
    """Return the days that have rows."""
    days = database.query(f"SELECT DISTINCT CAST({_STAMP} AS DATE) AS day FROM {WEATHER_ASOS}")  # noqa: S608
    return [day for day in days.column("day").to_pylist() if day is not None]


def observed_beyond(database: Database, periods: pa.Table, column: str) -> pa.Table:
    """Return how far it is to the next observation of a field outside of some periods.

    Parameters
    ----------
    database : Database
        The database, with the provenance of the column.
    periods : pyarrow.Table
        ``station``, ``first`` and ``last``, the first and the last stamp.
    column : str
        The field.

    Returns
    -------
    pyarrow.Table
        Per ``station`` the ``earliest`` and ``latest`` stored stamp, and the last observed one before the period
        (``before``) and the first one after it (``after``), null where there is none.
    """
    observed = f"w.{_STAMP}) FILTER (WHERE {_observed(column)} IS NOT NULL"
    return database.query(
        f"SELECT period.station, min(w.{_STAMP}) AS earliest, max(w.{_STAMP}) AS latest, "  # noqa: S608
        f"max({observed} AND w.{_STAMP} < period.first) AS before, "
        f"min({observed} AND w.{_STAMP} > period.last) AS after "
        f"FROM {WEATHER_ASOS} AS w JOIN period ON w.{_STATION} = period.station GROUP BY period.station",
        tables={"period": periods},
    )


def observed_totals(database: Database, columns: Sequence[str], new: pa.Table | None = None) -> pa.Table:
    """Return ``count_<column>`` and ``sum_<column>`` of what is observed, per ``station``.

    Parameters
    ----------
    database : Database
        The database, with the provenance of the columns.
    columns : sequence of str
        The columns.
    new : pyarrow.Table, optional
        Rows that count as if they were stored already; the answer is then of their stations alone.
    """
    if new is None:
        station, values = f"w.{_STATION}", {name: _observed(name) for name in columns}
        source = f"{WEATHER_ASOS} AS w"
    else:
        station = f"coalesce(w.{_STATION}, new.{_STATION})"
        values = {name: f"coalesce(new.{quoted(name)}, {_observed(name)})" for name in columns}
        source = (
            f"(SELECT * FROM {WEATHER_ASOS} WHERE {_STATION} IN (SELECT {_STATION} FROM new)) AS w "  # noqa: S608
            f"FULL JOIN new ON w.{_STATION} = new.{_STATION} AND w.{_STAMP} = new.{_STAMP}"
        )
    totals = ", ".join(
        f"count({value}) AS {quoted(f'count_{name}')}, sum({value}) AS {quoted(f'sum_{name}')}"
        for name, value in values.items()
    )
    return database.query(
        f"SELECT {station} AS station, {totals} FROM {source} GROUP BY {station}",  # noqa: S608
        tables={} if new is None else {"new": new},
    )


def _observed(name: str) -> str:
    """Return the stored value of a field, null where it is a fill."""
    return f"CASE WHEN NOT {is_fill_sql(f'w.{quoted(provenance_column(name))}')} THEN w.{quoted(name)} END"
