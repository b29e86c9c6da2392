"""The picture of a few gaps: what it chooses, and that it can be drawn everywhere."""

from __future__ import annotations

import sys

import numpy as np
import pyarrow as pa
import pytest
from matplotlib.transforms import Bbox

from energy_data_layer.core.provenance import Provenance
from energy_data_layer.errors import OptionError, StorageError
from energy_data_layer.reports import gap_picture
from energy_data_layer.reports.gap_picture import choose_gaps, draw_gap_picture, gap_figure, require_matplotlib

HOURS = 900


def frames(codes_of_station, name="서울"):
    """One station per entry, each with its gaps as {first hour: (length, method)}."""
    stations = len(codes_of_station)
    codes = np.zeros((stations, HOURS), np.uint8)
    for row, gaps in enumerate(codes_of_station):
        for start, (length, method) in gaps.items():
            codes[row, start : start + length] = method
    hours = np.datetime64("2024-01-01T00", "us") + np.arange(HOURS) * np.timedelta64(1, "h")
    values = np.tile(np.sin(np.arange(HOURS) / 4), stations)
    after = pa.table(
        {
            "stnId": np.repeat(np.arange(stations), HOURS),
            "stnNm": [name] * (stations * HOURS),
            "tm": np.tile(hours, stations),
            "ta": values,
            "ta_provenance": codes.ravel(),
        }
    )
    before = after.select(["stnId", "stnNm", "tm"])
    return before.append_column("ta", pa.array(values, mask=codes.ravel() > 0)), after


def test_one_gap_per_method_from_different_stations():
    gaps = {60: (2, Provenance.SPLINE), 150: (12, Provenance.CLIMATOLOGY), HOURS - 2: (2, Provenance.NEAREST)}
    _, after = frames([gaps, gaps, gaps])
    chosen = choose_gaps(after, ["ta"])
    assert {gap.method for gap in chosen} == {Provenance.SPLINE, Provenance.NEAREST, Provenance.CLIMATOLOGY}
    assert len({gap.start // HOURS for gap in chosen}) == len(chosen) == 3


def test_of_each_column_a_short_a_middling_and_a_long_gap():
    gaps = {50: (1, 8), 100: (3, 8), 150: (7, 8), 250: (20, 8), 400: (59, 8), 620: (160, 8)}
    _, after = frames([gaps])
    after = after.append_column("hm", after["ta"]).append_column("hm_provenance", after["ta_provenance"])
    chosen = choose_gaps(after, ["hm", "ta"])
    assert [(gap.column, gap.length) for gap in chosen] == [(name, n) for name in ("hm", "ta") for n in (3, 20, 160)]


def test_an_undisturbed_gap_is_preferred():
    _, after = frames([{50: (3, 1), 56: (1, 1), 120: (1, 1), 200: (3, 1)}])
    assert [(gap.start, gap.length) for gap in choose_gaps(after, ["ta"])] == [(200, 3)]


@pytest.mark.parametrize(
    ("start", "length", "before", "behind"),
    [
        (300, 1, 12, 12),
        (300, 24, 36, 36),
        (300, 168, 96, 96),
        (5, 3, 5, 12),
        (HOURS - 4, 3, 12, 1),
        (0, HOURS, 0, 31 * 24 - HOURS),
    ],
)
def test_the_window_fits_the_gap_and_stays_within_the_station(start, length, before, behind):
    _, after = frames([{}, {start: (length, 4)}, {}])
    (gap,) = choose_gaps(after, ["ta"])
    assert (gap.first, gap.stop) == (HOURS + start - before, HOURS + start + length + behind)


def test_a_gap_whose_truth_is_known_is_preferred():
    _, after = frames([{100: (3, 8), 200: (2, 8)}])
    hidden = np.full(HOURS, np.nan)
    hidden[200:202] = 1.0
    assert [gap.start for gap in choose_gaps(after, ["ta"])] == [100]
    assert [gap.start for gap in choose_gaps(after, ["ta"], pa.table({"ta": hidden}))] == [200]


def test_a_gap_of_an_hour_has_fill_band_and_truth_between_its_neighbours():
    before, after = frames([{100: (1, 8)}])
    filled = after["ta"].to_numpy()
    for suffix, off in (("_low", -0.5), ("_high", 0.7)):
        after = after.append_column(f"ta{suffix}", pa.array(filled + off, mask=np.arange(HOURS) != 100))
    truth = before.set_column(before.column_names.index("ta"), "ta", pa.array(filled + 0.25))
    gaps = choose_gaps(after, ["ta"])
    figure = gap_figure(before, after, gaps, labels={"ta": "air temperature (°C)"}, truth=truth, interval=0.9)
    lower, upper = figure.axes
    (band,) = lower.collections
    assert band.get_paths()[0].get_extents().intervaly == pytest.approx(
        [min(filled[99], filled[100] - 0.5, filled[101]), max(filled[99], filled[100] + 0.7, filled[101])]
    )
    drawn = [line.get_ydata() for line in lower.get_lines() if len(line.get_ydata()) < 25]
    assert [list(line) for line in drawn] == [
        pytest.approx(filled[99:102]),
        pytest.approx(filled[100:101]),
        pytest.approx([filled[99], filled[100] + 0.25, filled[101]]),
    ]
    assert not upper.collections
    (observed,) = upper.get_lines()
    assert np.flatnonzero(np.isnan(observed.get_ydata())).tolist() == [12]
    assert {text.get_text() for text in figure.legends[0].get_texts()} == {
        *("observed", "observed, but hidden", "90% interval", "optimal interpolation"),
    }


def test_without_intervals_and_truth_there_is_neither_band_nor_line_of_them():
    before, after = frames([{100: (6, 4)}])
    figure = gap_figure(before, after, choose_gaps(after, ["ta"]))
    assert not any(panel.collections for panel in figure.axes)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        *("observed", "climatology (same month, day, hour)"),
    ]


@pytest.mark.parametrize("scale", [1.0, 1e300])
def test_no_label_lies_on_another_or_leaves_the_picture(scale):
    gaps = {100: (3, 8), 200: (24, 9), 400: (168, 10), 700: (1, 1), 750: (5, 2), 800: (2, 3), HOURS - 8: (8, 4)}
    before, after = frames([gaps], "Observatory of Seogwipo")
    before, after = (
        table.set_column(table.column_names.index("ta"), "ta", pa.array((table["ta"].to_numpy() + 1.0125) * scale))
        for table in (before, after)
    )
    figure = gap_figure(before, after, choose_gaps(after, ["ta"]), labels={"ta": "air pressure at the station\n(hPa)"})
    figure.canvas.draw()
    texts = [*figure.texts, *figure.legends[0].get_texts()]
    for panel in figure.axes:
        for axis in (panel.xaxis, panel.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
            texts += [axis.offsetText, *(tick.label1 for tick in ticks)]
        texts.append(panel._left_title)
    boxes = [text.get_window_extent() for text in texts if text.get_visible() and text.get_text()]
    assert len(boxes) > 50
    for number, box in enumerate(boxes):
        assert Bbox.intersection(box, figure.bbox).bounds == pytest.approx(box.bounds)
        assert not box.count_overlaps(boxes[:number])


@pytest.mark.parametrize(
    ("name", "fonts", "title"),
    [
        ("서울", ("DejaVu Sans",), "서울 (0): 3 h missing"),
        ("서울", (), "station 0: 3 h missing"),
        ("Seoul", (), "Seoul (0): 3 h missing"),
        (None, ("DejaVu Sans",), "station 0: 3 h missing"),
    ],
)
def test_a_name_is_shown_where_a_font_can_write_it(monkeypatch, name, fonts, title):
    monkeypatch.setattr(gap_picture, "_HANGUL_FONTS", fonts)
    before, after = frames([{100: (3, 8)}], name)
    _, upper = gap_figure(before, after, choose_gaps(after, ["ta"])).axes
    assert upper.get_title("left") == title


def test_no_two_methods_look_alike():
    looks = list(gap_picture._STYLE.values())
    assert all(len(set(kind)) == len(looks) for kind in zip(*looks, strict=True))


def test_unfilled_gaps_are_not_drawn():
    _, after = frames([{50: (3, Provenance.UNFILLED)}])
    assert choose_gaps(after, ["ta"]) == []


@pytest.mark.parametrize("name", ["서울", "Seoul", None])
def test_the_picture_is_a_png_without_a_warning(tmp_path, name):
    gaps = {0: (2, 3), 30: (3, 1), 60: (1, 2), 100: (24, 4), 180: (6, 5), 240: (6, 6), 290: (2, 7)}
    predicted = {40: (6, 8), 120: (12, 9), 220: (5, 10)}
    before, after = frames([gaps, {100: (290, 4)}, predicted], name)
    path = tmp_path / "gaps.png"
    chosen = draw_gap_picture(before, after, path, columns=["ta"])
    assert {gap.method for gap in chosen} == set(Provenance) - {Provenance.OBSERVED, Provenance.UNFILLED}
    assert path.read_bytes().startswith(b"\x89PNG")


def test_nothing_filled_nothing_drawn(tmp_path):
    before, after = frames([{}])
    assert draw_gap_picture(before, after, tmp_path / "gaps.png", columns=["ta"]) == []
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_an_error(tmp_path):
    before, after = frames([{10: (1, 1)}])
    with pytest.raises(StorageError, match="does not exist"):
        draw_gap_picture(before, after, tmp_path / "absent" / "gaps.png", columns=["ta"])


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(OptionError, match=r"energy-data-layer\[plot\]"):
        require_matplotlib()
