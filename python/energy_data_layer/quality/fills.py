"""Values of the weather by how they were obtained, and fills that were replaced later."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from energy_data_layer.core.provenance import Provenance
from energy_data_layer.storage.queries.fills import hours_by_provenance, newest_replaced, replaced_by_method
from energy_data_layer.storage.tables import FILL_CHANGES

if TYPE_CHECKING:
    from energy_data_layer.storage.database import Database
    from energy_data_layer.storage.queries.scope import Scope

LISTED = 20


@dataclass(frozen=True)
class FieldFills:
    """The values of a field.

    Attributes
    ----------
    field : str
        The field.
    observed : int
        Values that are as they were observed.
    filled : dict of str to int
        The others, by the label of their `Provenance`; those without any value are ``unfilled``.
    """

    field: str
    observed: int
    filled: dict[str, int]

    @property
    def hours(self) -> int:
        """All hours of the field."""
        return self.observed + sum(self.filled.values())


@dataclass(frozen=True)
class MethodChange:
    """How many fills of one method became values of another one."""

    before: str
    after: str
    count: int


@dataclass(frozen=True)
class ReplacedFills:
    """Fills that a later run replaced by an observation or by another fill.

    Attributes
    ----------
    recorded : bool
        Whether the database has the table that they are noted in.
    count : int
        How many there are in the period.
    by_method : list of MethodChange
        How many became what, the most frequent first.
    newest : list of dict
        The newest of them, with the columns of table ``fill_changes``.
    """

    recorded: bool
    count: int = 0
    by_method: list[MethodChange] = field(default_factory=list)
    newest: list[dict[str, Any]] = field(default_factory=list)


def field_fills(database: Database, fields: list[str], scope: Scope) -> list[FieldFills]:
    """Return the values of each field by how they were obtained."""
    return [_of_field(database, name, scope) for name in fields]


def _of_field(database: Database, name: str, scope: Scope) -> FieldFills:
    counts = {row["code"]: row["hours"] for row in hours_by_provenance(database, name, scope).to_pylist()}
    fills = {method.label: counts.get(method, 0) for method in Provenance if method.is_fill}
    return FieldFills(name, counts.get(Provenance.OBSERVED, 0), fills)


def replaced_fills(database: Database, scope: Scope) -> ReplacedFills:
    """Return the fills of the period that were replaced."""
    if FILL_CHANGES not in database.tables():
        return ReplacedFills(recorded=False)
    answer = replaced_by_method(database, scope).to_pylist()
    return ReplacedFills(
        True,
        sum(row["changes"] for row in answer),
        [MethodChange(_label(row["old_code"]), _label(row["new_code"]), row["changes"]) for row in answer],
        newest_replaced(database, scope, LISTED),
    )


def _label(code: int | None) -> str:
    return Provenance(code or Provenance.OBSERVED).label
