"""Reprocessing: tables spoiled on purpose are mended, healthy ones left alone, and nothing old is lost."""

from __future__ import annotations

import json
from datetime import date, datetime

import pytest

from energy_data_layer.core.provenance import Provenance, provenance_column
from energy_data_layer.engine.equality import assert_equal_answers
from energy_data_layer.errors import OptionError, SourceFileError, StorageError
from energy_data_layer.jobs.generation.from_files import run_generation
from energy_data_layer.jobs.reprocess import job as reprocess
from energy_data_layer.jobs.reprocess.job import run_reprocess
from energy_data_layer.jobs.weather.from_files import run_weather
from energy_data_layer.services.raw import MANIFEST
from energy_data_layer.simulator.sample_generation import write_generation_sample
from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, write_asos_sample
from energy_data_layer.storage.coverage import hourly_table
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.tables import (
    FILL_CHANGES,
    GENERATION_HOURLY,
    NAMBU_GENERATION,
    REPLACED_VALUES,
    RUNS,
    WEATHER_ASOS,
    WEATHER_KEY,
    WIND_NAMDONG,
)

from .service_jobs import JOBS, SOLAR, TODAY, WEATHER, WIND
from .services import runs

COLUMNS = ("ta", "hm", "ws", "pa")
SINCE, UNTIL = "2023-01-01", "2023-02-28"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Two months of three stations with gaps of all lengths."""
    return write_asos_sample(
        tmp_path_factory.mktemp("files"),
        stations=SAMPLE_STATIONS[:3],
        since=date(2023, 1, 1),
        until=date(2023, 2, 28),
    )


def table(url, name=WEATHER_ASOS):
    hourly = hourly_table(name)
    with Database.connect(url) as database:
        return database.read(name).sort_by([(column, "ascending") for column in (*hourly.key, hourly.stamp)])


def history(url, name):
    with Database.connect(url) as database:
        return database.read(name).to_pylist()


def spoil(url, *statements):
    with Database.connect(url) as database:
        for statement in statements:
            database.execute(statement)


def assert_same_weather(url, expected):
    """The values are equal as answers of the engines are, everything else is the same."""
    found = table(url)
    values = [name for column in COLUMNS for name in (column, provenance_column(column))]
    keys = list(WEATHER_KEY)
    assert_equal_answers(found.select([*keys, *values]), expected.select([*keys, *values]))
    assert found.drop_columns(values).equals(expected.drop_columns(values))


def undo(url, run_id):
    """Put back what a run replaced, as docs/rollback.md says."""
    with Database.connect(url) as database, database.transaction():
        for change in database.read(FILL_CHANGES, filters=[("run_id", "=", run_id)]).to_pylist():
            field, provenance = change["field"], provenance_column(change["field"])
            database.execute(
                f'UPDATE weather_asos SET "{field}" = $1, "{provenance}" = $2 WHERE "stnId" = $3 AND tm = $4',
                [change["old_value"], change["old_provenance"], change["stnId"], change["tm"]],
            )
        for change in database.read(REPLACED_VALUES, filters=[("run_id", "=", run_id)]).to_pylist():
            key = json.loads(change["row_key"])
            stamp = hourly_table(change["table_name"]).stamp
            key[stamp] = datetime.fromisoformat(key[stamp])
            where = " AND ".join(f'"{name}" = ${place}' for place, name in enumerate(key, 1))
            if change["field"] == "*":
                database.execute(f"DELETE FROM {change['table_name']} WHERE {where}", list(key.values()))
                continue
            old = "NULL" if change["old_value"] is None else f"${len(key) + 1}"
            value = [] if change["old_value"] is None else [json.loads(change["old_value"])]
            database.execute(
                f'UPDATE {change["table_name"]} SET "{change["field"]}" = {old} WHERE {where}', [*key.values(), *value]
            )


SPOILED_FILLS = (
    "UPDATE weather_asos SET ta = ta + 3 WHERE ta_provenance = 1",
    "UPDATE weather_asos SET hm_provenance = 3 WHERE hm_provenance = 1",
    "UPDATE weather_asos SET ws = NULL WHERE ws_provenance > 0",
    "UPDATE weather_asos SET pa = NULL, pa_provenance = 0 WHERE pa_provenance > 0",
    "UPDATE weather_asos SET ta = 999, ta_provenance = 9 WHERE ta_provenance = 4",
)

# --- from stored observations -------------------------------------------------------------------------


def test_a_healthy_table_stays_as_it_is(files, database_url, engine):
    run_weather(files, database_url, use_rust=False)
    before = table(database_url)
    report = run_reprocess(database_url, since=SINCE, until=UNTIL, use_rust=engine)
    assert (report.values_replaced, report.rows_inserted, report.rows_updated) == (0, 0, 0)
    assert report.values_compared == report.values_same == len(COLUMNS) * before.num_rows
    assert table(database_url).equals(before)
    assert history(database_url, FILL_CHANGES) == history(database_url, REPLACED_VALUES) == []
    assert [run["job"] for run in runs(database_url)] == ["weather", "reprocess"]


def test_spoiled_fills_are_mended_the_old_ones_kept_and_a_second_run_writes_nothing(
    files, database_url, engine, monkeypatch
):
    """A group for each station, each committed by itself."""
    monkeypatch.setattr(reprocess, "ROWS_AT_ONCE", 1)
    run_weather(files, database_url, use_rust=False)
    clean = table(database_url)
    spoil(database_url, *SPOILED_FILLS)
    spoiled = table(database_url)
    assert not spoiled.equals(clean)

    report = run_reprocess(database_url, since=SINCE, until=UNTIL, use_rust=engine)
    assert_same_weather(database_url, clean)
    found = {(r.field, r.before, r.after): r for r in report.replaced}
    assert found["ta", "spline", "spline"].largest_difference == pytest.approx(3)
    assert found["ta", "spline", "spline"].kind == "fill value"
    assert found["hm", "nearest", "spline"].kind == "fill method"
    assert ("pa", "missing", "spline") in found
    assert not any("observed" in (before, after) for _, before, after in found)
    assert sum(r.count for r in report.replaced) == report.values_replaced
    assert report.values_same + report.values_replaced == report.values_compared

    second = run_reprocess(database_url, since=SINCE, until=UNTIL, use_rust=engine)
    assert (second.values_replaced, second.rows_updated) == (0, 0)
    assert second.run_id not in {
        row["run_id"] for t in (FILL_CHANGES, REPLACED_VALUES) for row in history(database_url, t)
    }

    undo(database_url, report.run_id)
    assert table(database_url).equals(spoiled)


def test_unfilled_values_are_no_change(tmp_path, database_url):
    """No station ever observed the field: null with the code for it, in every run."""
    files = write_asos_sample(tmp_path, stations=SAMPLE_STATIONS[:1], since=date(2023, 1, 1), until=date(2023, 1, 3))
    run_weather(files, database_url, use_rust=False)
    spoil(database_url, "UPDATE weather_asos SET pa = NULL, pa_provenance = 7")
    report = run_reprocess(database_url, since=SINCE, use_rust=False)
    assert report.values_replaced == 0
    assert history(database_url, FILL_CHANGES) == []


def test_rows_that_are_gone_are_completed_and_imputed(files, database_url):
    run_weather(files, database_url, use_rust=False)
    first = SAMPLE_STATIONS[0].number
    spoil(database_url, f"DELETE FROM weather_asos WHERE \"stnId\" = {first} AND tm = '2023-01-20 05:00'")
    spoiled = table(database_url)
    report = run_reprocess(database_url, since=SINCE, until=UNTIL, use_rust=False)
    assert report.rows_inserted == 1
    (entry,) = [row for row in history(database_url, REPLACED_VALUES) if row["field"] == "*"]
    assert json.loads(entry["row_key"]) == {"stnId": first, "tm": "2023-01-20 05:00:00"}
    assert table(database_url).num_rows == spoiled.num_rows + 1
    undo(database_url, report.run_id)
    assert table(database_url).equals(spoiled)


def test_period_stations_and_columns_bound_what_is_replaced(files, database_url):
    run_weather(files, database_url, use_rust=False)
    spoil(database_url, "UPDATE weather_asos SET ta = ta + 3, hm = hm + 3 WHERE ta_provenance = 1")
    spoiled = table(database_url)
    station = SAMPLE_STATIONS[1].number
    report = run_reprocess(
        database_url, since="2023-02-10", until="2023-02-12", stations=[station], columns=["ta"], use_rust=False
    )
    changes = history(database_url, FILL_CHANGES)
    assert {(row["stnId"], row["field"]) for row in changes} <= {(station, "ta")}
    assert all(datetime(2023, 2, 3) <= row["tm"] < datetime(2023, 2, 20) for row in changes)
    assert report.values_compared == 3 * 24
    assert report.values_replaced == len(changes) > 0
    assert report.values_replaced_around == sum(
        not datetime(2023, 2, 10) <= row["tm"] < datetime(2023, 2, 13) for row in changes
    )
    undo(database_url, report.run_id)
    assert table(database_url).equals(spoiled)


def test_means_are_those_of_all_that_is_stored(files, database_url, tmp_path):
    """Rows stored month by month have climatologies of their time; made anew, both tables are the same."""
    run_weather(files, database_url, until="2023-01-31", use_rust=False)
    run_weather(files, database_url, since="2023-02-01", use_rust=False)
    at_once = f"duckdb:///{tmp_path}/at_once.duckdb"
    run_weather(files, at_once, use_rust=False)
    report = run_reprocess(database_url, since=SINCE, until=UNTIL, use_rust=False)
    assert run_reprocess(at_once, since=SINCE, until=UNTIL, use_rust=False).values_replaced == 0
    assert_same_weather(database_url, table(at_once))
    means = {method.label for method in Provenance if method >= Provenance.CLIMATOLOGY}
    assert {r.after for r in report.replaced} <= means


def test_a_dry_run_tells_the_same_and_leaves_no_trace(files, database_url):
    run_weather(files, database_url, use_rust=False)
    spoil(database_url, *SPOILED_FILLS)
    before = table(database_url)
    told = run_reprocess(database_url, since=SINCE, until=UNTIL, use_rust=False, dry_run=True)
    assert table(database_url).equals(before)
    assert [run["job"] for run in runs(database_url)] == ["weather"]
    assert history(database_url, FILL_CHANGES) == history(database_url, REPLACED_VALUES) == []
    done = run_reprocess(database_url, since=SINCE, until=UNTIL, use_rust=False)
    assert told.replaced == done.replaced
    assert told.values_replaced == done.values_replaced > 0


def test_a_run_that_dies_leaves_whole_groups_with_their_history(files, database_url, monkeypatch):
    monkeypatch.setattr(reprocess, "ROWS_AT_ONCE", 1)
    run_weather(files, database_url, use_rust=False)
    clean = table(database_url)
    spoil(database_url, *SPOILED_FILLS)
    spoiled = table(database_url)
    whole, calls = reprocess.reprocess_stations, []

    def dies_at_the_end_of_the_second(*arguments):
        whole(*arguments)
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(reprocess, "reprocess_stations", dies_at_the_end_of_the_second)
    with pytest.raises(KeyboardInterrupt):
        run_reprocess(database_url, since=SINCE, until=UNTIL, use_rust=False)
    (died,) = [run for run in runs(database_url) if run["job"] == "reprocess"]
    assert died["status"] == "failed"
    numbers = sorted(set(spoiled["stnId"].to_pylist()))
    now = table(database_url)
    for number, expected in zip(numbers, (clean, spoiled, spoiled), strict=True):
        of = ("stnId", "tm", *map(provenance_column, COLUMNS))
        selected = [[row[c] for c in of] for row in now.to_pylist() if row["stnId"] == number]
        assert selected == [[row[c] for c in of] for row in expected.to_pylist() if row["stnId"] == number]
    again = run_reprocess(database_url, since=SINCE, until=UNTIL, use_rust=False)
    assert_same_weather(database_url, clean)
    undo(database_url, again.run_id)
    undo(database_url, died["run_id"])
    assert table(database_url).equals(spoiled)


# --- from a raw folder --------------------------------------------------------------------------------

SPOILED_SOURCES = {
    WEATHER_ASOS: (
        "UPDATE weather_asos SET ta = ta + 100 WHERE ta_provenance = 0",
        "UPDATE weather_asos SET hm = 50, hm_provenance = 0 WHERE hm_provenance > 0",
        "UPDATE weather_asos SET ws = 1, ws_provenance = 1 WHERE ws_provenance = 0",
        'UPDATE weather_asos SET rn = 7, ts = NULL, "taQcflg" = 1',
        "DELETE FROM weather_asos WHERE tm < '2024-03-07 06:00'",
    ),
    WIND_NAMDONG: (
        "UPDATE wind_namdong SET generation = generation * 1000 WHERE timestamp < '2024-02-01'",
        "DELETE FROM wind_namdong WHERE timestamp > '2024-02-02 12:00'",
    ),
    NAMBU_GENERATION: (
        "UPDATE nambu_generation SET generation = 5 WHERE generation IS NULL OR generation = 0",
        "UPDATE nambu_generation SET plant_name = 'x', daily_total = NULL",
        "DELETE FROM nambu_generation WHERE datetime < '2024-02-27'",
    ),
}


@pytest.fixture
def stored_with_raw(simulator, database_url, tmp_path):
    """All three jobs have run, and kept what came in one folder; the tables as they were stored."""
    service = simulator(today=TODAY)
    for job in JOBS:
        job.run(database_url, service, keep_raw=tmp_path / "raw", use_rust=False)
    return {job.table: table(database_url, job.table) for job in JOBS}


def test_observations_are_mended_from_raw_in_full(stored_with_raw, database_url, tmp_path, engine):
    for statements in SPOILED_SOURCES.values():
        spoil(database_url, *statements)
    spoiled = {job.table: table(database_url, job.table) for job in JOBS}
    assert all(not spoiled[name].equals(clean) for name, clean in stored_with_raw.items())

    options = {"since": "2024-01-01", "until": "2024-03-09", "from_raw": tmp_path / "raw", "use_rust": engine}
    report = run_reprocess(database_url, **options)
    assert report.status == "succeeded"
    assert_same_weather(database_url, stored_with_raw[WEATHER_ASOS])
    for job in (WIND, SOLAR):
        assert table(database_url, job.table).equals(stored_with_raw[job.table])
    assert report.rows_unknown == dict.fromkeys(stored_with_raw, 0)
    assert report.rows_inserted == sum(
        clean.num_rows - spoiled[name].num_rows for name, clean in stored_with_raw.items()
    )
    second = run_reprocess(database_url, **options)
    assert (second.values_replaced, second.rows_inserted, second.rows_updated) == (0, 0, 0)
    undo(database_url, report.run_id)
    for name, before in spoiled.items():
        assert table(database_url, name).equals(before), name


def test_rows_that_raw_does_not_know_stay_and_are_counted(stored_with_raw, database_url, tmp_path):
    spoil(
        database_url,
        "INSERT INTO wind_namdong VALUES ('2024-02-01 05:00', 'elsewhere', 3)",
        "INSERT INTO weather_asos (\"stnId\", \"stnNm\", tm, ta) VALUES (90, 'Sokcho', '2024-03-08 05:00', 3)",
    )
    report = run_reprocess(
        database_url, since="2024-01-01", until="2024-03-09", from_raw=tmp_path / "raw", use_rust=False
    )
    assert report.rows_unknown == {WIND_NAMDONG: 1, NAMBU_GENERATION: 0, WEATHER_ASOS: 1}
    assert "elsewhere" in table(database_url, WIND_NAMDONG)["plant_name"].to_pylist()


def test_only_days_of_the_period_are_held_against_raw(stored_with_raw, database_url, tmp_path):
    spoil(database_url, "UPDATE wind_namdong SET generation = 7777")
    run_reprocess(database_url, since="2024-01-31", until="2024-02-01", from_raw=tmp_path / "raw", use_rust=False)
    wrong = {row["timestamp"] for row in table(database_url, WIND_NAMDONG).to_pylist() if row["generation"] == 7777}
    assert not any(datetime(2024, 1, 31, 1) <= stamp <= datetime(2024, 2, 2) for stamp in wrong)
    assert {datetime(2024, 1, 31), datetime(2024, 2, 2, 1)} <= wrong


def test_of_two_answers_for_one_hour_the_later_is_right(simulator, database_url, tmp_path):
    """A day was fetched alone, and again in a longer period after the service had corrected it."""
    first, raw = simulator(today=TODAY, seed=1), tmp_path / "raw"
    WEATHER.run(database_url, first, since=date(2024, 3, 8), until=date(2024, 3, 8), keep_raw=raw, use_rust=False)
    corrected, clean = simulator(today=TODAY, seed=2), f"duckdb:///{tmp_path}/clean.duckdb"
    for url in (database_url, clean):
        WEATHER.run(url, corrected, keep_raw=raw, use_rust=False)
    run_reprocess(database_url, since="2024-03-07", from_raw=raw, use_rust=False)
    assert_same_weather(database_url, table(clean))
    assert run_reprocess(database_url, since="2024-03-07", from_raw=raw, use_rust=False).values_replaced == 0


def test_a_body_that_cannot_be_read_makes_the_run_incomplete(stored_with_raw, database_url, tmp_path):
    raw = tmp_path / "raw"
    line = next(
        json.loads(text) for text in (raw / MANIFEST).read_text().splitlines() if json.loads(text)["service"] == "asos"
    )
    (raw / line["file"]).unlink()
    report = run_reprocess(database_url, since="2024-01-01", until="2024-03-09", from_raw=raw, use_rust=False)
    assert (report.status, report.collection.chunks_failed) == ("incomplete", 1)
    assert report.rows_unknown[WEATHER_ASOS] == 3 * 24
    assert report.replaced == []
    assert table(database_url).equals(stored_with_raw[WEATHER_ASOS])


def test_a_table_without_a_field_to_fill_stays_as_it_is(database_url, tmp_path, engine):
    lines = ["지점,지점명,일시,일조(hr)", *(f"108,서울,2024-03-01 {hour}:00,0.5" for hour in (10, 11, 14))]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    run_weather(tmp_path / "a.csv", database_url, use_rust=engine)
    before = table(database_url)
    report = run_reprocess(database_url, since="2024-03-01", use_rust=engine)
    assert table(database_url).equals(before)
    assert (report.stations, report.rows_inserted, report.values_replaced) == (1, 0, 0)
    with pytest.raises(OptionError, match="ta was never imputed; these fields were: none"):
        run_reprocess(database_url, since="2024-03-01", columns=["ta"])


# --- what is refused ----------------------------------------------------------------------------------


def test_what_cannot_be_is_refused_before_anything_is_written(files, tmp_path):
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    with pytest.raises(StorageError, match="there is no such file"):
        run_reprocess(url, since=SINCE)
    assert not (tmp_path / "energy.duckdb").exists()
    run_weather(files, url, columns=["ta"], use_rust=False)
    (tmp_path / "raw").mkdir()
    for options, error, problem in (
        ({"since": "2023-02-01", "until": "2023-01-01"}, OptionError, "is after until"),
        ({"since": "January"}, OptionError, "write a day as"),
        ({"since": SINCE, "columns": ["hm"]}, OptionError, "hm was never imputed; these fields were: ta"),
        ({"since": SINCE, "max_spline_gap": 169}, OptionError, "at most 168"),
        ({"since": SINCE, "from_raw": tmp_path / "nothing"}, OptionError, "which is no folder"),
        ({"since": SINCE, "from_raw": tmp_path / "raw"}, SourceFileError, f"{MANIFEST}: cannot be read"),
    ):
        with pytest.raises(error, match=problem):
            run_reprocess(url, **options)
    (tmp_path / "raw" / MANIFEST).write_text("")
    with pytest.raises(OptionError, match="has nothing of 2023-01-01 to"):
        run_reprocess(url, since=SINCE, from_raw=tmp_path / "raw")
    assert [run["job"] for run in history(url, RUNS)] == ["weather"]


def test_a_period_without_rows_is_no_error(files, tmp_path):
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    run_weather(files, url, use_rust=False)
    report = run_reprocess(url, since="2024-06-01", until="2024-06-30")
    assert (report.status, report.values_compared, report.stations) == ("succeeded", 0, 0)


# --- generation from files needs no reprocessing ------------------------------------------------------


def test_the_generation_job_run_again_corrects_stored_values_and_keeps_no_old_ones(tmp_path, database_url):
    files = write_generation_sample(tmp_path)
    run_generation(files, database_url, use_rust=False)
    clean = table(database_url, GENERATION_HOURLY)
    spoil(database_url, "UPDATE generation_hourly SET kwh = kwh * 1000 WHERE kwh > 0")
    report = run_generation(files, database_url, use_rust=False)
    assert (report.rows_inserted, report.rows_updated > 0) == (0, True)
    assert table(database_url, GENERATION_HOURLY).equals(clean)
    assert history(database_url, REPLACED_VALUES) == []
