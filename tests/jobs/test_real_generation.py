"""The generation job on all published files, against a count that shares no code with it."""

from __future__ import annotations

import csv
import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from energy_data_layer.jobs.generation.from_files import run_generation
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.tables import GENERATION_HOURLY, REJECTS

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Form:
    """How a file is written, as a person reads it off the file."""

    publisher: str
    day: str
    hours: list[str]
    unit_in_kwh: float | None
    plant: str = ""
    name: str = ""
    unit: str = ""
    total: str = ""
    total_in_kwh: float = 1.0
    rounding: float = 0.5


NUMBERS = [str(hour) for hour in range(1, 25)]
CLOCK = [f"{hour:02d}시" for hour in range(1, 25)]
FORMS = {
    "시간대별_풍력": Form(
        "KOEN", "일자", [f"{n}시 발전량(MWh)" for n in NUMBERS], 1.0, plant="발전구분", unit="호기", total="총량(KW)"
    ),
    "남제주소내": Form("KOSPO", "년월일", NUMBERS, 1.0, name="남제주소내 태양광", unit="호기", total="총량(kw)"),
    "삼척소내": Form("KOSPO", "년월일", NUMBERS, 1.0, name="삼척소내 태양광", unit="호기", total="총량(kw)"),
    "성산풍력": Form("KOSPO", "년월일", NUMBERS, 1.0, name="성산풍력", unit="단계", total="총량", rounding=12.5),
    "익산": Form(
        "KOSPO", "년월일", [f"{n}-{n + 1}시 발전량(kWh)" for n in range(24)], 0.001, plant="호기", total="총량(kWh)"
    ),
    "진도": Form("KRC", "날짜", CLOCK, 0.001, plant="발전기명", total="합계", total_in_kwh=0.001),
    "동해바이오": Form("EWP", "날짜", CLOCK, 0.001, plant="발전기명", total="합계", total_in_kwh=0.001),
    "일자별지점별": Form("EWP", "날짜", CLOCK, 0.001, plant="발전기명", total="합계", total_in_kwh=0.001),
    "신재생에너지": Form("WP", "날짜", CLOCK, 1.0, plant="발전기명", total="합계"),
    "태양광 발전 현황": Form("WP", "년월일", CLOCK, None, plant="발전기명"),
}
# The megawatts of the plants: from the files where they have them, else what the largest hours suggest.
MEGAWATTS = {
    "삼천포풍력 1": 0.75,
    "영흥풍력 1": 22.0,
    "영흥풍력 2": 24.0,
    "군위 화산풍력 1": 17.25,
    "어음풍력 1": 21.0,
    "남제주소내 태양광 1": 0.2,
    "삼척소내 태양광 1": 1.0,
    "삼척소내 태양광 2": 1.0,
    "삼척소내 태양광 3": 2.0,
    "삼척소내 태양광 4": 2.5,
    "성산풍력 1": 12.0,
    "성산풍력 2": 8.0,
    "(신재생) (하동) 익산 다송리 태양광": 0.893,
    "농촌공진도태양광": 1.0,
    "동해 바이오 연료저장고 지붕태양광": 0.8,
    "당진자재창고태양광": 0.7,
    "당진화력수상태양광": 1.0,
    "울산태양광#1": 0.5,
    "당진태양광": 1.0,
    "(군산)영암F1태양광": 13.296,
    "장흥풍력": 16.0,
    "화순풍력발전": 16.0,
    "태안#9,10 수상태양광": 1.836,
    "세종시폐기물매립장태양광": 1.628,
    "안산연성정수장태양광": 1.49,
    "영암에프원태양광b": 13.296,
}

# Published as more than the parks can give, also with the battery that one of them has.
TOO_LARGE = {("성산풍력 1", datetime(2023, 2, 24, 23)), ("성산풍력 2", datetime(2015, 4, 19, 10))}


@dataclass
class Count:
    """What the files hold, counted with the standard library alone."""

    rows: int = 0
    empty: int = 0
    days: dict[tuple, list] = field(default_factory=lambda: defaultdict(list))
    mismatches: set[tuple[str, int]] = field(default_factory=set)
    not_blank: int = 0

    def stored(self):
        """The hours by (publisher, plant, unit, day), without the days that are there twice."""
        return {key: rows[0] for key, rows in self.days.items() if len(rows) == 1}


def number(cell):
    cell = cell.strip().replace(",", "")
    return float(cell) if cell and cell != "-" else None


def read(path, form, count):
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp949")
    headings, *rows = csv.reader(text.splitlines())
    headings = [heading.strip() for heading in headings]
    for line, cells in enumerate(rows, start=2):
        count.rows += 1
        if not any(cell.strip() for cell in cells):
            count.empty += 1
            continue
        row = dict(zip(headings, map(str.strip, cells), strict=True))
        day = datetime.fromisoformat(row[form.day])
        in_kwh = form.unit_in_kwh
        if in_kwh is None:
            in_kwh = 1.0 if datetime(2021, 9, 1) <= day < datetime(2022, 8, 1) else 0.001
        values = [number(row[hour]) for hour in form.hours]
        kwh = [None if value is None else value * in_kwh for value in values]
        count.not_blank += sum(
            value is None and row[hour] != "" for hour, value in zip(form.hours, values, strict=True)
        )
        key = (form.publisher, row[form.plant] if form.plant else form.name, row[form.unit] if form.unit else "", day)
        count.days[key].append((path.name, line, kwh))
        if form.total and row[form.total]:
            total = number(row[form.total]) * form.total_in_kwh
            if abs(sum(filter(None, kwh)) - total) > form.rounding:
                count.mismatches.add((path.name, line))


@pytest.fixture(scope="module")
def folder(real_data_folder):
    return real_data_folder / "generation_wide"


@pytest.fixture(scope="module")
def count(folder):
    count = Count()
    paths = sorted(folder.glob("*.csv"))
    assert len(paths) == len(FORMS)
    for path in paths:
        (form,) = (form for words, form in FORMS.items() if words in path.name)
        read(path, form, count)
    return count


def stored_rows(url):
    with Database.connect(url) as database:
        rows = database.read(GENERATION_HOURLY)
    keys = ["publisher", "plant", "unit", "interval_start"]
    return rows.sort_by([(name, "ascending") for name in keys])


@pytest.fixture(scope="module")
def by_reference(folder, tmp_path_factory):
    url = f"duckdb:///{tmp_path_factory.mktemp('real')}/reference.duckdb"
    return url, run_generation(folder / "*.csv", url, use_rust=False), stored_rows(url)


@pytest.fixture(scope="module")
def dull(count):
    """The days of the file without a unit whose largest hour could be kWh as well: 0.2 % of the capacity or less."""
    keys = {"세종시폐기물매립장태양광", "안산연성정수장태양광", "영암에프원태양광b"}
    return {
        key
        for key, (_, _, kwh) in count.stored().items()
        if key[1] in keys and 0 < max(filter(None, kwh), default=0) <= 0.002 * 1000 * MEGAWATTS[key[1]]
    }


def test_the_balance_is_that_of_an_independent_count(count, dull, by_reference):
    _, report, stored = by_reference
    twice = sum(len(rows) for rows in count.days.values() if len(rows) > 1)
    assert (count.rows, count.empty, twice, len(dull)) == (41_144, 1, 730, 3)
    assert (report.rows_read, report.rows_empty, report.rows_repeated) == (count.rows, count.empty, 0)
    assert report.rows_rejected == twice + len(dull)
    assert report.rows_stored == len(count.stored()) - len(dull)
    assert report.rows_inserted == stored.num_rows == 24 * report.rows_stored


def test_every_rejected_row_is_there_with_its_line_and_reason(count, dull, by_reference):
    url, report, _ = by_reference
    with Database.connect(url) as database:
        rejects = database.read(REJECTS).to_pylist()
    expected = {(file, line) for rows in count.days.values() if len(rows) > 1 for file, line, _ in rows} | {
        count.days[key][0][:2] for key in dull
    }
    assert {(reject["file"], reject["line"]) for reject in rejects} == expected
    assert {reason: rejects.count for reason, rejects in report.rejects.items()} == {
        "different rows for one plant and day": 730,
        "unit of energy undecided": 3,
    }
    same_name = [reject for reject in rejects if reject["reason"].startswith("different")]
    assert {reject["content"].split(",")[1] for reject in same_name} == {"(군산)삼랑진태양광"}
    assert all("two plants of one name" in reject["reason"] for reject in same_name)


def test_every_hour_is_the_published_one(count, dull, by_reference):
    _, _, stored = by_reference
    expected = {key: kwh for key, (_, _, kwh) in count.stored().items() if key not in dull}
    hours = defaultdict(dict)
    columns = [stored[name].to_pylist() for name in ("publisher", "plant", "unit", "interval_start", "kwh")]
    for publisher, plant, unit, start, kwh in zip(*columns, strict=True):
        day = start.replace(hour=0)
        hours[publisher, plant, unit, day][(start - day) // timedelta(hours=1)] = kwh
    assert hours.keys() == expected.keys()
    for key, kwh in expected.items():
        for hour, value in enumerate(kwh):
            got = hours[key][hour]
            assert got == value or math.isclose(got, value, rel_tol=1e-12), (key, hour)


def test_sums_per_plant(count, dull, by_reference):
    _, _, stored = by_reference
    expected, missing = Counter(), 0
    for (publisher, plant, unit, _), (_, _, kwh) in ((k, v) for k, v in count.stored().items() if k not in dull):
        expected[publisher, plant, unit] += math.fsum(filter(None, kwh))
        missing += kwh.count(None)
    sums = stored.group_by(["publisher", "plant", "unit"]).aggregate([("kwh", "sum")]).to_pylist()
    assert {(row["publisher"], row["plant"], row["unit"]): row["kwh_sum"] for row in sums} == pytest.approx(
        dict(expected), rel=1e-12
    )
    assert stored["kwh"].null_count == missing == 367


def test_totals_that_do_not_fit(count, by_reference):
    _, report, _ = by_reference
    assert {(row.file, row.line) for row in report.total_mismatches} == count.mismatches
    assert len(report.total_mismatches) == 32
    assert report.cells_coerced == count.not_blank == 1


def test_units_and_labels(by_reference):
    _, report, _ = by_reference
    wp = report.files[-1]
    assert wp.energy_units == ["Wh", "kWh"]
    assert [(period.energy_unit, period.first, period.last) for period in wp.unit_periods] == [
        ("Wh", "2017-01", "2021-08"),
        ("kWh", "2021-09", "2022-07"),
        ("Wh", "2022-08", "2023-06"),
    ] * 3
    assert Counter(file.label_convention for file in report.files) == {"hour-ending": 9, "interval": 1}
    assert [file.encoding for file in report.files].count("utf-8") == 1
    assert report.hours_above_capacity == 0


def test_capacity_factors_are_plausible(by_reference):
    """A unit that is 1000 times off would show at once; so would a name that stands for another plant."""
    _, _, stored = by_reference
    frame = stored.to_pandas()
    frame["name"] = (frame["plant"] + " " + frame["unit"]).str.strip()
    frame["year"] = frame["interval_start"].dt.year
    yearly = frame.groupby(["name", "fuel", "year"])["kwh"].agg(["mean", "count", "max"]).reset_index()
    assert set(yearly["name"]) == set(MEGAWATTS)
    kilowatts = yearly["name"].map(MEGAWATTS) * 1000
    whole = yearly["count"] > 8000
    factor, peak = yearly["mean"] / kilowatts, yearly["max"] / kilowatts
    solar = yearly["fuel"] == "solar"
    assert factor[whole & solar].between(0.07, 0.18).all()
    assert factor[whole & ~solar].between(0.01, 0.40).all()
    assert peak.between(0.3, 2.0).all()
    too_large = frame[frame["kwh"] > 1.3 * 1000 * frame["name"].map(MEGAWATTS)]
    assert set(zip(too_large["name"], too_large["interval_start"], strict=True)) == TOO_LARGE


def test_the_sun_does_not_shine_at_night(by_reference):
    """Two plants have a battery that is discharged in the evening; two days of another are published askew."""
    _, _, stored = by_reference
    frame = stored.to_pandas()
    night = frame["interval_start"].dt.hour.isin([21, 22, 23, 0, 1, 2, 3])
    solar = frame[night & (frame["fuel"] == "solar") & (frame["kwh"] > 0)]
    assert set(solar["plant"]) == {"세종시폐기물매립장태양광", "태안#9,10 수상태양광", "남제주소내 태양광"}
    askew = solar[solar["plant"] == "남제주소내 태양광"]["interval_start"].dt.date.astype(str)
    assert set(askew) == {"2015-05-20", "2016-08-15"}
    battery = solar[solar["plant"] == "세종시폐기물매립장태양광"]["interval_start"]
    assert battery.min() >= datetime(2021, 9, 1)
    assert battery.max() < datetime(2022, 8, 1)


def test_a_second_run_changes_nothing(folder, by_reference):
    url, first, before = by_reference
    second = run_generation(folder / "*.csv", url, use_rust=False, reread=True)
    assert (second.rows_inserted, second.rows_updated, second.rows_unchanged) == (0, 0, first.rows_inserted)
    assert second.rejects_new == 0
    assert stored_rows(url).equals(before)
