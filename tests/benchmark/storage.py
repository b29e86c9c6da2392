"""Measure what storing costs: PostgreSQL against COPY and SQLAlchemy, DuckDB against writing Parquet."""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import environment
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy
from pyarrow import csv

from energy_data_layer.storage.database import Database, UpsertCounts
from energy_data_layer.storage.migrations import migrate
from energy_data_layer.storage.tables import WIND_KEY, WIND_NAMDONG

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.postgres_server import PostgresServer, find_binaries

if TYPE_CHECKING:
    from collections.abc import Callable

PLANTS = 100
BATCH = 5000
GOALS = {
    "PostgreSQL, first load": ("COPY", 0.6),
    "PostgreSQL, all changed": ("SQLAlchemy executemany", 15),
    "PostgreSQL, unchanged": ("PostgreSQL, all changed", 2),
}
"""How many times as many rows per second as what it is compared with, at least."""
DUCKDB_GOAL = 4_000_000
"""Rows per second of a DuckDB re-upsert, on the machine of reference."""

ROW_BY_ROW = sqlalchemy.text(
    f"INSERT INTO {WIND_NAMDONG} (timestamp, plant_name, generation) VALUES (:timestamp, :plant_name, :generation) "
    "ON CONFLICT (timestamp, plant_name) DO UPDATE SET generation = excluded.generation"
)


def main() -> int:
    """Measure, print, write, and return the exit code."""
    options = _options()
    binaries = find_binaries()
    if binaries is None:
        raise SystemExit("no PostgreSQL server was found; EDL_TEST_POSTGRES_BIN names the folder of its programs")
    others = environment.OtherProcesses()
    rows = [_rows(options.rows, seed) for seed in (0, 1)]
    seconds = {**_in_postgresql(binaries, rows, options), **_in_duckdb(rows, options.repeats)}
    results = _results(seconds, options) | {"others_busy": others.busy()}
    print(_markdown(results))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if options.check and not all(row["met"] in (None, True) for row in results["rows"]) else 0


def _rows(count: int, seed: int) -> pa.Table:
    """Return hours of many plants; those of another seed have the same keys and other values."""
    hours = np.datetime64("2020-01-01", "us") + np.arange(-(-count // PLANTS)) * np.timedelta64(1, "h")
    return pa.table(
        {
            "timestamp": np.tile(hours, PLANTS)[:count],
            "plant_name": np.repeat([f"plant {number}" for number in range(PLANTS)], len(hours))[:count],
            "generation": np.random.default_rng(seed).random(count) * 1000,
        }
    )


def _in_postgresql(binaries: Path, rows: list[pa.Table], options: argparse.Namespace) -> dict[str, list[float]]:
    """Return seconds per way, scaled to all rows, each time against a table that has just been emptied."""
    server = PostgresServer(binaries, durable=True)
    try:
        server.start()
        url = server.empty_database()
        with Database.connect(url) as database:
            migrate(database)
            return _postgresql_ways(server, database, rows, options)
    finally:
        server.close()


def _postgresql_ways(
    server: PostgresServer, database: Database, rows: list[pa.Table], options: argparse.Namespace
) -> dict[str, list[float]]:
    file = server.data / "rows.csv"
    csv.write_csv(rows[0], file, csv.WriteOptions(include_header=False))
    copy = f"COPY {WIND_NAMDONG} FROM '{file}' (FORMAT csv)"
    engine = sqlalchemy.create_engine(database.url.replace("postgresql", "postgresql+psycopg2", 1))
    part = rows[1].slice(0, min(options.part, rows[1].num_rows))
    whole = rows[1].num_rows / part.num_rows
    samples: dict[str, list[float]] = {}

    def note(name: str, seconds: float) -> None:
        samples.setdefault(name, []).append(seconds)

    for _ in range(options.repeats):
        _empty(database)
        note("COPY", _seconds(lambda: database.execute(copy)))
        _empty(database)
        note("PostgreSQL, first load", _seconds(lambda: _upsert(database, rows[0])))
        database.execute(f"VACUUM ANALYZE {WIND_NAMDONG}")
        note("SQLAlchemy executemany", whole * _seconds(lambda: _execute_many(engine, part)))
        note("SQLAlchemy insert", whole * _seconds(lambda: _insert_many(engine, part, 1)))
        _empty(database)
        _upsert(database, rows[0])
        database.execute(f"VACUUM ANALYZE {WIND_NAMDONG}")
        note("PostgreSQL, all changed", _seconds(lambda: _upsert(database, rows[1])))
        note("PostgreSQL, unchanged", _seconds(lambda: _upsert(database, rows[1])))
    engine.dispose()
    return samples


def _in_duckdb(rows: list[pa.Table], repeats: int) -> dict[str, list[float]]:
    samples: dict[str, list[float]] = {"DuckDB, first load": [], "DuckDB, re-upsert": [], "Parquet": []}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder, Database.connect(f"duckdb:///{folder}/energy.duckdb") as database:
            migrate(database)
            samples["DuckDB, first load"].append(_seconds(lambda: _upsert(database, rows[0])))
            samples["DuckDB, re-upsert"].append(_seconds(lambda: _upsert(database, rows[1])))
            samples["Parquet"].append(_seconds(lambda: pq.write_table(rows[1], Path(folder) / "rows.parquet")))
    return samples


def _upsert(database: Database, rows: pa.Table) -> UpsertCounts:
    counts = database.upsert(WIND_NAMDONG, rows, WIND_KEY)
    assert counts.inserted + counts.updated + counts.unchanged == rows.num_rows
    return counts


def _empty(database: Database) -> None:
    database.execute(f"TRUNCATE {WIND_NAMDONG}")
    database.execute("CHECKPOINT")


def _execute_many(engine: sqlalchemy.Engine, rows: pa.Table) -> None:
    """Upsert row by row in batches, as a job over SQLAlchemy would: the driver's executemany."""
    with engine.begin() as connection:
        for batch in rows.to_batches(max_chunksize=BATCH):
            connection.execute(ROW_BY_ROW, batch.to_pylist())


def _insert_many(engine: sqlalchemy.Engine, rows: pa.Table, add: float) -> None:
    """Upsert with SQLAlchemy's own statement, which puts many rows into one."""
    from sqlalchemy.dialects.postgresql import insert

    table = sqlalchemy.Table(WIND_NAMDONG, sqlalchemy.MetaData(), autoload_with=engine)
    statement = insert(table)
    statement = statement.on_conflict_do_update(
        index_elements=list(WIND_KEY), set_={"generation": statement.excluded.generation + add}
    )
    with engine.begin() as connection:
        for batch in rows.to_batches(max_chunksize=BATCH):
            connection.execute(statement, batch.to_pylist())


def _seconds(call: Callable[[], Any]) -> float:
    begin = perf_counter()
    call()
    return perf_counter() - begin


def _results(seconds: dict[str, list[float]], options: argparse.Namespace) -> dict[str, Any]:
    typical = {name: median(samples) for name, samples in seconds.items()}
    rows = []
    for name, second in typical.items():
        against, goal = GOALS.get(name, ("", None))
        ratio = typical[against] / second if against else None
        met = None if ratio is None or goal is None else ratio >= goal
        if name == "DuckDB, re-upsert":
            against, ratio, met = "Parquet", typical["Parquet"] / second, options.rows / second >= DUCKDB_GOAL
        rows.append(
            {
                "way": name,
                "seconds": second,
                "samples": seconds[name],
                "rows_per_second": options.rows / second,
                "against": against,
                "ratio": ratio,
                "goal": goal,
                "met": met,
            }
        )
    libraries = ("duckdb", "adbc-driver-postgresql", "pyarrow", "sqlalchemy", "psycopg2-binary")
    return {
        "count": options.rows,
        "repeats": options.repeats,
        "rows": rows,
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "libraries": {library: version(library) for library in libraries},
    }


def _markdown(results: dict[str, Any]) -> str:
    lines = [
        f"{results['count']:,} rows (stamp, name, number), median of {results['repeats']}:",
        "",
        "| way | s | rows/s | against | ratio | goal | ok |",
        "|---|---:|---:|---|---:|---:|---|",
    ]
    for row in results["rows"]:
        goal = f"{DUCKDB_GOAL:,} rows/s" if row["way"] == "DuckDB, re-upsert" else row["goal"] or ""
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
        met = {None: "", True: "yes", False: "NO"}[row["met"]]
        lines.append(
            f"| {row['way']} | {row['seconds']:.2f} | {row['rows_per_second']:,.0f} | {row['against']} | {ratio} "
            f"| {goal} | {met} |"
        )
    others = "" if results["others_busy"] is None else f" ({results['others_busy']:.0%} busy with other processes)"
    libraries = ", ".join(f"{name} {number}" for name, number in results["libraries"].items())
    return "\n".join([*lines, "", f"Measured on {results['machine']}{others}, {libraries}."])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows to store")
    parser.add_argument("--part", type=int, default=20_000, help="rows that SQLAlchemy stores; its time is scaled")
    parser.add_argument("--repeats", type=int, default=3, help="how often each way is measured")
    parser.add_argument("--json", type=Path, help="write the results to this file")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a goal is missed")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
