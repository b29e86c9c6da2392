"""``edl fit``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from energy_data_layer.cli.console import say, show_pairs
from energy_data_layer.cli.options import job_command
from energy_data_layer.jobs.options import ImputeOptions

if TYPE_CHECKING:
    from energy_data_layer.reports.model_report import ModelReport


@job_command(ImputeOptions, names=["columns"])
def fit(
    since: Annotated[str | None, typer.Option(help="First day to fit on; by default ten years back.")] = None,
    until: Annotated[str | None, typer.Option(help="Last day to fit on, included; by default all.")] = None,
    **options: Any,
) -> None:
    """Fit a model of the gaps on the stored weather; later runs fill by it.

    The weather job does it by itself when the last model is older than EDL_MODEL_MAX_AGE days (30).
    """
    from energy_data_layer.cli.run import run_job
    from energy_data_layer.jobs.weather.fit import STAGES, fit_gap_model

    run_job("fit", fit_gap_model, len(STAGES), show_fit_report, since=since, until=until, **options)


def show_fit_report(report: ModelReport) -> None:
    """Print what a model was fitted on."""
    facts = report.model_fitted
    show_pairs(
        f"Model {report.model}, {report.seconds:.1f} s",
        [
            ("hours", f"{facts['since']} to {facts['until']}"),
            ("rows", facts["rows"]),
            ("columns", ", ".join(facts["columns"])),
            ("stations with a model", facts["stations"]),
            ("engine", f"{report.engine} ({report.engine_reason})"),
        ],
    )
    from energy_data_layer.jobs.status import CHANGE_METHOD

    if report.method != "optimal_interpolation":
        say(f"edl: the fills of this database are made by {report.method}; the model is used after: {CHANGE_METHOD}")
