"""The measurements as pictures: the scaling of each transform, phase 0, and where the time of whole jobs goes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, NullLocator

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

TITLES = {
    "impute": "impute_missing_values",
    "optimal_interpolation": "impute_missing_values, optimal interpolation",
    "complete_hours": "complete_hours",
    "wide_to_long": "transform_wide_to_long",
    "payload_rows_json": "rows_from_api_payload, JSON",
    "payload_rows_xml": "rows_from_api_payload, XML",
}
FONT = "DejaVu Sans of matplotlib"
"""Of the font's own name the system may have another version, whose glyphs have other numbers."""
fontManager.ttflist += [
    replace(font, name=FONT)
    for font in fontManager.ttflist
    if font.name == "DejaVu Sans" and font.fname.startswith(mpl.get_data_path())
]
STYLE = {
    "font.family": FONT,
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.hashsalt": "energy-data-layer",
}
"""The salt makes a file the same each time."""
INCHES = (8.0, 5.2)
DOTS_PER_INCH = 150
ENDS_AT = 0.66
"""Where the lines end and their labels begin, as a share of the width."""
LABEL_HEIGHT = 0.052
"""Of the height of the axes."""
HIGHEST_LABEL = 1.0
OTHER_ANSWER = (0, (5, 3))
"""The dashes of a line whose answers are not the reference's."""

# After the palette of Okabe and Ito, which colour-blind readers can tell apart; the peers' are darker, to be read.
REFERENCE, RUST = "#000000", "#D55E00"
LEADER = "#B0B0B0"
"""Of no contestant's colour: what leads to a label is no measurement."""
NAIVE = "#A8609B"
PEERS = ("#2F7FB5", "#1F8F6B", "#A8609B", "#8F7A12", "#707070")


@dataclass(frozen=True)
class Line:
    """A contestant as it is drawn."""

    label: str
    points: list[tuple[int, float]]
    colour: str
    width: float = 1.4
    dashes: str | tuple[int, tuple[float, ...]] = "solid"
    bold: bool = False


def draw_scaling(results: dict[str, Any], folder: Path) -> list[Path]:
    """Write ``<transform>.svg`` and ``<transform>.png`` of each transform into a folder and return the files."""
    files = []
    records = results["scaling"]["records"]
    for transform in dict.fromkeys(record["transform"] for record in records):
        those = [record for record in records if record["transform"] == transform]
        lines = _lines(those)
        figure = line_figure(TITLES[transform], _subtitle(lines), those[0]["unit"], lines)
        files += save(figure, folder, transform)
    return files


def save(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write a figure as SVG and PNG into a folder, the same bytes each time, and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {"svg": {"Date": None}, "png": {"Software": None}}
    with mpl.rc_context(STYLE):
        for suffix, metadata in files.items():
            figure.savefig(folder / f"{name}.{suffix}", dpi=DOTS_PER_INCH, metadata=metadata)
    return [folder / f"{name}.{suffix}" for suffix in files]


def line_figure(title: str, said: str, unit: str, lines: list[Line]) -> Figure:
    """Draw times over sizes, both logarithmic, each line with its name at its end."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=INCHES)
        axes = figure.add_axes((0.085, 0.115, ENDS_AT - 0.085, 0.75))
        for line in lines:
            sizes, times = zip(*line.points, strict=True)
            axes.plot(
                sizes,
                times,
                color=line.colour,
                linewidth=line.width,
                linestyle=line.dashes,
                marker="o",
                markersize=1.5 + line.width,
                zorder=2 + line.width,
            )
        _scale(axes, lines)
        _label(axes, lines)
        axes.set_xlabel(unit)
        figure.text(0.02, 0.945, title, fontsize=14, fontweight="bold")
        figure.text(0.02, 0.9, said, fontsize=10, color="#555555")
    return figure


def _lines(records: list[dict[str, Any]]) -> list[Line]:
    """Return the reference and Rust, then the others in muted colours."""
    found: dict[tuple[str, int | None], list[dict[str, Any]]] = {}
    for record in records:
        if record["kind"] != "boundary":
            found.setdefault((record["contestant"], record["threads"]), []).append(record)
    colours = iter(PEERS)
    lines = []
    for (contestant, threads), those in found.items():
        points = [(record["size"], record["ms"]) for record in those]
        on = f", {threads} thread{'s'[: threads - 1]}" if threads else ""
        if contestant == "reference":
            lines.append(Line("reference", points, REFERENCE, 2.6, bold=True))
        elif contestant == "Rust":
            lines.append(Line(f"Rust{on}", points, RUST, 2.6 if threads == 2 else 1.4, bold=threads == 2))
        elif contestant == "Rust kernel":
            if threads == 2:
                lines.append(Line(f"{contestant}{on}", points, RUST, 1.0, (0, (1, 1.5))))
        else:
            other = not those[-1]["correct"]
            lines.append(Line(contestant, points, next(colours), dashes=OTHER_ANSWER if other else "solid"))
    return lines


def _subtitle(lines: list[Line]) -> str:
    subtitle = "time of a whole call; dotted: kernel alone"
    if any(line.dashes == OTHER_ANSWER for line in lines):
        subtitle += "; dashed: other answer than the reference"
    return subtitle


def _scale(axes: Axes, lines: list[Line]) -> None:
    sizes = [size for line in lines for size, _ in line.points]
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(min(sizes) / 1.3, max(sizes) * 1.1)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{size:,.0f}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda ms, _: f"{ms / 1e3:g} s" if ms >= 1e3 else f"{ms:g} ms"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())
    axes.tick_params(labelsize=9.5, length=3)
    axes.grid(color="#E4E4E4", linewidth=0.7)
    axes.set_axisbelow(True)


def _label(axes: Axes, lines: list[Line]) -> None:
    """Write the names beside the axes, at the height of the lines' ends but never one over the other."""
    low, high = (math.log10(limit) for limit in axes.get_ylim())
    ends = [(math.log10(line.points[-1][1]) - low) / (high - low) for line in lines]
    order = sorted(range(len(lines)), key=lambda place: ends[place])
    heights = _apart([ends[place] for place in order])
    for place, height in zip(order, heights, strict=True):
        line = lines[place]
        axes.annotate(
            line.label,
            xy=line.points[-1],
            xytext=(1.05, height),
            textcoords="axes fraction",
            color=line.colour,
            fontsize=10.5 if line.bold else 9.5,
            fontweight="bold" if line.bold else "normal",
            verticalalignment="center",
            arrowprops={
                "arrowstyle": "-",
                "color": LEADER,
                "linewidth": 0.6,
                "relpos": (0, 0.5),
                "shrinkA": 1,
                "shrinkB": 2,
            },
            annotation_clip=False,
        )


def _apart(ends: list[float]) -> list[float]:
    """Return rising places at which labels do not touch, for each group as near to its lines' ends as it can be."""
    groups: list[list[float]] = []
    for end in ends:
        groups.append([end])
        while len(groups) > 1 and _lowest(groups[-1]) < _lowest(groups[-2]) + LABEL_HEIGHT * len(groups[-2]):
            last = groups.pop()
            groups[-1] += last
    places = [_lowest(group) + LABEL_HEIGHT * place for group in groups for place in range(len(group))]
    for place in reversed(range(len(places))):
        places[place] = min(places[place], HIGHEST_LABEL - LABEL_HEIGHT * (len(places) - 1 - place))
    return places


def _lowest(group: list[float]) -> float:
    """Return the place of the lowest of labels one above the other whose middle is that of the lines' ends."""
    return sum(group) / len(group) - LABEL_HEIGHT * (len(group) - 1) / 2


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


def draw_fills(picture: dict[str, Any], folder: Path) -> list[Path]:
    """Write ``fills.svg`` and ``fills.png``, a gap as each method fills it, into a folder and return the files."""
    stamps, truth = np.array(picture["stamps"], "datetime64[s]"), np.array(picture["truth"])
    begin, end = picture["hidden"]
    gap, joined = slice(begin, end), slice(begin - 1, end + 1)
    observed = np.where((np.arange(truth.size) < begin) | (np.arange(truth.size) >= end), truth, np.nan)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.5, 6.4), layout="constrained")
        panels = figure.subplots(3, 2, sharex=True, sharey=True)
        for panel, fill in zip(panels.flat, picture["fills"], strict=True):
            panel.axvspan(stamps[begin], stamps[end - 1], color="#EFEFEF", linewidth=0)
            panel.plot(stamps, observed, color="#4D4D4D", marker=".", markersize=3, linewidth=1, label="observed")
            panel.plot(
                stamps[joined],
                truth[joined],
                color="black",
                linestyle=(0, (2, 1)),
                zorder=3,
                label="observed, but hidden",
            )
            if "ta_low" in fill:
                panel.fill_between(stamps[gap], fill["ta_low"], fill["ta_high"], color="#BBD0EA", label="90 % interval")
            panel.plot(stamps[gap], fill["ta"], color=RUST, marker="o", markersize=3.5, linewidth=1.2, label="fill")
            panel.set_title(f"{fill['method']}: RMSE {fill['rmse']:.2f} °C", loc="left", fontsize=9.5)
            panel.grid(axis="y", color="#E4E4E4", linewidth=0.7)
            panel.set_axisbelow(True)
            panel.tick_params(labelsize=9)
        locator = AutoDateLocator(minticks=3, maxticks=6)
        panels[-1, 0].xaxis.set_major_locator(locator)
        panels[-1, 0].xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))
        begun = str(stamps[begin]).replace("T", " ")[: len("2024-05-25 00:00")]
        figure.suptitle(f"{end - begin} hours missing from {begun}", fontsize=11)
        figure.supylabel("air temperature (°C)", fontsize=10)
        figure.legend(
            *panels[-1, -1].get_legend_handles_labels(),
            loc="outside lower center",
            ncols=4,
            frameon=False,
            fontsize=9.5,
        )
    return save(figure, folder, "fills")


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
