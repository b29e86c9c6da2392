"""The jobs at midnight and at the year's end, with plants that change, and from a folder that is damaged."""

from __future__ import annotations

import gzip
import json
from datetime import date, datetime

import pytest

from energy_data_layer.errors import SourceFileError
from energy_data_layer.jobs.solar import run_solar
from energy_data_layer.jobs.weather.from_service import collect_weather
from energy_data_layer.jobs.wind import run_wind
from energy_data_layer.services.raw import MANIFEST
from energy_data_layer.simulator.faults import Fault
from energy_data_layer.simulator.plants import Plant

from .service_jobs import JOBS, PLANTS, SOLAR, TODAY, WEATHER, WIND
from .services import runs, settings_of

EACH_JOB = pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)

# --- midnight and the year's end ----------------------------------------------------------------------


def test_a_service_whose_day_is_not_over_refuses_and_is_asked_again_later(database_url, simulator):
    """The job's clock is a little ahead: for the service yesterday is still today."""
    service = simulator(today=date(2024, 3, 9))
    first = WEATHER.run(database_url, service)
    assert (first.status, first.stopped, first.rows_inserted) == ("incomplete", False, 0)
    assert "code 99" in first.message
    assert "up to yesterday only" in first.message
    service.change(today=TODAY)
    assert WEATHER.run(database_url, service).status == "succeeded"
    WEATHER.assert_whole(database_url, service)


@EACH_JOB
def test_midnight_in_the_middle_of_a_run_changes_nothing(database_url, simulator, job):
    """The second part is answered on the next day; the day that has ended by then was not asked for."""
    service = simulator(today=TODAY, faults=[Fault("server_error", times_each=1, where=job.second_part)])
    asked = []

    def go_to_the_next_day(stage):
        asked.append(stage)
        if stage.startswith("fetch"):
            service.change(today=date(2024, 3, 11))

    report = job.run(database_url, service, on_stage=go_to_the_next_day)
    assert any(stage.startswith("fetch") for stage in asked)
    assert report.status == "succeeded"
    job.assert_whole(database_url, service)


def test_a_day_that_ends_while_its_eve_is_fetched_is_left_out(database_url, simulator):
    """Solar requests end with the day after the last one; that day, complete by now, is for the next run."""
    service = simulator(today=TODAY)
    yesterday = {"since": date(2024, 3, 9), "until": date(2024, 3, 9)}
    report = SOLAR.run(
        database_url, service, on_stage=lambda stage: service.change(today=date(2024, 3, 11)), **yesterday
    )
    assert report.collection.rows_outside == 2 * 24
    SOLAR.assert_whole(database_url, service, **yesterday)
    next_one = SOLAR.run(database_url, service, today=date(2024, 3, 11), since=date(2024, 3, 9), until=None)
    assert next_one.rows_inserted == 2 * 24
    SOLAR.assert_whole(database_url, service, since=date(2024, 3, 9), until=date(2024, 3, 10))


def test_on_new_years_day_yesterday_and_last_month_are_of_the_old_year(database_url, simulator, monkeypatch):
    new_year = date(2025, 1, 1)
    service = simulator(today=new_year)
    settings = settings_of(service)
    monkeypatch.setattr("energy_data_layer.jobs.options.today_in_korea", lambda: new_year)
    collect_weather(database_url, settings=settings, stations=[108])
    run_wind(database_url, settings=settings)
    run_solar(database_url, settings=settings, plants=PLANTS[:1])
    stamps = {WEATHER: "tm", WIND: "timestamp", SOLAR: "datetime"}
    weather, wind, solar = (sorted(set(job.stored(database_url)[name].to_pylist())) for job, name in stamps.items())
    assert (weather[0], weather[-1], len(weather)) == (datetime(2024, 12, 31), datetime(2024, 12, 31, 23), 24)
    assert (wind[0], wind[-1], len(wind)) == (datetime(2024, 12, 1, 1), datetime(2025, 1, 1), 31 * 24)
    assert (solar[0], solar[-1], len(solar)) == (datetime(2024, 12, 31), datetime(2024, 12, 31, 23), 24)


def test_the_last_hour_of_the_year_is_stored_once(database_url, simulator):
    """December and January are asked for by runs of their own that meet at midnight."""
    service = simulator(today=date(2025, 2, 10))
    for period in (("2024-12-30", "2024-12-31"), ("2025-01-01", "2025-01-02")):
        WIND.run(database_url, service, since=period[0], until=period[1], today=date(2025, 2, 10))
    WIND.assert_whole(database_url, service, since=date(2024, 12, 30), until=date(2025, 1, 2))


# --- plants that appear, disappear, change their name -------------------------------------------------


def test_plants_come_go_and_change_their_name_under_the_same_key(database_url, simulator):
    changing = [
        Plant("A", "옛 태양광", renamed={date(2024, 2, 28): "새 태양광"}),
        Plant("B", "그만둔 태양광", last_day=date(2024, 2, 27)),
        Plant("C", "시작한 태양광", first_day=date(2024, 2, 29)),
        Plant("D", None),
    ]
    service = simulator(today=TODAY, solar_plants=changing)
    plants = {"plants": tuple((plant.code, plant.unit) for plant in changing)}
    early = SOLAR.run(database_url, service, until=date(2024, 2, 27), **plants)
    assert early.plants_new == ["A 1", "B 1", "D 1"]
    assert early.plants_silent == ["C 1"]
    late = SOLAR.run(database_url, service, **plants)
    assert (late.status, late.plants_new) == ("succeeded", ["C 1"])
    assert late.plants_silent == ["B 1"]
    SOLAR.assert_whole(database_url, service, **plants)
    names = {(row["gencd"], row["plant_name"]) for row in SOLAR.stored(database_url).to_pylist()}
    assert names == {
        ("A", "옛 태양광 1"),
        ("A", "새 태양광 1"),
        ("B", "그만둔 태양광 1"),
        ("C", "시작한 태양광 1"),
        ("D", "D 1"),
    }


def test_a_plant_that_is_renamed_for_the_past_too_has_each_hour_once(database_url, simulator):
    hole = Plant("A", "옛 태양광", days_absent={date(2024, 2, 28)})
    service = simulator(today=TODAY, solar_plants=[hole])
    plants = {"plants": (("A", "1"),)}
    SOLAR.run(database_url, service, **plants)
    service.change(solar_plants=[Plant("A", "새 태양광")])
    report = SOLAR.run(database_url, service, **plants)
    assert (report.rows_inserted, report.rows_updated, report.plants_new) == (24, 0, [])
    stored = SOLAR.stored(database_url)
    assert stored.num_rows == 5 * 24
    assert stored.group_by(list(SOLAR.key)).aggregate([]).num_rows == stored.num_rows


# --- from a folder that is damaged --------------------------------------------------------------------


@pytest.fixture
def raw(tmp_path):
    return tmp_path / "raw"


def body_of_second_part(job, raw):
    """The file and the line of the manifest that hold the answer for the second part."""
    lines = [json.loads(line) for line in (raw / MANIFEST).read_text().splitlines()]
    number, line = next(
        (number, line)
        for number, line in enumerate(lines, start=1)
        if job.second_part.items() <= line["parameters"].items()
    )
    return raw / line["file"], number


def lose(path):
    path.unlink()


def halve(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def alter(path):
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"2024", b"2023")))


@EACH_JOB
@pytest.mark.parametrize(
    ("damage", "problem"),
    [(lose, "is missing"), (halve, "cannot be read as gzip"), (alter, "is not what was kept; fetch it again")],
    ids=["lost", "halved", "altered"],
)
def test_a_damaged_body_is_left_out_and_told(database_url, tmp_path, simulator, job, raw, damage, problem):
    service = simulator(today=TODAY)
    job.run(f"duckdb:///{tmp_path}/kept.duckdb", service, keep_raw=raw)
    body, line = body_of_second_part(job, raw)
    whole = body.read_bytes()
    damage(body)
    first = job.run(database_url, service, from_raw=raw)
    assert (first.status, first.collection.chunks_failed) == ("incomplete", 1)
    assert problem in first.message
    assert (body.name if damage is halve else f"{MANIFEST}, line {line}") in first.message
    assert job.assert_part(database_url, service) == first.rows_inserted > 0
    body.write_bytes(whole)
    assert job.run(database_url, service, from_raw=raw).status == "succeeded"
    job.assert_whole(database_url, service)
    assert service.request_count == 2


@EACH_JOB
def test_a_damaged_manifest_is_refused_and_half_a_line_at_its_end_is_not_missed(tmp_path, simulator, job, raw):
    service = simulator(today=TODAY)
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    job.run(f"duckdb:///{tmp_path}/kept.duckdb", service, keep_raw=raw)
    manifest = raw / MANIFEST
    whole = manifest.read_text()
    manifest.write_text("{\n" + whole)
    with pytest.raises(SourceFileError, match=f"{MANIFEST}, line 1: not a line of a manifest; remove it or fetch"):
        job.run(url, service, from_raw=raw)
    manifest.unlink()
    with pytest.raises(SourceFileError, match=f"{MANIFEST}: cannot be read"):
        job.run(url, service, from_raw=raw)
    manifest.write_text(whole + whole.splitlines()[0][:50])
    assert job.run(url, service, from_raw=raw).status == "succeeded"
    job.assert_whole(url, service)
    assert [run["status"] for run in runs(url)] == ["succeeded"]


def test_of_answers_that_were_kept_in_part_only_whole_ones_are_stored(tmp_path, simulator, raw):
    """A page of February is missing in the folder."""
    service = simulator(today=TODAY, wind_plants=[Plant(f"W{n}", f"바람{n} 풍력") for n in range(4)])
    period = {"since": date(2024, 1, 31), "until": date(2024, 2, 29)}
    WIND.run(f"duckdb:///{tmp_path}/kept.duckdb", service, keep_raw=raw, **period)
    lines = (raw / MANIFEST).read_text().splitlines()
    (raw / MANIFEST).write_text("".join(f"{line}\n" for line in lines if '"page": "2"' not in line))
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    report = WIND.run(url, service, from_raw=raw)
    assert report.status == "incomplete"
    assert "does not have this answer" in report.message
    assert WIND.assert_part(url, service, **period) == 4 * 24
