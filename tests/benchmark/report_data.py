"""What the reports may quote: the measured data, and tables and verdicts made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import environment
import graphs
import output
import scaling_tables
import tables
import verdict

from energy_data_layer.core.provenance import Provenance
from energy_data_layer.engine import equality

if TYPE_CHECKING:
    from collections.abc import Iterator

TRANSFORMS = ("impute", "complete_hours", "wide_to_long", "payload_rows")
CODE_ROOMS = ("public function", "reference", "Rust kernel", "Rust binding")
GOAL_SECTIONS = ("table", "wide", "payload", "memory", "round_trip", "kernel", "import")
FILE_STEPS = {"read_csv": "reading CSV", "write_csv": "writing CSV", "write_parquet": "writing Parquet"}


def report_data(data: dict[str, Any]) -> dict[str, Any]:
    """Return what the templates see, by name.

    Parameters
    ----------
    data : dict
        What each script has measured, by the script's name, and ``run``, how they were run.
    """
    profile, both, pipeline = data["profile_impute"], data["rust_vs_python"], data["pipeline"]
    described = both["environment"]
    return {
        "run": data["run"],
        "machine": f"Measured on {environment.sentence(described | {'others_busy': None})}.",
        "busy": max(
            (found["environment"]["others_busy"] or 0.0 for found in data.values() if "environment" in found),
            default=None,
        ),
        "total_minutes": round(sum(data["run"]["seconds"].values()) / 60),
        "sizes": profile["sizes"],
        "methods": [method.label for method in Provenance if profile["sizes"][0]["fills"].get(method.label)],
        "parts": [part["part"] for part in profile["sizes"][0]["breakdown"]["reference"]],
        "share_of": _share_of,
        "steps": _steps,
        "both": both,
        "scaled": graphs.TITLES,
        "scaling_table": lambda transform: _scaling_table(both, transform),
        "time_of": lambda *of: _record(both, *of),
        "rust_is_fastest": lambda **options: _rust_is_fastest(both, **options),
        "beside_scaling": scaling_tables.lines(both["scaling"]),
        "ratio_at": _ratio_at,
        "sizes_shown": [100, 1_000, 10_000, 100_000, 1_000_000],
        "goal_tables": output.measured({name: both[name] for name in GOAL_SECTIONS}),
        "equality": data["equality_evidence"],
        "tolerance": equality.RELATIVE * equality.SMALLEST_SCALE,
        "relative": equality.RELATIVE,
        "pipeline": pipeline,
        "jobs": list(_jobs(pipeline)),
        "maintenance": data["maintenance"],
        "code_rooms": CODE_ROOMS,
        "instructions": data["instructions"],
        "criteria": verdict,
        "verdicts": [verdict.judge(transform, both, pipeline["shares"]) for transform in TRANSFORMS],
    }


def _share_of(size: dict[str, Any], part: str) -> float:
    return next(found["share"] for found in size["breakdown"]["reference"] if found["part"] == part)


def _steps(size: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the steps of a job from file to file, in their order."""
    read, *written = ((title, size["job"][name]) for name, title in FILE_STEPS.items())
    return [read, ("the call", size["reference"]), *written]


def _scaling_table(both: dict[str, Any], transform: str) -> str:
    records = [record for record in both["scaling"]["records"] if record["transform"] == transform]
    (_, rows), _ = scaling_tables.tables({"records": records})
    return "\n".join(tables.as_markdown(rows))


def _record(
    both: dict[str, Any], transform: str, contestant: str, size: int, threads: int | None = None
) -> dict[str, Any]:
    """Return what was measured of a contestant at a size."""
    wanted = (transform, contestant, size, threads)
    names = ("transform", "contestant", "size", "threads")
    return next(record for record in both["scaling"]["records"] if tuple(record[name] for name in names) == wanted)


def _rust_is_fastest(both: dict[str, Any], *, without: list[str]) -> bool:
    """Tell whether no other whole call that gives the right answer is faster than Rust's, at any size."""
    best: dict[tuple[str, int], dict[bool, float]] = {}
    for record in both["scaling"]["records"]:
        if record["kind"] == "whole call" and record["correct"] and record["transform"] not in without:
            times = best.setdefault((record["transform"], record["size"]), {})
            is_rust = record["contestant"] == "Rust"
            times[is_rust] = min(record["ms"], times.get(is_rust, record["ms"]))
    return all(times[True] < times.get(False, float("inf")) for times in best.values())


def _ratio_at(even: dict[str, Any], size: int) -> float | None:
    """Return how many times as long as Rust the reference takes at a size; None where it was not measured."""
    return next((found["ratio"] for found in even["sizes"] if found["size"] == size), None)


def _jobs(pipeline: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield both runs of each job and database, with what Rust gained and could have gained."""
    runs = {(run["job"], run["database"], run["engine"]): run for run in pipeline["runs"]}
    bounds = {(share["job"], share["database"]): share["amdahl_bound"] for share in pipeline["shares"]}
    for (job, database), bound in bounds.items():
        reference, rust = runs[job, database, "reference"], runs[job, database, "rust"]
        yield {
            "title": reference["title"],
            "database": database,
            "reference": reference,
            "rust": rust,
            "gain": 1 - rust["wall_seconds"] / reference["wall_seconds"],
            "bound": bound,
        }
