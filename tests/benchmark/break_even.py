"""From which size on Rust pays.

Its whole call is compared to the reference's; and crossing over, by each carrier, to what the kernel saves. The
facade's own work is in the whole call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

THREADS = 2
CARRIERS = ("capsule", "ipc")


def judge(scaling: dict[str, Any]) -> list[dict[str, Any]]:
    """Return for each transform the comparison at each size at which both engines were measured."""
    transforms = dict.fromkeys(record["transform"] for record in scaling["records"])
    return [_judge_one(transform, scaling["records"]) for transform in transforms]


def _judge_one(transform: str, all_records: list[dict[str, Any]]) -> dict[str, Any]:
    records = [record for record in all_records if record["transform"] == transform]
    measured = [record["size"] for record in records if record["contestant"] == "reference"]
    sizes = [_compared(size, [record for record in records if record["size"] == size]) for size in measured]
    return {
        "transform": transform,
        "unit": records[0]["unit"],
        "threads": THREADS,
        "faster_from": _smallest(sizes, lambda row: row["rust_ms"] < row["reference_ms"]),
        "paid_back_from": {
            carrier: _smallest(sizes, lambda row, carrier=carrier: row["paid_back"][carrier]) for carrier in CARRIERS
        },
        "smallest_measured": min(measured),
        "sizes": sizes,
    }


def _compared(size: int, records: list[dict[str, Any]]) -> dict[str, Any]:
    def ms(contestant: str, threads: int | None = THREADS, carrier: str | None = None) -> float:
        wanted = (contestant, threads, carrier)
        found = (record for record in records if (record["contestant"], record["threads"], record["carrier"]) == wanted)
        return next(found)["ms"]

    reference, rust, kernel = ms("reference", None), ms("Rust", carrier="capsule"), ms("Rust kernel")
    crossing = {carrier: ms("crossing", carrier=carrier) for carrier in CARRIERS}
    return {
        "size": size,
        "reference_ms": reference,
        "rust_ms": rust,
        "ratio": reference / rust,
        "kernel_ms": kernel,
        "saved_ms": reference - kernel,
        "facade_and_crossing_ms": ms("facade and crossing", carrier="capsule"),
        "crossing_ms": crossing,
        "paid_back": {carrier: crossing[carrier] < reference - kernel for carrier in CARRIERS},
    }


def _smallest(sizes: list[dict[str, Any]], holds: Callable[[dict[str, Any]], bool]) -> int | None:
    """Return the size from which on something holds at every size; None where it does not at the largest."""
    smallest = None
    for row in reversed(sizes):
        if not holds(row):
            break
        smallest = row["size"]
    return smallest
