"""What each transform is measured on: inputs of any size, and what others would write for the same task."""

from __future__ import annotations

import io
import shutil
import tempfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import harness  # noqa: F401
import numpy as np
import orjson
import pandas as pd
import polars as pl
import pyarrow as pa
from data import CASES, COLUMNS, LONGEST_GAP, SEED, weather, weather_with_fronts
from lxml import etree
from tests.equivalence.payload_samples import page

from energy_data_layer import complete_hours, impute_missing_values, rows_from_api_payload, transform_wide_to_long
from energy_data_layer.datasets.asos import ASOS
from energy_data_layer.engine.equality import differences, tolerance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence


@dataclass(frozen=True)
class Agreement:
    """Whether an answer is the reference's, in full and in words, and in what share of the values or of the fills.

    Where the answers have no common rows there is no share and no largest difference.
    """

    correct: bool
    agreement: str
    equal_share: float | None = None
    largest_difference: float | None = None


@dataclass(frozen=True)
class Peer:
    """What others would write; `compare` takes the reference's answer and this one, where the frames cannot be."""

    call: Callable[[], Any]
    note: str = ""
    compare: Callable[[Any, Any], Agreement] | None = None


@dataclass(frozen=True)
class Work:
    """One input of one transform.

    Attributes
    ----------
    transform, size, unit : str, int, str
        What is done to how many of what.
    input : str
        The input for readers.
    function : str
        The engine's function.
    public_call : callable
        Takes `use_rust`.
    observed : sequence of frame
        What sets the tolerance of the comparison.
    hours : int or None
        Rows of the result, where they are many times those of the input.
    known_answer : callable or None
        Gives the reference's answer in a shorter way than the whole call.
    """

    transform: str
    size: int
    unit: str
    input: str
    function: str
    public_call: Callable[[bool], Any]
    observed: Sequence[Any]
    peers: Mapping[str, Peer] = field(default_factory=dict)
    hours: int | None = None
    known_answer: Callable[[], Any] | None = None

    def compare(self, expected: Any, actual: Any) -> Agreement:
        """Compare an answer to the reference's."""
        return agreement(expected, actual, self.observed)


def agreement(expected: Any, actual: Any, observed: Sequence[Any]) -> Agreement:
    """Compare answers to the same task; one of another kind of frame is compared by its values."""
    if type(actual) is not type(expected):
        expected = as_arrow(expected)
        actual = as_arrow(actual).select(expected.column_names).cast(expected.schema)
    found = differences(expected, actual, observed)
    if found:
        return Agreement(False, "; ".join(found))
    left, right = as_arrow(expected), as_arrow(actual)
    numbers = [field.name for field in left.schema if pa.types.is_floating(field.type)]
    apart = max((_largest(left[name].to_numpy() - right[name].to_numpy()) for name in numbers), default=0.0)
    return Agreement(True, f"equal within {apart:.0e}" if apart else "equal", 1.0, apart)


def agreement_of_fills(df: pd.DataFrame, expected: pd.DataFrame, actual: Any, says: str) -> Agreement:
    """Compare only the values that are missing in `df`; `says` is what the other way does differently."""
    table = as_arrow(actual)
    fills = equal = left = 0
    apart = [0.0]
    for name in COLUMNS:
        missing = df[name].isna().to_numpy()
        filled = table.column(name).to_numpy()[missing]
        distance = np.abs(filled - expected[name].to_numpy()[missing])
        fills += len(filled)
        left += int(np.isnan(filled).sum())
        equal += int((distance <= tolerance(name, [df])).sum())
        apart.append(_largest(distance))
    share = equal / fills if fills else 1.0
    still_missing = f", {left:,} of {fills:,} left missing" if left else ""
    return Agreement(equal == fills, f"{says}: {share:.0%} of fills equal{still_missing}", share, max(apart))


def as_arrow(frame: Any) -> pa.Table:
    """Return a frame as Arrow."""
    return pa.Table.from_pandas(frame, preserve_index=False) if isinstance(frame, pd.DataFrame) else pa.table(frame)


def buffers_of(frame: Any) -> list[np.ndarray]:
    """Return the bytes of all buffers of a frame."""
    chunks = (chunk for column in as_arrow(frame).columns for chunk in column.chunks)
    return [np.frombuffer(buffer, "uint8") for chunk in chunks for buffer in chunk.buffers() if buffer]


def _largest(apart: Any) -> float:
    return float(np.nanmax(np.abs(apart), initial=0.0))


# impute_missing_values: hourly weather with gaps of 1 to 6 hours


LINEAR = "linear only"
CUBIC = "cubic through long gaps too"


def stations_of(rows: int) -> int:
    """Return among how many stations so many rows are shared out, as in the table of whole calls."""
    return next((stations for most, stations, _ in CASES if rows <= most), CASES[-1][1])


def impute(rows: int) -> Work:
    """Return hourly weather, with gaps."""
    df = weather(rows, stations_of(rows))
    frame = pl.from_pandas(df)

    def by_pandas() -> pd.DataFrame:
        columns = df.groupby("stnNm", sort=False)[list(COLUMNS)]
        return df.assign(**columns.transform(lambda series: series.interpolate(method="cubic")))

    linear, cubic = (partial(agreement_of_fills, df, says=says) for says in (LINEAR, CUBIC))
    return Work(
        transform="impute",
        size=rows,
        unit="rows",
        input=f"{rows:,} rows, {stations_of(rows)} stations, columns {' and '.join(COLUMNS)}, "
        f"gaps of 1 to {LONGEST_GAP} hours",
        function="impute_missing_values",
        public_call=lambda use_rust: impute_missing_values(df, COLUMNS, use_rust=use_rust),
        observed=[df],
        peers={
            "pandas interpolate": Peer(by_pandas, "cubic, station by station", cubic),
            "polars interpolate": Peer(
                lambda: frame.with_columns(pl.col(COLUMNS).interpolate().over("stnNm")),
                "linear: polars has no cubic interpolation; polars in and out",
                linear,
            ),
        },
    )


def optimal_interpolation(rows: int) -> Work:
    """Return hourly weather of stations that know of each other, with gaps; `accuracy.py` has the peers."""
    df = weather_with_fronts(rows, stations_of(rows)) if rows else weather(0, 1)
    return Work(
        transform="optimal_interpolation",
        size=rows,
        unit="rows",
        input=f"{rows:,} rows, {stations_of(rows)} stations with fronts in common, columns {' and '.join(COLUMNS)}, "
        f"gaps of 1 to {LONGEST_GAP} hours; model fitted in the call",
        function="impute_missing_values",
        public_call=lambda use_rust: impute_missing_values(
            df, COLUMNS, method="optimal_interpolation", use_rust=use_rust
        ),
        observed=[df],
    )


# complete_hours: hourly weather from which every fiftieth row is absent


ABSENT_SHARE = 0.02


def hours(rows: int) -> Work:
    """Return hourly weather in time order, with hours absent."""
    complete = weather(round(rows / (1 - ABSENT_SHARE)), stations_of(rows))
    present = np.random.default_rng(SEED).choice(len(complete), size=rows, replace=False)
    df = complete.iloc[np.sort(present)].reset_index(drop=True)
    frame = pl.from_pandas(df)

    def by_pandas() -> pd.DataFrame:
        stations = df.set_index("tm").groupby("stnNm", sort=False)[list(COLUMNS)]
        return stations.apply(lambda station: station.asfreq("h")).reset_index()

    return Work(
        transform="complete_hours",
        size=rows,
        unit="rows",
        input=f"{rows:,} rows, {stations_of(rows)} stations, {ABSENT_SHARE:.0%} of the hours absent, nothing carried",
        function="complete_hours",
        public_call=lambda use_rust: complete_hours(df, carry=(), use_rust=use_rust),
        observed=[df],
        peers={
            "pandas asfreq": Peer(by_pandas),
            "polars upsample": Peer(
                lambda: frame.upsample("tm", every="1h", group_by="stnNm", maintain_order=True), "polars in and out"
            ),
            "DuckDB join": Peer(
                partial(_joined, frame.to_arrow()), "generate_series and a left join; Arrow in and out"
            ),
        },
    )


def _joined(weather_rows: pa.Table) -> pa.Table:
    return duckdb.sql(
        "WITH spans AS (SELECT stnNm, min(tm) AS first, max(tm) AS last FROM weather_rows GROUP BY stnNm), "
        "grid AS (SELECT stnNm, unnest(generate_series(first, last, INTERVAL 1 HOUR)) AS tm FROM spans) "
        "SELECT grid.stnNm, grid.tm, ta, hm FROM grid LEFT JOIN weather_rows USING (stnNm, tm) ORDER BY stnNm, tm"
    ).to_arrow_table()


# transform_wide_to_long: days of plants with 24 hour columns


PLANTS = 10
MOST_DAYS = 10_000
"""Of a plant; beyond, there are more plants, so that the years stay those of a calendar."""
HOURS = [f"qhorGen{hour:02d}" for hour in range(1, 25)]
LONG = ["timestamp", "plant_name", "generation", "hogi"]


def wide_table(rows: int) -> pd.DataFrame:
    """Return the hourly generation of some plants, a row per plant and day, as the service sends it."""
    plants = max(PLANTS, rows // MOST_DAYS)
    days = -(-rows // plants)
    cells = np.random.default_rng(2024).gamma(2, 500, (rows, len(HOURS))).round(3)
    names = pd.DataFrame(
        {
            "dgenYmd": pd.date_range("1990-01-01", periods=days).strftime("%Y-%m-%d").repeat(plants)[:rows],
            "ipptNam": np.tile([f"풍력{number}단지" for number in range(1, plants + 1)], days)[:rows],
            "hogi": np.tile([str(number % 3 + 1) for number in range(plants)], days)[:rows],
        },
        dtype="str",
    )
    # Column by column, as readers of files and bodies make their frames.
    columns = dict(zip(HOURS, np.ascontiguousarray(cells.T), strict=True))
    return names.assign(**columns, qsum=cells.sum(axis=1).round(3))


def wide(rows: int) -> Work:
    """Return days of plants."""
    df = wide_table(rows)
    frame = pl.from_pandas(df)
    table = frame.to_arrow()
    long_rows = len(HOURS) * rows
    return Work(
        transform="wide_to_long",
        size=rows,
        unit="rows of days",
        hours=long_rows,
        input=f"{rows:,} rows of days = {long_rows:,} hours, {max(PLANTS, rows // MOST_DAYS)} plants",
        function="transform_wide_to_long",
        public_call=lambda use_rust: transform_wide_to_long(df, use_rust=use_rust),
        observed=[df],
        peers={
            "pandas melt": Peer(partial(_melted, df)),
            **{name: Peer(partial(way, frame), "polars in and out") for name, way in POLARS_WAYS.items()},
            "DuckDB unpivot": Peer(partial(_by_duckdb, table), "Arrow in and out"),
        },
    )


def _melted(df: pd.DataFrame) -> pd.DataFrame:
    keys = {
        "day": pd.to_datetime(df["dgenYmd"], format="%Y-%m-%d"),
        "plant_name": df["ipptNam"].str.strip() + " " + df["hogi"].str.strip(),
        "hogi": df["hogi"],
    }
    days = df[HOURS].set_axis(range(1, len(HOURS) + 1), axis=1).assign(**keys)
    long = days.melt(list(keys), var_name="hour", value_name="generation", ignore_index=False)
    long = long.sort_index(kind="stable", ignore_index=True)
    long["timestamp"] = long["day"] + pd.to_timedelta(long["hour"].astype("int64"), unit="h")
    return long[LONG]


def _by_duckdb(days: pa.Table) -> pa.Table:
    return duckdb.sql(
        "SELECT strptime(dgenYmd, '%Y-%m-%d') + to_hours(CAST(right(hour, 2) AS INTEGER)) AS timestamp, "
        "trim(ipptNam) || ' ' || trim(hogi) AS plant_name, generation, hogi "
        "FROM (SELECT row_number() OVER () AS position, * EXCLUDE qsum FROM days) "
        f"UNPIVOT INCLUDE NULLS (generation FOR hour IN ({', '.join(HOURS)})) ORDER BY position, hour"
    ).to_arrow_table()


def _polars_keys() -> list[pl.Expr]:
    day = pl.col("dgenYmd").str.to_datetime("%Y-%m-%d", time_unit="us")
    plant = pl.concat_str(pl.col("ipptNam").str.strip_chars(), pl.col("hogi").str.strip_chars(), separator=" ")
    return [day.alias("timestamp"), plant.alias("plant_name"), pl.col("hogi")]


def _unpivoted(df: pl.DataFrame) -> pl.DataFrame:
    hour = pl.col("hour").replace_strict(HOURS, list(range(1, 25)), return_dtype=pl.Int64)
    days = df.lazy().with_row_index().select("index", *_polars_keys(), *HOURS)
    index = ["index", "timestamp", "plant_name", "hogi"]
    long = days.unpivot(HOURS, index=index, variable_name="hour", value_name="generation")
    long = long.with_columns(pl.col("timestamp") + pl.duration(hours=hour)).sort("index", "timestamp")
    return long.select(LONG).collect()


def _exploded(df: pl.DataFrame) -> pl.DataFrame:
    numbers = pl.lit(list(range(1, 25)), dtype=pl.List(pl.Int64))
    days = df.lazy().select(*_polars_keys(), pl.concat_list(HOURS).alias("generation"), numbers.alias("hour"))
    long = days.explode("generation", "hour").with_columns(pl.col("timestamp") + pl.duration(hours="hour"))
    return long.select(LONG).collect()


POLARS_WAYS = {"polars unpivot": _unpivoted, "polars explode": _exploded}


# rows_from_api_payload: pages of the ASOS service, in JSON and in XML


FIELDS = [field for field in ASOS.service.fields if field.stored]
NUMBERS = [field.name for field in FIELDS if field.kind in ("number", "integer")]
SCHEMA = pa.schema([(field.name, field.arrow_type) for field in FIELDS])
ITEMS_PER_PAGE = 1_000
"""About what the service sends at most."""
DIFFERENT_PAGES = 10
"""More are copies, each in its own memory: making up a million items would take longer than all measurements."""
SHARED_MEMORY = Path("/dev/shm")


def payload(form: str, items: int) -> Work:
    """Return pages."""
    pages = _pages(form, items)
    repeated = len(pages) // DIFFERENT_PAGES

    def answer_to_copies() -> pa.Table:
        answer = rows_from_api_payload(pages[:DIFFERENT_PAGES], "asos", use_rust=False)
        return pa.concat_tables([answer] * repeated)

    def compare(expected: pa.Table, actual: Any) -> Agreement:
        return agreement(expected, as_asos_table(actual), [expected.select(NUMBERS)])

    return Work(
        transform=f"payload_rows_{form}",
        size=items,
        unit="items",
        input=f"{items:,} items of ASOS in {form.upper()}, {len(pages):,} pages, {sum(map(len, pages)) / 1e6:,.1f} MB",
        function="rows_from_api_payload",
        public_call=lambda use_rust: rows_from_api_payload(pages, "asos", use_rust=use_rust),
        observed=[],
        peers={name: Peer(partial(way, pages), compare=compare) for name, way in PAYLOAD_PEERS[form].items()},
        known_answer=answer_to_copies if repeated > 1 else None,
    )


def _pages(form: str, items: int) -> list[bytes]:
    if items <= ITEMS_PER_PAGE:
        return [page("asos", form, items)]
    pages = items // ITEMS_PER_PAGE
    different = [page("asos", form, ITEMS_PER_PAGE, seed) for seed in range(min(pages, DIFFERENT_PAGES))]
    return [bytes(bytearray(different[number % DIFFERENT_PAGES])) for number in range(pages)]


def _by_orjson_and_pandas(pages: Sequence[bytes]) -> pd.DataFrame:
    answers = map(orjson.loads, pages)
    return _typed(item for answer in answers for item in answer["response"]["body"]["items"]["item"])


def _by_lxml_and_pandas(pages: Sequence[bytes]) -> pd.DataFrame:
    items = (item for page in pages for item in etree.fromstring(page).iterfind("body/items/item"))
    return _typed({field.tag: field.text or "" for field in item} for item in items)


def _typed(items: Iterable[dict[str, str]]) -> pd.DataFrame:
    df = pd.DataFrame(list(items))
    df["tm"] = pd.to_datetime(df["tm"], format="%Y-%m-%d %H:%M")
    for name in NUMBERS:
        df[name] = pd.to_numeric(df[name])
    return df


def _items(pages: Sequence[bytes]) -> bytes:
    return b",".join(page[page.index(b"[") + 1 : page.rindex(b"]")] for page in pages)


def _by_polars(pages: Sequence[bytes]) -> pl.DataFrame:
    """Cut the lists of items out of the pages and read them as lines: the fastest way of polars that was found."""
    lines = _items(pages).replace(b"}, {", b"}\n{").replace(b"},{", b"}\n{")
    schema = dict.fromkeys((field.name for field in ASOS.service.fields), pl.String)
    return pl.read_ndjson(io.BytesIO(lines), schema=schema).with_columns(
        pl.col("tm").str.to_datetime("%Y-%m-%d %H:%M", time_unit="ms"), pl.col(NUMBERS).cast(pl.Float64, strict=False)
    )


def _json_by_duckdb(pages: Sequence[bytes]) -> pa.Table:
    """Let DuckDB read the same lists from a file in memory, which is the only way it takes JSON from a program."""
    items = b"[" + _items(pages) + b"]"
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


PAYLOAD_PEERS: dict[str, dict[str, Callable[[Sequence[bytes]], Any]]] = {
    "json": {"orjson + pandas": _by_orjson_and_pandas, "polars": _by_polars, "DuckDB": _json_by_duckdb},
    "xml": {"lxml + pandas": _by_lxml_and_pandas},
}


def as_asos_table(answer: Any) -> pa.Table:
    """Return a peer's answer with the columns and types of the package, to be compared; not timed."""
    table = as_arrow(answer)

    def typed(name: str, kind: pa.DataType) -> pa.ChunkedArray:
        column = table.column(name)
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            column = pa.chunked_array([pa.array([text or None for text in column.to_pylist()], pa.string())])
        elif pa.types.is_floating(column.type):
            column = pa.chunked_array([pa.array(column.to_numpy(), from_pandas=True)])
        return column.cast(kind)

    return pa.Table.from_arrays(
        [typed(name, kind) for name, kind in zip(SCHEMA.names, SCHEMA.types, strict=True)], schema=SCHEMA
    )


WORKS: dict[str, Callable[[int], Work]] = {
    "impute": impute,
    "optimal_interpolation": optimal_interpolation,
    "complete_hours": hours,
    "wide_to_long": wide,
    "payload_rows_json": partial(payload, "json"),
    "payload_rows_xml": partial(payload, "xml"),
}
