"""Measure each job from its source to the database with both engines: where the engine matters, and where not.

Services are a simulator in a process of its own; `shared_time` tells how their time is shared out.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import environment
import pipeline_output
import stored_tables
from databases import Databases
from meter import Meter
from pipeline_jobs import NAMES, Job, jobs
from pipeline_scale import FULL, SMOKE, Scale
from simulated import services
from whole_call import ENGINES


def main() -> int:
    """Measure, print, and return the exit code: 1 where the engines stored different rows."""
    options = _options()
    results = _measure(options.scale, options.jobs)
    print(pipeline_output.written(results, markdown=options.markdown))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0 if all(share["agree"] for share in results["shares"]) else 1


def _measure(scale: Scale, names: list[str]) -> dict[str, Any]:
    results: dict[str, Any] = {"environment": environment.describe(), "runs": [], "shares": []}
    others = environment.OtherProcesses()
    with (
        Databases(postgresql=scale.postgresql) as databases,
        tempfile.TemporaryDirectory() as folder,
        services(scale.latency, scale.rate) as service,
        services(0) as fast,
    ):
        if scale.warm_up:
            # What a process loads when it does something for the first time is no part of the figures.
            small = replace(SMOKE, rate=scale.rate)
            for job in _chosen(jobs(small, Path(folder, "small"), service, fast), names):
                for kind in databases.kinds:
                    _in_turns(job, kind, databases)
        for job in _chosen(jobs(scale, Path(folder), service, fast), names):
            for kind in databases.kinds:
                runs, shares = _in_turns(job, kind, databases)
                results["runs"] += runs
                results["shares"] += shares
    results["environment"]["others_busy"] = others.busy()
    return results


def _chosen(all_jobs: list[Job], names: list[str]) -> list[Job]:
    return [job for job in all_jobs if job.name in names]


def _in_turns(job: Job, kind: str, databases: Databases) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return of each engine the run of median time, and the share of each transform; compare what was stored."""
    runs: dict[str, list[dict[str, Any]]] = {engine: [] for engine in ENGINES}
    stored = {}
    for turn in range(job.repeats):
        for engine in list(ENGINES) if turn % 2 else reversed(ENGINES):
            url = databases.empty(kind)
            job.prepare(url)
            runs[engine].append(_run(job, kind, url, engine))
            stored[engine] = stored_tables.read(url)
    typical = {
        engine: sorted(samples, key=lambda run: run["wall_seconds"])[len(samples) // 2]
        for engine, samples in runs.items()
    }
    differences = stored_tables.differing(stored["reference"], stored["rust"])
    return list(typical.values()), _shares(typical["reference"], typical["rust"], differences)


def _run(job: Job, kind: str, url: str, engine: str) -> dict[str, Any]:
    meter = Meter()
    gc.collect()
    with meter.running():
        report = job.run(url, ENGINES[engine])
    assert (report.status, report.engine) == ("succeeded", engine), report.to_json()
    return {
        "job": job.name,
        "title": job.title,
        "database": kind,
        "engine": engine,
        "repeats": job.repeats,
        **meter.figures(),
        "stages": {stage.name: stage.seconds for stage in report.stages},
        "rows_stored": report.rows_inserted + report.rows_updated,
    }


def _shares(reference: dict[str, Any], rust: dict[str, Any], differences: list[str]) -> list[dict[str, Any]]:
    """Return for each transform what it takes of the job on the reference, and what Rust brought the whole job."""
    wall = reference["wall_seconds"]
    return [
        {
            "job": reference["job"],
            "title": reference["title"],
            "database": reference["database"],
            "transform": name,
            "rows": figures["rows"],
            "cpu_share": figures["cpu_seconds"] / reference["cpu_seconds"],
            "wall_share": figures["wall_seconds"] / wall,
            # What would be gained if all transforms of the job took no time.
            "amdahl_bound": reference["split"]["transforms"] / wall,
            "gain_with_rust": 1 - rust["wall_seconds"] / wall,
            "agree": not differences,
            "difference": "; ".join(differences),
        }
        for name, figures in reference["transforms"].items()
    ]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--jobs",
        type=lambda text: text.split(","),
        default=list(NAMES),
        metavar="JOB,…",
        help=f"the jobs, of {', '.join(NAMES)}; all unless given",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument(
        "--smoke",
        action="store_const",
        dest="scale",
        const=SMOKE,
        default=FULL,
        help="small and short, DuckDB alone: shows that all works, its times mean little",
    )
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    options = parser.parse_args()
    unknown = set(options.jobs) - set(NAMES)
    if unknown:
        parser.error(f"--jobs can be {', '.join(NAMES)}, not {', '.join(sorted(unknown))}")
    return options


if __name__ == "__main__":
    sys.exit(main())
