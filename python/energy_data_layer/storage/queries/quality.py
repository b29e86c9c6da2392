"""What the data-quality page asks: stations and plants by day, fills, daily totals, and what jobs recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from energy_data_layer.core.provenance import (
    HIGH_SUFFIX,
    LOW_SUFFIX,
    PROVENANCE_SUFFIX,
    Provenance,
    is_fill_sql,
    provenance_column,
)
from energy_data_layer.datasets.asos import ASOS_COLUMNS
from energy_data_layer.errors import ColumnNotFoundError, OptionError
from energy_data_layer.storage.coverage import HOURS_A_DAY, hourly_table
from energy_data_layer.storage.names import quoted
from energy_data_layer.storage.tables import (
    DRIFT,
    FILL_CHANGES,
    NAMBU_GENERATION,
    OWN_TABLES,
    REJECTS,
    RUNS,
    WEATHER_ASOS,
    WEATHER_KEY,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from energy_data_layer.storage.database import Database

_STATION, _STAMP = map(quoted, WEATHER_KEY)


@dataclass(frozen=True)
class Scope:
    """Which hours and stations count.

    Attributes
    ----------
    since, until : date or None
        First and last day, both included; None where the stored hours decide.
    stations : tuple of int
        Weather stations; all where it is empty. Plants are not chosen.
    """

    since: date | None = None
    until: date | None = None
    stations: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.since and self.until and self.until < self.since:
            raise OptionError(f"until ({self.until}) is before since ({self.since})")

    @property
    def first_moment(self) -> datetime | None:
        """The beginning of the first day."""
        return None if self.since is None else datetime.combine(self.since, time.min)

    @property
    def end(self) -> datetime | None:
        """The midnight after the last day."""
        return None if self.until is None else datetime.combine(self.until, time.min) + timedelta(days=1)

    def contains(self, day: date) -> bool:
        """Return whether a day is one of the period."""
        return (self.since or day) <= day <= (self.until or day)

    def where(self, table: str, *conditions: str, any_time: bool = False) -> tuple[str, list[object]]:
        """Return a WHERE clause for rows about the hours of a table, with further conditions, and its parameters."""
        start = hourly_table(table).start
        stations = list(self.stations) if table == WEATHER_ASOS else []
        bounds = [] if any_time else [(f"{start} >= ", self.first_moment), (f"{start} < ", self.end)]
        terms, parameters = list(conditions), list[object]()
        for term, value in (*bounds, (f"{_STATION} = ANY", stations or None)):
            if value is not None:
                parameters.append(value)
                terms.append(f"{term}(${len(parameters)})")
        return (" WHERE " + " AND ".join(terms) if terms else ""), parameters


def series_ranges(database: Database, table: str, scope: Scope) -> pa.Table:
    """Return the key of each series, ``series_name``, ``first_hour`` and ``last_hour``, also outside of the period."""
    hourly = hourly_table(table)
    key = ", ".join(map(quoted, hourly.key))
    where, parameters = scope.where(table, hourly.counts, any_time=True)
    return database.query(
        f"SELECT {key}, max({hourly.series_name}) AS series_name, min({hourly.start}) AS first_hour, "  # noqa: S608
        f"max({hourly.start}) AS last_hour FROM {quoted(table)}{where} GROUP BY {key}",
        parameters,
    )


def hours_by_day(database: Database, table: str, fields: Sequence[str], scope: Scope) -> pa.Table:
    """Return the key of each series, ``day``, and how many of its hours are ``observed``, ``valued`` and ``stored``.

    Parameters
    ----------
    database : Database
        The database.
    table : str
        A table of hours.
    fields : sequence of str
        The fields that an hour needs; where the table has provenance, the fills of them are not observed.
    scope : Scope
        The period and the stations.
    """
    where, parameters = scope.where(table)
    valued = " AND ".join(f"{quoted(field)} IS NOT NULL" for field in fields) or "TRUE"
    filled = " OR ".join(is_fill_sql(quoted(provenance_column(field))) for field in fields)
    observed = f"{valued} AND NOT ({filled})" if fields and table == WEATHER_ASOS else valued
    hourly = hourly_table(table)
    counts = ", ".join(
        f"count(*) FILTER (WHERE {condition}) AS {name}"
        for name, condition in {"observed": observed, "valued": valued, "stored": hourly.counts}.items()
    )
    return database.query(hourly.by_day(counts, where), parameters)


def days_with_total(database: Database, scope: Scope) -> pa.Table:
    """Return the days of ``nambu_generation`` with 24 values and a total.

    Returns
    -------
    pyarrow.Table
        ``plant``, ``day``, ``hours`` (the sum of the hours), ``total``, and ``allowed``: by how much the two may
        differ because the hours are rounded.
    """
    where, parameters = scope.where(NAMBU_GENERATION)
    value, stamp, total = quoted("generation"), quoted("datetime"), quoted("daily_total")
    rounding = " ".join(
        f"WHEN max(abs({value} * {10**digits} - round({value} * {10**digits}))) < 1e-6 THEN {12.5 / 10**digits}"
        for digits in range(4)
    )
    return database.query(
        f"SELECT max({quoted('plant_name')}) AS plant, CAST({stamp} AS DATE) AS day, sum({value}) AS hours, "  # noqa: S608
        f"max({total}) AS total, CAST(CASE {rounding} ELSE 0.001 END AS DOUBLE PRECISION) AS allowed "
        f"FROM {NAMBU_GENERATION}{where} GROUP BY {quoted('gencd')}, {quoted('hogi')}, CAST({stamp} AS DATE) "
        f"HAVING count({value}) = 24 AND max({total}) IS NOT NULL",
        parameters,
    )


def hours_of_series(database: Database, table: str, columns: Sequence[str] | None, scope: Scope) -> pa.Table:
    """Return ``stnNm``, what a series is called, ``tm``, the beginning of the hour, and columns of a table.

    By default these are the columns that were ever imputed, else the one that counts. Their provenance and the ends of
    their intervals come with them, where the table has these.

    Raises
    ------
    OptionError
        If the table has no hours or is not there, or no column is named and none was imputed.
    ColumnNotFoundError
        If the table has not one of the columns.
    """
    hourly, present = hourly_table(table), database.columns(table)
    if not present:
        raise OptionError(f"the database has no table {table}; run a job that stores it, or edl migrate")
    if columns is None:
        columns = [hourly.value] if hourly.value else imputed_fields(database)
    if not columns:
        raise OptionError(f"no column of {table} was ever imputed; name them with columns")
    for name in columns:
        if name not in present:
            raise ColumnNotFoundError(name, present, f"the table {table}")
    beside = (PROVENANCE_SUFFIX, LOW_SUFFIX, HIGH_SUFFIX)
    read = [name for column in columns for name in (column, *(f"{column}{end}" for end in beside)) if name in present]
    key = ", ".join(map(quoted, hourly.key))
    number = "concat_ws(' ', " + ", ".join(f"CAST({quoted(name)} AS TEXT)" for name in hourly.key) + ")"
    called = f"max({hourly.series_name})"
    if set(hourly.names) - set(hourly.key):
        called = f"coalesce({called} || ' (' || {number} || ')', {number})"
    where, parameters = scope.where(table)
    return database.query(
        f"SELECT called AS {quoted('stnNm')}, {hourly.start} AS {quoted('tm')}, {', '.join(map(quoted, read))} "  # noqa: S608
        f"FROM {quoted(table)} JOIN (SELECT {key}, {called} AS called FROM {quoted(table)} GROUP BY {key}) AS series "
        f"USING ({key}){where}",
        parameters,
    )


def gaps_of_field(database: Database, field: str, scope: Scope) -> pa.Table:
    """Return ``stnId``, ``first``, ``last`` and ``hours`` of each gap: hours in a row without an observation.

    Only the hours without an observation are sorted, which are few: those in a row have the same distance to
    their number.
    """
    where, parameters = scope.where(WEATHER_ASOS, is_fill_sql(quoted(provenance_column(field))))
    return database.query(
        f"WITH numbered AS (SELECT {_STATION}, {_STAMP}, {_STAMP} - row_number() OVER "  # noqa: S608
        f"(PARTITION BY {_STATION} ORDER BY {_STAMP}) * INTERVAL '1 hour' AS gap FROM {WEATHER_ASOS}{where}) "
        f"SELECT {_STATION}, min({_STAMP}) AS first, max({_STAMP}) AS last, count(*) AS hours "
        f"FROM numbered GROUP BY {_STATION}, gap",
        parameters,
    )


def hours_by_provenance(database: Database, field: str, scope: Scope) -> pa.Table:
    """Return ``code`` and ``hours``: how many values of a field have each provenance; without a value, unfilled."""
    where, parameters = scope.where(WEATHER_ASOS)
    return database.query(
        f"SELECT CAST(CASE WHEN {quoted(field)} IS NULL THEN {Provenance.UNFILLED:d} "  # noqa: S608
        f"ELSE coalesce({quoted(provenance_column(field))}, {Provenance.OBSERVED:d}) END AS BIGINT) AS code, "
        f"count(*) AS hours FROM {WEATHER_ASOS}{where} GROUP BY 1",
        parameters,
    )


def imputed_fields(database: Database) -> list[str]:
    """Return the fields of the weather that were ever imputed."""
    columns = database.columns(WEATHER_ASOS)
    return [name for name in columns if provenance_column(name) in columns and not name.endswith(PROVENANCE_SUFFIX)]


def values_missing(database: Database) -> dict[str, int]:
    """Return, per field of the weather that was ever imputed, how many of its stored hours have no value."""
    fields = imputed_fields(database)
    if not fields:
        return {}
    counts = ", ".join(f"count(*) - count({quoted(field)}) AS {quoted(field)}" for field in fields)
    (missing,) = database.query(f"SELECT {counts} FROM {WEATHER_ASOS}").to_pylist()  # noqa: S608
    return dict(missing)


def observations_outside_bounds(database: Database, scope: Scope, most: int) -> dict[str, tuple[int, pa.Table]]:
    """Return, per column that has any, how many observations are outside its bounds, and the first of them.

    The table has ``stnId``, ``tm`` and ``value``.
    """
    filled, present = imputed_fields(database), database.columns(WEATHER_ASOS)
    outside = {}
    for column in ASOS_COLUMNS.values():
        limits = (("<", column.low), (">", column.high))
        beyond = " OR ".join(f"{quoted(column.name)} {sign} {at}" for sign, at in limits if at is not None)
        if beyond and column.name in present:
            is_fill = is_fill_sql(quoted(provenance_column(column.name))) if column.name in filled else "FALSE"
            outside[column.name] = f"({beyond}) AND NOT {is_fill}"
    where, parameters = scope.where(WEATHER_ASOS)
    counts = ", ".join(f"count(*) FILTER (WHERE {term}) AS {quoted(name)}" for name, term in outside.items())
    (found,) = database.query(f"SELECT {counts} FROM {WEATHER_ASOS}{where}", parameters).to_pylist()  # noqa: S608
    first = {}
    for name in (name for name, count in found.items() if count):
        where, parameters = scope.where(WEATHER_ASOS, outside[name])
        first[name] = (
            found[name],
            database.query(
                f"SELECT {_STATION}, {_STAMP}, {quoted(name)} AS value FROM {WEATHER_ASOS}{where} "  # noqa: S608
                f"ORDER BY {_STATION}, {_STAMP} LIMIT {int(most)}",
                parameters,
            ),
        )
    return first


MADE_UP_DAYS = 30
"""Where more than half of the hours of so many days in a row are fills, they are mostly made up."""


class MadeUp(NamedTuple):
    """A stretch of days of which most hours of a field are fills.

    Attributes
    ----------
    station : int
        The station.
    field : str
        The field.
    first, last : date
        The first and the last day with fills.
    filled, hours : int
        Its fills, and all its hours.
    """

    station: int
    field: str
    first: date
    last: date
    filled: int
    hours: int


def made_up_stretches(database: Database, scope: Scope) -> list[MadeUp]:
    """Return the stretches of a station and field in which more than half of the hours of 30 days are fills."""
    fields = imputed_fields(database)
    if not fields:
        return []
    where, parameters = scope.where(WEATHER_ASOS)
    fills = ", ".join(
        f"count(*) FILTER (WHERE {quoted(name)} IS NOT NULL AND {is_fill_sql(quoted(provenance_column(name)))}) "
        f"AS {quoted(name)}"
        for name in fields
    )
    daily = database.query(hourly_table(WEATHER_ASOS).by_day(fills, where), parameters)
    daily = daily.sort_by([(WEATHER_KEY[0], "ascending"), ("day", "ascending")])
    station, day = daily.column(WEATHER_KEY[0]).to_numpy(), daily.column("day").to_numpy()
    return [
        MadeUp(number, name, *stretch)
        for number in np.unique(station).tolist()
        for name in fields
        for stretch in _mostly(day[station == number], daily.column(name).to_numpy()[station == number])
    ]


def _mostly(day: NDArray[np.datetime64], filled: NDArray[np.int64]) -> Iterator[tuple[date, date, int, int]]:
    """Give first and last day, fills and hours of the stretches in which most hours of 30 days are fills."""
    of_day = np.zeros(int((day[-1] - day[0]).astype(int)) + 1 + MADE_UP_DAYS, dtype=np.int64)
    of_day[(day - day[0]).astype(int)] = filled
    total = np.concatenate([[0], np.cumsum(of_day)])
    begins = np.flatnonzero(2 * (total[MADE_UP_DAYS:] - total[:-MADE_UP_DAYS]) > HOURS_A_DAY * MADE_UP_DAYS)
    for windows in np.split(begins, np.flatnonzero(np.diff(begins) > MADE_UP_DAYS) + 1) if len(begins) else ():
        days = windows[0] + np.flatnonzero(of_day[windows[0] : windows[-1] + MADE_UP_DAYS])
        first, last = (day[0] + days[at] for at in (0, -1))
        hours = int(days[-1] - days[0] + 1) * HOURS_A_DAY
        yield first.astype(object), last.astype(object), int(of_day[days].sum()), hours


def newest_reports(database: Database, job: str, count: int) -> pa.Table:
    """Return ``report`` of the newest runs of a job that succeeded, and ``n``, how many of them there are in all."""
    return database.query(
        f"SELECT report, count(*) OVER () AS n FROM {RUNS} WHERE job = $1 AND status = 'succeeded' "  # noqa: S608
        f"ORDER BY started DESC LIMIT {int(count)}",
        [job],
    )


_RECORDS = {
    # What stands before the colon is the reason, what follows is about the one row.
    REJECTS: (["split_part(reason, ': ', 1)"], "first_seen"),
    FILL_CHANGES: (["CAST(old_provenance AS BIGINT)", "CAST(new_provenance AS BIGINT)"], "changed"),
    DRIFT: (["kind"], "noticed"),
    RUNS: (["job", "status"], "started"),
}
"""The tables in which jobs record what happened: what their rows are told apart by, and when each was written."""


def rows_by_kind(database: Database, table: str, scope: Scope | None = None) -> dict[tuple[Any, ...], int]:
    """Return how many rows of each kind a table of records has, the most frequent first; all, or those in a scope."""
    kinds, _ = _RECORDS[table]
    where, parameters = ("", []) if scope is None else scope.where(WEATHER_ASOS)
    places = ", ".join(str(place) for place in range(1, len(kinds) + 1))
    answer = database.query(
        f"SELECT {', '.join(kinds)}, count(*) AS n FROM {quoted(table)}{where} "  # noqa: S608
        f"GROUP BY {places} ORDER BY n DESC, {places}",
        parameters,
    )
    *columns, counts = (column.to_pylist() for column in answer.columns)
    return dict(zip(zip(*columns, strict=True), counts, strict=True))


def newest_rows(database: Database, table: str, count: int, scope: Scope | None = None) -> list[dict[str, Any]]:
    """Return the newest rows of a table of records, None in the columns that an older database does not have."""
    columns, _ = OWN_TABLES[table]
    _, written = _RECORDS[table]
    where, parameters = ("", []) if scope is None else scope.where(WEATHER_ASOS)
    present = [name for name in database.columns(table) if name in columns]
    order = ", ".join([f"{quoted(written)} DESC", *(quoted(name) for name in present if name != written)])
    rows = database.query(
        f"SELECT {', '.join(map(quoted, present))} FROM {quoted(table)}{where} ORDER BY {order} LIMIT {int(count)}",  # noqa: S608
        parameters,
    ).to_pylist()
    return [{name: row.get(name) for name in columns} for row in rows]
