"""What an export asks: whose hours there are, and their rows, of a table or a view."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from energy_data_layer.core.clock import KST
from energy_data_layer.datasets.registry import dataset_of_table
from energy_data_layer.storage.database import Filter, conditions_of
from energy_data_layer.storage.names import quoted
from energy_data_layer.storage.urls import is_postgresql
from energy_data_layer.storage.views import STAMP, VIEWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from energy_data_layer.storage.database import Database

YEAR = "year"
"""By what rows can be divided beside the columns of a series: the year of the hour's beginning, KST."""


class Hours(NamedTuple):
    """By what the hours of a table or view are told.

    Attributes
    ----------
    series, names : tuple of str
        The columns that name a series, and those that name it for a reader.
    stamp : str
        The column of the hours.
    is_end, has_zone : bool
        Whether the stamp is the end of the hour, and whether it has a time zone.
    """

    series: tuple[str, ...]
    names: tuple[str, ...]
    stamp: str
    is_end: bool = False
    has_zone: bool = False

    @property
    def year(self) -> str:
        """The year of the hour, in SQL."""
        start = quoted(self.stamp)
        start = f"{start} AT TIME ZONE 'Etc/GMT-9'" if self.has_zone else start
        start = f"{start} - INTERVAL '1 hour'" if self.is_end else start
        return f"CAST(EXTRACT(YEAR FROM {start}) AS BIGINT)"

    def period(self, since: date | None, until: date | None) -> list[Filter]:
        """Return the conditions for an hour to be of some days, both included."""
        found: list[Filter] = []
        # The ends of the calendar have no day before or after them, and no hours.
        if since is not None and since > date.min:
            found.append((self.stamp, ">=", self._stamp_of(since)))
        if until is not None and until < date.max:
            found.append((self.stamp, "<", self._stamp_of(until + timedelta(days=1))))
        return found

    def _stamp_of(self, day: date) -> datetime:
        moment = datetime.combine(day, time.min) + timedelta(hours=self.is_end)
        return moment.replace(tzinfo=KST).astimezone(UTC) if self.has_zone else moment


def hours_of(table: str) -> Hours | None:
    """Return by what the hours of a table or view are told, None where it has none."""
    if table in VIEWS:
        return Hours(VIEWS[table].series, VIEWS[table].names, STAMP, has_zone=True)
    dataset = dataset_of_table(table)
    if dataset is None:
        return None
    return Hours(dataset.table.series, dataset.table.names, dataset.table.stamp, dataset.table.stamp_is == "end")


@dataclass(frozen=True)
class Piece:
    """Rows that are read together.

    Attributes
    ----------
    rows : int
        How many.
    filters : list of Filter
        What tells them.
    series : dict of str to Any
        The series that they are of; empty where a table has none.
    year : int or None
        The year that they are of, None where rows are not divided by years.
    """

    rows: int
    filters: list[Filter] = field(default_factory=list)
    series: dict[str, Any] = field(default_factory=dict)
    year: int | None = None


@contextmanager
def snapshot(database: Database) -> Iterator[None]:
    """Give a context in which all queries see the rows of one moment."""
    with database.transaction():
        if is_postgresql(database.url):
            database.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def names_of_series(database: Database, table: str, hours: Hours) -> dict[tuple[Any, ...], set[str]]:
    """Return by which names each series of a table may be asked for."""
    columns = list(dict.fromkeys((*hours.series, *hours.names)))
    found: dict[tuple[Any, ...], set[str]] = {}
    selected = ", ".join(map(quoted, columns))
    for row in database.query(f"SELECT DISTINCT {selected} FROM {quoted(table)}").to_pylist():  # noqa: S608
        key = tuple(row[name] for name in hours.series)
        parts = [str(part) for part in key if part not in (None, "")]
        found.setdefault(key, set()).update(str(value) for value in row.values() if value not in (None, ""))
        found[key] |= {" ".join(parts), ":".join(parts)}
    return found


def pieces(
    database: Database, table: str, hours: Hours | None, since: date | None, until: date | None, *, by_year: bool
) -> list[Piece]:
    """Return what there is of a period: a piece for each series, or each of its years, in their order.

    Parameters
    ----------
    database, table, hours
        See `hours_of`.
    since, until : date or None
        First and last day, both included.
    by_year : bool
        Whether a series is divided by the years of its hours.
    """
    if hours is None:
        rows = database.row_count(table)
        return [Piece(rows)] if rows else []
    conditions, parameters = conditions_of(hours.period(since, until))
    series = ", ".join(map(quoted, hours.series))
    year = hours.year if by_year else "CAST(NULL AS BIGINT)"
    answer = database.query(
        f"SELECT {series}, year, count(*) AS rows FROM (SELECT {series}, {year} AS year "  # noqa: S608
        f"FROM {quoted(table)}{conditions}) AS hours GROUP BY {series}, year",
        parameters,
    )
    found = []
    for row in answer.to_pylist():
        key = {name: row[name] for name in hours.series}
        first, last = since, until
        if row["year"] is not None:
            first, last = (date(row["year"], 1, 1), date(row["year"], 12, 31))
            first, last = max(first, since or first), min(last, until or last)
        filters: list[Filter] = [(name, "=", value) for name, value in key.items()]
        found.append(Piece(row["rows"], filters + hours.period(first, last), key, row["year"]))

    def place(piece: Piece) -> list[tuple[bool, Any]]:
        return [(value is not None, value) for value in (*piece.series.values(), piece.year)]

    return sorted(found, key=place)


def rows_of(
    database: Database, table: str, hours: Hours | None, piece: Piece, columns: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a piece in the order of their hours."""
    conditions, parameters = conditions_of(piece.filters)
    order = "" if hours is None else f" ORDER BY {quoted(hours.stamp)}"
    selected = ", ".join(map(quoted, columns))
    return database.batches(f"SELECT {selected} FROM {quoted(table)}{conditions}{order}", parameters)  # noqa: S608
