"""What reprocessing compared, replaced and found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from energy_data_layer.reports.model_report import ModelReport

if TYPE_CHECKING:
    from energy_data_layer.reports.collection_report import CollectionReport

OBSERVED, MISSING = "observed", "missing"
"""How a value is there that is no fill; a fill is there by its method."""


@dataclass
class Replaced:
    """Values of a field that were there in one way and are now in another, or in the same with another value.

    Attributes
    ----------
    table, field : str
        Where they are.
    before, after : str
        ``"observed"`` as the source gave it, ``"missing"``, or the label of the method that filled it.
    count : int
        How many.
    largest_difference : float
        Between an old and a new number.
    """

    table: str
    field: str
    before: str
    after: str
    count: int = 0
    largest_difference: float = 0.0

    @property
    def kind(self) -> str:
        """What was wrong: a value of the source, a fill's method or only its value."""
        if OBSERVED in {self.before, self.after}:
            return "value of the source"
        return "fill value" if self.before == self.after else "fill method"


@dataclass
class ReprocessReport(ModelReport):
    """What one run of `run_reprocess` did, beside what all jobs report.

    Attributes
    ----------
    values_compared, values_same : int
        Stored values of the period that were held against what is right, and those that were.
    values_replaced : int
        Those that were not, and fills beside the period that changed with them.
    values_replaced_around : int
        The latter.
    replaced : list of Replaced
        The replaced values by table, field, and how they were there before and are now.
    rows_unknown : dict of str to int
        Per table, stored rows of the period that the raw folder does not know; they stay.
    stations : int
        Stations whose fills were computed again.
    rejects : dict of str to int
        Rows of the raw folder that contradict each other, and values outside the physical bounds that were taken out,
        by reason; table ``rejects`` has them.
    marked_missing : dict of str to int
        How many values of the raw folder, by field, were named as missing.
    collection : CollectionReport or None
        What the raw folder held; None without one.
    """

    values_compared: int = 0
    values_same: int = 0
    values_replaced: int = 0
    values_replaced_around: int = 0
    replaced: list[Replaced] = field(default_factory=list)
    rows_unknown: dict[str, int] = field(default_factory=dict)
    stations: int = 0
    rejects: dict[str, int] = field(default_factory=dict)
    marked_missing: dict[str, int] = field(default_factory=dict)
    collection: CollectionReport | None = None

    def note_replaced(self, found: Replaced) -> None:
        """Add replaced values to those of the same field that were there in the same ways."""
        where = (found.table, found.field, found.before, found.after)
        for known in self.replaced:
            if (known.table, known.field, known.before, known.after) == where:
                known.count += found.count
                known.largest_difference = max(known.largest_difference, found.largest_difference)
                return
        self.replaced.append(found)

    def note_unknown_rows(self, table: str, count: int) -> None:
        """Add stored rows that the raw folder does not know."""
        self.rows_unknown[table] = self.rows_unknown.get(table, 0) + count

    def summary(self) -> str:
        """Return the run in a few words, for an alert."""
        return f"{super().summary()}; {self.values_replaced:,} of {self.values_compared:,} values replaced"
