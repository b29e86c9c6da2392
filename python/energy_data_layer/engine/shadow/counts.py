"""What shadow mode has seen: calls, rows, times, and how far the engines' answers were apart."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class ColumnDeviation:
    """The worst deviation between two answers in a column.

    Attributes
    ----------
    largest : float
        The largest absolute difference of two values.
    of_tolerance : float
        The largest difference as a part of what the contract allows; above 1 the answers differ.
    """

    largest: float = 0.0
    of_tolerance: float = 0.0

    def add(self, largest: float, allowed: float) -> None:
        """Take a further comparison into account."""
        self.largest = max(self.largest, largest)
        self.of_tolerance = max(self.of_tolerance, largest / allowed)


@dataclass
class TransformCounts:
    """What was seen of one transform.

    Attributes
    ----------
    compared, rows : int
        Calls that both engines have answered, and the rows of their answers.
    mismatches : int
        Calls whose answers are not equal, or of which one is an error.
    failures : int
        Those of the mismatches in which Rust failed where the reference did not.
    reference_seconds, rust_seconds : float
        Wall time of the compared calls.
    columns : dict of str to ColumnDeviation
        The worst deviation per column of numbers.
    first_mismatch : str
        What differed in the first mismatch.
    kept : str
        The folder that the smallest failing part of it was written to; empty where there is none.
    """

    compared: int = 0
    rows: int = 0
    mismatches: int = 0
    failures: int = 0
    reference_seconds: float = 0.0
    rust_seconds: float = 0.0
    columns: dict[str, ColumnDeviation] = field(default_factory=dict)
    first_mismatch: str = ""
    kept: str = ""


@dataclass
class ShadowCounts:
    """What shadow mode has seen in a run.

    Attributes
    ----------
    calls : int
        Calls that the reference has answered in shadow mode.
    left_out : int
        Calls that the rate leaves out.
    not_compared : int
        Calls that were to be compared and were not: Rust had not kept up, or is not installed.
    transforms : dict of str to TransformCounts
        What was seen, by transform.
    """

    calls: int = 0
    left_out: int = 0
    not_compared: int = 0
    transforms: dict[str, TransformCounts] = field(default_factory=dict)

    @property
    def compared(self) -> int:
        """Calls that both engines have answered."""
        return sum(counts.compared for counts in self.transforms.values())

    @property
    def mismatches(self) -> int:
        """Calls whose answers are not equal."""
        return sum(counts.mismatches for counts in self.transforms.values())

    def of(self, transform: str) -> TransformCounts:
        """Return the counts of a transform, to add to."""
        return self.transforms.setdefault(transform, TransformCounts())
