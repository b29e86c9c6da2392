"""Rows that were not stored, by reason, and the newest of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from energy_data_layer.storage.queries.records import newest_rows, rejects_by_reason
from energy_data_layer.storage.tables import REJECT_COLUMNS, REJECTS

if TYPE_CHECKING:
    from energy_data_layer.storage.database import Database

LISTED = 20
LONGEST_CONTENT = 300


@dataclass(frozen=True)
class Rejects:
    """Rows that were not stored.

    Attributes
    ----------
    recorded : bool
        Whether the database has the table that they are kept in.
    count : int
        How many there are.
    by_reason : dict of str to int
        How many for each reason, the most frequent first.
    newest : list of dict
        The newest of them, with the columns of table ``rejects``; long content is cut.
    """

    recorded: bool
    count: int = 0
    by_reason: dict[str, int] = field(default_factory=dict)
    newest: list[dict[str, Any]] = field(default_factory=list)


def rejects(database: Database) -> Rejects:
    """Return the rows that were not stored, of whatever period: an unreadable one has none."""
    if REJECTS not in database.tables():
        return Rejects(recorded=False)
    reasons = rejects_by_reason(database).to_pylist()
    newest = newest_rows(database, REJECTS, REJECT_COLUMNS, "first_seen", LISTED)
    for row in newest:
        row["content"] = _cut(row["content"] or "")
    return Rejects(True, sum(row["n"] for row in reasons), {row["kind"]: row["n"] for row in reasons}, newest)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_CONTENT else f"{text[:LONGEST_CONTENT]} … (+{len(text) - LONGEST_CONTENT:,})"
