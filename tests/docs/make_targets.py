"""The targets of the Makefile: what is made for each, and which of them a file of commands makes."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

from .pages import ROOT

if TYPE_CHECKING:
    from pathlib import Path

LOCAL = ROOT / ".ci" / "run"


def made_for_targets() -> dict[str, set[str]]:
    """Each target of the Makefile with what is made for it first; with cargo, wherever this runs."""
    command = ["make", "--question", "--print-data-base", "--no-builtin-rules", "CARGO=cargo", "help"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    rules = re.findall(r"^([a-z][a-z-]*):(?!=)(.*)$", printed, re.MULTILINE)
    return {target: set(first.split()) for target, first in rules}


def targets_in(file: Path) -> set[str]:
    """Return the targets that the commands of a file make; comments are no commands."""
    return set(re.findall(r"^[^#\n]*\bmake ([a-z-]+)", file.read_text(encoding="utf-8"), re.MULTILINE))


def with_what_is_made_first(targets: set[str], made_for: dict[str, set[str]]) -> set[str]:
    """Return `targets` and, all the way down, the targets that are made for them."""
    first = set().union(*(made_for[target] for target in targets)) & made_for.keys()
    return targets if first <= targets else with_what_is_made_first(targets | first, made_for)
