"""Bodies of the ASOS service to typed tables: Rust against the reference and against what others would write."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from energy_data_layer.sources.payload_fields import PAYLOAD_FIELDS

sys.path.insert(0, str(Path(__file__).parents[2]))


FIELDS = [field for field in PAYLOAD_FIELDS["asos"] if field.stored]
NUMBERS = [field.name for field in FIELDS if field.kind in ("number", "integer")]
TEXTS = [field.name for field in FIELDS if field.kind == "text"]
SMALL_PAGE = 24
PRETTY = 2


@dataclass(frozen=True)
class PayloadCase:
    """A body, who is compared on it, and how many times faster Rust must be than each."""

    title: str
    form: str
    size: int | None
    targets: dict[str, float]


CASES = [
    PayloadCase("JSON, 20 MB", "json", 20_000_000, {"orjson + pandas": 10, "fastest of polars and DuckDB": 1.5}),
    PayloadCase("XML, 20 MB", "xml", 20_000_000, {"lxml + pandas": 10}),
    PayloadCase(f"JSON, {SMALL_PAGE} items", "json", None, {"orjson + pandas": 5}),
]
