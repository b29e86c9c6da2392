"""What shadow mode has seen over many runs, and whether it speaks for switching to Rust."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from energy_data_layer.engine.shadow.counts import ColumnDeviation, TransformCounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SUMMED = ("compared", "rows", "mismatches", "failures", "reference_seconds", "rust_seconds")


@dataclass
class ShadowSummary:
    """The sum of runs in shadow mode.

    Attributes
    ----------
    runs : int
        Runs that made calls in shadow mode.
    calls, left_out, not_compared : int
        As in `ShadowCounts`.
    transforms : dict of str to TransformCounts
        As in `ShadowCounts`; of columns the worst deviation of all runs, of mismatches the first.

    Examples
    --------
    >>> run = {"shadow": {"calls": 2, "left_out": 0, "not_compared": 0, "transforms": {
    ...     "complete_hours": {"compared": 2, "rows": 48, "reference_seconds": 0.4, "rust_seconds": 0.1}}}}
    >>> summary = ShadowSummary.of([run])
    >>> summary.objections(), round(summary.speed_up, 1)
    ([], 4.0)
    """

    runs: int = 0
    calls: int = 0
    left_out: int = 0
    not_compared: int = 0
    transforms: dict[str, TransformCounts] = field(default_factory=dict)

    @classmethod
    def of(cls, reports: Iterable[Mapping[str, Any]]) -> ShadowSummary:
        """Sum up the reports of runs; those without shadow mode count for nothing."""
        summary = cls()
        for report in reports:
            seen = report.get("shadow") or {}
            if not seen.get("calls"):
                continue
            summary.runs += 1
            _add_up(summary, seen, ("calls", "left_out", "not_compared"))
            for name, counts in seen["transforms"].items():
                total = summary.transforms.setdefault(name, TransformCounts())
                _add_up(total, counts, SUMMED)
                for column, apart in counts.get("columns", {}).items():
                    worst = total.columns.setdefault(column, ColumnDeviation())
                    worst.largest = max(worst.largest, apart["largest"])
                    worst.of_tolerance = max(worst.of_tolerance, apart["of_tolerance"])
                total.first_mismatch = total.first_mismatch or counts.get("first_mismatch", "")
                total.kept = total.kept or counts.get("kept", "")
        return summary

    @property
    def compared(self) -> int:
        """Calls that both engines have answered."""
        return sum(counts.compared for counts in self.transforms.values())

    @property
    def speed_up(self) -> float:
        """How many times as long as Rust the reference took for the compared calls."""
        reference = sum(counts.reference_seconds for counts in self.transforms.values())
        rust = sum(counts.rust_seconds for counts in self.transforms.values())
        return reference / rust if rust else 1.0

    def objections(self) -> list[str]:
        """Return what speaks against switching to Rust; nothing where the switch is justified."""
        if not self.compared:
            return ["no call has been compared; run jobs with USE_RUST=shadow and the Rust engine installed"]
        found = [
            f"{name}: {counts.mismatches:,} of {counts.compared:,} answers differ ({counts.first_mismatch})"
            for name, counts in self.transforms.items()
            if counts.mismatches
        ]
        if self.speed_up <= 1.0:
            found.append(f"Rust is not faster: the reference took {self.speed_up:.2f} times its time")
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as plain types, with the verdict."""
        objections = self.objections()
        verdict = {"compared": self.compared, "speed_up": self.speed_up, "objections": objections}
        return asdict(self) | verdict | {"justified": not objections}


def _add_up(total: object, seen: Mapping[str, Any], names: Iterable[str]) -> None:
    for name in names:
        setattr(total, name, getattr(total, name) + seen.get(name, 0))
