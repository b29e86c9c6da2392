"""How the missing values of a table are filled, and the models that they are filled by."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from energy_data_layer.core.clock import utc_now
from energy_data_layer.storage.records import store_rows
from energy_data_layer.storage.tables import FILL_METHODS, GAP_MODELS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from energy_data_layer.storage.database import Database

KEPT_WHOLE = 2
"""Models of a table that keep their numbers; of older ones only stays what they were fitted on."""


class FillMethod(NamedTuple):
    """The method of all fills of a table, and the probability of their intervals, None where it has none."""

    method: str
    probability: float | None


class StoredModel(NamedTuple):
    """A stored model, without its numbers."""

    id: str
    fitted: datetime
    facts: dict[str, Any]


def fill_method(database: Database, table: str) -> FillMethod | None:
    """Return how the missing values of a table are filled, None where no run has filled any."""
    rows = database.read(FILL_METHODS, list(FillMethod._fields), [("table_name", "=", table)]).to_pylist()
    return FillMethod(**rows[0]) if rows else None


def set_fill_method(database: Database, table: str, chosen: FillMethod) -> None:
    """Note how the missing values of a table are filled from now on."""
    store_rows(database, FILL_METHODS, [{"table_name": table, **chosen._asdict(), "since": utc_now()}])


def newest_model(database: Database, table: str) -> StoredModel | None:
    """Return the model of a table that was fitted last and has its numbers, None where there is none."""
    rows = database.query(
        f"SELECT id, fitted, facts FROM {GAP_MODELS} WHERE table_name = $1 AND model IS NOT NULL "  # noqa: S608
        "ORDER BY fitted DESC, id LIMIT 1",
        [table],
    ).to_pylist()
    return StoredModel(rows[0]["id"], rows[0]["fitted"], json.loads(rows[0]["facts"])) if rows else None


def model_content(database: Database, identifier: str) -> bytes:
    """Return a stored model as the content of a file."""
    return bytes(database.scalar(f"SELECT model FROM {GAP_MODELS} WHERE id = $1", [identifier]))  # noqa: S608


def store_model(database: Database, table: str, content: bytes, facts: Mapping[str, Any], run_id: str) -> None:
    """Store a model; of older models of the table than the last two only stays what they were fitted on."""
    with database.transaction():
        row = {"id": facts["id"], "table_name": table, "fitted": utc_now(), "run_id": run_id}
        store_rows(database, GAP_MODELS, [row | {"facts": json.dumps(facts), "model": content}])
        database.execute(
            f"UPDATE {GAP_MODELS} SET model = NULL WHERE table_name = $1 AND model IS NOT NULL AND id NOT IN "  # noqa: S608
            f"(SELECT id FROM {GAP_MODELS} WHERE table_name = $2 ORDER BY fitted DESC, id LIMIT {KEPT_WHOLE})",
            [table, table],
        )
