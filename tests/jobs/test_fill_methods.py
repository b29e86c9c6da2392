"""How the weather jobs fill: by the database's method, by a model that is fitted when due, and within a month."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pytest

from energy_data_layer.core.provenance import Provenance
from energy_data_layer.datasets.asos import ASOS_COLUMNS
from energy_data_layer.errors import OptionError
from energy_data_layer.files import spool as asos_spool
from energy_data_layer.jobs.reprocess.job import run_reprocess
from energy_data_layer.jobs.status import status_of
from energy_data_layer.jobs.weather.fit import fit_gap_model
from energy_data_layer.jobs.weather.from_files import run_weather
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.gap_models import FillMethod, fill_method, set_fill_method
from energy_data_layer.storage.migrations import migrate
from energy_data_layer.storage.tables import FILL_CHANGES, GAP_MODELS, WEATHER_ASOS
from energy_data_layer.transforms.impute.model import GapModel

START = datetime(2023, 1, 1)
STATIONS = (90, 108, 112, 159)
BY_MODEL = {Provenance.OPTIMAL_INTERPOLATION, Provenance.OPTIMAL_INTERPOLATION_NEIGHBOURS}
OPTIMAL = "optimal_interpolation"


def weather(days, first=0):
    """Hours of stations that resemble one another, a value each: a year, a day, a front that all feel."""
    generator = np.random.default_rng(7)
    hours = np.arange(24 * 400)
    front = np.convolve(generator.normal(size=len(hours) + 71), np.ones(72) / 8, "valid")
    return {
        station: np.round(
            10 + 8 * np.sin(2 * np.pi * hours / 8766) + 4 * np.sin(2 * np.pi * hours / 24)
            + front + np.convolve(generator.normal(size=len(hours) + 5), np.ones(6) / 8, "valid") + number,
            1,
        )[24 * first : 24 * (first + days)]
        for number, station in enumerate(STATIONS)
    }  # fmt: skip


def write(path, values, first=0, missing=None):
    """Write an export of the hours of some stations; `missing` are hours, from the first, by station."""
    lines = [",".join(ASOS_COLUMNS[name].heading for name in ("stnId", "stnNm", "tm", "ta"))]
    for station, series in values.items():
        for hour, value in enumerate(series):
            stamp = START + timedelta(days=first, hours=hour)
            text = "" if hour in (missing or {}).get(station, ()) else str(value)
            lines.append(f"{station},지점{station},{stamp:%Y-%m-%d %H:%M},{text}")
    path.write_text("\n".join(lines) + "\n", encoding="cp949")
    return path


def stored(url, station=None):
    filters = [] if station is None else [("stnId", "=", station)]
    with Database.connect(url) as database:
        return database.read(WEATHER_ASOS, filters=filters).sort_by([("stnId", "ascending"), ("tm", "ascending")])


def history(url, table):
    with Database.connect(url) as database:
        return database.read(table).to_pylist()


def run(path, url, **options):
    return run_weather(path, url, columns=["ta"], **options)


# --- a new database -------------------------------------------------------------------------------


def test_a_new_database_is_filled_by_a_model_with_intervals_and_its_name(database_url, tmp_path):
    truth = weather(120)
    gap = range(1500, 1512)
    path = write(tmp_path / "a.csv", truth, missing={108: gap})
    report = run(path, database_url)
    rows = stored(database_url, 108).to_pylist()
    filled = [rows[hour] for hour in gap]
    assert {row["ta_provenance"] for row in filled} == {Provenance.OPTIMAL_INTERPOLATION_NEIGHBOURS}
    assert {row["ta_model"] for row in filled} == {report.model}
    assert all(row["ta_low"] < row["ta"] < row["ta_high"] for row in filled)
    errors = [row["ta"] - truth[108][hour] for hour, row in zip(gap, filled, strict=True)]
    assert np.abs(errors).max() < 2
    others = [row for hour, row in enumerate(rows) if hour not in gap]
    assert {(row["ta_low"], row["ta_high"], row["ta_model"]) for row in others} == {(None, None, None)}
    assert (report.method, report.model_fitted["rows"]) == (OPTIMAL, 120 * 24 * 4)
    again = run(path, database_url, reread=True)
    assert (again.rows_updated, again.model, again.model_fitted) == (0, report.model, {})
    (model,) = history(database_url, GAP_MODELS)
    assert GapModel.from_bytes(model["model"]).id == model["id"] == report.model


def test_until_90_days_are_stored_fills_are_those_of_the_rule_and_after_that_they_are_written_again(url, tmp_path):
    truth = weather(95)
    first = {station: series[: 24 * 89] for station, series in truth.items()}
    late = range(24 * 87, 24 * 87 + 10)
    report = run(write(tmp_path / "a.csv", first, missing={108: (*range(500, 510), *late)}), url)
    assert (report.method, report.model) == (OPTIMAL, None)
    assert report.filled["ta"]["station_mean"] == 20
    rest = {station: series[24 * 89 :] for station, series in truth.items()}
    report = run(write(tmp_path / "b.csv", rest, first=89), url)
    assert report.model_fitted["until"] == "2023-04-05 23:00:00"
    codes = stored(url, 108)["ta_provenance"].to_pylist()
    assert {codes[hour] for hour in late} == {Provenance.OPTIMAL_INTERPOLATION_NEIGHBOURS}
    assert {codes[hour] for hour in range(500, 510)} == {Provenance.STATION_MEAN}
    assert (report.fills_changed, len(history(url, FILL_CHANGES))) == (10, 10)


def test_a_station_too_new_for_the_model_is_filled_by_the_rule(url, tmp_path):
    run(write(tmp_path / "a.csv", weather(100)), url)
    values = weather(103)[90][24 * 100 :]
    report = run(write(tmp_path / "b.csv", {177: values}, first=100, missing={177: [5, *range(20, 30)]}), url)
    codes = stored(url, 177)["ta_provenance"].to_pylist()
    assert (codes[5], codes[25]) == (Provenance.SPLINE, Provenance.STATION_MEAN)
    assert report.model is not None


def test_parts_with_neighbours_that_are_stored_later_fill_as_one(tmp_path, monkeypatch):
    missing = {station: range(1000 + 5 * number, 1030) for number, station in enumerate(STATIONS)}
    path = write(tmp_path / "a.csv", weather(100), missing=missing)
    tables = []
    for rows_at_once in (500_000, 1):
        monkeypatch.setattr(asos_spool, "ROWS_AT_ONCE", rows_at_once)
        url = f"duckdb:///{tmp_path}/{rows_at_once}.duckdb"
        run(path, url)
        tables.append(stored(url))
    for name in ("ta", "ta_low", "ta_high"):
        one, many = (table[name].to_numpy(zero_copy_only=False) for table in tables)
        np.testing.assert_allclose(many, one, rtol=0, atol=1e-9)
    assert tables[0]["ta_provenance"].equals(tables[1]["ta_provenance"])


def test_a_single_station_has_its_neighbours_from_the_database(url, tmp_path):
    truth = weather(102)
    run(write(tmp_path / "a.csv", {station: series[: 24 * 100] for station, series in truth.items()}), url)
    others = {station: series[24 * 100 :] for station, series in truth.items() if station != 108}
    run(write(tmp_path / "b.csv", others, first=100), url)
    late = {108: truth[108][24 * 100 :]}
    run(write(tmp_path / "c.csv", late, first=100, missing={108: range(10, 30)}), url)
    rows = stored(url, 108).to_pylist()[-48:]
    assert {rows[hour]["ta_provenance"] for hour in range(10, 30)} == {Provenance.OPTIMAL_INTERPOLATION_NEIGHBOURS}
    assert max(abs(rows[hour]["ta"] - late[108][hour]) for hour in range(10, 30)) < 2


# --- when a model is fitted -----------------------------------------------------------------------


def test_a_model_is_fitted_again_when_it_is_old_and_two_keep_their_numbers(database_url, tmp_path, monkeypatch):
    truth = weather(100)
    run(write(tmp_path / "a.csv", {station: series[: 24 * 95] for station, series in truth.items()}), database_url)
    monkeypatch.setenv("EDL_MODEL_MAX_AGE", "0")
    for day in (95, 96, 97):
        days = {station: series[24 * day : 24 * (day + 1)] for station, series in truth.items()}
        assert run(write(tmp_path / f"{day}.csv", days, first=day), database_url).model_fitted
    models = sorted(history(database_url, GAP_MODELS), key=lambda model: model["fitted"])
    assert [model["model"] is None for model in models] == [True, True, False, False]
    assert all(model["facts"] for model in models)
    monkeypatch.setenv("EDL_MODEL_MAX_AGE", "soon")
    with pytest.raises(OptionError, match='EDL_MODEL_MAX_AGE is "soon"; it can be a number of days'):
        run(tmp_path / "97.csv", database_url, reread=True)


def test_a_model_is_fitted_again_when_there_are_twice_as_many_hours(url, tmp_path):
    truth = weather(200)
    parts = {
        name: {s: v[24 * a : 24 * b] for s, v in truth.items()}
        for name, a, b in (("a", 0, 95), ("b", 95, 150), ("c", 150, 200))
    }
    models = [
        run(write(tmp_path / f"{name}.csv", parts[name], first=first), url).model_fitted.get("rows")
        for name, first in (("a", 0), ("b", 95), ("c", 150))
    ]
    assert models == [95 * 24 * 4, None, 200 * 24 * 4]


def test_fit_stores_a_model_of_the_days_that_are_named(url, tmp_path):
    run(write(tmp_path / "a.csv", weather(60)), url)
    report = fit_gap_model(url, columns=["ta"], since="2023-01-11", until="2023-02-09")
    assert (report.model_fitted["since"], report.model_fitted["rows"]) == ("2023-01-11 00:00:00", 30 * 24 * 4)
    assert run(tmp_path / "a.csv", url, reread=True).model == report.model
    # Days that are named stay the model's until it is old: it was not fitted on fewer because fewer were there.
    run(write(tmp_path / "b.csv", {s: v[24 * 60 :] for s, v in weather(100).items()}, first=60), url)
    report = fit_gap_model(url, columns=["ta"], since="2023-01-11", until="2023-02-09")
    tomorrow = {station: series[24 * 100 :] for station, series in weather(101).items()}
    assert run(write(tmp_path / "c.csv", tomorrow, first=100), url).model == report.model
    with pytest.raises(OptionError, match=r"since \(2023-02-01\) is after until \(2023-01-01\)"):
        fit_gap_model(url, since=date(2023, 2, 1), until="2023-01-01")


# --- a database of an earlier release -------------------------------------------------------------


@pytest.fixture
def earlier(url, tmp_path):
    """A database whose fills are those of the rule."""
    with Database.connect(url) as database:
        migrate(database)
        set_fill_method(database, WEATHER_ASOS, FillMethod("spline_climatology", None))
    run(write(tmp_path / "a.csv", weather(120), missing={108: range(1500, 1512), 90: [7]}), url)
    return url


def test_fills_of_the_rule_stay_and_status_says_how_to_change_them(earlier, tmp_path):
    rows = stored(earlier)
    assert set(rows["ta_provenance"].to_pylist()) == {Provenance.OBSERVED, Provenance.SPLINE, Provenance.STATION_MEAN}
    assert "ta_low" not in rows.column_names
    fills = status_of(earlier).fills
    assert (fills.method, fills.model) == ("spline_climatology", None)
    assert "edl reprocess --method optimal_interpolation" in fills.advice
    with pytest.raises(OptionError, match=r"^method is optimal_interpolation, and the fills of this database are made"):
        run(tmp_path / "a.csv", earlier, method=OPTIMAL)
    with pytest.raises(OptionError, match=r"^interval needs fills by optimal_interpolation"):
        run(tmp_path / "a.csv", earlier, interval=0.5)


def test_reprocess_changes_the_method_keeps_the_old_fills_and_later_runs_follow(earlier, tmp_path):
    before = stored(earlier)
    tried = run_reprocess(earlier, since="2023-01-01", until="2023-04-30", method=OPTIMAL, dry_run=True)
    assert tried.values_replaced == 13
    assert stored(earlier).equals(before)
    assert status_of(earlier).fills.method == "spline_climatology"
    report = run_reprocess(earlier, since="2023-01-01", until="2023-04-30", method=OPTIMAL)
    assert {(found.before, found.after, found.count) for found in report.replaced} == {
        ("spline", "optimal_interpolation_neighbours", 1),
        ("station_mean", "optimal_interpolation_neighbours", 12),
    }
    old = {(row["stnId"], row["tm"]): row["old_value"] for row in history(earlier, FILL_CHANGES)}
    was = before.filter(np.not_equal(before["ta_provenance"].to_numpy(), 0)).to_pylist()
    assert old == {(row["stnId"], row["tm"]): row["ta"] for row in was}
    assert run_reprocess(earlier, since="2023-01-01", until="2023-04-30").values_replaced == 0
    again = run(tmp_path / "a.csv", earlier)
    assert (again.method, again.model, again.rows_updated) == (OPTIMAL, report.model, 0)
    assert status_of(earlier).fills.advice == ""


def test_reprocess_changes_the_interval_of_fills_that_stay(url, tmp_path):
    path = write(tmp_path / "a.csv", weather(120), missing={108: range(1500, 1512)})
    run(path, url)
    wide = stored(url, 108)
    with pytest.raises(OptionError, match=r"^interval is 0\.5, and the fills of this database are made with 0\.9"):
        run(path, url, interval=0.5)
    assert run_reprocess(url, since="2023-01-01", until="2023-04-30", interval=0.5).values_replaced == 0
    narrow = stored(url, 108)
    assert narrow["ta"].equals(wide["ta"])
    widths = [[row["ta_high"] - row["ta_low"] for row in rows.to_pylist() if row["ta_low"]] for rows in (wide, narrow)]
    assert len(widths[0]) == len(widths[1]) == 12
    assert max(widths[1]) < min(widths[0])
    assert history(url, FILL_CHANGES) == []


def test_a_straight_line_can_be_the_method(url, tmp_path):
    report = run(write(tmp_path / "a.csv", weather(10), missing={108: range(50, 60)}), url, method="linear")
    assert report.filled["ta"]["linear"] == 10
    with Database.connect(url) as database:
        assert fill_method(database, WEATHER_ASOS) == ("linear", None)


# --- long gaps, and many fills --------------------------------------------------------------------


def test_a_gap_that_is_too_long_stays_missing_and_is_named(url, tmp_path):
    missing = {108: range(1000, 1745), 112: range(1000, 1744)}
    report = run(write(tmp_path / "a.csv", weather(120), missing=missing), url)
    assert report.values_unfilled == 745
    assert report.gaps_unfilled == ["ta of 108: 2023-02-11 16:00 to 2023-03-14 16:00"]
    rows = stored(url, 108).to_pylist()[1000:1745]
    assert {(row["ta"], row["ta_provenance"], row["ta_low"]) for row in rows} == {(None, Provenance.UNFILLED, None)}
    assert report.filled["ta"]["unfilled"] == 745
    assert report.counters()["values_filled"] == 744


def test_a_gap_is_as_long_as_it_is_in_the_database(url, tmp_path):
    truth = weather(110)
    known = {station: series[: 24 * 100] for station, series in truth.items()}
    run(write(tmp_path / "a.csv", known, missing={108: range(24 * 70, 24 * 100)}), url)
    for day in (100, 101, 102):
        days = {station: series[24 * day : 24 * (day + 1)] for station, series in truth.items()}
        report = run(write(tmp_path / f"{day}.csv", days, first=day, missing={108: range(24)}), url)
        # 30 days were missing before: with the second of these days it is more than 31.
        assert report.values_unfilled == (0 if day == 100 else 24)


def test_stations_of_mostly_fills_are_named(url, tmp_path, caplog):
    missing = {108: range(1000, 1006), 112: range(10)}
    days = {station: series[: 24 * 2] for station, series in weather(2).items()}
    report = run(write(tmp_path / "a.csv", days, missing=missing), url)
    assert report.much_filled == ["ta of 112: 10 of 48 hours are fills"]
    assert "ta of 112: 10 of 48 hours are fills" in caplog.text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "spline"}, "method is 'spline'; it must be one of"),
        ({"interval": 2}, "interval is 2; it must be a probability"),
        ({"max_gap": -1}, "max_gap is -1; it must be an integer of 0 or more"),
    ],
)
def test_an_option_that_cannot_be_is_told_before_anything_is_read(options, message, url):
    with pytest.raises(OptionError, match=message):
        run("no/such/file.csv", url, **options)


@pytest.fixture
def url(tmp_path):
    return f"duckdb:///{tmp_path}/energy.duckdb"
