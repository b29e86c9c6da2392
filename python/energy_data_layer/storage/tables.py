"""The tables of the data layer beside those of the datasets: their names, columns and keys."""

from __future__ import annotations

import pyarrow as pa

from energy_data_layer.core.provenance import HIGH_SUFFIX, LOW_SUFFIX, MODEL_SUFFIX, PROVENANCE_SUFFIX
from energy_data_layer.datasets.asos import ASOS
from energy_data_layer.datasets.generation_files import GENERATION_FILES
from energy_data_layer.datasets.koen_wind import KOEN_WIND
from energy_data_layer.datasets.kospo_solar import KOSPO_SOLAR
from energy_data_layer.datasets.registry import DATASETS

_TYPES = {
    "TEXT": pa.string(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "UTINYINT": pa.uint8(),
    "TIMESTAMP": pa.timestamp("us"),
    "BLOB": pa.binary(),
}


def _columns(declared: str) -> dict[str, pa.DataType]:
    return {name: _TYPES[kind] for name, kind in (column.split() for column in declared.split(","))}


REJECTS = "rejects"
"""Rows of files and items of services that were not stored."""

REJECT_COLUMNS = _columns("file TEXT, line BIGINT, publisher TEXT, reason TEXT, content TEXT, first_seen TIMESTAMP")
REJECT_KEY = ("file", "line", "content")

FILL_CHANGES = "fill_changes"
"""Stored fills that a later run computed again, because the day after them had come."""

FILL_CHANGE_COLUMNS = _columns(
    "run_id TEXT, stnId BIGINT, tm TIMESTAMP, field TEXT, "
    "old_value DOUBLE, old_provenance UTINYINT, new_value DOUBLE, new_provenance UTINYINT, changed TIMESTAMP"
)
FILL_CHANGE_KEY = ("run_id", "stnId", "tm", "field")

BESIDE_A_FILL = {
    PROVENANCE_SUFFIX: pa.uint8(),
    LOW_SUFFIX: pa.float64(),
    HIGH_SUFFIX: pa.float64(),
    MODEL_SUFFIX: pa.string(),
}
"""What can be stored beside a filled field, by the end of its name: all but the first where fills are by a model."""

FILL_METHODS = "fill_methods"
"""How the missing values of a table are filled: by one method, and with intervals of one probability."""

FILL_METHOD_COLUMNS = _columns("table_name TEXT, method TEXT, probability DOUBLE, since TIMESTAMP")
FILL_METHOD_KEY = ("table_name",)

GAP_MODELS = "gap_models"
"""The models that fills were made by, each with what it was fitted on; old ones without their numbers."""

GAP_MODEL_COLUMNS = _columns("id TEXT, table_name TEXT, fitted TIMESTAMP, run_id TEXT, facts TEXT, model BLOB")
GAP_MODEL_KEY = ("id",)

REPLACED_VALUES = "replaced_values"
"""Stored values that reprocessing replaced and that were no fills, and the rows that it inserted."""

REPLACED_VALUE_COLUMNS = _columns(
    "run_id TEXT, table_name TEXT, row_key TEXT, field TEXT, old_value TEXT, new_value TEXT, changed TIMESTAMP"
)
REPLACED_VALUE_KEY = ("run_id", "table_name", "row_key", "field")

SOURCE_SCHEMAS = "source_schemas"
"""The fields that each source was seen to send, with their kinds as JSON; the newest is what the next run expects."""

SOURCE_SCHEMA_COLUMNS = _columns(
    "source TEXT, signature TEXT, fields TEXT, first_seen TIMESTAMP, last_seen TIMESTAMP, run_id TEXT"
)
SOURCE_SCHEMA_KEY = ("source", "signature")

DRIFT = "drift"
"""What changed in the sources, each change once."""

DRIFT_COLUMNS = _columns(
    "run_id TEXT, table_name TEXT, kind TEXT, subject TEXT, field TEXT, detail TEXT, noticed TIMESTAMP"
)
DRIFT_KEY = ("run_id", "table_name", "kind", "subject", "field")

MONTHLY_STATISTICS = "monthly_statistics"
"""What each station or plant is like in each month: the history that later months are compared with."""

MONTHLY_STATISTIC_COLUMNS = _columns(
    "table_name TEXT, subject TEXT, field TEXT, month TIMESTAMP, days_observed BIGINT, days BIGINT, "
    "median DOUBLE, spread DOUBLE, magnitude DOUBLE"
)
MONTHLY_STATISTIC_KEY = ("table_name", "subject", "field", "month")

STORED_FILES = "stored_files"
"""The files whose rows are stored, with a digest of those; unchanged ones are not read again."""

STORED_FILE_COLUMNS = _columns(
    "table_name TEXT, sha256 TEXT, reading TEXT, headings TEXT, periods TEXT, digest TEXT, run_id TEXT, "
    "stored TIMESTAMP"
)
STORED_FILE_KEY = ("table_name", "sha256", "reading")

RUNS = "runs"
"""Every run of a job, with its report."""

RUN_COLUMNS = _columns(
    "run_id TEXT, job TEXT, status TEXT, started TIMESTAMP, finished TIMESTAMP, engine TEXT, "
    "rows_inserted BIGINT, rows_updated BIGINT, rows_unchanged BIGINT, rows_rejected BIGINT, requests BIGINT, "
    "message TEXT, report TEXT, "
    # What an operator draws without reading the reports; null where a job has no such thing, and in older rows.
    "seconds DOUBLE, peak_rss_mb DOUBLE, hours_completed BIGINT, values_filled BIGINT, retries BIGINT, "
    "chunks_failed BIGINT, shadow_calls BIGINT, shadow_mismatches BIGINT, drift_findings BIGINT, release TEXT"
)
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
    FILL_METHODS: (FILL_METHOD_COLUMNS, FILL_METHOD_KEY),
    GAP_MODELS: (GAP_MODEL_COLUMNS, GAP_MODEL_KEY),
    STORED_FILES: (STORED_FILE_COLUMNS, STORED_FILE_KEY),
}
"""Columns and key of each table of the data layer itself, but for that of the schema's versions."""


def all_tables() -> tuple[str, ...]:
    """Return the names of all tables: those of the datasets, and the data layer's own."""
    return (*(dataset.table.name for dataset in DATASETS.values()), *OWN_TABLES)
