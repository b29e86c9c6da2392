"""Small generation tables, a trap in each, as files and as frames: what becomes of them stands in answers.toml."""

from __future__ import annotations

import csv
import io
import math
import shutil
import tomllib
from datetime import datetime
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from energy_data_layer import errors, transform_wide_to_long
from energy_data_layer.files.layout_files import read_layout_file
from energy_data_layer.jobs.generation.from_files import run_generation
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.tables import GENERATION_HOURLY

HERE = Path(__file__).parent
ANSWERS = tomllib.loads((HERE / "answers.toml").read_text(encoding="utf-8"))
FRAMES = {name: answer["frame"] for name, answer in ANSWERS.items() if "frame" in answer}
KINDS = {"pandas": lambda table: table.to_pandas(), "polars": pl.from_arrow, "pyarrow": lambda table: table}


def input_of(name):
    return HERE / "inputs" / f"{name}.csv"


def layout_of(name, folder):
    """Return the layout that goes with an input, None where there is none."""
    if "layout_file" not in ANSWERS[name]:
        return None
    path = folder / "layout.toml"
    path.write_text(ANSWERS[name]["layout_file"], encoding="utf-8")
    return read_layout_file(path)


def test_every_input_has_an_answer():
    assert {path.stem for path in (HERE / "inputs").iterdir()} == set(ANSWERS)


@pytest.mark.parametrize("name", ANSWERS)
def test_the_file_job(name, tmp_path, engine):
    answer = ANSWERS[name]
    path = tmp_path / answer.get("file", f"{name}.csv")
    shutil.copy(input_of(name), path)
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    options = {"use_rust": engine, "layout": layout_of(name, tmp_path)} | answer.get("options", {})
    if "error" in answer:
        with pytest.raises(getattr(errors, answer["error"])) as caught:
            run_generation(path, url, **options)
        assert answer["message"] in str(caught.value)
        assert not (tmp_path / "energy.duckdb").exists()
        return
    report = run_generation(path, url, **options)
    with Database.connect(url) as database:
        rows = database.read(GENERATION_HOURLY).to_pylist()
    kwh = [row["kwh"] for row in rows if row["kwh"] is not None]
    assert (len(rows), math.fsum(kwh)) == (answer["rows"], pytest.approx(answer["sum"], rel=1e-12))
    assert report.rows_rejected == answer.get("rejected", 0)
    assert (report.hours_missing, report.cells_coerced) == (answer.get("missing", 0), answer.get("coerced", 0))
    assert report.hours_incomplete == answer.get("incomplete", 0)
    assert len(rows) - len(kwh) == report.hours_missing
    stored = {(row["plant"], row["unit"], row["interval_start"]): row["kwh"] for row in rows}
    for plant, unit, start, value in answer["cells"]:
        assert stored[plant, unit, datetime.fromisoformat(start)] == (None if value == "missing" else value)
    for column, values in answer.get("columns", {}).items():
        assert {row[column] for row in rows} == {None if value == "null" else value for value in values}
    (file,) = report.files
    for field, value in answer.get("reported", {}).items():
        assert getattr(file, field) == value, field


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FRAMES)
def test_the_frame(name, kind, engine, tmp_path):
    answer = FRAMES[name]
    headings, *cells = csv.reader(io.StringIO(input_of(name).read_text(encoding="utf-8-sig")))
    table = pa.table(dict(zip(headings, map(pa.array, zip(*cells, strict=True)), strict=True)))
    frame, options = KINDS[kind](table), {"layout": layout_of(name, tmp_path)} | answer.get("options", {})
    if "error" in answer:
        with pytest.raises(getattr(errors, answer["error"])) as caught:
            transform_wide_to_long(frame, use_rust=engine, **options)
        assert answer["message"] in str(caught.value)
        return
    long, report = transform_wide_to_long(frame, use_rust=engine, report=True, **options)
    values = pd.Series(list(long["generation"].to_list() if kind != "pyarrow" else long["generation"].to_pylist()))
    assert (len(values), values.sum()) == (answer["rows"], pytest.approx(answer["sum"], rel=1e-12))
    assert (report.missing, report.coerced) == (answer.get("missing", 0), answer.get("coerced", 0))
    for field, value in answer.get("reported", {}).items():
        assert getattr(report, field) == value, field
