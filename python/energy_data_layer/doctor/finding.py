"""What an examination finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
