"""Going back to the reference, rehearsed on installations whose engine is absent, of another version, broken or wrong.

What each wish has to give stands in docs/rollback.md; the table there is read, cell by cell.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from datetime import date
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from energy_data_layer import settings
from energy_data_layer.cli.app import app
from energy_data_layer.engine.equality import assert_equal_answers
from energy_data_layer.jobs.weather.from_files import run_weather
from energy_data_layer.simulator import Simulator, SimulatorOptions
from energy_data_layer.simulator.sample_generation import write_generation_sample
from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, write_asos_sample
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.migrations import SCHEMA_VERSION
from energy_data_layer.storage.tables import RUNS, STORED_FILES

from .installations import ABSENT, BROKEN, DEFECT, OTHER, RUNNING, install

PAGE = Path(__file__).parents[2] / "docs" / "rollback.md"

WISHES = {
    "USE_RUST=0": ("0", None),
    "USE_RUST=1": ("1", None),
    "USE_RUST=auto": ("auto", None),
    "USE_RUST=shadow": ("shadow", None),
    "unset": (None, None),
    # What code says wins over the variable.
    "use_rust=False": ("1", False),
    "use_rust=True": ("0", True),
}
JOBS = {
    "weather": ["--files", "INPUTS/asos/*.csv"],
    "generation": ["--files", "INPUTS/generation/*.csv"],
    "wind": ["--month", "2024-02"],
    "solar": ["--since", "2024-03-07", "--until", "2024-03-09"],
}
"""The commands that are run again, word for word, after going back."""

LONGEST_SWITCH_SECONDS = 2.0
"""A second where the page was measured, and as much again for slower machines."""

OF_THE_RUN = {"run_id", "changed", "first_seen", "last_seen", "noticed", "since"}
"""Columns that name a run or its time."""

OF_RUNS = {RUNS, SCHEMA_VERSION, STORED_FILES}
"""Tables that tell of runs and their engines, not of what was stored."""

CAUSES = {
    "EngineUnavailable": "the Rust engine is not installed",
    "EngineVersionError": "rust-data-layer 0.0.9 is installed",
    "EngineBroken": "the Rust engine is installed and does not load",
    "EngineError": "the Rust engine failed: ",
}
"""What each error says to whoever reads the terminal or the table of runs."""

ROWS = {
    "installed, same version": RUNNING,
    "not installed": ABSENT,
    "another version": OTHER,
    "installed, but does not load": BROKEN,
    "raises, panics or answers with nonsense": DEFECT,
}
EACH_STATE = pytest.mark.parametrize(
    ("row", "state"),
    [
        pytest.param(row, state, id=state, marks=[] if state in ABSENT else pytest.mark.needs_rust)
        for row, states in ROWS.items()
        for state in states
    ],
)


def table_of_the_page():
    """What each wish gives, by row and wish."""
    _, _, section = PAGE.read_text(encoding="utf-8").partition("## Without the package")
    lines = [line for line in section.partition("\n## ")[0].splitlines() if line.startswith("|")]
    headings, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    wishes = [[*re.findall("`(.+?)`", heading), *re.findall("unset", heading)] for heading in headings[1:]]
    return {
        name: {wish: cell.strip("`") for cell, group in zip(cells, wishes, strict=True) for wish in group}
        for name, *cells in rows
    }


TABLE = table_of_the_page()


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    write_asos_sample(folder / "asos", stations=SAMPLE_STATIONS[:2], since=date(2023, 1, 1), until=date(2023, 2, 10))
    write_generation_sample(folder / "generation")
    return folder


@pytest.fixture(scope="module")
def environment():
    """None of the package's variables but those that point to a simulator of the services."""
    others = {name: value for name, value in os.environ.items() if name not in settings.known()}
    with Simulator(SimulatorOptions(today=date(2024, 3, 10))) as services:
        fast = {"EDL_REQUESTS_PER_SECOND": "500", "EDL_BACKOFF_SECONDS": "0.01"}
        yield others | services.environment | fast


@pytest.fixture(scope="module")
def expected(environment, inputs, tmp_path_factory):
    """What each job stores by the reference."""
    folder = tmp_path_factory.mktemp("expected")
    for job in JOBS:
        done = CliRunner().invoke(
            app, command(job, inputs, folder / f"{job}.duckdb", "--engine", "reference"), env=environment
        )
        assert done.exit_code == 0, done.output
    return {job: stored(folder / f"{job}.duckdb") for job in JOBS}


def command(job, inputs, file, *more):
    options = [option.replace("INPUTS", str(inputs)) for option in JOBS[job]]
    return ["run", job, *options, "--db", f"duckdb:///{file}", *more]


def stored(file):
    """All rows of all tables of data, without what names a run or its time."""
    with duckdb.connect(str(file), read_only=True) as database:
        names = {name for (name,) in database.execute("SHOW TABLES").fetchall()} - OF_RUNS
        tables = {name: database.sql(f"SELECT * FROM {name} ORDER BY ALL").to_arrow_table() for name in names}
    return {name: rows.drop_columns(sorted(OF_THE_RUN & set(rows.column_names))) for name, rows in tables.items()}


def runs(file):
    """The runs recorded, the oldest first."""
    with Database.connect(f"duckdb:///{file}") as database:
        return database.read(RUNS).sort_by("started").to_pylist()


def asked(python, commands, environment):
    """What the installation answers to every wish, and its commands end with."""
    done = subprocess.run(
        [python, Path(__file__).with_name("probe.py")],
        input=json.dumps({"wishes": WISHES, "commands": commands}),
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, (done.returncode, done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def test_the_table_of_the_page_is_the_one_that_is_rehearsed():
    assert TABLE.keys() == ROWS.keys()
    assert {*WISHES, "--engine reference", "--engine rust", "--engine auto"} == TABLE["not installed"].keys()


@pytest.mark.slow
@EACH_STATE
def test_the_pipeline_goes_on_or_stops_as_the_page_says(row, state, expected, environment, inputs, tmp_path):
    """Each job is run, then again with USE_RUST=0; the weather job besides with each --engine.

    However an engine fails to load, the jobs meet the error that each wish shows: one such state runs them all.
    """
    cells = TABLE[row]
    fails_as_another = state in list(BROKEN)[1:]
    jobs = {job: tmp_path / f"{job}.duckdb" for job in (["weather"] if fails_as_another else JOBS)}
    asked_for = () if fails_as_another else ("reference", "rust", "auto")
    engines = {f"--engine {engine}": tmp_path / f"{engine}.duckdb" for engine in asked_for}
    commands = [
        *((command(job, inputs, file), wish) for wish in (None, "0") for job, file in jobs.items()),
        *((command("weather", inputs, file, *option.split()), None) for option, file in engines.items()),
    ]
    python = install(tmp_path / "installation", state)
    kept = {settings.SHADOW_FOLDER: str(tmp_path / "shadow")}
    answers = asked(python, commands, environment | kept)

    for wish, answer in answers["wishes"].items():
        assert_as_the_page_says(cells[wish], answer)
    ended = iter(answers["commands"])
    for file in jobs.values():
        assert_ended_as_the_page_says(cells["unset"], next(ended), runs(file)[0])
    for job, file in jobs.items():
        assert next(ended)["exit_code"] == 0
        first, second = runs(file)
        assert (second["status"], second["engine"]) == ("succeeded", "reference")
        assert_same_rows(file, expected[job])
        if first["status"] != "succeeded":
            assert (second["rows_updated"], second["rows_unchanged"]) == (0, 0), "the run that stopped stored rows"
    for option, file in engines.items():
        assert_ended_as_the_page_says(cells[option], next(ended), *runs(file))
        if runs(file)[0]["status"] == "succeeded":
            assert_same_rows(file, expected["weather"])


def assert_as_the_page_says(cell, answer):
    """The answers of a function are what a cell of the table says."""
    outcome, _, more = cell.partition(", ")
    assert answer["said"].lower() == outcome.lower(), answer
    assert len(answer["warnings"]) == (more == "one warning"), answer
    if outcome in CAUSES:
        assert "DataLayerError" in answer["bases"]
        assert CAUSES[outcome] in answer["message"]
    else:
        assert answer["values"] == [1.0, 2.0, 3.0]
    if more == "the mismatch counted":
        assert answer["mismatches"] == answer["compared"] == 2


def assert_ended_as_the_page_says(cell, ended, run):
    """A command ends as a cell of the table says, and its run is recorded like that."""
    outcome = cell.partition(", ")[0]
    assert "Traceback" not in ended["output"]
    if outcome not in CAUSES:
        assert ended["exit_code"] == 0, ended["output"]
        assert (run["status"], run["engine"]) == ("succeeded", outcome.lower())
        return
    assert ended["exit_code"] == 1
    assert CAUSES[outcome] in ended["output"]
    # Of a service's answers the engine may fail on one and not on the next: the run goes on with the others.
    assert run["status"] == "failed" or (run["status"], outcome) == ("incomplete", "EngineError")
    assert CAUSES[outcome] in run["message"]


def assert_same_rows(file, expected):
    found = stored(file)
    assert found.keys() == expected.keys()
    for name, rows in expected.items():
        assert_equal_answers(rows, found[name], [rows])


@pytest.mark.slow
@pytest.mark.needs_rust
def test_the_switch_takes_less_than_a_second(environment, tmp_path):
    """With the import of the engine and its first calls; of the process's own time, whoever else is at work."""
    python = install(tmp_path / "installation", *RUNNING)
    wishes = asked(python, [], environment)["wishes"]
    for wish, engine in (("USE_RUST=0", "reference"), ("USE_RUST=1", "rust"), ("USE_RUST=auto", "rust")):
        assert wishes[wish]["said"] == engine
        assert wishes[wish]["seconds"] < LONGEST_SWITCH_SECONDS


@pytest.mark.needs_rust
def test_a_running_process_switches_from_run_to_run(inputs, tmp_path, monkeypatch):
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    for wish in ("0", "1", "shadow", "auto", "0"):
        monkeypatch.setenv(settings.USE_RUST, wish)
        run_weather(inputs / "asos" / "*.csv", url)
    recorded = runs(tmp_path / "energy.duckdb")
    assert [run["engine"] for run in recorded] == ["reference", "rust", "reference", "rust", "reference"]
    assert {(run["rows_inserted"], run["rows_updated"]) for run in recorded[1:]} == {(0, 0)}
