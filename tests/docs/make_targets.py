"""The targets of the Makefile: what is made for each, and which of them a file of commands runs."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

from .pages import ROOT

if TYPE_CHECKING:
    from pathlib import Path

LOCAL = ROOT / "tests" / "test_all.sh"
"""What `.ci/run` and `make test-all` run."""


def made_for_targets() -> dict[str, set[str]]:
    """Each target of the Makefile with what is made for it first; with cargo, wherever this runs."""
    command = ["make", "--question", "--print-data-base", "--no-builtin-rules", "CARGO=cargo", "help"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    rules = re.findall(r"^([a-z][a-z-]*):(?!=)(.*)$", printed, re.MULTILINE)
    return {target: set(first.split()) for target, first in rules}


def targets_in(file: Path) -> set[str]:
    """Return the targets that the commands of a file make; comments are no commands."""
    return set(re.findall(r"^[^#\n]*\bmake ([a-z-]+)", file.read_text(encoding="utf-8"), re.MULTILINE))


def run_by(file: Path, made_for: dict[str, set[str]]) -> set[str]:
    """Return the targets that a file of commands makes, all that is made for them, and those that only gather such."""
    run = targets_in(file)
    while added := (set().union(*(made_for[target] for target in run)) & made_for.keys()) - run:
        run |= added
    rules = (ROOT / "Makefile").read_text(encoding="utf-8")
    gathering = set(re.findall(r"^([a-z-]+):(?!=).*\n(?!\t)", rules, re.MULTILINE))
    return run | {target for target in gathering & made_for.keys() if made_for[target] and made_for[target] <= run}
