"""``edl run generation``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energy_data_layer import settings
from energy_data_layer.cli.console import show_drift, show_lines, show_pairs, show_stages, show_table
from energy_data_layer.cli.options import with_options
from energy_data_layer.jobs.options import RunOptions

if TYPE_CHECKING:
    from energy_data_layer.reports.generation_report import GenerationReport

LISTED = 5


class EnergyUnit(StrEnum):
    """The units of energy to choose from."""

    WH = "Wh"
    KWH = "kWh"
    MWH = "MWh"


@with_options(RunOptions, names=["schema_policy"])
def generation(
    files: Annotated[
        list[str],
        typer.Option(help="Published CSV files, a row per plant and day: paths or quoted patterns."),
    ],
    db: Annotated[
        str,
        typer.Option(
            help="The database, duckdb:///energy.duckdb or postgresql://user@host/database.",
            envvar=settings.DATABASE_URL,
        ),
    ],
    publisher: Annotated[
        str | None, typer.Option(help="Who published the files, e.g. KOSPO; taken from their names by default.")
    ] = None,
    layout: Annotated[
        str | None, typer.Option(help="Name of the layout of all files; recognised by their headings by default.")
    ] = None,
    energy_unit: Annotated[
        EnergyUnit | None, typer.Option(help="The unit of the hours of all files; that of the layout by default.")
    ] = None,
    plant_name: Annotated[
        str | None,
        typer.Option(help="The plant, for tables that do not name it; taken from the file's name by default."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Where the report goes (JSON); by default beside the database file.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON and nothing else.")] = False,
    *,
    options: dict[str, Any],
) -> None:
    """Read published files of hourly generation and store their hours; running it twice changes nothing."""
    from energy_data_layer.cli.run import run_job
    from energy_data_layer.jobs.generation.from_files import STAGES, run_generation

    run_job(
        "generation",
        db,
        report,
        stages=len(STAGES),
        as_json=json,
        run=lambda on_stage: run_generation(
            files,
            db,
            publisher=publisher,
            layout=layout,
            energy_unit=None if energy_unit is None else energy_unit.value,
            plant_name=plant_name,
            on_stage=on_stage,
            **options,
        ),
        show=show_generation_report,
    )


def show_generation_report(report: GenerationReport) -> None:
    """Print the report of the generation job as tables."""
    show_pairs(
        f"Job {report.job}, {report.seconds:.1f} s",
        [
            (
                "rows read",
                f"{report.rows_read:,} = {report.rows_stored:,} stored + {report.rows_empty:,} empty + "
                f"{report.rows_repeated:,} repeated + {report.rows_rejected:,} rejected",
            ),
            (
                "hours written",
                f"{report.rows_inserted:,} inserted, {report.rows_updated:,} updated, "
                f"{report.rows_unchanged:,} unchanged",
            ),
            ("hours without a value", f"{report.hours_missing:,}, {report.cells_coerced:,} of them not blank"),
            ("hours above 150 % of the capacity", report.hours_above_capacity),
            (
                "daily totals",
                f"{report.totals_checked:,} compared, {len(report.total_mismatches):,} differ from their hours",
            ),
            ("engine", f"{report.engine} ({report.engine_reason})"),
        ],
    )
    show_table(
        "Files",
        ["file", "publisher", "layout", "hour label", "energy unit", "plants", "rows", "stored", "rejected"],
        [
            [
                Path(file.path).name,
                file.publisher,
                file.layout,
                file.label_convention,
                ", ".join(file.energy_units),
                file.plants,
                file.rows_read,
                file.rows_stored,
                file.rows_rejected,
            ]
            for file in report.files
        ],
    )
    for reason, rejects in report.rejects.items():
        show_lines(
            f"Rejected: {reason} ({rejects.count:,})",
            [f"{reject.file}, line {reject.line}: {reject.detail}" for reject in rejects.first],
        )
    if report.total_mismatches:
        show_lines(
            f"Hours that do not add up to the daily total ({len(report.total_mismatches):,})",
            [
                f"{row.file}, line {row.line}: {row.plant} {row.day}, hours {row.hours:,.3f} kWh, "
                f"total {row.total:,.3f} kWh"
                for row in report.total_mismatches[:LISTED]
            ],
        )
    show_drift(report.drift)
    show_stages(report.stages)
