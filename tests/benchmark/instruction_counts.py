"""Counts of instructions: in files, and compared with each other."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

TOLERANCE = 0.10
"""By how much of what is recorded a kernel may change."""
RECORD_AGAIN = "record the counts again with `tests/benchmark/instructions.py --record`"


@dataclass(frozen=True)
class Counts:
    """Instructions per kernel, and what they were counted with."""

    rustc: str
    target: str
    valgrind: str
    libc: str
    kernels: dict[str, int]

    @classmethod
    def read(cls, file: Path) -> Counts:
        return cls(**json.loads(file.read_text(encoding="utf-8")))

    def write(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Change:
    """A kernel's instructions, None where it was not recorded or is not there now."""

    kernel: str
    recorded: int | None
    now: int | None

    @property
    def share(self) -> float | None:
        """The change as a share of what is recorded."""
        if self.recorded is None or self.now is None:
            return None
        return (self.now - self.recorded) / self.recorded

    @property
    def fault(self) -> str | None:
        """What is wrong, if anything."""
        if self.now is None:
            return f"{self.kernel} is recorded and was not counted; if it is gone, {RECORD_AGAIN}"
        if self.share is None:
            return f"{self.kernel} was counted and is not recorded; {RECORD_AGAIN}"
        if self.share > TOLERANCE:
            return f"{self.kernel} takes {self.share:+.1%} instructions; at most {TOLERANCE:+.0%} is accepted"
        return None

    @property
    def is_gain(self) -> bool:
        """Whether so much is gained that a later loss of as much would pass unseen."""
        return self.share is not None and self.share <= -TOLERANCE


@dataclass(frozen=True)
class Comparison:
    """All kernels compared."""

    changes: list[Change]
    notes: list[str]

    @property
    def faults(self) -> list[str]:
        return [change.fault for change in self.changes if change.fault]

    def text(self) -> str:
        """Return a table, and below it the notes and what is wrong."""
        rows = [("kernel", "recorded", "now", "change"), *map(_row, self.changes)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        table = [f"{name:<{widths[0]}}  {'  '.join(map(str.rjust, cells, widths[1:]))}" for name, *cells in rows]
        return "\n".join([*table, *self.notes, *(f"FAILED: {fault}" for fault in self.faults)])

    def results(self) -> dict[str, Any]:
        """Return everything for a file."""
        kernels = [asdict(change) | {"change": change.share} for change in self.changes]
        return {"kernels": kernels, "notes": self.notes, "faults": self.faults}


def compare(recorded: Counts, now: Counts) -> Comparison:
    """Compare counts with the recorded ones; those of another processor architecture are refused."""
    architectures = [counts.target.partition("-")[0] for counts in (recorded, now)]
    if architectures[0] != architectures[1]:
        raise SystemExit(
            f"the counts were recorded on {architectures[0]} and this is {architectures[1]}, whose instructions are "
            f"others; compare on {architectures[0]}"
        )
    names = dict.fromkeys([*recorded.kernels, *now.kernels])
    changes = [Change(name, recorded.kernels.get(name), now.kernels.get(name)) for name in names]
    notes = [
        f"note: recorded with {name} {was}, counted with {name} {is_now}"
        for name in ("rustc", "target", "valgrind", "libc")
        if (was := getattr(recorded, name)) != (is_now := getattr(now, name))
    ]
    gains = [change.kernel for change in changes if change.is_gain]
    if gains:
        notes.append(f"note: {', '.join(gains)}: {TOLERANCE:.0%} or more gained; {RECORD_AGAIN}")
    return Comparison(changes, notes)


def _row(change: Change) -> tuple[str, ...]:
    counts = ("-" if count is None else f"{count:,}" for count in (change.recorded, change.now))
    return (change.kernel, *counts, "-" if change.share is None else f"{change.share:+.1%}")
