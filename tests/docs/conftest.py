"""Where the reader of a page sits: a clone with its environment, the demonstration's data, services to ask."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from energy_data_layer.simulator import Plant
from energy_data_layer.simulator.sample_generation import write_generation_sample
from energy_data_layer.simulator.sample_weather import write_asos_sample

from .make_targets import made_for_targets
from .pages import ROOT
from .postgres_at_db_example import postgres_at_db_example as postgres_at_db_example
from .reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

PLANTS_OF_THE_PAGES = (Plant("997D", "한빛 태양광", "1"), Plant("997D", "한빛 태양광", "2"))

KEY = "..."
"""The pages write `EDL_SERVICE_KEY=...`; the reader's services accept just that."""


@pytest.fixture(scope="session")
def demo_data(tmp_path_factory) -> Path:
    """The data sets of `make demo`, of the weather the second half."""
    folder = tmp_path_factory.mktemp("demo")
    write_asos_sample(folder / "asos_hourly", since=date(2023, 7, 1))
    write_generation_sample(folder / "generation")
    return folder


@pytest.fixture(scope="session")
def wheels(tmp_path_factory) -> Path:
    """What `make build` makes without cargo."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def made_for() -> dict[str, set[str]]:
    """Each target of the Makefile with what is made for it first."""
    return made_for_targets()


@pytest.fixture
def reader(tmp_path, demo_data, wheels, simulator, monkeypatch) -> Iterator[Reader]:
    """A reader in a folder like a clone after `make demo` and `make build`, whose variables are nobody else's."""
    shutil.copytree(demo_data, tmp_path / "demo")
    shutil.copytree(ROOT / "tests" / "equivalence", tmp_path / "tests" / "equivalence")
    (tmp_path / "docs" / "pictures").mkdir(parents=True)
    (tmp_path / "dist").symlink_to(wheels)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    monkeypatch.chdir(tmp_path)
    reader = Reader(
        tmp_path,
        {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            # What is installed has to do: nothing is fetched, and nothing replaced.
            "PIP_NO_INDEX": "1",
            "PIP_DRY_RUN": "1",
            # Whoever serves the flows looks for runs every ten seconds otherwise.
            "PREFECT_RUNNER_POLL_FREQUENCY": "1",
            "EDL_SERVICES_URL": simulator(key=KEY, solar_plants=PLANTS_OF_THE_PAGES).url,
            "EDL_REQUESTS_PER_SECOND": "500",
            "EDL_REAL_DATA": str(tmp_path / "demo"),
        },
    )
    yield reader
    reader.close()
