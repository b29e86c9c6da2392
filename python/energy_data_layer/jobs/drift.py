"""What changed in a service since the last run: its fields, their kinds, its plants; each change is told once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from energy_data_layer.report.drift_finding import DriftFinding
from energy_data_layer.sources.payload_fields import PAYLOAD_FIELDS
from energy_data_layer.storage.source_schemas import last_schema, silent_members, store_findings, store_schema
from energy_data_layer.storage.tables import SOURCE_SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from energy_data_layer.report.collection_report import CollectionReport
    from energy_data_layer.report.run_report import RunReport
    from energy_data_layer.storage.database import Database

logger = logging.getLogger(__name__)

UNREADABLE = "unreadable"


def check_drift(
    database: Database,
    report: RunReport,
    collection: CollectionReport,
    table: str,
    *,
    new: Iterable[str] = (),
    silent: Iterable[str] = (),
    answered: Iterable[str] = (),
) -> None:
    """Compare what a service sent with what it was last seen to send; note, log and store what changed.

    The first time that a source is seen, its state is stored and nothing is told. A run without items changes nothing.

    Parameters
    ----------
    database, report, collection
        Where the state is, where the findings go, and what came.
    table : str
        The table that the service fills.
    new, silent, answered : iterable of str
        The plants that the table did not know before, those that were asked for in vain, and those that answered.
    """
    if not collection.items:
        return
    seen = fields_seen(collection)
    with database.transaction():
        # Of two runs at once the later one sees what the earlier one told.
        database.lock(SOURCE_SCHEMAS)
        known = last_schema(database, collection.source)
        if known is not None:
            was_silent = silent_members(database, table)
            returned = was_silent & set(answered)
            # What could not be fetched tells nothing of the plants in it.
            gone = set() if collection.chunks_failed else set(silent) - was_silent
            report.drift = [
                *_changes(table, collection.source, known, seen),
                *(DriftFinding(table, "member_new", member) for member in sorted(set(new) - returned)),
                *(DriftFinding(table, "member_new", member, detail="answers again") for member in sorted(returned)),
                *(DriftFinding(table, "member_vanished", member) for member in sorted(gone)),
            ]
        store_schema(database, collection.source, _merged(known or {}, seen), report.run_id)
        store_findings(database, report.drift, report.run_id)
    for finding in report.drift:
        logger.warning("drift in %s: %s", table, finding)


def fields_seen(collection: CollectionReport) -> dict[str, str]:
    """Return the fields that at least one item had, with the kinds of their values.

    Kinds within what the service documents are not told apart; further ones are added, and ``unreadable`` for texts
    that are no value of the field. Of an undocumented field nothing is known but its name.
    """
    seen = dict.fromkeys(collection.unknown_fields, "")
    for field in PAYLOAD_FIELDS[collection.source]:
        if not field.stored or collection.vanished_fields.get(field.name, 0) >= collection.items:
            continue
        kinds = {*field.documented, *collection.retyped_fields.get(field.name, ())}
        if field.name in collection.coerced:
            kinds.add(UNREADABLE)
        seen[field.name] = "|".join(sorted(kinds))
    return seen


def _changes(table: str, source: str, known: dict[str, str], seen: dict[str, str]) -> list[DriftFinding]:
    new = [DriftFinding(table, "field_new", source, name) for name in sorted(seen.keys() - known.keys())]
    gone = [DriftFinding(table, "field_vanished", source, name) for name in sorted(known.keys() - seen.keys())]
    retyped = [
        DriftFinding(table, "field_retyped", source, name, f"{known[name]} -> {seen[name]}")
        for name in sorted(known.keys() & seen.keys())
        if not _kinds(seen[name]) <= _kinds(known[name])
    ]
    return [*new, *gone, *retyped]


def _merged(known: dict[str, str], seen: dict[str, str]) -> dict[str, str]:
    """Return the fields that are there now, with all kinds ever seen: one that comes and goes is told once."""
    return {name: "|".join(sorted(_kinds(kinds) | _kinds(known.get(name, "")))) for name, kinds in seen.items()}


def _kinds(text: str) -> set[str]:
    return set(filter(None, text.split("|")))
