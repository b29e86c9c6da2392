"""Small tables, a trap in each, through every door of the transforms: what becomes of them stands in answers.toml."""

from __future__ import annotations

import math
import tomllib
import warnings
from datetime import datetime
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import csv
from typer.testing import CliRunner

from energy_data_layer import complete_hours, errors, impute_missing_values
from energy_data_layer.cli.app import app
from energy_data_layer.core.frames import wrap
from energy_data_layer.core.inputs import read_columns
from energy_data_layer.core.keys import read_keys

HERE = Path(__file__).parent
ANSWERS = tomllib.loads((HERE / "answers.toml").read_text(encoding="utf-8"))
KINDS = {
    "pandas": lambda table: table.to_pandas(),
    "categories": lambda table: table.to_pandas().astype("category"),
    "polars": pl.from_arrow,
    "pyarrow": lambda table: table,
}


def input_of(name):
    return HERE / "inputs" / f"{name}.csv"


def table_of(name):
    texts = dict.fromkeys(input_of(name).read_text(encoding="utf-8").partition("\n")[0].split(","), pa.string())
    options = csv.ConvertOptions(column_types=texts, null_values=[], strings_can_be_null=False)
    return csv.read_csv(input_of(name), convert_options=options)


def test_every_input_has_an_answer():
    assert {path.stem for path in (HERE / "inputs").iterdir()} == set(ANSWERS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ANSWERS)
def test_the_transforms(name, kind, engine):
    answer, frame = ANSWERS[name], KINDS[kind](table_of(name))
    column, keys = answer.get("column", "ta"), (answer.get("date_col", "tm"), "stnNm")

    def filled():
        options = {"provenance": True, "report": True, "use_rust": engine, **answer.get("options", {})}
        completed = complete_hours(frame, *keys, use_rust=engine)
        return impute_missing_values(completed, [column], *keys, **options)

    if "error" in answer:
        with pytest.raises(getattr(errors, answer["error"])) as caught:
            filled()
        assert answer["message"] in str(caught.value)
        return
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        result, report = filled()
    told = [str(warning.message) for warning in warned if warning.category is errors.CoercedValuesWarning]
    assert answer["warned"] in told[0] if "warned" in answer else not told
    values, codes = (wrap(result).column(one).to_pylist() for one in (column, f"{column}_provenance"))
    observed = [value for value, code in zip(values, codes, strict=True) if code == 0]
    assert math.fsum(observed) == pytest.approx(answer["sum"], rel=1e-12)
    of_column = report.columns[column]
    blank = table_of(name).column(column).to_pylist().count("")
    assert of_column.coerced == answer.get("coerced", 0) + blank
    assert (of_column.missing_before, of_column.marked) == (answer.get("missing", 0), answer.get("marked", 0))
    stamps = read_keys(read_columns(wrap(result), *keys, ())).wall_clock
    assert len(stamps) == table_of(name).num_rows
    for row, end in ((0, "first"), (-1, "last")):
        assert stamps[row] == datetime.fromisoformat(answer[end]) if end in answer else True


@pytest.mark.parametrize("name", ANSWERS)
def test_the_command(name, engine, tmp_path):
    answer = ANSWERS[name]
    options = answer.get("options", {})
    arguments = ["--columns", answer.get("column", "ta"), "--engine", "rust" if engine else "reference"]
    arguments += ["--date-col", ",".join(answer["date_col"])] if "date_col" in answer else []
    if "missing_values" in options:
        arguments += ["--missing-values", *(map(str, options["missing_values"]) if options["missing_values"] else [""])]
    arguments += ["--coerced", options.get("coerced", "warn"), "--complete-hours", "--provenance"]
    output = tmp_path / "out.csv"
    ended = CliRunner().invoke(app, ["impute", str(input_of(name)), "-o", str(output), *arguments])
    if "error" in answer:
        assert ended.exit_code != 0
        assert not output.exists()
        assert answer["message"] in ended.stderr
        return
    assert ended.exit_code == 0, ended.stderr
    assert (answer["warned"] in ended.stderr) if "warned" in answer else "no number" not in ended.stderr
    result = pd.read_csv(output)
    column = answer.get("column", "ta")
    observed = result.loc[result[f"{column}_provenance"] == 0, column]
    assert math.fsum(observed) == pytest.approx(answer["sum"], rel=1e-12)
    # What is written is read again: every stamp, and nothing is left to fill.
    again = CliRunner().invoke(app, ["impute", str(output), "-o", str(tmp_path / "again.csv"), *arguments[:-1]])
    assert again.exit_code == 0, again.stderr
