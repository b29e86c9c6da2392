"""The verdict per transform: the criteria of the migration, each answered from the figures."""

from __future__ import annotations

from typing import Any

CPU_SHARE = 0.30
"""Of a job's CPU time, on the optimised reference, a transform takes at least this much."""
ROWS = 10_000
"""A job gives a transform at least so many rows."""
SAVED = 0.50
"""Of the reference's wall time, Rust saves at least this much."""

PRODUCTION, HOLD, STOP = "production", "hold", "stop"
SCALED_AS = {"payload_rows": "payload_rows_json"}
"""The names of transforms in the measurement of sizes, where they are others."""


def judge(transform: str, rust_vs_python: dict[str, Any], shares: list[dict[str, Any]]) -> dict[str, Any]:
    """Answer the criteria for a transform.

    Parameters
    ----------
    transform : str
        Its name.
    rust_vs_python : dict
        The results of ``rust_vs_python.py``.
    shares : list of dict
        The records of ``pipeline.py``: what part of each job a transform takes on the reference.

    Returns
    -------
    dict
        The figures by name, whether each criterion is met, and the verdict: ``stop`` where the answer differs or
        Rust is slower, ``production`` where all criteria are met, and between them ``hold``: right and faster, but
        the jobs do not need it.
    """
    scaled = SCALED_AS.get(transform, transform)
    records = [record for record in rust_vs_python["scaling"]["records"] if record["transform"] == scaled]
    equal = all(record["correct"] for record in records if record["contestant"].startswith("Rust"))
    even = next(entry for entry in rust_vs_python["break_even"] if entry["transform"] == scaled)
    size = next(entry for entry in even["sizes"] if entry["size"] >= ROWS)
    jobs = [share for share in shares if share["transform"] == transform]
    heaviest = max(jobs, key=lambda share: share["cpu_share"])
    largest = max(jobs, key=lambda share: share["rows"])
    saved = 1 - size["rust_ms"] / size["reference_ms"]
    met = {
        "cpu_share": heaviest["cpu_share"] >= CPU_SHARE,
        "rows": largest["rows"] >= ROWS,
        "paid_back": size["paid_back"],
        "saved": saved >= SAVED,
    }
    verdict = PRODUCTION if all(met.values()) else HOLD
    return {
        "transform": transform,
        "unit": even["unit"],
        "equal": equal,
        "heaviest": heaviest,
        "largest": largest,
        "size": size,
        "even": even,
        "saved": saved,
        "met": met,
        "verdict": verdict if equal and saved > 0 else STOP,
    }
