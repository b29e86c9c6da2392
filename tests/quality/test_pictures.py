"""Shapes and colours of the page: every method has a mark, fills reach the edges of their gap, colours stand out."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path

import pytest

from energy_data_layer.core.provenance import Provenance
from energy_data_layer.quality import page as page_module
from energy_data_layer.quality.coverage import State
from energy_data_layer.quality.pictures import BOTTOM, LEFT, PANEL_HEIGHT, PANEL_WIDTH, RIGHT, method_mark, panel
from energy_data_layer.quality.verdict import Light
from energy_data_layer.quality.weather import LongGap

FIRST = datetime(2024, 1, 1)
FILL, NEIGHBOURS = Provenance.OPTIMAL_INTERPOLATION, Provenance.OPTIMAL_INTERPOLATION_NEIGHBOURS
STYLE = (Path(page_module.__file__).parent / "templates" / "page.css").read_text(encoding="utf-8")
LEAST_CONTRAST = 3.0
"""Of what a picture means, by WCAG 2.2, 1.4.11."""


def gap(values, codes, low=(), high=(), hours=None):
    stamps = [FIRST + timedelta(hours=hour) for hour in hours or range(len(values))]
    missing = sum(code != Provenance.OBSERVED for code in codes)
    return LongGap(
        108,
        "서울",
        "ta",
        FIRST,
        FIRST,
        missing,
        {},
        [],
        1,
        stamps,
        values,
        list(map(int, codes)),
        list(low),
        list(high),
    )


def points_of(path):
    """Return the points of each line of a path, in hours and values of a picture of ten hours from 0 to 10."""
    lines = [re.findall(r"(-?[\d.]+) (-?[\d.]+)", line) for line in path.split("M")[1:]]
    inner, high = PANEL_WIDTH - LEFT - RIGHT, PANEL_HEIGHT - BOTTOM - 8
    return [
        [
            (round((float(x) - LEFT) / inner * 10, 1), round((PANEL_HEIGHT - BOTTOM - float(y)) / high * 10, 1))
            for x, y in one
        ]
        for one in lines
    ]


def test_fills_and_intervals_are_joined_to_the_edges_of_the_gap():
    codes = [0, 0, 0, FILL, FILL, NEIGHBOURS, 0, 0, 0, 0, 0]
    low = [None] * 3 + [2.0, 1.0, 3.0] + [None] * 5
    high = [None] * 3 + [5.0, 7.0, 6.0] + [None] * 5
    picture = panel(gap([0.0, 10.0, 3.0, 4.0, 4.0, 5.0, 6.0, 0.0, 0.0, 0.0, 0.0], codes, low, high))
    assert points_of(picture["line"]) == [[(0, 0), (1, 10), (2, 3)], [(6, 6), (7, 0), (8, 0), (9, 0), (10, 0)]]
    # From the last observation; on to the fill of the other method; to the next observation.
    assert points_of(picture["fills"]["optimal_interpolation"]) == [[(2, 3), (3, 4), (4, 4), (5, 5)]]
    assert points_of(picture["fills"]["optimal_interpolation_neighbours"]) == [[(4, 4), (5, 5), (6, 6)]]
    upper, lower = [(2, 3), (3, 5), (4, 7), (5, 6), (6, 6)], [(6, 6), (5, 3), (4, 1), (3, 2), (2, 3)]
    assert points_of(picture["band"]) == [upper + lower]
    assert picture["points"].split()[2:6] == [
        "2,3",
        f"3,4,{FILL:d},2,5",
        f"4,4,{FILL:d},1,7",
        f"5,5,{NEIGHBOURS:d},3,6",
    ]


def test_a_gap_of_one_hour_is_a_line_and_one_at_the_end_has_one_edge():
    picture = panel(gap([0.0, 10.0, 5.0, 5.0] + [1.0] * 6 + [2.0], [0, 0, FILL] + [0] * 7 + [FILL]))
    lines = points_of(picture["fills"]["optimal_interpolation"])
    assert lines == [[(1, 10), (2, 5), (3, 5)], [(9, 1), (10, 2)]]
    assert picture["band"] == ""


def test_without_interval_or_value_there_is_no_band_and_no_line():
    codes = [0, FILL, Provenance.CLIMATOLOGY, Provenance.UNFILLED, *[0] * 7]
    values = [0.0, 10.0, 5.0, None, *[1.0] * 7]
    bounds = [None, 3.0, None, None, *[None] * 7]
    picture = panel(gap(values, codes, bounds, bounds))
    assert points_of(picture["band"]) == [[(0, 0), (1, 3), (1, 3), (0, 0)]]
    assert points_of(picture["fills"]["climatology"]) == [[(1, 10), (2, 5)]]
    assert "unfilled" not in picture["fills"]
    assert picture["points"].split()[3] == f"3,,{Provenance.UNFILLED:d}"


def test_no_line_crosses_hours_without_rows():
    hours = [0, 1, 2, 6, 7, 8, 9, 10]
    picture = panel(gap([0.0, 1.0, 10.0, 4.0, 5.0, 6.0, 7.0, 8.0], [0, 0, 0, FILL, 0, 0, 0, 0], hours=hours))
    assert points_of(picture["line"]) == [[(0, 0), (1, 1), (2, 10)], [(7, 5), (8, 6), (9, 7), (10, 8)]]
    assert points_of(picture["fills"]["optimal_interpolation"]) == [[(6, 4), (7, 5)]]


def test_a_gap_without_any_value_or_of_one_hour_is_drawn():
    assert panel(gap([None, None], [Provenance.UNFILLED] * 2))["line"] == ""
    assert points_of(panel(gap([3.0], [FILL]))["fills"]["optimal_interpolation"]) != []


def test_each_method_has_a_mark_of_its_own():
    marks = [method_mark(method.label) for method in Provenance if method.is_fill and method is not Provenance.UNFILLED]
    assert len(marks) == 9
    assert all(marks)
    assert len(set(marks)) == len(marks)


def colours(block):
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", block))


def luminance(colour):
    text = colour[1:] if len(colour) == 7 else "".join(2 * one for one in colour[1:])
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (0, 2, 4))
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in (red, green, blue)]
    return sum(part * one for part, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_computed_as_wcag_does():
    assert contrast("#fff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_of_states_methods_and_lights_stand_out(scheme):
    light, dark = STYLE.split("@media (prefers-color-scheme: dark)")
    found = colours(light) | (colours(dark.partition("* {")[0]) if scheme == "dark" else {})
    states = [state.label for state in State if state is not State.OUTSIDE]
    shown = {
        "back": [*states, *(method.label for method in Provenance if method.is_fill), "trace", "quiet", "accent"],
        "raised": [*(one.label for one in Light), "accent"],
    }
    for behind, names in shown.items():
        for name in names:
            assert contrast(found[name], found[behind]) >= LEAST_CONTRAST, (name, behind)
    for pattern, state in (("hatch", "few_missing"), ("hatch", "many_missing"), ("hatch-light", "absent")):
        assert contrast(found[pattern], found[state]) >= LEAST_CONTRAST, state
    # Neighbours in a strip differ: by lightness, or by their pattern.
    plain = [state for state in states if "missing" not in state and state != "absent"]
    assert all(contrast(found[one], found[other]) > 1.4 for one, other in combinations(plain, 2))
