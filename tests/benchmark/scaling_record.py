"""One contestant's figures on one input, and what is left out instead."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scaling_agreement import Agreement
    from scaling_work import Work


def record(
    work: Work,
    contestant: str,
    kind: str,
    seconds: Sequence[float],
    agreement: Agreement,
    *,
    threads: int | None = None,
    carrier: str | None = None,
    note: str = "",
) -> dict[str, Any]:
    """Return the record of one contestant, its samples in seconds."""
    samples = [1e3 * sample for sample in seconds]
    return {
        "transform": work.transform,
        "size": work.size,
        "unit": work.unit,
        "hours": work.hours,
        "contestant": contestant,
        "threads": threads,
        "carrier": carrier,
        "kind": kind,
        "ms": median(samples),
        "samples": samples,
        "correct": agreement.correct,
        "agreement": agreement.text,
        "equal_share": agreement.equal_share,
        "largest_difference": agreement.largest_difference,
        "note": note,
    }


def left_out(transform: str, size: int, contestant: str, reason: str) -> dict[str, Any]:
    """Return what stands in the place of a record that was not measured."""
    return {"transform": transform, "size": size, "contestant": contestant, "reason": reason}
