"""Reprocessing: stored values held against what the engine makes of their sources; what differs is replaced."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Literal

import pyarrow as pa

from energy_data_layer.core.clock import today_in_korea
from energy_data_layer.core.coercion import checked_markers
from energy_data_layer.core.provenance import provenance_column
from energy_data_layer.datasets.asos import ASOS, ASOS_COLUMNS
from energy_data_layer.datasets.chunks import years
from energy_data_layer.datasets.registry import fetched_datasets
from energy_data_layer.engine import choice
from energy_data_layer.errors import OptionError
from energy_data_layer.files.weather import OBSERVATIONS
from energy_data_layer.jobs.options import ImputeOptions, RunOptions
from energy_data_layer.jobs.periods import day_of
from energy_data_layer.jobs.reprocess.raw_rows import read_raw_rows
from energy_data_layer.jobs.reprocess.replaced_values import note_replaced_values
from energy_data_layer.jobs.reprocess.weather import reprocess_stations
from energy_data_layer.jobs.run_context import recorded, watched
from energy_data_layer.jobs.weather.doubtful import as_taken, require_measurements, with_markers_missing
from energy_data_layer.jobs.weather.imputed import STAGES as IMPUTATION_STAGES
from energy_data_layer.jobs.weather.method import fills_of
from energy_data_layer.reports.collection_report import CollectionReport
from energy_data_layer.reports.reprocess_report import ReprocessReport
from energy_data_layer.storage.connect import connect
from energy_data_layer.storage.coverage import hourly_table
from energy_data_layer.storage.migrations import migrate, without_trace
from energy_data_layer.storage.queries.weather_history import hours_by_station
from energy_data_layer.storage.runs import RunLog
from energy_data_layer.storage.stored_files import forget_stored_files
from energy_data_layer.storage.tables import WEATHER_ASOS
from energy_data_layer.storage.urls import redacted_url, require_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import date
    from os import PathLike

    from energy_data_layer.core.coercion import Markers, MissingValues
    from energy_data_layer.datasets.dataset import Chunk, Dataset
    from energy_data_layer.jobs.weather.method import Fills
    from energy_data_layer.storage.database import Database, Filter
    from energy_data_layer.transforms.impute.rule import Method

    Transaction = Callable[[], AbstractContextManager[None]]

STAGES = ("plan", "read raw", "read stored", "take out", *IMPUTATION_STAGES, "compare")

ROWS_AT_ONCE = 200_000
"""Rows in a transaction to which no further station is added: what bounds the memory."""

_HOURS_A_DAY = 24


def run_reprocess(
    database_url: str,
    *,
    since: str | date,
    until: str | date | None = None,
    stations: Iterable[int] | None = None,
    columns: Sequence[str] | None = None,
    max_spline_gap: int = 3,
    method: Method | None = None,
    max_gap: int | None = None,
    out_of_range: Literal["keep", "missing"] = "keep",
    interval: float | None = None,
    from_raw: str | PathLike[str] | None = None,
    missing_values: MissingValues | None = None,
    dry_run: bool = False,
    use_rust: bool | None = None,
    on_stage: Callable[[str], None] | None = None,
) -> ReprocessReport:
    """Compute what is stored again, replace what differs, and keep the old values.

    The fills of ``weather_asos`` are computed again from the stored observations; a fill that has the same
    method, and the same value but for rounding, stays. With a raw folder the observations themselves, and the
    tables ``wind_namdong`` and ``nambu_generation``, are first held against the bodies that were kept: there the
    folder is right, also where it has a missing value and the table has one. Stored rows that the folder does
    not know stay.

    Table ``fill_changes`` keeps the fills that were replaced, table ``replaced_values`` all other values. Some
    stations at a time, and years of generation, are committed together with their history; a run that died is
    completed by the next one. Running it twice changes nothing more.

    Parameters
    ----------
    database_url : str
        See `connect`.
    since, until : date or ISO 8601 text
        First and last day, both included; `until` is by default today (KST). Fills within 168 hours around the
        period are written again where they change with it.
    stations : iterable of int, optional
        Numbers of weather stations; by default all, and then generation too where there is a raw folder.
    columns : sequence of str, optional
        The fields whose fills are computed again; by default all that were ever imputed.
    max_spline_gap : int, default 3
        The longest gap, in hours, that a spline interpolates; as the jobs had it.
    method : {"optimal_interpolation", "linear", "spline_climatology"}, optional
        From now on fill by this method, in the period and in all later runs; by default by that of the database.
    max_gap : int, optional
        See `ImputeOptions`; as the jobs had it.
    out_of_range : {"keep", "missing"}, default "keep"
        What becomes of observations outside the physical bounds, those of the folder or, without one, the stored
        ones of `columns`: kept, or taken for missing and kept in table ``rejects``.
    interval : float, optional
        From now on store intervals of this probability.
    from_raw : path, optional
        A folder of bodies that a job kept (``keep_raw``).
    missing_values : sequence of float or str, or dict of str to these, optional
        As in `run_weather`, for the observations of the folder.
    dry_run : bool, default False
        Tell what would be replaced, and leave everything as it is.
    use_rust : bool, optional
        The engine, see `impute_missing_values`.
    on_stage : callable, optional
        Told the name of each stage as it begins.

    Returns
    -------
    ReprocessReport
        What was compared and replaced; its status is ``"incomplete"`` where bodies could not be read.

    Raises
    ------
    OptionError
        If an option has a value that it cannot take.
    SourceFileError
        If the folder's manifest cannot be read; nothing is written.
    PayloadError
        If a body has numbers that look as if they stood for missing values; parts committed before stay.
    StorageError
        If there is no database, or it cannot be opened or written; parts committed before stay.

    Examples
    --------
    >>> from datetime import date
    >>> from tempfile import TemporaryDirectory
    >>> from energy_data_layer.jobs.weather.from_files import run_weather
    >>> from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, write_asos_sample
    >>> with TemporaryDirectory() as folder:
    ...     url = f"duckdb:///{folder}/energy.duckdb"
    ...     days = {"since": date(2023, 1, 1), "until": date(2023, 2, 1)}
    ...     _ = run_weather(write_asos_sample(folder, stations=SAMPLE_STATIONS[:1], **days), url, columns=["ta"])
    ...     with connect(url) as database:
    ...         database.execute("UPDATE weather_asos SET ta = ta + 1 WHERE ta_provenance = 1")
    ...     first = run_reprocess(url, since="2023-01-01")
    ...     second = run_reprocess(url, since="2023-01-01")
    >>> [(found.before, found.after, round(found.largest_difference, 6)) for found in first.replaced]
    [('spline', 'spline', 1.0)]
    >>> second.values_replaced
    0
    """
    first, last = day_of("since", since), day_of("until", until or today_in_korea())
    if first > last:
        raise OptionError(f"since ({first}) is after until ({last})")
    impute = ImputeOptions(
        max_spline_gap=max_spline_gap, method=method, max_gap=max_gap, out_of_range=out_of_range, interval=interval
    )
    markers = checked_markers(missing_values, OBSERVATIONS)
    require_database(database_url)
    options = RunOptions(from_raw=from_raw, use_rust=use_rust)
    report = ReprocessReport(
        "reprocess",
        arguments={
            "database": redacted_url(database_url),
            "since": str(first),
            "until": str(last),
            "stations": None if stations is None else sorted({*stations}),
            "columns": None if columns is None else list(columns),
            **impute.of_filling(),
            "from_raw": None if from_raw is None else str(from_raw),
            **({} if missing_values is None else {"missing_values": str(missing_values)}),
            "dry_run": dry_run,
        },
        on_stage=on_stage,
    )
    chosen = choice.choose(use_rust)
    report.engine, report.engine_reason = chosen.engine, chosen.reason
    with watched(report), ExitStack() as run:
        with report.stage("plan"):
            chunks = _chunks_in(options, report, first, last)
        database = run.enter_context(connect(database_url))
        transaction: Transaction = partial(without_trace, database) if dry_run else database.transaction
        if not dry_run:
            migrate(database)
        with report.stage("plan"), transaction():
            fields = _fields(database, columns)
            groups = _station_groups(database, report.arguments["stations"], chunks[ASOS.name], first, last)
        if not dry_run:
            run.enter_context(recorded(RunLog(database), report))
        if stations is None:
            for dataset in _generation():
                asked = chunks[dataset.name]
                _compare_generation(database, report, dataset, options, asked, first, last, transaction)
        impute = replace(impute, columns=fields) if fields else impute.for_columns((), WEATHER_ASOS)[0]
        with transaction():
            fills = fills_of(database, report, impute, use_rust=use_rust, may_change=True)
        for done, group in enumerate(groups, start=1):
            report.has_come(done, len(groups), "stations")
            _reprocess_group(
                database, report, group, options, chunks[ASOS.name], markers, impute, fills, first, last, transaction
            )
        if dry_run:
            report.finish()
    return report


def _generation() -> list[Dataset]:
    return [dataset for dataset in fetched_datasets().values() if dataset is not ASOS]


def _chunks_in(options: RunOptions, report: ReprocessReport, first: date, last: date) -> dict[str, list[Chunk]]:
    """Return what the raw folder has of the period, by dataset."""
    raw = options.raw
    if raw is None:
        return {name: [] for name in fetched_datasets()}
    found = {
        name: [chunk for chunk in raw.chunks(dataset) if chunk.first <= last and chunk.last >= first]
        for name, dataset in fetched_datasets().items()
    }
    sources = [name for name, chunks in found.items() if chunks]
    if not sources:
        raise OptionError(f"from_raw is {raw.folder}, which has nothing of {first} to {last}")
    report.collection = CollectionReport(", ".join(sources), str(first), str(last))
    return found


def _fields(database: Database, columns: Sequence[str] | None) -> tuple[str, ...]:
    """Return the fields whose fills are computed again; a table that was never imputed, of sunshine alone, has none."""
    present = set(database.columns(WEATHER_ASOS))
    imputed = tuple(name for name in ASOS_COLUMNS if provenance_column(name) in present)
    if columns is None:
        return imputed
    chosen = ImputeOptions(columns=tuple(columns)).columns
    never = [name for name in chosen if name not in imputed]
    if never:
        raise OptionError(f"{', '.join(never)} was never imputed; these fields were: {', '.join(imputed) or 'none'}")
    return chosen


def _station_groups(
    database: Database, stations: Sequence[int] | None, chunks: Sequence[Chunk], first: date, last: date
) -> list[list[int]]:
    """Return the stations that have rows in the period, stored or raw, in groups of bounded size."""
    begin, end = hourly_table(WEATHER_ASOS).stamps_of(first, last)
    stored = hours_by_station(database, begin, end)
    hours = dict(zip(stored.column("station").to_pylist(), stored.column("hours").to_pylist(), strict=True))
    for chunk in chunks:
        days = (min(last, chunk.last) - max(first, chunk.first)).days + 1
        hours[int(chunk.key[0])] = hours.get(int(chunk.key[0]), 0) + _HOURS_A_DAY * days
    groups: list[list[int]] = []
    rows = ROWS_AT_ONCE
    for station in sorted(hours):
        if stations is not None and station not in stations:
            continue
        if rows >= ROWS_AT_ONCE:
            groups.append([])
            rows = 0
        groups[-1].append(station)
        rows += hours[station]
    return groups


def _reprocess_group(
    database: Database,
    report: ReprocessReport,
    stations: Sequence[int],
    options: RunOptions,
    chunks: Sequence[Chunk],
    markers: Markers,
    impute: ImputeOptions,
    fills: Fills,
    first: date,
    last: date,
    transaction: Transaction,
) -> None:
    """Make some stations' hours anew, in one transaction."""
    with report.stage("read raw"):
        asked = [chunk for chunk in chunks if int(chunk.key[0]) in stations]
        raw = read_raw_rows(ASOS, options, report, asked, first, last) if asked else None
        if raw is not None:
            raw = replace(raw, rows=with_markers_missing(report, raw.rows, markers))
            require_measurements(as_taken(raw.rows, impute), markers, f"{first} to {last}")
    period = hourly_table(WEATHER_ASOS).stamps_of(first, last)
    with transaction():
        reprocess_stations(
            database, report, stations, None if raw is None else raw.rows, impute, fills, period, options.use_rust
        )
        forget_stored_files(database, WEATHER_ASOS)
        if raw is not None:
            raw.set_rejected_aside(database, report)
    # Arrow's pool keeps what was freed, and more of it with each group.
    pa.default_memory_pool().release_unused()


def _compare_generation(
    database: Database,
    report: ReprocessReport,
    dataset: Dataset,
    options: RunOptions,
    chunks: Sequence[Chunk],
    first: date,
    last: date,
    transaction: Transaction,
) -> None:
    """Hold a table of generation against the raw folder, a year in each transaction."""
    table = dataset.table.name
    for begin, end in _years_of(chunks, first, last):
        with report.stage("read raw"):
            asked = [chunk for chunk in chunks if chunk.first <= end and chunk.last >= begin]
            read = read_raw_rows(dataset, options, report, asked, begin, end) if asked else None
        if read is None:
            continue
        period = hourly_table(table).stamps_of(begin, end)
        stamp = hourly_table(table).stamp
        key = list(dataset.table.key)
        with transaction(), report.stage("compare"):
            # What is read here is what the history will say: no other run may write in between.
            database.lock(table)
            names = database.columns(table)
            filters: list[Filter] = [(stamp, ">=", period[0]), (stamp, "<", period[1])]
            before = database.read(table, names, filters)
            unknown = before.join(
                read.rows.select(key).cast(before.select(key).schema), keys=key, join_type="left anti"
            )
            report.note_unknown_rows(table, unknown.num_rows)
            database.upsert(table, read.rows.select([n for n in read.rows.column_names if n in names]), key)
            after = database.read(table, names, filters)
            note_replaced_values(database, report, table, before, after, period=period)
            read.set_rejected_aside(database, report)


def _years_of(chunks: Sequence[Chunk], first: date, last: date) -> Iterator[tuple[date, date]]:
    """Cut the days of the period that the chunks have into calendar years."""
    if chunks:
        yield from years(max(first, min(c.first for c in chunks)), min(last, max(c.last for c in chunks)))
