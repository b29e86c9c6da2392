"""New weather rows to completed, imputed and stored hours: what all weather jobs share."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import UTC, datetime
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from energy_data_layer.core.gaps import find_gaps
from energy_data_layer.core.provenance import Provenance, is_fill, provenance_column
from energy_data_layer.jobs.weather.doubtful import as_taken, set_outside_bounds_aside, without_outside_bounds
from energy_data_layer.jobs.weather.filling import Filling, behind_absences
from energy_data_layer.jobs.weather.stored import (
    Fields,
    OverallMeans,
    Periods,
    RowMasks,
    changed_fills,
    rows_to_write,
    with_stored_rows,
)
from energy_data_layer.storage.migrations import add_fill_columns
from energy_data_layer.storage.queries.weather_history import rows_in_periods
from energy_data_layer.storage.tables import (
    BESIDE_A_FILL,
    FILL_CHANGE_KEY,
    FILL_CHANGES,
    WEATHER_ASOS,
    WEATHER_KEY,
)
from energy_data_layer.transforms.complete_hours.absence import Absence
from energy_data_layer.transforms.complete_hours.api import complete_hours
from energy_data_layer.transforms.impute.rule import OPTIMAL_INTERPOLATION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from energy_data_layer.jobs.options import ImputeOptions
    from energy_data_layer.jobs.weather.method import Fills
    from energy_data_layer.reports.weather_report import WeatherReport
    from energy_data_layer.storage.database import Database

STAGES = ("model", "read database", "complete hours", "read history", "impute", "store")

IN_FUTURE = "stamp in the future"
"""Why an hour is rejected that has not come yet: its year is mistyped, or its clock is wrong."""

MUCH_FILLED = 0.2
"""The share of a station's hours beyond which it is worth a warning that they are fills."""

LISTED = 50
"""Gaps and stations that a report names of each kind."""

_STATION, _STAMP = WEATHER_KEY
_NAME = "stnNm"

logger = logging.getLogger(__name__)


def impute_and_store(
    database: Database,
    new: pa.Table,
    report: WeatherReport,
    options: ImputeOptions,
    fills: Fills,
    *,
    use_rust: bool | None,
    parts: Callable[[], Iterable[pa.Table]] | None = None,
    means: OverallMeans | None = None,
) -> pa.Table:
    """Complete, impute and store new rows in one transaction, with what is stored as context and history.

    Stored fills that the new rows change are written again, and table ``fill_changes`` keeps what they were.

    Parameters
    ----------
    database : Database
        The database, with the tables of this release.
    new : pyarrow.Table
        New rows of any stations and hours, each station and stamp once, in microseconds; with the values outside their
        bounds, whatever becomes of these.
    report : WeatherReport
        Where it is noted what was done; several calls add up.
    options : ImputeOptions
        What is filled, and how.
    fills : Fills
        The database's method, and the model where there is one.
    use_rust : bool or None
        The engine.
    parts : callable, optional
        Gives all new rows, where these are not all that are new.
    means : OverallMeans, optional
        The means of the columns, where these rows are not all that are new.

    Returns
    -------
    pyarrow.Table
        The imputed rows with their context.
    """
    columns = options.columns
    with database.transaction():
        with report.stage("read database") as stage:
            by_model = fills.method == OPTIMAL_INTERPOLATION
            add_fill_columns(database, WEATHER_ASOS, columns, with_model=by_model)
            # What is read here decides what is written below: no other run may write in between.
            database.lock(WEATHER_ASOS)
            periods = Periods.of(new)
            fields = Fields.of(new, columns, database.columns(WEATHER_ASOS))
            context = periods.with_context()
            stored = rows_in_periods(database, context, fields.columns)
            stage.holds(new, stored)

        with report.stage("complete hours") as stage:
            combined = with_stored_rows(new, stored, fields)
            if options.out_of_range == "missing":
                combined = _without_outside_bounds(database, report, combined, periods)
            completed = combined  # without a column to fill, rows for absent hours would hold nothing
            if columns:
                completed = complete_hours(
                    combined, _STAMP, _STATION, max_gap=options.max_absence, carry=(_NAME,), use_rust=use_rust
                )
            stage.holds(completed)

        every = parts or (lambda: [as_taken(new, options)])
        filling = Filling(database, report, options, fills, context, use_rust)
        imputed = completed
        if columns:
            imputed = filling.filled(completed, means or OverallMeans(database, columns, every), every)
        for field, suffix in product(columns, BESIDE_A_FILL):
            if field + suffix in fields.beside[field] and field + suffix not in imputed.column_names:
                imputed = imputed.append_column(field + suffix, pa.nulls(imputed.num_rows, BESIDE_A_FILL[suffix]))

        with report.stage("store") as stage:
            masks = RowMasks.of(imputed, periods)
            rows = rows_to_write(imputed, masks, fields)
            counts = database.upsert(WEATHER_ASOS, rows, WEATHER_KEY)
            changes = changed_fills(imputed, masks, fields)
            database.upsert(FILL_CHANGES, _of_run(changes, report.run_id), FILL_CHANGE_KEY)
            stage.holds(imputed, rows)

    if columns:
        _add_absences(report, completed)
    report.stations = max(report.stations, len(periods.station))
    report.hours_completed += completed.num_rows - combined.num_rows
    report.context_rows += int(masks.is_context.sum())
    report.context_rows_recomputed += rows.num_rows - int(masks.is_new_range.sum())
    report.fills_changed += changes.num_rows
    _add_gaps_and_fills(report, imputed, masks, columns)
    report.rows_inserted += counts.inserted
    report.rows_updated += counts.updated
    report.rows_unchanged += counts.unchanged
    return imputed


def _without_outside_bounds(database: Database, report: WeatherReport, rows: pa.Table, periods: Periods) -> pa.Table:
    """Return the rows without values outside the bounds in the hours of new ones, new or kept by an earlier run."""
    is_new_range = periods.hours_outside(rows) == 0
    new = rows.filter(pa.array(is_new_range))
    period = f"{periods.first.min().astype('datetime64[D]')} to {periods.last.max().astype('datetime64[D]')}"
    set_outside_bounds_aside(database, report, new, ", ".join(report.files) or period)
    kept = rows.filter(pa.array(~is_new_range))
    return pa.concat_tables([without_outside_bounds(new), kept]).sort_by([(name, "ascending") for name in WEATHER_KEY])


def _add_absences(report: WeatherReport, completed: pa.Table) -> None:
    """Name the hours of which there are no rows, because they are too many."""
    station, stamp = completed.column(_STATION).to_numpy(), completed.column(_STAMP).to_numpy()
    for at in behind_absences(station, stamp):
        if len(report.absences) < LISTED:
            first, last = (np.datetime_as_string(stamp[row], "m").replace("T", " ") for row in (at - 1, at))
            report.absences.append(str(Absence(str(station[at]), first, last)))


def _of_run(changes: pa.Table, run_id: str) -> pa.Table:
    """Return changes of fills with the run that made them."""
    now = pa.scalar(datetime.now(UTC).replace(tzinfo=None), pa.timestamp("us"))
    of_run = changes.append_column("run_id", pa.repeat(pa.scalar(run_id, pa.string()), changes.num_rows))
    return of_run.append_column("changed", pa.repeat(now, changes.num_rows))


def _add_gaps_and_fills(report: WeatherReport, imputed: pa.Table, masks: RowMasks, columns: Sequence[str]) -> None:
    """Add gap lengths, fills by method, gaps that stay and stations with many fills, per column, of the new range."""
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
        _add_gaps_left(report, imputed, masks, name)
        _add_much_filled(report, imputed, masks, name)


def _add_gaps_left(report: WeatherReport, imputed: pa.Table, masks: RowMasks, name: str) -> None:
    """Name the gaps that were not filled."""
    unfilled = imputed.column(provenance_column(name)).to_numpy() == Provenance.UNFILLED
    report.values_unfilled += int(unfilled[masks.is_new_range].sum())
    station, stamp = imputed.column(_STATION).to_numpy(), imputed.column(_STAMP)
    gaps = find_gaps(unfilled, station).touching(masks.is_new_range)
    for start, stop in zip(gaps.start.tolist(), gaps.stop.tolist(), strict=True):
        if len(report.gaps_unfilled) < LISTED:
            first, last = stamp[start].as_py(), stamp[stop - 1].as_py()
            report.gaps_unfilled.append(f"{name} of {station[start]}: {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}")


def _add_much_filled(report: WeatherReport, imputed: pa.Table, masks: RowMasks, name: str) -> None:
    """Warn of stations of whose new hours more than a fifth are fills."""
    codes = imputed.column(provenance_column(name)).to_numpy()[masks.is_new_range]
    stations, of_row = np.unique(imputed.column(_STATION).to_numpy()[masks.is_new_range], return_inverse=True)
    filled = np.bincount(of_row, (codes != Provenance.OBSERVED) & (codes != Provenance.UNFILLED))
    hours = np.bincount(of_row)
    for at in np.flatnonzero(filled > MUCH_FILLED * hours):
        warning = f"{name} of {stations[at]}: {filled[at]:,.0f} of {hours[at]:,} hours are fills"
        logger.warning(warning)
        if len(report.much_filled) < LISTED:
            report.much_filled.append(warning)
