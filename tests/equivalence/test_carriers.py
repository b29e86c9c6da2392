"""The Rust binding itself: IPC streams and Arrow capsules carry the same data to the same answer."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from energy_data_layer.engine.equality import assert_equal_answers

from .snapshot_cases import read_fixture, read_snapshot

pytestmark = pytest.mark.needs_rust
KEYS = {"date_col": "tm", "station_col": "stnNm"}
WIDE = {
    "date_col": "\ufeff날짜",
    "plant_col": "발전기명",
    "hours": [f"{hour:02d}시" for hour in range(1, 25)],
    "scale": (1.0, 1000.0),
    "total_col": "합계",
    "keep": ["설비용량(MW)", "경도", "위도"],
}


@pytest.fixture(scope="module")
def rust():
    import rust_data_layer

    return rust_data_layer


def ipc(data: pa.Table) -> pa.Buffer:
    """Return a table as the buffer of an IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, data.schema) as writer:
        writer.write(data)
    return sink.getvalue()


def read_ipc(buffer) -> pa.Table:
    return pa.ipc.open_stream(pa.py_buffer(buffer)).read_all()


class OnlyStream:
    """Something that offers the stream capsule and nothing else."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


class OnlyArray:
    """Something that offers the array capsules of one batch and nothing else."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self._batch = batch

    def __arrow_c_array__(self, requested_schema=None):
        return self._batch.__arrow_c_array__(requested_schema)


def one_batch(table: pa.Table) -> pa.RecordBatch:
    return table.combine_chunks().to_batches()[0]


CARRIERS = {
    "pyarrow.Table": lambda table: table,
    "pyarrow.RecordBatch": one_batch,
    "RecordBatchReader": lambda table: table.to_reader(),
    "polars.DataFrame": pl.DataFrame,
    "stream capsule": OnlyStream,
    "array capsule": lambda table: OnlyArray(one_batch(table)),
    "pyarrow.Buffer": ipc,
    "bytes": lambda table: ipc(table).to_pybytes(),
    "bytearray": lambda table: bytearray(ipc(table)),
    "memoryview": lambda table: memoryview(ipc(table)),
    "memoryview off its alignment": lambda table: memoryview(b"x" + ipc(table).to_pybytes())[1:],
    "numpy bytes": lambda table: np.frombuffer(ipc(table), dtype="uint8"),
}


@pytest.mark.parametrize("carrier", CARRIERS)
def test_impute_takes_every_carrier(carrier, rust):
    frame, history = read_fixture("recent"), read_fixture("history")
    expected, _ = read_snapshot("impute-recent-with_history")
    carry = CARRIERS[carrier]
    answer = rust.impute_missing_values(carry(frame), columns=["ta", "hm"], history=carry(history), **KEYS)
    assert_equal_answers(expected, pa.table(answer).cast(expected.schema), [frame, history])
    assert answer.stations == 3
    assert list(answer.report) == ["ta", "hm"]


@pytest.mark.parametrize("carrier", CARRIERS)
def test_complete_hours_takes_every_carrier(carrier, rust):
    expected, _ = read_snapshot("complete_hours-absent_hours_interleaved")
    answer = rust.complete_hours(CARRIERS[carrier](read_fixture("absent_hours_interleaved")), **KEYS)
    table = pa.table(answer)
    assert_equal_answers(expected, table.cast(expected.schema).select(expected.schema.names))


@pytest.mark.parametrize("carrier", CARRIERS)
def test_wide_to_long_takes_every_carrier(carrier, rust):
    expected, said = read_snapshot("wide_to_long-ewp_sites_file")
    answer = rust.transform_wide_to_long(CARRIERS[carrier](read_fixture("wide_ewp_sites_file")), **WIDE)
    assert_equal_answers(expected, pa.table(answer).cast(expected.schema))
    assert answer.report["rows_skipped"] == said["rows_skipped"]
    assert answer.report["totals_checked"] == said["totals_checked"]


@pytest.mark.parametrize("text_views", [False, True])
def test_both_ways_out_of_wide_to_long_give_the_same_table(text_views, rust):
    for table in (read_fixture("wide_ewp_sites_file"), read_fixture("wide_ewp_sites_file").slice(0, 0)):
        answer = rust.transform_wide_to_long(table, **WIDE, text_views=text_views)
        assert_equal_answers(pa.table(answer), read_ipc(answer.to_ipc()))
        pa.table(answer).validate(full=True)


def test_the_numbers_of_a_long_table_are_handed_over_once(rust):
    table = read_fixture("wide_ewp_sites_file")
    whole = pa.table(rust.transform_wide_to_long(table, **WIDE))
    answer = rust.transform_wide_to_long(table, **WIDE)
    ticks, values = answer.take_numpy()
    assert ticks.flags.writeable
    assert values.flags.writeable
    assert ticks.tolist() == whole["timestamp"].cast(pa.int64()).to_pylist()
    assert [None if np.isnan(value) else value for value in values] == whole["generation"].to_pylist()
    assert_equal_answers(whole.drop_columns(["timestamp", "generation"]), pa.table(answer))
    with pytest.raises(RuntimeError, match="handed over already"):
        answer.take_numpy()


@pytest.mark.parametrize("fixture", ["interleaved", "text_numbers", "text_stamps", "unsorted", "empty", "one_row"])
def test_both_ways_out_of_impute_give_the_same_table(fixture, rust):
    answer = rust.impute_missing_values(read_fixture(fixture), columns=["ta", "hm"], **KEYS)
    assert_equal_answers(pa.table(answer), read_ipc(answer.to_ipc()))


@pytest.mark.parametrize("fixture", ["absent_hours", "absent_hours_as_text", "empty", "one_row"])
def test_both_ways_out_of_complete_hours_give_the_same_table(fixture, rust):
    answer = rust.complete_hours(read_fixture(fixture), **KEYS)
    assert_equal_answers(pa.table(answer), read_ipc(answer.to_ipc()))


def test_the_answer_is_the_same_to_the_byte_whatever_carried_the_input(rust):
    table = read_fixture("interleaved")
    answers = {
        bytes(rust.impute_missing_values(carry(table), columns=["ta", "hm"], **KEYS).to_ipc())
        for name, carry in CARRIERS.items()
        if name != "polars.DataFrame"  # its texts are string views, and so are the answer's
    }
    assert len(answers) == 1


def test_an_answer_can_be_read_more_than_once(rust):
    answer = rust.impute_missing_values(read_fixture("interleaved"), columns=["ta"], **KEYS)
    assert pa.table(answer).equals(pa.table(answer))
    assert bytes(answer.to_ipc()) == bytes(answer.to_ipc())


def test_an_answer_outlives_its_input(rust):
    table = read_fixture("interleaved")
    expected = pa.table(rust.impute_missing_values(table, columns=["ta"], **KEYS))
    buffer = bytearray(ipc(table))
    answer = rust.impute_missing_values(buffer, columns=["ta"], **KEYS)
    del buffer
    assert_equal_answers(expected, pa.table(answer))


def test_the_columns_of_an_answer(rust):
    """The input's columns, the filled ones replaced, each with its provenance behind it."""
    table = read_fixture("absent_hours").select(["stnId", "ta", "stnNm", "rn", "tm"]).slice(0, 3)
    answer = pa.table(rust.impute_missing_values(table, columns=["ta"], **KEYS))
    assert answer.schema.names == ["stnId", "ta", "ta_provenance", "stnNm", "rn", "tm"]
    assert answer["ta_provenance"].type == pa.uint8()
    assert_equal_answers(table.drop_columns("ta"), answer.drop_columns(["ta", "ta_provenance"]))


def test_a_stream_of_several_batches(rust):
    table = read_fixture("interleaved")
    pieces = pa.concat_tables([table.slice(0, 1), table.slice(1, 0), table.slice(1, 40), table.slice(41)])
    expected = rust.impute_missing_values(table, columns=["ta"], **KEYS)
    answer = rust.impute_missing_values(ipc(pieces), columns=["ta"], **KEYS)
    assert_equal_answers(pa.table(expected), pa.table(answer))


def broken_stream() -> pa.RecordBatchReader:
    def batches():
        yield read_fixture("interleaved").slice(0, 3).to_batches()[0]
        raise OSError("the disk is gone")

    return pa.RecordBatchReader.from_batches(read_fixture("interleaved").schema, batches())


def read_stream() -> pa.RecordBatchReader:
    reader = read_fixture("interleaved").to_reader()
    pa.table(reader)
    return reader


def test_a_stream_that_breaks_off_says_why(rust):
    with pytest.raises(ValueError, match=r"cannot read the data.*the disk is gone"):
        rust.complete_hours(broken_stream(), **KEYS)


def test_a_stream_that_was_read_has_no_rows(rust):
    assert pa.table(rust.complete_hours(read_stream(), **KEYS)).num_rows == 0


def test_a_capsule_is_read_once(rust):
    capsule = read_fixture("interleaved").__arrow_c_stream__()

    class Same:
        def __arrow_c_stream__(self, requested_schema=None):
            return capsule

    rust.complete_hours(Same(), **KEYS)
    with pytest.raises(ValueError, match="read already"):
        rust.complete_hours(Same(), **KEYS)


def test_what_is_no_table_of_rows_is_refused(rust):
    with pytest.raises(TypeError, match="expected an Arrow table, not an array of type Int64"):
        rust.complete_hours(pa.array([1]), **KEYS)
    structs = pa.array([{"stnNm": "a", "tm": "2024-01-01 00:00"}, None])
    with pytest.raises(ValueError, match="a row of a table cannot be null"):
        rust.complete_hours(structs, **KEYS)


FUNCTIONS = {
    "impute": lambda rust, data: rust.impute_missing_values(data, columns=["ta"], **KEYS),
    "history": lambda rust, data: rust.impute_missing_values(
        read_fixture("interleaved"), columns=["ta"], history=data, **KEYS
    ),
    "complete_hours": lambda rust, data: rust.complete_hours(data, **KEYS),
    "wide_to_long": lambda rust, data: rust.transform_wide_to_long(data, **WIDE),
}


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    "garbage",
    [b"", b"\0", b"garbage", b"ARROW1\0\0", b"\xff" * 1000, b"\0" * 1000, b"\xff" * 7 + b"\x7f"],
    ids=lambda garbage: repr(garbage[:8]) + f" of {len(garbage)}",
)
def test_garbage_is_a_value_error(garbage, function, rust):
    with pytest.raises(ValueError, match="cannot read the data"):
        FUNCTIONS[function](rust, garbage)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_stream_cut_off_anywhere_is_a_value_error_or_whole(function, rust):
    """Only the end mark of a stream may be lacking."""
    fixture = "wide_ewp_sites_file" if function == "wide_to_long" else "interleaved"
    whole = ipc(read_fixture(fixture).slice(0, 6)).to_pybytes()
    for length in range(len(whole) - 8):
        with pytest.raises(ValueError, match="cannot read the data"):
            FUNCTIONS[function](rust, whole[:length])


def test_no_flipped_byte_crashes(rust):
    """Whatever a flipped byte does to a stream: an answer or an error of Python, never a crash or a panic."""
    whole = ipc(read_fixture("text_stamps")).to_pybytes()
    for position in range(len(whole)):
        broken = bytearray(whole)
        broken[position] ^= 0xFF
        with suppress(ValueError, TypeError, KeyError):
            rust.complete_hours(bytes(broken), **KEYS)


def test_no_flipped_byte_of_a_wide_table_crashes(rust):
    whole = ipc(read_fixture("wide_ewp_sites_file").slice(0, 2)).to_pybytes()
    for position in range(len(whole)):
        broken = bytearray(whole)
        broken[position] ^= 0xFF
        with suppress(ValueError, TypeError, KeyError):
            rust.transform_wide_to_long(bytes(broken), **WIDE)


def test_columns_one_by_one(rust):
    """As Arrow, whole or in chunks, or as NumPy arrays, whose memory stays as it is."""
    table = read_fixture("interleaved")
    expected = rust.impute_missing_values(table, columns=["ta", "hm"], **KEYS)
    values = {name: table[name].to_numpy().copy() for name in ("ta", "hm")}
    before = {name: array.tobytes() for name, array in values.items()}
    chunked = pa.chunked_array([table["tm"].slice(0, 5).combine_chunks(), table["tm"].slice(5).combine_chunks()])
    columns = {"stnNm": table["stnNm"].combine_chunks(), "tm": chunked} | values
    answer = rust.impute_missing_values(columns, columns=["ta", "hm"], **KEYS)
    for name in ("ta", "ta_provenance", "hm", "hm_provenance"):
        assert_equal_answers(pa.table(expected).select([name]), pa.table(answer).select([name]))
    assert before == {name: array.tobytes() for name, array in values.items()}


def test_no_rows_one_by_one(rust):
    table = read_fixture("interleaved").slice(0, 0)
    columns = {"stnNm": table["stnNm"], "tm": table["tm"], "ta": np.empty(0)}
    answer = pa.table(rust.impute_missing_values(columns, columns=["ta"], **KEYS))
    assert answer.schema.names == ["stnNm", "tm", "ta", "ta_provenance"]
    assert answer.num_rows == 0


@pytest.mark.parametrize(
    "values",
    [np.zeros(4)[::2], np.zeros((2, 1)), np.zeros(2, "int64"), np.zeros(2, ">f8"), [0.0, 0.0], None],
    ids=["strided", "two dimensions", "integers", "other byte order", "list", "None"],
)
def test_what_is_no_column_is_a_type_error(values, rust):
    columns = {"stnNm": pa.array(["a", "a"]), "tm": pa.array(["2024-01-01 00:00", "2024-01-01 01:00"]), "ta": values}
    with pytest.raises(TypeError, match='column "ta"'):
        rust.impute_missing_values(columns, columns=["ta"], **KEYS)


def test_columns_of_different_lengths_are_a_value_error(rust):
    columns = {"stnNm": pa.array(["a"]), "tm": pa.array(["2024-01-01 00:00"]), "ta": np.zeros(2)}
    with pytest.raises(ValueError, match="length"):
        rust.impute_missing_values(columns, columns=["ta"], **KEYS)


@pytest.mark.parametrize("data", [None, 5, "text", object(), {"ta": [1.0]}, [1, 2]])
@pytest.mark.parametrize("function", ["impute", "complete_hours", "wide_to_long"])
def test_what_is_no_carrier_is_a_type_error(data, function, rust):
    with pytest.raises(TypeError):
        FUNCTIONS[function](rust, data)


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_the_number_of_threads_does_not_matter(threads, rust):
    table = read_fixture("interleaved")
    expected = rust.impute_missing_values(table, columns=["ta", "hm"], threads=1, **KEYS)
    answer = rust.impute_missing_values(table, columns=["ta", "hm"], threads=threads, **KEYS)
    assert bytes(answer.to_ipc()) == bytes(expected.to_ipc())


@pytest.mark.slow
def test_two_threads_give_the_bits_of_one_on_a_large_table(rust):
    """Large enough that the engine goes parallel."""
    rows, stations = 400_000, 7
    random = np.random.default_rng(1)
    values = np.cumsum(random.normal(size=rows))
    table = pa.table(
        {
            "stnNm": pa.array(np.arange(rows) % stations),
            "tm": pa.array(np.arange(rows) // stations * 3600, pa.timestamp("s")),
            "ta": pa.array(np.where(random.random(rows) < 0.1, np.nan, values)),
            "hm": pa.array(np.where(random.random(rows) < 0.4, np.nan, values)),
        }
    )
    answers = {
        bytes(rust.impute_missing_values(table, columns=["ta", "hm"], threads=threads, **KEYS).to_ipc())
        for threads in (1, 2, 2, 5)
    }
    assert len(answers) == 1


def test_build_info_names_the_version(rust):
    info = rust.build_info()
    assert info["version"] == rust.__version__
    assert set(info) == {"version", "debug", "arch", "os", "threads"}
