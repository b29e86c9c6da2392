"""``edl run weather``."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energy_data_layer import settings
from energy_data_layer.cli.console import show_drift, show_fills, show_pairs, show_stages, show_table
from energy_data_layer.cli.options import station_numbers, with_options
from energy_data_layer.cli.service import show_collection, show_plan
from energy_data_layer.errors import OptionError
from energy_data_layer.jobs.options import ImputeOptions, RunOptions

if TYPE_CHECKING:
    from energy_data_layer.reports.weather_report import WeatherReport

GAP_CLASSES = ((1, 1), (2, 2), (3, 3), (4, 6), (7, 24), (25, 72), (73, None))


@with_options(ImputeOptions, RunOptions)
def weather(
    db: Annotated[
        str,
        typer.Option(
            help="The database, duckdb:///energy.duckdb or postgresql://user@host/database.",
            envvar=settings.DATABASE_URL,
        ),
    ],
    files: Annotated[
        list[str] | None,
        typer.Option(help="The portal's CSV exports: paths or quoted patterns; without them the service is asked."),
    ] = None,
    day: Annotated[str | None, typer.Option("--date", help="One day: 2024-01-31, in place of since and until.")] = None,
    since: Annotated[
        str | None, typer.Option(help="First day, or first hour to take from files: 2024-01-31T05:00.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Last day, or last hour to take from files; included. By default yesterday.")
    ] = None,
    stations: Annotated[
        list[str], typer.Option(help="Numbers of the stations to ask for; all of them by default.")
    ] = [],  # noqa: B006
    backfill: Annotated[
        bool, typer.Option("--backfill", help="Ask only for days of stations that are not stored in full.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="Where the report goes (JSON); by default beside the database file.")
    ] = None,
    picture: Annotated[Path | None, typer.Option(help="Draw a few gaps, before and after, into this PNG file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON and nothing else.")] = False,
    *,
    options: dict[str, Any],
) -> None:
    """Collect observations (or read files), complete and impute their hours, and store them.

    Running it twice changes nothing.
    """
    from energy_data_layer.cli.run import run_job
    from energy_data_layer.jobs.weather.from_files import STAGES, run_weather

    if day is not None:
        if since is not None or until is not None:
            raise OptionError("--date cannot be combined with --since and --until; name the period in one way")
        since = until = day
    if files is None:
        from energy_data_layer.jobs.weather.from_service import STAGES as SERVICE_STAGES
        from energy_data_layer.jobs.weather.from_service import collect_weather

        if picture is not None:
            raise OptionError("--picture needs --files")
        run_job(
            "weather",
            db,
            report,
            stages=len(SERVICE_STAGES),
            as_json=json,
            dry_run=options["dry_run"],
            run=lambda on_stage: collect_weather(
                db,
                since=since,
                until=until,
                stations=station_numbers(stations),
                backfill=backfill,
                on_stage=on_stage,
                **options,
            ),
            show=show_run_report,
        )
        return
    of_service = {name: options.pop(name) for name in ("dry_run", "keep_raw", "from_raw")}
    if stations or backfill or any(of_service.values()):
        raise OptionError("--files cannot be combined with --stations, --backfill, --dry-run, --keep-raw or --from-raw")
    run_job(
        "weather",
        db,
        report,
        stages=len(STAGES) + (picture is not None),
        as_json=json,
        run=lambda on_stage: run_weather(
            files,
            db,
            since=since,
            until=until,
            picture=picture,
            on_stage=on_stage,
            **options,
        ),
        show=show_run_report,
    )


def show_run_report(report: WeatherReport) -> None:
    """Print a run report as tables."""
    if report.plan and not report.run_id:
        show_plan(report.plan)
        return
    origin: list[tuple[str, object]] = [
        ("rows read", f"{report.rows_read:,} from {len(report.files)} files"),
        ("rows outside since and until", report.rows_outside_period),
    ]
    if report.collection is not None:
        origin = [("rows read", f"{report.rows_read:,}"), *report.collection.figures()]
    show_pairs(
        f"Job {report.job} {report.status}, {report.seconds:.1f} s",
        [
            *origin,
            ("identical rows collapsed", report.duplicates_collapsed),
            ("stations", report.stations),
            ("hours completed", report.hours_completed),
            (
                "stored rows as context",
                f"{report.context_rows:,}, {report.context_rows_recomputed:,} recomputed",
            ),
            ("stored fills replaced", report.fills_changed),
            ("rows rejected", report.rows_rejected),
            (
                "rows written",
                f"{report.rows_inserted:,} inserted, {report.rows_updated:,} updated, "
                f"{report.rows_unchanged:,} unchanged",
            ),
            ("engine", f"{report.engine} ({report.engine_reason})"),
        ],
    )
    show_fills(report.filled)
    show_table(
        "Gaps by length in hours",
        ["column", *map(_class_name, GAP_CLASSES)],
        [
            [column, *(_number_of_gaps(lengths, *limits) for limits in GAP_CLASSES)]
            for column, lengths in report.gap_lengths.items()
        ],
    )
    if report.collection is not None:
        show_collection(report.collection)
    show_drift(report.drift)
    show_stages(report.stages)


def _class_name(limits: tuple[int, int | None]) -> str:
    shortest, longest = limits
    if longest is None:
        return f"{shortest} or more"
    return f"{shortest}" if shortest == longest else f"{shortest} to {longest}"


def _number_of_gaps(lengths: dict[int, int], shortest: int, longest: int | None) -> int:
    return sum(
        count for length, count in lengths.items() if length >= shortest and (longest is None or length <= longest)
    )
