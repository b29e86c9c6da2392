"""What one run of a job on a generation service did."""

from __future__ import annotations

from dataclasses import dataclass, field

from energy_data_layer.reports.collection_report import CollectionReport
from energy_data_layer.reports.run_report import RunReport


@dataclass
class ServiceReport(RunReport):
    """What one run of the wind or the solar job did, beside what all jobs report.

    Attributes
    ----------
    collection : CollectionReport
        What was asked of the service and what came back.
    plan : list of str
        What a dry run would ask for.
    rows_repeated : int
        Hours that say again what another one says.
    rejects : dict of str to int
        Hours that were not stored, by reason; their content is in table ``rejects``.
    plants_new : list of str
        Plants that the table did not know before.
    plants_silent : list of str
        Plants that the table knows and the service did not answer for, although it was asked.
    """

    collection: CollectionReport = field(default_factory=lambda: CollectionReport(""))
    plan: list[str] = field(default_factory=list)
    rows_repeated: int = 0
    rejects: dict[str, int] = field(default_factory=dict)
    plants_new: list[str] = field(default_factory=list)
    plants_silent: list[str] = field(default_factory=list)

    def note_plants(self, new: set[tuple[str, ...]], silent: set[tuple[str, ...]]) -> None:
        """Note which plants are new in the table, and of which nothing came although they were asked for."""
        self.plants_new = [" ".join(plant) for plant in sorted(new)]
        self.plants_silent = [" ".join(plant) for plant in sorted(silent)]

    def summary(self) -> str:
        """Return the run in a few words, for an alert."""
        return f"{super().summary()}{self.collection.summary()}"

    def counters(self) -> dict[str, int | float | None]:
        """Return what table ``runs`` has a column for."""
        return super().counters() | self.collection.counters()
