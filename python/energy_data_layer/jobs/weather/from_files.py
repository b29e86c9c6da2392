"""The weather job: from the portal's files to completed, imputed and stored hours."""

from __future__ import annotations

import logging
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.core.atomic_file import place_for
from energy_data_layer.core.clock import now_in_korea
from energy_data_layer.core.coercion import checked_markers
from energy_data_layer.datasets.asos import ASOS, ASOS_COLUMNS, value_of_flag
from energy_data_layer.errors import OptionError, ReportError, SourceFileError, StorageError
from energy_data_layer.files.csv_text import matching_files
from energy_data_layer.files.spool import AsosSpool
from energy_data_layer.files.weather import OBSERVATIONS, place_of
from energy_data_layer.jobs.drift.check import check_headings, require_known_fields
from energy_data_layer.jobs.drift.distributions import check_distributions
from energy_data_layer.jobs.options import ImputeOptions
from energy_data_layer.jobs.run_context import job_database, recorded, watched
from energy_data_layer.jobs.service import set_aside
from energy_data_layer.jobs.skipped_files import SkippedFiles, joined_headings
from energy_data_layer.jobs.weather.doubtful import (
    MarkerSearch,
    as_taken,
    note_outside_bounds,
    told,
)
from energy_data_layer.jobs.weather.imputed import IN_FUTURE, impute_and_store
from energy_data_layer.jobs.weather.imputed import STAGES as SHARED_STAGES
from energy_data_layer.jobs.weather.method import fills_of
from energy_data_layer.jobs.weather.stored import OverallMeans
from energy_data_layer.plots.figure import require_drawable, save_figure
from energy_data_layer.plots.fills import plot_fills
from energy_data_layer.reports.weather_report import WeatherReport
from energy_data_layer.storage.runs import INCOMPLETE, SUCCEEDED, RunLog
from energy_data_layer.storage.stored_files import Period
from energy_data_layer.storage.tables import WEATHER_ASOS, WEATHER_KEY
from energy_data_layer.storage.urls import redacted_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from os import PathLike

    from energy_data_layer.core.coercion import Markers, MissingValues
    from energy_data_layer.reports.run_report import Stage


logger = logging.getLogger(__name__)

STAGES = ("read files", *SHARED_STAGES)

_STATION, _STAMP = WEATHER_KEY


def run_weather(
    files: str | PathLike[str] | Iterable[str | PathLike[str]],
    database_url: str,
    *,
    since: str | date | None = None,
    until: str | date | None = None,
    missing_values: MissingValues | None = None,
    schema_policy: str | None = None,
    reread: bool = False,
    use_rust: bool | None = None,
    picture: str | PathLike[str] | None = None,
    on_stage: Callable[[str], None] | None = None,
    **options: Any,
) -> WeatherReport:
    """Read the portal's ASOS files, complete and impute their hours, and store them in ``weather_asos``.

    What the database holds takes part: stored rows within 336 hours of a station's new rows are context,
    so that a gap at the border is filled across it; all other stored observations are history for the
    climatology and the means. A fill is never used as an observation. A new observation replaces a stored
    value, a new missing value replaces none. Fills of the context that the new rows change (within 168
    hours) are written again. Running the job twice leaves what one run leaves.

    A file that was stored before, by the same release, engine and options, is not read again while the database has its
    observations as it left them; the report names it. One that overlaps with a file that is read is read too.

    All files are read and checked before the database is changed; their rows wait in a temporary file (see
    `AsosSpool`). Then they are completed, imputed and stored some stations at a time, so that memory holds no more
    than that of the input, however large it is: all in one transaction, because a run that dies between two
    stations would leave a table that no single run leaves.

    Parameters
    ----------
    files : path or glob pattern, or an iterable of these
        CSV exports of the portal, or texts of KMA's API hub.
    database_url : str
        See `Database.connect`.
    since, until : date, datetime or ISO 8601 text, optional
        First and last hour to take from the files, both included; a date alone as `until` covers its day.
    missing_values : sequence of float or str, or dict of str to these, optional
        What stands for a missing value in the files besides blanks, in all columns (``[-9, "NA"]``) or by column
        (``{"ws": [-9]}``). By default nothing does, and numbers that look like it are an error; ``[]`` takes them as
        measured.
    schema_policy : str, optional
        What becomes of files with other headings than before, see `policy_of`; to reject is to freeze.
    reread : bool, default False
        Read and store all files, unchanged ones too.
    use_rust : bool, optional
        The engine, see `impute_missing_values`.
    picture : path, optional
        Draw a few gaps, before and after, into this file (``.png``, ``.svg`` or ``.pdf``): of the first part, where
        the files are stored in parts. All files are then read.
    on_stage : callable, optional
        Told the name of each stage as it begins.
    **options
        The fields of `ImputeOptions`.

    Returns
    -------
    WeatherReport
        What was read, completed, filled and written.

    Raises
    ------
    SourceFileError
        If a file is not a readable export, or has numbers that look as if they stood for missing values; nothing is
        written.
    ColumnNotFoundError
        If no file has one of the columns.
    SchemaDriftError
        If the headings changed and the policy is to freeze; nothing is written.
    OptionError
        If an option has a value that it cannot take.
    StorageError
        If the database cannot be opened or written; it is left as it was.
    ReportError
        If the picture cannot be written; the rows are stored.

    Examples
    --------
    >>> from datetime import date
    >>> from tempfile import TemporaryDirectory
    >>> from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, write_asos_sample
    >>> with TemporaryDirectory() as folder:
    ...     files = write_asos_sample(
    ...         folder, stations=SAMPLE_STATIONS[:1], since=date(2023, 1, 1), until=date(2023, 2, 1)
    ...     )
    ...     first = run_weather(files, f"duckdb:///{folder}/energy.duckdb", columns=["ta"])
    ...     second = run_weather(files, f"duckdb:///{folder}/energy.duckdb", columns=["ta"])
    >>> len(first.files), second.files, len(second.files_skipped), second.message
    (1, [], 1, 'nothing to do: all 1 files are stored already, and unchanged')
    """
    impute = ImputeOptions(**options)
    markers = checked_markers(missing_values, OBSERVATIONS)
    if picture is not None:
        require_drawable(picture)
        place_for(picture)
    arguments = {
        "columns": list(impute.columns),
        "since": None if since is None else str(since),
        "until": None if until is None else str(until),
        **({} if missing_values is None else {"missing_values": str(missing_values)}),
        **impute.of_filling(),
    }
    report = WeatherReport(
        "weather", arguments={"database": redacted_url(database_url), **arguments}, on_stage=on_stage
    )
    with watched(report), AsosSpool() as spool:
        with report.stage("read files") as stage:
            known = SkippedFiles(
                database_url,
                WEATHER_ASOS,
                dict.fromkeys(matching_files(files), arguments),
                use_rust=use_rust,
                reread=reread or picture is not None,
            )
            if known.to_read:
                spool.read(known.to_read, markers)
            if further := known.overlapping([period for periods in _periods(spool) for period in periods]):
                spool.read(further, markers)
            known.tell(report)
            if not spool.files:
                with job_database(database_url) as database, recorded(RunLog(database), report):
                    return report
            skipped_columns = {name for names in known.headings.values() for name in names} & ASOS_COLUMNS.keys()
            spool.further_columns = pa.schema({name: ASOS_COLUMNS[name].arrow_type for name in skipped_columns})
            new = NewRows(spool, since, until, impute)
            impute, report.columns_absent = impute.for_columns(new.columns, "the files")
            if picture is not None and not impute.columns:
                raise OptionError("picture shows gaps that are filled, and the files have no column to fill")
            new.check(report, stage, markers)
        with job_database(database_url) as database, recorded(RunLog(database), report):
            headings = joined_headings([_headings(spool.headings), known.headings])
            require_known_fields(database, WEATHER_ASOS, headings, schema_policy)
            means = OverallMeans(database, impute.columns, new.parts)
            shown = None
            with database.transaction():
                for part in new.in_future():
                    set_aside(database, report, {IN_FUTURE: part}, origin=", ".join(report.files), source=ASOS.name)
                fills = fills_of(database, report, impute, new.parts, use_rust=use_rust)
                for part in new.as_read():
                    imputed = impute_and_store(
                        database,
                        part,
                        report,
                        impute,
                        fills,
                        use_rust=use_rust,
                        parts=new.parts,
                        means=means,
                    )
                    shown = imputed if shown is None and picture is not None else shown
                    del imputed, part  # the next part is read into the memory of this one
                if report.status == SUCCEEDED and not new.rows_in_future:
                    of_files = zip(spool.files, spool.schemas, _periods(spool), strict=True)
                    found = {
                        file.path: (_headings({file.source: schema.names}), periods)
                        for file, schema, periods in of_files
                    }
                    known.note(database, found, report.run_id)
            report.stations = new.stations
            check_headings(database, report, WEATHER_ASOS, headings)
            if new.period is not None:
                check_distributions(database, report, WEATHER_ASOS, *new.period)
        if picture is not None and shown is not None:
            with report.stage("draw picture"):
                figure = plot_fills(shown, impute.columns, _STAMP, _STATION, interval=fills.interval)
                try:
                    save_figure(figure, picture)
                except StorageError as error:
                    raise ReportError(f"the rows are stored, but the picture is not written: {error}") from error
    return report


def _headings(of_sources: Mapping[str, Iterable[str]]) -> dict[str, dict[str, str]]:
    return {f"{source} files": dict.fromkeys(names, "") for source, names in of_sources.items()}


def _periods(spool: AsosSpool) -> list[list[Period]]:
    return [[Period((station,), *limits) for station, *limits in hours] for hours in spool.hours_of_files()]


class NewRows:
    """The rows of the files that are to be stored: within the period, in the known columns."""

    def __init__(
        self, spool: AsosSpool, since: str | date | None, until: str | date | None, options: ImputeOptions
    ) -> None:
        self._spool = spool
        self._since, self._until = _moment("since", since, time.min), _moment("until", until, time.max)
        self._options = options
        self.columns = [name for name in spool.column_names if name in ASOS_COLUMNS]
        # A new value without a flag must not get that of the stored value that it replaces.
        self._absent_flags = [
            name for name in ASOS_COLUMNS if value_of_flag(name) in self.columns and name not in self.columns
        ]
        self._now = pa.scalar(now_in_korea(), pa.timestamp("us"))
        self.stations = 0
        self.rows_in_future = 0
        self.period: tuple[date, date] | None = None

    def parts(self) -> Iterator[pa.Table]:
        """Give the rows, some stations at a time."""
        for part in self.as_read():
            yield as_taken(part, self._options)

    def as_read(self) -> Iterator[pa.Table]:
        """Give the rows with the values outside their bounds, whatever becomes of these."""
        for part in self._spool.parts():
            yield self._within(part)

    def in_future(self) -> Iterator[pa.Table]:
        """Give the rows whose hour has not come yet, some stations at a time."""
        for part in self._spool.parts() if self.rows_in_future else ():
            yield part.filter(pc.field(_STAMP) > self._now)

    def check(self, report: WeatherReport, stage: Stage, markers: Markers) -> None:
        """Look at all rows once, so that nothing is written if one cannot be; note what was read and left out."""
        search, rows = MarkerSearch(markers), 0
        for part in self._spool.parts():
            within = self._within(part)
            note_outside_bounds(report, within)
            search.add(as_taken(within, self._options))
            self.stations += pc.count_distinct(within.column(_STATION)).as_py()
            if within.num_rows:
                limits = pc.min_max(within.column(_STAMP)).as_py()
                first, last = limits["min"].date(), limits["max"].date()
                before = self.period or (first, last)
                self.period = min(first, before[0]), max(last, before[1])
            rows += within.num_rows
            report.duplicates_collapsed -= part.num_rows
            future = pc.sum(pc.greater(part.column(_STAMP), self._now)).as_py() or 0
            self.rows_in_future += future
            report.rows_outside_period += part.num_rows - within.num_rows - future
            stage.holds(part)
        for file in self._spool.files:
            for name, count in file.marked_missing.items():
                report.marked_missing[name] = report.marked_missing.get(name, 0) + count
        if found := search.found():
            raise SourceFileError(*place_of(self._spool.files, found[0].column, found[0].value), told(found))
        report.files = [str(file.path) for file in self._spool.files]
        report.rows_read = self._spool.rows_read
        report.duplicates_collapsed += report.rows_read
        report.columns_not_stored = [name for name in self._spool.column_names if name not in self.columns]
        if report.columns_not_stored:
            logger.warning("columns of unknown meaning, not stored: %s", ", ".join(report.columns_not_stored))
        if not self.stations:
            logger.warning("none of the %d rows lies between since and until", report.rows_read)
            report.status, report.message = INCOMPLETE, f"none of the {report.rows_read:,} rows was to be stored"
        elif self.rows_in_future > rows:
            rejected = f"{self.rows_in_future:,} of {self.rows_in_future + rows:,} rows"
            report.status, report.message = INCOMPLETE, f"{rejected} were rejected: {IN_FUTURE}"

    def _within(self, part: pa.Table) -> pa.Table:
        rows = part.select(self.columns)
        # The database keeps microseconds; one resolution everywhere lets keys compare.
        stamp = rows.column(_STAMP).cast(pa.timestamp("us"))
        rows = rows.set_column(rows.column_names.index(_STAMP), _STAMP, stamp)
        for flag in self._absent_flags:
            rows = rows.append_column(flag, pa.nulls(rows.num_rows, ASOS_COLUMNS[flag].arrow_type))
        rows = rows.filter(pc.field(_STAMP) <= self._now)
        if self._since is not None:
            rows = rows.filter(pc.field(_STAMP) >= self._since)
        if self._until is not None:
            rows = rows.filter(pc.field(_STAMP) <= self._until)
        return rows


def _moment(option: str, value: str | date | None, time_of_day: time) -> pa.Scalar | None:
    """Return a limit as a naive stamp; a date alone gets the time of day."""
    if value is None:
        return None
    moment = _parsed(option, value) if isinstance(value, str) else value
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time_of_day)
    if moment.tzinfo is not None:
        raise OptionError(f"{option} has a time zone ({moment.isoformat()}); the stamps are local time")
    return pa.scalar(moment, pa.timestamp("us"))


def _parsed(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise OptionError(f'{option} is "{text}"; write it as 2024-01-31 or 2024-01-31T23:00') from error
