"""A picture of a few gaps, before and after, with the method of each fill."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from energy_data_layer.core.atomic_file import written_atomically
from energy_data_layer.core.gaps import find_gaps
from energy_data_layer.core.provenance import Provenance, provenance_column
from energy_data_layer.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    import pyarrow as pa
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

HOURS_AROUND = 48
LENGTH_SHOWN_WELL = 24
FEWEST_SHOWN = 4

# Okabe and Ito's colours, told apart by every kind of colour vision; the marker says the same again.
_STYLE = {
    Provenance.SPLINE: ("#0072B2", "o", "not-a-knot spline"),
    Provenance.LINEAR: ("#56B4E9", "s", "straight line"),
    Provenance.NEAREST: ("#009E73", "^", "nearest observation"),
    Provenance.CLIMATOLOGY: ("#D55E00", "D", "climatology (same month, day, hour)"),
    Provenance.STATION_MEAN: ("#CC79A7", "v", "mean of the station"),
    Provenance.GLOBAL_MEAN: ("#E69F00", "P", "mean of all stations"),
    Provenance.OPTIMAL_INTERPOLATION: ("#332288", "o", "optimal interpolation"),
    Provenance.OPTIMAL_INTERPOLATION_NEIGHBOURS: ("#117733", "X", "optimal interpolation with neighbours"),
    Provenance.BORROWED_CLIMATOLOGY: ("#882255", "d", "climatology of another station"),
}
_OBSERVED = "#4D4D4D"
_HANGUL_FONTS = ("NanumGothic", "Noto Sans CJK KR", "Noto Sans KR", "Malgun Gothic", "AppleGothic", "UnDotum")


@dataclass(frozen=True)
class ShownGap:
    """A gap chosen for the picture: rows `start` to `start + length` of the frame, in `column`."""

    column: str
    method: Provenance
    start: int
    length: int


def draw_gap_picture(
    before: pa.Table,
    after: pa.Table,
    path: str | PathLike[str],
    *,
    columns: Sequence[str],
    labels: Mapping[str, str] | None = None,
) -> list[ShownGap]:
    """Draw one gap per method that occurs, left as observed and right as filled, into a PNG file.

    Parameters
    ----------
    before : pyarrow.Table
        The observations before imputation: stations together, their hours in order.
    after : pyarrow.Table
        The same rows after imputation, with provenance columns.
    path : path
        The PNG file; replaced if it exists.
    columns : sequence of str
        The imputed columns to choose gaps from.
    labels : mapping of str to str, optional
        Text for the value axis per column, ``{"ta": "air temperature (°C)"}``.

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
    gaps = choose_gaps(after, columns)
    if not gaps:
        return []
    from matplotlib import font_manager, rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    installed = {font.name for font in font_manager.fontManager.ttflist}
    hangul_fonts = [font for font in _HANGUL_FONTS if font in installed]
    station = after["stnId"].to_numpy()
    with rc_context({"font.family": [*hangul_fonts[:1], "DejaVu Sans"]}):
        figure = Figure(figsize=(12, 1.2 + 2.1 * len(gaps)), layout="constrained", dpi=110)
        FigureCanvasAgg(figure)
        panels = figure.subplots(len(gaps), 2, sharey="row", sharex="row", squeeze=False)
        for (left, right), gap in zip(panels, gaps, strict=True):
            of_station = np.flatnonzero(station == station[gap.start])
            first = max(gap.start - HOURS_AROUND, int(of_station[0]))
            hours = min(gap.start + gap.length + HOURS_AROUND, int(of_station[-1]) + 1) - first
            _draw_gap(left, right, before.slice(first, hours), after.slice(first, hours), gap.column)
            where = f"station {station[gap.start]}"
            # A name is shown where a font can write it.
            name = after["stnNm"][gap.start].as_py()
            if name and (name.isascii() or hangul_fonts):
                where = f"{name} ({where})"
            left.set_title(f"{where}: {gap.length} hour{'s' * (gap.length > 1)} missing", loc="left", fontsize=10)
            right.set_title(f"filled by {_STYLE[gap.method][2]}", loc="left", fontsize=10)
            left.set_ylabel((labels or {}).get(gap.column, gap.column), fontsize=9)
        handles = [Line2D([], [], color=_OBSERVED, marker=".", linewidth=1.1, label="observed")]
        for colour, marker, label in (_STYLE[method] for method in dict.fromkeys(gap.method for gap in gaps)):
            handles.append(Line2D([], [], color=colour, marker=marker, linestyle="none", label=label))
        figure.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
        with written_atomically(path) as temporary:
            figure.savefig(temporary, format="png")
    return gaps


def _draw_gap(left: Axes, right: Axes, before: pa.Table, after: pa.Table, column: str) -> None:
    """Draw the hours around a gap, on the right with their fills; every gap is shaded, and breaks the line."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    stamps = after["tm"].to_numpy()
    codes = after.column(provenance_column(column)).to_numpy()
    gaps = find_gaps(codes != Provenance.OBSERVED, np.zeros(codes.size))
    half_an_hour = np.timedelta64(30, "m")
    for panel in (left, right):
        for start, stop in zip(gaps.start, gaps.stop, strict=True):
            panel.axvspan(stamps[start] - half_an_hour, stamps[stop - 1] + half_an_hour, color="#EFEFEF", linewidth=0)
        observed = before.column(column).to_numpy().astype("float64")
        panel.plot(stamps, observed, color=_OBSERVED, linewidth=1.1, marker=".", markersize=3.5)
        panel.grid(axis="y", color="#E3E3E3", linewidth=0.6)
        panel.set_axisbelow(True)
        panel.spines[["top", "right"]].set_visible(False)
        panel.tick_params(labelsize=8)
    filled = after.column(column).to_numpy()
    for method, (colour, marker, _) in _STYLE.items():
        chosen = codes == method
        right.plot(stamps[chosen], filled[chosen], marker, color=colour, ms=5, mec="white", mew=0.5)
    locator = AutoDateLocator(minticks=3, maxticks=6)  # type: ignore[no-untyped-call]
    left.xaxis.set_major_locator(locator)
    left.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def require_matplotlib() -> None:
    """Raise `OptionError` if pictures cannot be drawn, because matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        raise OptionError('pictures need matplotlib; install it with: pip install "energy-data-layer[plot]"')


def choose_gaps(after: pa.Table, columns: Sequence[str]) -> list[ShownGap]:
    """Return one gap per method that occurs, more where few do, from different stations and columns."""
    station = after["stnId"].to_numpy()
    candidates = [
        gap
        for column in columns
        for gap in _clearest_gaps(column, after.column(provenance_column(column)).to_numpy(), station)
    ]
    methods = [method for method in _STYLE if any(gap.method is method for gap in candidates)]
    chosen: list[ShownGap] = []
    for method in (methods * FEWEST_SHOWN)[: max(FEWEST_SHOWN, len(methods))]:
        left = [gap for gap in candidates if gap.method is method and gap not in chosen]
        if left:
            chosen.append(min(left, key=lambda gap: _times_shown(gap, chosen, station)))
    return sorted(chosen, key=lambda gap: gap.method)


def _times_shown(gap: ShownGap, chosen: Sequence[ShownGap], station: NDArray[np.int64]) -> int:
    """Return how often the station and the column of a gap are shown already."""
    return sum(int(station[other.start] == station[gap.start]) + (other.column == gap.column) for other in chosen)


def _clearest_gaps(column: str, codes: NDArray[np.uint8], station: NDArray[np.int64]) -> list[ShownGap]:
    """Return, per method and station, the gap that shows best: long but not huge, well surrounded."""
    missing = codes != Provenance.OBSERVED
    gaps = find_gaps(missing, station)
    missing_before = np.concatenate(([0], np.cumsum(missing)))
    window_start = np.maximum(gaps.start - HOURS_AROUND, 0)
    window_end = np.minimum(gaps.start + gaps.length + HOURS_AROUND, missing.size)
    missing_beside = missing_before[window_end] - missing_before[window_start] - gaps.length
    unsuitable = missing_beside + np.abs(gaps.length - np.minimum(gaps.length, LENGTH_SHOWN_WELL))
    best_first = np.lexsort((-gaps.length, unsuitable))
    method_and_station = np.stack((codes[gaps.start[best_first]], station[gaps.start[best_first]]))
    _, first_of_each = np.unique(method_and_station, axis=1, return_index=True)
    return [
        ShownGap(column, Provenance(codes[gaps.start[i]]), int(gaps.start[i]), int(gaps.length[i]))
        for i in best_first[first_of_each]
    ]
