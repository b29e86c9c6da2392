"""The weather job: from the portal's files to completed, imputed and stored hours."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from datetime import date, datetime, time
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.errors import ColumnNotFoundError, OptionError
from energy_data_layer.jobs.stored_weather import (
    REWRITTEN_HOURS,
    Fields,
    Periods,
    Place,
    rows_to_write,
    stored_around,
    stored_observations_elsewhere,
    with_stored_rows,
)
from energy_data_layer.report.gap_picture import draw_gap_picture, require_matplotlib
from energy_data_layer.report.gaps import find_gaps
from energy_data_layer.report.weather_report import WeatherReport
from energy_data_layer.sources.asos_columns import ASOS_BY_FIELD, ASOS_KEYS
from energy_data_layer.sources.files import read_asos_files
from energy_data_layer.storage.atomic_file import require_folder_of
from energy_data_layer.storage.database import Database, redacted_url
from energy_data_layer.storage.tables import WEATHER_ASOS, WEATHER_KEY, add_provenance_columns, migrate
from energy_data_layer.transforms.complete_hours import complete_hours
from energy_data_layer.transforms.impute import impute_missing_values
from energy_data_layer.transforms.provenance import Provenance, provenance_column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from os import PathLike


logger = logging.getLogger(__name__)

DEFAULT_COLUMNS = ("ta", "hm", "ws", "pa")
STAGES = ("read files", "read database", "complete hours", "impute", "store")

_STATION, _STAMP = WEATHER_KEY
_NAME = "stnNm"
_CIRCULAR = ("wd",)
"""Angles: the mean of 350 and 10 degrees is not 180."""


def run_weather(
    files: str | PathLike[str] | Iterable[str | PathLike[str]],
    database_url: str,
    *,
    columns: Sequence[str] = DEFAULT_COLUMNS,
    since: str | date | None = None,
    until: str | date | None = None,
    max_spline_gap: int = 3,
    use_rust: bool | None = None,
    picture: str | PathLike[str] | None = None,
    on_stage: Callable[[str], None] | None = None,
) -> WeatherReport:
    """Read the portal's ASOS files, complete and impute their hours, and store them in ``weather_asos``.

    What the database holds takes part: stored rows within 336 hours of a station's new rows are context,
    so that a gap at the border is filled across it; all other stored observations are history for the
    climatology and the means. A fill is never used as an observation. A new observation replaces a stored
    value, a new missing value replaces none. Fills of the context that the new rows change (within 168
    hours) are written again. Running the job twice leaves what one run leaves.

    Parameters
    ----------
    files : path or glob pattern, or an iterable of these
        CSV exports of the portal.
    database_url : str
        See `Database.connect`.
    columns : sequence of str, default ("ta", "hm", "ws", "pa")
        The fields to impute; all other fields are stored as they are.
    since, until : date, datetime or ISO 8601 text, optional
        First and last hour to take from the files, both included; a date alone as `until` covers its day.
    max_spline_gap : int, default 3
        The longest gap, in hours, that is interpolated; at most 168.
    use_rust : bool, optional
        The engine, see `impute_missing_values`.
    picture : path, optional
        Draw a few gaps, before and after, into this PNG file.
    on_stage : callable, optional
        Told the name of each stage as it begins.

    Returns
    -------
    WeatherReport
        What was read, completed, filled and written.

    Raises
    ------
    SourceFileError
        If a file is not a readable export; nothing is written.
    ColumnNotFoundError
        If no file has one of the columns.
    OptionError
        If an option has a value that it cannot take.
    StorageError
        If the database cannot be opened or written; it is left as it was.

    Examples
    --------
    >>> from datetime import date
    >>> from tempfile import TemporaryDirectory
    >>> from energy_data_layer.sources.sample_data import SAMPLE_STATIONS, write_asos_sample
    >>> with TemporaryDirectory() as folder:
    ...     files = write_asos_sample(
    ...         folder, stations=SAMPLE_STATIONS[:1], since=date(2023, 1, 1), until=date(2023, 2, 1)
    ...     )
    ...     first = run_weather(files, f"duckdb:///{folder}/energy.duckdb", columns=["ta"])
    ...     second = run_weather(files, f"duckdb:///{folder}/energy.duckdb", columns=["ta"])
    >>> first.rows_inserted == second.rows_unchanged, second.rows_inserted, second.rows_updated
    (True, 0, 0)
    """
    columns = _checked_columns(columns)
    _require_short_enough(max_spline_gap)
    if picture is not None:
        require_matplotlib()
        require_folder_of(picture)
    report = WeatherReport(
        "weather",
        arguments={
            "database": redacted_url(database_url),
            "columns": list(columns),
            "since": None if since is None else str(since),
            "until": None if until is None else str(until),
            "max_spline_gap": max_spline_gap,
        },
        on_stage=on_stage,
    )

    with report.stage("read files") as stage:
        new = _read_new_rows(files, since, until, report)
        _require_columns(columns, new)
        stage.holds(new)

    with ExitStack() as until_committed:
        with report.stage("read database") as stage:
            database = until_committed.enter_context(Database.connect(database_url))
            until_committed.enter_context(database.transaction())
            migrate(database)
            add_provenance_columns(database, WEATHER_ASOS, columns)
            periods = Periods.of(new)
            fields = Fields.of(new, columns, database.columns(WEATHER_ASOS))
            stored = stored_around(database, periods, fields)
            history = stored_observations_elsewhere(database, periods, columns)
            stage.holds(new, stored, history)

        with report.stage("complete hours") as stage:
            combined = with_stored_rows(new, stored, fields)
            completed = complete_hours(combined, _STAMP, _STATION, carry=(_NAME,), use_rust=use_rust)
            stage.holds(completed, history)

        with report.stage("impute") as stage:
            imputed, imputation = impute_missing_values(
                completed,
                columns,
                _STAMP,
                _STATION,
                max_spline_gap=max_spline_gap,
                history=history,
                provenance=True,
                report=True,
                use_rust=use_rust,
            )
            stage.holds(completed, imputed)

        with report.stage("store") as stage:
            place = Place.of(imputed, periods)
            rows = rows_to_write(imputed, place, fields)
            counts = database.upsert(WEATHER_ASOS, rows, WEATHER_KEY)
            until_committed.close()
            stage.holds(imputed, rows)

    report.stations = len(periods.station)
    report.hours_completed = completed.num_rows - combined.num_rows
    report.context_rows = int(place.is_context.sum())
    report.context_rows_recomputed = rows.num_rows - int(place.is_new_range.sum())
    report.gap_lengths, report.filled = _gaps_and_fills(imputed, place, columns)
    report.rows_inserted, report.rows_updated = counts.inserted, counts.updated
    report.rows_unchanged = counts.unchanged
    report.engine, report.engine_reason = imputation.engine, imputation.engine_reason
    if picture is not None:
        with report.stage("draw picture"):
            draw_gap_picture(completed, imputed, picture, columns=columns, labels=axis_labels(columns))
    report.finish()
    return report


def axis_labels(columns: Iterable[str]) -> dict[str, str]:
    """Return meaning and unit of ASOS fields, as text for an axis."""
    known = {column: ASOS_BY_FIELD[column] for column in columns}
    return {name: f"{column.meaning}\n({column.unit})" for name, column in known.items()}


def _checked_columns(columns: Sequence[str]) -> tuple[str, ...]:
    unique = tuple(dict.fromkeys(columns))
    if not unique:
        raise OptionError(f"columns is empty; name at least one field, such as {', '.join(DEFAULT_COLUMNS)}")
    keys = [name for name in unique if name in ASOS_KEYS]
    if keys:
        raise OptionError(f"{', '.join(keys)} cannot be imputed: the fields {', '.join(ASOS_KEYS)} are keys")
    return unique


def _require_short_enough(max_spline_gap: int) -> None:
    if max_spline_gap > REWRITTEN_HOURS:
        raise OptionError(
            f"max_spline_gap is {max_spline_gap}; the weather job can interpolate at most "
            f"{REWRITTEN_HOURS} hours, the context that it writes again"
        )


def _require_columns(columns: Sequence[str], new: pa.Table) -> None:
    for name in columns:
        if name not in new.column_names:
            raise ColumnNotFoundError(name, new.column_names, "the files")
        column = ASOS_BY_FIELD.get(name)
        if column is None or column.arrow_type != pa.float64() or name in _CIRCULAR:
            raise OptionError(f"{name} cannot be imputed: it is no quantity that values in between make sense of")
        if column.blank_means:
            raise OptionError(f"{name} cannot be imputed: a blank means {column.blank_means}, not a missing value")


def _read_new_rows(
    files: str | PathLike[str] | Iterable[str | PathLike[str]],
    since: str | date | None,
    until: str | date | None,
    report: WeatherReport,
) -> pa.Table:
    """Return the rows of the files between `since` and `until`, and note what was read and left out."""
    read = read_asos_files(files)
    within = _between(read.table, since, until)
    known = [name for name in within.column_names if name in ASOS_BY_FIELD]
    report.files = [str(file.path) for file in read.files]
    report.rows_read = read.rows_read
    report.duplicates_collapsed = read.duplicates_collapsed
    report.rows_outside_period = read.table.num_rows - within.num_rows
    report.columns_not_stored = [name for name in within.column_names if name not in known]
    if report.columns_not_stored:
        logger.warning("columns of unknown meaning, not stored: %s", ", ".join(report.columns_not_stored))
    if not within.num_rows:
        logger.warning("none of the %d rows lies between since and until", read.table.num_rows)
    return within.select(known)


def _between(rows: pa.Table, since: str | date | None, until: str | date | None) -> pa.Table:
    # The database keeps microseconds; one resolution everywhere lets keys compare.
    stamp = rows.column(_STAMP).cast(pa.timestamp("us"))
    rows = rows.set_column(rows.column_names.index(_STAMP), _STAMP, stamp)
    if since is not None:
        rows = rows.filter(pc.field(_STAMP) >= _moment("since", since, time.min))
    if until is not None:
        rows = rows.filter(pc.field(_STAMP) <= _moment("until", until, time.max))
    return rows


def _moment(option: str, value: str | date, time_of_day: time) -> pa.Scalar:
    """Return a limit as a naive stamp; a date alone gets the time of day."""
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


def _gaps_and_fills(
    imputed: pa.Table, place: Place, columns: Sequence[str]
) -> tuple[dict[str, dict[int, int]], dict[str, dict[str, int]]]:
    """Return gap lengths and fills by method, per column, of the new range."""
    station = imputed.column(_STATION).to_numpy()
    gap_lengths: dict[str, dict[int, int]] = {}
    filled: dict[str, dict[str, int]] = {}
    for name in columns:
        codes = imputed.column(provenance_column(name)).to_numpy()
        gaps = find_gaps(codes != Provenance.OBSERVED, station)
        gap_lengths[name] = gaps.touching(place.is_new_range).lengths()
        counts = np.bincount(codes[place.is_new_range], minlength=len(Provenance)).tolist()
        filled[name] = {method.label: counts[method] for method in Provenance if method is not Provenance.OBSERVED}
    return gap_lengths, filled
