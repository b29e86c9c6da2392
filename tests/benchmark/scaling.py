"""How the time of each transform grows with its input: both engines, the kernel alone, crossing over, and others."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from time import perf_counter
from typing import TYPE_CHECKING, Any

import other_imputers
import pyarrow as pa
import scaling_complete_hours
import scaling_impute
import scaling_payload_rows
import scaling_wide_to_long
from engine_call import EngineCall
from scaling_agreement import agreement
from scaling_record import left_out, record
from timing import time_within

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scaling_agreement import Agreement
    from scaling_work import Work
    from timing import Timing

WORKS: dict[str, Callable[[int], Work]] = {
    scaling_impute.TRANSFORM: scaling_impute.work,
    scaling_complete_hours.TRANSFORM: scaling_complete_hours.work,
    scaling_wide_to_long.TRANSFORM: scaling_wide_to_long.work,
    **{
        transform: partial(scaling_payload_rows.work, form)
        for form, transform in scaling_payload_rows.TRANSFORMS.items()
    },
}
SIZES = (0, 1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
"""The largest takes about 11 GB of memory while the contestants of `wide_to_long` work on it."""
SMOKE_SIZES = (0, 1, 2_000)
TEN_MILLION = 10_000_000
LARGEST = {
    scaling_wide_to_long.TRANSFORM: (1_000_000, "the result would have 240 million rows and not fit into memory"),
    **dict.fromkeys(
        scaling_payload_rows.TRANSFORMS.values(), (1_000_000, "the pages alone would be more than 5 GB of memory")
    ),
}
SMALLEST_OF_PEERS = 100
LONGEST_SECONDS = 20.0
"""A contestant that one call is expected to take longer than that does not take part."""
SECONDS_THAT_GROW = 0.2
"""A shorter call tells nothing of one on a larger input: most of it may be the same for every input."""
SECONDS_OF_SAMPLES = 1.0
"""Of each contestant and input; a call that takes longer is timed once, after its warm-up."""
THREADS = (1, 2)
CARRIERS = ("capsule", "ipc")
LIBRARIES = ("polars", "duckdb", "orjson", "lxml")
REFERENCE, ROUND_TRIP = "reference", "round trip"
BEYOND_THE_KERNEL = {"Rust": "facade and crossing", ROUND_TRIP: "crossing"}
"""What a contestant takes longer than the kernel on as many threads."""
NOTES = (
    "A peer's call is timed in the same process and in turns with the others, except those of the other environment.",
    "Below 65,536 values the engine works on one thread, however many it may use.",
    "crossing = the engine's call with Arrow in Python before and after it, less the kernel; "
    "facade and crossing = the whole call less the kernel. Both are differences of samples of the same turn.",
)


@dataclass(frozen=True)
class Contestant:
    """Who works on an input, and how its answer is compared to the reference's."""

    name: str
    call: Callable[[], Any]
    compare: Callable[[Any, Any], Agreement]
    kind: str = "whole call"
    threads: int | None = None
    carrier: str | None = None
    note: str = ""

    @property
    def key(self) -> str:
        return f"{self.name}, {self.threads}, {self.carrier}"


@dataclass
class Scaling:
    """What has been measured, and what has not."""

    repeats: int
    inputs: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[tuple[str, str], tuple[int, float]] = field(default_factory=dict)
    """Of the last call of each transform and contestant, with its size."""


def measure(sizes: Sequence[int], repeats: int) -> dict[str, Any]:
    """Measure all transforms on inputs of these sizes, in rising order."""
    scaling = Scaling(repeats)
    for transform, work_of_size in WORKS.items():
        for size in sizes:
            largest, reason = LARGEST.get(transform, (size, ""))
            if size > largest:
                scaling.left_out.append(left_out(transform, size, "all", reason))
            else:
                _measure_one(work_of_size(size), scaling)
    others = other_imputers.measure([size for size in sizes if size >= SMALLEST_OF_PEERS], repeats, SECONDS_OF_SAMPLES)
    return {
        "longest_seconds": LONGEST_SECONDS,
        "notes": list(NOTES),
        "versions": {library: version(library) for library in LIBRARIES} | others["versions"],
        "inputs": scaling.inputs,
        "records": scaling.records + others["records"],
        "left_out": scaling.left_out + others["left_out"],
    }


def _measure_one(work: Work, scaling: Scaling) -> None:
    described = {"transform": work.transform, "size": work.size, "unit": work.unit, "hours": work.hours}
    scaling.inputs.append(described | {"input": work.input})
    contestants = _those_in_time(work, _contestants(work), scaling)
    expected = _answer_beforehand(work, contestants)
    warm_up, agreements = {}, {}
    for contestant in contestants:
        begin = perf_counter()
        answer = contestant.call()
        warm_up[contestant.key] = perf_counter() - begin
        expected = answer if expected is None else expected  # the reference comes first
        agreements[contestant.key] = contestant.compare(expected, answer)
        del answer
    del expected
    # What is there already need not be looked through before each sample.
    gc.collect()
    gc.freeze()
    timings = time_within(
        {contestant.key: contestant.call for contestant in contestants}, warm_up, scaling.repeats, SECONDS_OF_SAMPLES
    )
    gc.unfreeze()
    for contestant in contestants:
        scaling.seconds[work.transform, contestant.name] = work.size, timings[contestant.key].median
    records = _records(work, contestants, timings, agreements)
    # Without rows there is nothing to do but to cross over.
    scaling.records += [record for record in records if work.size or record["contestant"] == ROUND_TRIP]


def _answer_beforehand(work: Work, contestants: list[Contestant]) -> Any | None:
    """Return the reference's answer where it is not the first contestant's call that gives it."""
    if work.known_answer:
        return work.known_answer()
    return None if contestants[0].name == REFERENCE else work.public_call(False)


def _contestants(work: Work) -> list[Contestant]:
    engine = EngineCall.of(work.function, lambda: work.public_call(True))

    def compare_kernel(expected: Any, result: Any) -> Agreement:
        return work.compare(expected, engine.public_answer(result))

    def compare_table(_: Any, table: pa.Table) -> Agreement:
        return agreement(pa.table(engine.kernel(threads=2)()), table, [pa.table({})])

    contestants = [Contestant(REFERENCE, lambda: work.public_call(False), work.compare)]
    contestants += [
        Contestant("Rust", engine.whole(threads), work.compare, threads=threads, carrier="capsule")
        for threads in THREADS
    ]
    contestants += [
        Contestant("Rust kernel", engine.kernel(threads), compare_kernel, "kernel", threads) for threads in THREADS
    ]
    contestants += [
        Contestant(ROUND_TRIP, engine.there_and_back(carrier, threads=2), compare_table, "boundary", 2, carrier)
        for carrier in CARRIERS
    ]
    if work.size >= SMALLEST_OF_PEERS:
        contestants += [
            Contestant(name, peer.call, peer.compare or work.compare, note=peer.note)
            for name, peer in work.peers.items()
        ]
    return contestants


def _those_in_time(work: Work, contestants: list[Contestant], scaling: Scaling) -> list[Contestant]:
    taking_part = []
    for contestant in contestants:
        size, seconds = scaling.seconds.get((work.transform, contestant.name), (0, 0.0))
        expected = seconds * work.size / size if size and seconds > SECONDS_THAT_GROW else seconds
        if expected > LONGEST_SECONDS:
            reason = (
                f"one call would take about {expected:.0f} s ({seconds:.1f} s at {size:,}), more than "
                f"{LONGEST_SECONDS:.0f} s"
            )
            scaling.left_out.append(left_out(work.transform, work.size, contestant.name, reason))
        else:
            taking_part.append(contestant)
    return taking_part


def _records(
    work: Work, contestants: list[Contestant], timings: dict[str, Timing], agreements: dict[str, Agreement]
) -> list[dict[str, Any]]:
    records = []
    kernels = {one.threads: timings[one.key].samples for one in contestants if one.kind == "kernel"}
    for one in contestants:
        samples = timings[one.key].samples
        details: dict[str, Any] = {"threads": one.threads, "carrier": one.carrier, "note": one.note}
        found = {one.name: (one.kind, samples)}
        if one.name in BEYOND_THE_KERNEL:
            # Both were timed in the same turns; the slower one may have fewer samples.
            beyond = [both - kernel for both, kernel in zip(samples, kernels[one.threads], strict=False)]
            found[BEYOND_THE_KERNEL[one.name]] = ("boundary", beyond)
        records += [
            record(work, name, kind, seconds, agreements[one.key], **details) for name, (kind, seconds) in found.items()
        ]
    return records
