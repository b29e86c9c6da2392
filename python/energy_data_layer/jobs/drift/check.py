"""What changed in a source since the last run: its fields, their kinds, its members; what the policy makes of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from energy_data_layer.datasets.registry import DATASETS
from energy_data_layer.errors import SchemaDriftError
from energy_data_layer.jobs.drift.schema_policy import SchemaPolicy, policy_of
from energy_data_layer.reports.collection_report import CollectionReport
from energy_data_layer.reports.run_report import DriftFinding
from energy_data_layer.storage.records import last_schema, silent_members, store_findings, store_schema
from energy_data_layer.storage.tables import SOURCE_SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from energy_data_layer.reports.run_report import RunReport
    from energy_data_layer.services.collect import Collected
    from energy_data_layer.storage.database import Database

logger = logging.getLogger(__name__)

UNREADABLE = "unreadable"


@dataclass(frozen=True)
class FieldGate:
    """Lets answers of a service through, or not, by their fields and the policy of the table.

    Attributes
    ----------
    table, source : str
        The table and the service that fills it.
    known : dict of str to str, or None
        The fields that are expected, None before the first run.
    policy : SchemaPolicy
        What becomes of others.
    """

    table: str
    source: str
    known: Mapping[str, str] | None
    policy: SchemaPolicy

    @classmethod
    def of(cls, database: Database, table: str, source: str, schema_policy: str | None) -> FieldGate:
        """Take what is stored of the service, and the policy of the job or of the environment."""
        return cls(table, source, last_schema(database, source), policy_of(table, schema_policy))

    def rejects(self, answer: Collected) -> str | None:
        """Return why an answer is not to be stored, None where it is.

        Raises
        ------
        SchemaDriftError
            If the policy is to freeze, and the answer has other fields.
        """
        if self.policy is SchemaPolicy.EVOLVE or self.known is None:
            return None
        one = CollectionReport(self.source)
        one.note(answer)
        changes = field_changes(self.table, self.source, self.known, fields_seen(one)) if one.items else []
        if changes and self.policy is SchemaPolicy.FREEZE:
            raise _frozen(self.table, answer.chunk.label, changes)
        return f"other fields than before: {'; '.join(map(str, changes))}" if changes else None


def require_known_fields(
    database: Database, table: str, sources: Mapping[str, Mapping[str, str]], schema_policy: str | None
) -> None:
    """Raise `SchemaDriftError` if the headings of files changed and the policy of the table is not to evolve.

    A file is stored as a whole or not at all: to reject is to freeze.
    """
    if policy_of(table, schema_policy) is SchemaPolicy.EVOLVE:
        return
    for source, seen in sources.items():
        known = last_schema(database, source)
        changes = [] if known is None else field_changes(table, source, known, seen)
        if changes:
            raise _frozen(table, "the files", changes)


def check_headings(database: Database, report: RunReport, table: str, sources: Mapping[str, Mapping[str, str]]) -> None:
    """Compare the headings of files with those of the files before; note, log and store what changed."""
    found: list[DriftFinding] = []
    with database.transaction():
        database.lock(SOURCE_SCHEMAS)
        for source, seen in sources.items():
            known = last_schema(database, source)
            if known is not None:
                found += field_changes(table, source, known, seen)
            store_schema(database, source, _merged(known or {}, seen), report.run_id)
        store_findings(database, [*map(vars, found)], report.run_id)
    report.drift += found
    for finding in found:
        logger.warning("drift in %s: %s", table, finding)


def check_drift(
    database: Database,
    report: RunReport,
    collection: CollectionReport,
    gate: FieldGate,
    *,
    new: Iterable[str] = (),
    silent: Iterable[str] = (),
    answered: Iterable[str] = (),
) -> None:
    """Compare what a service sent with what it was last seen to send; note, log and store what changed.

    The first time a source is seen, its state is stored and nothing is reported. A run without items changes nothing.

    Parameters
    ----------
    database, report, collection
        Where the state is, where the findings go, and what came.
    gate : FieldGate
        The table, and its policy: only where it evolves the next run expects what came.
    new, silent, answered : iterable of str
        The stations or plants that the table did not know before, those that were asked for in vain, and those that
        answered.
    """
    if not collection.items:
        return
    table, seen = gate.table, fields_seen(collection)
    with database.transaction():
        # Of two runs at once the later one sees what the earlier one recorded.
        database.lock(SOURCE_SCHEMAS)
        known = last_schema(database, collection.source)
        if known is not None:
            was_silent = silent_members(database, table)
            returned = was_silent & set(answered)
            # What could not be fetched tells nothing of the plants in it.
            gone = set() if collection.chunks_failed else set(silent) - was_silent
            report.drift = [
                *field_changes(table, collection.source, known, seen),
                *(DriftFinding(table, "member_new", member) for member in sorted(set(new) - returned)),
                *(DriftFinding(table, "member_new", member, detail="answers again") for member in sorted(returned)),
                *(DriftFinding(table, "member_vanished", member) for member in sorted(gone)),
            ]
        if known is None or gate.policy is SchemaPolicy.EVOLVE:
            store_schema(database, collection.source, _merged(known or {}, seen), report.run_id)
        store_findings(database, [*map(vars, report.drift)], report.run_id)
    for finding in report.drift:
        logger.warning("drift in %s: %s", table, finding)


def fields_seen(collection: CollectionReport) -> dict[str, str]:
    """Return the fields that at least one item had, with the kinds of their values.

    Kinds within what the service documents are not told apart; further ones are added, and ``unreadable`` for texts
    that are no value of the field. Of an undocumented field nothing is known but its name.
    """
    seen = dict.fromkeys(collection.unknown_fields, "")
    for field in DATASETS[collection.source].service.fields:
        if not field.stored or collection.vanished_fields.get(field.name, 0) >= collection.items:
            continue
        kinds = {*field.documented, *collection.retyped_fields.get(field.name, ())}
        if field.name in collection.coerced:
            kinds.add(UNREADABLE)
        seen[field.name] = "|".join(sorted(kinds))
    return seen


def field_changes(table: str, source: str, known: Mapping[str, str], seen: Mapping[str, str]) -> list[DriftFinding]:
    """Return what is new, vanished or of another kind among the fields of a source."""
    new = [DriftFinding(table, "field_new", source, name) for name in sorted(seen.keys() - known.keys())]
    gone = [DriftFinding(table, "field_vanished", source, name) for name in sorted(known.keys() - seen.keys())]
    retyped = [
        DriftFinding(table, "field_retyped", source, name, f"{known[name]} -> {seen[name]}")
        for name in sorted(known.keys() & seen.keys())
        if not _kinds(seen[name]) <= _kinds(known[name])
    ]
    return [*new, *gone, *retyped]


def _frozen(table: str, origin: str, changes: Sequence[DriftFinding]) -> SchemaDriftError:
    return SchemaDriftError(
        f"{origin}: {'; '.join(map(str, changes))}; the schema policy of {table} lets no such rows in. "
        "Look at what the source says now; to accept it, run once with --schema-policy evolve"
    )


def _merged(known: Mapping[str, str], seen: Mapping[str, str]) -> dict[str, str]:
    """Return the fields that are there now, with all kinds ever seen: one that comes and goes is reported once."""
    return {name: "|".join(sorted(_kinds(kinds) | _kinds(known.get(name, "")))) for name, kinds in seen.items()}


def _kinds(text: str) -> set[str]:
    return set(filter(None, text.split("|")))
