"""`edl impute` on a folder of files."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from typer.testing import CliRunner

from energy_data_layer import impute_missing_values
from energy_data_layer.cli.app import app


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A table in two files, in the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "store").mkdir()
    stamps = np.datetime64("2024-01-01", "ms") + np.arange(48) * np.timedelta64(1, "h")
    values = np.where(np.arange(48) % 7 == 3, np.nan, np.arange(48.0))
    values[20] = -9
    table = pa.table({"stnNm": ["a"] * 48, "tm": stamps, "ta": pa.array(values, from_pandas=True)})
    parquet.write_table(table.slice(0, 20), "store/1.parquet")
    parquet.write_table(table.slice(20), "store/2.parquet")
    return table


@pytest.mark.parametrize("source", ["store", "store/*.parquet"])
def test_a_folder_is_filled_into_a_folder(store, source):
    arguments = ["impute", source, "-o", "out", "--columns", "ta", "--provenance", "--missing-values", "ta=-9"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "out: rows 48, stations 1" in result.output
    expected = impute_missing_values(store, ["ta"], missing_values=[-9], provenance=True)
    assert parquet.read_table("out").replace_schema_metadata().equals(expected)
    again = CliRunner().invoke(app, [*arguments, "--max-gap", "2"])
    assert again.exit_code != 0
    assert "out exists already" in again.output


@pytest.mark.parametrize("option", [["--complete-hours"], ["--force"], ["--carry", "stnNm"]])
def test_what_is_for_one_file_is_told(store, option):
    result = CliRunner().invoke(app, ["impute", "store", "-o", "out", "--columns", "ta", *option])
    assert result.exit_code != 0
    assert f"{option[0]} is for a single file" in result.output
