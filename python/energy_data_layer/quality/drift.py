"""What changed in the sources, as table `drift` has it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from energy_data_layer.storage.queries.records import drift_by_kind, newest_rows
from energy_data_layer.storage.tables import DRIFT, DRIFT_COLUMNS

if TYPE_CHECKING:
    from energy_data_layer.storage.database import Database

LISTED = 50


@dataclass(frozen=True)
class Drift:
    """What changed in the sources.

    Attributes
    ----------
    recorded : bool
        Whether the database has the table that changes are noted in.
    count : int
        How many were noticed.
    by_kind : dict of str to int
        How many of each kind.
    newest : list of dict
        The newest of them, with the columns of table ``drift``.
    """

    recorded: bool
    count: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)
    newest: list[dict[str, Any]] = field(default_factory=list)


def drift(database: Database) -> Drift:
    """Return what changed in the sources, at any time."""
    if DRIFT not in database.tables():
        return Drift(recorded=False)
    kinds = drift_by_kind(database).to_pylist()
    return Drift(
        True,
        sum(row["n"] for row in kinds),
        {row["kind"]: row["n"] for row in kinds},
        newest_rows(database, DRIFT, DRIFT_COLUMNS, "noticed", LISTED),
    )
