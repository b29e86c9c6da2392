"""Tables of less than hours, spoiled at random, brought to hours: what each becomes by a count of its own."""

from __future__ import annotations

import math
import random

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from energy_data_layer import WideLayout, transform_wide_to_long
from energy_data_layer.datasets.layout import PARTS
from energy_data_layer.errors import CommaError, LayoutError, MarkerError

KINDS = [pa.Table.to_pandas, pl.from_arrow, lambda table: table]


def spoiled(chance, layout):
    """Return the rows of a table as text, its hours in kWh, and how many cells are markers and other texts."""
    days = chance.randint(1, 4)
    rows, hours, counts = [], [], {"marked": 0, "coerced": 0, "incomplete": 0}
    for _ in range(days):
        row = []
        for _ in range(24):
            values = []
            for _ in range(layout.parts):
                kind = chance.choices(["number", "-999", "점검", ""], [0.97, 0.01, 0.01, 0.01])[0]
                values.append(round(chance.uniform(0, 50), 2) if kind == "number" else None)
                counts["marked"] += kind == "-999"
                counts["coerced"] += kind in ("점검", "")
                row.append(f"{values[-1]:,}" if kind == "number" else kind)
            known = [value for value in values if value is not None]
            counts["incomplete"] += 0 < len(known) < len(values)
            scale = 1000 / layout.parts if layout.power_unit else 1
            hours.append(math.fsum(known) * scale if len(known) == len(values) else None)
        rows.append(row)
    table = {"day": [f"2024-01-{day + 1:02d}" for day in range(days)]}
    return table | dict(zip(layout.hours, map(list, zip(*rows, strict=True)), strict=True)), hours, counts


@pytest.mark.parametrize("step", [step for step in PARTS if step != "1h"])
@pytest.mark.parametrize("unit", [{"energy_unit": "kWh"}, {"power_unit": "MW"}])
def test_each_hour_is_the_sum_or_mean_of_its_parts_or_missing(step, unit, engine):
    layout = WideLayout("parts", date="day", plant_name="park", hours="{end}", step=step, **unit)
    for seed in range(3):
        table, hours, counts = spoiled(random.Random(seed), layout)
        options = {"missing_values": [-999], "coerced": "missing", "report": True, "use_rust": engine}
        long, report = transform_wide_to_long(KINDS[seed % 3](pa.table(table)), layout, **options)
        generation = pd.Series(long["generation"].to_numpy())
        expected = pd.Series(hours, dtype="float64")
        pd.testing.assert_series_equal(generation, expected, check_names=False, rtol=1e-12)
        assert report.missing == expected.isna().sum()
        assert counts == {"marked": report.marked, "coerced": report.coerced, "incomplete": report.incomplete}
        assert report.energy_unit == ("kWh" if layout.power_unit is None else "MWh")


@pytest.mark.parametrize(
    ("cells", "form", "error", "message"),
    [
        ({"00:30": "1,5", "01:00": "1.5"}, "{end}", None, ""),
        ({"00:30": ["1,5", "1.5"]}, "{end}", CommaError, 'column "00:30"'),
        ({"00:30": "-9", "05:00": "-9"}, "{end}", MarkerError, "holds -9"),
        ({}, "{end} (kW)", LayoutError, "names a power, whose mean an hour is; set power_unit"),
    ],
)
def test_what_parts_cannot_be(cells, form, error, message, engine):
    layout = WideLayout("parts", date="day", plant_name="park", hours=form, step="30min", energy_unit="kWh")
    table = {"day": ["2024-01-01", "2024-01-02"]} | {heading: ["1", "1"] for heading in layout.hours}
    for heading, cell in cells.items():
        table[heading] = cell if isinstance(cell, list) else [cell, cell]
    if error is None:
        assert transform_wide_to_long(pd.DataFrame(table), layout, use_rust=engine)["generation"][0] == 3.0
        return
    with pytest.raises(error, match=message):
        transform_wide_to_long(pd.DataFrame(table), layout, use_rust=engine)
    if error is MarkerError:
        measured = {"missing_values": {heading: [] for heading in cells}, "use_rust": engine}
        assert transform_wide_to_long(pd.DataFrame(table), layout, **measured)["generation"][0] == -8.0


def test_a_finer_table_is_not_read_as_a_coarser_one():
    quarters = WideLayout("quarters", date="day", plant_name="park", hours="{end}", step="15min", energy_unit="kWh")
    table = pd.DataFrame({"day": ["2024-01-01"]} | {heading: [1.0] for heading in quarters.hours})
    halves = WideLayout("halves", date="day", plant_name="park", hours="{end}", step="30min", energy_unit="kWh")
    with pytest.raises(LayoutError, match=r'none of the 24 that are read: "00:15", "00:45"'):
        transform_wide_to_long(table, halves)
