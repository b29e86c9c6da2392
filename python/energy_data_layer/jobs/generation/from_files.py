"""The generation job: from published files with a row per plant and day to stored hours."""

from __future__ import annotations

import logging
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.datasets.generation_files import GENERATION_FILES
from energy_data_layer.datasets.layout import GENERATION, HOURS, TIMESTAMP
from energy_data_layer.errors import (
    CommaError,
    EngineBroken,
    EngineError,
    EngineUnavailable,
    EngineVersionError,
    LayoutError,
    MarkerError,
    SourceFileError,
)
from energy_data_layer.files.csv_text import matching_files
from energy_data_layer.files.energy_units import capacities_kw
from energy_data_layer.files.generation import label_convention, read_generation_files
from energy_data_layer.jobs.drift.check import check_headings, require_known_fields
from energy_data_layer.jobs.drift.distributions import check_distributions
from energy_data_layer.jobs.generation.rows import DailyRows, settle_repeated_keys
from energy_data_layer.jobs.run_context import job_database, recorded, watched
from energy_data_layer.jobs.skipped_files import SkippedFiles, joined_headings
from energy_data_layer.reports.generation_report import (
    LISTED_REJECTS,
    FileReport,
    GenerationReport,
    Mismatch,
    RejectedLine,
    RejectsOfAReason,
    UnitPeriod,
)
from energy_data_layer.storage.connect import connect
from energy_data_layer.storage.records import store_rejects
from energy_data_layer.storage.runs import INCOMPLETE, RunLog
from energy_data_layer.storage.stored_files import Period
from energy_data_layer.storage.tables import GENERATION_HOURLY, GENERATION_KEY, REJECT_COLUMNS
from energy_data_layer.storage.urls import redacted_url
from energy_data_layer.transforms.wide_to_long.api import transform_wide_to_long

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from os import PathLike
    from pathlib import Path

    from numpy.typing import NDArray

    from energy_data_layer.core.coercion import MissingValues
    from energy_data_layer.datasets.layout import EnergyUnit, LongLayout, WideLayout
    from energy_data_layer.files.generation import GenerationFile, Reject
    from energy_data_layer.transforms.wide_to_long.report import WideReport

logger = logging.getLogger(__name__)

STAGES = ("read files", "check rows", "wide to long", "store")

SURPRISING_PART = 1.5
"""Part of its capacity above which a plant's hour is counted."""


def run_generation(
    files: str | PathLike[str] | Iterable[str | PathLike[str]],
    database_url: str,
    *,
    publisher: str | None = None,
    layout: WideLayout | LongLayout | str | None = None,
    energy_unit: EnergyUnit | None = None,
    plant_name: str | None = None,
    override: bool = False,
    missing_values: MissingValues | None = None,
    schema_policy: str | None = None,
    reread: bool = False,
    use_rust: bool | None = None,
    on_stage: Callable[[str], None] | None = None,
) -> GenerationReport:
    """Read published files of hourly generation and store their hours in ``generation_hourly``.

    Each row of a file, a plant's day, becomes 24 rows that begin at ``interval_start``, in kWh; of a file with a
    row per hour the hours that it has are stored. A row that
    cannot be stored as it is goes to ``rejects`` with its file, line and reason: a wrong number of
    cells, an unreadable day, no plant, an infinite number, a unit of energy that the capacity does not
    decide, and rows that have different values for an hour of one publisher, plant and unit, all of them.
    Rows of the same content become one, and so do rows of which one has hours that the other lacks. A new
    value replaces a stored one, a new missing value replaces none. Running the job twice leaves what one run
    leaves. The run is noted in table ``runs`` from when the files are read.

    A file that was stored before in full, by the same release, engine and options, is not read again while the database
    has its hours as it left them; the report names it. One that overlaps with a file that is read is read too.

    Parameters
    ----------
    files : path or glob pattern, or an iterable of these
        CSV files in UTF-8 or cp949.
    database_url : str
        See `connect`.
    publisher, layout, energy_unit, plant_name, override, missing_values : optional
        What the files do not tell, for those that do not: see `read_generation_files`.
    schema_policy : str, optional
        What becomes of files with other headings than before, see `policy_of`; to reject is to freeze.
    reread : bool, default False
        Read and store all files, unchanged ones too.
    use_rust : bool, optional
        The engine, see `transform_wide_to_long`.
    on_stage : callable, optional
        Told the name of each stage as it begins.

    Returns
    -------
    GenerationReport
        What became of every row.

    Raises
    ------
    SourceFileError
        If a file is no such table, or if it leaves its layout, publisher, plant or unit of energy open;
        nothing is written.
    SchemaDriftError
        If the headings changed and the policy is to freeze; nothing is written.
    OptionError
        If an option has a value that it cannot take.
    StorageError
        If the database cannot be opened or written; it is left as it was.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from energy_data_layer.simulator.sample_generation import write_generation_sample
    >>> with TemporaryDirectory() as folder:
    ...     files = write_generation_sample(folder)
    ...     first = run_generation(files, f"duckdb:///{folder}/energy.duckdb")
    ...     second = run_generation(files, f"duckdb:///{folder}/energy.duckdb")
    >>> first.rows_inserted == 24 * first.rows_stored, len(first.files), len(second.files)
    (True, 4, 3)
    """
    report = GenerationReport(
        "generation",
        arguments={
            "database": redacted_url(database_url),
            "publisher": publisher,
            "layout": layout if layout is None or isinstance(layout, str) else layout.name,
            "energy_unit": energy_unit,
            "plant_name": plant_name,
            "override": override,
            "missing_values": None if missing_values is None else str(missing_values),
        },
        on_stage=on_stage,
    )

    with watched(report):
        with report.stage("read files") as stage:
            said = {
                "publisher": publisher,
                "layout": layout,
                "energy_unit": energy_unit,
                "plant_name": plant_name,
                "override": override,
                "missing_values": missing_values,
            }
            # The name of a file may tell its publisher and its plant.
            readings = {path: [path.name, said] for path in matching_files(files)}
            known = SkippedFiles(database_url, GENERATION_HOURLY, readings, use_rust=use_rust, reread=reread)
            checked = daily_rows(known.to_read, **said)
            checked += daily_rows(known.overlapping([period for rows in checked for period in _periods(rows)]), **said)
            checked.sort(key=lambda rows: rows.file.path)
            known.tell(report)
            stage.holds(*(rows.file.table for rows in checked))
        if not checked:
            with job_database(database_url) as database, recorded(RunLog(database), report):
                return report

        with _engine_failures_recorded(database_url, report):
            long = hours_of(checked, report, use_rust)
        rejects = _rejects_table([reject for rows in checked for reject in rows.rejects])
        with ExitStack() as until_recorded:
            with report.stage("store") as stage:
                database = until_recorded.enter_context(connect(database_url))
                until_recorded.enter_context(recorded(RunLog(database), report))
                headings = joined_headings([*map(_headings, checked), known.headings])
                require_known_fields(database, GENERATION_HOURLY, headings, schema_policy)
                with database.transaction():
                    counts = database.upsert(
                        GENERATION_HOURLY, long, GENERATION_KEY, keep_where_missing=("kwh", "fuel")
                    )
                    report.rejects_new = store_rejects(database, rejects)
                    complete = {
                        rows.file.path: (_headings(rows), _periods(rows)) for rows in checked if not rows.rejects
                    }
                    known.note(database, complete, report.run_id)
                check_headings(database, report, GENERATION_HOURLY, headings)
                if long.num_rows:
                    limits = pc.min_max(long.column("interval_start")).as_py()
                    check_distributions(database, report, GENERATION_HOURLY, limits["min"].date(), limits["max"].date())
                stage.holds(long, rejects)
            report.rows_inserted, report.rows_updated = counts.inserted, counts.updated
            report.rows_unchanged = counts.unchanged
            report.finish()
    return report


def daily_rows(paths: Sequence[Path], **said: Any) -> list[DailyRows]:
    """Return the rows of files, each with what is wrong with it alone."""
    return [_checked(file) for file in read_generation_files(paths, **said)] if paths else []


def hours_of(checked: Sequence[DailyRows], report: GenerationReport, use_rust: bool | None) -> pa.Table:
    """Return the hours of the rows of all files that can be kept, and note what became of each row."""
    with report.stage("check rows"):
        settle_repeated_keys(checked)
        _note_rows(report, checked)
    with report.stage("wide to long") as stage:
        long = pa.concat_tables([_lengthened(rows, use_rust, report) for rows in checked])
        stage.holds(*(rows.file.table for rows in checked), long)
    hours = sum(int(rows.told[rows.kept].sum()) for rows in checked)
    if long.num_rows != hours:
        raise AssertionError(f"{hours} hours became {long.num_rows}")
    return long


def _checked(file: GenerationFile) -> DailyRows:
    try:
        return DailyRows(file)
    except CommaError as error:
        raise SourceFileError(file.path, None, str(error)) from error


def _periods(rows: DailyRows) -> list[Period]:
    """Return the days of each plant of a file as hours, those of rejected rows too."""
    days = pa.table({"plant": rows.plant, "unit": rows.unit, "day": pa.array(rows.day.astype("datetime64[us]"))})
    limits = days.group_by(["plant", "unit"]).aggregate([("day", "min"), ("day", "max")])
    last_hour = timedelta(hours=HOURS - 1)
    return [
        Period((rows.file.publisher, row["plant"], row["unit"]), row["day_min"], row["day_max"] + last_hour)
        for row in limits.to_pylist()
        if row["day_min"] is not None
    ]


@contextmanager
def _engine_failures_recorded(database_url: str, report: GenerationReport) -> Iterator[None]:
    """Note a run that the engine ends in the table of runs; one that a bad file ends makes no database."""
    try:
        yield
    except (EngineBroken, EngineError, EngineUnavailable, EngineVersionError):
        with connect(database_url) as database, recorded(RunLog(database), report):
            raise


def _note_rows(report: GenerationReport, checked: Sequence[DailyRows]) -> None:
    """Note what became of the rows, and that nothing was lost."""
    for rows in checked:
        file = FileReport(
            path=str(rows.file.path),
            encoding=rows.file.encoding,
            publisher=rows.file.publisher,
            layout=rows.file.layout.name,
            label_convention=label_convention(rows.file.layout),
            energy_units=sorted(set(rows.energy_unit[rows.kept])),
            unit_periods=list(_unit_periods(rows)) if rows.capacity_decides else [],
            plants=len(set(rows.full_name[rows.kept])),
            rows_read=rows.file.rows_read,
            rows_stored=int(rows.kept.sum()),
            rows_empty=rows.file.empty_rows,
            rows_repeated=rows.repeats,
            rows_rejected=len(rows.rejects),
            columns_not_read=rows.file.columns_not_read,
            options_not_used=rows.file.options_not_used,
            contradictions=rows.contradictions,
            lines_above=rows.file.lines_above,
        )
        if file.rows_read != file.rows_stored + file.rows_empty + file.rows_repeated + file.rows_rejected:
            raise AssertionError(f"rows were lost or counted twice: {file}")
        report.files.append(file)
        for reject in rows.rejects:
            of_reason = report.rejects.setdefault(reject.reason, RejectsOfAReason())
            of_reason.count += 1
            if len(of_reason.first) < LISTED_REJECTS:
                of_reason.first.append(RejectedLine(reject.file, reject.line, reject.detail))
    for name in ("rows_read", "rows_stored", "rows_empty", "rows_repeated", "rows_rejected"):
        setattr(report, name, sum(getattr(file, name) for file in report.files))
    for reason, of_reason in report.rejects.items():
        logger.warning("rows rejected, %s: %d", reason, of_reason.count)
    for file in report.files:
        for told in file.options_not_used:
            logger.warning("%s: not used: %s", file.path, told)
        for told in file.contradictions:
            logger.warning("%s: contradiction: %s", file.path, told)
    if report.rows_stored + report.rows_repeated < report.rows_rejected or not report.rows_stored:
        report.status = INCOMPLETE
        report.message = (
            f"of {report.rows_read:,} rows {report.rows_stored:,} were stored and {report.rows_rejected:,} rejected"
        )


def _headings(rows: DailyRows) -> dict[str, dict[str, str]]:
    """Return the layout as a kind of the publisher's one field, and the headings of that layout."""
    file = rows.file
    headings = dict.fromkeys([*file.table.column_names, *file.columns_not_read], "")
    return {file.publisher: {"layout": file.layout.name}, f"{file.publisher} {file.layout.name}": headings}


def _unit_periods(rows: DailyRows) -> Iterator[UnitPeriod]:
    months = np.datetime_as_string(rows.day[rows.kept], unit="M")
    known = sorted(set(zip(rows.full_name[rows.kept], months, rows.energy_unit[rows.kept], strict=True)))
    for (plant, unit), period in groupby(known, key=itemgetter(0, 2)):
        _, first_to_last, _ = zip(*period, strict=True)
        yield UnitPeriod(plant, unit, str(first_to_last[0]), str(first_to_last[-1]))


def _lengthened(rows: DailyRows, use_rust: bool | None, report: GenerationReport) -> pa.Table:
    """Return the kept rows of a file as rows of the table, and note what is peculiar about them."""
    try:
        long, wide_report = transform_wide_to_long(
            rows.kept_table(),
            rows.file.layout,
            energy_unit=rows.file.energy_unit,
            hour_label="start",
            missing_values=rows.file.markers,
            coerced="missing",
            report=True,
            use_rust=use_rust,
        )
    except LayoutError as error:
        # What the file says goes before what the caller says.
        raise SourceFileError(rows.file.path, None, f"{error}, with override") from error
    except MarkerError as error:
        raise SourceFileError(rows.file.path, None, str(error)) from error
    report.engine, report.engine_reason = wide_report.engine, wide_report.engine_reason
    kwh = long.column(GENERATION)
    if rows.completed:
        # The engine has seen the rows as their files have them.
        hours = kwh.to_numpy().reshape(-1, HOURS).copy()
        places = np.searchsorted(np.flatnonzero(rows.kept), rows.completed)
        hours[places] = rows.kwh[rows.completed]
        kwh = pa.chunked_array([pa.array(hours.ravel(), mask=np.isnan(hours.ravel()))])
    told = pa.array(rows.told[rows.kept].ravel())
    _note_hours(report, rows, wide_report, kwh)
    report.hours_missing += kwh.filter(told).null_count
    if rows.file.incomplete is not None:
        report.hours_incomplete += int((rows.file.incomplete[rows.kept].ravel() & np.isnan(kwh.to_numpy())).sum())

    def each_hour(texts: NDArray[np.object_]) -> pa.Array:
        return pa.array(np.repeat(texts[rows.kept], HOURS), pa.string())

    hours = {
        "publisher": pa.repeat(pa.scalar(rows.file.publisher, pa.string()), long.num_rows),
        "plant": each_hour(rows.plant),
        "unit": each_hour(rows.unit),
        "fuel": each_hour(rows.fuel),
        "interval_start": long.column(TIMESTAMP).cast(pa.timestamp("us")),
        "kwh": kwh,
        "label_convention": pa.repeat(pa.scalar(label_convention(rows.file.layout), pa.string()), long.num_rows),
    }
    return pa.table(hours, schema=pa.schema(list(GENERATION_FILES.table.types.items()))).filter(told)


def _note_hours(report: GenerationReport, rows: DailyRows, wide: WideReport, kwh: pa.ChunkedArray) -> None:
    positions = np.flatnonzero(rows.kept)
    report.cells_coerced += wide.coerced
    report.cells_marked += rows.file.cells_marked
    _note_coerced(report, rows)
    report.totals_checked += wide.totals_checked
    for mismatch in wide.total_mismatches:
        row = int(positions[mismatch.row])
        name, day = rows.full_name[row], np.datetime_as_string(rows.day[row], unit="D")
        line, _ = rows.file.rows[row]
        report.total_mismatches.append(
            Mismatch(rows.file.path.name, line, name, str(day), mismatch.hours, mismatch.total)
        )
    limit = np.repeat(capacities_kw(rows.file.table)[positions] * SURPRISING_PART, HOURS)
    report.hours_above_capacity += int((kwh.to_numpy() > limit).sum())


def _note_coerced(report: GenerationReport, rows: DailyRows) -> None:
    """Note the first cells that hold something that is no number; raise where most cells do."""
    table, layout = rows.file.table, rows.file.layout
    written = np.column_stack([pc.is_valid(table.column(hour)).to_numpy() for hour in layout.hours])
    written &= rows.kept[:, None]
    coerced = written & np.isnan(rows.cells)
    places = [
        f'{rows.file.place(int(row))}, column "{layout.hours[hour]}": {table.column(layout.hours[hour])[int(row)]}'
        for row, hour in np.argwhere(coerced)[:LISTED_REJECTS]
    ]
    if 2 * coerced.sum() > written.sum():
        problem = f"most cells of the hours are no number ({'; '.join(places)}); correct them, or choose another layout"
        raise SourceFileError(rows.file.path, None, problem)
    report.first_coerced += places[: LISTED_REJECTS - len(report.first_coerced)]


def _rejects_table(rejects: Sequence[Reject]) -> pa.Table:
    """Return the rejects as rows of their table; a file may be there twice, in two folders."""
    rows = {(reject.file, reject.line, reject.content): reject for reject in rejects}
    now = datetime.now(UTC).replace(tzinfo=None)
    return pa.Table.from_pylist(
        [
            {
                "file": reject.file,
                "line": reject.line,
                "publisher": reject.publisher,
                "reason": f"{reject.reason}: {reject.detail}",
                "content": reject.content,
                "first_seen": now,
            }
            for reject in rows.values()
        ],
        schema=pa.schema(list(REJECT_COLUMNS.items())),
    )
