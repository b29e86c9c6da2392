"""What a job has stored, and whether two runs stored the same."""

from __future__ import annotations

import pyarrow as pa

from energy_data_layer.engine.equality import differences
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.tables import RUNS, TABLES

OF_THE_RUN = {"run_id", "changed", "first_seen", "last_seen", "noticed"}
"""Columns that tell of the run that wrote a row."""


def read(url: str) -> dict[str, pa.Table]:
    """Return the tables of a database but that of the runs, in an order that a run does not change."""
    with Database.connect(url) as database:
        return {table: _ordered(database.read(table)) for table in TABLES if table != RUNS}


def differing(expected: dict[str, pa.Table], actual: dict[str, pa.Table]) -> list[str]:
    """Return what differs, a line per table and column; nothing where all is equal."""
    return [f"{table}: {found}" for table in expected for found in differences(expected[table], actual[table])]


def _ordered(rows: pa.Table) -> pa.Table:
    kept = rows.select([name for name in rows.column_names if name not in OF_THE_RUN])
    # All keys are among these; a number may differ by rounding.
    names = [field.name for field in kept.schema if not pa.types.is_floating(field.type)]
    return kept.sort_by([(name, "ascending") for name in names])
