"""What the database holds around new weather rows: read, merged, compared with what comes out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.core.provenance import (
    LOW_SUFFIX,
    Provenance,
    is_fill,
    is_interpolated,
    provenance_column,
)
from energy_data_layer.datasets.asos import value_of_flag
from energy_data_layer.jobs.options import REWRITTEN_HOURS
from energy_data_layer.storage.queries.weather_history import observed_totals
from energy_data_layer.storage.tables import BESIDE_A_FILL, FILL_CHANGE_COLUMNS, WEATHER_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from energy_data_layer.storage.database import Database

CONTEXT_HOURS = 336
"""Stored rows this close to the new ones support their imputation."""


SAME_VALUE = 1e-9
"""Two fills that differ by no more are the same: engines and spline windows may round differently."""

_STATION, _STAMP = WEATHER_KEY
_STORED = "stored "


@dataclass(frozen=True)
class Periods:
    """The stations of the new rows, in order, and the first and last new stamp of each."""

    station: NDArray[np.int64]
    first: NDArray[np.datetime64]
    last: NDArray[np.datetime64]

    @classmethod
    def of(cls, new: pa.Table) -> Periods:
        """Find the periods of the new rows."""
        grouped = new.group_by(_STATION).aggregate([(_STAMP, "min"), (_STAMP, "max")]).sort_by(_STATION)
        return cls(*(grouped.column(name).to_numpy() for name in (_STATION, f"{_STAMP}_min", f"{_STAMP}_max")))

    def hours_outside(self, rows: pa.Table) -> NDArray[np.int64]:
        """Return how many hours each row lies before or after the new rows of its station, 0 in between."""
        position = np.searchsorted(self.station, rows.column(_STATION).to_numpy())
        stamp = rows.column(_STAMP).to_numpy()
        outside = np.maximum(self.first[position] - stamp, stamp - self.last[position])
        hours: NDArray[np.int64] = np.maximum(outside // np.timedelta64(1, "h"), 0)
        return hours

    def with_context(self) -> pa.Table:
        """Return the periods, widened by the context, as a table for queries."""
        context = np.timedelta64(CONTEXT_HOURS, "h")
        return pa.table({"station": self.station, "first": self.first - context, "last": self.last + context})


@dataclass(frozen=True)
class Fields:
    """The fields of the new rows, apart from the key.

    Attributes
    ----------
    imputed : tuple of str
        Those that this run imputes.
    as_read : tuple of str
        All others that the table has.
    beside : dict of str to tuple of str
        What is stored beside each field that this or an earlier run imputed: provenance, interval and model.
    """

    imputed: tuple[str, ...]
    as_read: tuple[str, ...]
    beside: dict[str, tuple[str, ...]]

    @classmethod
    def of(cls, new: pa.Table, imputed: Sequence[str], stored: Sequence[str]) -> Fields:
        """Sort the columns of the new rows by what happens to them."""
        as_read = [name for name in new.column_names if name not in {*WEATHER_KEY, *imputed}]
        beside = {
            name: tuple(name + suffix for suffix in BESIDE_A_FILL if name + suffix in stored)
            for name in (*imputed, *as_read)
            if provenance_column(name) in stored
        }
        return cls(tuple(imputed), tuple(as_read), beside)

    @property
    def columns(self) -> list[str]:
        """The columns that are read and written besides the key."""
        return [*self.imputed, *self.as_read, *chain.from_iterable(self.beside.values())]


@dataclass(frozen=True)
class RowMasks:
    """Which rows of the imputed frame are new, and which may be written again.

    Attributes
    ----------
    is_new_range : array of bool
        The row lies between the first and last new stamp of its station, or was inserted beside them.
    is_rewritable : array of bool
        The row is context near enough for its fills to be written again.
    """

    is_new_range: NDArray[np.bool_]
    is_rewritable: NDArray[np.bool_]

    @classmethod
    def of(cls, imputed: pa.Table, periods: Periods) -> RowMasks:
        """Return the masks by the periods of the new rows."""
        is_stored = pc.is_valid(imputed.column(_STORED + _STATION)).to_numpy()
        hours_outside = periods.hours_outside(imputed)
        is_new_range = (hours_outside == 0) | ~is_stored
        return cls(is_new_range, ~is_new_range & (hours_outside <= REWRITTEN_HOURS))

    @property
    def is_context(self) -> NDArray[np.bool_]:
        """The row is stored and lies outside the new range."""
        return ~self.is_new_range


class OverallMeans:
    """The mean of each column over all observations, stored or new: the fill of a station that has none of its own.

    They are computed by the database and only when a station needs them, which is rare: no more than the new rows of
    some stations are in memory. How many of the new rows are stored by then makes no difference.

    Parameters
    ----------
    database : Database
        The database, with the provenance of the columns.
    columns : sequence of str
        The columns.
    parts : callable
        Gives the new rows, those of a station in one part.
    """

    def __init__(self, database: Database, columns: Sequence[str], parts: Callable[[], Iterable[pa.Table]]) -> None:
        self._database, self._columns, self._parts = database, columns, parts

    def of(self, column: str) -> float | None:
        """Return the mean of a column, None where nothing of it is observed."""
        count, total = self._totals[column]
        return total / count if count else None

    @cached_property
    def _totals(self) -> dict[str, tuple[int, float]]:
        """Return how much is observed of each column, and its sum."""
        by_station = self._by_station()
        for new in self._parts():
            by_station |= self._by_station(new.select([*WEATHER_KEY, *self._columns]))
        return {
            name: (
                sum(row[f"count_{name}"] for row in by_station.values()),
                math.fsum(row[f"sum_{name}"] for row in by_station.values() if row[f"count_{name}"]),
            )
            for name in self._columns
        }

    def _by_station(self, new: pa.Table | None = None) -> dict[int, dict[str, Any]]:
        """Return counts and sums of the stations that have new rows, once these are stored; without any, of all."""
        totals = observed_totals(self._database, self._columns, new)
        return {row["station"]: row for row in totals.to_pylist()}


def with_stored_rows(new: pa.Table, stored: pa.Table, fields: Fields) -> pa.Table:
    """Return new and stored rows as one, each field as the new row observed it or else the stored one.

    What is stored comes along under prefixed names, to be compared with what the imputation gives.
    """
    brought = stored.rename_columns([*WEATHER_KEY, *(_STORED + name for name in fields.columns)])
    brought = brought.append_column(_STORED + _STATION, brought.column(_STATION))
    if stored.num_rows:
        rows = new.join(brought, keys=list(WEATHER_KEY), join_type="full outer")
    else:
        rows = pa.concat_tables([new, brought], promote_options="default")
    rows = rows.sort_by([(name, "ascending") for name in WEATHER_KEY])
    merged = {name: rows.column(name) for name in WEATHER_KEY}
    for name in fields.imputed:
        merged[name] = pc.coalesce(rows.column(name), _stored_observations(rows, name))
    for name in fields.as_read:
        merged[name] = _merged(rows, name)
    for name in fields.beside.keys() - set(fields.imputed):
        is_observed = pc.is_valid(rows.column(name))
        for column in fields.beside[name]:
            kept_up = rows.column(_STORED + column)
            if_observed = Provenance.OBSERVED if column == provenance_column(name) else None
            merged[column] = pc.if_else(is_observed, pa.scalar(if_observed, kept_up.type), kept_up)
    for name in (_STATION, *chain.from_iterable((name, *fields.beside[name]) for name in fields.imputed)):
        merged[_STORED + name] = rows.column(_STORED + name)
    return pa.table(merged)


def _stored_observations(rows: pa.Table, name: str) -> pa.ChunkedArray:
    """Return the stored values of a field without its fills."""
    values = rows.column(_STORED + name)
    provenance = _STORED + provenance_column(name)
    if provenance not in rows.column_names:
        return values
    return pc.if_else(is_fill(rows.column(provenance)), None, values)


def _merged(rows: pa.Table, name: str) -> pa.ChunkedArray:
    """Return a field as the new row has it, else as stored; a quality flag stays with its value."""
    new, stored = rows.column(name), rows.column(_STORED + name)
    either = pc.coalesce(new, stored)
    value = value_of_flag(name)
    if value not in rows.column_names:
        return either
    new_value, stored_value = rows.column(value), _stored_observations(rows, value)
    of_stored_value = pc.if_else(pc.is_valid(stored_value), stored, either)
    differs = pc.fill_null(pc.not_equal(new_value, stored_value), True)
    return pc.if_else(pc.is_valid(new_value), pc.if_else(differs, new, either), of_stored_value)


def rows_to_write(imputed: pa.Table, masks: RowMasks, fields: Fields) -> pa.Table:
    """Return the rows of the new range, and the context rows whose fills changed, to be stored."""
    result = imputed.select([*WEATHER_KEY, *fields.columns])
    recomputed = np.zeros(imputed.num_rows, dtype=bool)
    for name in fields.imputed:
        kept, rewritten, _ = _compared(imputed, name, masks)
        recomputed |= rewritten
        for column in (name, *fields.beside[name]):
            stored = imputed.column(_STORED + column)
            settled = pc.if_else(pa.array(kept), stored, imputed.column(column))
            result = result.set_column(result.column_names.index(column), column, settled)
    return result.filter(pa.array(masks.is_new_range | recomputed))


def changed_fills(imputed: pa.Table, masks: RowMasks, fields: Fields) -> pa.Table:
    """Return the stored fills that what is written replaces: a row each, with the value before and after."""
    schema = pa.schema(list(FILL_CHANGE_COLUMNS.items()))
    changes = [schema.empty_table().drop_columns(["run_id", "changed"])]
    for name in fields.imputed:
        _, _, replaced = _compared(imputed, name, masks)
        rows = imputed.filter(pa.array(replaced))
        changes.append(
            pa.table(
                {
                    _STATION: rows.column(_STATION),
                    _STAMP: rows.column(_STAMP),
                    "field": pa.repeat(pa.scalar(name), rows.num_rows),
                    "old_value": rows.column(_STORED + name),
                    "old_provenance": rows.column(_STORED + provenance_column(name)),
                    "new_value": rows.column(name),
                    "new_provenance": rows.column(provenance_column(name)),
                }
            )
        )
    return pa.concat_tables(changes)


class _Compared(NamedTuple):
    """Where the stored value stays, where a fill of the context is written again, where a stored fill is replaced."""

    kept: NDArray[np.bool_]
    rewritten: NDArray[np.bool_]
    replaced: NDArray[np.bool_]


def _compared(imputed: pa.Table, name: str, masks: RowMasks) -> _Compared:
    """Hold the stored values of a field against the computed ones.

    In the new range a stored fill stays where the same method gives the same value and interval but for rounding. In
    the context everything stays but fills whose method changed or whose interpolation gives another value:
    those that reached the edge of the series when they were computed.
    """
    was_filled = is_fill(imputed.column(_STORED + provenance_column(name))).to_numpy()
    same_method = _same(imputed, provenance_column(name))
    same_value = _same(imputed, name)
    same_interval = _same(imputed, name + LOW_SUFFIX) if _STORED + name + LOW_SUFFIX in imputed.column_names else True
    interpolated = is_interpolated(imputed.column(provenance_column(name))).to_numpy()
    rewritten = masks.is_rewritable & was_filled & ~(same_method & (same_value | ~interpolated))
    same = was_filled & same_method & same_value
    kept = np.where(masks.is_new_range, same & same_interval, ~rewritten)
    return _Compared(kept, rewritten, was_filled & ~kept & ~same)


def _same(imputed: pa.Table, name: str) -> NDArray[np.bool_]:
    """Return where a stored value is the computed one but for rounding; where both are missing, too."""
    new, stored = _numbers(imputed, name), _numbers(imputed, _STORED + name)
    same: NDArray[np.bool_] = (np.abs(new - stored) <= SAME_VALUE) | (np.isnan(new) & np.isnan(stored))
    return same


def _numbers(table: pa.Table, name: str) -> NDArray[np.float64]:
    """Return a column as floats, NaN for null."""
    numbers: NDArray[np.float64] = table.column(name).cast(pa.float64()).to_numpy()
    return numbers
