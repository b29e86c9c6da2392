"""The weather job in parts stores what it stores in one: with silent stations, repeated rows, any split of files."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from energy_data_layer.core.provenance import Provenance
from energy_data_layer.datasets.asos import ASOS_COLUMNS
from energy_data_layer.engine.equality import assert_equal_answers
from energy_data_layer.errors import SourceFileError
from energy_data_layer.files import spool as asos_spool
from energy_data_layer.files.spool import AsosSpool
from energy_data_layer.jobs.weather import filling
from energy_data_layer.jobs.weather.from_files import run_weather
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.tables import FILL_CHANGES, RUNS, STORED_FILES, WEATHER_ASOS

COLUMNS = ("ta", "hm")
STATIONS = (90, 108, 112, 159)
HOURS = 30
COUNTED = (
    "rows_read",
    "duplicates_collapsed",
    "rows_outside_period",
    "stations",
    "hours_completed",
    "context_rows",
    "context_rows_recomputed",
    "fills_changed",
    "gap_lengths",
    "filled",
    "rows_inserted",
    "rows_updated",
    "rows_unchanged",
)


def write(path, rows):
    """Write rows of station, hour, ta, hm as an export."""
    headings = ",".join(ASOS_COLUMNS[field].heading for field in ("stnId", "stnNm", "tm", *COLUMNS))
    lines = [
        f"{station},지점{station},{datetime(2024, 2, 29) + timedelta(hours=hour):%Y-%m-%d %H:%M},"
        + ",".join("" if value is None else str(value) for value in values)
        for station, hour, *values in rows
    ]
    path.write_text("\n".join([headings, *lines]) + "\n", encoding="cp949")


@st.composite
def loads(draw):
    """Draw what two runs read: each some files of rows, interleaved, some repeated; a station may have no value."""
    value = st.none() | st.integers(-20, 30)
    silent = draw(st.sets(st.tuples(st.sampled_from(STATIONS), st.sampled_from(COLUMNS))))
    rows = {}
    for station in draw(st.lists(st.sampled_from(STATIONS), min_size=1, unique=True)):
        for hour in draw(st.sets(st.integers(0, HOURS), min_size=1, max_size=20)):
            rows[station, hour] = [None if (station, name) in silent else draw(value) for name in COLUMNS]
    runs = [[[], []], [[], []]]
    for (station, hour), values in draw(st.permutations(list(rows.items()))):
        for place in draw(st.sets(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1)):
            runs[place[0]][place[1]].append((station, hour, *values))
    return runs


def stored(url):
    with Database.connect(url) as database:
        changes = database.read(FILL_CHANGES).drop_columns(["run_id", "changed"])
        return (
            database.read(WEATHER_ASOS).sort_by([("stnId", "ascending"), ("tm", "ascending")]),
            changes.sort_by([(name, "ascending") for name in ("stnId", "tm", "field", "new_provenance")]),
        )


def run_twice(url, folder, runs):
    reports = [run_weather(folder / f"{n}_*.csv", url, columns=COLUMNS) for n in range(len(runs))]
    return [{name: report.to_dict()[name] for name in COUNTED} for report in reports]


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(runs=loads())
def test_parts_store_what_the_whole_stores(database_url, tmp_path_factory, runs):
    folder = tmp_path_factory.mktemp("parts")
    for number, files in enumerate(runs):
        for position, rows in enumerate(files):
            write(folder / f"{number}_{position}.csv", rows)
    whole = f"duckdb:///{folder}/whole.duckdb"
    expected = run_twice(whole, folder, runs)
    with Database.connect(database_url) as database:
        for name in (WEATHER_ASOS, FILL_CHANGES, RUNS, STORED_FILES):
            if name in database.tables():
                database.execute(f"DELETE FROM {name}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asos_spool, "ROWS_AT_ONCE", 1)
        patch.setattr(filling, "STATIONS_WITH_HISTORY", 1)
        found = run_twice(database_url, folder, runs)
    assert found == expected
    for part, one in zip(stored(database_url), stored(whole), strict=True):
        assert_equal_answers(part.select(one.column_names), one)


def test_the_mean_of_a_column_takes_parts_that_are_stored_later_and_what_they_replace(database_url, tmp_path):
    write(tmp_path / "before.csv", [(108, 0, 100, 1), (159, 0, 1, 1), (77, 0, 8, 1)])
    write(tmp_path / "new.csv", [(90, 0, None, 1), (108, 0, 2, 1), (108, 1, 4, 1), (159, 1, 5, None)])
    run_weather(tmp_path / "before.csv", database_url, columns=COLUMNS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asos_spool, "ROWS_AT_ONCE", 1)
        run_weather(tmp_path / "new.csv", database_url, columns=COLUMNS)
    with Database.connect(database_url) as database:
        (row,) = database.read(WEATHER_ASOS, filters=[("stnId", "=", 90)]).to_pylist()
    assert (row["ta"], row["ta_provenance"]) == ((2 + 4 + 1 + 5 + 8) / 5, Provenance.GLOBAL_MEAN)


def test_rows_that_differ_are_found_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(asos_spool, "ROWS_AT_ONCE", 1)
    write(tmp_path / "a.csv", [(90, 0, 1, 1), (159, 3, 1, 1), (90, 1, 1, 1)])
    write(tmp_path / "b.csv", [(159, 2, 1, 1), (90, 7, 1, 1), (159, 3, 1, 2)])
    with pytest.raises(SourceFileError, match=r"b\.csv, line 4: station 159 .* differs from .*a\.csv, line 3: hm"):
        run_weather(tmp_path / "*.csv", f"duckdb:///{tmp_path}/energy.duckdb", columns=COLUMNS)
    assert not list(tmp_path.glob("*.duckdb"))


def test_a_failure_in_a_later_part_leaves_no_row(database_url, tmp_path, monkeypatch):
    write(tmp_path / "a.csv", [(station, hour, 1, 1) for station in STATIONS for hour in range(3)])
    monkeypatch.setattr(asos_spool, "ROWS_AT_ONCE", 1)
    impute, calls = filling.impute_with_derived, []

    def fail_late(*arguments, **options):
        calls.append(1)
        if len(calls) == len(STATIONS):
            raise RuntimeError("in the last part")
        return impute(*arguments, **options)

    monkeypatch.setattr(filling, "impute_with_derived", fail_late)
    with pytest.raises(RuntimeError, match="last part"):
        run_weather(tmp_path / "a.csv", database_url, columns=COLUMNS)
    with Database.connect(database_url) as database:
        assert database.row_count(WEATHER_ASOS) == 0
        (run,) = database.read(RUNS).to_pylist()
    assert (run["status"], run["message"]) == ("failed", "RuntimeError")


def test_a_spool_without_room_says_where(tmp_path, monkeypatch):
    write(tmp_path / "a.csv", [(90, 0, 1, 1)])

    def full(*_):
        raise OSError(28, "No space left on device")

    with AsosSpool() as spool:
        monkeypatch.setattr(spool, "_keep", full)
        with pytest.raises(OSError, match=r"a\.csv cannot be kept in .*No space left.*TMPDIR"):
            spool.read(tmp_path / "a.csv")


def test_a_file_without_rows_is_one_part_without_rows(tmp_path):
    write(tmp_path / "a.csv", [])
    report = run_weather(tmp_path / "a.csv", f"duckdb:///{tmp_path}/energy.duckdb", columns=COLUMNS)
    assert (report.rows_inserted, report.stations) == (0, 0)
