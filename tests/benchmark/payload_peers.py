"""What others would write to turn pages of the ASOS service into a typed table."""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import orjson
import pandas as pd
import polars as pl
import pyarrow as pa
from lxml import etree

from energy_data_layer.datasets.asos import ASOS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FIELDS = [field for field in ASOS.service.fields if field.stored]
NUMBERS = [field.name for field in FIELDS if field.kind in ("number", "integer")]
SCHEMA = pa.schema([(field.name, field.arrow_type) for field in FIELDS])
ITEMS_BEGIN, ITEMS_END = b"[", b"]"
SHARED_MEMORY = Path("/dev/shm")


def _by_orjson_and_pandas(pages: Sequence[bytes]) -> pd.DataFrame:
    answers = map(orjson.loads, pages)
    return _typed(pd.DataFrame([item for answer in answers for item in answer["response"]["body"]["items"]["item"]]))


def _by_lxml_and_pandas(pages: Sequence[bytes]) -> pd.DataFrame:
    items = (item for page in pages for item in etree.fromstring(page).iterfind("body/items/item"))
    return _typed(pd.DataFrame([{field.tag: field.text or "" for field in item} for item in items]))


def _typed(df: pd.DataFrame) -> pd.DataFrame:
    df["tm"] = pd.to_datetime(df["tm"], format="%Y-%m-%d %H:%M")
    for name in NUMBERS:
        df[name] = pd.to_numeric(df[name])
    return df


def _by_polars(pages: Sequence[bytes]) -> pl.DataFrame:
    """Cut the lists of items out of the pages and read them as lines: the fastest way of polars that was found."""
    lines = _items(pages).replace(b"}, {", b"}\n{").replace(b"},{", b"}\n{")
    schema = dict.fromkeys((field.name for field in ASOS.service.fields), pl.String)
    return pl.read_ndjson(io.BytesIO(lines), schema=schema).with_columns(
        pl.col("tm").str.to_datetime("%Y-%m-%d %H:%M", time_unit="ms"), pl.col(NUMBERS).cast(pl.Float64, strict=False)
    )


def _by_duckdb(pages: Sequence[bytes]) -> pa.Table:
    """Let DuckDB read the same lists from a file in memory, which is the only way it takes JSON from a program."""
    items = ITEMS_BEGIN + _items(pages) + ITEMS_END
    columns = {field.name: "VARCHAR" for field in ASOS.service.fields}
    numbers = ", ".join(f'TRY_CAST("{name}" AS DOUBLE) AS "{name}"' for name in NUMBERS)
    in_memory = SHARED_MEMORY.is_dir() and shutil.disk_usage(SHARED_MEMORY).free > len(items)
    with tempfile.NamedTemporaryFile(dir=SHARED_MEMORY if in_memory else None) as file:
        file.write(items)
        file.flush()
        return duckdb.sql(
            f"SELECT * REPLACE ({numbers}, strptime(tm, '%Y-%m-%d %H:%M') AS tm) "
            f"FROM read_json('{file.name}', format='array', columns={columns}, maximum_object_size=100000000)"
        ).to_arrow_table()


def _items(pages: Sequence[bytes]) -> bytes:
    return b",".join(page[page.index(ITEMS_BEGIN) + 1 : page.rindex(ITEMS_END)] for page in pages)


PEERS: dict[str, Callable[[Sequence[bytes]], Any]] = {
    "orjson + pandas": _by_orjson_and_pandas,
    "lxml + pandas": _by_lxml_and_pandas,
    "polars": _by_polars,
    "DuckDB": _by_duckdb,
}


def as_asos_table(answer: Any) -> pa.Table:
    """Return a peer's answer with the columns and types of the package, to be compared; not timed."""
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
