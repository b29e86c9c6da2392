"""What all pictures share: a figure whose texts can be read, and the file that it becomes."""

from __future__ import annotations

import re
import unicodedata
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from energy_data_layer.core.atomic_file import written_atomically
from energy_data_layer.errors import ExtraUnavailable, OptionError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("png", "svg", "pdf")
LATIN = "DejaVu Sans"
"""The font that comes with matplotlib."""
HANGUL = (
    *("NanumGothic", "Noto Sans CJK KR", "Noto Sans KR", "Source Han Sans KR", "Pretendard", "Malgun Gothic"),
    *("Apple SD Gothic Neo", "AppleGothic", "UnDotum", "Baekmuk Gulim"),
)
"""Fonts with Korean letters, those that read best first."""
_HANGUL_WORD = re.compile("[가-힣]+")


def require_matplotlib() -> None:
    """Raise `ExtraUnavailable` if nothing can be drawn, because matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        raise ExtraUnavailable("matplotlib", "plot")


def require_drawable(path: str | PathLike[str]) -> None:
    """Raise `ExtraUnavailable` without matplotlib, `OptionError` for a file of no format that can be drawn."""
    require_matplotlib()
    _format_of(path)


def save_figure(figure: Figure, path: str | PathLike[str]) -> None:
    """Write a figure into a file, whole or not at all, with the same bytes each time.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    path : path
        The file, replaced if it exists: ``.png``, ``.svg`` or ``.pdf``; PNG where the name has no ending.

    Raises
    ------
    OptionError
        If the ending names no format that can be drawn.
    StorageError
        If the file cannot be written.

    Examples
    --------
    >>> import pandas as pd
    >>> from energy_data_layer.plots import plot_gaps
    >>> hours = pd.date_range("2024-01-01", periods=3, freq="h")
    >>> figure = plot_gaps(pd.DataFrame({"stnNm": "Seoul", "tm": hours, "ta": [1.0, None, 3.0]}))
    >>> save_figure(figure, "gaps.svg")
    """
    from matplotlib import rc_context

    kind = _format_of(path)
    undated: dict[str, dict[str, Any]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    with written_atomically(path) as temporary, rc_context({"svg.hashsalt": "energy-data-layer"}):
        figure.savefig(temporary, format=kind, metadata=undated.get(kind))


@contextmanager
def drawn(wide: float, high: float, **options: Any) -> Iterator[Figure]:
    """Give a figure of a size in inches; texts made inside have fonts that can write them."""
    require_matplotlib()
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context({"font.family": list(_fonts()), "font.size": 9, "axes.unicode_minus": False}):
        figure = Figure(figsize=(wide, high), dpi=120, **options)
        FigureCanvasAgg(figure)
        yield figure


def said(text: str) -> Figure:
    """Return a figure that says why there is nothing to see."""
    with drawn(6, 1.2) as figure:
        figure.text(0.5, 0.5, text, ha="center", va="center", size=10)
    return figure


def plain(panel: Axes) -> None:
    """Leave out what tells nothing: the frame's upper and right sides, a grid that is darker than needed."""
    panel.grid(axis="y", color="#E3E3E3", linewidth=0.6)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)
    panel.tick_params(labelsize=8)


def over_time(panel: Axes, most: int) -> None:
    """Label the time axis with at most so many stamps, in as few letters as they need."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=most)  # type: ignore[no-untyped-call]
    panel.xaxis.set_major_locator(locator)
    panel.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    panel.xaxis.get_offset_text().set_fontsize(8)


def readable(text: str) -> str:
    """Return a text that the fonts here can write: Korean in Latin letters where there are none for it.

    A dollar sign stays one: matplotlib would take what stands between two of them for a formula.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
        letters = _letters()
        if ord("가") not in letters:
            text = _HANGUL_WORD.sub(_in_latin, text)
        text = "".join(one if ord(one) in letters else one.encode("ascii", "backslashreplace").decode() for one in text)
    return text.replace("$", r"\$")


def _in_latin(word: re.Match[str]) -> str:
    """Return how a word of Korean syllables sounds; their Unicode names tell."""
    sounds = (unicodedata.name(one).removeprefix("HANGUL SYLLABLE ").replace("C", "CH") for one in word[0])
    return "".join(sounds).capitalize()


@cache
def _fonts() -> tuple[str, ...]:
    """Return a font with Latin and, where one is installed, one with Korean letters."""
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    return (*[font for font in HANGUL if font in installed][:1], LATIN)


@cache
def _letters() -> frozenset[int]:
    from matplotlib import font_manager

    fonts = (font_manager.get_font(font_manager.findfont(font)) for font in _fonts())
    return frozenset(letter for font in fonts for letter in font.get_charmap())


def _format_of(path: str | PathLike[str]) -> str:
    ending = Path(path).suffix.lower().removeprefix(".")
    if ending and ending not in FORMATS:
        raise OptionError(
            f"{path}: a picture cannot be drawn as .{ending}; name a file that ends in .png, .svg or .pdf"
        )
    return ending or FORMATS[0]
