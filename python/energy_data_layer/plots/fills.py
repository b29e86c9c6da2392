"""A picture of a few gaps, before and after: the method of each fill, its interval, and the truth where it is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from energy_data_layer.core.gaps import find_gaps
from energy_data_layer.core.provenance import HIGH_SUFFIX, LOW_SUFFIX, Provenance, provenance_column
from energy_data_layer.errors import OptionError
from energy_data_layer.plots.figure import drawn, over_time, plain, readable, said
from energy_data_layer.plots.hours import HOUR, axis_label, read_hours
from energy_data_layer.transforms.keys import DATE_COL, STATION_COL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from energy_data_layer.plots.hours import Hours

    Truth = Mapping[str, NDArray[np.float64]]

SHOWN_WELL = (3, 24, 168)
"""Of short, middling and long gaps, the lengths in hours that show best."""
LONGEST_OF_CLASS = (8, 60)
"""The longest gap that counts as short, and as middling."""
GAPS_IN_A_ROW = len(SHOWN_WELL)
LEAST_AROUND, MOST_AROUND = 12, 96
"""Hours shown on each side of a gap, at least and at most; in between 1.5 times its length."""
MOST_SHOWN = 31 * 24
"""Of a longer gap the beginning is shown."""
LONGEST_NAME = 12

# After Okabe and Ito and Tol: told apart by every kind of colour vision; the marker says the same again.
_STYLE = {
    Provenance.SPLINE: ("#332288", "s", "not-a-knot spline"),
    Provenance.LINEAR: ("#56B4E9", "<", "straight line"),
    Provenance.NEAREST: ("#009E73", "^", "nearest observation"),
    Provenance.CLIMATOLOGY: ("#882255", "D", "climatology (same month, day, hour)"),
    Provenance.STATION_MEAN: ("#CC79A7", "v", "mean of the station"),
    Provenance.GLOBAL_MEAN: ("#E69F00", "P", "mean of all stations"),
    Provenance.OPTIMAL_INTERPOLATION: ("#0072B2", "o", "optimal interpolation"),
    Provenance.OPTIMAL_INTERPOLATION_NEIGHBOURS: ("#D55E00", "X", "optimal interpolation with neighbours"),
    Provenance.BORROWED_CLIMATOLOGY: ("#117733", "d", "climatology of another station"),
}
MARKERS_IN_A_PANEL = 40
LEGEND_COLUMNS = 3
_OBSERVED, _BAND = "#4D4D4D", "#BBD0EA"
_TRUTH: dict[str, Any] = {"color": "black", "linewidth": 1.2, "linestyle": (0, (2, 1))}


@dataclass(frozen=True)
class ShownGap:
    """A gap chosen for the picture.

    Attributes
    ----------
    column : str
        The column that it is in.
    method : Provenance
        How the hour in its middle was filled.
    start, length : int
        Its rows of the frame.
    first, stop : int
        The rows that are drawn, `stop` being the one behind them: the gap and the hours around it.
    """

    column: str
    method: Provenance
    start: int
    length: int
    first: int
    stop: int


def plot_fills(
    data: Any,
    columns: Sequence[str] | None = None,
    date_col: str | list[str] = DATE_COL,
    station_col: str | None = STATION_COL,
    *,
    truth: Any | None = None,
    interval: float | None = None,
    labels: Mapping[str, str] | None = None,
) -> Figure:
    """Draw a few gaps of a filled table: above as observed, below as filled, with intervals and truth.

    Of each column a short, a middling and a long gap are drawn, as far as there are, and one of every other method;
    they come from different stations where they can, and are well surrounded by observations. Fills and the ends of
    their intervals are joined to the observations beside the gap by lines.

    Parameters
    ----------
    data : frame, str or Database
        A frame with provenance, as `impute` returns it, or `impute_missing_values` with ``provenance=True``; columns
        ``<column>_low`` and ``<column>_high`` are drawn too. Or a database or its URL, of which the stored weather is
        drawn. Narrow it to draw gaps of your choice: a database with `stored_hours`.
    columns : sequence of str, optional
        The columns to choose gaps from; by default all with a provenance beside them.
    date_col, station_col
        As in `impute_missing_values`.
    truth : frame, optional
        The true values of hours that were hidden, of any rows; gaps that have them are preferred.
    interval : float, optional
        The probability of the intervals, for the legend.
    labels : mapping of str to str, optional
        Text for the value axes, ``{"ta": "air temperature (°C)"}``; by default meaning and unit of the ASOS fields.

    Returns
    -------
    matplotlib.figure.Figure
        The picture; it says so where no gap was filled.

    Raises
    ------
    ExtraUnavailable
        If matplotlib is not installed.
    OptionError
        If the frame has no provenance of a column.
    DataLayerError
        As in `impute_missing_values` and `stored_hours`.

    Examples
    --------
    >>> import pandas as pd
    >>> from energy_data_layer import impute
    >>> hours = pd.date_range("2024-01-01", periods=6, freq="h")
    >>> df = pd.DataFrame({"stnNm": "Seoul", "tm": hours, "ta": [0.0, 1.0, None, 9.0, 16.0, 25.0]})
    >>> figure = plot_fills(impute(df, ["ta"]).frame)
    >>> figure.axes[1].get_title("left")
    'Seoul: 1 hour missing'
    """
    hours = read_hours(data, columns, date_col, station_col, ())  # numbers are as measured: it was filled
    for column in hours.columns:
        if provenance_column(column) not in hours.values:
            raise OptionError(
                f'column "{column}" has no provenance beside it ("{provenance_column(column)}"), so that its fills are '
                "not known; fill it by `impute`, or by `impute_missing_values` with provenance=True"
            )
    true = (
        None if truth is None else _aligned(hours, read_hours(truth, hours.columns, date_col, station_col, (), "truth"))
    )
    gaps = choose_gaps(hours, true)
    if not gaps:
        return said("no gap was filled")
    texts = {column: axis_label(column, labels, date_col, station_col) for column in hours.columns}
    return _gap_figure(hours, gaps, texts, true, interval)


def _aligned(hours: Hours, truth: Hours) -> dict[str, NDArray[np.float64]]:
    """Return the true values of the rows of `hours`, NaN where there are none."""
    import pandas as pd

    places = {key: place for place, key in enumerate(truth.keys)}
    station = np.array([places.get(key, -1) for key in hours.keys], np.intp)[hours.station]
    rows = pd.MultiIndex.from_arrays([truth.station, truth.instants]).get_indexer(
        pd.MultiIndex.from_arrays([station, hours.instants])
    )
    return {column: np.append(truth.values[column], np.nan)[rows] for column in hours.columns}


def _gap_figure(
    hours: Hours,
    gaps: Sequence[ShownGap],
    labels: Mapping[str, str],
    truth: Truth | None,
    interval: float | None,
) -> Figure:
    """Return the picture of chosen gaps."""
    of_columns = [[gap for gap in gaps if gap.column == column] for column in dict.fromkeys(gap.column for gap in gaps)]
    rows = [some[at : at + GAPS_IN_A_ROW] for some in of_columns for at in range(0, len(some), GAPS_IN_A_ROW)]
    step = hours.step
    # In inches, from the lower left corner. A layout by matplotlib takes as long as all that is drawn.
    wide, left, between, tall = 11.0, 0.95, 0.55, 1.05
    panel_width = (wide - left - 0.15 + between) / max(map(len, rows)) - between
    with drawn(wide, 1.0) as figure:
        legend = _legend(hours, gaps, truth, interval)
        legend_height = 0.3 + 0.2 * -(-len(legend) // LEGEND_COLUMNS)
        high = legend_height + 3.05 * len(rows)
        figure.set_size_inches(wide, high)
        for number, row in enumerate(rows):
            bottom = legend_height + 0.35 + 3.05 * (len(rows) - 1 - number)
            for place, gap in enumerate(row):
                x = left + place * (panel_width + between)
                lower, upper = (
                    figure.add_axes((x / wide, y / high, panel_width / wide, tall / high))
                    for y in (bottom, bottom + tall + 0.3)
                )
                upper.sharex(lower)
                upper.sharey(lower)
                _draw_gap(upper, lower, hours, truth, gap, step)
                where = readable(shorten(hours.names[hours.station[gap.start]]))
                upper.set_title(f"{where}: {_in_words(gap.length, step)} missing", loc="left", fontsize=9, y=1.0)
                lower.set_title(_STYLE[gap.method][2], loc="left", fontsize=9, y=1.0)
            middle = (bottom + tall + 0.15) / high
            label = readable(labels[row[0].column])
            figure.text(0.1 / wide, middle, label, rotation=90, ha="left", va="center", multialignment="center", size=9)
        figure.legend(handles=legend, loc="lower center", ncols=LEGEND_COLUMNS, frameon=False, fontsize=9)
    return figure


def shorten(name: str) -> str:
    """Return a station's name in as many letters as a panel's title has room for; its number stays."""
    called, _, number = name.rpartition(" (")
    if not called or not number.rstrip(")").isdecimal():
        return name if len(name) <= LONGEST_NAME + 6 else f"{name[: LONGEST_NAME + 5]}…"
    return name if len(called) <= LONGEST_NAME else f"{called[: LONGEST_NAME - 1]}… ({number}"


def _in_words(length: int, step: int) -> str:
    if step == HOUR:
        return f"{length:,} hour{'s' * (length != 1)}"
    return f"{length:,} row{'s' * (length != 1)}"


def _legend(hours: Hours, gaps: Sequence[ShownGap], truth: Truth | None, interval: float | None) -> list[Artist]:
    """Return what explains all that is drawn."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    entries: list[Artist] = [Line2D([], [], color=_OBSERVED, marker=".", linewidth=1.1, label="observed")]
    if truth is not None:
        entries.append(Line2D([], [], **_TRUTH, label="observed, but hidden"))
    low = {gap: hours.values.get(gap.column + LOW_SUFFIX) for gap in gaps}
    if any(ends is not None and not np.isnan(ends[gap.first : gap.stop]).all() for gap, ends in low.items()):
        entries.append(Patch(color=_BAND, label="interval" if interval is None else f"{interval:.0%} interval"))
    shown = {code for gap in gaps for code in hours.codes(gap.column)[gap.first : gap.stop].tolist()}
    for method, (colour, marker, label) in _STYLE.items():
        if method in shown:
            entries.append(Line2D([], [], color=colour, marker=marker, linewidth=1.2, label=label))
    return entries


def _draw_gap(upper: Axes, lower: Axes, hours: Hours, truth: Truth | None, gap: ShownGap, step: int) -> None:
    """Draw the hours around a gap, below with their fills; every gap is shaded, and breaks the line."""
    window = slice(gap.first, gap.stop)
    stamps, values = hours.stamps[window], hours.values[gap.column][window]
    codes = hours.codes(gap.column)[window]
    missing = codes != Provenance.OBSERVED
    observed = np.where(missing, np.nan, values)
    gaps = find_gaps(missing, np.zeros(codes.size))
    half_a_step = np.timedelta64(step // 2, "ns")
    for panel in (upper, lower):
        for start, stop in zip(gaps.start, gaps.stop, strict=True):
            panel.axvspan(stamps[start] - half_a_step, stamps[stop - 1] + half_a_step, color="#EFEFEF", linewidth=0)
        panel.plot(stamps, observed, color=_OBSERVED, linewidth=1.1, marker=".", markersize=3)
        plain(panel)

    for start, stop in zip(gaps.start, gaps.stop, strict=True):
        rows = slice(max(start - 1, 0), stop + 1)
        low, high = (hours.values.get(f"{gap.column}{end}") for end in (LOW_SUFFIX, HIGH_SUFFIX))
        if low is not None and high is not None:
            # Between the observations, so that a gap of an hour has a band and a line too.
            bottom, top = (np.where(missing, end[window], observed)[rows] for end in (low, high))
            lower.fill_between(stamps[rows], bottom, top, color=_BAND, linewidth=0)
        for method, (colour, marker, _) in _STYLE.items():
            of_method = start + np.flatnonzero(codes[start:stop] == method)
            if of_method.size:
                by_method = np.isin(codes[rows], (method, Provenance.OBSERVED))
                lower.plot(stamps[rows], np.where(by_method, values[rows], np.nan), color=colour, linewidth=1.2)
                marked = of_method[:: -(-codes.size // MARKERS_IN_A_PANEL)]
                lower.plot(stamps[marked], values[marked], marker, color=colour, ms=5, mec="white", mew=0.5)
        if truth is not None:
            lower.plot(stamps[rows], np.where(missing, truth[gap.column][window], observed)[rows], **_TRUTH)
    over_time(lower, 6)
    lower.yaxis.set_major_formatter("{x:g}")
    upper.tick_params(labelbottom=False)


def choose_gaps(hours: Hours, truth: Truth | None = None) -> list[ShownGap]:
    """Return a short, a middling and a long gap of each column, as far as there are, and one of every other method.

    Gaps come from different stations and show different methods where they can; they are well surrounded and, with
    a `truth`, have it.
    """
    station, columns = hours.station, hours.columns
    candidates = [
        candidate
        for column in columns
        for candidate in _clearest_gaps(
            column,
            hours.codes(column),
            station,
            np.zeros(station.size, np.bool_) if truth is None else np.isnan(truth[column]),
        )
    ]
    chosen: list[ShownGap] = []

    def choose(some: list[tuple[float, ShownGap]]) -> None:
        def cost(candidate: tuple[float, ShownGap]) -> float:
            own, gap = candidate
            return own + sum(
                (gap.method is other.method) + int(station[gap.start] == station[other.start]) for other in chosen
            )

        if some:
            chosen.append(min(some, key=cost)[1])

    for column in columns:
        for size in range(GAPS_IN_A_ROW):
            choose([one for one in candidates if one[1].column == column and _class_of(one[1].length) == size])
    for method in _STYLE:
        if method not in {gap.method for gap in chosen}:
            choose([one for one in candidates if one[1].method is method])
    return sorted(chosen, key=lambda gap: (columns.index(gap.column), gap.length))


def _class_of(length: Any) -> Any:
    """Tell whether gaps are short, middling or long."""
    return np.digitize(length, LONGEST_OF_CLASS, right=True)


def _clearest_gaps(
    column: str, codes: NDArray[np.uint8], station: NDArray[np.intp], unknown: NDArray[np.bool_]
) -> list[tuple[float, ShownGap]]:
    """Return, per class of length, method and station, the gap that shows best, and how much speaks against it."""
    missing = codes != Provenance.OBSERVED
    gaps = find_gaps(missing, station)
    method, size, of_station = codes[gaps.start + gaps.length // 2], _class_of(gaps.length), station[gaps.start]
    around = np.clip(3 * gaps.length // 2, LEAST_AROUND, MOST_AROUND)
    starts = np.flatnonzero(np.diff(station, prepend=np.nan))
    first = np.maximum(gaps.start - around, starts[np.searchsorted(starts, gaps.start, "right") - 1])
    ends = np.append(starts, station.size)
    stop = np.minimum(gaps.stop + around, ends[np.searchsorted(ends, gaps.start, "right")])
    stop = np.minimum(stop, first + MOST_SHOWN)
    observed_before = np.concatenate(([0], np.cumsum(~missing)))
    unknown_before = np.concatenate(([0], np.cumsum(unknown)))
    against = (
        np.abs(np.log2(gaps.length / np.array(SHOWN_WELL)[size]))
        + 4 * (1 - (observed_before[stop] - observed_before[first]) / (2 * around))
        + 4 * (unknown_before[gaps.stop] > unknown_before[gaps.start])
    )
    best_first = np.argsort(against, kind="stable")
    kinds = np.stack((size, method, of_station))[:, best_first]
    _, first_of_each = np.unique(kinds, axis=1, return_index=True)
    return [
        (
            float(against[i]),
            ShownGap(column, Provenance(method[i]), *map(int, (gaps.start[i], gaps.length[i], first[i], stop[i]))),
        )
        for i in best_first[first_of_each]
        if method[i] in _STYLE
    ]
