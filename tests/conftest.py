"""Fixtures of the whole suite."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import hypothesis
import pytest

RUST_IS_REQUIRED = os.environ.get("EDL_TEST_REQUIRE_RUST") == "1"

hypothesis.settings.register_profile("fast", max_examples=50, deadline=None, derandomize=bool(os.environ.get("CI")))
hypothesis.settings.register_profile("balanced", max_examples=300, deadline=None)
hypothesis.settings.register_profile("expensive", max_examples=5000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or "fast")


@pytest.fixture(scope="session")
def real_data_folder() -> Path:
    """The published files: EDL_REAL_DATA, else shared/data beside the repository."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("EDL_REAL_DATA") or beside)
    if not folder.is_dir():
        pytest.skip("the published files are absent; EDL_REAL_DATA names their folder")
    return folder


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(False, id="reference"),
        pytest.param(True, id="rust", marks=pytest.mark.needs_rust),
    ],
)
def engine(request: pytest.FixtureRequest) -> bool:
    """Each engine in turn, as the value of `use_rust`."""
    return bool(request.param)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs the Rust engine where there is none, or fail where it is required."""
    if item.get_closest_marker("needs_rust") and find_spec("rust_data_layer") is None:
        if RUST_IS_REQUIRED:
            pytest.fail("EDL_TEST_REQUIRE_RUST=1, but rust_data_layer is not installed", pytrace=False)
        pytest.skip("the Rust engine is not installed")
