"""A picture of how long gaps are, and of how many missing hours lie in the long ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from energy_data_layer.core.gaps import LENGTH_CLASSES
from energy_data_layer.plots.figure import drawn, plain, readable, said
from energy_data_layer.plots.hours import HOUR, axis_label, read_hours
from energy_data_layer.transforms.keys import DATE_COL, STATION_COL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from energy_data_layer.core.coercion import MissingValues
    from energy_data_layer.plots.hours import Hours

_COLOUR = "#0072B2"
LEAST_WIDE = 4
"""A panel has room for so many classes at least, so that a bar of one alone looks like a bar."""


def plot_gap_lengths(
    data: Any,
    columns: Sequence[str] | None = None,
    date_col: str | list[str] = DATE_COL,
    station_col: str | None = STATION_COL,
    *,
    missing_values: MissingValues | None = None,
    labels: Mapping[str, str] | None = None,
) -> Figure:
    """Draw how many gaps there are of each length, and how much of what is missing lies in them.

    Short gaps are many, and a few long ones hold most of the missing values: the left panel of a column counts gaps,
    the right one values. A gap runs from one observation of a station to the next, or to its first or last row; steps
    without a row belong to it, as after `complete_hours`, and so do fills, by the provenance beside the column.

    Parameters
    ----------
    data, columns, date_col, station_col, missing_values, labels
        As in `plot_gaps`.

    Returns
    -------
    matplotlib.figure.Figure
        The picture.

    Raises
    ------
    ExtraUnavailable, OptionError, DataLayerError
        As in `plot_gaps`.

    Examples
    --------
    >>> import pandas as pd
    >>> hours = pd.date_range("2024-01-01", periods=6, freq="h")
    >>> df = pd.DataFrame({"stnNm": "Seoul", "tm": hours, "ta": [1.0, None, 3.0, None, None, 6.0]})
    >>> figure = plot_gap_lengths(df)
    >>> [[int(bar.get_height()) for bar in panel.patches] for panel in figure.axes]
    [[1, 1], [1, 2]]
    """
    hours = read_hours(data, columns, date_col, station_col, missing_values)
    if not hours.names:
        return said("the frame has no rows")
    step = hours.step
    unit = "hours" if step == HOUR else f"steps of {step / HOUR * 60:g} minutes"
    with drawn(11, 0.5 + 2.3 * len(hours.columns), layout="constrained") as figure:
        for panels, column in zip(figure.subplots(len(hours.columns), 2, squeeze=False), hours.columns, strict=True):
            lengths = gap_lengths(hours, column)
            title = readable(axis_label(column, labels, date_col, station_col).replace("\n", " "))
            upper = [last or np.inf for _, last in LENGTH_CLASSES]
            classes = np.searchsorted(upper, lengths)
            shown = int(classes.max(initial=-1)) + 1
            gaps = np.bincount(classes, minlength=shown)
            missing = np.bincount(classes, lengths, minlength=shown).astype(np.int64)
            _bars(panels[0], gaps, f"{title}: gaps, {len(lengths):,} in all")
            _bars(panels[1], missing, f"{unit} missing, {missing.sum():,} in all")
            for panel in panels:
                panel.set_xlabel(f"length of the gap in {unit}")
    return figure


def gap_lengths(hours: Hours, column: str) -> NDArray[np.int64]:
    """Return the lengths of a column's gaps in steps; steps without a row belong to them."""
    step = hours.step
    starts = np.flatnonzero(np.diff(hours.station, prepend=-1))
    stops = np.append(starts[1:], len(hours.station)) - 1
    # Behind each station's rows stands where the next one would, and before them where one would have been.
    seen = np.flatnonzero(hours.observed(column))
    station = np.concatenate([hours.station[seen], hours.station[starts], hours.station[stops]])
    place = np.concatenate([hours.instants[seen], hours.instants[starts] - step, hours.instants[stops] + step])
    order = np.lexsort((place, station))
    between = np.rint(np.diff(place[order]) / step).astype(np.int64) - 1
    lengths: NDArray[np.int64] = between[(np.diff(station[order]) == 0) & (between > 0)]
    return lengths


def _bars(panel: Axes, counts: NDArray[np.int64], title: str) -> None:
    plain(panel)
    panel.set_title(title, loc="left", fontsize=10)
    names = [
        f"{first}" if first == last else f"from {first}" if last is None else f"{first}-{last}"
        for first, last in LENGTH_CLASSES[: len(counts)]
    ]
    bars = panel.bar(range(len(counts)), counts, 0.7, color=_COLOUR)
    panel.bar_label(bars, [f"{count:,}" if count else "" for count in counts], padding=2, fontsize=8)
    panel.set_xticks(range(len(counts)), names)
    panel.set_yticks([])
    panel.grid(visible=False)
    panel.spines["left"].set_visible(False)
    panel.margins(y=0.15)
    panel.set_xlim(-0.6, max(len(counts), LEAST_WIDE) - 0.4)
    if not len(counts):
        panel.text(0.5, 0.5, "none", transform=panel.transAxes, ha="center", va="center")
