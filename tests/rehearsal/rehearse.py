"""Rust let into production and taken out again, in simulated days: what an operator does, and what then has to be so.

The jobs run on the reference, then with Rust in shadow, then on Rust; the Rust engine gets a defect, a night in shadow
finds it, the jobs go back to the reference, and what the defect has stored is put right. Beside production the same
nights run on the reference alone, and the tables are compared. Prints each step with the checks that held; exits with 1
at the first that did not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from control import compare_tables
from nights import ONE_DAY

from energy_data_layer import settings
from energy_data_layer.simulator import Simulator, SimulatorOptions
from energy_data_layer.simulator.plants import SOLAR_PLANTS
from energy_data_layer.simulator.sample_generation import write_generation_sample
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.tables import FILL_CHANGES, RUNS

HERE = Path(__file__).parent
EDL = Path(sys.executable).with_name("edl")
STATIONS = [108, 112, 159]
DAYS_ABSENT = {112: {date(2024, 2, 13), date(2024, 2, 14)}}
"""Long gaps, in the days of the defect: those that interpolation fills the next night would mend."""

PLANTS = SOLAR_PLANTS[:4]
FIRST_DAY = date(2024, 1, 1)
DAYS_OF_SHADOW = 30
RENEWED_BEFORE = timedelta(days=7)
"""How far before its own days a run writes fills again."""


class CheckFailed(Exception):
    """What had to be so is not."""


def check(is_so: bool, what: str) -> None:
    """Print a check that held, or end the rehearsal."""
    if not is_so:
        raise CheckFailed(what)
    print(f"  held: {what}")


@dataclass
class Rehearsal:
    """The two databases, the simulated services and the day it is."""

    folder: Path
    simulator: Simulator
    files: list[str]
    day: date = FIRST_DAY
    has_defect: bool = False
    step: int = 0
    began: float = field(default_factory=time.perf_counter)

    @property
    def production(self) -> str:
        """The database that changes engines."""
        return f"duckdb:///{self.folder / 'production.duckdb'}"

    @property
    def control(self) -> str:
        """The database that never sees Rust."""
        return f"duckdb:///{self.folder / 'control.duckdb'}"

    @property
    def raw(self) -> str:
        """Where production keeps the bodies of the answers."""
        return str(self.folder / "raw")

    def begin(self, what: str) -> None:
        """Print the heading of a step."""
        self.step += 1
        print(f"\n{self.step}. {what}  [{time.perf_counter() - self.began:.0f} s]", flush=True)

    def nights(self, count: int, use_rust: str) -> str:
        """Run the jobs of some nights on production and on the control; return what production logged."""
        first, last = self.day, self.day + timedelta(days=count - 1)
        for url, wish, raw in ((self.production, use_rust, self.raw), (self.control, "0", None)):
            plan = {"url": url, "first": str(first), "last": str(last), "stations": STATIONS, "files": self.files}
            done = self.run([sys.executable, str(HERE / "nights.py"), json.dumps(plan | {"raw": raw})], use_rust=wish)
            if done.returncode:
                raise CheckFailed(f"the nights of {first} to {last} succeed: {done.stdout}{done.stderr}")
            if url == self.production:
                log = done.stderr
        self.day = last + ONE_DAY
        print(f"  {count} nights, {first} to {last}, with USE_RUST={use_rust}")
        return log

    def edl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command on the reference and print what an operator would read."""
        done = self.run([str(EDL), *arguments], use_rust="0")
        print(f"  $ edl {' '.join(arguments)}".replace(str(self.folder), "."))
        print("\n".join(f"    {line}" for line in done.stdout.splitlines() if line.strip()))
        print(f"    exit code {done.returncode}", flush=True)
        return done

    def run(self, command: list[str], *, use_rust: str) -> subprocess.CompletedProcess[str]:
        """Run a process with the engine that is installed, sound or not."""
        environment = {name: value for name, value in os.environ.items() if name not in settings.known()} | {
            settings.USE_RUST: use_rust,
            settings.SHADOW_FOLDER: str(self.folder / "shadow"),
            "EDL_SERVICES_URL": self.simulator.url,
            "EDL_SERVICE_KEY": str(self.simulator.options.key),
            "EDL_REQUESTS_PER_SECOND": "2000",
            "EDL_SOLAR_PLANTS": ",".join(f"{plant.code}:{plant.unit}" for plant in PLANTS),
        }
        if self.has_defect:
            environment["PYTHONPATH"] = str(HERE / "faulty_engine")
        return subprocess.run(command, env=environment, cwd=self.folder, capture_output=True, text=True, check=False)

    def fills_that_differ(self) -> int:
        """Return how many fills production and control differ in; everything else has to be the same."""
        found = compare_tables(self.production, self.control)
        check(not found.others, "observations, generation, rejects and provenance are the control's" + found.text)
        return found.fills

    def expect_the_same(self) -> None:
        """Check that production is the control."""
        check(self.fills_that_differ() == 0, "all fills are the control's")

    def engines(self, first_run: int) -> set[str]:
        """Return which engines the runs from one on had."""
        with Database.connect(self.production) as database:
            rows = database.read(RUNS, ["started", "engine"]).sort_by("started").to_pylist()
        return {row["engine"] for row in rows[first_run:]}

    def number_of(self, table: str) -> int:
        """Return how many rows a table of production has."""
        with Database.connect(self.production) as database:
            return database.row_count(table)


def rehearse(on: Rehearsal) -> None:
    """Play it."""
    db = ("--db", on.production)

    on.begin("Production on the reference")
    on.nights(7, "0")
    check(on.engines(0) == {"reference"}, "every run was on the reference")
    on.expect_the_same()

    on.begin(f"Rust in shadow for {DAYS_OF_SHADOW} days")
    log = on.nights(DAYS_OF_SHADOW, "shadow")
    check("ERROR" not in log, "no line of the log is an error")
    check(not (on.folder / "shadow").exists(), "no case was kept")
    on.expect_the_same()

    on.begin("Is the switch justified?")
    check(on.run([str(EDL), "doctor", *db], use_rust="1").returncode == 0, "nothing would fail tonight on Rust")
    report = on.edl("shadow-report", *db)
    check(report.returncode == 0, "the report says go")
    check(report.stdout.count("transform_wide_to_long") > 0, "all transforms were compared")

    on.begin("Rust on")
    runs = on.number_of(RUNS)
    on.nights(5, "1")
    check(on.engines(runs) == {"rust"}, "every run was on Rust")
    on.expect_the_same()

    on.begin("The Rust engine gets a defect: its fills are too high; nobody knows")
    first_wrong = on.day
    on.has_defect = True
    on.nights(5, "1")
    wrong = on.fills_that_differ()
    check(wrong > 0, f"{wrong} fills are not the control's")

    on.begin("The night in shadow that is due finds it")
    on.nights(1, "shadow")
    cases = sorted((on.folder / "shadow").iterdir())
    check(len(cases) > 0, "the smallest case that differs is kept")
    check(on.fills_that_differ() <= wrong, "this night itself stored nothing wrong")
    report = on.edl("shadow-report", *db)
    check(report.returncode == 1, "the report says no")
    check(on.run([str(EDL), "shadow-replay", str(cases[0])], use_rust="0").returncode == 1, "the case can be replayed")

    on.begin("Back to the reference")
    runs = on.number_of(RUNS)
    on.nights(1, "0")
    check(on.engines(runs) == {"reference"}, "every run was on the reference, with the defect still installed")

    on.begin("What is stored is computed again")
    since = ("--since", str(first_wrong - RENEWED_BEFORE))
    again = ("reprocess", *since, "--until", str(on.day - ONE_DAY), "--engine", "reference")
    before = on.fills_that_differ()
    check(before > 0, f"{before} fills are still wrong")
    check(on.edl(*again, "--dry-run", *db).returncode == 0, "the dry run tells what would be replaced")
    check(on.fills_that_differ() == before, "and leaves everything as it is")
    changes = on.number_of(FILL_CHANGES)
    check(on.edl(*again, *db).returncode == 0, "it is replaced")
    check(on.number_of(FILL_CHANGES) - changes >= before, "the old values are in the history")
    check(on.run([str(EDL), *again, "--db", on.control], use_rust="0").returncode == 0, "the control is computed again")
    on.expect_the_same()
    report = json.loads(on.run([str(EDL), *again, "--json", *db], use_rust="0").stdout)
    check(report["rows_updated"] == 0, "done once more, nothing is left to replace")
    raw = json.loads(on.run([str(EDL), *again, "--json", "--from-raw", on.raw, *db], use_rust="0").stdout)
    check(raw["rows_updated"] == 0, "nor is there by the bodies that were kept")

    on.begin("The engine is mended")
    on.has_defect = False
    check(on.run([str(EDL), "shadow-replay", str(cases[0])], use_rust="0").returncode == 0, "the case agrees now")
    on.nights(1, "shadow")
    on.expect_the_same()


def main() -> int:
    """Rehearse in a temporary folder and return the exit code."""
    last_day = FIRST_DAY + timedelta(days=365)
    options = SimulatorOptions(today=last_day, missing_hours=0.02, asos_days_absent=DAYS_ABSENT, solar_plants=PLANTS)
    with TemporaryDirectory() as name, Simulator(options) as simulator:
        files = [str(path) for path in write_generation_sample(Path(name) / "generation")]
        rehearsal = Rehearsal(Path(name), simulator, files)
        try:
            rehearse(rehearsal)
        except CheckFailed as failed:
            print(f"  DID NOT HOLD: {failed}")
            return 1
    print(f"\nAll checks held, in {time.perf_counter() - rehearsal.began:.0f} s.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
