"""What `deploy/` holds works: commands are those of `edl`, units pass systemd, queries run on a filled PostgreSQL."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import yaml

from energy_data_layer import settings
from energy_data_layer.core.clock import today_in_korea
from energy_data_layer.jobs.solar import run_solar
from energy_data_layer.jobs.weather.from_service import collect_weather
from energy_data_layer.jobs.wind import run_wind
from energy_data_layer.storage.database import Database

from ..jobs.services import settings_of

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
TIMERS = sorted((DEPLOY / "systemd").glob("*.timer"))
EDL = Path(sys.executable).with_name("edl")
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
DASHBOARD = json.loads((DEPLOY / "grafana" / "dashboards" / "energy.json").read_text(encoding="utf-8"))


def instructions(name):
    return [line.partition(" ")[2].strip() for line in DOCKERFILE.splitlines() if line.startswith(f"{name} ")]


@pytest.fixture
def machine(tmp_path, own_environment, monkeypatch, simulator):
    """A folder as the units and the image have it, with a simulator of the services and an empty database."""
    monkeypatch.chdir(tmp_path)
    service = simulator()
    for name, value in (service.environment | {"EDL_ASOS_STATIONS": "108", "EDL_REQUESTS_PER_SECOND": "500"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("EDL_DATABASE_URL", "duckdb:///energy.duckdb")
    return tmp_path


def shell(command):
    """Run a command of a file with the `edl` of these tests."""
    line = command.replace("/opt/edl/bin/edl", shlex.quote(str(EDL))).replace("cd /var/lib/edl && ", "")
    return subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, timeout=300)


def assert_the_runs_are_recorded():
    with Database.connect("duckdb:///energy.duckdb") as database:
        runs = database.read("runs", ["job", "status"]).sort_by("job").to_pylist()
    assert [(run["job"], run["status"]) for run in runs] == [(job, "succeeded") for job in ("solar", "weather", "wind")]


def commands_of_units():
    lines = (re.search("^ExecStart=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)[1] for unit in UNITS)
    return [line.replace("%%", "%") for line in lines]


def test_each_unit_has_a_timer():
    assert (
        [unit.stem for unit in UNITS]
        == [timer.stem for timer in TIMERS]
        == [f"edl-{what}" for what in ("check", "solar", "weather", "wind")]
    )


@pytest.mark.slow
def test_the_commands_of_the_units_collect_and_check(machine):
    commands = commands_of_units()
    checks = [command for command in commands if "check" in command]
    for command in [command for command in commands if command not in checks] + checks:
        done = shell(command)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    assert_the_runs_are_recorded()


@pytest.mark.slow
def test_the_crontab_collects_and_prints_only_what_is_wrong(machine):
    lines = [line for line in (DEPLOY / "crontab").read_text(encoding="utf-8").splitlines() if line[:1].isdigit()]
    for line in lines:
        *_, user, command = line.split(None, 6)
        assert user == "edl"
        done = shell(command.replace("\\%", "%"))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), command
    assert_the_runs_are_recorded()
    with Database.connect("duckdb:///energy.duckdb") as database:
        database.execute("UPDATE runs SET status = 'failed' WHERE job = 'wind'")
    assert "wind: the last run is failed" in shell(command).stdout


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not there")
def test_systemd_accepts_units_and_hours(tmp_path):
    for file in (*UNITS, *TIMERS):
        text = file.read_text(encoding="utf-8").replace("/opt/edl/bin/edl", str(EDL)).replace("User=edl", "User=root")
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    command = ["systemd-analyze", "verify", *map(str, sorted(tmp_path.iterdir()))]
    done = subprocess.run(command, capture_output=True, text=True)
    ours = [line for line in done.stderr.splitlines() if "edl" in line]
    assert (done.returncode, ours) == (0, [])
    for timer in TIMERS:
        when = re.search("^OnCalendar=(.*)$", timer.read_text(encoding="utf-8"), re.MULTILINE)[1]
        subprocess.run(["systemd-analyze", "calendar", when], check=True, capture_output=True)


def test_the_image_runs_without_root_and_its_health_is_that_of_edl_check(machine):
    assert DOCKERFILE.index("\nUSER edl\n") < DOCKERFILE.index("\nHEALTHCHECK ")
    (health,) = instructions("HEALTHCHECK")
    command = json.loads(health.partition(" CMD ")[2])
    assert command == ["edl", "check"]
    assert subprocess.run([EDL, *command[1:]], capture_output=True).returncode == 4
    collect_weather("duckdb:///energy.duckdb", stations=[108])
    done = subprocess.run([EDL, *command[1:]], capture_output=True, text=True)
    assert (done.returncode, done.stdout.startswith("EDL OK")) == (0, True)


def test_what_compose_sets_is_what_the_package_and_its_libraries_read():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    services = compose["services"]
    assert set(services) == {"database", "prefect", "flows", "grafana"}
    own = [name for one in services.values() for name in one["environment"] if name.startswith(("EDL_", "USE_"))]
    assert set(own) <= settings.known().keys()
    assert "EDL_DATABASE_URL" in own
    volumes = [volume.partition(":") for one in services.values() for volume in one.get("volumes", [])]
    for source, _, _ in volumes:
        assert source in compose["volumes"] or (DEPLOY / source).exists(), source
    for one in services.values():
        assert set(one.get("depends_on", {})) <= services.keys()
        assert all(port.startswith("127.0.0.1:") for port in one.get("ports", []))
    build = services["prefect"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).resolve() == DEPLOY / "Dockerfile"


def test_the_extras_of_the_image_are_those_of_the_package():
    project = (DEPLOY.parent / "pyproject.toml").read_text(encoding="utf-8")
    (extras,) = re.findall(r"energy_data_layer-\*\.whl\)\[([\w,]+)\]", DOCKERFILE)
    assert all(f"\n{extra} = [" in project for extra in extras.split(","))


@pytest.fixture
def filled(postgres_url, simulator):
    """A PostgreSQL database that the three jobs have filled."""
    service = simulator()
    options = {"settings": settings_of(service), "since": date(2024, 3, 1), "until": date(2024, 3, 2)}
    collect_weather(postgres_url, stations=[108], **options)
    run_wind(postgres_url, **options)
    run_solar(postgres_url, plants=[("990S", "1")], **options)
    return postgres_url


def test_each_query_of_the_dashboard_runs_and_most_find_something(filled):
    empty = []
    with Database.connect(filled) as database:
        for panel in DASHBOARD["panels"]:
            for target in panel["targets"]:
                query = re.sub(
                    r"\$__timeFilter\((.*?)\)(?= |$)", r"\1 BETWEEN '2024-01-01' AND now()", target["rawSql"]
                )
                assert "$" not in query
                rows = database.query(query)
                if rows.num_rows == 0:
                    empty.append(panel["title"])
                if target["format"] == "time_series":
                    assert rows.column_names == ["time", "metric", "value"]
    # Nothing is wrong there.
    assert empty == ["Runs that did not succeed", "Days with fewer than 24 hours", "What changed in the sources"]


def test_the_dashboard_says_how_old_the_newest_hours_are(filled):
    (panel,) = (panel for panel in DASHBOARD["panels"] if panel["title"] == "Age of the newest hour")
    with Database.connect(filled) as database:
        ages = database.query(panel["targets"][0]["rawSql"]).to_pylist()
    days = (today_in_korea() - date(2024, 3, 3)).days
    assert {row["source"] for row in ages} == {"weather_asos", "wind_namdong", "nambu_generation"}
    assert all(days <= float(row["age"]) / 86_400 < days + 1 for row in ages), ages
