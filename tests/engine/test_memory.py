"""A call for which there is not the memory raises, and the process goes on."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.needs_rust

PROGRAM = """
import resource
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

import energy_data_layer as edl

HOURS, STATIONS = 60_000, 50
ROOM = 64 << 20

hours = np.datetime64("2000-01-01", "us") + np.arange(HOURS) * np.timedelta64(1, "h")
table = pa.table({
    "stnNm": np.repeat(np.arange(STATIONS), HOURS),
    "tm": np.tile(hours, STATIONS),
    "ta": np.zeros(HOURS * STATIONS),
    "hm": np.zeros(HOURS * STATIONS),
})
day = table.slice(0, 24)
days = np.datetime64("1800-01-01") + np.arange(200_000)
wide = pa.table({
    "plant_name": pa.array(["Jeju"] * len(days)),
    "date": days,
    **{f"Hour {hour}": np.zeros(len(days)) for hour in range(1, 25)},
})
calls = {
    "impute": lambda: edl.impute_missing_values(table, use_rust=True),
    "impute by model": lambda: edl.impute_missing_values(table, method="optimal_interpolation", use_rust=True),
    "fit": lambda: edl.GapModel.fit(table, ["ta"], use_rust=True),
    "unsorted": lambda: edl.complete_hours(table.take(pa.array(np.arange(table.num_rows)[::-1])), use_rust=True),
    "complete": lambda: edl.complete_hours(table, use_rust=True),
    "wide": lambda: edl.transform_wide_to_long(wide, energy_unit="kWh", use_rust=True),
}
edl.impute_missing_values(day, use_rust=False)  # imports what it needs
taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + ROOM, taken + ROOM))
try:
    calls[sys.argv[1]]()
except MemoryError as error:
    print(error)
assert edl.impute_missing_values(day, use_rust=True).num_rows == day.num_rows
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits the memory as Linux does")
@pytest.mark.parametrize("call", ["impute", "impute by model", "fit", "unsorted", "complete", "wide"])
def test_a_call_that_cannot_have_its_memory_raises(call):
    process = subprocess.run([sys.executable, "-c", PROGRAM, call], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    assert "bytes of memory cannot be had; process fewer rows or columns at a time" in process.stdout
