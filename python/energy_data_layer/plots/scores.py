"""A picture of a scorecard: the error of each method by the length of the gap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from energy_data_layer.plots.figure import drawn, plain, readable, said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

    from energy_data_layer.transforms.impute.score import Scorecard

PANELS_IN_A_ROW = 3

# Okabe and Ito's colours, told apart by every kind of colour vision; the marker says the same again.
_COLOURS = ("#56B4E9", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#000000")
_MARKERS = "sDo^vPX"


def plot_scores(card: Scorecard, *, labels: Mapping[str, str] | None = None) -> Figure:
    """Draw how far each method is off, by the length of the gap: a panel a column, a line a method.

    A point is the RMSE over all stations, its bar one standard error to either side. A panel's heading names the method
    that the scorecard recommends.

    Parameters
    ----------
    card : Scorecard
        What `score_imputation` returned.
    labels : mapping of str to str, optional
        Text for the axis of a column's errors, such as ``{"ta": "RMSE in °C"}``.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ExtraUnavailable
        If matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from energy_data_layer import score_imputation
    >>> hours = pd.date_range("2024-01-01", periods=500, freq="h")
    >>> df = pd.DataFrame({"stnNm": "Seoul", "tm": hours, "ta": np.sin(np.arange(500) / 4)})
    >>> card = score_imputation(df, ["ta"], methods=["linear", "spline_climatology"], gap_lengths=(1, 3), gaps=5)
    >>> [panel.get_title("left") for panel in plot_scores(card).axes]
    ['ta, recommended: spline_climatology']
    """
    columns = card.overall()
    if not columns:
        return said("nothing was scored")
    recommended = card.recommended
    across = min(len(columns), PANELS_IN_A_ROW)
    down = -(-len(columns) // PANELS_IN_A_ROW)
    with drawn(1.5 + 4 * across, 0.6 + 3.6 * down, layout="constrained") as figure:
        panels = figure.subplots(down, across, squeeze=False).ravel()
        for panel in panels[len(columns) :]:
            panel.remove()
        for panel, (column, rows) in zip(panels, columns.items(), strict=False):
            lengths = list(dict.fromkeys(row["length"] for row in rows))
            for number, method in enumerate(card.methods):
                scored = [row for row in rows if row["method"] == method and row["rmse"] is not None]
                panel.errorbar(
                    [lengths.index(row["length"]) for row in scored],
                    [row["rmse"] for row in scored],
                    [row["rmse_se"] or 0.0 for row in scored],
                    label=readable(method),
                    color=_COLOURS[number % len(_COLOURS)],
                    marker=_MARKERS[number % len(_MARKERS)],
                    markersize=5,
                    linewidth=1.4,
                    capsize=2,
                )
            panel.set_xticks(range(len(lengths)), ["own lengths" if one is None else f"{one}" for one in lengths])
            panel.set_xlim(-0.3, len(lengths) - 0.7)
            panel.set_ylim(bottom=0)
            panel.set_xlabel("length of the gap in rows")
            panel.set_ylabel(readable((labels or {}).get(column, "RMSE ± standard error")))
            advice = f", recommended: {recommended[column]}" if column in recommended else ""
            panel.set_title(readable(f"{column}{advice}"), loc="left", fontsize=10)
            plain(panel)
        handles, texts = panels[0].get_legend_handles_labels()
        figure.legend(handles, texts, loc="outside lower center", ncols=min(4, 2 * across), frameon=False)
    return figure
