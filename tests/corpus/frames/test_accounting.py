"""Tables spoiled at random: every cell is observed, a marker, no number or blank, as an independent count says."""

from __future__ import annotations

import math
import os
import random
import warnings
from datetime import datetime, timedelta

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from energy_data_layer import complete_hours, errors, impute_missing_values

TABLES = int(os.environ.get("EDL_TEST_SPOILED_TABLES", "400"))
PARTS = 4
MARKERS = [-999, "NA"]
OTHER_TEXTS = ["점검", "12.5 kWh", "--", "1e", "nan", "12 345", "1_000", "(", "2024-01-01", "٣"]
CELLS = {"marker": ["-999", "-999.0", " NA"], "text": OTHER_TEXTS, "blank": ["", " "]}
WIDE = str.maketrans("0123456789.-,", "０１２３４５６７８９．－，")
SPELLINGS = [
    str,
    "{:,}".format,
    lambda value: f"\u00a0{value} ",
    lambda value: str(value).replace(".", ","),
    lambda value: f"{-value}-" if value < 0 else str(value),
    lambda value: f"({-value:,})" if value < 0 else f"+{abs(value)}",
    lambda value: f"{value:,}".translate(WIDE),
    lambda value: f"{value:.17e}",
]
STAMPS = [
    "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y-%m-%dT%H:%M+09:00", "%Y%m%d%H", "%Y.%m.%d %H:%M:00.0", "%Y%m%d%H%M",
]  # fmt: skip


def spoiled(seed):
    """Return the cells of a table, the numbers among them, and how many are markers, other texts and blank."""
    chance = random.Random(seed)
    spelled, form, hours = chance.choice(SPELLINGS), chance.choice(STAMPS), chance.randint(4, 40)
    cells, truth, counts = [], [], {"marker": 0, "text": 0, "blank": 0}
    for station in range(chance.randint(1, 3)):
        for hour in range(hours):
            if 0 < hour < hours - 1 and chance.random() < 0.1:
                continue
            stamp = (datetime(2024, 2, 28) + timedelta(hours=hour)).strftime(form)
            kind = chance.choices(["number", *counts], [0.8, 0.06, 0.06, 0.08])[0]
            if kind == "number":
                truth.append(round(chance.uniform(-30, 2000), chance.randint(1, 2)))
                cell = spelled(truth[-1])
            else:
                cell = chance.choice(
                    {"marker": ["-999", "-999.0", " NA"], "text": OTHER_TEXTS, "blank": ["", " "]}[kind]
                )
                counts[kind] += 1
            cells.append((f"s{station}", stamp, cell))
    chance.shuffle(cells)
    return cells, truth, counts


def frame_of(seed, cells):
    table = pa.table(dict(zip(("stnNm", "tm", "x"), map(pa.array, zip(*cells, strict=True)), strict=True)))
    kinds = (pa.Table.to_pandas, lambda table: table.to_pandas().astype("category"), pl.from_arrow, pa.table)
    return kinds[seed % len(kinds)](table)


def said_missing(cells):
    return sum(cell == "nan" for *_, cell in cells)


@pytest.mark.parametrize("part", range(PARTS))
def test_every_cell_is_accounted_for(part, engine):
    for seed in range(part, TABLES, PARTS):
        cells, truth, counts = spoiled(seed)
        frame = frame_of(seed, cells)
        options = {"missing_values": MARKERS, "provenance": True, "report": True, "use_rust": engine}
        completed = complete_hours(frame, use_rust=engine)
        if counts["text"] - said_missing(cells) > len(truth):
            with pytest.raises(errors.CoercedValuesError, match=f"in {counts['text']} rows"):
                impute_missing_values(completed, ["x"], **options)
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", errors.CoercedValuesWarning)
            filled, report = impute_missing_values(completed, ["x"], **options)
        column = report.columns["x"]
        assert (column.marked, column.coerced) == (counts["marker"], counts["text"] + counts["blank"]), seed
        assert column.missing_before == sum(counts.values()) + len(completed) - len(frame), seed
        result = pd.DataFrame({name: filled[name].to_numpy() for name in ("x", "x_provenance")})
        observed = result.loc[result["x_provenance"] == 0, "x"]
        assert len(observed) == len(truth), seed
        assert math.fsum(observed) == pytest.approx(math.fsum(truth), abs=1e-9), seed
