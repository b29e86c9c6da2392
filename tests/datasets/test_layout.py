"""`WideLayout`: what it takes, what it says of itself, and what it refuses."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

from energy_data_layer import WideLayout
from energy_data_layer.datasets.layout import ENERGY_UNITS, heading_text
from energy_data_layer.datasets.layouts import KNOWN_LAYOUTS, PUBLISHERS
from energy_data_layer.errors import OptionError

HOURS = tuple(f"h{hour:02d}" for hour in range(1, 25))


def layout(**changes) -> WideLayout:
    return WideLayout("my park", **({"date": "day", "plant": "turbine", "hours": "h{:02d}"} | changes))


@pytest.mark.parametrize(
    "hours",
    ["h{:02d}", " h{:02d}\u3000", HOURS, list(HOURS), [f"\ufeff{hour} " for hour in HOURS], (hour for hour in HOURS)],
    ids=["pattern", "pattern with blanks", "tuple", "list", "blanks", "generator"],
)
def test_hours_as_a_pattern_or_one_by_one(hours):
    assert layout(hours=hours).hours == HOURS


@pytest.mark.parametrize(
    ("heading", "text"),
    [
        ("\ufeff 1시  발전량(MWh) ", "1시 발전량(MWh)"),
        ("\u30001\u00a0시\r\n", "1 시"),
        ("\t 일 자 \t", "일 자"),
        (7, "7"),
        ("", ""),
        ("   ", ""),
        ("a\n\nb", "a b"),
    ],
    ids=repr,
)
def test_headings_are_compared_without_the_blanks_around_them(heading, text):
    assert heading_text(heading) == text


def test_all_headings_are_kept_without_blanks():
    made = layout(
        date=" day", plant="turbine\u3000", unit=" unit", energy_unit_column="eu ", daily_total="\ufefftotal",
        keep=[" MW", "lat "], recognised_by=[" MW "],
    )  # fmt: skip
    assert (made.date, made.plant, made.unit, made.energy_unit_column) == ("day", "turbine", "unit", "eu")
    assert (made.daily_total, made.keep, made.recognised_by) == ("total", ("MW", "lat"), ("MW",))


def test_the_name_of_the_plant_is_trimmed():
    assert layout(plant_name=" 성산 풍력\u3000").plant_name == "성산 풍력"


def test_headings_that_a_table_has_to_have():
    made = layout(unit="unit", daily_total="total", keep=["MW", "turbine"], recognised_by=["MW"])
    assert made.required == ("day", "turbine", *HOURS)
    assert made.headings == ("day", "turbine", *HOURS, "unit", "total", "MW")
    assert layout(plant=None).required == ("day", *HOURS)


def test_headings_that_tell_a_layout():
    made = layout(recognised_by=["MW"])
    assert not made.is_told_by(["day", "turbine", *HOURS])
    assert made.is_told_by(["day", "turbine", *HOURS, "MW", "more"])
    assert not made.is_told_by(["day", *HOURS, "MW"])
    assert not replace(made, told_by_headings=False).is_told_by(["day", "turbine", *HOURS, "MW"])


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"hours": "h"}, 'layout "my park" has 1 different hour columns; name 24, or a pattern such as "h{:02d}"'),
        ({"hours": HOURS[:23]}, 'layout "my park" has 23 different hour columns; name 24'),
        ({"hours": [*HOURS, "h25"]}, 'layout "my park" has 25 different hour columns; name 24'),
        ({"hours": [*HOURS[:23], " h01"]}, 'layout "my park" has 23 different hour columns; name 24'),
        ({"hours": [*HOURS, "h24"]}, 'layout "my park" has 24 different hour columns; name 24'),
        ({"hours": ""}, 'layout "my park" has 1 different hour columns'),
        ({"date": "h01"}, 'layout "my park" takes column "h01" for an hour and for something else'),
        ({"plant": "h24 "}, 'layout "my park" takes column "h24" for an hour and for something else'),
        ({"unit": " turbine"}, 'layout "my park" takes column "turbine" for the plant and for its unit'),
        ({"unit": "h02"}, 'takes column "h02" for an hour and for something else'),
        ({"daily_total": "h02"}, 'takes column "h02" for an hour and for something else'),
        ({"energy_unit_column": "h02"}, 'takes column "h02" for an hour and for something else'),
        ({"keep": ["MW", "h02"]}, 'takes column "h02" for an hour and for something else'),
        ({"keep": ["timestamp"]}, 'layout "my park" keeps column "timestamp", a name that the long table uses'),
        ({"keep": ["plant_name"]}, 'keeps column "plant_name", a name that the long table uses'),
        ({"keep": [" generation"]}, 'keeps column "generation", a name that the long table uses'),
        ({"hour_label": "END"}, 'has hour_label \'END\'; it can be "start" or "end"'),
        ({"hour_label": None}, "has hour_label None; it can be"),
        ({"energy_unit": "kwh"}, "has unit of energy 'kwh'; it can be Wh, kWh or MWh"),
        ({"energy_unit": "GWh"}, "has unit of energy 'GWh'; it can be Wh, kWh or MWh"),
        ({"daily_total_unit": "kW"}, "has unit of energy 'kW'; it can be Wh, kWh or MWh"),
        ({"plant_name": " "}, 'layout "my park" has a blank plant_name; name the plant, or leave it out'),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",
)
def test_what_a_layout_cannot_be(changes, problem):
    with pytest.raises(OptionError) as info:
        layout(**changes)
    assert problem in str(info.value)


@pytest.mark.parametrize("pattern", ["h{", "h{:q}", "{hour}", "{} {}", "{1}"])
def test_a_pattern_that_cannot_be_filled(pattern):
    with pytest.raises(OptionError, match="pattern"):
        layout(hours=pattern)


def test_the_columns_that_are_kept_need_not_be_others():
    assert layout(unit="unit", keep=["unit", "turbine", "day", "unit"]).keep == ("unit", "turbine", "day")


@pytest.mark.parametrize("role", ["keep", "recognised_by"])
def test_a_single_heading_is_not_taken_for_its_letters(role):
    assert getattr(layout(**{role: "MW"}), role) == ("MW",)


def test_a_layout_can_be_compared_hashed_and_sent_elsewhere():
    made = layout(keep=["MW"])
    assert made == layout(keep=("MW",))
    assert len({made, layout(keep=["MW"]), layout()}) == 2
    assert pickle.loads(pickle.dumps(made)) == made


def test_a_changed_copy_is_checked_too():
    with pytest.raises(OptionError):
        replace(layout(), energy_unit="joule")


@pytest.mark.parametrize("known", KNOWN_LAYOUTS.values(), ids=lambda known: known.name)
def test_known_layouts_are_complete(known):
    assert known.name in KNOWN_LAYOUTS
    assert known.energy_unit in ENERGY_UNITS or known.energy_unit_column is not None
    assert known.publisher in PUBLISHERS.values()
    assert known.plant or known.unit or known.plant_name
    assert set(known.recognised_by) <= {*known.headings, "주소지"}
