"""What the data-quality page asks: stations and plants by day, fills, daily totals, and what jobs recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from energy_data_layer.core.provenance import Provenance, is_fill_sql, provenance_column
from energy_data_layer.datasets.registry import dataset_of_table
from energy_data_layer.errors import OptionError
from energy_data_layer.storage.coverage import hourly_table
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
    from collections.abc import Sequence

    import pyarrow as pa

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
        f"SELECT {key}, max({_name(table)}) AS series_name, min({hourly.start}) AS first_hour, "  # noqa: S608
        f"max({hourly.start}) AS last_hour FROM {quoted(table)}{where} GROUP BY {key}",
        parameters,
    )


def _name(table: str) -> str:
    """Return what a series is called, in SQL."""
    dataset = dataset_of_table(table)
    names = [] if dataset is None else list(map(quoted, dataset.table.names))
    if len(names) == 1:
        return names[0]
    return "concat_ws(' ', " + ", ".join(f"nullif({name}, '')" for name in names) + ")"


def hours_by_day(database: Database, table: str, fields: Sequence[str], scope: Scope) -> pa.Table:
    """Return the key of each series, ``day``, and how many of its hours are ``observed`` and ``valued``.

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
    counts = f"count(*) FILTER (WHERE {observed}) AS observed, count(*) FILTER (WHERE {valued}) AS valued"
    return database.query(hourly_table(table).by_day(counts, where), parameters)


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
