"""Whole jobs as a picture: where their time goes, with the reference and with Rust."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from graphs import STYLE, save
from matplotlib.figure import Figure
from matplotlib.patches import Patch

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

PARTS = {
    "transforms": ("transforms", "#D55E00"),
    "database": ("database", "#2F7FB5"),
    "network_wait": ("waiting for the network", "#D9D9D9"),
    "other": ("other", "#8C8C8C"),
}
BAR = 0.38


def draw_pipeline(pipeline: dict[str, Any], folder: Path) -> list[Path]:
    """Write ``pipeline.svg`` and ``pipeline.png`` into a folder and return the files."""
    runs = {(run["title"], run["database"], run["engine"]): run for run in pipeline["runs"]}
    jobs = list(dict.fromkeys((title, database) for title, database, _ in runs))
    inches = 1.75 + 0.68 * len(jobs)

    def below_top(distance: float) -> float:
        return 1 - distance / inches

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.0, inches))
        axes = figure.add_axes((0.36, 0.75 / inches, 0.61, below_top(1.0) - 0.75 / inches))
        for place, (title, database) in enumerate(jobs):
            whole = runs[title, database, "reference"]["wall_seconds"]
            for side, engine in ((-1, "reference"), (1, "rust")):
                _bar(axes, place + side * BAR / 2, runs[title, database, engine], whole)
        labels = [f"{title}\n{database}".replace(", ", "\n", 1) for title, database in jobs]
        axes.set_yticks(range(len(jobs)), labels, fontsize=8.5)
        axes.set_ylim(len(jobs) - 0.5, -0.5)
        axes.set_xlim(0, 1.22)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"], fontsize=9)
        axes.set_xlabel("of the job's time with the reference", fontsize=9)
        axes.tick_params(axis="y", length=0)
        figure.text(0.02, below_top(0.35), "Where the time of whole jobs goes", fontsize=14, fontweight="bold")
        said = "upper bar: reference; lower bar: Rust"
        figure.text(0.02, below_top(0.72), said, fontsize=9, color="#555555", va="center")
        figure.legend(
            handles=[Patch(color=colour, label=label) for label, colour in PARTS.values()],
            loc="center left",
            bbox_to_anchor=(0.35, below_top(0.72)),
            ncols=4,
            frameon=False,
            fontsize=9,
            handlelength=1,
            columnspacing=1.2,
        )
    return save(figure, folder, "pipeline")


def _bar(axes: Axes, height: float, run: dict[str, Any], whole: float) -> None:
    """Draw a run relative to the job's seconds on the reference, with its own beside it."""
    left = 0.0
    for part, (_, colour) in PARTS.items():
        width = run["split"][part] / whole
        axes.barh(height, width, BAR - 0.03, left=left, color=colour)
        left += width
    axes.text(left + 0.015, height, f"{run['wall_seconds']:.1f} s", fontsize=8.5, va="center")
