"""Files of observations as a frame: read, checked and reported as the weather job does, without a database."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from energy_data_layer.core.coercion import checked_markers
from energy_data_layer.core.frames import maker
from energy_data_layer.datasets.asos import ASOS
from energy_data_layer.files.csv_text import matching_files
from energy_data_layer.files.spool import AsosSpool
from energy_data_layer.files.weather import OBSERVATIONS
from energy_data_layer.jobs.options import ImputeOptions
from energy_data_layer.jobs.weather.from_files import NewRows
from energy_data_layer.jobs.weather.imputed import IN_FUTURE
from energy_data_layer.reports.weather_report import WeatherReport
from energy_data_layer.storage.tables import WEATHER_KEY

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from os import PathLike

    from energy_data_layer.core.coercion import MissingValues

logger = logging.getLogger(__name__)


def read_asos(
    files: str | PathLike[str] | Iterable[str | PathLike[str]],
    *,
    since: str | date | None = None,
    until: str | date | None = None,
    missing_values: MissingValues | None = None,
    out_of_range: Literal["keep", "missing"] = "keep",
    frame: Literal["pyarrow", "pandas", "polars"] = "pyarrow",
    report: bool = False,
) -> Any:
    """Read the portal's ASOS files, or texts of KMA's API hub, into one frame.

    They are read, checked and refused as `run_weather` does it, and nothing is stored, completed or filled: what
    becomes of the frame is for `complete_hours` and `impute` to do. Rows of one station and hour become one, in which
    a blank gives way to the value of another row. Rows whose hour has not come yet are left out, and so are columns of
    unknown meaning; the log warns of both, and the report counts them.

    Parameters
    ----------
    files : path or glob pattern, or an iterable of these
        CSV exports of the portal, or texts of KMA's API hub, in UTF-8 or cp949.
    since, until, missing_values
        As in `run_weather`.
    out_of_range : {"keep", "missing"}, default "keep"
        What becomes of observations outside the physical bounds of their column, which the report counts.
    frame : {"pyarrow", "pandas", "polars"}, default "pyarrow"
        The kind of frame to return.
    report : bool, default False
        Return ``(frame, WeatherReport)``.

    Returns
    -------
    frame or (frame, WeatherReport)
        A row per station and hour, in the order of stations and time. The columns are those of table
        ``weather_asos`` that the files have, with its names and types: `stnId`, `stnNm`, `tm` in KST, `ta` and so on,
        and beside each value that has one its quality flag.

    Raises
    ------
    SourceFileError
        If a file is not a readable export, has two different rows of one hour, or has numbers that look as if they
        stood for missing values. The error names the file and the line.
    OptionError
        If an option has a value that it cannot take.
    ExtraUnavailable
        If polars is asked for and not installed.

    Examples
    --------
    >>> from datetime import date
    >>> from tempfile import TemporaryDirectory
    >>> from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, write_asos_sample
    >>> with TemporaryDirectory() as folder:
    ...     written = write_asos_sample(
    ...         folder, stations=SAMPLE_STATIONS[:2], since=date(2023, 12, 1), until=date(2024, 2, 1)
    ...     )
    ...     hours, told = read_asos(f"{folder}/*.csv", since="2024-01-01", frame="pandas", report=True)
    >>> list(hours.columns[:4]), told.stations, told.rows_outside_period > 0
    (['stnId', 'stnNm', 'tm', 'ta'], 2, True)
    """
    make = maker(frame)
    markers = checked_markers(missing_values, OBSERVATIONS)
    arguments = {"since": since, "until": until, "missing_values": missing_values, "out_of_range": out_of_range}
    told = WeatherReport(ASOS.job, {name: str(value) for name, value in arguments.items() if value is not None})
    with AsosSpool() as spool:
        with told.stage("read files") as stage:
            spool.read(matching_files(files), markers)
            rows = NewRows(spool, since, until, ImputeOptions(out_of_range=out_of_range))
            rows.check(told, stage, markers)
        # Flags that no file has are columns for the database alone.
        table = pa.concat_tables(part.select(rows.columns) for part in rows.parts())
    if rows.rows_in_future:
        told.rejects[IN_FUTURE] = told.rows_rejected = rows.rows_in_future
        logger.warning("%d rows left out: %s", rows.rows_in_future, IN_FUTURE)
    told.stations = rows.stations
    told.finish()
    made = make(table.sort_by([(name, "ascending") for name in WEATHER_KEY]))
    return (made, told) if report else made
