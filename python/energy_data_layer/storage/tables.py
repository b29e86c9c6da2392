"""The tables of the data layer beside those of the datasets: their names, columns and keys."""

from __future__ import annotations

import pyarrow as pa

from energy_data_layer.datasets.asos import ASOS
from energy_data_layer.datasets.generation_files import GENERATION_FILES
from energy_data_layer.datasets.koen_wind import KOEN_WIND
from energy_data_layer.datasets.kospo_solar import KOSPO_SOLAR
from energy_data_layer.datasets.registry import DATASETS

REJECTS = "rejects"
"""Rows of files and items of services that were not stored."""

REJECT_COLUMNS = {
    "file": pa.string(),
    "line": pa.int64(),
    "publisher": pa.string(),
    "reason": pa.string(),
    "content": pa.string(),
    "first_seen": pa.timestamp("us"),
}
REJECT_KEY = ("file", "line", "content")

FILL_CHANGES = "fill_changes"
"""Stored fills that a later run computed again, because the day after them had come."""

FILL_CHANGE_COLUMNS = {
    "run_id": pa.string(),
    "stnId": pa.int64(),
    "tm": pa.timestamp("us"),
    "field": pa.string(),
    "old_value": pa.float64(),
    "old_provenance": pa.uint8(),
    "new_value": pa.float64(),
    "new_provenance": pa.uint8(),
    "changed": pa.timestamp("us"),
}
FILL_CHANGE_KEY = ("run_id", "stnId", "tm", "field")

REPLACED_VALUES = "replaced_values"
"""Stored values that reprocessing replaced and that were no fills, and the rows that it inserted."""

REPLACED_VALUE_COLUMNS = {
    "run_id": pa.string(),
    "table_name": pa.string(),
    "row_key": pa.string(),
    "field": pa.string(),
    "old_value": pa.string(),
    "new_value": pa.string(),
    "changed": pa.timestamp("us"),
}
REPLACED_VALUE_KEY = ("run_id", "table_name", "row_key", "field")

SOURCE_SCHEMAS = "source_schemas"
"""The fields that each source was seen to send, with their kinds as JSON; the newest is what the next run expects."""

SOURCE_SCHEMA_COLUMNS = {
    "source": pa.string(),
    "signature": pa.string(),
    "fields": pa.string(),
    "first_seen": pa.timestamp("us"),
    "last_seen": pa.timestamp("us"),
    "run_id": pa.string(),
}
SOURCE_SCHEMA_KEY = ("source", "signature")

DRIFT = "drift"
"""What changed in the sources, each change once."""

DRIFT_COLUMNS = {
    "run_id": pa.string(),
    "table_name": pa.string(),
    "kind": pa.string(),
    "subject": pa.string(),
    "field": pa.string(),
    "detail": pa.string(),
    "noticed": pa.timestamp("us"),
}
DRIFT_KEY = ("run_id", "table_name", "kind", "subject", "field")

MONTHLY_STATISTICS = "monthly_statistics"
"""What each station or plant is like in each month: the history that later months are compared with."""

MONTHLY_STATISTIC_COLUMNS = {
    "table_name": pa.string(),
    "subject": pa.string(),
    "field": pa.string(),
    "month": pa.timestamp("us"),
    "days_observed": pa.int64(),
    "days": pa.int64(),
    "median": pa.float64(),
    "spread": pa.float64(),
    "magnitude": pa.float64(),
}
MONTHLY_STATISTIC_KEY = ("table_name", "subject", "field", "month")

RUNS = "runs"
"""Every run of a job, with its report."""

FIRST_RUN_COLUMNS = {
    "run_id": pa.string(),
    "job": pa.string(),
    "status": pa.string(),
    "started": pa.timestamp("us"),
    "finished": pa.timestamp("us"),
    "engine": pa.string(),
    "rows_inserted": pa.int64(),
    "rows_updated": pa.int64(),
    "rows_unchanged": pa.int64(),
    "rows_rejected": pa.int64(),
    "requests": pa.int64(),
    "message": pa.string(),
    "report": pa.string(),
}
RUN_COUNTERS = {
    "seconds": pa.float64(),
    "peak_rss_mb": pa.float64(),
    "hours_completed": pa.int64(),
    "values_filled": pa.int64(),
    "retries": pa.int64(),
    "chunks_failed": pa.int64(),
    "shadow_calls": pa.int64(),
    "shadow_mismatches": pa.int64(),
    "drift_findings": pa.int64(),
    "release": pa.string(),
}
"""What an operator draws without reading the reports; null where a job has no such thing, and in older rows."""

RUN_COLUMNS = FIRST_RUN_COLUMNS | RUN_COUNTERS
RUN_KEY = ("run_id",)

WEATHER_ASOS, WEATHER_KEY = ASOS.table.name, ASOS.table.key
GENERATION_HOURLY, GENERATION_KEY = GENERATION_FILES.table.name, GENERATION_FILES.table.key
WIND_NAMDONG, WIND_KEY = KOEN_WIND.table.name, KOEN_WIND.table.key
NAMBU_GENERATION, NAMBU_KEY = KOSPO_SOLAR.table.name, KOSPO_SOLAR.table.key

OWN_TABLES = {
    REJECTS: (REJECT_COLUMNS, REJECT_KEY),
    FILL_CHANGES: (FILL_CHANGE_COLUMNS, FILL_CHANGE_KEY),
    RUNS: (RUN_COLUMNS, RUN_KEY),
    SOURCE_SCHEMAS: (SOURCE_SCHEMA_COLUMNS, SOURCE_SCHEMA_KEY),
    DRIFT: (DRIFT_COLUMNS, DRIFT_KEY),
    REPLACED_VALUES: (REPLACED_VALUE_COLUMNS, REPLACED_VALUE_KEY),
    MONTHLY_STATISTICS: (MONTHLY_STATISTIC_COLUMNS, MONTHLY_STATISTIC_KEY),
}
"""Columns and key of each table of the data layer itself, but for that of the schema's versions."""


def all_tables() -> tuple[str, ...]:
    """Return the names of all tables: those of the datasets, and the data layer's own."""
    return (*(dataset.table.name for dataset in DATASETS.values()), *OWN_TABLES)
