"""How the time of each transform grows with its input: both engines, the kernel alone, crossing over, and others."""

from __future__ import annotations

import gc
import json
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import harness
import pandas as pd
import pyarrow as pa
import works
from data import COLUMNS
from engine_alone import read_ipc, write_ipc
from harness import HERE, ROOT, time_within
from works import WORKS, Agreement, Work, agreement, agreement_of_fills

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness import Table, Timing

    Record = dict[str, Any]

SIZES = (0, 1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
"""The largest takes about 11 GB of memory while the contestants of `wide_to_long` work on it."""
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


def measure(sizes: Sequence[int], repeats: int) -> dict[str, Any]:
    """Measure all transforms on inputs of these sizes, in rising order."""
    inputs, records, left_out = [], [], []
    for transform, work_of_size in WORKS.items():
        last: dict[str, tuple[int, float]] = {}
        for size in sizes:
            work = work_of_size(size)
            inputs.append({name: getattr(work, name) for name in ("transform", "size", "unit", "hours", "input")})
            contestants, too_slow = _those_in_time(work, _contestants(work), last)
            left_out += [_left_out(transform, size, name, reason) for name, reason in too_slow.items()]
            timings, agreements = _timed(work, contestants, repeats)
            last |= {one.name: (size, timings[one.key].median) for one in contestants}
            found = _records(work, contestants, timings, agreements)
            # Without rows there is nothing to do but to cross over.
            records += [record for record in found if size or record["contestant"] == ROUND_TRIP]
    others = _other_imputers([size for size in sizes if size >= SMALLEST_OF_PEERS], repeats)
    return {
        "longest_seconds": LONGEST_SECONDS,
        "notes": list(NOTES),
        "versions": {library: version(library) for library in LIBRARIES} | others["versions"],
        "inputs": inputs,
        "records": records + others["records"],
        "left_out": left_out + others["left_out"],
    }


def _those_in_time(
    work: Work, contestants: list[Contestant], last: dict[str, tuple[int, float]]
) -> tuple[list[Contestant], dict[str, str]]:
    """Return who takes part, and why others do not, by the size and the seconds of everyone's last call."""
    too_slow = {}
    for one in contestants:
        size, seconds = last.get(one.name, (0, 0.0))
        expected = seconds * work.size / size if size and seconds > SECONDS_THAT_GROW else seconds
        if expected > LONGEST_SECONDS:
            so_far = f"({seconds:.1f} s at {size:,})"
            too_slow[one.name] = (
                f"one call would take about {expected:.0f} s {so_far}, more than {LONGEST_SECONDS:.0f} s"
            )
    return [one for one in contestants if one.name not in too_slow], too_slow


def _timed(work: Work, contestants: list[Contestant], repeats: int) -> tuple[dict[str, Timing], dict[str, Agreement]]:
    """Compare everyone's first answer to the reference's, and time the calls after it in turns."""
    expected = None
    if work.known_answer:
        expected = work.known_answer()
    elif contestants[0].name != REFERENCE:
        expected = work.public_call(False)
    warm_up, agreements = {}, {}
    for one in contestants:
        begin = perf_counter()
        answer = one.call()
        warm_up[one.key] = perf_counter() - begin
        expected = answer if expected is None else expected  # the reference comes first
        agreements[one.key] = one.compare(expected, answer)
        del answer
    del expected
    # What is there already need not be looked through before each sample.
    gc.collect()
    gc.freeze()
    timings = time_within({one.key: one.call for one in contestants}, warm_up, repeats, SECONDS_OF_SAMPLES)
    gc.unfreeze()
    return timings, agreements


def _contestants(work: Work) -> list[Contestant]:
    engine = EngineCall(work.function, lambda: work.public_call(True))

    def compare_kernel(expected: Any, result: Any) -> Agreement:
        return work.compare(expected, engine.public_answer(result))

    def compare_table(_: Any, table: pa.Table) -> Agreement:
        return agreement(pa.table(engine.kernel(threads=2)()), table, [pa.table({})])

    peers = work.peers.items() if work.size >= SMALLEST_OF_PEERS else ()
    return [
        Contestant(REFERENCE, lambda: work.public_call(False), work.compare),
        *(Contestant("Rust", engine.whole(n), work.compare, threads=n, carrier="capsule") for n in THREADS),
        *(Contestant("Rust kernel", engine.kernel(n), compare_kernel, "kernel", n) for n in THREADS),
        *(
            Contestant(ROUND_TRIP, engine.there_and_back(carrier, threads=2), compare_table, "boundary", 2, carrier)
            for carrier in CARRIERS
        ),
        *(Contestant(name, peer.call, peer.compare or work.compare, note=peer.note) for name, peer in peers),
    ]


class EngineCall:
    """The call of the engine that a public call makes: on a number of threads, or alone with the same arguments."""

    def __init__(self, function: str, public_call: Callable[[], Any]) -> None:
        self._function = function
        self._native = getattr(import_module("rust_data_layer"), function)
        self._public_call = public_call
        noted = []

        def note(data: Any, **options: Any) -> Any:
            noted.append((data, options))
            return self._native(data, **options)

        self._public_with(note)
        ((self._data, self._options),) = noted

    def kernel(self, threads: int) -> Callable[[], Any]:
        """Return the engine's call alone; its result stays in the engine."""
        return partial(self._native, self._data, **self._options | {"threads": threads})

    def whole(self, threads: int) -> Callable[[], Any]:
        """Return the public call with the engine on so many threads."""

        def native(data: Any, **options: Any) -> Any:
            return self._native(data, **options | {"threads": threads})

        return partial(self._public_with, native)

    def there_and_back(self, carrier: str, threads: int) -> Callable[[], pa.Table]:
        """Return the engine's call with its arguments and its result as Arrow in Python."""
        pages = isinstance(self._data, list)  # bytes whatever the carrier
        data = self._data if pages else pa.table(self._data)
        kernel = partial(self._native, **self._options | {"threads": threads})
        if carrier == "capsule":
            return lambda: pa.table(kernel(data))
        return lambda: read_ipc(kernel(data if pages else write_ipc(data)).to_ipc())

    def public_answer(self, result: Any) -> Any:
        """Return what the public call makes of a result of the engine."""
        return self._public_with(lambda *_, **__: result)

    def _public_with(self, other: Callable[..., Any]) -> Any:
        engine = import_module("rust_data_layer")
        setattr(engine, self._function, other)
        try:
            return self._public_call()
        finally:
            setattr(engine, self._function, self._native)


def _records(
    work: Work, contestants: list[Contestant], timings: dict[str, Timing], agreements: dict[str, Agreement]
) -> list[Record]:
    records = []
    kernels = {one.threads: timings[one.key].samples for one in contestants if one.kind == "kernel"}
    for one in contestants:
        samples = timings[one.key].samples
        details = {"threads": one.threads, "carrier": one.carrier, "note": one.note}
        records.append(_record(work, one.name, one.kind, samples, agreements[one.key], **details))
        if one.name in BEYOND_THE_KERNEL:
            # Both were timed in the same turns; the slower one may have fewer samples.
            beyond = [both - kernel for both, kernel in zip(samples, kernels[one.threads], strict=False)]
            name = BEYOND_THE_KERNEL[one.name]
            records.append(_record(work, name, "boundary", beyond, agreements[one.key], **details))
    return records


def _record(
    work: Work, contestant: str, kind: str, seconds: Sequence[float], agreed: Agreement, **details: Any
) -> Record:
    samples = [1e3 * sample for sample in seconds]
    described = {name: getattr(work, name) for name in ("transform", "size", "unit", "hours")}
    details = {"contestant": contestant, "threads": None, "carrier": None} | details
    return described | details | {"kind": kind, "ms": median(samples), "samples": samples} | asdict(agreed)


def _left_out(transform: str, size: int, contestant: str, reason: str) -> Record:
    return {"transform": transform, "size": size, "contestant": contestant, "reason": reason}


# Imputers that live in an environment of their own, `make peers`


PEERS_PYTHON = ROOT / ".venv-peers/bin/python"
LARGEST_OF_OTHERS = 100_000
SAYS = {"sktime Imputer": works.LINEAR, "darts fill_missing_values": works.CUBIC}
"""The contestants of `peer_imputers.py`, and what they do differently from the reference."""


def _other_imputers(sizes: Sequence[int], repeats: int) -> dict[str, Any]:
    """Return records as of the other contestants, what is left out, and the libraries' versions."""
    there = PEERS_PYTHON.exists()
    measured = [WORKS["impute"](size) for size in sizes if there and size <= LARGEST_OF_OTHERS]
    reason = f"measured up to {LARGEST_OF_OTHERS:,} rows" if there else "not installed (make peers)"
    larger = sizes[len(measured) :]
    left_out = [_left_out("impute", size, name, reason) for size in larger for name in SAYS]
    with tempfile.TemporaryDirectory() as folder:
        for work in measured:
            work.observed[0].to_feather(f"{folder}/{work.size}.arrow")
        versions = {}
        if there:
            command = [PEERS_PYTHON, HERE / "peer_imputers.py", folder, str(repeats), str(SECONDS_OF_SAMPLES)]
            versions = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        records = [record for work in measured for record in _records_of_others(Path(folder), work)]
    return {"records": records, "left_out": left_out, "versions": versions}


def _records_of_others(folder: Path, work: Work) -> Iterator[Record]:
    samples = json.loads((folder / f"{work.size}.json").read_text())
    (df,) = work.observed
    expected = work.public_call(False)
    for name, says in SAYS.items():
        answer = pd.read_feather(folder / f"{work.size} {name}.answer", columns=list(COLUMNS))
        agreed = agreement_of_fills(df, expected, answer, says)
        note = "station by station, in a process of its own"
        yield _record(work, name, "whole call", samples[name], agreed, note=note)


# From which size on Rust pays


def break_even(scaling: dict[str, Any]) -> list[dict[str, Any]]:
    """Compare, at each size at which both engines were measured, whole calls, and crossing over to what is saved.

    What is saved is the reference's time less the kernel's. The facade's own work is in the whole call.
    """
    by_transform: dict[str, list[Record]] = {}
    for record in scaling["records"]:
        by_transform.setdefault(record["transform"], []).append(record)
    return [_break_even_of(transform, records) for transform, records in by_transform.items()]


def _break_even_of(transform: str, records: list[Record]) -> dict[str, Any]:
    measured = [record["size"] for record in records if record["contestant"] == REFERENCE]
    sizes = [_compared(size, [record for record in records if record["size"] == size]) for size in measured]
    return {
        "transform": transform,
        "unit": records[0]["unit"],
        "threads": 2,
        "faster_from": _smallest(sizes, lambda row: row["rust_ms"] < row["reference_ms"]),
        "paid_back_from": {
            carrier: _smallest(sizes, lambda row, carrier=carrier: row["paid_back"][carrier]) for carrier in CARRIERS
        },
        "smallest_measured": min(measured),
        "sizes": sizes,
    }


def _compared(size: int, records: list[Record]) -> dict[str, Any]:
    ms = {(one["contestant"], one["threads"], one["carrier"]): one["ms"] for one in records}
    reference, rust, kernel = ms[REFERENCE, None, None], ms["Rust", 2, "capsule"], ms["Rust kernel", 2, None]
    crossing = {carrier: ms["crossing", 2, carrier] for carrier in CARRIERS}
    return {
        "size": size,
        "reference_ms": reference,
        "rust_ms": rust,
        "ratio": reference / rust,
        "kernel_ms": kernel,
        "saved_ms": reference - kernel,
        "facade_and_crossing_ms": ms["facade and crossing", 2, "capsule"],
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


# Output


LEGEND = (
    "Times in ms. ✓: the reference's answer, within the tolerance of the contract; a percentage: so many of the "
    "fills are the reference's, the others are another answer; !: another answer."
)


def document(results: dict[str, Any]) -> list[Any]:
    """Return two tables per transform, whole calls and what is inside those of Rust, and when Rust pays."""
    blocks = []
    records = results["scaling"]["records"]
    for transform in dict.fromkeys(record["transform"] for record in records):
        unit = next(record["unit"] for record in records if record["transform"] == transform)
        blocks += [f"`{transform}`, whole calls by {unit}:", times_table(records, transform)]
        blocks += [f"`{transform}`, inside the calls of Rust:", times_table(records, transform, inside=True)]
    ratios = (
        "reference ÷ Rust by size",
        lambda row: ", ".join(f"{s['size']:,}: {s['ratio']:.1f}" for s in row["sizes"]),
    )
    return [
        *blocks,
        "Break-even (- is never):",
        harness.table(
            results["break_even"],
            ("transform", "{transform}"),
            ("unit", "{unit}"),
            ("Rust faster from", "{faster_from:,}"),
            ("crossing paid back, capsule", "{paid_back_from[capsule]:,}"),
            ("crossing paid back, ipc", "{paid_back_from[ipc]:,}"),
            ratios,
        ),
        harness.bullets(notes(results["scaling"])),
    ]


def times_table(records: list[Record], transform: str, *, inside: bool = False) -> Table:
    """Return a row per size, a column per contestant, each time with its correctness."""
    records = [one for one in records if one["transform"] == transform and (one["kind"] != "whole call") == inside]
    columns = list(dict.fromkeys(map(_column, records)))
    cells = {(record["size"], _column(record)): _cell(record) for record in records}
    labels = {
        one["size"]: f"{one['size']:,}" + (f" = {one['hours']:,} h" if one["hours"] is not None else "")
        for one in records
    }
    rows = [(label, *(cells.get((size, column), "-") for column in columns)) for size, label in labels.items()]
    return [(records[0]["unit"], *columns), *rows]


def notes(scaling: dict[str, Any]) -> list[str]:
    """Return what has to be said beside the tables: how to read them, and what is left out and why."""
    sizes: dict[tuple[str, str, str], list[str]] = {}
    for one in scaling["left_out"]:
        sizes.setdefault((one["transform"], one["contestant"], one["reason"]), []).append(f"{one['size']:,}")
    left_out = [
        f"Left out of {transform}: {contestant} at {' / '.join(those)}: {reason}"
        for (transform, contestant, reason), those in sizes.items()
    ]
    return [LEGEND, *scaling["notes"], *left_out]


def named(record: Record) -> str:
    """Return a contestant's name, with its threads."""
    threads = record["threads"]
    return f"{record['contestant']}, {threads} thread{'s'[: threads - 1]}" if threads else record["contestant"]


def _column(record: Record) -> str:
    by_carrier = record["contestant"] in (ROUND_TRIP, "crossing")
    return f"{record['contestant']}, {record['carrier']}" if by_carrier else named(record)


def _cell(record: Record) -> str:
    """Return a time with about three digits, and whether the answer is the reference's."""
    share = record["equal_share"]
    mark = "✓" if record["correct"] else "!" if share is None else f"{share:.0%}"
    decimals = next((places for places, from_ms in enumerate((100, 10, 1)) if abs(record["ms"]) >= from_ms), 3)
    return f"{record['ms']:,.{decimals}f} {mark}"
