"""The weather job on all published hourly observations, against a count that shares no code with it."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import pyarrow.compute as pc
import pytest

from energy_data_layer.core.provenance import Provenance, provenance_column
from energy_data_layer.jobs.weather.from_files import run_weather
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.tables import WEATHER_ASOS

pytestmark = pytest.mark.slow

HEADINGS = {"ta": "기온(°C)", "hm": "습도(%)", "ws": "풍속(m/s)", "pa": "현지기압(hPa)"}
COLUMNS = tuple(HEADINGS)
HOUR = timedelta(hours=1)


@dataclass
class Count:
    """What the files hold, counted with the standard library alone."""

    files: int = 0
    rows: int = 0
    hours: dict[int, set[datetime]] = field(default_factory=dict)
    observed: Counter[str] = field(default_factory=Counter)

    @property
    def distinct_rows(self):
        return sum(map(len, self.hours.values()))

    @property
    def hours_from_first_to_last(self):
        return sum((max(hours) - min(hours)) // HOUR + 1 for hours in self.hours.values())


@pytest.fixture(scope="module")
def folder(real_data_folder):
    return real_data_folder / "asos_hourly"


@pytest.fixture(scope="module")
def count(folder):
    count = Count()
    for path in folder.glob("*.csv"):
        count.files += 1
        with path.open(encoding="cp949", newline="") as file:
            headings, *rows = csv.reader(file)
        count.rows += len(rows)
        places = {name: headings.index(heading) for name, heading in HEADINGS.items()}
        station, time = headings.index("지점"), headings.index("일시")
        for row in rows:
            hours = count.hours.setdefault(int(row[station]), set())
            hour = datetime.fromisoformat(row[time])
            if hour not in hours:
                hours.add(hour)
                count.observed.update(name for name, place in places.items() if row[place].strip())
    return count


def run(folder, url, pattern="*.csv", **options):
    return run_weather(folder / pattern, url, columns=COLUMNS, **options)


def table(url):
    with Database.connect(url) as database:
        return database.read(WEATHER_ASOS).sort_by([("stnId", "ascending"), ("tm", "ascending")])


@pytest.fixture(scope="module")
def by_reference(folder, tmp_path_factory):
    url = f"duckdb:///{tmp_path_factory.mktemp('real')}/reference.duckdb"
    return url, run(folder, url, use_rust=False), table(url)


def test_rows_and_stations_are_those_of_an_independent_count(count, by_reference):
    _, report, stored = by_reference
    assert count.rows > 600_000
    assert (len(report.files), report.rows_read) == (count.files, count.rows)
    assert report.duplicates_collapsed == count.rows - count.distinct_rows
    assert report.stations == len(count.hours)
    assert report.hours_completed == count.hours_from_first_to_last - count.distinct_rows
    assert report.rows_inserted == stored.num_rows == count.hours_from_first_to_last
    assert set(stored["stnId"].unique().to_pylist()) == set(count.hours)


@pytest.mark.parametrize("name", COLUMNS)
def test_no_missing_value_is_left_unexplained(count, by_reference, name):
    _, report, stored = by_reference
    codes = stored[provenance_column(name)]
    assert stored[name].null_count == 0
    assert codes.null_count == 0
    by_code = Counter(codes.to_pylist())
    assert by_code[Provenance.OBSERVED] == count.observed[name]
    assert by_code[Provenance.UNFILLED] == 0
    assert sum(report.filled[name].values()) == stored.num_rows - count.observed[name]
    assert {Provenance[method.upper()]: n for method, n in report.filled[name].items() if n} == {
        code: n for code, n in by_code.items() if code != Provenance.OBSERVED
    }
    assert sum(length * n for length, n in report.gap_lengths[name].items()) == stored.num_rows - (count.observed[name])


def test_a_second_run_changes_nothing(folder, by_reference):
    url, first, before = by_reference
    second = run(folder, url, use_rust=False, reread=True)
    assert (second.rows_inserted, second.rows_updated, second.rows_unchanged) == (0, 0, first.rows_inserted)
    assert table(url).equals(before)


def test_year_by_year_gives_the_spline_fills_of_one_load(folder, by_reference, tmp_path):
    """Of one station: each is filled by its own values."""
    _, _, at_once = by_reference
    url = f"duckdb:///{tmp_path}/years.duckdb"
    for year in range(2017, 2026):
        run(folder, url, f"동해*{year}*.csv", use_rust=False, since=f"{year}-01-01", until=f"{year}-12-31")
    stored = table(url)
    at_once = at_once.filter(pc.is_in(at_once["stnId"], stored["stnId"].unique()))
    assert stored["tm"].equals(at_once["tm"])
    for name in COLUMNS:
        codes = stored[provenance_column(name)].to_numpy()
        expected = at_once[provenance_column(name)].to_numpy()
        interpolated = expected <= Provenance.NEAREST
        np.testing.assert_array_equal(codes[interpolated], expected[interpolated])
        assert (codes[~interpolated] > Provenance.NEAREST).all()
        np.testing.assert_allclose(
            stored[name].to_numpy()[interpolated], at_once[name].to_numpy()[interpolated], rtol=0, atol=1e-9
        )
