"""What data bring to the terminal and the log is shown there, and obeyed by no terminal."""

from __future__ import annotations

import json
import logging
import unicodedata
from datetime import date

import pytest
from typer.testing import CliRunner

from energy_data_layer.cli.app import app
from energy_data_layer.cli.console import say
from energy_data_layer.core.logs import TextFormatter, escaped
from energy_data_layer.errors import ApiError
from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, write_asos_sample

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp.exe\u2066\u200b\x7f"
SHOWN = r"\u001b]0;owned\u0007\u001b[2J\u009b31m\u202egnp.exe\u2066\u200b\u007f"


@pytest.fixture(autouse=True)
def folder(own_environment, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def edl(*arguments):
    """Run a command; nothing that it says has a character that a terminal obeys."""
    done = CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "200"})
    for text in (done.stdout, done.stderr):
        assert not [one for one in text if one != "\n" and unicodedata.category(one) in {"Cc", "Cf", "Zl", "Zp", "Cs"}]
    return done


@pytest.fixture
def hostile_file(tmp_path):
    """An export whose name, station and a heading of which are hostile."""
    (path,) = write_asos_sample(tmp_path, stations=SAMPLE_STATIONS[:1], since=date(2024, 1, 1), until=date(2024, 1, 9))
    heading, *rows = path.read_bytes().decode("cp949").splitlines()
    name = rows[0].split(",")[1]
    hostile = tmp_path / f"asos{HOSTILE}.csv"
    lines = [f"{heading},{HOSTILE}", *(f"{row.replace(name, HOSTILE)},1" for row in rows)]
    hostile.write_text("\n".join(lines), encoding="utf-8")
    path.unlink()
    return hostile


def test_names_of_files_stations_and_headings(hostile_file):
    done = edl("run", "weather", "--files", hostile_file, "--db", "duckdb:///energy.duckdb")
    assert done.exit_code == 0, done.output
    assert SHOWN in done.stderr
    assert edl("status", "--db", "duckdb:///energy.duckdb").exit_code == 0
    again = edl("run", "weather", "--files", hostile_file, "--db", "duckdb:///energy.duckdb", "--json")
    assert json.loads(again.stdout)["files_skipped"] == [str(hostile_file)]


@pytest.mark.parametrize(
    "command", [["impute", "-o", "out.csv"], ["run", "generation", "--db", "duckdb:///e.duckdb", "--files"]]
)
def test_a_file_that_cannot_be_read(tmp_path, command):
    path = tmp_path / f"a{HOSTILE}.csv"
    path.write_text(f"stnNm,tm,{HOSTILE}\n{HOSTILE},{HOSTILE},1\n")
    done = edl(*command[:1], path, *command[1:]) if command[0] == "impute" else edl(*command, path)
    assert done.exit_code == 1, done.output
    assert "\\u001b" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_messages_of_services(capsys):
    say(str(ApiError("99", HOSTILE)))
    assert r"\u202egnp.exe\u2066" in (said := capsys.readouterr().err)
    assert said.rstrip("\n").isprintable()


def test_a_line_break_in_data_begins_no_line_of_the_log():
    record = logging.makeLogRecord(
        {"msg": "station %s", "args": ("a\n2024-01-01 INFO all went well",), "levelname": "INFO"}
    )
    line = TextFormatter().format(record)
    assert "\n" not in line
    assert r"a\n2024-01-01" in line


def test_text_is_shown_as_it_is():
    assert escaped("서울 (°C) 😀 ½ e\u0301 中") == "서울 (°C) 😀 ½ e\u0301 中"


def test_a_document_stays_the_same():
    for text in (HOSTILE, "\U000e0041\ud800\u2028\x00"):
        assert json.loads(escaped(json.dumps([text], ensure_ascii=False))) == [text]
