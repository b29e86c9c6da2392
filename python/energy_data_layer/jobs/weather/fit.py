"""The job that fits a model of the gaps in the weather, whether one is due or not."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from energy_data_layer.engine import choice
from energy_data_layer.errors import OptionError
from energy_data_layer.jobs.options import DEFAULT_COLUMNS, ImputeOptions
from energy_data_layer.jobs.periods import day_of
from energy_data_layer.jobs.run_context import job_database, recorded, watched
from energy_data_layer.jobs.weather.method import fit_and_store
from energy_data_layer.reports.model_report import ModelReport
from energy_data_layer.storage.gap_models import fill_method
from energy_data_layer.storage.runs import RunLog
from energy_data_layer.storage.tables import WEATHER_ASOS
from energy_data_layer.storage.urls import redacted_url, require_database
from energy_data_layer.transforms.impute.rule import OPTIMAL_INTERPOLATION

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

STAGES = ("fit",)


def fit_gap_model(
    database_url: str,
    *,
    since: str | date | None = None,
    until: str | date | None = None,
    columns: Sequence[str] = DEFAULT_COLUMNS,
    use_rust: bool | None = None,
    on_stage: Callable[[str], None] | None = None,
) -> ModelReport:
    """Fit a model of the gaps on the stored observations and store it; later runs of the weather jobs fill by it.

    The jobs fit by themselves when the model is older than ``EDL_MODEL_MAX_AGE`` days; this is for a model of other
    years or columns, or one at once. Fills that are stored stay as they are until `run_reprocess`.

    Parameters
    ----------
    database_url : str
        See `connect`.
    since, until : date or ISO 8601 text, optional
        First and last day to fit on, both included; by default the last ten years.
    columns : sequence of str, default ("ta", "hm", "ws", "pa")
        The fields; a job that fills others fits its own model.
    use_rust : bool, optional
        The engine, see `impute_missing_values`.
    on_stage : callable, optional
        Told the name of each stage as it begins.

    Returns
    -------
    ModelReport
        The model, and what it was fitted on.

    Raises
    ------
    OptionError
        If the days are in the wrong order, or a column is none that can be filled.
    ModelError
        If there are no rows to fit on.
    StorageError
        If there is no database, or it cannot be opened or written.

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
    ...     report = fit_gap_model(url, columns=["ta"])
    >>> report.model_fitted["stations"], report.model_fitted["until"]
    (1, '2023-02-01 00:00:00')
    """
    first = None if since is None else datetime.combine(day_of("since", since), time.min)
    last = None if until is None else datetime.combine(day_of("until", until), time.min) + timedelta(hours=23)
    if first is not None and last is not None and first > last:
        raise OptionError(f"since ({first:%Y-%m-%d}) is after until ({last:%Y-%m-%d})")
    options = ImputeOptions(columns=tuple(columns))
    report = ModelReport(
        "fit",
        arguments={
            "database": redacted_url(database_url),
            "since": None if since is None else str(since),
            "until": None if until is None else str(until),
            "columns": list(options.columns),
        },
        on_stage=on_stage,
    )
    chosen = choice.choose(use_rust)
    report.engine, report.engine_reason = chosen.engine, chosen.reason
    require_database(database_url)
    with watched(report), job_database(database_url) as database:
        stored = database.columns(WEATHER_ASOS)
        options.require_columns(stored, f"table {WEATHER_ASOS}")
        with recorded(RunLog(database), report), report.stage("fit"):
            model = fit_and_store(database, report, options.columns, since=first, until=last, use_rust=use_rust)
            report.model = model.id
            method = fill_method(database, WEATHER_ASOS)
            report.method = OPTIMAL_INTERPOLATION if method is None else method.method
    return report
