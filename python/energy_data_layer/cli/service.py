"""What the commands on services show of their reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from energy_data_layer.cli.console import job_title, rows_written, show_drift, show_lines, show_pairs, show_stages

if TYPE_CHECKING:
    from energy_data_layer.reports.collection_report import CollectionReport, ServiceReport

LISTED = 10


def show_service_report(report: ServiceReport) -> None:
    """Print the report of a wind or solar run as tables."""
    if report.plan and not report.run_id:
        show_plan(report.plan)
        return
    rejected = ", ".join(f"{count:,} {reason}" for reason, count in report.rejects.items())
    show_pairs(
        job_title(report),
        [
            *report.collection.figures(),
            ("hours read", f"{report.rows_read:,}"),
            ("hours written", rows_written(report)),
            ("hours repeated", f"{report.rows_repeated:,}"),
            ("hours rejected", rejected or "0"),
            ("days with another total", f"{report.collection.total_mismatches:,}"),
            ("new plants", ", ".join(report.plants_new[:LISTED]) or "none"),
            ("plants without an answer", ", ".join(report.plants_silent[:LISTED]) or "none"),
            ("engine", f"{report.engine} ({report.engine_reason})" if report.engine else "not needed"),
        ],
    )
    show_collection(report.collection)
    show_drift(report.drift)
    show_stages(report.stages)


def show_plan(plan: list[str]) -> None:
    """Print what a dry run would ask for."""
    show_lines(f"Would ask for {len(plan):,} parts of the period", plan)


def show_collection(collection: CollectionReport) -> None:
    """Print what is remarkable about the answers: failures, drift, holes."""
    if collection.failures:
        show_lines(
            f"Not fetched ({collection.chunks_failed:,})",
            [f"{part.key} {part.first} to {part.last}: {part.error}".strip() for part in collection.failures[:LISTED]],
        )
    if collection.has_drift:
        kinds = {
            name: ", ".join(f"{count:,} as {kind}" for kind, count in found.items())
            for name, found in collection.retyped_fields.items()
        }
        show_lines(
            "The service changed its answers",
            [
                *(f"unknown field {name}: {count:,} items" for name, count in collection.unknown_fields.items()),
                *(f"vanished field {name}: {count:,} items" for name, count in collection.vanished_fields.items()),
                *(f"field {name} came otherwise: {found}" for name, found in kinds.items()),
            ],
        )
    if collection.incomplete_days:
        show_lines(
            f"Days with fewer than 24 values ({collection.incomplete_days:,})",
            [f"{day.key} {day.day}: {day.hours}" for day in collection.first_incomplete_days[:LISTED]],
        )
