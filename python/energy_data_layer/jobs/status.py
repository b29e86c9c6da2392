"""What a database holds and lacks: last stamps, holes, and how the last runs ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from energy_data_layer.storage.coverage import hourly_table, hourly_tables, series_coverage
from energy_data_layer.storage.gap_models import fill_method, newest_model
from energy_data_layer.storage.migrations import database_to_read
from energy_data_layer.storage.runs import RunLog
from energy_data_layer.storage.tables import FILL_METHODS, REJECTS, RUNS, WEATHER_ASOS
from energy_data_layer.transforms.impute.rule import OPTIMAL_INTERPOLATION

if TYPE_CHECKING:
    from datetime import date, datetime

    from energy_data_layer.storage.database import Database

LATEST_RUNS = 10

CHANGE_METHOD = f"edl reprocess --method {OPTIMAL_INTERPOLATION} --since <first day>"
"""How the method of a database is changed."""


@dataclass(frozen=True)
class SeriesStatus:
    """How far a station or plant is stored.

    Attributes
    ----------
    key : str
        The station, or the plant and its unit.
    name : str
        What it is called.
    last : datetime
        Its last stamp, as the table has it.
    last_hour : datetime
        The beginning of its last hour.
    incomplete_days : int
        Days from its first to its last one of which fewer than 24 hours are stored.
    first_incomplete : date or None
        The first of these.
    """

    key: str
    name: str
    last: datetime
    last_hour: datetime
    incomplete_days: int
    first_incomplete: date | None


@dataclass(frozen=True)
class TableStatus:
    """What a table holds.

    Attributes
    ----------
    table : str
        The table.
    rows : int
        Its rows.
    series : list of SeriesStatus
        Its stations or plants.
    """

    table: str
    rows: int
    series: list[SeriesStatus]


@dataclass(frozen=True)
class FillStatus:
    """How the missing values of the weather are filled.

    Attributes
    ----------
    method : str
        The method.
    probability : float or None
        How often the stored interval of a fill is to hold the true value; None where there are no intervals.
    model : str or None
        The newest model, None without one.
    fitted : datetime or None
        When it was fitted (UTC).
    advice : str
        How a better method is chosen, empty where there is none.
    """

    method: str
    probability: float | None
    model: str | None = None
    fitted: datetime | None = None
    advice: str = ""


@dataclass(frozen=True)
class Status:
    """What a database holds and lacks.

    Attributes
    ----------
    tables : list of TableStatus
        The tables that have rows.
    rejects : int
        Rows in table ``rejects``.
    runs : list of dict
        The latest runs, newest first, as rows of table ``runs`` without their reports.
    fills : FillStatus or None
        How missing weather is filled; None where none was yet.
    """

    tables: list[TableStatus] = field(default_factory=list)
    rejects: int = 0
    runs: list[dict[str, Any]] = field(default_factory=list)
    fills: FillStatus | None = None


def status_of(database_url: str) -> Status:
    """Return what a database holds and lacks; nothing is changed or created.

    Parameters
    ----------
    database_url : str
        See `Database.connect`.

    Raises
    ------
    OptionError, StorageError
        As in `Database.connect`; also if there is no such database file.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from energy_data_layer.jobs.generation.from_files import run_generation
    >>> from energy_data_layer.simulator.sample_generation import write_generation_sample
    >>> with TemporaryDirectory() as folder:
    ...     _ = run_generation(write_generation_sample(folder), f"duckdb:///{folder}/energy.duckdb")
    ...     status = status_of(f"duckdb:///{folder}/energy.duckdb")
    >>> [table.table for table in status.tables], [run["status"] for run in status.runs]
    (['generation_hourly'], ['succeeded'])
    """
    with database_to_read(database_url) as database:
        present = set(database.tables())
        counts = {table: database.row_count(table) for table in (*hourly_tables(), REJECTS) if table in present}
        return Status(
            [
                TableStatus(table, counts[table], _series(database, table))
                for table in hourly_tables()
                if counts.get(table)
            ],
            counts.get(REJECTS, 0),
            RunLog(database).latest(LATEST_RUNS).drop_columns("report").to_pylist() if RUNS in present else [],
            fill_status(database) if FILL_METHODS in present else None,
        )


def fill_status(database: Database) -> FillStatus | None:
    """Return how the missing values of the weather are filled, None where none were yet."""
    chosen = fill_method(database, WEATHER_ASOS)
    if chosen is None:
        return None
    model = newest_model(database, WEATHER_ASOS)
    better = f"{OPTIMAL_INTERPOLATION} is more accurate: {CHANGE_METHOD}"
    return FillStatus(
        chosen.method,
        chosen.probability,
        model and model.id,
        model and model.fitted,
        advice="" if chosen.method == OPTIMAL_INTERPOLATION else better,
    )


def _series(database: Database, table: str) -> list[SeriesStatus]:
    names = hourly_table(table).key
    # Sorted here: each database has an order of texts of its own, and Arrow's takes long to import.
    rows = sorted(series_coverage(database, table).to_pylist(), key=lambda row: [row[name] for name in names])
    return [
        SeriesStatus(
            key := " ".join(str(row[name]) for name in names if row[name] != ""),
            row["series_name"] or key,
            row["last_stamp"],
            row["last_hour"],
            row["incomplete_days"],
            row["first_incomplete"],
        )
        for row in rows
    ]
