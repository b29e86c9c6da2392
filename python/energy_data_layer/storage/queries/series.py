"""The stations and plants of a table of hours: from when to when, and how many hours each day has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from energy_data_layer.core.provenance import is_fill_sql, provenance_column
from energy_data_layer.datasets.registry import dataset_of_table
from energy_data_layer.storage.coverage import hourly_table
from energy_data_layer.storage.names import quoted

from .scope import Scope, clause

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from energy_data_layer.storage.database import Database


def series_ranges(database: Database, table: str, scope: Scope) -> pa.Table:
    """Return the key of each series, ``series_name``, ``first_hour`` and ``last_hour``, also outside of the period."""
    hourly = hourly_table(table)
    key = ", ".join(map(quoted, hourly.key))
    conditions, parameters = scope.of_stations(table)
    return database.query(
        f"SELECT {key}, max({_name(table)}) AS series_name, min({hourly.start}) AS first_hour, "  # noqa: S608
        f"max({hourly.start}) AS last_hour FROM {quoted(table)}{clause([*conditions, hourly.counts])} GROUP BY {key}",
        parameters,
    )


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
    hourly = hourly_table(table)
    key = ", ".join(map(quoted, hourly.key))
    where, parameters = scope.where(table)
    valued = " AND ".join(f"{quoted(field)} IS NOT NULL" for field in fields) or "TRUE"
    filled = " OR ".join(is_fill_sql(quoted(provenance_column(field))) for field in fields)
    observed = f"{valued} AND NOT ({filled})" if fields and _is_imputed(table) else valued
    return database.query(
        f"SELECT {key}, CAST({hourly.start} AS DATE) AS day, count(*) FILTER (WHERE {observed}) AS observed, "  # noqa: S608
        f"count(*) FILTER (WHERE {valued}) AS valued FROM {quoted(table)}{where} "
        f"GROUP BY {key}, CAST({hourly.start} AS DATE)",
        parameters,
    )


def _name(table: str) -> str:
    """Return what a series is called, in SQL."""
    dataset = dataset_of_table(table)
    names = [] if dataset is None else list(map(quoted, dataset.table.names))
    if len(names) == 1:
        return names[0]
    return "concat_ws(' ', " + ", ".join(f"nullif({name}, '')" for name in names) + ")"


def _is_imputed(table: str) -> bool:
    dataset = dataset_of_table(table)
    return dataset is not None and any(column.can_be_imputed for column in dataset.table.columns)
