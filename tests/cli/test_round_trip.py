"""What `edl impute` writes, it reads again, whatever the format and the type of the stamps."""

from __future__ import annotations

from datetime import datetime, timedelta

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from energy_data_layer.cli.app import app
from energy_data_layer.cli.table_files import read_table, write_table
from energy_data_layer.core.frames import wrap
from energy_data_layer.core.inputs import read_columns
from energy_data_layer.core.keys import read_keys

HOURS = [datetime(2024, 1, 31, hour) for hour in (20, 21, 23)]
STAMPS = {
    **{unit: pa.array(HOURS, pa.timestamp(unit)) for unit in ("s", "ms", "us", "ns")},
    "zone": pa.array(HOURS, pa.timestamp("us", "Asia/Seoul")),
    "UTC": pa.array(HOURS, pa.timestamp("ns", "UTC")),
    "text": pa.array(["2024-01-31 20:00", "2024-01-31T21:00:00", "2024/1/31 23:00"]),
    "offset": pa.array(["2024-01-31T20:00+09:00", "2024-01-31T21:00+09:00", "2024-01-31T23:00+09:00"]),
    "integer": pa.array([2024013120, 2024013121, 2024013123]),
    "category": pa.array(["2024-01-31 20:00", "2024-01-31 21:00", "2024-01-31 23:00"]).dictionary_encode(),
}


@pytest.mark.parametrize("ending", ["csv", "parquet", "arrow"])
@pytest.mark.parametrize("stamps", STAMPS)
def test_a_result_is_read_again(stamps, ending, tmp_path, engine):
    source, first, second = tmp_path / "in.parquet", tmp_path / f"first.{ending}", tmp_path / f"second.{ending}"
    table = pa.table(
        {"stnNm": ["서울"] * 3, "tm": STAMPS[stamps], "ta": pa.array([1.5, None, -0.1]), "note": ["a,b", None, '"']}
    )
    write_table(table, source)
    options = ["--columns", "ta", "--engine", "rust" if engine else "reference", "--complete-hours"]
    for read, written in ((source, first), (first, second)):
        ended = CliRunner().invoke(app, ["impute", str(read), "-o", str(written), *options])
        assert ended.exit_code == 0, ended.stderr
    once, twice = read_table(first), read_table(second)
    for result in (once, twice):
        clock = read_keys(read_columns(wrap(result), "tm", "stnNm", ())).wall_clock
        assert (clock[1:] - clock[:-1]).tolist() == [timedelta(hours=1)] * 3
        assert clock[0].minute == 0
    assert [list(map(str, column.to_pylist())) for column in once] == [
        list(map(str, column.to_pylist())) for column in twice
    ]
