"""Completed hours to filled ones: by the rule of the month, day and hour, by a straight line, or by a model."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.core.gaps import find_gaps
from energy_data_layer.core.provenance import (
    HIGH_SUFFIX,
    LOW_SUFFIX,
    MODEL_SUFFIX,
    Provenance,
    provenance_column,
)
from energy_data_layer.storage.queries.weather_history import (
    observations_at,
    observations_outside_periods,
    observed_beyond,
)
from energy_data_layer.storage.tables import WEATHER_KEY
from energy_data_layer.transforms.impute.derived import (
    PREDICTED,
    columns_to_fill,
    derived_columns,
    impute_with_derived,
)
from energy_data_layer.transforms.impute.quantities import bounds_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from energy_data_layer.jobs.options import ImputeOptions
    from energy_data_layer.jobs.weather.method import Fills
    from energy_data_layer.jobs.weather.stored import OverallMeans
    from energy_data_layer.reports.weather_report import WeatherReport
    from energy_data_layer.storage.database import Database
    from energy_data_layer.transforms.impute.model import GapModel
    from energy_data_layer.transforms.impute.rule import Method

    Parts = Callable[[], Iterable[pa.Table]]

STATIONS_WITH_HISTORY = 10
"""Of how many stations history is read at once: a station can have decades of it."""

_STATION, _STAMP = _KEY = list(WEATHER_KEY)
_HOUR = np.timedelta64(1, "h")


class Filling:
    """Fills the completed hours of a run, with what is stored elsewhere.

    Parameters
    ----------
    database : Database
        The database, with the columns of the fills.
    report : WeatherReport
        Where stages, clipped fills and the engine are noted.
    options : ImputeOptions
        What is filled, and how.
    fills : Fills
        The method, and the model where there is one.
    context : pyarrow.Table
        The periods whose rows are completed: ``station``, ``first`` and ``last``.
    use_rust : bool or None
        The engine.
    """

    def __init__(
        self,
        database: Database,
        report: WeatherReport,
        options: ImputeOptions,
        fills: Fills,
        context: pa.Table,
        use_rust: bool | None,
    ) -> None:
        self._database, self._report, self._options, self._fills = database, report, options, fills
        self._columns, self._context, self._use_rust = options.columns, context, use_rust

    def filled(self, completed: pa.Table, means: OverallMeans, parts: Parts) -> pa.Table:
        """Return the hours with their missing values filled, and what is stored beside each fill."""
        if self._fills.model is not None:
            filled = self._by_model(completed, self._fills.model, means, parts)
        elif self._fills.method == "linear":
            filled = self._imputed(completed, "linear")
        else:
            filled = self._by_rule(completed, means)
        if self._fills.max_gap is None:
            return filled
        return self._without_long_gaps(completed, filled, self._fills.max_gap)

    def _by_rule(self, completed: pa.Table, means: OverallMeans) -> pa.Table:
        """Fill by `spline_climatology`, with the history of the stations that have a long gap."""
        pieces, stretches = [], _stretches(completed)
        for stretch in stretches:
            # The rule counts rows: what lies behind hours without rows is history, as other years are.
            others = None if stretch is completed else completed.join(stretch.select(_KEY), _KEY, join_type="left anti")
            for piece, stations in _with_bounded_history(stretch, stations_in_need_of_history(stretch, self._options)):
                with self._report.stage("read history") as stage:
                    history = observations_outside_periods(self._database, self._context, self._columns, stations)
                    if others is not None:
                        beside = others.filter(pc.is_in(others.column(_STATION), pa.array(stations, pa.int64())))
                        history = pa.concat_tables([history, beside.select(history.column_names)])
                    stage.holds(completed, history)
                pieces.append(self._imputed(piece, "spline_climatology", history=history))
        filled = pa.concat_tables(pieces)
        if len(stretches) > 1:
            filled = filled.sort_by([(name, "ascending") for name in _KEY])
        return _with_overall_means(filled, self._columns, means)

    def _by_model(self, completed: pa.Table, model: GapModel, means: OverallMeans, parts: Parts) -> pa.Table:
        """Fill by a model and with the neighbours' observations; where it knows too little, by the rule."""
        with self._report.stage("read history") as stage:
            neighbours = self._neighbours(completed, model, parts)
            stage.holds(completed, neighbours)
        filled = self._imputed(completed, "optimal_interpolation", history=neighbours, model=model)
        settled = (Provenance.OBSERVED, *PREDICTED)
        station = filled.column(_STATION).to_numpy()
        left = {name: ~np.isin(filled.column(provenance_column(name)).to_numpy(), settled) for name in self._columns}
        in_need = np.isin(station, np.unique(station[np.logical_or.reduce(list(left.values()))]))
        if in_need.any():
            rows = np.flatnonzero(in_need)
            by_rule = self._by_rule(completed.take(rows), means)
            for name in self._columns:
                chosen = left[name][rows]
                for column in (name, provenance_column(name)):
                    values = filled.column(column).to_numpy().copy()
                    values[rows[chosen]] = by_rule.column(column).to_numpy()[chosen]
                    settled_values = pa.array(values, from_pandas=True)
                    filled = filled.set_column(filled.column_names.index(column), column, settled_values)
        for name in self._columns:
            codes = filled.column(provenance_column(name))
            made = pc.is_in(codes, pa.array(PREDICTED, pa.uint8()))
            filled = filled.append_column(name + MODEL_SUFFIX, pc.if_else(made, model.id, pa.scalar(None, pa.string())))
        return filled

    def _imputed(
        self,
        rows: pa.Table,
        method: Method,
        *,
        history: pa.Table | None = None,
        model: GapModel | None = None,
    ) -> pa.Table:
        with self._report.stage("impute") as stage:
            frames = (rows,) if history is None else (rows, history)
            filled, imputation = impute_with_derived(
                rows,
                self._columns,
                _STAMP,
                _STATION,
                {} if model is None else derived_columns(self._columns, _STAMP, _STATION, frames, model),
                bounds=bounds_of(self._columns, _STAMP, _STATION),
                missing_values=(),  # markers were looked for where the rows were read
                history=history,
                interval=None if model is None else self._fills.interval,
                method=method,
                max_spline_gap=self._options.max_spline_gap,
                model=model,
                use_rust=self._use_rust,
            )
            stage.holds(rows, filled)
        self._report.fills_clipped += sum(column.clipped for column in imputation.columns.values())
        self._report.engine, self._report.engine_reason = imputation.engine, imputation.engine_reason
        return filled

    def _neighbours(self, completed: pa.Table, model: GapModel, parts: Parts) -> pa.Table:
        """Return what other stations observed in the hours of the gaps and beside them, stored or new."""
        station, stamp = completed.column(_STATION).to_numpy(), completed.column(_STAMP).to_numpy()
        candidates = {
            (row["column"], row["station"]): row["candidates"]
            for row in model.table.select(["column", "station", "candidates"]).to_pylist()
        }
        derived = derived_columns(self._columns, _STAMP, _STATION, [completed], model)
        wanted: set[int] = set()
        hours: list[NDArray[np.datetime64]] = [stamp[:0]]
        for name in self._columns:
            missing = _missing(completed, name)
            for fitted in columns_to_fill([name], {name: derived[name]} if name in derived else {}):
                for number in np.unique(station[missing]).tolist():
                    wanted.update(map(int, candidates.get((fitted, str(number)), ())))
            hours.append(stamp[missing])
        gaps = np.unique(np.concatenate(hours))
        if len(gaps):
            # Of a station whose hours are all among the completed ones there is nothing more to read.
            limits = completed.group_by(_STATION).aggregate([(_STAMP, "min"), (_STAMP, "max")])
            around = pc.and_(
                pc.less_equal(limits.column(f"{_STAMP}_min"), gaps[0]),
                pc.greater_equal(limits.column(f"{_STAMP}_max"), gaps[-1]),
            )
            wanted -= set(limits.filter(around).column(_STATION).to_pylist())
        stations = pa.array(sorted(wanted), pa.int64())
        stamps = pa.array(np.unique(np.concatenate([gaps - _HOUR, gaps, gaps + _HOUR])), pa.timestamp("us"))
        stored = observations_at(self._database, stations, stamps, self._columns)
        new = [
            part.select([*WEATHER_KEY, *self._columns]).filter(
                pc.and_(pc.is_in(part.column(_STATION), stations), pc.is_in(part.column(_STAMP), stamps))
            )
            for part in (parts() if wanted else ())
        ]
        if not any(part.num_rows for part in new):
            return stored
        both = pa.concat_tables(new).join(
            stored, keys=list(WEATHER_KEY), join_type="full outer", right_suffix=" stored"
        )
        observed = {name: pc.coalesce(both.column(name), both.column(f"{name} stored")) for name in self._columns}
        return pa.table({name: both.column(name) for name in WEATHER_KEY} | observed)

    def _without_long_gaps(self, completed: pa.Table, filled: pa.Table, most: int) -> pa.Table:
        """Leave gaps missing that are longer, also where they go on beyond the completed hours."""
        station, stamp = completed.column(_STATION).to_numpy(), completed.column(_STAMP).to_numpy()
        ends = np.flatnonzero(np.append(station[1:] != station[:-1], True)) if len(station) else station[:0]
        starts = np.append(0, ends[:-1] + 1) if len(ends) else ends
        for name in self._columns:
            gaps = find_gaps(_missing(completed, name), station)
            length = gaps.length.astype(np.float64)
            at_start, at_end = np.isin(gaps.start, starts), np.isin(gaps.stop - 1, ends)
            if (at_start | at_end).any():
                before, after = self._missing_beyond(station[starts], stamp[starts], stamp[ends], name)
                place = np.searchsorted(starts, gaps.start, side="right") - 1
                length += np.where(at_start, before[place], 0) + np.where(at_end, after[place], 0)
            rows = gaps.rows(length > most)
            if not len(rows):
                continue
            too_long = np.zeros(len(station), dtype=bool)
            too_long[rows] = True
            for suffix in ("", LOW_SUFFIX, HIGH_SUFFIX, MODEL_SUFFIX):
                if name + suffix in filled.column_names:
                    filled = _replaced(filled, name + suffix, too_long, None)
            filled = _replaced(filled, provenance_column(name), too_long, Provenance.UNFILLED)
        return filled

    def _missing_beyond(
        self, station: NDArray[np.int64], first: NDArray[np.datetime64], last: NDArray[np.datetime64], name: str
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return how many hours before the first, and after the last completed hour of each station, are missing."""
        periods = pa.table({"station": station, "first": first, "last": last})
        found = {row["station"]: row for row in observed_beyond(self._database, periods, name).to_pylist()}
        before, after = np.zeros(len(station)), np.zeros(len(station))
        for at, number in enumerate(station.tolist()):
            row = found.get(number)
            if row is None:
                continue
            begin, end = first[at].astype(object), last[at].astype(object)
            hour = _HOUR.astype(object)
            before[at] = max((begin - (row["before"] or row["earliest"] - hour)) / hour - 1, 0)
            after[at] = max(((row["after"] or row["latest"] + hour) - end) / hour - 1, 0)
        return before, after


def behind_absences(station: NDArray[np.int64], stamp: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Return the completed rows that come after hours without rows, by station and stamp in order."""
    return np.flatnonzero((station[1:] == station[:-1]) & (np.diff(stamp) > _HOUR)) + 1


def _stretches(completed: pa.Table) -> list[pa.Table]:
    """Return the rows in parts in which each station has one stretch of hours; all in one where none has more."""
    station, stamp = completed.column(_STATION).to_numpy(), completed.column(_STAMP).to_numpy()
    behind = behind_absences(station, stamp)
    if not len(behind):
        return [completed]
    is_behind = np.zeros(len(station), dtype=np.int64)
    is_behind[behind] = 1
    counted = np.cumsum(is_behind)
    first_row = np.searchsorted(station, station)
    number = counted - counted[first_row]
    return [completed.filter(pa.array(number == one)) for one in np.unique(number)]


def stations_in_need_of_history(completed: pa.Table, options: ImputeOptions) -> NDArray[np.int64]:
    """Return the stations whose fills depend on what is stored elsewhere of them: those with a long gap."""
    station = completed.column(_STATION).to_numpy()
    in_need: list[NDArray[np.int64]] = [station[:0]]
    for name in options.columns:
        gaps = find_gaps(_missing(completed, name), station)
        in_need.append(station[gaps.start[gaps.length > options.max_spline_gap]])
    return np.unique(np.concatenate(in_need))


def _missing(rows: pa.Table, name: str) -> NDArray[np.bool_]:
    missing: NDArray[np.bool_] = pc.is_null(rows.column(name), nan_is_null=True).to_numpy()
    return missing


def _replaced(table: pa.Table, name: str, rows: NDArray[np.bool_], value: object) -> pa.Table:
    """Return the table with another value in some rows of a column."""
    kind = table.schema.field(name).type
    column = pc.if_else(pa.array(rows), pa.scalar(value, kind), table.column(name))
    return table.set_column(table.column_names.index(name), name, column)


def _with_bounded_history(
    completed: pa.Table, in_need: NDArray[np.int64]
) -> Iterator[tuple[pa.Table, NDArray[np.int64]]]:
    """Cut the rows, which are in the order of their stations, where enough stations are in need of history."""
    station = completed.column(_STATION).to_numpy()
    groups = [in_need[at : at + STATIONS_WITH_HISTORY] for at in range(0, len(in_need), STATIONS_WITH_HISTORY)]
    starts = [0, *(int(np.searchsorted(station, group[0])) for group in groups[1:]), len(station)]
    for (start, end), group in zip(pairwise(starts), groups or [in_need], strict=True):
        yield completed.slice(start, end - start), group


def _with_overall_means(imputed: pa.Table, columns: Sequence[str], means: OverallMeans) -> pa.Table:
    """Replace means of a column by those of all observations, of which the imputation saw only a part."""
    for name in columns:
        codes = imputed.column(provenance_column(name)).to_numpy()
        left = np.isin(codes, [Provenance.GLOBAL_MEAN, Provenance.UNFILLED])
        if not left.any():
            continue
        mean = means.of(name)
        imputed = _replaced(imputed, name, left, mean)
        code = Provenance.UNFILLED if mean is None else Provenance.GLOBAL_MEAN
        imputed = _replaced(imputed, provenance_column(name), left, code)
    return imputed
