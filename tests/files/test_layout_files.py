"""Layouts in TOML: what they can hold, and that all that is wrong with one is told at once."""

from __future__ import annotations

import pytest

from energy_data_layer.datasets.layout import LongLayout, WideLayout
from energy_data_layer.errors import SourceFileError
from energy_data_layer.files.layout_files import read_layout_file

WIDE = """
name = "my park"
date = "day"
plant = "site"
hours = "h{:02d}"
hour_label = "end"
energy_unit = "MWh"
keep = ["lat", "lon"]
"""
LONG = """
stamp = "time"
hour_label = "start"
values = ["north", "south"]
energy_unit = "kWh"
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "park.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_a_layout_of_each_kind(write):
    wide = WideLayout(
        "my park", date="day", plant="site", hours="h{:02d}", hour_label="end", energy_unit="MWh", keep=("lat", "lon")
    )
    assert read_layout_file(write(WIDE)) == wide
    long = LongLayout("park", stamp="time", hour_label="start", values=("north", "south"), energy_unit="kWh")
    assert read_layout_file(write(LONG)) == long


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ['"values" is missing', "needs either stamp, or date and hour"]),
        (LONG + 'step = "20min"\n', ["step '20min'; it can be 1h, 30min, 15min, 10min, 5min"]),
        ('date = "d"\nhour = "h"\nvalues = "v"\nstep = "15min"\n', ['step "15min", which needs stamp']),
        ('date = "d"\nhours = "{}"\npower_unit = "kWh"\n', ["unit of power 'kWh'; it can be W, kW or MW"]),
        (
            'date = "d"\nhours = "{}"\nstep = "15min"\npower_unit = "kW"\nenergy_unit = "MWh"\n',
            ["has both energy_unit, which is summed, and power_unit, which is averaged"],
        ),
        (LONG + "plant_name = 5\n", ['"plant_name" has to be text']),
        (LONG + 'planet = "x"\n', ['"planet" is no key of a LongLayout; its keys are name, values, date, hour, ']),
        (
            'hour_lable = "end"\nstamp = 5\nenergy_unit = "GWh"\n',
            [
                '"hour_lable" is no key',
                '"stamp" has to be text',
                '"values" is missing',
                "needs hour_label",
                "unit of energy 'GWh'",
            ],
        ),
        (WIDE + "told_by_headings = true\n", ['"told_by_headings" is no key of a WideLayout']),
        (
            'hours = ["h01", 2]\nplant = "p"\nunit = "p"\nenergy_unit = "kwh"\n',
            [
                '"date" is missing',
                '"hours" has to be text or a list of texts',
                'takes column "p" for the plant and for its unit',
                "unit of energy 'kwh'",
            ],
        ),
        ("values = [", ["is no TOML: "]),
        (b"\xff", ["is no TOML: "]),
    ],
)
def test_all_problems_are_told_at_once(write, text, problems):
    path = write(text)
    with pytest.raises(SourceFileError) as caught:
        read_layout_file(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert [problem for problem in problems if problem not in str(caught.value)] == []


def test_an_absent_file(tmp_path):
    with pytest.raises(SourceFileError, match="cannot be read: No such file"):
        read_layout_file(tmp_path / "park.toml")
