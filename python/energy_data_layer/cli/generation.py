"""``edl run generation``."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energy_data_layer.cli.console import (
    files_skipped,
    job_title,
    rows_written,
    show_drift,
    show_lines,
    show_pairs,
    show_stages,
    show_table,
)
from energy_data_layer.cli.options import (
    ARGUMENTS,
    MissingValues,
    Reread,
    command_to_type,
    job_command,
    missing_values_of,
)
from energy_data_layer.errors import OptionError, SourceFileError
from energy_data_layer.jobs.options import RunOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from energy_data_layer.files.generation import Said
    from energy_data_layer.reports.generation_report import GenerationReport

LISTED = 5


class EnergyUnit(StrEnum):
    """The units of energy to choose from."""

    WH = "Wh"
    KWH = "kWh"
    MWH = "MWh"


@job_command(RunOptions, names=["schema_policy"], needs_database=False)
def generation(
    ctx: typer.Context,
    files: Annotated[
        list[str] | None,
        typer.Option(help="Published CSV files, a row per plant and day or per hour: paths or quoted patterns."),
    ] = None,
    publisher: Annotated[
        str | None, typer.Option(help="Who published files whose name does not tell it, e.g. KOSPO.")
    ] = None,
    layout: Annotated[
        str | None, typer.Option(help="Name of the layout of all files; recognised by their headings by default.")
    ] = None,
    layout_file: Annotated[
        Path | None, typer.Option(help="A layout of your own in TOML; edl layouts explain FILE begins one.")
    ] = None,
    energy_unit: Annotated[
        EnergyUnit | None, typer.Option(help="The unit of the hours of files that do not tell it.")
    ] = None,
    plant_name: Annotated[
        str | None,
        typer.Option(help="The plant of files that name it neither in the table nor in their name."),
    ] = None,
    override: Annotated[
        bool, typer.Option("--override", help="Publisher, unit and plant hold for all files, whatever these say.")
    ] = False,
    missing_values: MissingValues = None,
    reread: Reread = False,
    **options: Any,
) -> None:
    """Read published files of hourly generation and store their hours; running it twice changes nothing."""
    from energy_data_layer.cli.run import run_job
    from energy_data_layer.datasets.layouts import layout_of_files
    from energy_data_layer.files.generation import Said
    from energy_data_layer.files.layout_files import read_layout_file
    from energy_data_layer.jobs.generation.from_files import STAGES, run_generation

    if layout is not None and layout_file is not None:
        raise OptionError("layout and layout_file cannot be combined")
    unit: Any = None if energy_unit is None else energy_unit.value
    chosen = None if layout is None else layout_of_files(layout)
    if layout_file is not None:
        chosen = read_layout_file(layout_file)
    options |= {"publisher": publisher, "layout": chosen, "energy_unit": unit, "plant_name": plant_name}
    options |= {"override": override, "reread": reread}
    options["missing_values"] = missing_values_of(missing_values)
    said = Said(publisher, chosen, unit, plant_name, override, options["missing_values"])
    no_database = options["db"] is None
    left_open = partial(_left_open, ctx.meta[ARGUMENTS], files or [], said, layout_file, no_database=no_database)
    if not files or options["db"] is None:
        raise OptionError(left_open())
    try:
        run_job("generation", partial(run_generation, files), len(STAGES), show_generation_report, **options)
    except SourceFileError as error:
        if error.line is None:
            raise
        raise SourceFileError(error.path, error.line, left_open(error)) from error


def _left_open(
    arguments: Sequence[str],
    files: Sequence[str],
    said: Said,
    layout_file: Path | None,
    error: SourceFileError | None = None,
    *,
    no_database: bool,
) -> str:
    """Return all that is missing or wrong in the command and in all files, with the command to type."""
    from energy_data_layer.files.csv_text import matching_files
    from energy_data_layer.files.explain import explain_file

    missing, added = [], []
    if not files:
        missing.append("--files")
        added += ["--files", "generation/*.csv"]
    if no_database:
        missing.append("--db, or EDL_DATABASE_URL")
        added += ["--db", "duckdb:///energy.duckdb"]
    found: dict[str, list[str]] = {} if error is None else {error.problem: []}
    given: dict[str, Any] = {"layout_file": layout_file and str(layout_file)} | said._asdict()
    options: dict[str, str] = {}
    paths = matching_files(files) if files else []
    for path in paths:
        told = explain_file(path, said, given["layout_file"])
        if told.problems and (error is None or error.path != str(path)):
            found.setdefault(told.problems[0], []).append(str(path))
        if told.problems:
            options |= told.options
        if told.layout_file:
            missing.append(f"a layout, which edl layouts explain {quote(str(path))} begins")
    for name, value in options.items():
        # A layout is that of all files.
        if given[name] != value and (name != "layout_file" or len(paths) == 1):
            added += [f"--{name.replace('_', '-')}", value]
    problems = []
    for problem, others in found.items():
        names = ", ".join(others[:LISTED]) + f" and {len(others) - LISTED} more" * (len(others) > LISTED)
        if error is not None and problem == error.problem:
            problems.append(problem + f" (the same in {names})" * bool(others))
        else:
            problems.append(f"{names}: {problem}")
    if missing:
        problems.append(f"missing: {'; '.join(missing)}")
    if added:
        problems.append(command_to_type("run generation", arguments, added))
    return "; ".join(problems)


def show_generation_report(report: GenerationReport) -> None:
    """Print the report of the generation job as tables."""
    if report.files_skipped and not report.files:
        show_pairs(job_title(report), files_skipped(report))
        return
    differing = len(report.total_mismatches)
    show_pairs(
        job_title(report),
        [
            (
                "rows read",
                f"{report.rows_read:,} = {report.rows_stored:,} stored + {report.rows_empty:,} empty + "
                f"{report.rows_repeated:,} repeated + {report.rows_rejected:,} rejected",
            ),
            *files_skipped(report),
            ("hours written", rows_written(report)),
            ("hours without a value", report.hours_missing),
            *([("of them with some of their parts", report.hours_incomplete)] if report.hours_incomplete else []),
            ("cells that are no number", report.cells_coerced),
            *([("cells with a named missing value", report.cells_marked)] if report.cells_marked else []),
            ("hours above 150 % of the capacity", report.hours_above_capacity),
            ("daily totals", f"{report.totals_checked:,} compared, {differing:,} differ from their hours"),
            ("engine", f"{report.engine} ({report.engine_reason})"),
        ],
    )
    rows = []
    for file in report.files:
        how_read = file.publisher, file.layout, file.label_convention, ", ".join(file.energy_units)
        rows.append(
            [Path(file.path).name, *how_read, file.plants, file.rows_read, file.rows_stored, file.rows_rejected]
        )
    headings = ["file", "publisher", "layout", "hour label", "energy unit", "plants", "rows", "stored", "rejected"]
    show_table("Files", headings, rows)
    for reason, rejects in report.rejects.items():
        show_lines(
            f"Rejected: {reason} ({rejects.count:,})",
            [f"{reject.file}, line {reject.line}: {reject.detail}" for reject in rejects.first],
        )
    if report.first_coerced:
        show_lines(f"Cells that are no number ({report.cells_coerced:,})", report.first_coerced)
    if differing:
        show_lines(
            f"Hours that do not add up to the daily total ({differing:,})",
            [
                f"{row.file}, line {row.line}: {row.plant} {row.day}, hours {row.hours:,.3f} kWh, "
                f"total {row.total:,.3f} kWh"
                for row in report.total_mismatches[:LISTED]
            ],
        )
    for title, field in (
        ("Options that were not used, --override uses them", "options_not_used"),
        ("Contradictions", "contradictions"),
        ("Columns that were not read", "columns_not_read"),
        ("Lines above the headings that were passed over", "lines_above"),
    ):
        told = [f"{Path(file.path).name}: {one}" for file in report.files for one in getattr(file, field)]
        if told:
            show_lines(f"{title} ({len(told):,})", told[:LISTED])
    show_drift(report.drift)
    show_stages(report.stages)
