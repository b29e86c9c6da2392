"""One call in shadow mode: its input as it was, the reference's answer, and the comparison with Rust's."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from energy_data_layer import settings
from energy_data_layer.core.frames import independent
from energy_data_layer.engine.equality import deviations
from energy_data_layer.engine.shadow.answers import answer_of, disagreements, frame_of, observed
from energy_data_layer.engine.shadow.case import keep_smallest_case
from energy_data_layer.engine.shadow.counts import ColumnDeviation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from energy_data_layer.engine.shadow.counts import ShadowCounts

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Call:
    """A call of a transform.

    Attributes
    ----------
    function : callable
        The transform.
    arguments : dict
        What it was called with, by name, without the engine. Frames that their owner may change are copied.
    answer : object
        The reference's answer, or the error it raised.
    seconds : float
        What it took.
    """

    function: Callable[..., Any]
    arguments: Mapping[str, Any]
    answer: Any = None
    seconds: float = 0.0

    @classmethod
    def of(cls, function: Callable[..., Any], arguments: Mapping[str, Any]) -> Call:
        """Take a call before it is made, safe from what happens to its input later."""
        return cls(function, {name: _snapshot(value) for name, value in arguments.items()})

    @property
    def transform(self) -> str:
        """The transform's name."""
        return self.function.__name__

    def answered(self, answer: Any, seconds: float) -> Call:
        """Return the call with the reference's answer, safe from what the caller does with it."""
        return replace(self, answer=_snapshot(answer), seconds=seconds)

    def compared(self, counts: ShadowCounts) -> Comparison:
        """Run Rust on the same input and compare; the smallest part of the first mismatch in `counts` is kept."""
        begin = time.perf_counter()
        actual = answer_of(self.function, self.arguments, use_rust=True)
        seconds = time.perf_counter() - begin
        found = disagreements(self.answer, actual, self.arguments)
        comparison = Comparison(self, seconds, "; ".join(found))
        if not found:
            if not isinstance(actual, Exception):
                apart = deviations(frame_of(self.answer), frame_of(actual), observed(self.arguments))
                comparison.deviations.update(apart)
            return comparison
        comparison.rust_failed = isinstance(actual, Exception) and not isinstance(self.answer, Exception)
        before = counts.transforms.get(self.transform)
        if before is None or not before.mismatches:
            try:
                comparison.kept = str(keep_smallest_case(self.function, self.arguments))
                where = f"the smallest failing part is kept in {comparison.kept}"
            except (OSError, RuntimeError) as error:  # a link to itself is a RuntimeError before Python 3.13
                why = getattr(error, "strerror", None) or error
                where = f"no case of it can be kept in {settings.shadow_folder()}: {why}"
            logger.error(
                "shadow: Rust's answer to %s differs from the reference's, which was returned, in a call of %d rows: "
                "%s; %s",
                self.transform,
                comparison.rows,
                comparison.difference,
                where,
            )
        return comparison


@dataclass
class Comparison:
    """What a comparison has found.

    Attributes
    ----------
    call : Call
        The call, with the reference's answer.
    rust_seconds : float
        What Rust took.
    difference : str
        What differs; empty where the answers are equal.
    deviations : dict of str to (float, float)
        Per column of numbers the largest difference and the tolerance, where the answers are equal.
    rust_failed : bool
        Whether Rust failed where the reference did not.
    kept : str
        The folder of the smallest failing part, where one was written.
    """

    call: Call
    rust_seconds: float
    difference: str
    deviations: dict[str, tuple[float, float]] = field(default_factory=dict)
    rust_failed: bool = False
    kept: str = ""

    @property
    def rows(self) -> int:
        """The rows of the reference's answer."""
        return _rows(self.call.answer)

    def count_in(self, counts: ShadowCounts) -> None:
        """Add what was found to the counts."""
        of_transform = counts.of(self.call.transform)
        of_transform.compared += 1
        of_transform.rows += self.rows
        of_transform.reference_seconds += self.call.seconds
        of_transform.rust_seconds += self.rust_seconds
        of_transform.mismatches += bool(self.difference)
        of_transform.failures += self.rust_failed
        of_transform.first_mismatch = of_transform.first_mismatch or self.difference
        of_transform.kept = of_transform.kept or self.kept
        for column, apart in self.deviations.items():
            of_transform.columns.setdefault(column, ColumnDeviation()).add(*apart)


def _rows(answer: Any) -> int:
    frame = frame_of(answer)
    if isinstance(frame, Exception):
        return 0
    return frame.num_rows if isinstance(frame, pa.Table | pa.RecordBatch) else len(frame)


def _snapshot(value: Any) -> Any:
    """Return something that later changes of a value do not reach."""
    if isinstance(value, tuple):
        return tuple(map(_snapshot, value))
    if isinstance(value, list):
        return list(map(_snapshot, value))
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    kind = type(value).__module__.partition(".")[0]
    if kind == "pandas":
        return independent(value)
    return value.clone() if kind == "polars" else value
