"""Tables larger than memory: filling them part by part against copying the same columns, in fresh processes."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import harness
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from harness import in_fresh_process
from pyarrow import parquet

from energy_data_layer import impute_dataset, impute_missing_values
from energy_data_layer.reports.run_report import peak_rss_megabytes
from energy_data_layer.scale.parts import ParquetTable, SpooledParts, find_files

HOURS = 40_000
COLUMNS = ["ta", "hm"]
FILES = 8
SCHEMA = pa.schema([("stnNm", pa.string()), ("tm", pa.timestamp("ms")), *((name, pa.float64()) for name in COLUMNS)])

SIZES = {"rows": (100_000_000, 2_000_000), "memory": ("1GB", "256MiB"), "whole": (False, True)}
PAGE, NEEDS_RUST = "scale.md", True
GOALS = {"by station": 1.6, "by time": 2.3}
MOST_MEGABYTES, MOST_SPOOL = {"1GB": 1_000, "256MiB": 400}, 45


def measure(sizes: Any) -> dict[str, Any]:
    """Fill the same table from files in two orders, and copy the files."""
    stations = sizes.rows // HOURS
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        for order in GOALS:
            source, target = f"{folder}/{order}", f"{folder}/filled {order}"
            in_fresh_process(make, source, order, stations)
            copying = in_fresh_process(copy, source, f"{folder}/copy")
            filling = in_fresh_process(fill, source, target, sizes.memory)
            spool = in_fresh_process(spool_bytes, source) / sizes.rows if order == "by time" else None
            answer = in_fresh_process(sum_of_bits, target)
            runs.append({"order": order, "copying": copying, "filling": filling, "spool": spool, "answer": answer})
        if sizes.whole:
            runs.append({"order": None, "answer": in_fresh_process(fill_at_once, f"{folder}/by time")})
    return {"rows": sizes.rows, "stations": stations, "memory": sizes.memory, "runs": runs}


def make(folder: str, order: str, stations: int) -> None:
    """Write the table's files: all hours of some stations, or some hours of all stations, at a time."""
    Path(folder).mkdir()
    per_group = max(1, 1_000_000 // (HOURS if order == "by station" else stations))
    groups = range(0, stations if order == "by station" else HOURS, per_group)
    for file, some in enumerate(np.array_split(np.array(groups), FILES)):
        with parquet.ParquetWriter(f"{folder}/{file}.parquet", SCHEMA) as writer:
            for begin in some.tolist():
                if order == "by station":
                    station, hour = np.arange(begin, min(begin + per_group, stations)), np.arange(HOURS)
                    station, hour = (part.ravel() for part in np.meshgrid(station, hour, indexing="ij"))
                else:
                    station, hour = np.arange(stations), np.arange(begin, min(begin + per_group, HOURS))
                    hour, station = (part.ravel() for part in np.meshgrid(hour, station, indexing="ij"))
                writer.write_table(_rows(station, hour))


def _rows(station: np.ndarray, hour: np.ndarray) -> pa.Table:
    """Return rows that depend on station and hour alone: a course of the day, noise, and gaps of three lengths."""
    columns = {}
    for place, name in enumerate(COLUMNS):
        noise = _mixed(station * HOURS + hour, place)
        values = np.round(10 + 8 * np.sin(hour * np.pi / 12) + noise * 4, 1)
        in_short = _mixed(station * HOURS + hour // 2, place + 2) < 0.02
        in_long = _mixed(station * HOURS + hour // 30, place + 4) < 0.02
        columns[name] = pa.array(np.where(in_short | in_long, np.nan, values), from_pandas=True)
    stamps = np.datetime64("2015-01-01", "ms") + hour * np.timedelta64(1, "h")
    names = pa.array([f"station {number:05}" for number in range(station.max() + 1)])
    return pa.table([names.take(pa.array(station)), stamps, *columns.values()], SCHEMA.names).cast(SCHEMA)


def _mixed(number: np.ndarray, salt: int) -> np.ndarray:
    """Return for each number one from 0 to 1 that looks random."""
    mixed = (number.astype(np.uint64) + np.uint64(salt << 48)) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
    return (mixed >> np.uint64(11)) / 2.0**53


def _measured(work: Any) -> dict[str, float]:
    begin, cpu = time.perf_counter(), time.process_time()
    work()
    return {
        "cpu": time.process_time() - cpu,
        "seconds": time.perf_counter() - begin,
        "peak": peak_rss_megabytes() or 0.0,
    }


def copy(source: str, target: str) -> dict[str, float]:
    """Read and write the same columns."""

    def work() -> None:
        Path(target).mkdir(exist_ok=True)
        for path in sorted(Path(source).iterdir()):
            with (
                parquet.ParquetFile(path) as file,
                parquet.ParquetWriter(f"{target}/{path.name}", file.schema_arrow) as writer,
            ):
                for batch in file.iter_batches(1 << 20):
                    writer.write_batch(batch)

    return _measured(work)


def fill(source: str, target: str, memory: str) -> dict[str, float]:
    """Fill the table part by part."""
    return _measured(lambda: impute_dataset(source, target, COLUMNS, memory=memory, provenance=False, use_rust=True))


def spool_bytes(source: str) -> int:
    """Return the size of the temporary file."""
    table = ParquetTable(*find_files(source))
    parts = SpooledParts(table, "stnNm", 5_000_000)
    try:
        return parts._spool.seek(0, os.SEEK_END)
    finally:
        parts.close()


def fill_at_once(source: str) -> list[int]:
    """Return what the bits of one call add up to."""
    table = parquet.read_table(source)
    return _sum([impute_missing_values(table, COLUMNS, use_rust=True)])


def sum_of_bits(target: str) -> list[int]:
    """Return what the bits of all rows add up to, whatever their order."""
    return _sum(parquet.read_table(path) for path in sorted(Path(target).glob("part-*.parquet")))


def _sum(tables: Any) -> list[int]:
    """Add up rows, stations and stamps, and the bits of each column, multiplied by those of the row's key."""
    rows, sums = 0, [0] * len(COLUMNS)
    for table in tables:
        rows += table.num_rows
        station = pc.cast(pc.utf8_slice_codeunits(table["stnNm"], 8), pa.int64()).to_numpy()
        key = _mixed(station * HOURS + table["tm"].cast(pa.int64()).to_numpy() // 3_600_000, 9).view(np.uint64) | 1
        for place, name in enumerate(COLUMNS):
            bits = table[name].to_numpy().view(np.uint64)
            sums[place] = (sums[place] + int((bits * key).sum(dtype=np.uint64))) % (1 << 64)
    return [rows, *sums]


def _checks(results: dict[str, Any]) -> dict[str, bool]:
    answers = [run["answer"] for run in results["runs"]]
    most = MOST_MEGABYTES[results["memory"]]
    runs = [run for run in results["runs"] if run["order"]]
    return {
        f"{results['rows']:,} rows come out": all(answer[0] == results["rows"] for answer in answers),
        "the same bits from files in either order": all(answer == answers[0] for answer in answers),
        f"peak below {most:,} MB": all(run["filling"]["peak"] < most for run in runs),
        f"at most {MOST_SPOOL} bytes a row in the temporary file": all(
            (run["spool"] or 0) <= MOST_SPOOL for run in runs
        ),
    }


def document(results: dict[str, Any]) -> list[Any]:
    """Return the runs beside their goals, and the checks."""
    rows = [("files", "CPU ÷ copying", "goal", "rows a second", "peak MB", "copying, peak MB", "spool, bytes a row")]
    for run in results["runs"]:
        if run["order"]:
            filling, copying = run["filling"], run["copying"]
            rows.append(
                (
                    f"sorted {run['order']}",
                    f"{filling['cpu'] / copying['cpu']:.2f}",
                    f"≤ {GOALS[run['order']]}",
                    f"{results['rows'] / filling['seconds']:,.0f}",
                    f"{filling['peak']:,.0f}",
                    f"{copying['peak']:,.0f}",
                    "" if run["spool"] is None else f"{run['spool']:.0f}",
                )
            )
    title = (
        f"{results['rows']:,} rows ({results['stations']:,} stations of {HOURS:,} hours, two columns, some 4 % "
        f"missing), with `--memory {results['memory']}`:"
    )
    return [title, rows, harness.checked(_checks(results))]


def holds(results: dict[str, Any]) -> bool:
    """Return whether all checks are met; times are not judged."""
    return all(_checks(results).values())


if __name__ == "__main__":
    sys.exit(harness.run())
