"""The picture of a few gaps: what it chooses, and that it can be drawn everywhere."""

from __future__ import annotations

import sys

import numpy as np
import pyarrow as pa
import pytest

from energy_data_layer.core.provenance import Provenance
from energy_data_layer.errors import OptionError, StorageError
from energy_data_layer.reports.gap_picture import choose_gaps, draw_gap_picture, require_matplotlib

HOURS = 300


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
    gaps = {60: (2, Provenance.SPLINE), 150: (12, Provenance.CLIMATOLOGY), 298: (2, Provenance.NEAREST)}
    _, after = frames([gaps, gaps, gaps])
    chosen = choose_gaps(after, ["ta"])
    assert len(chosen) == 4
    methods = [gap.method for gap in chosen]
    assert set(methods) == {Provenance.SPLINE, Provenance.NEAREST, Provenance.CLIMATOLOGY}
    first_of_each = {gap.method: gap.start // HOURS for gap in reversed(chosen)}
    assert len(set(first_of_each.values())) >= 2


def test_an_undisturbed_long_gap_is_preferred():
    _, after = frames([{50: (3, 1), 56: (1, 1), 120: (1, 1), 200: (3, 1)}])
    assert [(gap.start, gap.length) for gap in choose_gaps(after, ["ta"])] == [(200, 3)]


def test_unfilled_gaps_are_not_drawn():
    _, after = frames([{50: (3, Provenance.UNFILLED)}])
    assert choose_gaps(after, ["ta"]) == []


@pytest.mark.parametrize("name", ["서울", "Seoul", None])
def test_the_picture_is_a_png_without_a_warning(tmp_path, name):
    gaps = {0: (2, 3), 30: (3, 1), 60: (1, 2), 100: (24, 4), 180: (6, 5), 240: (6, 6), 290: (2, 7)}
    predicted = {40: (6, 8), 120: (12, 9), 220: (5, 10)}
    before, after = frames([gaps, {100: (290, 4)}, predicted], name)
    path = tmp_path / "gaps.png"
    chosen = draw_gap_picture(before, after, path, columns=["ta"], labels={"ta": "air temperature (°C)"})
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
