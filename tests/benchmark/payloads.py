"""Answers of the ASOS service to typed tables: Rust against the reference and against what others would write."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from payload_peers import PEERS, as_asos_table
from timing import time_in_turns

from energy_data_layer import rows_from_api_payload
from energy_data_layer.engine.equality import differences

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.equivalence.payload_samples import asos_body, page

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True)
class PayloadCase:
    """A body, and how many times faster than each competitor Rust must be on it."""

    title: str
    form: str
    size: int
    targets: dict[str, float]


CASES = [
    PayloadCase("JSON, 20 MB", "json", 20_000_000, {"orjson + pandas": 10, "polars": 1.5, "DuckDB": 1.5}),
    PayloadCase("JSON, 24 items", "json", 0, {"orjson + pandas": 5}),
    PayloadCase("XML, 20 MB", "xml", 20_000_000, {"lxml + pandas": 10}),
]
SMOKE_CASES = [
    PayloadCase("JSON, 100 kB", "json", 100_000, CASES[0].targets),
    PayloadCase("XML, 100 kB", "xml", 100_000, CASES[2].targets),
]


def measure(case: PayloadCase, repeats: int) -> list[dict[str, Any]]:
    """Time Rust against each competitor on one body and compare the answers."""
    body = _body(case)
    ways: dict[str, Callable[[], Any]] = {name: _call(PEERS[name], body) for name in case.targets}
    ways["reference"] = lambda: rows_from_api_payload(body, "asos", use_rust=False)
    ways["rust"] = lambda: rows_from_api_payload(body, "asos", use_rust=True)
    timings = time_in_turns(ways, repeats)
    expected = ways["rust"]()
    rust = timings["rust"].median
    results = []
    for name, way in ways.items():
        if name == "rust":
            continue
        found = differences(expected, as_asos_table(way()))
        target = case.targets.get(name)
        ratio = timings[name].median / rust
        results.append(
            {
                "title": case.title,
                "against": name,
                "megabytes": len(body) / 1e6,
                "other_ms": timings[name].median * 1e3,
                "rust_ms": rust * 1e3,
                "rust_mb_per_s": len(body) / 1e6 / rust,
                "ratio": ratio,
                "target": target,
                "ok": target is None or ratio >= target,
                "agree": not found,
                "difference": "; ".join(found),
            }
        )
    return results


def _body(case: PayloadCase) -> bytes:
    return asos_body(case.size, case.form) if case.size else page("asos", case.form)


def _call(way: Callable[[Sequence[bytes]], Any], body: bytes) -> Callable[[], Any]:
    return lambda: way([body])
