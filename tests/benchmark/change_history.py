"""How often the reference and the Rust kernel of a transform were changed together, from the history of git."""

from __future__ import annotations

import subprocess
from typing import Any

from rooms import ROOMS, ROOT, matches

NOT_AVAILABLE = "not available"


def measure() -> dict[str, Any] | str:
    """Return per transform the commits that touched both, or one alone; words where the history is not whole."""
    try:
        shallow = _git("rev-parse", "--is-shallow-repository").strip()
    except (OSError, subprocess.CalledProcessError):
        return NOT_AVAILABLE
    if shallow != "false":
        return NOT_AVAILABLE
    commits = [commit.split("\0") for commit in _git("log", "-z", "--format=%x01", "--name-only").split("\x01")[1:]]
    return {"commits": len(commits), "transforms": {name: _touched(rooms, commits) for name, rooms in ROOMS.items()}}


def _touched(rooms: dict[str, list[str]], commits: list[list[str]]) -> dict[str, int]:
    kernel = rooms["Rust kernel"] + rooms["Rust binding"]
    counts = {"both": 0, "reference_alone": 0, "rust_alone": 0}
    for paths in commits:
        paths = [path.strip() for path in paths]
        reference = any(matches(path, rooms["reference"]) for path in paths)
        rust = any(matches(path, kernel) for path in paths)
        if reference or rust:
            counts["both" if reference and rust else "reference_alone" if reference else "rust_alone"] += 1
    return counts


def _git(*arguments: str) -> str:
    return subprocess.run(["git", "-C", str(ROOT), *arguments], check=True, capture_output=True, text=True).stdout
