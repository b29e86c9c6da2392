"""A table to divide by station, and whether its parts have the bits of one call."""

from __future__ import annotations

import numpy as np
import pyarrow as pa


def stations(names: str = "abcdef", hours: int = 800, unit: str = "us") -> pa.Table:
    """Return stations one after the other, alike and with gaps; of "e" no humidity is observed. Rows are numbered."""
    random = np.random.default_rng(5)
    common = np.cumsum(random.normal(size=hours)) / 4 + 8 * np.sin(np.arange(hours) / 24 * 2 * np.pi)
    stamps = np.datetime64("2024-02-01", unit) + np.arange(hours) * np.timedelta64(1, "h")
    parts = []
    for station in names:
        columns = {"ta": common + random.normal(size=hours), "hm": 60 + common + random.normal(size=hours)}
        for values in columns.values():
            for start in random.integers(0, hours - 40, 12):
                values[start : start + random.integers(1, 40)] = np.nan
        if station == "e":
            columns["hm"][:] = np.nan
        columns = {name: pa.array(values, from_pandas=True) for name, values in columns.items()}
        parts.append(pa.table({"stnNm": pa.array([station] * hours), "tm": stamps, **columns}))
    table = pa.concat_tables(parts)
    return table.append_column("row", pa.array(range(table.num_rows)))


def assert_same_bits(ours: pa.Table, theirs: pa.Table, *by: str) -> None:
    """Compare two tables of the same types, whose rows may be in any order, to the bit."""
    assert [(field.name, field.type) for field in ours.schema] == [(field.name, field.type) for field in theirs.schema]
    ours, theirs = (table.sort_by([(name, "ascending") for name in by]) for table in (ours, theirs))
    for name in theirs.column_names:
        mine, other = ours[name].combine_chunks(), theirs[name].combine_chunks()
        assert mine.is_null().equals(other.is_null()), name
        if pa.types.is_floating(other.type):
            bits = [column.fill_null(0).to_numpy(zero_copy_only=False).view("uint64") for column in (mine, other)]
            assert np.array_equal(*bits), name
        else:
            assert mine.equals(other), name
