"""Measure what storing costs: PostgreSQL against COPY and SQLAlchemy, DuckDB against writing Parquet."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import harness
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy
from pyarrow import csv
from servers import DUCKDB, POSTGRESQL, databases
from sqlalchemy.dialects.postgresql import insert

from energy_data_layer.storage.database import Database, UpsertCounts
from energy_data_layer.storage.tables import WIND_KEY, WIND_NAMDONG

if TYPE_CHECKING:
    from collections.abc import Callable

PLANTS = 100
BATCH = 5000
COMPARED = {
    "PostgreSQL, first load": ("COPY", 0.6),
    "PostgreSQL, all changed": ("SQLAlchemy executemany", 15),
    "PostgreSQL, unchanged": ("PostgreSQL, all changed", 2),
    "DuckDB, re-upsert": ("Parquet", None),
}
"""How many times as many rows per second as what it is compared with, at least."""
DUCKDB_GOAL = ("DuckDB, re-upsert", 4_000_000)
"""Rows per second, on the machine of reference."""

ROW_BY_ROW = sqlalchemy.text(
    f"INSERT INTO {WIND_NAMDONG} (timestamp, plant_name, generation) VALUES (:timestamp, :plant_name, :generation) "
    "ON CONFLICT (timestamp, plant_name) DO UPDATE SET generation = excluded.generation"
)


SIZES = {"rows": (1_000_000, 2_000), "part": (20_000, 500), "repeats": (3, 1)}
"""`part` rows are stored by SQLAlchemy, whose time is scaled."""
PAGE, NEEDS_RUST = "io.md", False
LIBRARIES = ("duckdb", "adbc-driver-postgresql", "sqlalchemy", "psycopg2-binary")


def measure(sizes: Any) -> dict[str, Any]:
    """Measure both databases, each time against a table that has just been emptied."""
    rows = [_rows(sizes.rows, seed) for seed in (0, 1)]
    with databases(postgresql=True, durable=True) as kinds:
        if POSTGRESQL not in kinds:
            raise SystemExit("no PostgreSQL server was found; EDL_TEST_POSTGRES_BIN names the folder of its programs")
        samples = _in_postgresql(kinds[POSTGRESQL](), rows, sizes)
        samples |= _in_duckdb(kinds[DUCKDB], rows, sizes.repeats)
    typical = {name: median(seconds) for name, seconds in samples.items()}
    return {
        "count": sizes.rows,
        "repeats": sizes.repeats,
        "rows": [_judged(name, typical, sizes.rows) | {"samples": samples[name]} for name in samples],
    }


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


def _in_postgresql(url: str, rows: list[pa.Table], sizes: Any) -> dict[str, list[float]]:
    """Return seconds per way, scaled to all rows."""
    engine = sqlalchemy.create_engine(url.replace("postgresql", "postgresql+psycopg2", 1))
    part = rows[1].slice(0, sizes.part)
    whole = rows[1].num_rows / part.num_rows
    samples: dict[str, list[float]] = {}

    def note(name: str, call: Callable[[], Any], factor: float = 1) -> None:
        samples.setdefault(name, []).append(factor * _seconds(call))

    with Database.connect(url) as database, tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the server, which reads the file, may be another user
        csv.write_csv(rows[0], f"{folder}/rows.csv", csv.WriteOptions(include_header=False))
        for _ in range(sizes.repeats):
            _empty(database)
            note("COPY", lambda: database.execute(f"COPY {WIND_NAMDONG} FROM '{folder}/rows.csv' (FORMAT csv)"))
            _empty(database)
            note("PostgreSQL, first load", lambda: _upsert(database, rows[0]))
            database.execute(f"VACUUM ANALYZE {WIND_NAMDONG}")
            note("SQLAlchemy executemany", lambda: _in_batches(engine, ROW_BY_ROW, part), whole)
            note("SQLAlchemy insert", lambda: _in_batches(engine, _many_at_once(engine), part), whole)
            _empty(database)
            _upsert(database, rows[0])
            database.execute(f"VACUUM ANALYZE {WIND_NAMDONG}")
            note("PostgreSQL, all changed", lambda: _upsert(database, rows[1]))
            note("PostgreSQL, unchanged", lambda: _upsert(database, rows[1]))
    engine.dispose()
    return samples


def _in_duckdb(empty: Callable[[], str], rows: list[pa.Table], repeats: int) -> dict[str, list[float]]:
    samples: dict[str, list[float]] = {"DuckDB, first load": [], "DuckDB, re-upsert": [], "Parquet": []}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder, Database.connect(empty()) as database:
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


def _in_batches(engine: sqlalchemy.Engine, statement: Any, rows: pa.Table) -> None:
    """Upsert as a job over SQLAlchemy would: by the driver's executemany."""
    with engine.begin() as connection:
        for batch in rows.to_batches(max_chunksize=BATCH):
            connection.execute(statement, batch.to_pylist())


def _many_at_once(engine: sqlalchemy.Engine) -> Any:
    """Return SQLAlchemy's own upsert, which puts many rows into one statement and changes each."""
    statement = insert(sqlalchemy.Table(WIND_NAMDONG, sqlalchemy.MetaData(), autoload_with=engine))
    changed = {"generation": statement.excluded.generation + 1}
    return statement.on_conflict_do_update(index_elements=list(WIND_KEY), set_=changed)


def _seconds(call: Callable[[], Any]) -> float:
    begin = perf_counter()
    call()
    return perf_counter() - begin


def _judged(name: str, typical: dict[str, float], count: int) -> dict[str, Any]:
    against, goal = COMPARED.get(name, (None, None))
    rows_per_second = count / typical[name]
    ratio = typical[against] / typical[name] if against else None
    if name == DUCKDB_GOAL[0]:
        goal = f"{DUCKDB_GOAL[1]:,} rows/s"
        met = rows_per_second >= DUCKDB_GOAL[1]
    else:
        met = None if goal is None else ratio >= goal
    return {
        "way": name,
        "seconds": typical[name],
        "rows_per_second": rows_per_second,
        "against": against,
        "ratio": ratio,
        "goal": goal,
        "met": met,
    }


def document(results: dict[str, Any]) -> list[Any]:
    """Return a table of the ways."""
    return [
        f"{results['count']:,} rows (stamp, name, number), median of {results['repeats']}:",
        harness.table(
            results["rows"],
            ("way", "{way}"),
            ("s", "{seconds:.2f}"),
            ("rows/s", "{rows_per_second:,.0f}"),
            ("against", "{against}"),
            ("ratio", "{ratio:.2f}"),
            ("goal", "{goal}"),
            ("ok", "{met}"),
        ),
    ]


def meets_goals(results: dict[str, Any]) -> bool:
    """Return whether all goals are met."""
    return all(row["met"] is not False for row in results["rows"])


if __name__ == "__main__":
    sys.exit(harness.run())
