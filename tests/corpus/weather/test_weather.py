"""Small files of observations, a trap in each: what becomes of them stands in answers.toml."""

from __future__ import annotations

import math
import tomllib
from datetime import datetime
from pathlib import Path

import pytest

from energy_data_layer import errors
from energy_data_layer.core.provenance import is_fill, provenance_column
from energy_data_layer.jobs.weather.from_files import run_weather
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.tables import REJECTS, WEATHER_ASOS

HERE = Path(__file__).parent
ANSWERS = tomllib.loads((HERE / "answers.toml").read_text(encoding="utf-8"))


def input_of(name):
    path = HERE / "inputs" / ANSWERS[name].get("input", name)
    return sorted(path.iterdir()) if path.is_dir() else [path if path.suffix else path.with_suffix(".csv")]


def test_every_input_has_an_answer():
    assert set((HERE / "inputs").rglob("*.*")) == {path for name in ANSWERS for path in input_of(name)}


@pytest.mark.parametrize("name", ANSWERS)
def test_the_file_job(name, tmp_path, engine):
    answer = ANSWERS[name]
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    options = {"use_rust": engine, **answer.get("options", {})}
    if "error" in answer:
        with pytest.raises(getattr(errors, answer["error"])) as caught:
            run_weather(input_of(name), url, **options)
        assert answer["message"] in str(caught.value)
        assert not (tmp_path / "energy.duckdb").exists()
        return
    report = run_weather(input_of(name), url, **options)
    with Database.connect(url) as database:
        table, rejects = database.read(WEATHER_ASOS), database.read(REJECTS)
    assert table.num_rows == answer["rows"]
    filled = {
        column: is_fill(table[provenance_column(column)]).to_pylist()
        for column in table.column_names
        if provenance_column(column) in table.column_names
    }
    rows = {(row["stnId"], row["tm"]): (at, row) for at, row in enumerate(table.to_pylist())}
    for column, total in answer["sums"].items():
        observed = [row[column] for at, row in rows.values() if not (column in filled and filled[column][at])]
        assert math.fsum(value for value in observed if value is not None) == pytest.approx(total, rel=1e-12), column
    for station, hour, column, value in answer["cells"]:
        at, row = rows[station, datetime.fromisoformat(hour)]
        assert (column in filled and filled[column][at]) == (value == "filled")
        assert value == "filled" or row[column] == (None if value == "missing" else value)
    told = report.to_dict()
    for field, value in answer.get("reported", {}).items():
        assert _without_none(told[field]) == value, field
    assert sorted(rejects["content"].to_pylist()) == answer.get("rejects", sorted(rejects["content"].to_pylist()))


def _without_none(told):
    return (
        {name: _without_none(one) for name, one in told.items() if one is not None} if isinstance(told, dict) else told
    )
