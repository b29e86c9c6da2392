"""Measure what filling takes of the processor on Spark, against an identity, which moves the same rows."""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator  # noqa: TC003  # Spark reads the annotations of what it applies
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import harness
import pyarrow as pa
import pyarrow.parquet as pq
from data import COLUMNS, weather
from local_spark import local_spark

import energy_data_layer as edl
from energy_data_layer import spark

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import DataFrame

PAGE = "scale.md"
LIBRARIES = ("pyspark",)
SIZES = {"rows": (4_000_000, 20_000), "stations": (400, 20), "runs": (3, 1)}
FILES = 8
GOAL = 1.15
KEY = [("stnNm", "ascending"), ("tm", "ascending")]
IDENTITY, FILLED = "Spark: an identity, by `applyInArrow`", "Spark: `impute_missing_values`"
ALONE = "one process: the files read, and `impute_missing_values`"


def identity(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return the rows of a station."""
    yield from batches


def measure(sizes: Any) -> dict[str, Any]:
    """Measure both on the same files, in turns."""
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    table = pa.Table.from_pandas(weather(sizes.rows, sizes.stations), preserve_index=False)
    table = table.cast(
        pa.schema([("stnNm", pa.string()), ("tm", pa.timestamp("us")), *((n, "double") for n in COLUMNS)])
    )
    with tempfile.TemporaryDirectory() as folder, local_spark(Path(folder), "2g") as session:
        store = Path(folder, "store")
        store.mkdir()
        # Each file has rows of all stations.
        for file in range(FILES):
            pq.write_table(table.take(pa.array(range(file, len(table), FILES))), store / f"{file}.parquet")
        df = session.read.parquet(str(store))
        calls: dict[str, Callable[[], Any]] = {
            IDENTITY: lambda: _used(df.groupBy("stnNm").applyInArrow(identity, df.schema)),
            FILLED: lambda: _used(spark.impute_missing_values(df, COLUMNS)),
            ALONE: lambda: edl.impute_missing_values(pq.read_table(store), COLUMNS),
        }
        filled = spark.impute_missing_values(df, COLUMNS, provenance=True).toArrow().sort_by(KEY)
        whole = edl.impute_missing_values(df.toArrow().sort_by(KEY), COLUMNS, provenance=True)
        seconds: dict[str, list[float]] = {name: [] for name in calls}
        for turn in range(1 + sizes.runs):
            for name, call in calls.items():
                before = _cpu_seconds()
                call()
                if turn:
                    seconds[name].append(_cpu_seconds() - before)
    least = median(seconds[IDENTITY])
    rows = [{"what": name, "seconds": median(took), "ratio": median(took) / least} for name, took in seconds.items()]
    equal = filled.cast(whole.schema).combine_chunks().equals(whole.combine_chunks())
    return {"rows": sizes.rows, "stations": sizes.stations, "calls": rows, "equal": equal}


def _used(df: DataFrame) -> None:
    """Compute all rows and keep none."""
    df.write.format("noop").mode("overwrite").save()


def _cpu_seconds() -> float:
    """Return the processor seconds of this process, of Java and of the executors' Pythons, ended ones included."""
    parents, ticks = {}, {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        process = int(status.parent.name)
        parents[process], ticks[process] = int(fields[1]), sum(map(int, fields[11:15]))
    ours = {os.getpid()}
    while added := {process for process, parent in parents.items() if parent in ours} - ours:
        ours |= added
    return sum(ticks[process] for process in ours) / os.sysconf("SC_CLK_TCK")


def document(results: dict[str, Any]) -> list[Any]:
    """Return a table of both."""
    return [
        harness.table(
            results["calls"],
            (f"{results['rows']:,} rows, {results['stations']} stations, 2 columns", "{what}"),
            ("CPU seconds", "{seconds:.1f}"),
            ("÷ identity", "{ratio:.2f}"),
        ),
        f"Goal: at most {GOAL}. " + harness.checked({"the bits and provenance of one process": results["equal"]}) + ".",
    ]


def holds(results: dict[str, Any]) -> bool:
    """Return whether the answers are those of one process."""
    return bool(results["equal"])


def meets_goals(results: dict[str, Any]) -> bool:
    """Return whether filling adds no more than the goal."""
    return next(call["ratio"] for call in results["calls"] if call["what"] == FILLED) <= GOAL


if __name__ == "__main__":
    sys.exit(harness.run())
