"""A picture of a few gaps, before and after: the method of each fill, its interval, and the truth where it is known."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from energy_data_layer.core.atomic_file import written_atomically
from energy_data_layer.core.gaps import find_gaps
from energy_data_layer.core.provenance import HIGH_SUFFIX, LOW_SUFFIX, Provenance, provenance_column
from energy_data_layer.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    import pyarrow as pa
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

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
_HANGUL_FONTS = ("NanumGothic", "Noto Sans CJK KR", "Noto Sans KR", "Malgun Gothic", "AppleGothic", "UnDotum")


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


def draw_gap_picture(
    before: pa.Table,
    after: pa.Table,
    path: str | PathLike[str],
    *,
    columns: Sequence[str],
    labels: Mapping[str, str] | None = None,
    truth: pa.Table | None = None,
    interval: float | None = None,
) -> list[ShownGap]:
    """Draw a few gaps of each column, above as observed and below as filled, into a PNG file.

    Parameters
    ----------
    before : pyarrow.Table
        The observations before imputation: stations together, their hours in order.
    after : pyarrow.Table
        The same rows after imputation, with provenance columns; ``<column>_low`` and ``<column>_high`` are drawn too.
    path : path
        The PNG file; replaced if it exists.
    columns : sequence of str
        The imputed columns to choose gaps from.
    labels : mapping of str to str, optional
        Text for the value axis per column, ``{"ta": "air temperature (°C)"}``.
    truth : pyarrow.Table, optional
        The same rows with the true values of hours that were hidden; gaps that have them are preferred.
    interval : float, optional
        The probability of the intervals, for the legend.

    Returns
    -------
    list of ShownGap
        What was drawn; empty, and no file written, where nothing was filled.

    Raises
    ------
    OptionError
        If matplotlib is not installed.
    StorageError
        If the file cannot be written.
    """
    require_matplotlib()
    gaps = choose_gaps(after, columns, truth)
    if gaps:
        figure = gap_figure(before, after, gaps, labels=labels, truth=truth, interval=interval)
        with written_atomically(path) as temporary:
            figure.savefig(temporary, format="png")
    return gaps


def gap_figure(
    before: pa.Table,
    after: pa.Table,
    gaps: Sequence[ShownGap],
    *,
    labels: Mapping[str, str] | None = None,
    truth: pa.Table | None = None,
    interval: float | None = None,
) -> Figure:
    """Return the picture of chosen gaps; the parameters are those of `draw_gap_picture`."""
    from matplotlib import font_manager, rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    installed = {font.name for font in font_manager.fontManager.ttflist}
    hangul_fonts = [font for font in _HANGUL_FONTS if font in installed]
    of_columns = [[gap for gap in gaps if gap.column == column] for column in dict.fromkeys(gap.column for gap in gaps)]
    rows = [some[at : at + GAPS_IN_A_ROW] for some in of_columns for at in range(0, len(some), GAPS_IN_A_ROW)]
    legend = _legend(after, gaps, truth, interval)
    # In inches, from the lower left corner. A layout by matplotlib takes as long as all that is drawn.
    wide, left, between, tall = 11.0, 0.95, 0.55, 1.05
    panel_width = (wide - left - 0.15 + between) / max(map(len, rows)) - between
    legend_height = 0.3 + 0.2 * -(-len(legend) // LEGEND_COLUMNS)
    high = legend_height + 3.05 * len(rows)
    with rc_context({"font.family": [*hangul_fonts[:1], "DejaVu Sans"]}):
        figure = Figure(figsize=(wide, high), dpi=120)
        FigureCanvasAgg(figure)
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
                _draw_gap(upper, lower, before, after, truth, gap)
                where = f"station {after['stnId'][gap.start]}"
                # A name is shown where a font can write it.
                name = after["stnNm"][gap.start].as_py()
                if name and (name.isascii() or hangul_fonts):
                    where = f"{name[:LONGEST_NAME]} ({after['stnId'][gap.start]})"
                upper.set_title(f"{where}: {gap.length:,} h missing", loc="left", fontsize=9, y=1.0)
                lower.set_title(_STYLE[gap.method][2], loc="left", fontsize=9, y=1.0)
            middle = (bottom + tall + 0.15) / high
            label = (labels or {}).get(row[0].column, row[0].column)
            figure.text(0.1 / wide, middle, label, rotation=90, ha="left", va="center", multialignment="center", size=9)
        figure.legend(handles=legend, loc="lower center", ncols=LEGEND_COLUMNS, frameon=False, fontsize=9)
    return figure


def _legend(after: pa.Table, gaps: Sequence[ShownGap], truth: pa.Table | None, interval: float | None) -> list[Artist]:
    """Return what explains all that is drawn."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    entries: list[Artist] = [Line2D([], [], color=_OBSERVED, marker=".", linewidth=1.1, label="observed")]
    if truth is not None:
        entries.append(Line2D([], [], **_TRUTH, label="observed, but hidden"))
    if any(gap.column + LOW_SUFFIX in after.column_names for gap in gaps):
        entries.append(Patch(color=_BAND, label="interval" if interval is None else f"{interval:.0%} interval"))
    shown = {
        code
        for gap in gaps
        for code in after.column(provenance_column(gap.column))[gap.first : gap.stop].unique().to_pylist()
    }
    for method, (colour, marker, label) in _STYLE.items():
        if method in shown:
            entries.append(Line2D([], [], color=colour, marker=marker, linewidth=1.2, label=label))
    return entries


def _draw_gap(
    upper: Axes, lower: Axes, before: pa.Table, after: pa.Table, truth: pa.Table | None, gap: ShownGap
) -> None:
    """Draw the hours around a gap, below with their fills; every gap is shaded, and breaks the line."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    before, after = (table.slice(gap.first, gap.stop - gap.first) for table in (before, after))
    stamps, observed = after["tm"].to_numpy(), _numbers(before, gap.column)
    codes = after.column(provenance_column(gap.column)).to_numpy()
    missing = codes != Provenance.OBSERVED
    gaps = find_gaps(missing, np.zeros(codes.size))
    half_an_hour = np.timedelta64(30, "m")
    for panel in (upper, lower):
        for start, stop in zip(gaps.start, gaps.stop, strict=True):
            panel.axvspan(stamps[start] - half_an_hour, stamps[stop - 1] + half_an_hour, color="#EFEFEF", linewidth=0)
        panel.plot(stamps, observed, color=_OBSERVED, linewidth=1.1, marker=".", markersize=3)
        panel.grid(axis="y", color="#E3E3E3", linewidth=0.6)
        panel.set_axisbelow(True)
        panel.spines[["top", "right"]].set_visible(False)
        panel.tick_params(labelsize=8)

    def joined(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values of the gaps between the observed ones, so that a gap of an hour has a line too."""
        return np.where(missing, numbers, observed)

    filled = joined(_numbers(after, gap.column))
    low, high = gap.column + LOW_SUFFIX, gap.column + HIGH_SUFFIX
    for start, stop in zip(gaps.start, gaps.stop, strict=True):
        rows = slice(max(start - 1, 0), stop + 1)
        if low in after.column_names:
            bottom, top = (joined(_numbers(after, name))[rows] for name in (low, high))
            lower.fill_between(stamps[rows], bottom, top, color=_BAND, linewidth=0)
        for method, (colour, marker, _) in _STYLE.items():
            hours = start + np.flatnonzero(codes[start:stop] == method)
            if hours.size:
                by_method = np.isin(codes[rows], (method, Provenance.OBSERVED))
                lower.plot(stamps[rows], np.where(by_method, filled[rows], np.nan), color=colour, linewidth=1.2)
                marked = hours[:: -(-codes.size // MARKERS_IN_A_PANEL)]
                lower.plot(stamps[marked], filled[marked], marker, color=colour, ms=5, mec="white", mew=0.5)
        if truth is not None:
            true = joined(_numbers(truth.slice(gap.first, gap.stop - gap.first), gap.column))
            lower.plot(stamps[rows], true[rows], **_TRUTH)
    locator = AutoDateLocator(minticks=3, maxticks=6)  # type: ignore[no-untyped-call]
    lower.xaxis.set_major_locator(locator)
    lower.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    lower.xaxis.get_offset_text().set_fontsize(8)
    lower.yaxis.set_major_formatter("{x:g}")
    upper.tick_params(labelbottom=False)


def _numbers(table: pa.Table, column: str) -> NDArray[np.float64]:
    return np.asarray(table.column(column).to_numpy(), np.float64)


def require_matplotlib() -> None:
    """Raise `OptionError` if pictures cannot be drawn, because matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        raise OptionError('pictures need matplotlib; install it with: pip install "energy-data-layer[plot]"')


def choose_gaps(after: pa.Table, columns: Sequence[str], truth: pa.Table | None = None) -> list[ShownGap]:
    """Return a short, a middling and a long gap of each column, as far as there are, and one of every other method.

    Gaps come from different stations and show different methods where they can; they are well surrounded and, with
    a `truth`, have it.
    """
    station = after["stnId"].to_numpy()
    candidates = [
        candidate
        for column in columns
        for candidate in _clearest_gaps(
            column,
            after.column(provenance_column(column)).to_numpy(),
            station,
            np.zeros(station.size, np.bool_) if truth is None else np.isnan(_numbers(truth, column)),
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
    column: str, codes: NDArray[np.uint8], station: NDArray[np.int64], unknown: NDArray[np.bool_]
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
