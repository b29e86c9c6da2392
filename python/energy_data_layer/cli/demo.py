"""``edl demo``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from energy_data_layer.cli.console import show_pairs, show_table, show_text, stage_progress
from energy_data_layer.cli.generation import show_generation_report
from energy_data_layer.cli.service import show_service_report
from energy_data_layer.cli.status import show_status
from energy_data_layer.cli.weather import show_run_report

if TYPE_CHECKING:
    from energy_data_layer.jobs.demo.job import Demo
    from energy_data_layer.transforms.impute.score import Scorecard


def demo(
    folder: Annotated[Path, typer.Argument(help="Where the data sets and the results go; made if missing.")] = Path(
        "demo"
    ),
) -> None:
    """Make data sets, show fills beside the truth, run all jobs, simulated services included, compare both engines."""
    from energy_data_layer.jobs.demo.job import STAGES, run_demo
    from energy_data_layer.jobs.status import status_of
    from energy_data_layer.quality.page import require_jinja2, write_quality_page

    require_jinja2()
    page = folder / "data-quality.html"
    with stage_progress(len(STAGES)) as on_stage:
        result = run_demo(folder, on_stage=on_stage)
        write_quality_page(result.database_url, page)
    show_text(f"{result.picture} shows observed hours that were hidden, how they are filled, and what they were.")
    _show_scores(result.scorecard)
    show_run_report(result.report)
    show_generation_report(result.generation_report)
    show_run_report(result.services.weather)
    show_service_report(result.services.wind)
    show_service_report(result.services.solar)
    _show_engines(result)
    show_pairs(
        "Results",
        [
            ("picture of fills and truth", result.picture),
            ("data sets", f"{result.files[0].parent}/*.csv, {result.generation_files[0].parent}/*.csv"),
            ("database", result.database),
            ("run reports", f"{result.report_file}, {result.generation_report_file}"),
            ("page of data quality", page),
        ],
    )
    show_status(status_of(result.database_url))
    show_text(
        "What to try next:\n"
        f"  edl run weather --files '{result.files[0].parent}/*.csv' --db {result.database_url}\n"
        f"  edl run generation --files '{result.generation_files[0].parent}/*.csv' --db {result.database_url}\n"
        f"  edl status --db {result.database_url} --all\n"
        f"  edl report --db {result.database_url} --language ko\n"
        f"  edl doctor --db {result.database_url}\n"
        "  edl simulate\n"
        "  edl impute --help"
    )


def _show_scores(card: Scorecard) -> None:
    by_gap: dict[tuple[str, int], dict[str, dict[str, float]]] = {}
    for column, scores in card.overall().items():
        for score in scores:
            by_gap.setdefault((column, score["length"]), {})[score["method"]] = score
    show_table(
        f"Hidden hours: RMSE of each method, and how many lie in the {card.interval:.0%} interval",
        ["column", "hours missing", *card.methods, "in the interval"],
        [
            [*gap, *(of[name]["rmse"] for name in card.methods), f"{of['optimal_interpolation']['coverage']:.0%}"]
            for gap, of in by_gap.items()
        ],
    )


def _show_engines(result: Demo) -> None:
    comparison = result.engines
    rows = [("reference", f"{comparison.reference_seconds * 1000:.1f}", "")]
    if comparison.rust_seconds is not None:
        faster = f"{comparison.reference_seconds / comparison.rust_seconds:.1f} times as fast"
        rows.append(("Rust", f"{comparison.rust_seconds * 1000:.1f}", faster))
    show_table(
        f"Imputing {comparison.rows:,} rows, {comparison.columns} columns, median of {comparison.runs} runs",
        ["engine", "ms", ""],
        rows,
    )
    show_text(comparison.verdict)
