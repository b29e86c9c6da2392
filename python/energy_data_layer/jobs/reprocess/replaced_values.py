"""What reprocessing changed in a table, told from its rows before and after: counted, and kept in the history."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.core.provenance import PROVENANCE_SUFFIX, Provenance, is_fill, provenance_column
from energy_data_layer.reports.reprocess_report import MISSING, Replaced
from energy_data_layer.storage.coverage import hourly_table
from energy_data_layer.storage.tables import REPLACED_VALUE_COLUMNS, REPLACED_VALUE_KEY, REPLACED_VALUES
from energy_data_layer.storage.upsert import nan_as_null

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from energy_data_layer.reports.reprocess_report import ReprocessReport
    from energy_data_layer.storage.database import Database

WHOLE_ROW = "*"
"""The field of a row that was inserted: there is no old value, and the new one is the row."""

_OLD = "old "
_STORED = "is stored"
_MISSING_CODE = -1


def note_replaced_values(
    database: Database,
    report: ReprocessReport,
    table: str,
    before: pa.Table,
    after: pa.Table,
    *,
    imputed: Sequence[str] = (),
    period: tuple[datetime, datetime],
) -> None:
    """Count what changed between two readings of a table, and keep the old values in table ``replaced_values``.

    Parameters
    ----------
    database : Database
        The database, in the transaction that changed the table.
    report : ReprocessReport
        Where it is noted what changed.
    table : str
        One of `hourly_tables`.
    before, after : pyarrow.Table
        The same columns, the key among them; no row of `before` is gone.
    imputed : sequence of str, default ()
        Fields whose replaced fills table ``fill_changes`` has already.
    period : (datetime, datetime)
        The first stamp of the period and the first one after it; rows around it are not counted as compared.
    """
    hourly = hourly_table(table)
    key = [*hourly.key, hourly.stamp]
    columns = [name for name in after.column_names if name not in key]
    old = nan_as_null(before.select([*key, *columns])).rename_columns([*key, *(_OLD + name for name in columns)])
    old = old.append_column(_STORED, pa.repeat(True, old.num_rows))
    rows = nan_as_null(after).join(old, keys=key)
    is_stored = pc.is_valid(rows.column(_STORED))
    inserted, rows = rows.filter(pc.invert(is_stored)), rows.filter(is_stored)

    history = [_entries(inserted, key, WHOLE_ROW, None, inserted.select(columns).to_pylist())]
    is_changed_row = np.zeros(rows.num_rows, dtype=bool)
    for name in columns:
        changed = _differs(rows, name)
        is_changed_row |= changed
        if name.removesuffix(PROVENANCE_SUFFIX) in imputed:
            changed &= ~_was_filled(rows, name.removesuffix(PROVENANCE_SUFFIX))
        chosen = rows.filter(pa.array(changed))
        history.append(
            _entries(chosen, key, name, chosen.column(_OLD + name).to_pylist(), chosen.column(name).to_pylist())
        )
    _keep(database, report.run_id, table, pa.concat_tables(history))

    stamp = rows.column(hourly.stamp)
    in_period = _flags(pc.and_(pc.greater_equal(stamp, period[0]), pc.less(stamp, period[1])))
    for name in columns:
        if not name.endswith(PROVENANCE_SUFFIX):
            _count(report, table, rows, name, in_period)
    report.rows_inserted += inserted.num_rows
    report.rows_updated += int(is_changed_row.sum())
    report.rows_unchanged += int((in_period & ~is_changed_row).sum())


def _count(report: ReprocessReport, table: str, rows: pa.Table, name: str, in_period: NDArray[np.bool_]) -> None:
    """Count the values of a field that changed, by how they were there before and are now."""
    before, after = _states(rows, _OLD, name), _states(rows, "", name)
    changed = _differs(rows, name) | (before != after)
    report.values_compared += int(in_period.sum())
    report.values_same += int((in_period & ~changed).sum())
    report.values_replaced += int(changed.sum())
    report.values_replaced_around += int((changed & ~in_period).sum())
    for old, new in sorted(set(zip(before[changed].tolist(), after[changed].tolist(), strict=True))):
        chosen = rows.filter(pa.array(changed & (before == old) & (after == new)))
        report.note_replaced(
            Replaced(table, name, _label(old), _label(new), chosen.num_rows, _largest_difference(chosen, name))
        )


def _states(rows: pa.Table, prefix: str, name: str) -> NDArray[np.int64]:
    """Return the provenance of each value, `_MISSING_CODE` where there is neither a value nor a fill."""
    is_there = _flags(pc.is_valid(rows.column(prefix + name)))
    provenance = prefix + provenance_column(name)
    codes = np.zeros(rows.num_rows, dtype=np.int64)
    if provenance in rows.column_names:
        codes = pc.fill_null(rows.column(provenance), 0).to_numpy().astype(np.int64)
    states: NDArray[np.int64] = np.where((codes == Provenance.OBSERVED) & ~is_there, _MISSING_CODE, codes)
    return states


def _label(state: int) -> str:
    if state == _MISSING_CODE:
        return MISSING
    return Provenance(state).label if state in set(Provenance) else f"unknown code {state}"


def _largest_difference(rows: pa.Table, name: str) -> float:
    if not pa.types.is_floating(rows.schema.field(name).type):
        return 0.0
    return float(pc.max(pc.abs(pc.subtract(rows.column(name), rows.column(_OLD + name)))).as_py() or 0.0)


def _was_filled(rows: pa.Table, name: str) -> NDArray[np.bool_]:
    return _flags(is_fill(rows.column(_OLD + provenance_column(name))))


def _differs(rows: pa.Table, name: str) -> NDArray[np.bool_]:
    old, new = rows.column(_OLD + name), rows.column(name)
    # A comparison with null is null: then they differ if only one of them is.
    return _flags(pc.coalesce(pc.not_equal(old, new), pc.xor(pc.is_null(old), pc.is_null(new))))


def _flags(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    flags: NDArray[np.bool_] = column.to_numpy()
    return flags


def _entries(
    rows: pa.Table, key: Sequence[str], field: str, old: Iterable[object] | None, new: Iterable[object]
) -> pa.Table:
    """Return the replaced values of a field, as text that PostgreSQL and DuckDB understand as JSON."""
    count = rows.num_rows
    return pa.table(
        {
            "row_key": pa.array(map(_json, rows.select(list(key)).to_pylist()), pa.string()),
            "field": pa.repeat(pa.scalar(field), count),
            "old_value": pa.nulls(count, pa.string()) if old is None else pa.array(map(_json, old), pa.string()),
            "new_value": pa.array(map(_json, new), pa.string()),
        }
    )


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, default=str)


def _keep(database: Database, run_id: str, table: str, entries: pa.Table) -> None:
    if not entries.num_rows:
        return
    common = {"run_id": run_id, "table_name": table, "changed": datetime.now(UTC).replace(tzinfo=None)}
    for name, value in common.items():
        scalar = pa.scalar(value, REPLACED_VALUE_COLUMNS[name])
        entries = entries.append_column(name, pa.repeat(scalar, entries.num_rows))
    database.upsert(REPLACED_VALUES, entries, REPLACED_VALUE_KEY)
