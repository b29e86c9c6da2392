"""The unit of energy by the capacity: what is decided, what stays open, and that nothing is 1000 times off."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from energy_data_layer.files.energy_units import TELLING_DAYS, energy_units_by_capacity

CAPACITY = 1500.0
DIVISOR = {"Wh": 0.001, "kWh": 1.0, "MWh": 1000.0}
JANUARY = np.arange("2024-01-01", "2024-02-01", dtype="datetime64[D]")


def published(kwh, unit):
    """The largest hours as they stand in a file."""
    return np.asarray(kwh, dtype=float) / DIVISOR[unit]


def decide(largest, capacity=CAPACITY):
    rows = len(largest)
    return energy_units_by_capacity(np.full(rows, "A"), JANUARY[:rows], largest, np.full(rows, capacity))


def usual(days=31):
    """The largest hours, kWh, of days from dull to bright."""
    return CAPACITY * np.linspace(0.05, 0.9, days)


@pytest.mark.parametrize("unit", DIVISOR)
def test_a_usual_month_is_decided_in_every_unit(unit):
    decided = decide(published(usual(), unit))
    assert set(decided.unit) == {unit}
    assert set(decided.problem) == {""}


@pytest.mark.parametrize("unit", DIVISOR)
@pytest.mark.parametrize(("part", "is_decided"), [(0.0199, False), (0.0201, True), (1.99, True), (2.01, False)])
def test_the_largest_hour_of_a_month_lies_between_2_and_200_percent(unit, part, is_decided):
    decided = decide(published(np.full(31, part * CAPACITY), unit))
    assert set(decided.unit) == ({unit} if is_decided else {""})
    assert all(("as Wh" in problem) != is_decided for problem in decided.problem)


def test_a_month_of_zeros_or_of_blanks_is_harmless():
    for values in (np.zeros(31), np.full(31, np.nan)):
        decided = decide(values)
        assert set(decided.problem) == {""}
        assert set(decided.unit) == {"kWh"}


def test_days_without_production_are_stored_where_the_month_is_open():
    largest = np.zeros(31)
    largest[3] = 0.005 * CAPACITY
    decided = decide(largest)
    assert np.flatnonzero(decided.unit == "").tolist() == [3]
    assert "0.5 % as kWh" in decided.problem[3]


def test_each_month_and_each_plant_on_its_own():
    march = JANUARY + 60
    days = np.tile(np.concatenate([JANUARY, march]), 2)
    plant = np.repeat(["A", "B"], 62)
    units = np.repeat(["Wh", "kWh", "kWh", "MWh"], 31)
    largest = np.concatenate([published(usual(), unit) for unit in ("Wh", "kWh", "kWh", "MWh")])
    order = np.random.default_rng(0).permutation(len(days))
    decided = energy_units_by_capacity(plant[order], days[order], largest[order], np.full(len(days), CAPACITY))
    assert decided.unit.tolist() == units[order].tolist()


@pytest.mark.parametrize(("first", "then"), [("Wh", "kWh"), ("kWh", "Wh"), ("kWh", "MWh"), ("MWh", "Wh")])
@pytest.mark.parametrize("day", [1, 15, 30])
def test_a_change_within_the_month_stores_nothing_in_the_wrong_unit(first, then, day):
    kwh = usual()[::-1] if then == "Wh" else usual()
    truth = np.array([first] * day + [then] * (31 - day))
    largest = np.concatenate([published(kwh[:day], first), published(kwh[day:], then)])
    decided = decide(largest)
    settled = decided.unit != ""
    assert (decided.unit[settled] == truth[settled]).all()
    assert settled.any()
    assert not settled.all()


def test_a_very_dull_day_stays_open():
    kwh = usual()
    kwh[4] = 0.0003 * CAPACITY
    decided = decide(published(kwh, "Wh"))
    assert np.flatnonzero(decided.unit == "").tolist() == [4]
    assert "the month is in Wh" in decided.problem[4]
    assert "0.03 % as Wh, 30 % as kWh" in decided.problem[4]
    assert "energy_unit" in decided.problem[4]


def test_a_dull_day_that_no_other_unit_could_explain_is_decided():
    kwh = usual()
    kwh[4] = 0.0021 * CAPACITY
    assert set(decide(published(kwh, "Wh")).unit) == {"Wh"}


def test_a_few_days_do_not_tell_a_larger_unit():
    """A single dull day in Wh looks like a bright one in kWh."""
    few, enough = (published(usual(days), "kWh") for days in (TELLING_DAYS - 1, TELLING_DAYS))
    assert set(decide(few).unit) == {""}
    assert all("looks like kWh" in problem for problem in decide(few).problem)
    assert set(decide(enough).unit) == {"kWh"}
    assert set(decide(published(usual(1), "Wh") * 10).unit) == {"Wh"}


def test_without_a_capacity_only_zeros_are_stored():
    largest = published(usual(), "Wh")
    largest[7] = 0
    decided = decide(largest, capacity=np.nan)
    assert np.flatnonzero(decided.unit != "").tolist() == [7]
    assert "the capacity is not known" in decided.problem[0]


def test_no_rows():
    assert decide(np.array([])).unit.tolist() == []


@pytest.mark.parametrize("seed", range(10))
def test_units_that_change_on_any_day_of_real_plants(real_data_folder, seed):
    """Six years of three plants, republished in units that change eleven times, and excerpts of a few months."""
    rng = np.random.default_rng(seed)
    (path,) = (real_data_folder / "generation_wide").glob("*태양광 발전 현황*")
    with path.open(encoding="cp949", newline="") as file:
        rows = list(csv.DictReader(file))
    plant = np.array([row["발전기명"] for row in rows], dtype=object)
    day = np.array([row["년월일"] for row in rows], dtype="datetime64[D]")
    capacity = np.array([float(row["설비용량(MW)"]) * 1000 for row in rows])
    largest = np.array([max(float(row[f"{hour:02d}시"] or 0) for hour in range(1, 25)) for row in rows])
    in_kwh = (day >= np.datetime64("2021-09-01")) & (day < np.datetime64("2022-08-01"))
    kwh = np.where(in_kwh, largest, largest / 1000)

    changes = np.sort(rng.choice(np.unique(day), 11, replace=False))
    truth = rng.choice(list(DIVISOR), 12)[np.searchsorted(changes, day, side="right")]
    republished = np.round(kwh / np.array([DIVISOR[unit] for unit in truth]), 3)
    first = rng.integers(len(rows) - 300)
    for part in (slice(None), slice(first, first + 300)):
        decided = energy_units_by_capacity(plant[part], day[part], republished[part], capacity[part])
        settled = (decided.unit != "") & (republished[part] > 0)
        assert (decided.unit[settled] == truth[part][settled]).all()
        assert settled.mean() > (0.9 if part == slice(None) else 0.5)
