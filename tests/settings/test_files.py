"""Settings from files: which goes before which, what is refused, and that ``edl config`` shows whence and no secret."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from energy_data_layer import settings
from energy_data_layer.errors import OptionError
from energy_data_layer.settings import files
from energy_data_layer.settings.services import ServiceSettings

SECRETS = ("s3cr3t-key", "s3cr3t-password", "s3cr3t-hook")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder without settings, and variables that go with the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr(files, "_sources", {})
    for name in settings.known():
        os.environ.pop(name, None)
    return tmp_path


def write(path, text):
    path.write_text(text, encoding="utf-8")


def test_the_environment_goes_before_env_and_that_before_toml_and_that_before_the_project(folder):
    write(
        folder / "pyproject.toml",
        '[project]\nname = "x"\n[tool.edl]\nconcurrency = 1\nattempts = 1\nbackoff_seconds = 1\n',
    )
    write(folder / "edl.toml", "concurrency = 2\nattempts = 2\nrequests_per_day = 2\n")
    write(folder / ".env", "EDL_CONCURRENCY=3\nEDL_REQUESTS_PER_DAY=3\nOTHER=3\n")
    os.environ["EDL_CONCURRENCY"] = "4"
    os.environ["EDL_ATTEMPTS"] = " "  # blank is not set
    files.load_files()
    found = {
        name: os.environ[f"EDL_{name}"] for name in ("CONCURRENCY", "REQUESTS_PER_DAY", "ATTEMPTS", "BACKOFF_SECONDS")
    }
    assert list(found.values()) == ["4", "3", "2", "1"]
    sources = [files.source_of(f"EDL_{name}") for name in found]
    assert sources == ["environment", ".env", "edl.toml", "pyproject.toml"]
    assert files.source_of("EDL_TIMEOUT_SECONDS") == "default"
    assert "OTHER" not in os.environ


def test_values_of_toml_are_what_variables_are(folder):
    write(
        folder / "edl.toml",
        """
        use_rust = false
        asos_stations = [90, 108]
        solar_plants = ["997D:1", "997D:2"]
        timeout_seconds = 2.5
        [schema_policy]
        wind_namdong = "freeze"
        """,
    )
    files.load_files()
    found = ServiceSettings()
    assert settings.use_rust() == "0"
    assert (found.asos_stations, found.solar_plants) == ((90, 108), (("997D", "1"), ("997D", "2")))
    assert (found.timeout_seconds, settings.schema_policy()) == (2.5, "wind_namdong=freeze")


def test_lines_of_env(folder):
    lines = [
        "# EDL_ATTEMPTS=1",
        "export EDL_SERVICE_KEY='a#b c' # a key",
        'USE_RUST="auto"',
        "EDL_CONCURRENCY = 3 # few",
        "x",
    ]
    write(folder / ".env", "\n".join(lines))
    files.load_files()
    assert os.environ["EDL_SERVICE_KEY"] == "a#b c"
    assert (os.environ["USE_RUST"], os.environ["EDL_CONCURRENCY"]) == ("auto", "3")
    assert "EDL_ATTEMPTS" not in os.environ


def test_another_file_takes_the_place_of_edl_toml(folder):
    write(folder / "edl.toml", "concurrency = 2")
    write(folder / "other.toml", "attempts = 2")
    os.environ["EDL_CONFIG"] = "other.toml"
    files.load_files()
    assert ("EDL_CONCURRENCY" in os.environ, os.environ["EDL_ATTEMPTS"]) == (False, "2")
    os.environ["EDL_CONFIG"] = "absent.toml"
    with pytest.raises(OptionError, match=r"EDL_CONFIG is absent\.toml, which is no file"):
        files.load_files()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("concurency = 2", 'edl.toml: there is no setting "concurency"; concurrency may be meant'),
        ("attempts = 2024-01-01", "edl.toml: attempts has a value that no setting can have"),
        ("service_key = s3cr3t-key", r"edl.toml: cannot be read \(TOMLDecodeError\)$"),
        ("\udcff", r"edl.toml: cannot be read \(UnicodeDecodeError\)$"),
    ],
)
def test_what_is_no_setting_is_refused_with_its_place(folder, text, problem):
    (folder / "edl.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(OptionError, match=problem) as caught:
        files.load_files()
    assert caught.value.__cause__ is None
    assert not any(secret in str(caught.value) for secret in SECRETS)


def edl(folder, *arguments, **variables):
    code = "import sys; sys.argv[0] = 'edl'; from energy_data_layer.cli import main; main()"
    environment = {name: value for name, value in os.environ.items() if name not in settings.known()} | variables
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_config_shows_what_is_in_force_and_whence_and_no_secret(folder):
    write(folder / ".env", "EDL_SERVICE_KEY=s3cr3t-key\nEDL_WEBHOOK_URL=https://hooks.example/s3cr3t-hook\n")
    write(folder / "edl.toml", 'database_url = "postgresql://edl:s3cr3t-password@db/energy"')
    done = edl(folder, "config", "--json", EDL_ATTEMPTS="7")
    assert done.stderr == ""
    found = {row["variable"]: (row["value"], row["from"]) for row in json.loads(done.stdout)}
    assert found.keys() == settings.known().keys()
    assert found["EDL_SERVICE_KEY"] == ("***", ".env")
    assert found["EDL_WEBHOOK_URL"] == ("***", ".env")
    assert found["EDL_DATABASE_URL"] == ("postgresql://edl:***@db/energy", "edl.toml")
    assert found["EDL_ATTEMPTS"] == ("7", "environment")
    assert found["EDL_CONCURRENCY"] == ("8", "default")
    assert found["USE_RUST"] == ("auto", "default")
    shown = edl(folder, "config", COLUMNS="80").stdout
    assert "edl.toml" in shown
    assert not any(secret in done.stdout + shown for secret in SECRETS)


def test_the_command_line_takes_its_options_from_the_files(folder):
    write(folder / "edl.toml", 'database_url = "duckdb:///absent.duckdb"')
    done = edl(folder, "status")
    assert (done.returncode, "absent.duckdb: there is no such file" in done.stderr) == (1, True)
    write(folder / "edl.toml", "databse_url = 1")
    done = edl(folder, "status")
    assert (done.returncode, done.stderr) == (
        2,
        'edl: edl.toml: there is no setting "databse_url"; database_url may be meant\n',
    )
