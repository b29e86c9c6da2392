"""`edl layouts`: the known ones, and what a file leaves open, with the command that reads it."""

from __future__ import annotations

import re
import shlex

import pytest
from typer.testing import CliRunner

from energy_data_layer.cli.app import app
from energy_data_layer.datasets.layouts import KNOWN_LAYOUTS, LONG_LAYOUTS

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
