"""A picture of where observations are missing: every station over the whole time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from energy_data_layer.plots.figure import drawn, over_time, readable, said
from energy_data_layer.plots.hours import HOUR, axis_label, read_hours
from energy_data_layer.transforms.keys import DATE_COL, STATION_COL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from energy_data_layer.core.coercion import MissingValues
    from energy_data_layer.plots.hours import Hours

MOST_CELLS = 400
"""Cells in a row, at most."""
DAY = 24 * HOUR
WIDTHS = {
    HOUR: "hour",
    3 * HOUR: "3 hours",
    6 * HOUR: "6 hours",
    DAY: "day",
    7 * DAY: "week",
    28 * DAY: "4 weeks",
    91 * DAY: "13 weeks",
    364 * DAY: "52 weeks",
}
"""What a cell can stand for, in nanoseconds."""

# One hue, darker the more is missing; what is observed is grey, so that a single missing hour of a week shows.
_LOOKS = (
    ("#DDE3EA", "all observed"),
    ("#FDCC8A", "up to 10 % missing"),
    ("#FC8D59", "up to half missing"),
    ("#D7301F", "more than half missing"),
    ("#5B0000", "all missing"),
)
_LIMITS = (0.0, 0.1, 0.5, np.nextafter(1.0, 0.0))
"""Up to which share of missing steps a cell has each of the looks but the last."""
ROW_INCHES, MOST_INCHES = 0.24, 12.0
SMALLEST_LETTER = 5.0
"""In points; where rows are lower, only every second, third and so on has its name."""


def plot_gaps(
    data: Any,
    columns: Sequence[str] | None = None,
    date_col: str | list[str] = DATE_COL,
    station_col: str | None = STATION_COL,
    *,
    missing_values: MissingValues | None = None,
    labels: Mapping[str, str] | None = None,
) -> Figure:
    """Draw where observations are missing: a panel a column, a row a station, a cell an hour or more.

    A cell is an hour, a day, some weeks, whatever fits 400 of them into the width. Its colour says how many of its
    steps between the station's first and last row have no observation: no row, no value, or a fill by the
    provenance beside the column. At the end of each row stands how much the station lacks.

    Parameters
    ----------
    data : frame, str or Database
        A frame as `impute_missing_values` takes it, before or after it was filled; or a database or its URL, of which
        the stored weather is drawn. Narrow it, or choose another table, with `stored_hours`.
    columns : sequence of str, optional
        The columns to draw. By default those with a provenance beside them, else all that `impute` would fill.
    date_col, station_col, missing_values
        As in `impute_missing_values`.
    labels : mapping of str to str, optional
        Headings, such as ``{"ta": "air temperature"}``; by default meaning and unit of the ASOS fields.

    Returns
    -------
    matplotlib.figure.Figure
        The picture; `save_figure` writes it into a file.

    Raises
    ------
    ExtraUnavailable
        If matplotlib is not installed.
    OptionError
        If no column is named and none is of floating-point numbers.
    DataLayerError
        As in `impute_missing_values` and `stored_hours`.

    Examples
    --------
    >>> import pandas as pd
    >>> hours = pd.date_range("2024-01-01", periods=4, freq="h")
    >>> figure = plot_gaps(pd.DataFrame({"stnNm": "Seoul", "tm": hours, "ta": [1.0, None, 3.0, 4.0]}))
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['Seoul']
    """
    hours = read_hours(data, columns, date_col, station_col, missing_values)
    if not hours.names:
        return said("the frame has no rows")
    edges, unit, expected = _grid(hours)
    stations = len(hours.names)
    row = min(ROW_INCHES, MOST_INCHES / stations)
    letter = max(SMALLEST_LETTER, min(9.0, 72 * row * 0.72))
    shown = np.arange(0, stations, max(1, round(letter / (72 * row * 0.8))))
    with drawn(11, 0.9 + len(hours.columns) * (0.5 + max(row * stations, 0.3)), layout="constrained") as figure:
        panels = figure.subplots(len(hours.columns), 1, squeeze=False, sharex=True)[:, 0]
        for panel, column in zip(panels, hours.columns, strict=True):
            observed = _count(hours, edges, hours.observed(column))
            heading = readable(axis_label(column, labels, date_col, station_col).replace("\n", " "))
            panel.set_title(f"{heading}, by {unit}", loc="left", fontsize=10)
            panel.set_title("missing", loc="right", fontsize=8, x=1.0)
            _draw(panel, hours, edges, np.maximum(expected - observed, 0), expected, shown, letter)
        over_time(panels[-1], 12)
        _legend(figure)
    return figure


def _grid(hours: Hours) -> tuple[NDArray[np.int64], str, NDArray[np.int64]]:
    """Return the edges of the cells, what a cell is, and how many steps of each station lie in each."""
    step = hours.step
    ticks = hours.stamps.astype(np.int64)
    first = np.full(len(hours.names), np.iinfo(np.int64).max)
    last = np.full(len(hours.names), np.iinfo(np.int64).min)
    np.minimum.at(first, hours.station, ticks)
    np.maximum.at(last, hours.station, ticks)
    begin, end = int(first.min()), int(last.max()) + step
    widths = [width for width in (step, *WIDTHS) if width >= step]
    width = next((one for one in widths if (end - begin) // one < MOST_CELLS), widths[-1])
    width *= -(-((end - begin) // width + 1) // MOST_CELLS)
    begin -= begin % width if width <= DAY else begin % DAY
    edges = np.arange(begin, end + width, width)
    edges = edges[: np.searchsorted(edges, end) + 1]
    steps = (last - first) // step + 1
    before = np.clip(-((first[:, None] - edges) // step), 0, steps[:, None])
    unit = WIDTHS.get(width) or f"{width / HOUR:g} hours"
    return edges, unit, np.diff(before)


def _count(hours: Hours, edges: NDArray[np.int64], chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how many of the chosen rows of each station lie in each cell."""
    cells = len(edges) - 1
    cell = (hours.stamps[chosen].astype(np.int64) - edges[0]) // (edges[1] - edges[0])
    counts = np.bincount(hours.station[chosen] * cells + cell, minlength=len(hours.names) * cells)
    return counts.reshape(len(hours.names), cells)


def _draw(
    panel: Axes,
    hours: Hours,
    edges: NDArray[np.int64],
    missing: NDArray[np.int64],
    expected: NDArray[np.int64],
    shown: NDArray[np.intp],
    letter: float,
) -> None:
    from matplotlib.colors import ListedColormap

    share = missing / np.maximum(expected, 1)
    panel.pcolormesh(
        edges.astype("datetime64[ns]"),
        np.arange(len(hours.names) + 1) - 0.5,
        np.ma.masked_where(expected == 0, np.searchsorted(_LIMITS, share)),
        cmap=ListedColormap([colour for colour, _ in _LOOKS]),
        vmin=0,
        vmax=len(_LOOKS) - 1,
        rasterized=share.size > MOST_CELLS * 20,
    )
    panel.set_ylim(len(hours.names) - 0.5, -0.5)
    borders = np.arange(1, len(hours.names)) - 0.5
    panel.hlines(borders, *panel.get_xlim(), color="white", linewidth=min(0.8, letter / 12))
    panel.set_yticks(shown, [readable(hours.names[row]) for row in shown], fontsize=letter)
    lacking = missing.sum(axis=1) / np.maximum(expected.sum(axis=1), 1)
    right = panel.secondary_yaxis("right")
    right.set_yticks(shown, [_percent(lacking[row]) for row in shown], fontsize=letter)
    for axis in (panel, right):
        axis.tick_params(axis="y", length=0)
        axis.spines[:].set_visible(False)
    panel.tick_params(axis="x", labelsize=8)


def _percent(share: float) -> str:
    """Return a share that is never rounded to nothing or everything."""
    if share in {0, 1}:
        return f"{100 * share:.0f} %"
    return "<0.1 %" if share < 0.001 else f"{100 * min(share, 0.999):.1f} %"


def _legend(figure: Figure) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(facecolor=colour, label=label) for colour, label in _LOOKS]
    handles.append(Patch(facecolor="white", edgecolor="#B0B0B0", label="before the first or after the last row"))
    figure.legend(handles=handles, loc="outside lower center", ncols=6, frameon=False, fontsize=8, handlelength=1.2)
