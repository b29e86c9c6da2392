"""Frames that give their rows once or on demand: the bits of the call on the table that they hold, read once."""

from __future__ import annotations

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_data_layer import GapModel, complete_hours, impute, impute_missing_values, score_imputation
from energy_data_layer import transform_wide_to_long as wide_to_long
from energy_data_layer.engine.shadow.comparer import seen, settle
from energy_data_layer.errors import FrameTypeError

from . import strategies
from .frame_kinds import as_batch

COLUMNS = ("ta", "hm")


class Stream:
    """A table that counts how often it is read."""

    def __init__(self, table: pa.Table) -> None:
        self.table, self.reads = table, 0

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        self.reads += 1
        return self.table.__arrow_c_stream__(requested_schema)


def reader(table: pa.Table) -> pa.RecordBatchReader:
    return pa.RecordBatchReader.from_batches(table.schema, iter(table.to_batches(max_chunksize=7)))


def relation(table: pa.Table) -> duckdb.DuckDBPyRelation:
    return duckdb.connect().from_arrow(table)


STREAMS = {"reader": reader, "relation": relation, "stream": Stream, "lazy": lambda table: pl.DataFrame(table).lazy()}


def in_memory(make, table: pa.Table):
    """Return what a stream of a table becomes."""
    if make is STREAMS["lazy"]:
        return make(table).collect()
    batches = [batch for batch in pa.table(make(table)).to_batches() if batch.num_rows]
    return pa.Table.from_batches(batches, pa.table(make(table)).schema)


def same(expected, actual) -> None:
    assert type(actual) is type(expected)
    assert actual.equals(expected)


@pytest.mark.parametrize("kind", STREAMS)
@given(data=st.data())
def test_streams_give_the_bits_of_their_tables(kind, engine, data):
    make, options = STREAMS[kind], {"use_rust": engine}
    table = data.draw(strategies.chunked(data.draw(strategies.tables(hourly=True))))
    plain = in_memory(make, table)
    same(complete_hours(plain, **options), complete_hours(make(table), **options))

    history = data.draw(st.none() | strategies.tables())
    options |= {"columns": COLUMNS, "provenance": True, "report": True}
    expected, report = impute_missing_values(plain, history=history, **options)
    past = None if history is None else data.draw(st.sampled_from(list(STREAMS.values())))(history)
    filled, told = impute_missing_values(make(table), history=past, **options)
    assert type(filled) is type(expected)
    for name in expected.columns if isinstance(expected, pl.DataFrame) else expected.column_names:
        ours, theirs = (pa.chunked_array(frame[name]).combine_chunks() for frame in (filled, expected))
        assert ours.type == theirs.type
        assert ours.is_null().equals(theirs.is_null())
        if pa.types.is_float64(ours.type):
            bits = [column.fill_null(0).to_numpy().view("u8").tolist() for column in (ours, theirs)]
            assert bits[0] == bits[1]
        else:
            assert ours.equals(theirs)
    assert told.columns == report.columns


@pytest.fixture
def hours() -> pa.Table:
    """Hours of two stations, as long as a model needs."""
    columns = "m.stnNm, h AS tm, CASE WHEN i BETWEEN 300 AND 305 THEN NULL ELSE i % 24 + sin(i) + m.lag END AS ta"
    return duckdb.sql(
        f"SELECT {columns} FROM (VALUES ('a', 0), ('b', 1)) m(stnNm, lag), "
        "(SELECT TIMESTAMP '2024-01-01' + INTERVAL 1 HOUR * i AS h, i FROM range(600) t(i)) ORDER BY 1, 2"
    ).to_arrow_table()


@pytest.mark.parametrize("name", ["impute_missing_values", "complete_hours", "impute", "fit", "score_imputation"])
def test_each_is_read_once(name, hours, engine):
    calls = {
        "impute_missing_values": lambda df, past: impute_missing_values(df, ["ta"], history=past, use_rust=engine),
        "complete_hours": lambda df, past: complete_hours(df, use_rust=engine),
        "impute": lambda df, past: impute(df, ["ta"], history=past, use_rust=engine).frame,
        "fit": lambda df, past: pa.table({"model": [GapModel.fit(df, ["ta"], history=past, use_rust=engine).id]}),
        "score_imputation": lambda df, past: (
            score_imputation(df, ["ta"], methods=["linear", reader], gap_lengths=[3], gaps=2, use_rust=engine).table
        ),
    }
    given_frame, past = Stream(hours.slice(0, 590)), Stream(hours)
    same(calls[name](hours.slice(0, 590), hours), calls[name](given_frame, past))
    assert given_frame.reads == 1
    assert past.reads == (0 if name in ("complete_hours", "score_imputation") else 1)


@pytest.mark.needs_rust
def test_shadow_mode_reads_once(hours, monkeypatch):
    monkeypatch.setenv("USE_RUST", "shadow")
    before = seen().compared
    one = hours.slice(0, 600)
    wide = pa.table({"일자": ["2024-01-01"], "발전기명": ["a"], **{f"{hour}시": [1.0] for hour in range(1, 25)}})
    streams = [Stream(one) for _ in range(3)] + [Stream(wide)]
    filled = impute_missing_values(streams[0], ["ta"], history=streams[1])
    completed = complete_hours(streams[2])
    long = wide_to_long(streams[3], energy_unit="kWh")
    settle(seen())
    assert [stream.reads for stream in streams] == [1, 1, 1, 1]
    assert seen().compared - before == 3
    assert not seen().mismatches
    monkeypatch.setenv("USE_RUST", "0")
    same(impute_missing_values(one, ["ta"], history=one), filled)
    same(complete_hours(one), completed)
    same(wide_to_long(wide, energy_unit="kWh"), long)
    same(wide_to_long(wide, energy_unit="kWh"), wide_to_long(reader(wide), energy_unit="kWh"))


def test_a_batch_stays_one(hours):
    batch = as_batch(hours)
    assert type(impute_missing_values(batch, ["ta"])) is pa.RecordBatch


@pytest.mark.parametrize("stream", [pl.Series([1.0]), pa.chunked_array([[1.0]])], ids=lambda one: type(one).__name__)
def test_a_stream_that_is_no_table(stream, engine):
    with pytest.raises(FrameTypeError, match=r"its Arrow stream cannot be read as a table \(.*\); accepted are "):
        complete_hours(stream, use_rust=engine)
    with pytest.raises(FrameTypeError, match=r"^the history is a "):
        impute_missing_values(pa.table({"stnNm": ["a"], "tm": ["2024-01-01"], "ta": [1.0]}), ["ta"], history=stream)
