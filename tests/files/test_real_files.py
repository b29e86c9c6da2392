"""The published exports, counted a second time with the csv module."""

from __future__ import annotations

import csv
from collections import Counter
from typing import TYPE_CHECKING

import pyarrow.compute as pc
import pytest

from energy_data_layer.datasets.asos import COLUMNS, column_of_heading
from energy_data_layer.files.weather import read_asos_files

if TYPE_CHECKING:
    from pathlib import Path

    from energy_data_layer.files.weather import AsosFiles


class Counted:
    """What the csv module finds, without types and without the package's reader."""

    def __init__(self, paths: list[Path]) -> None:
        self.lines = 0
        self.headings: list[str] = []
        self.rows: dict[tuple[str, str], list[str]] = {}
        for path in paths:
            with path.open(encoding="cp949", newline="") as file:
                self.headings, *rows = csv.reader(file)
            for row in rows:
                assert self.rows.setdefault((row[0], row[2]), row) == row
            self.lines += len(rows)


def check(observations: AsosFiles, counted: Counted) -> None:
    table = observations.table
    assert observations.rows_read == sum(file.rows for file in observations.files) == counted.lines
    assert table.num_rows == len(counted.rows)
    assert observations.duplicates_collapsed == counted.lines - len(counted.rows)
    assert {file.encoding for file in observations.files} == {"cp949"}
    stations = Counter(int(station) for station, _ in counted.rows)
    assert {item["values"]: item["counts"] for item in pc.value_counts(table["stnId"]).to_pylist()} == stations
    for heading, cells in zip(counted.headings, zip(*counted.rows.values(), strict=True), strict=True):
        values = table[column_of_heading(heading).name]
        assert values.null_count == cells.count(""), heading
        if values.type == "double":
            assert values.to_pylist() == [float(cell) if cell else None for cell in cells], heading


@pytest.mark.slow
def test_hourly_exports(real_data_folder):
    paths = sorted((real_data_folder / "asos_hourly").glob("*.csv"))
    observations = read_asos_files(real_data_folder / "asos_hourly" / "*.csv")
    assert [file.path for file in observations.files] == paths
    check(observations, Counted(paths))
    assert observations.rows_read == 623_512
    assert observations.duplicates_collapsed == 24


def test_week_of_all_stations(real_data_folder):
    paths = list((real_data_folder / "asos_week_95_stations").glob("*.csv"))
    observations = read_asos_files(paths)
    check(observations, Counted(paths))
    assert observations.table.column_names == [column.name for column in COLUMNS]
    assert observations.table.num_rows == 95 * 144
    assert sorted(pc.unique(observations.table["tsQcflg"].drop_null()).to_pylist()) == [0, 9]
