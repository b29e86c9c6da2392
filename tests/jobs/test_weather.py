"""The weather job into a real DuckDB: what it stores, what it keeps, and what a second run changes."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import permutations

import numpy as np
import pytest

from energy_data_layer.core.provenance import Provenance, provenance_column
from energy_data_layer.datasets.asos import ASOS_COLUMNS
from energy_data_layer.errors import ColumnNotFoundError, OptionError, SourceFileError, StorageError
from energy_data_layer.jobs.options import DEFAULT_COLUMNS
from energy_data_layer.jobs.weather import filling
from energy_data_layer.jobs.weather.from_files import STAGES, run_weather
from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, write_asos_sample
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.tables import RUNS, WEATHER_ASOS

START = datetime(2024, 3, 1)
OBSERVED, SPLINE, NEAREST, CLIMATOLOGY = 0, 1, 3, 4


@pytest.fixture
def url(tmp_path):
    return f"duckdb:///{tmp_path}/energy.duckdb"


@pytest.fixture
def export(tmp_path):
    """Write files in the portal's format: a list of values per field; `absent` hours have no line."""

    def write(name, start=START, *, absent=(), station=108, extra_heading=None, **fields):
        headings = [ASOS_COLUMNS[field].heading for field in ("stnId", "stnNm", "tm", *fields)]
        lines = [",".join(headings + ([extra_heading] if extra_heading else []))]
        for hour, values in enumerate(zip(*fields.values(), strict=True)):
            if hour not in absent:
                stamp = start + timedelta(hours=hour)
                cells = ["" if value is None else str(value) for value in values]
                cells += ["?"] if extra_heading else []
                lines.append(",".join([str(station), "서울", f"{stamp:%Y-%m-%d %H:%M}", *cells]))
        path = tmp_path / f"{name}.csv"
        path.write_text("\n".join(lines) + "\n", encoding="cp949")
        return path

    return write


def curve(hours, *, missing=(), first=0):
    """A smooth series that a spline can follow, with gaps."""
    values = np.round(10 + 5 * np.sin((np.arange(hours) + first) / 3.8), 2).tolist()
    return [None if hour in missing else value for hour, value in enumerate(values)]


def table(url):
    with Database.connect(url) as database:
        return database.read(WEATHER_ASOS).sort_by([("stnId", "ascending"), ("tm", "ascending")])


def row_at(url, hour, start=START, station=108):
    filters = [("tm", "=", start + timedelta(hours=hour)), ("stnId", "=", station)]
    with Database.connect(url) as database:
        (row,) = database.read(WEATHER_ASOS, filters=filters).to_pylist()
    return row


# --- one run ----------------------------------------------------------------------------------------


def test_hours_are_completed_imputed_and_stored_with_their_provenance(export, url):
    values = curve(48, missing={10, 30, 31, 32, 33, 34})
    report = run_weather(export("a", ta=values, rn=[None] * 48, absent={5, 20, 21}), url, columns=["ta"])
    stored = table(url)
    assert stored["tm"].to_pylist() == [START + timedelta(hours=hour) for hour in range(48)]
    assert stored["stnNm"].unique().to_pylist() == ["서울"]
    assert stored["rn"].null_count == 48
    codes = stored["ta_provenance"].to_pylist()
    assert [hour for hour, code in enumerate(codes) if code == SPLINE] == [5, 10, 20, 21]
    assert [hour for hour, code in enumerate(codes) if code > NEAREST] == [30, 31, 32, 33, 34]
    for hour, (given, code) in enumerate(zip(values, codes, strict=True)):
        assert (code != OBSERVED) or stored["ta"][hour].as_py() == given
    assert report.rows_read == 45
    assert report.stations == 1
    assert report.hours_completed == 3
    assert report.rows_inserted == 48
    assert report.gap_lengths == {"ta": {1: 2, 2: 1, 5: 1}}
    assert report.filled["ta"]["spline"] == 4
    assert report.filled["ta"]["station_mean"] == 5
    assert report.engine in {"reference", "rust"}
    assert report.engine_reason
    assert [stage.name for stage in report.stages] == list(STAGES)


def test_a_fill_beyond_the_physical_range_is_stored_at_its_bound_and_counted(export, url):
    report = run_weather(export("a", hm=[60, 75, 90, 100, None, 100, 90, 75, 60]), url, columns=["hm"])
    stored = table(url)
    assert (stored["hm"][4].as_py(), stored["hm_provenance"][4].as_py()) == (100.0, SPLINE)
    assert report.fills_clipped == 1


def test_the_report_tells_of_rows_left_out_and_columns_not_stored(export, url, caplog):
    files = [export("a", ta=curve(24), extra_heading="비고"), export("b", ta=curve(24), extra_heading="비고")]
    report = run_weather(files, url, columns=["ta"], since="2024-03-01T06:00", until="2024-03-01T09:00")
    assert (report.rows_read, report.duplicates_collapsed) == (48, 24)
    assert report.rows_outside_period == 20
    assert report.rows_inserted == 4
    assert report.columns_not_stored == ["비고"]
    assert "비고" in caplog.text


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        (None, "2024-03-01", 24),
        ("2024-03-02", None, 24),
        (date(2024, 3, 2), date(2024, 3, 2), 24),
        ("2024-03-01 23:00", datetime(2024, 3, 2, 1), 3),
        (None, "2024-02-28", 0),
    ],
)
def test_since_and_until_are_included(export, url, since, until, hours):
    report = run_weather(export("a", ta=curve(48)), url, columns=["ta"], since=since, until=until)
    assert report.rows_inserted == hours
    assert report.rows_outside_period == 48 - hours
    assert table(url).num_rows == hours


def test_several_stations_are_kept_apart(export, url):
    files = [export(f"s{n}", station=n, ta=curve(24, missing={5}, first=n)) for n in (90, 108, 159)]
    report = run_weather(files, url, columns=["ta"])
    assert (report.stations, report.rows_inserted) == (3, 72)
    assert report.filled["ta"]["spline"] == 3


# --- running again ----------------------------------------------------------------------------------


def test_a_second_run_changes_nothing(tmp_path, url):
    files = write_asos_sample(
        tmp_path / "sample", stations=SAMPLE_STATIONS[:2], since=date(2023, 1, 1), until=date(2024, 6, 1)
    )
    first = run_weather(files, url)
    before = table(url)
    second = run_weather(files, url, reread=True)
    assert (second.rows_inserted, second.rows_updated) == (0, 0)
    assert second.rows_unchanged == first.rows_inserted == before.num_rows
    assert table(url).equals(before)
    assert second.filled == first.filled
    assert second.gap_lengths == first.gap_lengths


def test_running_a_part_again_changes_nothing(export, url):
    export("a", ta=curve(24 * 20, missing={0, 100, 300, 301, 478, 479}), absent={330})
    path = export("a", ta=curve(24 * 20, missing={0, 100, 300, 301, 478, 479}), absent={330})
    run_weather(path, url, columns=["ta"])
    before = table(url)
    again = run_weather(path, url, columns=["ta"], since="2024-03-13", until="2024-03-14")
    assert (again.rows_inserted, again.rows_updated, again.context_rows_recomputed) == (0, 0, 0)
    assert table(url).equals(before)


# --- the border between two loads -------------------------------------------------------------------


def spline_fills(stored, column="ta"):
    codes = stored[provenance_column(column)].to_numpy()
    interpolated = (codes >= SPLINE) & (codes <= NEAREST)
    return np.flatnonzero(interpolated), stored[column].to_numpy()[interpolated]


def assert_same_spline_fills(left, right, column="ta"):
    assert left.num_rows == right.num_rows
    left_rows, left_values = spline_fills(left, column)
    right_rows, right_values = spline_fills(right, column)
    np.testing.assert_array_equal(left_rows, right_rows)
    np.testing.assert_allclose(left_values, right_values, rtol=0, atol=1e-9)


@pytest.mark.parametrize("hours_of_first", [23, 24, 25])
@pytest.mark.parametrize("absent", [set(), {23, 24}])
def test_a_gap_across_the_border_is_filled_as_if_both_files_came_at_once(export, tmp_path, url, hours_of_first, absent):
    values = curve(72, missing={10, 23, 24, 25, 60})
    first = export("first", ta=values[:hours_of_first], absent=absent)
    later = START + timedelta(hours=hours_of_first)
    second_absent = {hour - hours_of_first for hour in absent if hour >= hours_of_first}
    second = export("second", later, ta=values[hours_of_first:], absent=second_absent)
    run_weather(first, url, columns=["ta"])
    report = run_weather(second, url, columns=["ta"])
    both_at_once = f"duckdb:///{tmp_path}/both.duckdb"
    run_weather([first, second], both_at_once, columns=["ta"])
    assert_same_spline_fills(table(url), table(both_at_once))
    assert row_at(url, 24)["ta_provenance"] == SPLINE
    assert report.gap_lengths == {"ta": {1: 1, 3: 1}}


def test_fills_at_the_old_edge_are_recomputed_and_counted(export, url):
    values = curve(48, missing={22, 23})
    run_weather(export("first", ta=values[:24]), url, columns=["ta"])
    assert row_at(url, 23)["ta_provenance"] == NEAREST
    report = run_weather(export("second", START + timedelta(hours=24), ta=values[24:]), url, columns=["ta"])
    assert row_at(url, 23)["ta_provenance"] == SPLINE
    assert report.context_rows == 24
    assert report.context_rows_recomputed == report.rows_updated == 2
    assert report.rows_inserted == 24


def test_a_short_gap_that_grows_at_the_border_becomes_a_long_one(export, url):
    values = curve(48, missing={22, 23, 24, 25})
    run_weather(export("first", ta=values[:24]), url, columns=["ta"])
    run_weather(export("second", START + timedelta(hours=24), ta=values[24:]), url, columns=["ta"])
    assert {row_at(url, hour)["ta_provenance"] for hour in (22, 23, 24, 25)} == {Provenance.STATION_MEAN}


def test_a_file_that_comes_before_the_stored_hours(export, url):
    values = curve(48, missing={23, 24})
    run_weather(export("later", START + timedelta(hours=24), ta=values[24:]), url, columns=["ta"])
    run_weather(export("earlier", ta=values[:24]), url, columns=["ta"])
    assert {row_at(url, hour)["ta_provenance"] for hour in (23, 24)} == {SPLINE}


def test_absent_hours_between_stored_and_new_rows_are_completed(export, url):
    values = curve(72)
    run_weather(export("first", ta=values[:24]), url, columns=["ta"])
    report = run_weather(export("second", START + timedelta(hours=34), ta=values[34:]), url, columns=["ta"])
    assert report.hours_completed == 10
    assert table(url).num_rows == 72
    assert {row_at(url, hour)["ta_provenance"] for hour in range(24, 34)} == {Provenance.STATION_MEAN}


def test_hours_beyond_the_context_are_not_completed(export, url):
    run_weather(export("first", ta=curve(24)), url, columns=["ta"])
    report = run_weather(export("second", START + timedelta(days=30), ta=curve(24)), url, columns=["ta"])
    assert report.hours_completed == 0
    assert table(url).num_rows == 48


def test_climatology_fills_of_the_context_stay_as_stored(export, url):
    values = curve(48, missing=set(range(5, 12)))
    run_weather(export("first", ta=values[:24]), url, columns=["ta"])
    before = row_at(url, 8)
    report = run_weather(export("second", START + timedelta(hours=24), ta=values[24:]), url, columns=["ta"])
    assert row_at(url, 8) == before
    assert report.context_rows_recomputed == 0


def test_day_by_day_gives_the_spline_fills_of_one_load(tmp_path, url):
    files = write_asos_sample(
        tmp_path / "sample", stations=SAMPLE_STATIONS[:1], since=date(2023, 1, 1), until=date(2023, 1, 16)
    )
    for day in range(15):
        today = date(2023, 1, 1) + timedelta(days=day)
        run_weather(files, url, since=today, until=today)
    run_weather(files, url, since="2023-01-16")
    at_once = f"duckdb:///{tmp_path}/at_once.duckdb"
    run_weather(files, at_once)
    for column in DEFAULT_COLUMNS:
        assert_same_spline_fills(table(url), table(at_once), column)


# --- what is stored and what is new -----------------------------------------------------------------


def test_a_new_observation_replaces_a_fill_and_a_stored_observation(export, url):
    run_weather(export("a", ta=curve(24, missing={10})), url, columns=["ta"])
    corrected = curve(24)
    corrected[10], corrected[11] = 3.5, 4.5
    report = run_weather(export("b", ta=corrected), url, columns=["ta"])
    assert (row_at(url, 10)["ta"], row_at(url, 10)["ta_provenance"]) == (3.5, OBSERVED)
    assert (row_at(url, 11)["ta"], row_at(url, 11)["ta_provenance"]) == (4.5, OBSERVED)
    assert (report.rows_inserted, report.rows_updated, report.rows_unchanged) == (0, 2, 22)


def test_a_new_missing_value_erases_no_stored_observation(export, url):
    run_weather(export("a", ta=curve(24), rn=[0.5] * 24), url, columns=["ta"])
    before = table(url)
    report = run_weather(export("b", ta=[None] * 24, rn=[None] * 24), url, columns=["ta"])
    assert report.rows_unchanged == 24
    assert table(url).equals(before)


def test_a_quality_flag_stays_with_its_value(export, url):
    run_weather(export("a", ta=[1.0, 2.0, 3.0, 4.0, None], taQcflg=[1, 1, None, None, 9]), url, columns=["ta"])
    run_weather(export("b", ta=[5.0, None, None, 6.0, 7.0], taQcflg=[None, 9, 9, 1, None]), url, columns=["ta"])
    stored = table(url)
    assert stored["ta"].to_pylist() == [5.0, 2.0, 3.0, 6.0, 7.0]
    assert stored["taQcflg"].to_pylist() == [None, 1, None, 1, None]


def test_columns_that_the_new_file_does_not_have_stay(export, url):
    run_weather(export("a", ta=curve(24), wd=[90] * 24), url, columns=["ta"])
    run_weather(export("b", ta=curve(24, first=5)), url, columns=["ta"])
    assert table(url)["wd"].to_pylist() == [90] * 24


def test_a_stored_fill_of_another_column_stays_unless_observed_anew(export, url):
    run_weather(export("a", ta=curve(24), hm=curve(24, missing={5, 6})), url, columns=["ta", "hm"])
    fills = {hour: row_at(url, hour)["hm"] for hour in (5, 6)}
    humidity = curve(24, missing={5})
    humidity[6] = 42.0
    run_weather(export("b", ta=curve(24), hm=humidity), url, columns=["ta"])
    assert (row_at(url, 5)["hm"], row_at(url, 5)["hm_provenance"]) == (fills[5], SPLINE)
    assert (row_at(url, 6)["hm"], row_at(url, 6)["hm_provenance"]) == (42.0, OBSERVED)
    assert row_at(url, 7)["hm_provenance"] == OBSERVED


def test_a_column_imputed_later_does_not_touch_the_context_where_it_never_was(export, url):
    values = curve(48, missing={20})
    run_weather(export("a", ta=curve(48)[:24], hm=values[:24]), url, columns=["ta"])
    later = START + timedelta(hours=24)
    report = run_weather(export("b", later, ta=curve(48)[24:], hm=values[24:]), url, columns=["ta", "hm"])
    assert report.context_rows_recomputed == 0
    assert (row_at(url, 20)["hm"], row_at(url, 20)["hm_provenance"]) == (None, None)


def test_stored_years_are_the_climatology_and_stored_fills_are_not(export, url):
    long_gap = set(range(8, 16))
    a_year_ago = datetime(2023, 3, 1)
    two_years_ago = datetime(2022, 3, 1)
    run_weather(export("y1", two_years_ago, ta=curve(24)), url, columns=["ta"])
    run_weather(export("y2", a_year_ago, ta=curve(24, missing=long_gap)), url, columns=["ta"])
    assert row_at(url, 10, a_year_ago)["ta_provenance"] == CLIMATOLOGY
    colder = [None if value is None else value - 4 for value in curve(24, missing=long_gap - {10})]
    run_weather(export("y2b", a_year_ago, ta=colder), url, columns=["ta"])
    run_weather(export("y3", ta=curve(24, missing=long_gap)), url, columns=["ta"])
    expected = (curve(24)[10] + curve(24)[10] - 4) / 2
    assert row_at(url, 10)["ta_provenance"] == CLIMATOLOGY
    assert row_at(url, 10)["ta"] == pytest.approx(expected, abs=1e-9)
    assert row_at(url, 9)["ta"] == pytest.approx(curve(24)[9], abs=1e-9)


def test_other_stations_in_the_database_are_left_alone_but_count_for_the_global_mean(export, url):
    run_weather(export("a", ta=[2.0] * 24), url, columns=["ta"])
    before = row_at(url, 3)
    run_weather(export("b", station=90, ta=[None] * 24), url, columns=["ta"])
    assert row_at(url, 3) == before
    other = row_at(url, 3, station=90)
    assert (other["ta"], other["ta_provenance"]) == (2.0, Provenance.GLOBAL_MEAN)


# --- what goes wrong --------------------------------------------------------------------------------


def test_a_bad_file_leaves_no_database(export, tmp_path, url):
    good = export("a", ta=curve(24))
    (tmp_path / "bad.csv").write_text("not an export\n", encoding="utf-8")
    with pytest.raises(SourceFileError, match=r"bad\.csv"):
        run_weather([good, tmp_path / "bad.csv"], url, columns=["ta"])
    assert not list(tmp_path.glob("*.duckdb"))


def test_a_failure_at_the_end_leaves_the_previous_state(export, url, monkeypatch):
    run_weather(export("a", ta=curve(24)), url, columns=["ta"])
    before = table(url)

    def fail(*_):
        raise StorageError("the disk is full")

    monkeypatch.setattr("energy_data_layer.storage.duckdb.DuckDBDatabase.row_count", fail)
    with pytest.raises(StorageError, match="disk is full"):
        run_weather(export("b", ta=curve(24, first=3), hm=curve(24)), url, columns=["ta", "hm"])
    assert table(url).equals(before)


def test_a_failure_in_the_first_run_leaves_no_row_but_that_of_the_run(export, url, monkeypatch):
    def fail(*_args, **_options):
        raise RuntimeError("in the middle")

    monkeypatch.setattr(filling, "impute_with_derived", fail)
    with pytest.raises(RuntimeError, match="in the middle"):
        run_weather(export("a", ta=curve(24)), url, columns=["ta"])
    with Database.connect(url) as database:
        assert database.row_count(WEATHER_ASOS) == 0
        assert "ta_provenance" not in database.columns(WEATHER_ASOS)
        (run,) = database.read(RUNS).to_pylist()
    assert (run["job"], run["status"], run["message"]) == ("weather", "failed", "RuntimeError")
    assert run["finished"] is not None


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"columns": ["hm"]}, ColumnNotFoundError, '"hm" is not in the files'),
        ({"columns": []}, OptionError, "columns is empty"),
        ({"columns": ["ta", "stnId"]}, OptionError, "stnId cannot be imputed"),
        ({"since": "yesterday"}, OptionError, 'since is "yesterday"'),
        ({"until": "2024-03-01T00:00+09:00"}, OptionError, "time zone"),
        ({"max_spline_gap": 169}, OptionError, "at most 168"),
        ({"picture": "absent/gaps.png"}, StorageError, "absent does not exist"),
    ],
)
def test_options_that_cannot_be(export, tmp_path, url, options, error, message):
    with pytest.raises(error, match=message):
        run_weather(export("a", ta=curve(24)), url, **{"columns": ["ta"]} | options)
    assert not list(tmp_path.glob("*.duckdb"))


def test_a_picture_on_demand(export, tmp_path, url):
    report = run_weather(export("a", ta=curve(24, missing={5})), url, columns=["ta"], picture=tmp_path / "gaps.png")
    assert (tmp_path / "gaps.png").read_bytes().startswith(b"\x89PNG")
    assert report.stages[-1].name == "draw picture"


@pytest.mark.needs_rust
def test_both_engines_store_the_same(tmp_path, url):
    files = write_asos_sample(tmp_path / "sample", since=date(2023, 1, 1), until=date(2023, 6, 1))
    by_reference = run_weather(files, url, use_rust=False)
    reference = table(url)
    by_rust = run_weather(files, f"duckdb:///{tmp_path}/rust.duckdb", use_rust=True)
    rust = table(f"duckdb:///{tmp_path}/rust.duckdb")
    assert (by_reference.engine, by_rust.engine) == ("reference", "rust")
    assert by_rust.filled == by_reference.filled
    for name in reference.column_names:
        if name.removesuffix("_low").removesuffix("_high") in DEFAULT_COLUMNS:
            np.testing.assert_allclose(rust[name].to_numpy(), reference[name].to_numpy(), rtol=0, atol=1e-9)
        elif name.endswith("_model"):
            # A model is named by its bits.
            assert rust[name].is_null().equals(reference[name].is_null())
        else:
            assert rust[name].equals(reference[name]), name
    other_engine = run_weather(files, url, use_rust=True)
    assert (other_engine.rows_inserted, other_engine.rows_updated) == (0, 0)


@pytest.mark.parametrize(
    ("column", "reason"), [("rn", "a blank means no precipitation"), ("icsr", "night"), ("wd", "no quantity")]
)
def test_fields_that_must_not_be_imputed_are_refused(tmp_path, url, column, reason):
    files = write_asos_sample(tmp_path, stations=SAMPLE_STATIONS[:1], since=date(2023, 1, 1), until=date(2023, 1, 3))
    with pytest.raises(OptionError, match=reason):
        run_weather(files, url, columns=["ta", column])


# --- files together and one after the other ------------------------------------------------------------


def test_files_together_store_what_they_store_one_after_the_other(export, tmp_path):
    values = curve(48)
    flags = [1 if hour in {0, 30, 40} else None for hour in range(48)]
    evening = [None if hour < 24 else value for hour, value in enumerate(values)]
    morning = [None if hour >= 12 else value for hour, value in enumerate(values)]
    rain = [0.5 if hour == 7 else None for hour in range(48)]
    a = export("a", ta=evening, taQcflg=[9 if value is None else None for value in evening], rn=[None] * 48)
    b = export("b", ta=morning, absent={30, 31}, rn=rain)
    c = export("c", ta=[None if hour == 47 else value for hour, value in enumerate(evening)], taQcflg=flags)

    def stored(name, *runs):
        url = f"duckdb:///{tmp_path}/{name}.duckdb"
        for files in runs:
            run_weather(files, url, columns=["ta"], method="spline_climatology")
        return table(url)

    together = stored("together", [a, b, c])
    assert all(together["ta_provenance"][12:24].to_pylist())
    assert together["ta"][30].as_py() == values[30]
    assert together["rn"][7].as_py() == 0.5
    assert [together["taQcflg"][hour].as_py() for hour in (0, 20, 30, 40)] == [None, 9, 1, 1]
    for number, order in enumerate(permutations([a, b, c])):
        assert stored(f"order{number}", *order).equals(together)
