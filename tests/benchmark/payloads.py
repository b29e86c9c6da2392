"""Answers of the ASOS service to typed tables: Rust against the reference and against what others would write."""

from __future__ import annotations

import io
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import orjson
import pandas as pd
import polars as pl
import pyarrow as pa
from lxml import etree
from timing import time_in_turns

from energy_data_layer import rows_from_api_payload
from energy_data_layer.sources.payload_fields import PAYLOAD_FIELDS
from energy_data_layer.transforms.equality import differences

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.equivalence.payload_samples import asos_body, page

if TYPE_CHECKING:
    from collections.abc import Callable

FIELDS = [field for field in PAYLOAD_FIELDS["asos"] if field.stored]
NUMBERS = [field.name for field in FIELDS if field.kind in ("number", "integer")]
SCHEMA = pa.schema([(field.name, field.arrow_type) for field in FIELDS])
ITEMS_BEGIN, ITEMS_END = b"[", b"]"


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
    ways: dict[str, Callable[[], Any]] = {name: _call(COMPETITORS[name], body) for name in case.targets}
    ways["reference"] = lambda: rows_from_api_payload(body, "asos", use_rust=False)
    ways["rust"] = lambda: rows_from_api_payload(body, "asos", use_rust=True)
    timings = time_in_turns(ways, repeats)
    expected = ways["rust"]()
    rust = timings["rust"].median
    results = []
    for name, way in ways.items():
        if name == "rust":
            continue
        found = differences(expected, _as_asos_table(way()))
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


def _call(way: Callable[[bytes], Any], body: bytes) -> Callable[[], Any]:
    return lambda: way(body)


def _by_orjson_and_pandas(body: bytes) -> pd.DataFrame:
    return _typed(pd.DataFrame(orjson.loads(body)["response"]["body"]["items"]["item"]))


def _by_lxml_and_pandas(body: bytes) -> pd.DataFrame:
    items = etree.fromstring(body).iterfind("body/items/item")
    return _typed(pd.DataFrame([{field.tag: field.text or "" for field in item} for item in items]))


def _typed(df: pd.DataFrame) -> pd.DataFrame:
    df["tm"] = pd.to_datetime(df["tm"], format="%Y-%m-%d %H:%M")
    for name in NUMBERS:
        df[name] = pd.to_numeric(df[name])
    return df


def _by_polars(body: bytes) -> pl.DataFrame:
    """Cut the list of items out of the body and read it as lines: the fastest way of polars that was found."""
    items = body[body.index(ITEMS_BEGIN) + 1 : body.rindex(ITEMS_END)]
    lines = items.replace(b"}, {", b"}\n{").replace(b"},{", b"}\n{")
    schema = dict.fromkeys((field.name for field in PAYLOAD_FIELDS["asos"]), pl.String)
    return pl.read_ndjson(io.BytesIO(lines), schema=schema).with_columns(
        pl.col("tm").str.to_datetime("%Y-%m-%d %H:%M", time_unit="ms"), pl.col(NUMBERS).cast(pl.Float64, strict=False)
    )


def _by_duckdb(body: bytes) -> pa.Table:
    """Let DuckDB read the same lines from a file in memory, which is the only way it takes JSON from a program."""
    items = body[body.index(ITEMS_BEGIN) : body.rindex(ITEMS_END) + 1]
    columns = {field.name: "VARCHAR" for field in PAYLOAD_FIELDS["asos"]}
    numbers = ", ".join(f'TRY_CAST("{name}" AS DOUBLE) AS "{name}"' for name in NUMBERS)
    with tempfile.NamedTemporaryFile(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as file:
        file.write(items)
        file.flush()
        return duckdb.sql(
            f"SELECT * REPLACE ({numbers}, strptime(tm, '%Y-%m-%d %H:%M') AS tm) "
            f"FROM read_json('{file.name}', format='array', columns={columns}, maximum_object_size=100000000)"
        ).to_arrow_table()


COMPETITORS: dict[str, Callable[[bytes], Any]] = {
    "orjson + pandas": _by_orjson_and_pandas,
    "lxml + pandas": _by_lxml_and_pandas,
    "polars": _by_polars,
    "DuckDB": _by_duckdb,
}


def _as_asos_table(answer: Any) -> pa.Table:
    """Return a competitor's answer with the columns and types of the package, to be compared; not timed."""
    table = pa.Table.from_pandas(answer) if isinstance(answer, pd.DataFrame) else pa.table(answer)
    columns = []
    for field in SCHEMA:
        column = table.column(field.name)
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            column = pa.chunked_array([pa.array([text or None for text in column.to_pylist()], pa.string())])
        elif pa.types.is_floating(column.type):
            column = pa.chunked_array([pa.array(column.to_numpy(), from_pandas=True)])
        columns.append(column.cast(field.type))
    return pa.Table.from_arrays(columns, schema=SCHEMA)
