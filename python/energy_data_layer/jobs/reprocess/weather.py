"""Some stations' hours made anew from their observations, those of a raw folder or the stored ones."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.core.provenance import PROVENANCE_SUFFIX, is_fill, provenance_column
from energy_data_layer.jobs.reprocess.replaced_values import note_replaced_values
from energy_data_layer.jobs.weather.imputed import impute_and_store
from energy_data_layer.jobs.weather.stored import CONTEXT_HOURS
from energy_data_layer.reports.weather_report import WeatherReport
from energy_data_layer.storage.migrations import add_fill_columns
from energy_data_layer.storage.tables import WEATHER_ASOS, WEATHER_KEY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from energy_data_layer.jobs.options import ImputeOptions
    from energy_data_layer.jobs.weather.method import Fills
    from energy_data_layer.reports.reprocess_report import ReprocessReport
    from energy_data_layer.storage.database import Database

_STATION, _STAMP = WEATHER_KEY
_NAME = "stnNm"
_RAW = "raw "


def reprocess_stations(
    database: Database,
    report: ReprocessReport,
    stations: Sequence[int],
    raw: pa.Table | None,
    options: ImputeOptions,
    fills: Fills,
    period: tuple[datetime, datetime],
    use_rust: bool | None,
) -> None:
    """Compute the fills of some stations again, after their observations were corrected from raw ones.

    Parameters
    ----------
    database : Database
        The database, in a transaction.
    report : ReprocessReport
        Where it is noted what was replaced.
    stations : sequence of int
        The stations.
    raw : pyarrow.Table or None
        Observations of a raw folder, within the period; None without one.
    options : ImputeOptions
        What is imputed, and how.
    fills : Fills
        The database's method, and the model where there is one.
    period : (datetime, datetime)
        The first hour, and the first one that is not of the period.
    use_rust : bool or None
        The engine.
    """
    columns = options.columns
    with report.stage("read stored"):
        add_fill_columns(database, WEATHER_ASOS, columns)
        # What is read here is what the history will say: no other run may write in between.
        database.lock(WEATHER_ASOS)
        known = raw if raw is not None else pa.table({_STATION: pa.array([], pa.int64()), _STAMP: _no_stamps()})
        names = _columns_to_read(database, known, columns)
        before = _stored(database, stations, names, period)
        stored = before.filter((pc.field(_STAMP) >= period[0]) & (pc.field(_STAMP) < period[1]))
        unknown = stored.join(known.select(list(WEATHER_KEY)), keys=list(WEATHER_KEY), join_type="left anti")
        new = pa.concat_tables([known, _observations(unknown)], promote_options="default")
        report.rows_read += stored.num_rows
    if raw is not None:
        report.note_unknown_rows(WEATHER_ASOS, unknown.num_rows)
    if not new.num_rows:
        return
    if raw is not None:
        with report.stage("take out"):
            database.upsert(WEATHER_ASOS, _without_what_raw_lacks(stored, known), WEATHER_KEY)
    imputed = WeatherReport(
        report.job, {}, on_stage=report.on_stage, run_id=report.run_id, stages=report.stages, rejects=report.rejects
    )
    impute_and_store(database, new, imputed, options, fills, use_rust=use_rust)
    report.stations += imputed.stations
    if columns:
        report.engine, report.engine_reason = imputed.engine, imputed.engine_reason
    with report.stage("compare"):
        compared = names if raw is not None else [name for name in names if name != _NAME]
        after = _stored(database, stations, compared, period)
        note_replaced_values(database, report, WEATHER_ASOS, before, after, imputed=columns, period=period)


def _no_stamps() -> pa.Array:
    return pa.array([], pa.timestamp("us"))


def _columns_to_read(database: Database, raw: pa.Table, columns: Sequence[str]) -> list[str]:
    """Return the key, the name, the fields of the raw rows and those to impute, each with its provenance."""
    fields = dict.fromkeys([*WEATHER_KEY, _NAME, *columns, *raw.column_names])
    present = database.columns(WEATHER_ASOS)
    return [*fields, *(name for name in map(provenance_column, fields) if name in present)]


def _stored(
    database: Database, stations: Sequence[int], names: Sequence[str], period: tuple[datetime, datetime]
) -> pa.Table:
    """Return the stored rows of the period and of the context in which a run can change something."""
    around = timedelta(hours=CONTEXT_HOURS)
    return database.read(
        WEATHER_ASOS,
        names,
        [
            (_STATION, "in", list(stations)),
            (_STAMP, ">=", period[0] - around),
            (_STAMP, "<", period[1] + around),
        ],
    )


def _observations(rows: pa.Table) -> pa.Table:
    """Return stored rows without their fills; with the quality flags, which go with the values."""
    names = [name for name in rows.column_names if not name.endswith(PROVENANCE_SUFFIX)]
    return pa.table({name: pc.if_else(_is_fill(rows, name), None, rows.column(name)) for name in names})


def _without_what_raw_lacks(stored: pa.Table, raw: pa.Table) -> pa.Table:
    """Return the rows that have a value which is missing in their raw row, without it; fills stay."""
    fields = [name for name in raw.column_names if name not in WEATHER_KEY]
    renamed = raw.rename_columns([*(name if name in WEATHER_KEY else _RAW + name for name in raw.column_names)])
    rows = stored.join(renamed, keys=list(WEATHER_KEY), join_type="inner")
    without = {name: rows.column(name) for name in WEATHER_KEY}
    lacks_any = pa.chunked_array([pa.repeat(False, rows.num_rows)])
    for name in fields:
        value = rows.column(name)
        lacks = pc.and_(pc.is_valid(value), pc.is_null(rows.column(_RAW + name)))
        lacks = pc.and_not(lacks, _is_fill(rows, name))
        without[name] = pc.if_else(lacks, None, value)
        lacks_any = pc.or_(lacks_any, lacks)
    return pa.table(without).filter(lacks_any)


def _is_fill(rows: pa.Table, name: str) -> pa.ChunkedArray:
    provenance = provenance_column(name)
    if provenance not in rows.column_names:
        return pa.chunked_array([pa.repeat(False, rows.num_rows)])
    return is_fill(rows.column(provenance))
