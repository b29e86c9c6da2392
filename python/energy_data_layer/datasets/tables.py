"""The tables of the data layer: their names, columns and keys."""

from __future__ import annotations

import pyarrow as pa

WEATHER_ASOS = "weather_asos"
"""Hourly weather observations; a column ``<field>_provenance`` stands beside each field ever imputed."""

WEATHER_KEY = ("stnId", "tm")

GENERATION_HOURLY = "generation_hourly"
"""Hourly generation of plants and their units."""

GENERATION_COLUMNS = {
    "publisher": pa.string(),
    "plant": pa.string(),
    "unit": pa.string(),
    "fuel": pa.string(),
    "interval_start": pa.timestamp("us"),
    "kwh": pa.float64(),
    "label_convention": pa.string(),
}
GENERATION_KEY = ("publisher", "plant", "unit", "interval_start")

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

WIND_NAMDONG = "wind_namdong"
"""Hourly generation of the wind plants of one company, as its service has it: stamps are the ends of hours."""

WIND_COLUMNS = {
    "timestamp": pa.timestamp("us"),
    "plant_name": pa.string(),
    "generation": pa.float64(),
}
WIND_KEY = ("timestamp", "plant_name")

NAMBU_GENERATION = "nambu_generation"
"""Hourly generation of the solar plants of one company, as its service has it: stamps are the beginnings of hours."""

NAMBU_COLUMNS = {
    "datetime": pa.timestamp("us"),
    "gencd": pa.string(),
    "plant_name": pa.string(),
    "hogi": pa.string(),
    "generation": pa.float64(),
    "daily_total": pa.float64(),
    "daily_avg": pa.float64(),
    "daily_max": pa.float64(),
    "daily_min": pa.float64(),
}
NAMBU_KEY = ("datetime", "gencd", "hogi")

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

TABLES = (
    WEATHER_ASOS,
    GENERATION_HOURLY,
    WIND_NAMDONG,
    NAMBU_GENERATION,
    REJECTS,
    FILL_CHANGES,
    RUNS,
    SOURCE_SCHEMAS,
    DRIFT,
    REPLACED_VALUES,
    MONTHLY_STATISTICS,
)
"""All tables of the data layer but that of the schema's versions."""
