"""Where the Rust engine is required, a skipped test of equality is a failure."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import pytest

def test_that_passes(): pass

def test_that_skips_itself(): pytest.skip("no")

@pytest.mark.skip
def test_that_is_skipped(): pass

def test_of_real_data(): pytest.skip("the published files are absent; EDL_REAL_DATA names their folder")

@pytest.mark.xfail
def test_that_is_expected_to_fail(): assert False
"""


@pytest.mark.parametrize(
    ("required", "outcome"),
    [("1", "2 failed, 1 passed, 1 skipped, 2 errors in"), ("", "1 passed, 4 skipped, 1 xfailed in")],
)
def test_a_skipped_test_fails_where_rust_is_required(required, outcome, tmp_path):
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path)
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "test_none.py").write_text("import pytest; pytest.importorskip('no_such_module')")
    process = subprocess.run(
        [sys.executable, "-m", "pytest", "--rootdir", ".", "--continue-on-collection-errors"],
        cwd=tmp_path,
        env={**os.environ, "EDL_TEST_REQUIRE_RUST": required, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert outcome in process.stdout, process.stdout
    assert process.returncode == (1 if required else 0)
