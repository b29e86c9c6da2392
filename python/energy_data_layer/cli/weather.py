"""``edl run weather``."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energy_data_layer.cli.console import (
    files_skipped,
    job_title,
    rows_written,
    show_drift,
    show_fills,
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
    station_numbers,
)
from energy_data_layer.cli.service import show_collection, show_plan
from energy_data_layer.errors import ExtraUnavailable, OptionError
from energy_data_layer.jobs.options import ImputeOptions, RunOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from energy_data_layer.reports.model_report import ModelReport
    from energy_data_layer.reports.weather_report import WeatherReport

_LIMITS = ((1, 1), (2, 2), (3, 3), (4, 6), (7, 24), (25, 72))
GAP_LENGTHS = {
    **{f"{low} to {high}" if low < high else f"{low}": range(low, high + 1) for low, high in _LIMITS},
    "73 or more": range(73, sys.maxsize),
}
"""Classes of gaps: their lengths in hours, by what they are called."""


@job_command(ImputeOptions, RunOptions, needs_database=False)
def weather(
    ctx: typer.Context,
    files: Annotated[
        list[str] | None,
        typer.Option(
            help="Exports of the portal or texts of KMA's API hub: paths or quoted patterns; without them the "
            "service is asked."
        ),
    ] = None,
    day: Annotated[str | None, typer.Option("--date", help="One day: 2024-01-31, in place of since and until.")] = None,
    since: Annotated[
        str | None, typer.Option(help="First day, or first hour to take from files: 2024-01-31T05:00.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Last day, or last hour to take from files; included. By default yesterday.")
    ] = None,
    missing_values: MissingValues = None,
    reread: Reread = False,
    stations: Annotated[
        list[str], typer.Option(help="Numbers of the stations to ask for; all of them by default.")
    ] = [],  # noqa: B006
    backfill: Annotated[
        bool, typer.Option("--backfill", help="Ask only for days of stations that are not stored in full.")
    ] = False,
    picture: Annotated[Path | None, typer.Option(help="Draw a few gaps, before and after: .png, .svg or .pdf.")] = None,
    **options: Any,
) -> None:
    """Collect observations (or read files), complete and impute their hours, and store them.

    Running it twice changes nothing.
    """
    from energy_data_layer.cli.run import run_job

    of_service = {"--stations": stations, "--backfill": backfill}
    of_service |= {f"--{name.replace('_', '-')}": options[name] for name in ("dry_run", "keep_raw", "from_raw")}
    _require_all(
        ctx.meta[ARGUMENTS],
        no_database=options["db"] is None,
        no_source=files is None and not (options["dry_run"] or options["from_raw"]),
        contradictions=[
            ("--date", [name for name, given in {"--since": since, "--until": until}.items() if day and given]),
            ("--files", [name for name, given in of_service.items() if given and files is not None]),
        ],
        of_files_alone={"--picture": picture is not None, "--reread": reread} if files is None else {},
    )
    if day is not None:
        since = until = day
    options |= {"since": since, "until": until, "missing_values": missing_values_of(missing_values)}
    if files is None:
        from energy_data_layer.jobs.weather.from_service import STAGES as SERVICE_STAGES
        from energy_data_layer.jobs.weather.from_service import collect_weather

        options |= {"stations": station_numbers(stations), "backfill": backfill}
        run_job("weather", collect_weather, len(SERVICE_STAGES), show_run_report, **options)
        return
    from energy_data_layer.jobs.weather.from_files import STAGES, run_weather

    for name in ("dry_run", "keep_raw", "from_raw"):
        del options[name]
    read = partial(run_weather, files, picture=picture, reread=reread)
    run_job("weather", read, len(STAGES) + (picture is not None), show_run_report, **options)


def _require_all(
    arguments: Sequence[str],
    *,
    no_database: bool,
    no_source: bool,
    contradictions: Iterable[tuple[str, list[str]]],
    of_files_alone: Mapping[str, bool],
) -> None:
    """Raise about all that contradicts itself or is missing, in the latter case with the command to type."""
    missing, added = [], []
    needing = [name for name, given in of_files_alone.items() if given]
    if needing or (no_source and not _has_key()):
        besides = f"which {needing[0]} needs" if needing else "or a key of the service in EDL_SERVICE_KEY"
        missing.append(f"--files, {besides}")
        added += ["--files", "asos/*.csv"]
    if no_database:
        missing.append("--db, or EDL_DATABASE_URL")
        added += ["--db", "duckdb:///energy.duckdb"]
    problems = [f"{name} cannot be combined with {' and '.join(others)}" for name, others in contradictions if others]
    if not problems and missing:
        missing.append(command_to_type("run weather", arguments, added))
    if missing:
        problems.append(f"missing: {'; '.join(missing)}")
    if problems:
        raise OptionError("; ".join(problems))


def _has_key() -> bool:
    try:
        from energy_data_layer.settings.services import ServiceSettings
    except ExtraUnavailable:
        return False
    settings = ServiceSettings()
    try:
        settings.key_of("asos")
    except OptionError:
        return False
    return True


def filled_by(report: ModelReport) -> str:
    """Return method and model of a run in words."""
    if report.method != "optimal_interpolation":
        return report.method
    if report.model is None:
        return f"{report.method}; by spline_climatology until 90 days are stored"
    fitted = ", fitted now" if report.model_fitted else ""
    return f"{report.method}, model {report.model}{fitted}"


def show_run_report(report: WeatherReport) -> None:
    """Print a run report as tables."""
    if report.plan and not report.run_id:
        show_plan(report.plan)
        return
    if report.files_skipped and not report.files:
        show_pairs(job_title(report), files_skipped(report))
        return
    origin: list[tuple[str, object]] = [
        ("rows read", f"{report.rows_read:,} from {len(report.files)} files"),
        *files_skipped(report),
        ("rows outside since and until", report.rows_outside_period),
    ]
    if report.collection is not None:
        origin = [("rows read", f"{report.rows_read:,}"), *report.collection.figures()]
    show_pairs(
        job_title(report),
        [
            *origin,
            ("rows joined with one of the same hour", report.duplicates_collapsed),
            ("stations", report.stations),
            ("hours completed", report.hours_completed),
            ("stored rows as context", f"{report.context_rows:,}, {report.context_rows_recomputed:,} recomputed"),
            ("stored fills replaced", report.fills_changed),
            ("filled by", filled_by(report) if report.filled else "no column to fill"),
            ("fills set to a physical bound", report.fills_clipped),
            ("values that stay missing", report.values_unfilled),
            ("rows rejected", report.rows_rejected),
            ("rows written", rows_written(report)),
            ("engine", f"{report.engine} ({report.engine_reason})" if report.engine else "not needed"),
        ],
    )
    if report.marked_missing:
        marked = ", ".join(f"{name} {count:,}" for name, count in report.marked_missing.items())
        show_lines("Missing-value markers", [marked])
    if report.columns_absent:
        show_lines("Columns that no file has, and that are not filled", [", ".join(report.columns_absent)])
    if report.columns_not_stored:
        show_lines("Columns of the files that are not stored", [", ".join(report.columns_not_stored)])
    if report.filled:
        show_fills(report.filled)
    if report.gaps_unfilled:
        show_lines(f"Gaps that stay missing, {len(report.gaps_unfilled)} of them", report.gaps_unfilled)
    if report.out_of_bounds:
        show_lines(
            "Observations outside the physical bounds (--out-of-range missing takes them out)",
            [
                f"{name}: {found.count:,} {found.bounds}, first {', '.join(found.first)}"
                for name, found in report.out_of_bounds.items()
            ],
        )
    if report.absences:
        show_lines("Hours without rows that got none, being too many (--max-absence)", report.absences)
    if report.much_filled:
        show_lines("More than 20 % of the new hours are fills", report.much_filled)
    if report.gap_lengths:
        show_table(
            "Gaps by length in hours",
            ["column", *GAP_LENGTHS],
            [
                [
                    column,
                    *(sum(counts[hours] for hours in counts if hours in wanted) for wanted in GAP_LENGTHS.values()),
                ]
                for column, counts in report.gap_lengths.items()
            ],
        )
    if report.collection is not None:
        show_collection(report.collection)
    show_drift(report.drift)
    show_stages(report.stages)
