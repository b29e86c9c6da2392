"""The profile measures what it promises, and the naive version gives the reference's answers; times are not judged."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_data_layer import impute_missing_values
from energy_data_layer.engine.equality import assert_equal_answers

from ..equivalence import strategies
from . import data, naive

if TYPE_CHECKING:
    import pandas as pd

pytestmark = pytest.mark.any_engine

SCRIPT = Path(__file__).with_name("profile_impute.py")


def run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), *options], capture_output=True, text=True, timeout=120)


def measure(file: Path, *options: str) -> tuple[str, dict]:
    """Run at the small scale; return what was printed, and the one size that is measured."""
    process = run("--smoke", "--json", str(file), *options)
    assert process.returncode == 0, process.stderr
    results = json.loads(file.read_text(encoding="utf-8"))
    assert set(results) == {"environment", "sizes"}
    [size] = results["sizes"]
    return process.stdout, size


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    return measure(tmp_path_factory.mktemp("profile") / "results.json", "--markdown")


def test_every_section_is_there(smoke):
    _, size = smoke
    assert (size["rows"], size["stations"]) == (300, 2)
    assert size["agree"] is True
    assert size["fills"]["spline"]
    assert size["fills"]["climatology"]
    assert size["fills"]["station_mean"]
    for version in ("reference", "naive"):
        assert size[version]["cpu_ms"] > 0
        assert 0 <= size[version]["waiting_share"] < 1
        assert size[version]["peak_mb"] >= 0
    assert set(size["factors"]) == {"gap_finding", "spline", "climatology", "whole_call", "peak"}
    assert set(size["job"]) == {"file_mb", "read_csv", "write_csv", "write_parquet"}


@pytest.mark.parametrize(("version", "no_time_of_its_own"), [("reference", set()), ("naive", {"parsing the numbers"})])
def test_every_part_takes_time_and_they_make_up_the_whole(smoke, version, no_time_of_its_own):
    _, size = smoke
    parts = {row["part"]: row["share"] for row in size["breakdown"][version]}
    assert {part for part, share in parts.items() if share <= 0} == no_time_of_its_own
    assert sum(parts.values()) == pytest.approx(1)


def test_the_functions_of_the_package_are_listed(smoke):
    _, size = smoke
    for version, file in (("reference", "transforms/impute.py"), ("naive", "benchmark/naive.py")):
        functions = [(function["file"], function["function"]) for function in size["profile"][version]]
        # The wrappers of the public function take as long as it does.
        assert (file, "impute_missing_values") in functions[:4]
        assert "find_gaps" in {function for _, function in functions}


def test_the_markdown_has_every_table(smoke):
    printed, _ = smoke
    tables = [line for line in printed.splitlines() if line.startswith("| ---")]
    assert len(tables) == 6


def test_beyond_the_limit_the_naive_version_is_not_measured(tmp_path):
    printed, size = measure(tmp_path / "results.json", "--naive-limit-seconds", "0")
    assert "300 rows: the naive version is not measured" in printed
    assert [size[key] for key in ("naive", "factors", "agree")] == [None] * 3
    assert size["breakdown"]["naive"] is size["profile"]["naive"] is None
    assert size["reference"]["wall_ms"] > 0
    assert size["functions"]["climatology"]["reference_ms"] > 0


def test_an_unknown_size_is_refused():
    process = run("--sizes", "7")
    assert process.returncode == 2
    assert "100000" in process.stderr


# The naive version


SEASON = data.same_season(400, 3)


def assert_naive_gives_the_references_answer(df: pd.DataFrame, max_spline_gap: int = 3) -> None:
    before = df.copy(deep=True)
    options = {"columns": ("ta", "hm"), "max_spline_gap": max_spline_gap, "provenance": True}
    expected = impute_missing_values(df, use_rust=False, **options)
    assert_equal_answers(expected, naive.impute_missing_values(df, **options), [df])
    assert_equal_answers(before, df)


@pytest.mark.parametrize(
    "df",
    [
        pytest.param(SEASON, id="seasons"),
        pytest.param(SEASON.sample(frac=1, random_state=1), id="unsorted, with the rows' old index"),
        pytest.param(SEASON.head(1), id="one row"),
        pytest.param(SEASON.head(1).assign(ta=np.nan), id="one row, missing"),
        pytest.param(SEASON.head(0), id="no rows"),
        pytest.param(SEASON.assign(ta=np.nan), id="all missing"),
        pytest.param(SEASON.assign(ta=SEASON["ta"].where(SEASON["stnNm"] != "지점101")), id="a station without values"),
        pytest.param(SEASON.fillna(1.5), id="none missing"),
    ],
)
def test_naive_on_chosen_frames(df):
    assert_naive_gives_the_references_answer(df)


@given(table=strategies.tables(), max_spline_gap=st.integers(0, 3))
def test_naive_on_any_frame(table, max_spline_gap):
    assert_naive_gives_the_references_answer(table.to_pandas(), max_spline_gap)
