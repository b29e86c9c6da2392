"""``edl run weather``."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from energy_data_layer import settings
from energy_data_layer.cli.console import show_pairs, show_stages, show_table
from energy_data_layer.cli.options import Engine, split_at_commas
from energy_data_layer.transforms.provenance import Provenance

if TYPE_CHECKING:
    from energy_data_layer.report.weather_report import WeatherReport

GAP_CLASSES = ((1, 1), (2, 2), (3, 3), (4, 6), (7, 24), (25, 72), (73, None))


def weather(
    files: Annotated[
        list[str],
        typer.Option(help="The portal's CSV exports: paths or quoted patterns, several if you like."),
    ],
    db: Annotated[
        str,
        typer.Option(help="The database, e.g. duckdb:///energy.duckdb.", envvar=settings.DATABASE_URL),
    ],
    columns: Annotated[list[str], typer.Option(help="The fields to impute, separated by blanks or commas.")] = [  # noqa: B006 - typer copies it
        "ta",
        "hm",
        "ws",
        "pa",
    ],
    since: Annotated[str | None, typer.Option(help="First hour to take: 2024-01-31 or 2024-01-31T05:00.")] = None,
    until: Annotated[str | None, typer.Option(help="Last hour to take, included; a date covers its whole day.")] = None,
    max_spline_gap: Annotated[int, typer.Option(help="The longest gap that is interpolated, in hours.")] = 3,
    engine: Annotated[Engine, typer.Option(help="auto follows the environment variable USE_RUST.")] = Engine.AUTO,
    report: Annotated[
        Path | None, typer.Option(help="Where the report goes (JSON); by default beside the database.")
    ] = None,
    picture: Annotated[Path | None, typer.Option(help="Draw a few gaps, before and after, into this PNG file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON and nothing else.")] = False,
) -> None:
    """Read ASOS files, complete and impute their hours, and store them; running it twice changes nothing."""
    from energy_data_layer.cli.run import run_job
    from energy_data_layer.jobs.weather import STAGES, run_weather

    run_job(
        "weather",
        db,
        report,
        stages=len(STAGES) + (picture is not None),
        as_json=json,
        run=lambda on_stage: run_weather(
            files,
            db,
            columns=split_at_commas(columns),
            since=since,
            until=until,
            max_spline_gap=max_spline_gap,
            use_rust=engine.use_rust,
            picture=picture,
            on_stage=on_stage,
        ),
        show=show_run_report,
    )


def show_run_report(report: WeatherReport) -> None:
    """Print a run report as tables."""
    show_pairs(
        f"Job {report.job}, {report.seconds:.1f} s",
        [
            ("rows read", f"{report.rows_read:,} from {len(report.files)} files"),
            ("rows outside since and until", report.rows_outside_period),
            ("identical rows collapsed", report.duplicates_collapsed),
            ("stations", report.stations),
            ("hours completed", report.hours_completed),
            (
                "stored rows as context",
                f"{report.context_rows:,}, {report.context_rows_recomputed:,} recomputed",
            ),
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
    show_stages(report.stages)


def show_fills(filled: dict[str, dict[str, int]]) -> None:
    """Print how many values of each column were filled by each method."""
    methods = [method.label for method in Provenance if method is not Provenance.OBSERVED]
    show_table(
        "Filled by method",
        ["method", *filled],
        [[method.replace("_", " "), *(counts[method] for counts in filled.values())] for method in methods],
    )


def _class_name(limits: tuple[int, int | None]) -> str:
    shortest, longest = limits
    if longest is None:
        return f"{shortest} or more"
    return f"{shortest}" if shortest == longest else f"{shortest} to {longest}"


def _number_of_gaps(lengths: dict[int, int], shortest: int, longest: int | None) -> int:
    return sum(
        count for length, count in lengths.items() if length >= shortest and (longest is None or length <= longest)
    )
