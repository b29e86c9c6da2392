"""Values of the weather by how they came to be, and fills that were replaced later."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from energy_data_layer.core.provenance import Provenance, provenance_column
from energy_data_layer.datasets.tables import FILL_CHANGE_COLUMNS, FILL_CHANGES, WEATHER_ASOS
from energy_data_layer.storage.database import quoted

from .newest import newest_rows
from .scope import clause

if TYPE_CHECKING:
    from energy_data_layer.storage.database import Database

    from .scope import Scope

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
    """Return the values of each field by how they came to be."""
    return [_of_field(database, name, scope) for name in fields]


def _of_field(database: Database, name: str, scope: Scope) -> FieldFills:
    code = (
        f"CASE WHEN {quoted(name)} IS NULL THEN {Provenance.UNFILLED:d} "
        f"ELSE coalesce({quoted(provenance_column(name))}, 0) END"
    )
    where, parameters = scope.where(WEATHER_ASOS)
    answer = database.query(
        f"SELECT CAST({code} AS BIGINT) AS code, count(*) AS hours FROM {quoted(WEATHER_ASOS)}{where} GROUP BY 1",  # noqa: S608
        parameters,
    )
    counts = {row["code"]: row["hours"] for row in answer.to_pylist()}
    methods = [method for method in Provenance if method is not Provenance.OBSERVED]
    return FieldFills(name, counts.get(0, 0), {method.label: counts.get(method, 0) for method in methods})


def replaced_fills(database: Database, scope: Scope) -> ReplacedFills:
    """Return the fills of the period that were replaced."""
    if FILL_CHANGES not in database.tables():
        return ReplacedFills(recorded=False)
    terms, parameters = scope.of_stations(WEATHER_ASOS)
    for moment, comparison in ((scope.first_moment, ">="), (scope.end, "<")):
        if moment is not None:
            parameters.append(moment)
            terms.append(f"{quoted('tm')} {comparison} ${len(parameters)}")
    where = clause(terms)
    answer = database.query(
        f"SELECT CAST(old_provenance AS BIGINT) AS old_code, CAST(new_provenance AS BIGINT) AS new_code, "  # noqa: S608
        f"count(*) AS changes FROM {FILL_CHANGES}{where} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
        parameters,
    ).to_pylist()
    return ReplacedFills(
        True,
        sum(row["changes"] for row in answer),
        [MethodChange(_label(row["old_code"]), _label(row["new_code"]), row["changes"]) for row in answer],
        newest_rows(database, FILL_CHANGES, FILL_CHANGE_COLUMNS, "changed", LISTED, where, parameters),
    )


def _label(code: int | None) -> str:
    return Provenance(code or 0).label
