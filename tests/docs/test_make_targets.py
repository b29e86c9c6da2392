"""The targets that the pages name are there, and CI runs them, or what they call, or it is said why not."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib

import pytest

from .make_targets import LOCAL, run_by
from .pages import PAGES, ROOT, blocks_of
from .reader import MAKE

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
MEASUREMENTS = sorted(set(re.findall(r"^(bench[a-z-]*):", MAKEFILE, re.MULTILINE)))
SMOKE_TESTS = (ROOT / "tests" / "benchmark" / "test_smoke.py").read_text(encoding="utf-8")

CRATE = tomllib.loads((ROOT / "rust" / "crates" / "transforms" / "Cargo.toml").read_text(encoding="utf-8"))
RUN_BY_CARGO_TEST = {bench["name"] for bench in CRATE["bench"] if bench.get("test")}

NOT_RUN = {
    "audit": "asks the registries and advisory databases; .github/workflows/audit.yml runs the tools that it runs",
    "bench-accuracy": "scores the published files for minutes; tests/benchmark/test_smoke.py runs it in small",
    "defects": "runs tests of all lanes on copies; tests/defects/test_defects.py looks at what it would change and run",
    "format": "rewrites the sources; `make lint` fails where it would change any",
    "load": "stores ten years of all stations; tests/benchmark/test_smoke.py runs it in small",
    "fuzz": "runs as long as one likes; tests/security/test_fuzz.py and tests/mutations.rs run in short",
    "mutants": "takes hours, and a program that cargo installs",
    "lock": "asks the registries for newer packages; what it writes is what `make install` takes",
    "peers": "installs other imputers, which only `make bench` in full measures",
    "pictures": "rewrites the pictures; tests/docs/test_pages.py runs the same examples",
    "report-pages": "rewrites the pages; tests/benchmark/test_reports.py fails where it would change any",
    "reports": "runs all measurements, for half an hour; tests/benchmark/test_smoke.py runs each in small",
    "test": "runs the quick tests, all of which `make test-all` runs in its lanes",
    "test-all": "is what CI runs",
    "soak": "runs 200 days on each database; tests/benchmark/test_smoke.py runs it in small",
}
"""Targets that CI does not run, and why."""

LINES = [line for page in PAGES for block in blocks_of(page) for line in block.lines if MAKE.match(line)]


@pytest.fixture(scope="module")
def run_by_ci(made_for):
    """Return the targets that CI runs, and those of which `cargo test` runs the bench."""
    benches = {target: re.findall(r"--bench (\w+)", recipe_of(target)) for target in MEASUREMENTS}
    return run_by(LOCAL, made_for) | {target for target, names in benches.items() if {*names} & RUN_BY_CARGO_TEST}


def recipe_of(target: str) -> str:
    (recipe,) = re.findall(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    return recipe


def target_of(line: str) -> str:
    return MAKE.sub("", line).split()[0]


@pytest.mark.parametrize("line", LINES)
def test_what_a_block_makes_is_made_by_ci(line, run_by_ci):
    assert target_of(line) in run_by_ci | NOT_RUN.keys()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = MAKE.sub(lambda start: f"{start[0]} --dry-run", line)
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for path in re.findall(r"tests/[\w/]+\.py", line):
        assert (ROOT / path).is_file()


@pytest.mark.parametrize("target", MEASUREMENTS)
def test_what_measures_for_long_is_run_in_small_by_ci(target, run_by_ci):
    if target in run_by_ci:
        return
    scripts = re.findall(r"tests/benchmark/(\w+\.py)", recipe_of(target))
    assert scripts
    for script in scripts:
        assert f'smoke("{script}"' in SMOKE_TESTS, f"no test runs {script} --smoke"


def test_every_target_that_a_page_names_is_there_and_accounted_for(made_for, run_by_ci):
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = {*map(target_of, LINES), *re.findall(r"(?<=`make )[a-z][a-z-]*", text)}
    assert len(LINES) >= 5
    assert len(named) >= 10
    assert named <= made_for.keys()
    assert named <= run_by_ci | set(MEASUREMENTS) | NOT_RUN.keys()
    assert not run_by_ci & NOT_RUN.keys()
