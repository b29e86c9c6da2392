"""New weather rows to completed, imputed and stored hours: what all weather jobs share."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.core.gaps import find_gaps
from energy_data_layer.core.provenance import Provenance, is_fill, provenance_column
from energy_data_layer.jobs.weather.stored import (
    Fields,
    OverallMeans,
    Periods,
    RowMasks,
    changed_fills,
    rows_to_write,
    with_stored_rows,
)
from energy_data_layer.storage.migrations import add_provenance_columns
from energy_data_layer.storage.queries.weather_history import observations_outside_periods, rows_in_periods
from energy_data_layer.storage.tables import (
    FILL_CHANGE_KEY,
    FILL_CHANGES,
    WEATHER_ASOS,
    WEATHER_KEY,
)
from energy_data_layer.transforms.complete_hours.api import complete_hours
from energy_data_layer.transforms.impute.api import impute_missing_values
from energy_data_layer.transforms.impute.quantities import bounds_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from energy_data_layer.jobs.options import ImputeOptions
    from energy_data_layer.reports.weather_report import WeatherReport
    from energy_data_layer.storage.database import Database

STAGES = ("read database", "complete hours", "read history", "impute", "store")

STATIONS_WITH_HISTORY = 10
"""Of how many stations history is read at once: a station can have decades of it."""

_STATION, _STAMP = WEATHER_KEY
_NAME = "stnNm"


def impute_and_store(
    database: Database,
    new: pa.Table,
    report: WeatherReport,
    options: ImputeOptions,
    *,
    use_rust: bool | None,
    means: OverallMeans | None = None,
) -> tuple[pa.Table, pa.Table]:
    """Complete, impute and store new rows in one transaction, with what is stored as context and history.

    Stored fills that the new rows change are written again, and table ``fill_changes`` keeps what they were.

    Parameters
    ----------
    database : Database
        The database, with the tables of this release.
    new : pyarrow.Table
        New rows of any stations and hours, each station and stamp once, in microseconds.
    report : WeatherReport
        Where it is noted what was done; several calls add up.
    options : ImputeOptions
        What is filled, and how.
    use_rust : bool or None
        The engine.
    means : OverallMeans, optional
        The means of the columns, where these rows are not all that are new.

    Returns
    -------
    completed, imputed : pyarrow.Table
        The rows with their context, before and after imputation.
    """
    columns = options.columns
    with database.transaction():
        with report.stage("read database") as stage:
            add_provenance_columns(database, WEATHER_ASOS, columns)
            # What is read here decides what is written below: no other run may write in between.
            database.lock(WEATHER_ASOS)
            periods = Periods.of(new)
            fields = Fields.of(new, columns, database.columns(WEATHER_ASOS))
            context = periods.with_context()
            stored = rows_in_periods(database, context, fields.columns)
            stage.holds(new, stored)

        with report.stage("complete hours") as stage:
            combined = with_stored_rows(new, stored, fields)
            completed = complete_hours(combined, _STAMP, _STATION, carry=(_NAME,), use_rust=use_rust)
            stage.holds(completed)

        in_need = stations_in_need_of_history(completed, options)
        pieces = []
        for piece, stations in _with_bounded_history(completed, in_need):
            with report.stage("read history") as stage:
                history = observations_outside_periods(database, context, columns, stations)
                stage.holds(completed, history)

            with report.stage("impute") as stage:
                filled, imputation = impute_missing_values(
                    piece,
                    columns,
                    _STAMP,
                    _STATION,
                    max_spline_gap=options.max_spline_gap,
                    bounds=bounds_of(columns, _STAMP, _STATION),
                    history=history,
                    provenance=True,
                    report=True,
                    use_rust=use_rust,
                )
                report.fills_clipped += sum(column.clipped for column in imputation.columns.values())
                pieces.append(filled)
                stage.holds(completed, *pieces)
        means = means or OverallMeans(database, columns, lambda: [new])
        imputed = _with_overall_means(pa.concat_tables(pieces), columns, means)

        with report.stage("store") as stage:
            masks = RowMasks.of(imputed, periods)
            rows = rows_to_write(imputed, masks, fields)
            counts = database.upsert(WEATHER_ASOS, rows, WEATHER_KEY)
            changes = changed_fills(imputed, masks, fields)
            database.upsert(FILL_CHANGES, _of_run(changes, report.run_id), FILL_CHANGE_KEY)
            stage.holds(imputed, rows)

    report.stations = max(report.stations, len(periods.station))
    report.hours_completed += completed.num_rows - combined.num_rows
    report.context_rows += int(masks.is_context.sum())
    report.context_rows_recomputed += rows.num_rows - int(masks.is_new_range.sum())
    report.fills_changed += changes.num_rows
    _add_gaps_and_fills(report, imputed, masks, columns)
    report.rows_inserted += counts.inserted
    report.rows_updated += counts.updated
    report.rows_unchanged += counts.unchanged
    report.engine, report.engine_reason = imputation.engine, imputation.engine_reason
    return completed, imputed


def stations_in_need_of_history(completed: pa.Table, options: ImputeOptions) -> NDArray[np.int64]:
    """Return the stations whose fills depend on what is stored elsewhere of them: those with a long gap."""
    station = completed.column(_STATION).to_numpy()
    in_need: list[NDArray[np.int64]] = [station[:0]]
    for name in options.columns:
        gaps = find_gaps(pc.is_null(completed.column(name), nan_is_null=True).to_numpy(), station)
        in_need.append(station[gaps.start[gaps.length > options.max_spline_gap]])
    return np.unique(np.concatenate(in_need))


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
        codes = imputed.column(provenance_column(name))
        left = pc.is_in(codes, pa.array([Provenance.GLOBAL_MEAN, Provenance.UNFILLED], pa.uint8()))
        if not pc.any(left).as_py():
            continue
        mean = means.of(name)
        code = Provenance.UNFILLED if mean is None else Provenance.GLOBAL_MEAN
        for column, value in (
            (name, pa.scalar(mean, pa.float64())),
            (provenance_column(name), pa.scalar(code, pa.uint8())),
        ):
            settled = pc.if_else(left, value, imputed.column(column))
            imputed = imputed.set_column(imputed.column_names.index(column), column, settled)
    return imputed


def _of_run(changes: pa.Table, run_id: str) -> pa.Table:
    """Return changes of fills with the run that made them."""
    now = pa.scalar(datetime.now(UTC).replace(tzinfo=None), pa.timestamp("us"))
    of_run = changes.append_column("run_id", pa.repeat(pa.scalar(run_id, pa.string()), changes.num_rows))
    return of_run.append_column("changed", pa.repeat(now, changes.num_rows))


def _add_gaps_and_fills(report: WeatherReport, imputed: pa.Table, masks: RowMasks, columns: Sequence[str]) -> None:
    """Add gap lengths and fills by method, per column, of the new range."""
    station = imputed.column(_STATION).to_numpy()
    for name in columns:
        codes = imputed.column(provenance_column(name))
        gaps = find_gaps(is_fill(codes).to_numpy(), station)
        lengths = Counter(report.gap_lengths.get(name, {})) + Counter(gaps.touching(masks.is_new_range).lengths())
        report.gap_lengths[name] = dict(sorted(lengths.items()))
        counts = np.bincount(codes.to_numpy()[masks.is_new_range], minlength=len(Provenance)).tolist()
        before = report.filled.get(name, {})
        report.filled[name] = {
            method.label: before.get(method.label, 0) + counts[method] for method in Provenance if method.is_fill
        }
