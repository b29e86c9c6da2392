"""A job as a Prefect task: retried where that can help, its report kept as an artifact."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from prefect import task
from prefect.artifacts import create_markdown_artifact

from energy_data_layer import settings
from energy_data_layer.errors import DataLayerError, IncompleteRunError, StorageError
from energy_data_layer.storage.runs import NOT_ALL_CAME

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefect.client.schemas.objects import State, TaskRun
    from prefect.tasks import Task

    from energy_data_layer.reports.collection_report import ServiceReport
    from energy_data_layer.reports.weather_report import WeatherReport

    Report = ServiceReport | WeatherReport

ROWS = ("read", "inserted", "updated", "unchanged", "rejected")
RETRIES = 3
RETRY_AFTER_SECONDS = [300.0, 1800.0, 3600.0]


def can_succeed_later(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Return whether the same run may succeed a little later.

    A database that is taken or down may be back, a service that failed too; a wrong option, a refused key, a missing
    engine and the day's requests being used up stay as they are.
    """
    error = state.result(raise_on_failure=False)
    if isinstance(error, IncompleteRunError):
        return error.retryable
    if isinstance(error, DataLayerError):
        return isinstance(error, StorageError)
    return isinstance(error, Exception)


@task(
    name="job",
    retries=RETRIES,
    retry_delay_seconds=RETRY_AFTER_SECONDS,
    retry_condition_fn=can_succeed_later,
    persist_result=False,
)
def run_as_task(job: Callable[..., Report], **options: Any) -> dict[str, Any]:
    """Run a job on the database of the environment, keep its report as an artifact, and return it.

    Raises
    ------
    IncompleteRunError
        If not everything came; what did is stored.
    OptionError
        If no database is set.
    """
    _log_as_much_as_prefect()
    # The address may hold a password; parameters of flows and tasks are shown on Prefect's pages.
    report = job(settings.database_url(), **options)
    create_markdown_artifact(as_markdown(report), key=f"{report.job}-report", description=report.summary())
    if report.status in NOT_ALL_CAME:
        found = report.collection
        # Where no request failed, the service may not have published yet what is missing.
        more_may_come = found is None or not found.chunks_failed or found.chunks_failed > found.chunks_failed_for_good
        raise IncompleteRunError(report.job, report.message, retryable=more_may_come and not report.stopped)
    return report.to_dict()


def as_markdown(report: Report) -> str:
    """Return a run report for a reader: what matters as a table, the whole as JSON behind it.

    Examples
    --------
    >>> from energy_data_layer.reports.collection_report import ServiceReport
    >>> print(as_markdown(ServiceReport("wind", arguments={"since": "2024-03-01"})).splitlines()[0])
    # wind: succeeded
    """
    figures: list[tuple[str, object]] = [
        ("arguments", ", ".join(f"{name} = {value}" for name, value in report.arguments.items())),
        *(report.collection.figures() if report.collection else []),
        *((f"rows {what}", f"{getattr(report, f'rows_{what}'):,}") for what in ROWS),
        ("engine", f"{report.engine} ({report.engine_reason})"),
        *((f"stage {stage.name}", f"{stage.seconds:.2f} s") for stage in report.stages),
    ]
    lines = [f"# {report.job}: {report.status}", ""]
    if report.message:
        lines += [report.message, ""]
    lines += ["| what | figure |", "| --- | --- |", *(f"| {what} | {figure} |" for what, figure in figures)]
    lines += ["", "```json", json.dumps(report.to_dict(), ensure_ascii=False, indent=2), "```", ""]
    return "\n".join(lines)


def _log_as_much_as_prefect() -> None:
    """Let the package's lines through that Prefect would show of its own, unless someone has set their level."""
    package_logger = logging.getLogger("energy_data_layer")
    if package_logger.level == logging.NOTSET:
        package_logger.setLevel(logging.getLogger("prefect").getEffectiveLevel())
