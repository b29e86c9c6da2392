"""The solar job: what the table lacks of KOSPO's solar plants, from the service to stored hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from energy_data_layer.datasets.kospo_solar import KOSPO_SOLAR
from energy_data_layer.jobs.options import RunOptions
from energy_data_layer.jobs.periods import ONE_DAY, period
from energy_data_layer.jobs.service import run_service

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from energy_data_layer.reports.collection_report import ServiceReport


def run_solar(
    database_url: str,
    *,
    since: str | date | None = None,
    until: str | date | None = None,
    plants: Iterable[tuple[str, str]] | None = None,
    **options: Any,
) -> ServiceReport:
    """Collect the hourly generation of KOSPO's solar plants and store it in ``nambu_generation``; see `run_service`.

    ``datetime`` is the beginning of the hour, as the service labels it.

    Parameters
    ----------
    database_url : str
        See `Database.connect`.
    since, until : date or ISO 8601 text, optional
        First and last day, both included; by default yesterday (KST).
    plants : iterable of (str, str), optional
        Code and unit of the plants; by default those of ``EDL_SOLAR_PLANTS`` and those that are stored.
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
    ...     plants = simulator.solar_plants[:1]
    ...     report = run_solar(database, since="2024-03-01", until="2024-03-02", plants=plants, settings=settings)
    >>> report.status, report.rows_inserted
    ('succeeded', 48)
    """
    run = RunOptions(**options)
    first, last = period(since, until, newest=run.today - ONE_DAY)
    return run_service(KOSPO_SOLAR, database_url, first, last, run, series=plants)
