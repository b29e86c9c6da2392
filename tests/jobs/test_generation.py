"""The generation job into a real DuckDB: what it stores, what it rejects, and that nothing disappears."""

from __future__ import annotations

import json
import random
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from energy_data_layer.datasets.layout import WideLayout
from energy_data_layer.errors import OptionError, SourceFileError, StorageError
from energy_data_layer.jobs.generation import from_files as generation
from energy_data_layer.jobs.generation.from_files import STAGES, run_generation
from energy_data_layer.simulator.sample_generation import write_generation_sample
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.tables import GENERATION_HOURLY, REJECTS, RUNS

HOURS = [f"{hour:02d}시" for hour in range(1, 25)]
NAME = "한국동서발전(주)_지붕태양광 발전량_20240630.csv"
DIFFERENT, UNIT = "different rows for one plant and day", "unit of energy undecided"


@pytest.fixture
def url(tmp_path):
    return f"duckdb:///{tmp_path}/energy.duckdb"


@pytest.fixture
def write(tmp_path):
    """Write rows of (day, plant, hours, total) as EWP does, in Wh."""

    def write(*rows, name=NAME):
        lines = [["날짜", "발전기명", *HOURS, "합계"]]
        for day, plant, hours, total in rows:
            lines.append([str(day), plant, *map(str, hours), str(total)])
        path = tmp_path / name
        path.write_text("\n".join(map(",".join, lines)) + "\n", encoding="cp949")
        return path

    return write


def day_of(level, **changed):
    """Hours in Wh; `changed` are cells by hour, as h12=..."""
    hours = [level if 8 <= hour <= 17 else 0 for hour in range(1, 25)]
    for hour, cell in changed.items():
        hours[int(hour[1:]) - 1] = cell
    return hours


def row(day, plant="지붕", level=1000, total=None, **changed):
    return (day, plant, day_of(level, **changed), 10 * level if total is None else total)


def stored(url, name=GENERATION_HOURLY):
    with Database.connect(url) as database:
        rows = database.read(name)
    order = ["publisher", "plant", "unit", "interval_start"] if name == GENERATION_HOURLY else ["file", "line"]
    return rows.sort_by([(column, "ascending") for column in order])


def reasons(report):
    return {reason: rejects.count for reason, rejects in report.rejects.items()}


# --- one run ----------------------------------------------------------------------------------------


def test_a_day_becomes_24_hours_that_begin_where_they_are_stored(write, url, engine):
    report = run_generation(write(row("2024-01-01", h24=500, total=10500)), url, use_rust=engine)
    rows = stored(url).to_pylist()
    assert [row["interval_start"] for row in rows] == [datetime(2024, 1, 1) + timedelta(hours=h) for h in range(24)]
    assert [row["kwh"] for row in rows] == [0.0] * 7 + [1.0] * 10 + [0.0] * 6 + [0.5]
    assert {(row["publisher"], row["plant"], row["unit"], row["fuel"], row["label_convention"]) for row in rows} == {
        ("EWP", "지붕", "", "solar", "hour-ending")
    }
    assert (report.rows_read, report.rows_stored, report.rows_inserted) == (1, 1, 24)
    assert report.engine == ("rust" if engine else "reference")
    assert [stage.name for stage in report.stages] == list(STAGES)


def test_the_sample_is_balanced_and_its_faults_are_found(tmp_path, url, engine):
    report = run_generation(write_generation_sample(tmp_path / "sample"), url, use_rust=engine)
    assert reasons(report) == {
        "wrong number of cells": 1,
        "unreadable day": 1,
        UNIT: 1,
        DIFFERENT: 2,
    }
    counts = (report.rows_read, report.rows_stored, report.rows_empty, report.rows_repeated, report.rows_rejected)
    assert counts == (641, 634, 1, 1, 5)
    assert stored(url).num_rows == 24 * 634 == report.rows_inserted
    assert (report.hours_missing, report.cells_coerced) == (2, 1)
    (mismatch,) = report.total_mismatches
    assert (mismatch.line, mismatch.plant, mismatch.day) == (22, "가상소내 태양광 1", "2024-01-21")
    assert mismatch.total - mismatch.hours == pytest.approx(5)
    assert report.hours_above_capacity == 0
    by_publisher = {file.publisher: file for file in report.files}
    assert by_publisher["WP"].energy_units == ["Wh", "kWh"]
    assert [(p.plant, p.energy_unit, p.first, p.last) for p in by_publisher["WP"].unit_periods] == [
        ("들녘태양광", "Wh", "2024-01", "2024-02"),
        ("들녘태양광", "kWh", "2024-03", "2024-03"),
        ("언덕태양광", "Wh", "2024-01", "2024-02"),
        ("언덕태양광", "kWh", "2024-03", "2024-03"),
    ]
    assert by_publisher["KOSPO"].plants == 1
    assert by_publisher["KOEN"].unit_periods == []
    assert json.loads(report.to_json())["rejects"][UNIT]["first"][0]["line"] == 17


def test_a_change_of_the_unit_leaves_no_jump_in_the_stored_hours(tmp_path, url):
    run_generation(write_generation_sample(tmp_path / "sample"), url)
    hours = stored(url).to_pandas()
    hours = hours[hours["publisher"] == "WP"]
    by_month = hours.groupby([hours["plant"], hours["interval_start"].dt.month])["kwh"].max().unstack()
    for capacity, plant in ((1500, "들녘태양광"), (2000, "언덕태양광")):
        assert by_month.loc[plant].between(0.3 * capacity, capacity).all()


def test_units_of_plants_and_fuels_told_by_names(tmp_path, url):
    layout = WideLayout("mine", date="day", plant="plant", unit="no", hours="h{}", energy_unit="MWh")
    lines = ["day,plant,no," + ",".join(f"h{hour}" for hour in range(1, 25))]
    for plant, unit in (("제주풍력", "1"), ("제주풍력", " 2"), ("해남태양광", ""), ("소수력", "1")):
        lines.append(f"2024-01-01,{plant},{unit}," + ",".join(["1.5"] * 24))
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    report = run_generation(path, url, publisher="ACME", layout=layout)
    rows = stored(url).to_pylist()
    assert {(row["plant"], row["unit"], row["fuel"]) for row in rows} == {
        ("제주풍력", "1", "wind"),
        ("제주풍력", "2", "wind"),
        ("해남태양광", "", "solar"),
        ("소수력", "1", None),
    }
    assert {row["kwh"] for row in rows} == {1500.0}
    assert report.arguments["layout"] == "mine"
    assert report.files[0].plants == 4


def test_blank_and_unreadable_cells_are_missing_and_counted(write, url):
    report = run_generation(write(row("2024-01-01", h12="", h13="-", total=8000)), url)
    assert (report.hours_missing, report.cells_coerced) == (2, 1)
    assert stored(url)["kwh"].null_count == 2


def test_hours_above_the_capacity_are_counted_and_stored(tmp_path, url):
    path = tmp_path / "한국서부발전(주)_신재생_2023.csv"
    headings = ["날짜", "발전기명", "용량_메가와트", *HOURS, "합계", "주소지"]
    cells = ["2023-01-01", "풍력", "1", "1600", "1400", *["0"] * 22, "3000", "x"]
    path.write_text(",".join(headings) + "\n" + ",".join(cells) + "\n", encoding="cp949")
    report = run_generation(path, url)
    assert report.hours_above_capacity == 1
    assert stored(url).num_rows == 24


# --- rejects ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "reason", "detail"),
    [
        (row("2024-02-30"), "unreadable day", "날짜: 2024-02-30"),
        (row(""), "unreadable day", "날짜: blank"),
        (row("2024-01-05", plant=" "), "no plant", "발전기명: blank"),
        (row("2024-01-05", h3="1e999"), "infinite cell", "03시: 1e999"),
        (row("2024-01-05", total="-1e999"), "infinite cell", "합계: -1e999"),
        (("2024-01-05", "지붕", [1], 1), "wrong number of cells", "cells: 4, in the heading: 27"),
    ],
)
def test_a_row_that_cannot_be_read(write, url, bad, reason, detail, engine):
    report = run_generation(write(row("2024-01-01"), bad, row("2024-01-02")), url, use_rust=engine)
    assert reasons(report) == {reason: 1}
    assert stored(url).num_rows == 48
    (reject,) = stored(url, REJECTS).to_pylist()
    assert (reject["file"], reject["line"], reject["publisher"]) == (NAME, 3, "EWP")
    assert reject["reason"] == f"{reason}: {detail}"
    assert reject["content"].startswith(f"{bad[0]},{bad[1]},")


def test_different_rows_under_one_key_are_all_rejected_each_naming_another(write, url):
    rows = [row("2024-01-01", level=level) for level in (1000, 2000, 1000)]
    report = run_generation(write(*rows, *(row(f"2024-01-0{day}") for day in (2, 3, 3, 4, 4))), url)
    assert reasons(report) == {DIFFERENT: 3}
    assert report.rows_repeated == 2
    assert [reject.detail.split(";")[0] for reject in report.rejects[DIFFERENT].first] == [
        f"지붕 2024-01-01 is also in {NAME}, line {line}" for line in (3, 2, 3)
    ]
    assert set(stored(url)["interval_start"].to_pandas().dt.date) == {date(2024, 1, day) for day in (2, 3, 4)}


def test_keys_are_compared_across_the_files_of_a_run(write, url):
    first = write(row("2024-01-01"), row("2024-01-02"), name="한국동서발전_a_2023.csv")
    second = write(row("2024/01/01", level=999), row("20240102"), row("2024.01.03"), name="한국동서발전_b_2024.csv")
    other_publisher = write(row("2024-01-01", level=5), name="한국농어촌공사_c_2024.csv")
    report = run_generation([first, second, other_publisher], url, layout="ewp_roof_file")
    assert reasons(report) == {DIFFERENT: 2}
    assert "한국동서발전_b_2024.csv, line 2" in report.rejects[DIFFERENT].first[0].detail
    assert "한국동서발전_a_2023.csv, line 2" in report.rejects[DIFFERENT].first[1].detail
    assert report.rows_repeated == 1
    assert [(file.rows_stored, file.rows_repeated, file.rows_rejected) for file in report.files] == [
        (1, 0, 0),
        (1, 0, 1),
        (1, 1, 1),
    ]


def test_two_plants_under_one_name_are_rejected_on_days_of_standstill_too(write, url):
    days = [f"2024-01-0{day}" for day in range(1, 6)]
    plants = [[row(day, level=level * (day != days[2])) for day in days] for level in (1000, 2000)]
    report = run_generation(write(*plants[0], *plants[1], row(days[0], plant="다른")), url)
    assert reasons(report) == {DIFFERENT: 10}
    assert report.rows_repeated == 0
    assert "on 4 of 5 repeated days of this name the rows differ" in report.rejects[DIFFERENT].first[2].detail
    assert stored(url)["plant"].unique().to_pylist() == ["다른"]


def test_a_column_that_says_the_unit_of_energy_of_each_row(tmp_path, url):
    layout = WideLayout("mine", date="day", plant="plant", hours="h{}", energy_unit_column="unit")
    lines = ["day,plant,unit," + ",".join(f"h{hour}" for hour in range(1, 25))]
    for unit, cell in (("Wh", "20880"), (" kWh", "20.88"), ("MWh", "0.02088"), ("GWh", "1"), ("", "1")):
        lines.append(f"2024-01-01,A,{unit}," + ",".join([cell] * 24))
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    report = run_generation(path, url, publisher="ACME", layout=layout)
    assert (report.rows_stored, report.rows_repeated, reasons(report)) == (1, 2, {UNIT: 2})
    assert [reject.detail for reject in report.rejects[UNIT].first] == ["unit: GWh", "unit: blank"]
    assert set(stored(url)["kwh"].to_pylist()) == {20.88}


def test_rejects_are_kept_once_with_their_first_sight(write, url):
    path = write(row("2024-02-30"), row("2024-01-01"))
    first = run_generation(path, url)
    before = stored(url, REJECTS)
    second = run_generation(path, url)
    assert (first.rejects_new, second.rejects_new) == (1, 0)
    assert second.rows_rejected == 1
    assert stored(url, REJECTS).equals(before)


def test_a_file_of_the_same_name_in_two_folders(write, tmp_path, url):
    path = write(row("2024-02-30"), row("2024-01-01"))
    (tmp_path / "copy").mkdir()
    copy = tmp_path / "copy" / path.name
    copy.write_bytes(path.read_bytes())
    report = run_generation([path, copy], url)
    assert (report.rows_rejected, report.rows_repeated, report.rejects_new) == (2, 1, 1)


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_to_lines_every_one_is_accounted_for(tmp_path, url, seed):
    rng = random.Random(seed)
    files = write_generation_sample(tmp_path / "sample", seed=seed)
    rows = 0
    for path in files:
        encoding = "utf-8-sig" if path.read_bytes().startswith(b"\xef") else "cp949"
        heading, *lines = path.read_text(encoding=encoding).splitlines()
        for _ in range(30):
            place = rng.randrange(len(lines))
            cells = lines[place].split(",")
            cells[rng.randrange(len(cells))] = rng.choice(["", "-", "?", "1e999", "-5", "inf", "2024-13-01", "9" * 400])
            lines[place] = ",".join(rng.choice([cells, cells[:5], [*cells, "1"], [""] * len(cells)])).replace('"', "")
            lines.insert(rng.randrange(len(lines)), lines[place])
        rows += len(lines)
        path.write_text("\n".join([heading, *lines]) + "\n", encoding=encoding)
    report = run_generation(files, url)
    assert report.rows_read == rows
    assert rows == report.rows_stored + report.rows_empty + report.rows_repeated + report.rows_rejected
    assert report.rows_stored * 24 == stored(url).num_rows
    assert report.rows_rejected == sum(reasons(report).values())
    assert report.rows_stored > 0.5 * rows


def test_a_file_of_which_nothing_can_be_stored(write, url, engine):
    report = run_generation(write(row("2024-02-30")), url, use_rust=engine)
    assert (report.rows_read, report.rows_stored, report.rows_inserted) == (1, 0, 0)


def test_totals_that_do_not_fit_are_stored_and_listed(write, url):
    report = run_generation(write(row("2024-01-01"), row("2024-01-02", total=9000)), url)
    (mismatch,) = report.total_mismatches
    assert (mismatch.file, mismatch.line, mismatch.plant, mismatch.day) == (NAME, 3, "지붕", "2024-01-02")
    assert (mismatch.hours, mismatch.total) == (10.0, 9.0)
    assert (report.totals_checked, report.rows_stored) == (2, 2)


def test_positions_in_the_transform_are_lines_of_the_file(write, url):
    rows = [row("2024-02-30"), row("2024-01-01"), row("2024-01-01"), row("2024-01-02", total=9000)]
    (mismatch,) = run_generation(write(*rows), url).total_mismatches
    assert mismatch.line == 5


# --- one result for one set of files ---------------------------------------------------------------


@pytest.fixture
def two_files(write):
    """Files of the same days, each with hours that the other lacks; the fuel is in the name of one."""
    days = [f"2024-01-0{day}" for day in range(1, 4)]
    blank = dict.fromkeys(("h9", "h10", "h24"), "")
    first = write(*(row(day, plant="가람", **blank) for day in days), name="한국동서발전_가_2024.csv")
    second = write(
        row(days[0], plant="가람", h1="", h9="-", h24=500),
        row(days[1], plant="가람", h1=0),
        ("2024-01-03", "가람", [""] * 24, ""),
        row("2024-01-04", plant="가람"),
        name="한국동서발전_태양광_2024.csv",
    )
    return first, second


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_files_give_one_result_together_and_one_after_the_other(two_files, tmp_path, order, engine):
    def kwh(name, *runs):
        url = f"duckdb:///{tmp_path}/{name}.duckdb"
        for files in runs:
            report = run_generation(files, url, layout="ewp_roof_file", use_rust=engine)
        return report, stored(url)

    first, second = (two_files[place] for place in order)
    report, together = kwh("together", [first, second])
    _, apart = kwh("apart", first, second)
    assert together.equals(apart)
    assert (report.rows_stored, report.rows_repeated, report.rows_rejected, report.hours_missing) == (4, 3, 0, 4)
    hours = {row["interval_start"]: row["kwh"] for row in together.to_pylist()}
    assert (hours[datetime(2024, 1, 1, 8)], hours[datetime(2024, 1, 1, 9)]) == (None, 1.0)
    assert (hours[datetime(2024, 1, 1, 23)], hours[datetime(2024, 1, 2, 8)]) == (0.5, 1.0)
    assert set(together["fuel"].to_pylist()) == {"solar"}


def test_two_different_values_of_an_hour_stay_a_conflict(write, url):
    blank = row("2024-01-01", h9="")
    report = run_generation(write(blank, row("2024-01-01"), row("2024-01-01", h9="", h10=7)), url)
    assert reasons(report) == {DIFFERENT: 3}
    assert (report.rows_stored, report.rows_repeated) == (0, 0)


# --- running again ----------------------------------------------------------------------------------


def test_a_second_run_changes_nothing(tmp_path, url):
    files = write_generation_sample(tmp_path / "sample")
    first = run_generation(files, url)
    before = stored(url)
    second = run_generation(files, url, reread=True)
    assert (second.rows_inserted, second.rows_updated, second.rows_unchanged) == (0, 0, first.rows_inserted)
    assert stored(url).equals(before)


def test_a_new_value_replaces_a_stored_one_and_a_missing_one_does_not(write, url):
    run_generation(write(row("2024-01-01")), url)
    report = run_generation(write(row("2024-01-01", h10="", h11="-", h12=1500, total=8500)), url)
    assert (report.rows_inserted, report.rows_updated, report.rows_unchanged) == (0, 1, 23)
    assert stored(url)["kwh"].to_pylist()[9:13] == [1.0, 1.0, 1.5, 1.0]


def test_a_value_that_comes_later_fills_a_missing_one(write, url):
    run_generation(write(row("2024-01-01", h10="")), url)
    report = run_generation(write(row("2024-01-01")), url)
    assert (report.rows_updated, stored(url)["kwh"].null_count) == (1, 0)


# --- what goes wrong --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html></html>", "HTML"),
        (b"PAR1", "Parquet"),
        (b"", "empty"),
        (b"\xff\xff,1\n", "neither UTF-8 nor cp949"),
        (b"a,b\n1,2\n", "hours 1 to 24"),
    ],
)
def test_one_bad_file_leaves_no_database(write, tmp_path, url, content, message):
    bad = tmp_path / "한국동서발전_bad_2024.csv"
    bad.write_bytes(content)
    with pytest.raises(SourceFileError, match=message):
        run_generation([write(row("2024-01-01")), bad], url)
    assert not list(tmp_path.glob("*.duckdb"))


def test_totals_that_contradict_the_unit_of_the_headings(tmp_path, url):
    path = tmp_path / "한국중부발전(주)_보령_2024.csv"
    headings = ["일자", "발전소명", *(f"{hour}시(MWh)" for hour in range(1, 25)), "합계(kWh)"]
    rows = [[f"2024-01-0{day}", "A", *["10"] * 24, "240"] for day in range(1, 4)]
    path.write_text("\n".join(map(",".join, [headings, *rows])) + "\n", encoding="utf-8")
    with pytest.raises(SourceFileError, match=r"보령.*do not add up.*energy_unit"):
        run_generation(path, url)
    assert not list(tmp_path.glob("*.duckdb"))
    with pytest.raises(SourceFileError, match="with override"):
        run_generation(path, url, energy_unit="kWh")
    assert run_generation(path, url, energy_unit="kWh", override=True).total_mismatches == []


def test_an_option_holds_for_the_files_that_lack_it_alone(tmp_path, url, caplog):
    hours = [f"{hour}시" for hour in range(1, 25)]
    written = {
        "한국남부발전(주)_성산풍력발전실적_20240131.csv": ["년월일", *(f"{hour}(kWh)" for hour in hours)],
        "지붕.csv": ["일자", *hours],
    }
    for name, headings in written.items():
        text = "\n".join([",".join(headings), ",".join(["2024-01-01", *["1"] * (len(headings) - 1)])])
        (tmp_path / name).write_text(text + "\n", encoding="utf-8")
    options = {"publisher": "ACME", "plant_name": "지붕태양광", "energy_unit": "MWh"}
    report = run_generation(tmp_path / "*.csv", url, **options)
    of_file = {Path(file.path).name: file for file in report.files}
    named = of_file["한국남부발전(주)_성산풍력발전실적_20240131.csv"]
    assert (named.publisher, named.energy_units) == ("KOSPO", ["kWh"])
    assert named.options_not_used == [
        'publisher "ACME": the file says "KOSPO"',
        'plant_name "지붕태양광": the file says "성산풍력"',
        'energy_unit "MWh": the file says "kWh"',
    ]
    assert 'not used: publisher "ACME": the file says "KOSPO"' in caplog.text
    assert of_file["지붕.csv"].options_not_used == []
    kwh = {(row["publisher"], row["plant"]): row["kwh"] for row in stored(url).to_pylist()}
    assert kwh == {("KOSPO", "성산풍력"): 1.0, ("ACME", "지붕태양광"): 1000.0}
    report = run_generation(tmp_path / "한국*.csv", url, **options, override=True)
    assert (report.files[0].publisher, report.files[0].energy_units) == ("ACME", ["MWh"])
    assert report.files[0].options_not_used == []


def test_a_run_that_stores_nothing_or_rejects_most_is_no_success(write, url):
    report = run_generation(write(row("2024-13-01"), row("2024-14-01"), row("2024-01-01")), url)
    assert (report.status, report.rows_stored) == ("incomplete", 1)
    assert report.message == "of 3 rows 1 were stored and 2 rejected"
    assert run_generation(write(row("2024-13-01")), url).status == "incomplete"
    assert run_generation(write(row("2024-13-01"), row("2024-01-01")), url).status == "succeeded"


@pytest.mark.parametrize("options", [{"layout": "kepco"}, {"energy_unit": "GWh"}])
def test_options_that_cannot_be(write, tmp_path, url, options):
    with pytest.raises(OptionError):
        run_generation(write(row("2024-01-01")), url, **options)
    assert not list(tmp_path.glob("*.duckdb"))


def test_a_failure_at_the_end_leaves_the_previous_state(write, url, monkeypatch):
    run_generation(write(row("2024-01-01")), url)
    before = stored(url)

    def fail(*_args):
        raise StorageError("the disk is full")

    monkeypatch.setattr(generation, "store_rejects", fail)
    with pytest.raises(StorageError, match="disk is full"):
        run_generation(write(row("2024-01-01", level=5), row("2024-01-02")), url)
    assert stored(url).equals(before)


def test_a_failure_in_the_first_run_leaves_no_row_but_that_of_the_run(write, url, monkeypatch):
    def fail(*_args):
        raise StorageError("the disk is full")

    monkeypatch.setattr(generation, "store_rejects", fail)
    with pytest.raises(StorageError):
        run_generation(write(row("2024-01-01")), url)
    with Database.connect(url) as database:
        assert database.row_count(GENERATION_HOURLY) == 0
        (run,) = database.read(RUNS).to_pylist()
    assert (run["status"], run["message"]) == ("failed", "StorageError: the disk is full")


@pytest.mark.needs_rust
def test_both_engines_store_the_same(tmp_path, url):
    files = write_generation_sample(tmp_path / "sample")
    by_reference = run_generation(files, url, use_rust=False)
    other = f"duckdb:///{tmp_path}/rust.duckdb"
    by_rust = run_generation(files, other, use_rust=True)
    assert stored(other).equals(stored(url))
    assert by_rust.total_mismatches == by_reference.total_mismatches
    assert by_rust.cells_coerced == by_reference.cells_coerced
