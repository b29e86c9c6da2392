"""Answers are compared as it is said: of engines and peers, of sizes, and of whole databases."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import polars as pl
import pyarrow as pa
from pipeline import differing, stored
from scaling import break_even
from works import Agreement, agreement, agreement_of_fills

from energy_data_layer.storage.database import Database
from energy_data_layer.storage.migrations import migrate
from energy_data_layer.storage.tables import WIND_KEY, WIND_NAMDONG


def test_another_answer_is_told():
    df = pd.DataFrame({"ta": [1.0, None, None, None], "hm": [1.0, 1.0, 1.0, 1.0]})
    expected = df.assign(ta=[1.0, 2.0, 3.0, 4.0])
    other = pl.DataFrame({"ta": [1.0, 2.0, 3.5, None], "hm": [1.0] * 4})
    found = agreement_of_fills(df, expected, other, "linear only")
    assert found == Agreement(False, "linear only: 33% of fills equal, 1 of 3 left missing", 1 / 3, 0.5)
    assert not agreement(expected, other, [df]).correct
    assert agreement(expected, pl.from_pandas(expected), [df]) == Agreement(True, "equal", 1.0, 0.0)


def test_break_even_is_the_size_from_which_on_it_stays_so():
    def records(size, reference, rust, kernel, ipc):
        rows = [
            ("reference", None, None, reference),
            ("Rust", 2, "capsule", rust),
            ("Rust kernel", 2, None, kernel),
            ("facade and crossing", 2, "capsule", rust - kernel),
            ("crossing", 2, "capsule", 0.0),
            ("crossing", 2, "ipc", ipc),
        ]
        names = ("contestant", "threads", "carrier", "ms")
        return [
            {"transform": "impute", "size": size, "unit": "rows"} | dict(zip(names, row, strict=True)) for row in rows
        ]

    scaling = {"records": [*records(1, 2, 1, 0.5, 2), *records(10, 2, 3, 0.5, 1), *records(100, 9, 3, 2, 1)]}
    (found,) = break_even(scaling)
    assert found["faster_from"] == 100
    assert found["paid_back_from"] == {"capsule": 1, "ipc": 10}
    assert [row["ratio"] for row in found["sizes"]] == [2, 2 / 3, 3]
    assert [row["saved_ms"] for row in found["sizes"]] == [1.5, 1.5, 7]


def test_databases_with_different_rows_are_told_apart(tmp_path):
    def made(name, kwh, plants=("a", "b")):
        url = f"duckdb:///{tmp_path}/{name}.duckdb"
        hours = {"timestamp": [datetime(2024, 1, 1)] * 2, "plant_name": list(plants), "generation": kwh}
        with Database.connect(url) as database:
            migrate(database)
            database.upsert(WIND_NAMDONG, pa.table(hours), WIND_KEY)
        return stored(url)

    expected = made("expected", [1.0, 2.0])
    assert differing(expected, made("reversed", [2.0, 1.0], plants=("b", "a"))) == []
    (found,) = differing(expected, made("other", [1.0, 2.5]))
    assert found.startswith('wind_namdong: column "generation"')
