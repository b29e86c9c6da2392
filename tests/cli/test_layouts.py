"""`edl layouts`: the known ones, and what a file leaves open, with the command that reads it."""

from __future__ import annotations

import re
import shlex

import pytest
from typer.testing import CliRunner

from energy_data_layer.cli.app import app
from energy_data_layer.datasets.layouts import KNOWN_LAYOUTS, LONG_LAYOUTS
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.tables import GENERATION_HOURLY

HOURS = [f"{hour}시" for hour in range(1, 25)]
ROW = ["2024-01-01", *map(str, range(24))]


@pytest.fixture
def edl(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "500")
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def write(tmp_path):
    def write(*rows, name="roof.csv"):
        path = tmp_path / name
        path.write_text("\n".join(map(",".join, rows)) + "\n", encoding="utf-8")
        return path

    return write


def command_of(result):
    """Return the command that is shown, as arguments."""
    (line,) = re.findall("^  (edl run .*)$", result.stdout, re.MULTILINE)
    return shlex.split(line)[1:]


def test_the_known_layouts_are_listed(edl):
    result = edl("layouts")
    assert result.exit_code == 0
    assert all(name in result.stdout for name in [*KNOWN_LAYOUTS, *LONG_LAYOUTS])


def test_a_file_that_tells_everything(edl, write):
    path = write(["거래일", *HOURS], ROW, name="한국전력거래소_시간별 발전량.csv")
    result = edl("layouts", "explain", path)
    assert result.exit_code == 0, result.output
    assert all(
        word in result.stdout for word in ("kpx_system_file", "KPX", "전국", "MWh", "1시 to 24시", "hour-ending")
    )
    assert edl(*command_of(result)).exit_code == 0


def test_all_that_a_file_leaves_open_and_the_command_that_says_it(edl, write):
    result = edl("layouts", "explain", write(["일자", *HOURS], ROW))
    assert result.exit_code == 1
    assert all(f"pass --{option}" in result.stdout for option in ("energy-unit", "publisher", "plant-name"))
    command = command_of(result)
    assert command[-6:] == ["--publisher", "PUBLISHER", "--energy-unit", "kWh", "--plant-name", "PLANT"]
    assert edl(*command).exit_code == 0


def test_the_job_tells_all_that_is_missing_with_the_command_that_says_it(edl, write, tmp_path):
    paths = [str(write(["일자", *HOURS], ROW, name=name)) for name in ("roof.csv", "wall.csv")]
    named = str(write(["일자", "발전소명", *HOURS], [ROW[0], "가람", *ROW[1:]], name="named.csv"))
    result = edl("run", "generation", "--plant-name", "가람", "--files", *paths, named)
    assert result.exit_code == 2
    assert result.stderr.count("pass --energy-unit kWh") == 1
    for told in (f"edl: {named}, {paths[0]}, {paths[1]}: ", "pass --publisher", "missing: --db, or EDL_DATABASE_URL;"):
        assert told in result.stderr
    _, _, command = result.stderr.strip().rpartition("the command could be: edl ")
    added = ["--db", "duckdb:///energy.duckdb", "--publisher", "PUBLISHER", "--energy-unit", "kWh"]
    typed = ["run", "generation", "--plant-name", "가람", "--files", *paths, named]
    assert shlex.split(command) == [*typed, *added]
    assert edl(*shlex.split(command)).exit_code == 0


def test_the_job_names_other_files_with_the_same_problem(edl, write):
    paths = [str(write(["일자", *HOURS], ROW, name=f"{name}.csv")) for name in "abcdefgh"]
    result = edl("run", "generation", "--files", *paths, "--db", "duckdb:///a.duckdb")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"edl: {paths[0]}, line 1: nothing says whether")
    assert (
        f"pass --plant-name (the same in {', '.join(paths[1:6])} and 2 more); the command could be: " in result.stderr
    )


def test_the_job_without_files_shows_what_to_type(edl):
    result = edl("run", "generation", "--override")
    assert (result.exit_code, result.stderr) == (
        2,
        "edl: missing: --files; --db, or EDL_DATABASE_URL; the command could be: "
        "edl run generation --override --files 'generation/*.csv' --db duckdb:///energy.duckdb\n",
    )


def test_a_layout_is_no_option_for_files_of_which_others_are_known(edl, write):
    unknown = write(["moment", "north"], ["2024-01-01 01:00", "5"], name="odd.csv")
    known = write(["일자", *HOURS], ROW)
    result = edl("run", "generation", "--files", known, unknown, "--db", "duckdb:///a.duckdb")
    assert f"missing: a layout, which edl layouts explain {unknown} begins; the command" in result.stderr
    assert "--layout-file layout.toml" not in result.stderr
    alone = edl("run", "generation", "--files", unknown, "--db", "duckdb:///a.duckdb")
    assert alone.stderr.endswith("--publisher PUBLISHER --layout-file layout.toml\n")


def test_a_table_that_nobody_knows_gets_the_beginning_of_a_layout(edl, write, tmp_path):
    path = write(["moment", "north"], ["2024-01-01 01:00", "5"])
    result = edl("layouts", "explain", path)
    assert result.exit_code == 1
    _, _, behind = result.stdout.partition("such as\n")
    layout, _, _ = behind.partition("Command\n")
    (tmp_path / "layout.toml").write_text(layout + 'plant_name = "north"\n', encoding="utf-8")
    command = command_of(result)
    assert command[-4:] == ["--publisher", "PUBLISHER", "--layout-file", "layout.toml"]
    assert edl(*command).exit_code == 0
    told = edl("layouts", "explain", path, "--layout-file", "layout.toml", "--publisher", "ACME")
    assert (told.exit_code, "north" in told.stdout) == (0, True)


@pytest.mark.parametrize(
    ("form", "first", "stored"),
    [("{1} (kWh)", "{end} (kWh)", 4.0), ("{0}~{1} kW", "{begin}~{end} kW", 1.0), ("{0}", "{begin}", 4.0)],
)
def test_a_table_of_quarters_gets_a_layout_that_brings_it_to_hours(edl, write, tmp_path, form, first, stored):
    times = [f"{minutes // 60:02d}:{minutes % 60:02d}" for minutes in range(0, 24 * 60 + 1, 15)]
    path = write(["일자", "발전소명", *map(form.format, times, times[1:])], [ROW[0], "가람", *["1"] * 96])
    result = edl("layouts", "explain", path)
    _, _, behind = result.stdout.partition("such as\n")
    layout, _, _ = behind.partition("Command\n")
    assert f'hours = "{first}"\n  step = "15min"' in layout
    (tmp_path / "layout.toml").write_text(layout, encoding="utf-8")
    assert edl(*command_of(result)).exit_code == 0
    with Database.connect("duckdb:///energy.duckdb") as database:
        assert database.read(GENERATION_HOURLY)["kwh"].to_pylist() == [stored] * 24


@pytest.mark.parametrize(
    ("stamp", "second", "says"),
    [
        ("2024-01-01 01:00", "2024-01-01 02:00", ""),
        ("2024010101", "2024010102", ""),
        ("2024-01-01 01:00+00:00", "2024-01-01 02:00+00:00", "stamps with an offset or such as 1/3/2024 are not read"),
        ("1/3/2024 1:00", "1/3/2024 2:00", "stamps with an offset or such as 1/3/2024 are not read"),
        ("one", "two", "no column begins with stamps"),
    ],
)
def test_the_columns_of_an_offered_layout_are_told_by_their_cells(edl, write, stamp, second, says):
    path = write(["unique_id", "ds", "y"], ["north", stamp, "5"], ["north", second, "6"])
    told = edl("layouts", "explain", path).stdout
    assert f'stamp = "{"unique_id" if stamp == "one" else "ds"}"' in told
    assert 'values = ["y"]' in told
    assert (says in told) if says else ("are not read" not in told and "no column begins" not in told)
    assert ('\n  plant = "unique_id"' in told) == (stamp != "one")


def test_a_layout_by_name_and_one_in_a_file(edl, write):
    path = write(["일자", *HOURS], ROW)
    result = edl("run", "generation", "--files", path, "--db", "duckdb:///a.duckdb", "--layout", "krc_file",
                 "--layout-file", "x.toml")  # fmt: skip
    assert result.exit_code == 2
    assert "--layout and --layout-file cannot be combined" in result.output
