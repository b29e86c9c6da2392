"""The wind job: a month of KOEN's wind farms from the service to stored hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from energy_data_layer.datasets.koen_wind import KOEN_WIND
from energy_data_layer.errors import OptionError
from energy_data_layer.jobs.options import RunOptions
from energy_data_layer.jobs.periods import ONE_DAY, days_of_month, month_before, period
from energy_data_layer.jobs.service import run_service

if TYPE_CHECKING:
    from datetime import date

    from energy_data_layer.reports.collection_report import ServiceReport


def run_wind(
    database_url: str,
    *,
    month: str | None = None,
    since: str | date | None = None,
    until: str | date | None = None,
    **options: Any,
) -> ServiceReport:
    """Collect the hourly generation of KOEN's wind farms and store it in ``wind_namdong``; see `run_service`.

    ``timestamp`` is the end of the hour, as the service labels it: the last hour of a day is 00:00 of the next one.

    Parameters
    ----------
    database_url : str
        See `Database.connect`.
    month : str, optional
        The month to fetch, ``YYYY-MM``; by default the month before today's.
    since, until : date or ISO 8601 text, optional
        First and last day, both included, in place of a month.
    **options
        The fields of `RunOptions`.

    Returns
    -------
    ServiceReport
        As of `run_service`.

    Raises
    ------
    DataLayerError
        As in `run_service`.

    Examples
    --------
    The simulator stands in for the service. Without `settings`, the service's own address is asked with the key of
    ``EDL_SERVICE_KEY``.

    >>> from tempfile import TemporaryDirectory
    >>> from energy_data_layer.settings.services import ServiceSettings
    >>> from energy_data_layer.simulator import Simulator
    >>> with TemporaryDirectory() as folder, Simulator() as simulator:
    ...     settings = ServiceSettings(services_url=simulator.url, service_key=simulator.options.key)
    ...     database = f"duckdb:///{folder}/energy.duckdb"
    ...     first = run_wind(database, month="2024-02", settings=settings)
    ...     second = run_wind(database, month="2024-02", settings=settings)
    >>> first.status, first.rows_inserted, second.rows_inserted, second.rows_unchanged
    ('succeeded', 2088, 0, 2088)
    """
    run = RunOptions(**options)
    newest = run.today - ONE_DAY
    if since is None and until is None:
        first, last = month_before(run.today) if month is None else days_of_month(month)
        if first > newest:
            raise OptionError(f"{month} is not available yet; data ends on {newest}")
    elif month is not None:
        raise OptionError("month cannot be combined with since and until; name the period in one way")
    else:
        first, last = period(since, until, newest=newest)
    return run_service(KOEN_WIND, database_url, first, last, run)
