"""`recognise_layout`: known layouts and their relatives are told by their headings, doubtful ones are not."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from energy_data_layer import transform_wide_to_long
from energy_data_layer.datasets.layout import WideLayout
from energy_data_layer.datasets.layouts import KNOWN_LAYOUTS
from energy_data_layer.errors import LayoutError
from energy_data_layer.transforms.wide_to_long.recognise import RECOGNISED, recognise_layout

TOLD = [known for known in KNOWN_LAYOUTS.values() if known.told_by_headings]


def headings(pattern: str = "{:02d}시(kWh)", *others: str) -> list[str]:
    """Return a day, a plant and 24 hours, and others behind them."""
    return ["일자", "발전소명", *(pattern.format(hour, hour - 1) for hour in range(1, 25)), *others]


def all_headings(known) -> list[str]:
    return list(dict.fromkeys([*known.headings, *known.recognised_by]))


# Known layouts


@pytest.mark.parametrize("known", TOLD, ids=lambda known: known.name)
def test_a_known_layout_is_told_by_its_headings(known):
    assert recognise_layout(all_headings(known)) is known


@pytest.mark.parametrize("known", TOLD, ids=lambda known: known.name)
def test_order_blanks_and_further_columns_do_not_matter(known):
    names = [f"\ufeff {name}\u3000" for name in [*all_headings(known), "", "비고", "Unnamed: 40"]]
    shuffled = np.random.default_rng(1).permutation(np.array(names, dtype=object)).tolist()
    assert recognise_layout(shuffled) is known


@pytest.mark.parametrize("known", KNOWN_LAYOUTS.values(), ids=lambda known: known.name)
def test_a_known_layout_is_told_by_its_publisher(known):
    assert recognise_layout(all_headings(known), publisher=known.publisher) is known


@pytest.mark.parametrize("known", TOLD, ids=lambda known: known.name)
def test_a_known_layout_needs_each_of_its_hours(known):
    names = all_headings(known)
    for hour in (known.hours[0], known.hours[11], known.hours[23]):
        with pytest.raises(LayoutError):
            recognise_layout([name for name in names if name != hour])


def test_headings_under_which_others_publish_another_unit_are_not_enough():
    names = all_headings(KNOWN_LAYOUTS["ewp_roof_file"])
    with pytest.raises(LayoutError, match='nothing says whether "01시" to "24시" hold Wh, kWh or MWh'):
        recognise_layout(names)
    assert recognise_layout(names, publisher="EWP") is KNOWN_LAYOUTS["ewp_roof_file"]
    assert recognise_layout(names, energy_unit="Wh").energy_unit == "Wh"


def test_the_publisher_of_others_does_not_lend_its_layouts():
    names = all_headings(KNOWN_LAYOUTS["ewp_roof_file"])
    for publisher in ("WP", "KOEN", "nobody"):
        with pytest.raises(LayoutError, match="nothing says whether"):
            recognise_layout(names, publisher=publisher)


def test_of_a_publishers_layouts_the_more_particular_one_is_taken():
    names = all_headings(KNOWN_LAYOUTS["ewp_sites_file"])
    assert recognise_layout(names, publisher="EWP").name == "ewp_sites_file"
    assert recognise_layout([name for name in names if name != "경도"], publisher="EWP").name == "ewp_roof_file"


def test_columns_that_a_known_layout_can_do_without():
    known = KNOWN_LAYOUTS["koen_wind_file"]
    names = [name for name in all_headings(known) if name not in {"호기", "총량(KW)"}]
    assert recognise_layout(names) is known


# Relatives


@pytest.mark.parametrize(
    "pattern",
    [
        "{}", "{:02d}", "{}시", "{:02d}시", "{} 시", "{}시 발전량", "발전량 {}시", "  {}시  ", "\ufeff{}",
        "{}:00", "{:02d}:00", "h{:02d}", "H{}", "hour_{}", "qhorGen{:02d}", "{}hr", "{}H",
        "{1}-{0}시", "{1}~{0}시", "{1}시~{0}시", "{1:02d}~{0:02d}시", "{1:02d}:00~{0:02d}:00", "{1:02d}:00-{0:02d}:00",
        "{1}∼{0}시", "{1}〜{0}", "{1}–{0}시", "{1} ~ {0} 시", "{1}시-{0}시 발전량",
    ],
)  # fmt: skip
@pytest.mark.parametrize("unit", ["(kWh)", "[kWh]", "_kwh", " KWH", ""])
def test_forms_of_the_hours(pattern, unit):
    names = headings(pattern + unit)
    layout = recognise_layout(names, energy_unit=None if unit else "kWh")
    assert (layout.name, layout.date, layout.plant, layout.energy_unit) == (RECOGNISED, "일자", "발전소명", "kWh")
    assert list(layout.hours) == [" ".join(name.strip("\ufeff ").split()) for name in names[2:]]


@pytest.mark.parametrize(
    ("unit", "means"),
    [
        ("Wh", "Wh"),
        ("kWh", "kWh"),
        ("MWh", "MWh"),
        ("kW", "kWh"),
        ("MW", "MWh"),
        ("W", "Wh"),
        ("KWH", "kWh"),
        ("Kwh", "kWh"),
    ],
)
def test_units_of_the_hours(unit, means):
    assert recognise_layout(headings(f"{{}}시({unit})")).energy_unit == means
    assert recognise_layout(headings(f"{{}}시 발전량 [{unit}]")).energy_unit == means


def test_the_unit_of_the_total_stands_in_for_that_of_the_hours():
    layout = recognise_layout(headings("{}시", "합계(MWh)"))
    assert (layout.energy_unit, layout.daily_total, layout.daily_total_unit) == ("MWh", "합계(MWh)", "MWh")


def test_hours_and_total_may_have_units_of_their_own():
    layout = recognise_layout(headings("{}시(Wh)", "총량(kWh)"))
    assert (layout.energy_unit, layout.daily_total_unit) == ("Wh", "kWh")


def test_the_unit_that_is_passed_goes_before_that_of_the_headings():
    assert recognise_layout(headings("{}시(MWh)"), energy_unit="kWh").energy_unit == "kWh"


def test_shuffled_hours_come_in_order():
    names = headings("{}시(kWh)", "호기", "총량(kWh)", "비고")
    shuffled = np.random.default_rng(3).permutation(np.array(names, dtype=object)).tolist()
    layout = recognise_layout(shuffled)
    assert layout == recognise_layout(names)
    assert (layout.unit, layout.daily_total) == ("호기", "총량(kWh)")


def test_names_of_columns_need_not_be_text():
    layout = recognise_layout(["date", "plant", *range(1, 25)], energy_unit="kWh")
    assert layout.hours == tuple(map(str, range(1, 25)))
    frame = pd.DataFrame([["2024-01-01", "a", *range(1, 25)]], columns=["date", "plant", *range(1, 25)])
    answer = transform_wide_to_long(frame, energy_unit="kWh", use_rust=False)
    assert answer["generation"].tolist() == list(range(1, 25))


@pytest.mark.parametrize(
    "date", ["날짜", "일자", "년월일", "거래 일자", "Date", "YYYYMMDD", "기준_일자", "일자(KST)", "발전일"]
)
@pytest.mark.parametrize(
    "plant", ["발전기명", "발전소명", "사업소", "plant_name", "Site", "발전 단지명", "시설명(호기)"]
)
def test_words_for_the_day_and_the_plant(date, plant):
    layout = recognise_layout([date, plant, *headings()[2:]])
    assert (layout.date, layout.plant) == (date, plant)


def test_columns_that_hold_other_numbers_are_no_hours():
    others = ["2023", "1분기", "최대(시간별)", "용량 3", "PM10", "평균(kWh)", "3시간 합계", "Unnamed: 40"]
    layout = recognise_layout(headings("{}시(kWh)", *others))
    assert layout.hours == tuple(f"{hour}시(kWh)" for hour in range(1, 25))


def test_a_plant_is_not_needed():
    layout = recognise_layout(["일자", *headings()[2:]])
    assert (layout.plant, layout.unit) == (None, None)


def test_the_same_layout_is_given_again():
    assert recognise_layout(headings()) is recognise_layout(iter(headings()))


# What is refused


def refused(names, **options) -> str:
    with pytest.raises(LayoutError) as info:
        recognise_layout(names, **options)
    message = str(info.value)
    assert "describe the table by a WideLayout, or a file of hours by a LongLayout" in message
    assert ", or name one of koen_wind_api, kospo_solar_api, " in message
    assert "its columns are: " in message
    return message


def test_hours_from_0_to_23():
    for pattern in ("{1}시(kWh)", "{1:02d}", "h{1:02d}", "{1}:00"):
        message = refused(headings(pattern), energy_unit="kWh")
        assert message.startswith(
            "the hours are counted from 0 to 23, which does not tell whether an hour begins or ends"
        )


def test_two_sets_of_hours():
    two = [f"{hour}시 {what}(kWh)" for what in ("발전량", "소비량") for hour in range(1, 25)]
    message = refused(["일자", "발전소명", *two])
    assert message.startswith('several columns could be the first hour ("1시 발전량(kWh)", "1시 소비량(kWh)"); ')


def test_hours_by_number_and_by_interval():
    names = headings("{}시(kWh)") + headings("{1}-{0}시(kWh)")[2:]
    assert refused(names).startswith('several columns could be the first hour ("1시(kWh)", "0-1시(kWh)"); ')


@pytest.mark.parametrize("absent", [1, 12, 24])
def test_an_hour_that_is_absent(absent):
    names = headings()
    del names[absent + 1]
    assert refused(names).startswith("there are no columns for the hours 1 to 24; ")


@pytest.mark.parametrize("again", ["07시(kWh)", " 07시(kWh)", "7시(kWh)", "07 시 (kWh)"])
def test_an_hour_that_is_there_twice(again):
    message = refused(headings("{:02d}시(kWh)", again))
    assert message.startswith(f'several columns could be the hour 7 ("07시(kWh)", "{again.strip()}"); ')


def test_an_hour_that_is_there_twice_as_an_interval():
    message = refused(headings("{1}-{0}시(kWh)", "23-0시(kWh)"))
    assert message.startswith('several columns could be the hour 24 ("23-24시(kWh)", "23-0시(kWh)"); ')


@pytest.mark.parametrize(
    ("pattern", "further"),
    [
        ("{}시(kWh)", "25시(kWh)"),
        ("{}시(kWh)", "0시"),
        ("{}시(kWh)", "1-3시(kWh)"),
        ("{}시(kWh)", "03시.1"),
        ("{}시(kWh)", "2시(DST)"),
        ("{}", "3B"),
        ("{}", "25"),
        ("{:02d}", "02X"),
        ("{:02d}", "02*"),
        ("Hour {}", "Hour 2X"),
        ("{}", "Hour 2X"),
        ("{:02d}:00", "02:00 (DST)"),
        ("{:02d}:00", "00:30"),
        ("{:02d}：00", "00：30"),
        ("{1}-{0}시", "24-25시"),
        ("{1:02d}:00~{0:02d}:00", "01:00~01:30"),
    ],
)
def test_a_further_hour_has_to_be_explained(pattern, further, engine):
    names = headings(pattern, further)
    with pytest.raises(LayoutError, match=f'none of the 24 that are read: "{re.escape(further)}" [(]1[)]; '):
        recognise_layout(names, energy_unit="kWh")
    frame = pd.DataFrame([["2024-01-01", "a", *range(1, 26)]], columns=names)
    with pytest.raises(LayoutError, match="describe the table by a WideLayout that names them in keep"):
        transform_wide_to_long(frame, energy_unit="kWh", use_rust=engine)
    frame[further] = [" "]
    answer, report = transform_wide_to_long(frame, energy_unit="kWh", report=True, use_rust=engine)
    assert (answer["generation"].sum(), report.blank_hours) == (300, [further])


def test_a_further_hour_beside_a_known_layout():
    known = KNOWN_LAYOUTS["kospo_wind_file"]
    frame = pd.DataFrame(
        [["2024-01-01", "1", "300", *range(1, 25), 7]], columns=["년월일", "단계", "총량", *known.hours, "3B"]
    )
    with pytest.raises(LayoutError, match='read: "3B"'):
        transform_wide_to_long(frame, plant_name="a", use_rust=False)
    kept = dataclasses.replace(known, keep=(*known.keep, "3B"))
    assert set(transform_wide_to_long(frame, kept, plant_name="a", use_rust=False)["3B"]) == {7}


def test_a_layout_of_ones_own_chooses_one_of_two_sets_of_hours():
    two = [f"{hour}시 {what}" for what in ("발전량", "소비량") for hour in range(1, 25)]
    frame = pd.DataFrame([["2024-01-01", *range(48)]], columns=["일자", *two])
    own = WideLayout("own", date="일자", hours="{}시 발전량", plant_name="a", energy_unit="kWh")
    assert transform_wide_to_long(frame, own, use_rust=False)["generation"].tolist() == list(range(24))
    with pytest.raises(LayoutError, match='read: "25시 발전량"'):
        transform_wide_to_long(frame.rename(columns={"1시 소비량": "25시 발전량"}), own, use_rust=False)


@pytest.mark.parametrize("minutes", [15, 30])
@pytest.mark.parametrize("form", ["{:02d}:{:02d}", "{}시 {:02d}분", "{}:{:02d}(kWh)"])
@pytest.mark.parametrize("first", [0, 1])
def test_columns_of_less_than_an_hour(minutes, form, first):
    times = [divmod(time * minutes, 60) for time in range(first, 24 * 60 // minutes + first)]
    names = ["일자", "발전소명", *(form.format(*time) for time in times)]
    with pytest.raises(LayoutError, match=r"first add up [(]energy[)] or average [(]power[)]"):
        recognise_layout(names, energy_unit="kWh")


def test_days_of_a_month_are_no_hours():
    names = ["일자", "발전소명", *map(str, range(1, 32))]
    assert refused(names, energy_unit="kWh").startswith("there are no columns for the hours 1 to 24; ")


def test_two_days():
    assert refused([*headings(), "거래일"]).startswith('several columns could be the day ("일자", "거래일"); ')


def test_no_day():
    assert refused(headings()[1:]).startswith("no column is known to hold the day; ")


def test_two_plants():
    assert refused([*headings(), "사업소"]).startswith('several columns could be the plant ("발전소명", "사업소"); ')


def test_two_units():
    assert refused([*headings(), "호기", "단계"]).startswith('several columns could be the unit ("호기", "단계"); ')


def test_two_totals():
    message = refused([*headings(), "합계", "총량(kWh)"])
    assert message.startswith('several columns could be the daily total ("합계", "총량(kWh)"); ')


def test_no_unit_of_energy():
    for pattern in ("{}시", "h{:02d}", "{}", "{}시 발전량"):
        message = refused(headings(pattern))
        assert message.startswith("nothing says whether ")
        assert 'pass energy_unit="kWh", or a layout; ' in message


def test_hours_of_different_units():
    names = headings("{}시(kWh)")
    names[5] = "4시(MWh)"
    assert refused(names).startswith("there are no columns for the hours 1 to 24; ")


def test_nothing_at_all():
    assert refused([]).startswith("there are no columns for the hours 1 to 24; ")


def test_many_headings_are_not_all_listed():
    message = refused([f"column {number} of many" for number in range(1000)])
    assert message.endswith("…")
    assert len(message) < 1300


# Where the totals disprove the headings


def table(pattern: str, total: str, factor: float, rows: int = 10) -> pa.Table:
    """Return days whose hours, in the unit of their headings, are `factor` times too large for their totals."""
    values = [[float(hour * (row + 1)) for row in range(rows)] for hour in range(1, 25)]
    sums = [sum(hour[row] for hour in values) / factor for row in range(rows)]
    days = [f"2024-01-{row + 1:02d}" for row in range(rows)]
    columns = {"일자": days, "발전소명": ["a"] * rows}
    columns |= {pattern.format(hour): cells for hour, cells in enumerate(values, 1)}
    return pa.table(columns | {total: sums})


def lengthened(frame, engine, **options):
    return transform_wide_to_long(frame, use_rust=engine, report=True, **options)


@pytest.mark.parametrize(
    ("hours", "total"),
    [
        ("{}시 발전량(MWh)", "총량(KW)"),
        ("{}시(kWh)", "합계(MWh)"),
        ("{}시(Wh)", "합계(kWh)"),
        ("{}시(MWh)", "총량(Wh)"),
    ],
)
def test_totals_that_disprove_the_units_of_the_headings(hours, total, engine):
    """A table like KOEN's (kWh under the heading MWh) from someone whose layout is not known."""
    frame = table(hours, total, 1.0)
    with pytest.raises(LayoutError) as info:
        lengthened(frame, engine)
    assert f'do not add up to "{total}" in 10 of 10 rows (row 0: ' in str(info.value)
    assert 'pass energy_unit="Wh", or a layout' in str(info.value)
    answer, report = lengthened(frame, engine, energy_unit="kWh")
    assert answer["generation"].to_pylist()[:3] == [1.0, 2.0, 3.0]
    assert report.energy_unit == "kWh"


def test_totals_that_confirm_the_units_of_the_headings(engine):
    for hours, total, factor in (
        ("{}시(kWh)", "합계(MWh)", 1e3),
        ("{}시(Wh)", "합계(MWh)", 1e6),
        ("{}시(kWh)", "합계", 1),
    ):
        _, report = lengthened(table(hours, total, factor), engine)
        assert (report.totals_checked, report.total_mismatches) == (10, [])


def test_few_wrong_totals_are_reported_and_no_error(engine):
    frame = table("{}시(kWh)", "합계(kWh)", 1.0)
    sums = frame["합계(kWh)"].to_pylist()
    sums[3] *= 1000
    sums[7] = 0.0
    _, report = lengthened(frame.set_column(26, "합계(kWh)", pa.array(sums)), engine)
    assert [found.row for found in report.total_mismatches] == [3, 7]


def test_a_known_layout_is_believed_more_than_the_totals(engine):
    known = KNOWN_LAYOUTS["koen_wind_file"]
    frame = table("{}시 발전량(MWh)", "총량(KW)", 7.0).rename_columns(["일자", "발전구분", *known.hours, "총량(KW)"])
    answer, report = lengthened(frame, engine)
    assert report.layout == "koen_wind_file"
    assert len(report.total_mismatches) == 10
    assert answer["generation"].to_pylist()[0] == 1.0


def test_a_frame_that_names_no_plant_asks_for_it(engine):
    frame = table("{}시(kWh)", "합계", 1.0).drop_columns("발전소명")
    with pytest.raises(LayoutError, match="has no column for the plant; pass plant_name"):
        lengthened(frame, engine)
    answer, _ = lengthened(frame, engine, plant_name="한빛")
    assert set(answer["plant_name"].to_pylist()) == {"한빛"}
