"""The commands on services, against the simulated ones: what they show, write and exit with."""

from __future__ import annotations

import json
import time
from datetime import date, datetime

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

from energy_data_layer import __version__
from energy_data_layer.cli.app import app
from energy_data_layer.simulator import Fault, Plant
from energy_data_layer.storage.database import Database

DAY = date(2024, 3, 9)
DB = ("--db", "duckdb:///energy.duckdb")


@pytest.fixture
def services(simulator, own_environment, monkeypatch, tmp_path):
    """A simulator that the environment points to."""
    monkeypatch.chdir(tmp_path)
    service = simulator(today=date(2024, 3, 10))
    for name, value in (
        service.environment | {"EDL_REQUESTS_PER_SECOND": "500", "EDL_BACKOFF_SECONDS": "0.01"}
    ).items():
        monkeypatch.setenv(name, value)
    return service


def edl(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "200"})


def test_weather_wind_and_solar_into_one_database_and_its_status(services, tmp_path):
    weather = edl("run", "weather", "--date", DAY, "--stations", "108", "159", *DB)
    wind = edl("run", "wind", "--month", "2024-02", *DB)
    solar = edl("run", "solar", "--since", "2024-03-01", "--until", DAY, *DB)
    assert (weather.exit_code, wind.exit_code, solar.exit_code) == (0, 0, 0)
    assert "48 inserted" in weather.stdout
    assert "2,088 inserted" in wind.stdout
    assert "2,160 inserted" in solar.stdout
    assert json.loads((tmp_path / "energy.solar.json").read_text())["rows_inserted"] == 2160
    status = edl("status", "--wide", *DB)
    assert status.exit_code == 0
    for told in (
        "weather_asos: 48 rows",
        "wind_namdong: 2,088 rows",
        "nambu_generation: 2,160 rows",
        "2024-03-09 23:00",
    ):
        assert told in status.stdout
    assert status.stdout.count("succeeded") == 3
    document = json.loads(edl("status", "--json", *DB).stdout)
    assert sorted(run["job"] for run in document["runs"]) == ["solar", "weather", "wind"]
    assert all(run["seconds"] > 0 and run["drift_findings"] == 0 for run in document["runs"])
    assert {run["release"] for run in document["runs"]} == {__version__}
    assert status.stdout.count(f" {__version__} ") == 3


def test_drift_is_listed_and_the_last_runs_decide_the_exit_code(services):
    assert edl("drift", *DB).exit_code == 4
    edl("run", "wind", "--month", "2024-01", *DB)
    nothing = edl("drift", *DB)
    assert (nothing.exit_code, nothing.stdout) == (0, "No source changes recorded.\n")
    services.change(faults=[Fault("drift", service="namdong_wind")])
    frozen = edl("run", "wind", "--month", "2024-02", "--schema-policy", "freeze", *DB)
    assert (frozen.exit_code, edl("drift", *DB).exit_code) == (1, 0)
    assert "run once with --schema-policy evolve" in frozen.stderr
    assert edl("run", "wind", "--month", "2024-02", *DB).exit_code == 0
    # A later run of another job does not make it good, one of the same job does.
    edl("run", "solar", "--since", DAY, "--plants", "997D:1", *DB)
    listed = edl("drift", "--json", *DB)
    document = json.loads(listed.stdout)
    assert (listed.exit_code, document["current"]) == (1, True)
    assert [row["kind"] for row in document["findings"]] == ["field_new", "field_retyped", "field_vanished"]
    assert edl("drift", "--since", "2999-01-01", *DB).stdout == "No source changes recorded.\n"
    edl("run", "wind", "--month", "2024-02", *DB)
    shown = edl("drift", *DB)
    assert shown.exit_code == 0
    assert "field_new" in shown.stdout
    wrong = edl("drift", "--since", "yesterday", *DB)
    assert (wrong.exit_code, "write a day as 2024-01-31" in wrong.stderr) == (2, True)


def test_what_is_not_there_is_seen_in_the_status(services):
    services.change(solar_plants=[Plant("997D", None, days_absent={date(2024, 3, 4)})])
    edl("run", "solar", "--since", "2024-03-01", "--until", DAY, "--plants", "997D:1", *DB)
    told = "997D 1 │      │ 2024-03-09 23:00 │          1 │ 2024-03-04"
    assert told in edl("status", *DB).stdout


def test_the_status_fits_a_terminal_and_has_names_and_local_time(services, monkeypatch, tz):
    services.change(
        solar_plants=[Plant("997D", "가나다라마바사아자차카타파하 수상태양광발전소", days_absent={date(2024, 3, 4)})],
        faults=[Fault("gateway_error", code="10", where={"stnIds": "108"})],
    )
    edl("run", "solar", "--since", "2024-03-01", "--until", DAY, "--plants", "997D:1", *DB)
    edl("run", "weather", "--date", DAY, "--stations", "108,159", *DB)
    edl("run", "wind", "--month", "2024-02", *DB)
    with Database.connect("duckdb:///energy.duckdb") as database:
        database.execute("UPDATE runs SET started = $1", [datetime(2024, 3, 9, 15, 30)])
    monkeypatch.setenv("COLUMNS", "80")
    shown = CliRunner().invoke(app, ["status", *DB]).stdout
    assert [line for line in shown.splitlines() if cell_len(line) > 80] == []
    # The last hour of a day is that which begins at 23:00, whatever the stamp of the table.
    assert shown.count("2024-02-29 23:00") == 3
    assert shown.count("2024-03-09 23:00") == 2
    assert "2024-03-10 00:30" in shown
    assert "1 of 2 parts could not be fetched" in shown
    assert "release" not in shown
    assert "release" in edl("status", "--wide", *DB).stdout


@pytest.fixture
def tz(monkeypatch):
    """A machine whose clock is that of Korea."""
    monkeypatch.setenv("TZ", "Asia/Seoul")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_a_database_without_rows_has_a_status_too(services):
    with Database.connect("duckdb:///energy.duckdb"):
        pass
    status = edl("status", *DB)
    assert status.exit_code == 0
    assert "No rows are stored yet" in status.stdout


def test_the_status_of_a_database_that_is_not_there_creates_none(services, tmp_path):
    status = edl("status", *DB)
    assert status.exit_code == 1
    assert "energy.duckdb" in status.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("weather", "--date", DAY, "--stations", "108"), "asos 108 2024-03-09..2024-03-09"),
        (("weather", "--date", DAY, "--stations", "108", "--backfill"), "asos 108 2024-03-09..2024-03-09"),
        (("wind", "--month", "2024-02"), "namdong_wind 2024-02-01..2024-02-29"),
        (("solar", "--since", DAY, "--until", DAY, "--plants", "997D:1"), "nambu_solar 997D 1 2024-03-09..2024-03-09"),
    ],
)
def test_a_dry_run_tells_what_it_would_ask_and_leaves_nothing(services, tmp_path, command, told):
    result = edl("run", *command, "--dry-run", *DB)
    assert result.exit_code == 0
    assert told in result.stdout
    assert services.request_count == 0
    assert list(tmp_path.iterdir()) == []


def test_an_incomplete_run_exits_with_one_and_says_what_is_missing(services, tmp_path):
    services.change(faults=[Fault("gateway_error", code="10", where={"stnIds": "108"})])
    result = edl("run", "weather", "--date", DAY, "--stations", "108,159", *DB)
    assert result.exit_code == 1
    assert "edl: weather is incomplete: 1 of 2 parts could not be fetched" in result.stderr
    assert "108 2024-03-09 to 2024-03-09" in result.stdout
    assert json.loads((tmp_path / "energy.weather.json").read_text())["status"] == "incomplete"
    assert "incomplete" in edl("status", *DB).stdout


def test_a_run_to_which_nothing_came_exits_with_one(services, tmp_path):
    result = edl("run", "solar", "--since", DAY, "--until", DAY, "--plants", "none:1", *DB)
    assert result.exit_code == 1
    assert f"edl: solar is empty: 0 of 24 expected hours arrived for none 1, {DAY} to {DAY}" in result.stderr
    assert json.loads((tmp_path / "energy.solar.json").read_text())["status"] == "empty"


def test_drift_is_shown(services):
    services.change(faults=[Fault("drift", service="namdong_wind")])
    result = edl("run", "wind", "--month", "2024-02", *DB)
    assert result.exit_code == 0
    assert "The service changed its answers" in result.stdout


def test_the_report_as_json_is_all_there_is_on_standard_output(services):
    report = json.loads(edl("run", "wind", "--month", "2024-02", "--json", *DB).stdout)
    assert (report["job"], report["rows_inserted"]) == ("wind", 2088)
    assert services.options.key not in json.dumps(report)


def test_bodies_kept_are_replayed(services, tmp_path):
    edl("run", "wind", "--month", "2024-02", "--keep-raw", "raw", *DB)
    asked = services.request_count
    result = edl("run", "wind", "--from-raw", "raw", "--db", "duckdb:///second.duckdb")
    assert result.exit_code == 0
    assert "2,088 inserted" in result.stdout
    assert services.request_count == asked


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (
            ("weather", "--date", "2024-03-09", "--since", "2024-03-01"),
            "--date cannot be combined with --since",
        ),
        (("weather", "--stations", "Seoul"), "--stations takes numbers, not Seoul"),
        (("weather", "--files", "a.csv", "--dry-run"), "--files cannot be combined"),
        (
            ("weather", "--picture", "a.png"),
            "missing: --files, which --picture needs; the command could be: edl run weather",
        ),
        (
            ("weather", "--files", "a.csv", "--stations", "108", "--backfill", "--date", "2024-03-09", "--until", "x"),
            "edl: --date cannot be combined with --until; --files cannot be combined with --stations and --backfill\n",
        ),
        (("wind", "--month", "March"), "month is"),
        (("solar", "--plants", "997D"), "code:unit"),
    ],
)
def test_wrong_usage_exits_with_two(services, command, problem):
    result = edl("run", *command, *DB)
    assert result.exit_code == 2
    assert problem in result.stderr


def test_without_a_key_the_message_names_the_variable(services, monkeypatch):
    monkeypatch.delenv("EDL_SERVICE_KEY")
    result = edl("run", "wind", *DB)
    assert result.exit_code == 2
    assert "EDL_SERVICE_KEY" in result.stderr


def test_all_that_is_missing_is_told_at_once_with_the_command_to_type(services, monkeypatch):
    monkeypatch.delenv("EDL_SERVICE_KEY")
    result = edl("run", "weather", "--columns", "ta", "--since", "2024-03-01")
    assert result.exit_code == 2
    assert result.stderr == (
        "edl: missing: --files, or a key of the service in EDL_SERVICE_KEY; --db, or EDL_DATABASE_URL; the "
        "command could be: edl run weather --columns ta --since 2024-03-01 --files 'asos/*.csv' --db duckdb:///energy.duckdb\n"
    )


def test_the_command_to_type_shows_no_password(services):
    url = "postgresql://edl:s3cret@127.0.0.1/x"
    result = edl("run", "weather", "--picture", "a.png", "--db", url)
    assert "missing: --files, which --picture needs" in result.stderr
    assert "s3cret" not in result.stderr


def test_a_database_of_the_environment_and_a_key_are_not_missing(services, monkeypatch, tmp_path):
    monkeypatch.setenv("EDL_DATABASE_URL", f"duckdb:///{tmp_path}/energy.duckdb")
    assert edl("run", "weather", "--date", DAY, "--stations", "108").exit_code == 0


def test_the_report_of_files_names_what_is_doubtful(services, tmp_path):
    lines = [f"108,서울,2024-03-01 {hour:02d}:00,{value}" for hour, value in enumerate((60, 150, 9999, 62))]
    (tmp_path / "a.csv").write_text("\n".join(["지점,지점명,일시,습도(%)", *lines]) + "\n", encoding="utf-8")
    result = edl("run", "weather", "--files", "a.csv", "--missing-values", "9999", *DB)
    assert result.exit_code == 0
    for told in (
        "Missing-value markers\n  hm 1\n",
        "Columns that no file has, and that are not filled\n  ta, ws, pa\n",
        "Observations outside the physical bounds (--out-of-range missing takes them out)\n"
        "  hm: 1 outside 0 to 100, first 108 2024-03-01 01:00: 150.0\n",
    ):
        assert told in result.stdout
    result = edl(
        "run", "weather", "--files", "a.csv", "--missing-values", "ws=9999,hm=9999", "--out-of-range", "missing", *DB
    )
    assert (result.exit_code, "│ rows rejected                         │ 1 " in result.stdout) == (0, True)


def test_the_way_out_of_suspicious_numbers_is_an_option_to_type(services, tmp_path):
    lines = [f"108,서울,2024-03-01 {hour:02d}:00,{value}" for hour, value in enumerate((60, -9, -9, 62))]
    (tmp_path / "a.csv").write_text("\n".join(["지점,지점명,일시,습도(%)", *lines]) + "\n", encoding="utf-8")
    result = edl("run", "weather", "--files", "a.csv", *DB)
    assert result.exit_code == 1
    assert result.stderr.endswith(
        "a.csv, line 3: numbers that look as if they stood for missing values: hm -9 in 2 rows, first 108 2024-03-01 "
        "01:00; pass --missing-values hm=-9 if they do, or --missing-values hm= if they were measured\n"
    )
    assert edl("run", "weather", "--files", "a.csv", "--missing-values", "hm=-9", *DB).exit_code == 0
    for measured in ("hm=", ""):
        assert edl("run", "weather", "--files", "a.csv", "--missing-values", measured, *DB).exit_code == 0
