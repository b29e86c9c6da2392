"""The schema each source last sent, and the changes that were recorded."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from energy_data_layer.storage.tables import (
    DRIFT,
    DRIFT_COLUMNS,
    DRIFT_KEY,
    SOURCE_SCHEMA_COLUMNS,
    SOURCE_SCHEMA_KEY,
    SOURCE_SCHEMAS,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from energy_data_layer.storage.database import Database


def last_schema(database: Database, source: str) -> dict[str, str] | None:
    """Return the fields and types that a source was last seen with, None where it was never seen."""
    rows = database.read(SOURCE_SCHEMAS, ["fields", "last_seen"], [("source", "=", source)])
    if not rows.num_rows:
        return None
    fields: dict[str, str] = json.loads(rows.sort_by([("last_seen", "descending")]).column("fields")[0].as_py())
    return fields


def store_schema(database: Database, source: str, fields: Mapping[str, str], run_id: str) -> None:
    """Note the fields and types of a source; a signature that is known keeps the time it was first seen."""
    text = json.dumps(dict(sorted(fields.items())), ensure_ascii=False)
    signature = hashlib.sha256(text.encode()).hexdigest()
    known = database.read(SOURCE_SCHEMAS, ["first_seen"], [("source", "=", source), ("signature", "=", signature)])
    row = {
        "source": source,
        "signature": signature,
        "fields": text,
        "first_seen": known.column("first_seen")[0].as_py() if known.num_rows else _now(),
        "last_seen": _now(),
        "run_id": run_id,
    }
    rows = pa.Table.from_pylist([row], pa.schema(list(SOURCE_SCHEMA_COLUMNS.items())))
    database.upsert(SOURCE_SCHEMAS, rows, SOURCE_SCHEMA_KEY)


def silent_members(database: Database, table: str) -> set[str]:
    """Return the plants of a table that were reported as silent, and not as back."""
    rows = database.read(DRIFT, ["kind", "subject", "noticed"], [("table_name", "=", table)])
    last = {row["subject"]: row["kind"] for row in rows.sort_by("noticed").to_pylist() if row["kind"].startswith("m")}
    return {subject for subject, kind in last.items() if kind == "member_vanished"}


def store_findings(database: Database, findings: Sequence[Mapping[str, str]], run_id: str) -> None:
    """Store what a run found, each finding by the columns of the table."""
    now = _now()
    rows = [{**finding, "run_id": run_id, "noticed": now} for finding in findings]
    database.upsert(DRIFT, pa.Table.from_pylist(rows, pa.schema(list(DRIFT_COLUMNS.items()))), DRIFT_KEY)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
