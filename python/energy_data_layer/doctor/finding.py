"""What an examination finds."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LITTLE_BYTES = 1_000_000_000


class Verdict(StrEnum):
    """How a finding is to be taken: a problem would fail a run, a warning would not, a note is neither."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes
    ----------
    check : str
        What was looked at.
    verdict : Verdict
        How it is.
    what : str
        What is so, without secrets.
    advice : str
        What to do; empty where there is nothing to do.
    """

    check: str
    verdict: Verdict
    what: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.check}: {self.what}" + (f"; {self.advice}" if self.advice else "")


def judged(check: str, is_good: bool, what: str, advice: str, bad: Verdict = Verdict.WARNING) -> Finding:
    """Return a finding that is in order, or else bad, with advice."""
    return Finding(check, Verdict.OK if is_good else bad, what, "" if is_good else advice)


def free_space(check: str, folder: Path, advice: str, *, least: int = 100_000_000) -> Finding:
    """Return how much room there is where a folder lies: less than `least` bytes are a problem."""
    free = shutil.disk_usage(folder).free
    told = f"{free / 1e9:,.1f} GB are free in {folder}"
    return judged(check, free >= LITTLE_BYTES, told, advice, Verdict.PROBLEM if free < least else Verdict.WARNING)
