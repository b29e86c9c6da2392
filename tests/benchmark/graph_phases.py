"""Phase 0 as a picture: time over rows, before and after the Python version was optimised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphs import REFERENCE, Line, line_figure, save

if TYPE_CHECKING:
    from pathlib import Path

NAIVE = "#A8609B"


def draw_phases(profile: dict[str, Any], folder: Path) -> list[Path]:
    """Write ``phase0.svg`` and ``phase0.png`` into a folder and return the files."""
    lines = [
        Line(
            f"{name}\n(phase 0, {when})",
            [(size["rows"], size[name]["wall_ms"]) for size in profile["sizes"] if size[name]],
            colour,
            2.6,
            bold=True,
        )
        for name, when, colour in (("naive", "before", NAIVE), ("reference", "after", REFERENCE))
    ]
    title = "impute_missing_values in Python, before and after"
    return save(line_figure(title, "time of one whole call, pandas in and out", "rows", lines), folder, "phase0")
