"""Fixtures of the whole suite."""

from __future__ import annotations

import os
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from energy_data_layer import settings
from energy_data_layer.simulator import Simulator, SimulatorOptions

from .ports import silent_port
from .postgres_server import PostgresServer, find_binaries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

POSTGRES_IS_REQUIRED = os.environ.get("EDL_TEST_REQUIRE_POSTGRES") == "1"
RUST_IS_REQUIRED = os.environ.get("EDL_TEST_REQUIRE_RUST") == "1"
SHADOW_LANE = settings.use_rust() == settings.SHADOW

hypothesis.settings.register_profile("fast", max_examples=25, deadline=None, derandomize=bool(os.environ.get("CI")))
hypothesis.settings.register_profile("balanced", max_examples=300, deadline=None)
hypothesis.settings.register_profile("expensive", max_examples=5000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or "fast")


REAL_DATA = Path(os.environ.get("EDL_REAL_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
"""The published files: the folder that EDL_REAL_DATA names, else shared/data beside the repository."""


@pytest.fixture(scope="session")
def real_data_folder() -> Path:
    """The published files; where they are absent, whatever engine is required, the test is skipped."""
    if not REAL_DATA.is_dir():
        pytest.skip("the published files are absent; EDL_REAL_DATA names their folder")
    return REAL_DATA


@pytest.fixture(
    scope="session",
    params=[pytest.param(None, id="shadow")]
    if SHADOW_LANE
    else [
        pytest.param(False, id="reference"),
        pytest.param(True, id="rust", marks=pytest.mark.needs_rust),
    ],
)
def engine(request: pytest.FixtureRequest) -> bool | None:
    """Each engine in turn, as the value of `use_rust`, each in its lane; in the shadow lane none is named."""
    use_rust: bool | None = request.param
    return use_rust


@pytest.fixture
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of the package's variables is set but the lane's engine."""
    for name in settings.known():
        if not (SHADOW_LANE and name == settings.USE_RUST):
            monkeypatch.delenv(name, raising=False)


@pytest.fixture
def simulator() -> Iterator[Callable[..., Simulator]]:
    """Start simulators of the services with the options of `SimulatorOptions`; they end with the test."""
    with ExitStack() as running:

        def start(**options: Any) -> Simulator:
            return running.enter_context(Simulator(SimulatorOptions(**options)))

        yield start


@pytest.fixture
def silent_url() -> Iterator[str]:
    """The URL of a server that is not there: its port is held, and refuses connections."""
    with silent_port() as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test process, running."""
    server = new_postgres_server()
    yield server
    server.close()


@pytest.fixture
def own_postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test alone, which may stop and start it."""
    server = new_postgres_server()
    yield server
    server.close()


def new_postgres_server() -> PostgresServer:
    """Start a server; where there is none, skip, or fail where one is required."""
    binaries = find_binaries()
    problem = "no PostgreSQL server was found" if binaries is None else ""
    if find_spec("adbc_driver_postgresql") is None:
        problem = "adbc_driver_postgresql is not installed"
    if binaries is None or problem:
        if POSTGRES_IS_REQUIRED:
            pytest.fail(f"EDL_TEST_REQUIRE_POSTGRES=1, but {problem}", pytrace=False)
        pytest.skip(f"{problem}; EDL_TEST_POSTGRES_BIN names the folder of its programs")
    server = PostgresServer(binaries)
    try:
        server.start()
    except BaseException:
        server.close()
        raise
    return server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """The URL of an empty PostgreSQL database."""
    return postgres_server.empty_database()


@pytest.fixture(params=["duckdb", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, of each kind in turn."""
    if request.param == "duckdb":
        return f"duckdb:///{tmp_path}/energy.duckdb"
    url: str = request.getfixturevalue("postgres_url")
    return url


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark a test of the published files."""
    if "real_data_folder" in getattr(item, "fixturenames", ()):
        item.add_marker("real_data")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs the Rust engine where there is none, or fail where it is required."""
    if item.get_closest_marker("needs_rust") and find_spec("rust_data_layer") is None:
        if RUST_IS_REQUIRED:
            pytest.fail("EDL_TEST_REQUIRE_RUST=1, but rust_data_layer is not installed", pytrace=False)
        pytest.skip("the Rust engine is not installed")
