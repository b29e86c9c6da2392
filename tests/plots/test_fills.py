"""The picture of a few gaps: what it chooses, and that it can be drawn everywhere."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from matplotlib.transforms import Bbox

from energy_data_layer import impute
from energy_data_layer.core.provenance import Provenance
from energy_data_layer.errors import MarkerError, OptionError
from energy_data_layer.plots import fills, plot_fills, plot_gap_lengths, plot_gaps, save_figure
from energy_data_layer.plots.hours import read_hours

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
    return pa.table(
        {
            "stnId": np.repeat(np.arange(stations), HOURS),
            "stnNm": [name] * (stations * HOURS),
            "tm": np.tile(hours, stations),
            "ta": values,
            "ta_provenance": codes.ravel(),
        }
    )


def choose_gaps(after, columns, truth=None):
    return fills.choose_gaps(read_hours(after, columns, "tm", "stnId", ()), truth)


def drawn(after, columns=("ta",), **options):
    return plot_fills(after, list(columns), "tm", "stnId", **options)


def test_one_gap_per_method_from_different_stations():
    gaps = {60: (2, Provenance.SPLINE), 150: (12, Provenance.CLIMATOLOGY), HOURS - 2: (2, Provenance.NEAREST)}
    after = frames([gaps, gaps, gaps])
    chosen = choose_gaps(after, ["ta"])
    assert {gap.method for gap in chosen} == {Provenance.SPLINE, Provenance.NEAREST, Provenance.CLIMATOLOGY}
    assert len({gap.start // HOURS for gap in chosen}) == len(chosen) == 3


def test_of_each_column_a_short_a_middling_and_a_long_gap():
    gaps = {50: (1, 8), 100: (3, 8), 150: (7, 8), 250: (20, 8), 400: (59, 8), 620: (160, 8)}
    after = frames([gaps])
    after = after.append_column("hm", after["ta"]).append_column("hm_provenance", after["ta_provenance"])
    chosen = choose_gaps(after, ["hm", "ta"])
    assert [(gap.column, gap.length) for gap in chosen] == [(name, n) for name in ("hm", "ta") for n in (3, 20, 160)]


def test_an_undisturbed_gap_is_preferred():
    after = frames([{50: (3, 1), 56: (1, 1), 120: (1, 1), 200: (3, 1)}])
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
    after = frames([{}, {start: (length, 4)}, {}])
    (gap,) = choose_gaps(after, ["ta"])
    assert (gap.first, gap.stop) == (HOURS + start - before, HOURS + start + length + behind)


def test_a_gap_whose_truth_is_known_is_preferred():
    after = frames([{100: (3, 8), 200: (2, 8)}])
    hidden = np.full(HOURS, np.nan)
    hidden[200:202] = 1.0
    assert [gap.start for gap in choose_gaps(after, ["ta"])] == [100]
    assert [gap.start for gap in choose_gaps(after, ["ta"], {"ta": hidden})] == [200]


def test_a_gap_of_an_hour_has_fill_band_and_truth_between_its_neighbours():
    after = frames([{100: (1, 8)}])
    filled = after["ta"].to_numpy()
    for suffix, off in (("_low", -0.5), ("_high", 0.7)):
        after = after.append_column(f"ta{suffix}", pa.array(filled + off, mask=np.arange(HOURS) != 100))
    truth = after.select(["stnId", "stnNm", "tm"]).append_column("ta", pa.array(filled + 0.25))
    backwards = truth.take(pa.array(np.arange(HOURS)[::-1]))
    figure = drawn(after, labels={"ta": "air temperature (°C)"}, truth=backwards, interval=0.9)
    lower, upper = figure.axes
    (band,) = lower.collections
    assert band.get_paths()[0].get_extents().intervaly == pytest.approx(
        [min(filled[99], filled[100] - 0.5, filled[101]), max(filled[99], filled[100] + 0.7, filled[101])]
    )
    lines = [line.get_ydata() for line in lower.get_lines() if len(line.get_ydata()) < 25]
    assert [list(line) for line in lines] == [
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


def test_a_truth_of_other_rows_is_drawn_where_it_has_them():
    after = frames([{100: (3, 8)}, {300: (3, 8)}])
    truth = after.slice(HOURS + 300, 3).append_column("x", [["y"] * 3])
    assert [gap.start for gap in choose_gaps(after, ["ta"])] == [100]
    lower, upper = drawn(after, truth=truth).axes
    assert " (1): 3 hours" in upper.get_title("left")
    assert np.isfinite(lower.get_lines()[-1].get_ydata()).sum() == 2 + 3
    without = drawn(after, truth=truth.slice(0, 0)).axes[0].get_lines()[-1]
    assert np.isfinite(without.get_ydata()).sum() == 2


def test_without_intervals_and_truth_there_is_neither_band_nor_line_of_them():
    figure = drawn(frames([{100: (6, 4)}]))
    assert not any(panel.collections for panel in figure.axes)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        *("observed", "climatology (same month, day, hour)"),
    ]


@pytest.mark.parametrize("scale", [1.0, 1e299])
def test_no_label_lies_on_another_or_leaves_the_picture(scale):
    gaps = {100: (3, 8), 200: (24, 9), 400: (168, 10), 700: (1, 1), 750: (5, 2), 800: (2, 3), HOURS - 8: (8, 4)}
    after = frames([gaps], "Observatory of Seogwipo")
    values = pa.array((after["ta"].to_numpy() + 1.0125) * scale)
    after = after.set_column(after.column_names.index("ta"), "ta", values)
    figure = drawn(after, labels={"ta": "air pressure at the station\n(hPa)"})
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
    ("name", "title"),
    [
        ("Seoul", "Seoul (0): 3 hours missing"),
        (None, "0: 3 hours missing"),
        ("Observatory of Seogwipo", "Observatory… (0): 3 hours missing"),
    ],
)
def test_a_panel_names_its_station(name, title):
    _, upper = drawn(frames([{100: (3, 8)}], name)).axes
    assert upper.get_title("left") == title


def test_no_two_methods_look_alike():
    looks = list(fills._STYLE.values())
    assert all(len(set(kind)) == len(looks) for kind in zip(*looks, strict=True))
    assert set(fills._STYLE) == set(Provenance) - {Provenance.OBSERVED, Provenance.UNFILLED}


@pytest.mark.parametrize("name", ["서울", "Seoul", None])
def test_every_method_is_drawn_without_a_warning(tmp_path, name):
    gaps = {0: (2, 3), 30: (3, 1), 60: (1, 2), 100: (24, 4), 180: (6, 5), 240: (6, 6), 290: (2, 7)}
    predicted = {40: (6, 8), 120: (12, 9), 220: (5, 10)}
    after = frames([gaps, {100: (290, 4)}, predicted], name)
    chosen = choose_gaps(after, ["ta"])
    assert {gap.method for gap in chosen} == set(Provenance) - {Provenance.OBSERVED, Provenance.UNFILLED}
    save_figure(drawn(after), tmp_path / "gaps.png")
    assert (tmp_path / "gaps.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("gaps", [{}, {50: (3, Provenance.UNFILLED)}, {0: (HOURS, Provenance.UNFILLED)}])
def test_the_picture_says_where_nothing_was_filled(gaps):
    figure = drawn(frames([gaps]))
    assert not figure.axes
    assert [text.get_text() for text in figure.texts] == ["no gap was filled"]


def test_rows_of_any_order_give_the_same_picture(tmp_path):
    after = frames([{50: (3, 8), 200: (30, 9)}, {10: (1, 4)}])
    shuffled = after.take(pa.array(np.random.default_rng(0).permutation(2 * HOURS)))
    for name, table in (("as_it_is.svg", after), ("shuffled.svg", shuffled)):
        first_station_first = table.sort_by("stnId")
        save_figure(drawn(first_station_first), tmp_path / name)
    assert (tmp_path / "as_it_is.svg").read_bytes() == (tmp_path / "shuffled.svg").read_bytes()


def test_the_columns_with_a_provenance_are_drawn_by_default(engine):
    table = frames([{}]).drop_columns(["ta_provenance", "stnId"])
    hidden = np.where(np.arange(HOURS) % 90 == 5, np.nan, table["ta"].to_numpy())
    table = table.set_column(table.column_names.index("ta"), "ta", pa.array(hidden, from_pandas=True))
    filled = impute(table.append_column("hm", table["ta"]), ["ta"], use_rust=engine).frame
    assert [text.get_text() for text in plot_fills(filled).texts] == ["air temperature\n(°C)"]


def test_a_frame_without_provenance_is_refused():
    after = frames([{50: (3, 8)}]).drop_columns("ta_provenance")
    with pytest.raises(OptionError, match='"ta" has no provenance beside it'):
        drawn(after)


def test_fills_that_look_like_markers_are_drawn_and_not_refused():
    after = frames([{50: (3, 8)}])
    values = np.where(np.isin(np.arange(HOURS), (20, 300)), -999.0, after["ta"].to_numpy())
    after = after.set_column(after.column_names.index("ta"), "ta", pa.array(values))
    assert len(drawn(after).axes) == 2
    with pytest.raises(MarkerError):
        read_hours(after, ["ta"], "tm", "stnId")


@pytest.mark.parametrize("draw", [plot_gaps, plot_gap_lengths, plot_fills])
def test_frames_are_drawn_as_the_transforms_take_them(tmp_path, draw):
    plain = frames([{100: (5, Provenance.SPLINE)}, {}]).drop_columns("stnId").to_pandas()
    plain["stnNm"] = np.repeat(["서울", "인천"], HOURS)
    pictures = [plain, plain.set_index(["stnNm", "tm"]), plain.rename(columns={"stnNm": "지점명", "tm": "일시"})]
    pictures.append(pa.Table.from_pandas(plain).to_reader())
    for number, frame in enumerate(pictures):
        save_figure(draw(frame, ["ta"]), tmp_path / f"{number}.png")
    assert len({(tmp_path / f"{number}.png").read_bytes() for number in range(len(pictures))}) == 1


@pytest.mark.parametrize("name", ["tm", "hour", None])
def test_a_result_with_keys_in_the_index_is_drawn(name):
    frame = frames([{}]).select(["tm", "ta"]).to_pandas().set_index("tm").rename_axis(name)
    result = impute(frame.mask(np.arange(HOURS)[:, None] == 100), ["ta"], station_col=None)
    assert result.frame.index.name == name
    assert "the series: 1 hour missing" in [axes.get_title(loc="left") for axes in result.plot().axes]


def test_a_result_whose_levels_have_no_names_is_drawn():
    frame = frames([{}]).drop_columns(["stnId", "ta_provenance"]).to_pandas().set_index(["stnNm", "tm"])
    result = impute(frame.rename_axis([None, None]).mask(np.arange(HOURS)[:, None] == 100), ["ta"])
    assert len(result.plot().axes) == 2


def test_an_interval_that_no_fill_has_is_not_in_the_legend():
    after = frames([{100: (5, Provenance.STATION_MEAN)}])
    nothing = pa.nulls(HOURS, pa.float64())
    figure = plot_fills(after.append_column("ta_low", nothing).append_column("ta_high", nothing), interval=0.9)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["observed", "mean of the station"]
