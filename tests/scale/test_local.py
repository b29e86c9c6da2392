"""A table in many files, filled part by part, has the bits and the report of one call."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import parquet

from energy_data_layer import GapModel, impute, impute_dataset, impute_missing_values
from energy_data_layer.errors import (
    ColumnNotFoundError,
    ColumnTypeError,
    DuplicateKeyError,
    OptionError,
    SourceFileError,
    StorageError,
)
from energy_data_layer.scale import local
from energy_data_layer.scale.parts import ParquetTable, SortedParts, SpooledParts, find_files, in_parts

from ..divided import assert_same_bits, stations
from ..small_disk import mounted

COLUMNS = ["ta", "hm"]
HOURS = 600


def table(names: str = "abcdefgh") -> pa.Table:
    return stations(names, HOURS, "ms").combine_chunks()


def written(whole: pa.Table, folder, order: str, files: int = 3):
    """Write a table into some files whose rows are in some order."""
    folder.mkdir()
    if order == "by time":
        whole = whole.sort_by([("tm", "ascending"), ("stnNm", "ascending")])
    if order == "in any order":
        whole = whole.take(pa.array(np.random.default_rng(3).permutation(whole.num_rows)))
    rows = -(-whole.num_rows // files)
    for number in range(files):
        part = whole.slice(number * rows, rows)
        parquet.write_table(part, folder / f"{number}.parquet", row_group_size=500)
    return folder


@pytest.fixture
def small_parts(monkeypatch):
    """Parts have the rows of about two stations, as if there were memory for no more."""
    monkeypatch.setattr(local, "_rows_per_part", lambda *_: 2 * HOURS)


ORDERS = ["by station", "by time", "in any order"]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("method", ["spline_climatology", "linear", "optimal_interpolation"])
def test_parts_have_the_bits_of_one_call(order, method, tmp_path, small_parts, engine):
    whole = table()
    source = written(whole, tmp_path / "source", order)
    options = {"method": method, "interval": 0.9, "use_rust": engine}
    if method == "optimal_interpolation":
        options["model"] = GapModel.fit(whole, COLUMNS, use_rust=engine)
    report = impute_dataset(str(source), str(tmp_path / "target"), COLUMNS, **options)
    expected, report_of_one = impute_missing_values(whole, COLUMNS, provenance=True, report=True, **options)
    files = sorted((tmp_path / "target").glob("*.parquet"))
    parts = [file for file in files if not file.name.startswith("_")]
    assert len(parts) >= 4
    assert_same_bits(pa.concat_tables([parquet.read_table(file) for file in parts]), expected, "row")
    assert replace(report, seconds=0) == replace(report_of_one, seconds=0)
    assert report.columns["hm"].filled["unfilled" if method == "linear" else "global_mean"] == HOURS
    found = [set(parquet.read_table(file, columns=["stnNm"])["stnNm"].to_pylist()) for file in parts]
    assert sum(map(len, found)) == len(set.union(*found)) == 8


@pytest.mark.parametrize("order", ["by station", "by time"])
def test_humidity_is_filled_through_the_temperature_as_in_one_call(order, tmp_path, small_parts, engine):
    whole = table()
    one = impute(whole, COLUMNS, interval=0.9, use_rust=engine)
    source, target = written(whole, tmp_path / "source", order), tmp_path / "target"
    options = {"method": "optimal_interpolation", "interval": 0.9, "model": one.model, "use_rust": engine}
    report = impute_dataset(str(source), str(target), COLUMNS, **options)
    assert len(one.model.facts["columns"]) == 3  # one of them auxiliary
    expected = impute(whole, COLUMNS, **options)
    files = sorted(target.glob("part-*.parquet"))
    assert len(files) >= 4
    assert_same_bits(pa.concat_tables(map(parquet.read_table, files)), expected.frame, "row")
    assert replace(report, seconds=0) == replace(expected.report, seconds=0)


def test_a_model_is_fitted_on_the_newest_hours_that_memory_holds(tmp_path, small_parts, engine):
    whole = table("abc")
    source = written(whole, tmp_path / "source", "by station")
    report = impute_dataset(
        str(source), str(tmp_path / "target"), ["ta"], method="optimal_interpolation", use_rust=engine
    )
    model = GapModel.load(tmp_path / "target" / "_model.parquet")
    assert report.model == model.id
    assert model.facts["since"].startswith("2024-02-09")
    newest = whole.filter(pc.greater_equal(whole["tm"], pa.scalar(datetime(2024, 2, 9, 8), pa.timestamp("ms"))))
    assert model.id == GapModel.fit(newest, ["ta"], use_rust=engine).id


@pytest.mark.parametrize("order", ORDERS)
def test_the_rows_are_read_in_the_fewest_steps(order, tmp_path):
    system, files = find_files(str(written(table(), tmp_path / "source", order)))
    parts = in_parts(ParquetTable(system, files), "stnNm", 2 * HOURS)
    assert isinstance(parts, SortedParts if order == "by station" else SpooledParts)
    assert sum(parts.read(part).num_rows for part in parts.parts) == 8 * HOURS
    if isinstance(parts, SpooledParts):
        parts.close()


# Interruptions


class Stopped(Exception):
    pass


@pytest.mark.parametrize("order", ["by station", "by time"])
def test_a_run_goes_on_where_it_was_stopped(order, tmp_path, small_parts):
    whole = table()
    source, target = written(whole, tmp_path / "source", order), tmp_path / "target"

    def stop(done):
        if done.parts == 2:
            raise Stopped

    with pytest.raises(Stopped):
        impute_dataset(str(source), str(target), COLUMNS, progress=stop, use_rust=False)
    assert not target.exists()
    stage = tmp_path / "target.incomplete"
    whole_part, broken = sorted(stage.glob("part-*.parquet"))
    content = bytearray(broken.read_bytes())
    content[len(content) // 3] ^= 1
    broken.write_bytes(content)
    changed = whole_part.stat().st_mtime_ns, broken.stat().st_mtime_ns

    with pytest.raises(OptionError, match="begun otherwise \\(max_gap was None\\)"):
        impute_dataset(str(source), str(target), COLUMNS, max_gap=3, use_rust=False)
    report = impute_dataset(str(source), str(target), COLUMNS, use_rust=False)
    expected = impute_missing_values(whole, COLUMNS, provenance=True, use_rust=False)
    assert_same_bits(parquet.read_table(target), expected, "row")
    now = [(target / part.name).stat().st_mtime_ns for part in (whole_part, broken)]
    assert now[0] == changed[0]
    assert now[1] != changed[1]
    # Once more: it is done.
    assert impute_dataset(str(source), str(target), COLUMNS, use_rust=False) == report
    with pytest.raises(OptionError, match="exists already"):
        impute_dataset(str(source), str(target), ["ta"], use_rust=False)


def test_files_that_changed_are_not_gone_on_with(tmp_path, small_parts):
    source, target = written(table(), tmp_path / "source", "by station"), str(tmp_path / "target")

    def stop(_):
        raise Stopped

    with pytest.raises(Stopped):
        impute_dataset(str(source), target, COLUMNS, progress=stop, use_rust=False)
    parquet.write_table(table("i"), source / "3.parquet")
    with pytest.raises(OptionError, match="the files have changed"):
        impute_dataset(str(source), target, COLUMNS, use_rust=False)


KILLED = """
import os, signal, sys
from pyarrow.parquet import ParquetWriter
from energy_data_layer import impute_dataset
from energy_data_layer.scale import local

class Dying(ParquetWriter):
    written = 0

    def close(self):
        Dying.written += 1
        if Dying.written == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
        super().close()

local.ParquetWriter = Dying
local._rows_per_part = lambda *_: 600
impute_dataset(sys.argv[1], sys.argv[2], ["ta", "hm"], use_rust=False)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_run_leaves_no_half_file(tmp_path, monkeypatch):
    whole = table()
    source, target = written(whole, tmp_path / "source", "by time"), tmp_path / "target"
    for written_in_full in (0, 2):
        command = [sys.executable, "-c", KILLED, source, target, str(written_in_full + 1)]
        assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
        assert not target.exists()
        parts = sorted((tmp_path / "target.incomplete").glob("part-*.parquet"))
        assert len(parts) == written_in_full
        assert all(parquet.read_table(part).num_rows for part in parts)
    monkeypatch.setattr(local, "_rows_per_part", lambda *_: 600)
    impute_dataset(str(source), str(target), COLUMNS, use_rust=False)
    expected = impute_missing_values(whole, COLUMNS, provenance=True, use_rust=False)
    assert_same_bits(parquet.read_table(target), expected, "row")
    assert not list(target.glob(".*"))


# Input that cannot be


@pytest.mark.parametrize("order", ["by station", "by time"])
def test_a_row_that_two_files_have_is_named(order, tmp_path, small_parts):
    whole = table()
    source = written(whole, tmp_path / "source", order)
    parquet.write_table(whole.slice(700, 1), source / "again.parquet")
    with pytest.raises(DuplicateKeyError, match=r"b 2024-02.*in part \d of \d"):
        impute_dataset(str(source), str(tmp_path / "target"), COLUMNS, use_rust=False)
    assert not (tmp_path / "target").exists()


def test_files_of_other_columns_are_named(tmp_path):
    source = written(table(), tmp_path / "source", "by station")
    other = table("a").set_column(2, "ta", pa.array(np.zeros(HOURS, np.int32)))
    parquet.write_table(other, source / "x.parquet")
    with pytest.raises(SourceFileError, match=r'x.parquet: column "ta" is int32 here and double in .*0.parquet'):
        impute_dataset(str(source), str(tmp_path / "target"), COLUMNS)
    parquet.write_table(table("a").drop_columns(["hm"]), source / "x.parquet")
    with pytest.raises(SourceFileError, match='"hm" is absent here and double in'):
        impute_dataset(str(source), str(tmp_path / "target"), COLUMNS)
    parquet.write_table(table("a").select(["tm", "stnNm", "ta", "hm", "row"]), source / "x.parquet")
    with pytest.raises(SourceFileError, match="another order"):
        impute_dataset(str(source), str(tmp_path / "target"), COLUMNS)
    (source / "x.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(SourceFileError, match=r"x\.parquet: cannot be read as \.parquet"):
        impute_dataset(str(source), str(tmp_path / "target"), COLUMNS)


@pytest.mark.parametrize("place", [0, 1_700])
def test_a_row_without_a_station_is_an_error(place, tmp_path, small_parts):
    whole = table()
    names = whole["stnNm"].to_pylist()
    names[place] = None
    source = written(whole.set_column(0, "stnNm", pa.array(names)), tmp_path / "source", "by station")
    with pytest.raises(SourceFileError, match=rf'{place // 1_600}\.parquet: column "stnNm" has 1 nulls'):
        impute_dataset(str(source), str(tmp_path / "target"), COLUMNS)


def test_what_is_not_there_is_told(tmp_path):
    source = written(table("a"), tmp_path / "source", "by station")
    target = str(tmp_path / "target")
    with pytest.raises(ColumnNotFoundError, match="ws"):
        impute_dataset(str(source), target, ["ws"])
    with pytest.raises(SourceFileError, match="no Parquet file is there"):
        impute_dataset(str(tmp_path / "nowhere"), target)
    with pytest.raises(OptionError, match="no file system"):
        impute_dataset("nowhere://store", target)
    with pytest.raises(OptionError, match="at least 256 MiB"):
        impute_dataset(str(source), target, memory="1MB")
    with pytest.raises(OptionError, match="threads is 0"):
        impute_dataset(str(source), target, threads=0)
    words = written(table("a").set_column(2, "ta", pa.array(["1,5"] * HOURS)), tmp_path / "words", "by station")
    with pytest.raises(ColumnTypeError, match="convert it to numbers"):
        impute_dataset(str(words), target)


def test_a_full_disk_is_told(tmp_path, small_parts, monkeypatch):
    source = written(table(), tmp_path / "source", "by time")
    (tmp_path / "disk").mkdir()
    with mounted(tmp_path / "disk", 1, tmp_path.stat()) as disk:
        (disk / "filler").write_bytes(bytes(950_000))
        with pytest.raises(StorageError, match=r"target\.incomplete.*cannot be written"):
            impute_dataset(str(source), str(disk / "target"), COLUMNS, use_rust=False)
        assert not (disk / "target").exists()
        monkeypatch.setattr(tempfile, "tempdir", str(disk))
        with pytest.raises(StorageError, match="name another folder in TMPDIR"):
            impute_dataset(str(source), str(tmp_path / "target"), COLUMNS, use_rust=False)


# Where files are


def test_patterns_name_files(tmp_path):
    for name in ("a.parquet", "2024/b.parquet", "2024/01/c.parquet", "_d.parquet", ".e/f.parquet", "g.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()

    def found(pattern: str) -> list[str]:
        return [file.path[-9:] for file in find_files(f"{tmp_path}{pattern}")[1]]

    assert found("") == ["c.parquet", "b.parquet", "a.parquet"]
    assert found("/**/*.parquet") == found("/") == found("")
    assert found("/*.parquet") == found("/a.parquet") == ["a.parquet"]
    assert found("/2024/**/[cd].parquet") == ["c.parquet"]
    assert found("/20?4/b.parquet") == found("/*/b.parquet") == ["b.parquet"]


def test_a_store_that_fsspec_knows_is_read_and_written(small_parts):
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    whole = table("abc")
    with memory.open("/store/one.parquet", "wb") as file:
        parquet.write_table(whole, file, row_group_size=500)
    try:
        impute_dataset("memory://store", "memory://filled", COLUMNS, use_rust=False)
        names = sorted(name.rsplit("/", 1)[1] for name in memory.ls("/filled", detail=False))
        assert names == ["_plan.json", "part-00000.parquet", "part-00001.parquet"]
        tables = [parquet.read_table(memory.open(f"/filled/{name}")) for name in names[1:]]
        expected = impute_missing_values(whole, COLUMNS, provenance=True, use_rust=False)
        assert_same_bits(pa.concat_tables(tables), expected, "row")
        assert json.loads(memory.cat("/filled/_plan.json"))["report"]["rows"] == 3 * HOURS
        assert not memory.exists("/filled.incomplete")
    finally:
        memory.rm("/", recursive=True)


@pytest.mark.parametrize("rows", [0, 1])
def test_few_rows(rows, tmp_path):
    source = written(table("a").slice(0, rows), tmp_path / "source", "by station", files=1)
    report = impute_dataset(str(source), str(tmp_path / "target"), COLUMNS)
    assert report.rows == rows
    answer = parquet.read_table(tmp_path / "target")
    assert answer.num_rows == rows
    assert answer.column_names == ["stnNm", "tm", "ta", "ta_provenance", "hm", "hm_provenance", "row"]
