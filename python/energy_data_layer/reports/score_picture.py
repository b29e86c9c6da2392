"""A picture of a scorecard: the error of each method by the length of the gap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from energy_data_layer.core.atomic_file import written_atomically
from energy_data_layer.reports.gap_picture import require_matplotlib

if TYPE_CHECKING:
    from os import PathLike

    from energy_data_layer.transforms.impute.score import Scorecard

# Okabe and Ito's colours, told apart by every kind of colour vision; the marker says the same again.
_COLOURS = ("#56B4E9", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#000000")
_MARKERS = "sDo^vPX"


def draw_score_picture(card: Scorecard, path: str | PathLike[str]) -> None:
    """Draw the RMSE by gap length with its standard error, a panel a column and a line a method, into a PNG file.

    Raises
    ------
    OptionError
        If matplotlib is not installed.
    StorageError
        If the file cannot be written.
    """
    require_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = card.overall()
    figure = Figure(figsize=(1 + 4 * len(columns), 4.2), layout="constrained", dpi=110)
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(columns), squeeze=False)[0]
    for panel, (column, rows) in zip(panels, columns.items(), strict=True):
        lengths = list(dict.fromkeys(row["length"] for row in rows))
        for number, method in enumerate(card.methods):
            scored = [row for row in rows if row["method"] == method and row["rmse"] is not None]
            panel.errorbar(
                [lengths.index(row["length"]) for row in scored],
                [row["rmse"] for row in scored],
                [row["rmse_se"] or 0.0 for row in scored],
                label=method,
                color=_COLOURS[number % len(_COLOURS)],
                marker=_MARKERS[number % len(_MARKERS)],
                markersize=5,
                linewidth=1.4,
                capsize=2,
            )
        panel.set_xticks(range(len(lengths)), ["own lengths" if one is None else f"{one}" for one in lengths])
        panel.set_ylim(bottom=0)
        panel.set_xlabel("length of the gap in rows", fontsize=9)
        panel.set_ylabel("RMSE", fontsize=9)
        panel.set_title(column, loc="left", fontsize=10)
        panel.grid(axis="y", color="#E3E3E3", linewidth=0.6)
        panel.set_axisbelow(True)
        panel.spines[["top", "right"]].set_visible(False)
        panel.tick_params(labelsize=8)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    with written_atomically(path) as temporary:
        figure.savefig(temporary, format="png")
