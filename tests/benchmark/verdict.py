"""The verdict per transform: the criteria of the migration, each answered from the figures."""

from __future__ import annotations

from typing import Any

CRITERIA = {"cpu_share": 0.30, "rows": 10_000, "saved": 0.50}
"""Share of a job's CPU time on the optimised reference; rows in one call; share of the wall time that Rust saves."""

PRODUCTION, HOLD, STOP = "production", "hold", "stop"


def judge(transform: str, scaling: list[dict[str, Any]], shares: list[dict[str, Any]]) -> dict[str, Any]:
    """Answer the criteria for a transform and return them with the verdict.

    Parameters
    ----------
    transform : str
        Its name.
    scaling : list of dict
        The records of ``rust_vs_python.py`` on all sizes.
    shares : list of dict
        The records of ``pipeline.py``: what part of each job a transform takes on the reference.

    Returns
    -------
    dict
        ``criteria``, a list of question, measured figure and answer; ``verdict``; and the figures by name.

    Notes
    -----
    A different answer, or a slower one at the size of the criteria, is ``stop``. All criteria met is ``production``.
    What lies between is ``hold``: the engine is right and faster, but the jobs do not need it to be.
    """
    here = [record for record in scaling if record["transform"] == transform]
    equal = all(record["correct"] for record in here if record["contestant"] == "rust")
    jobs = [share for share in shares if share["transform"] == transform]
    heaviest = max(jobs, key=lambda share: share["cpu_share"])
    largest = max(jobs, key=lambda share: share["rows"])
    sizes = sorted({record["size"] for record in here if record["size"] >= CRITERIA["rows"]})
    times = {(record["size"], record["contestant"], record["kind"]): record["ms"] for record in here}
    reference, rust, kernel = (
        times[sizes[0], *way] for way in (("reference", "whole call"), ("rust", "whole call"), ("rust", "kernel"))
    )
    crossing, gained, saved = rust - kernel, reference - kernel, 1 - rust / reference
    criteria = [
        _criterion("cpu_share", heaviest["cpu_share"], heaviest["cpu_share"] >= CRITERIA["cpu_share"]),
        _criterion("rows", largest["rows"], largest["rows"] >= CRITERIA["rows"]),
        _criterion("paid_back", crossing / gained if gained > 0 else float("inf"), 0 < crossing < gained),
        _criterion("saved", saved, saved >= CRITERIA["saved"]),
    ]
    verdict = PRODUCTION if all(criterion["met"] for criterion in criteria) else HOLD
    return {
        "transform": transform,
        "equal": equal,
        "criteria": criteria,
        "verdict": verdict if equal and saved > 0 else STOP,
        "heaviest": heaviest,
        "largest": largest,
        "size": sizes[0],
        "reference_ms": reference,
        "rust_ms": rust,
        "kernel_ms": kernel,
        "crossing_ms": crossing,
    }


def _criterion(name: str, measured: float, met: bool) -> dict[str, Any]:
    return {"name": name, "measured": measured, "met": met}
