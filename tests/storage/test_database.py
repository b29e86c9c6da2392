"""The database, against DuckDB and against PostgreSQL: what it stores, refuses, and leaves after a failure."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from energy_data_layer.errors import DuplicateKeyError, OptionError, StorageError
from energy_data_layer.storage.database import Database, UpsertCounts
from energy_data_layer.storage.names import quoted
from energy_data_layer.storage.urls import redacted_url

from .hourly_rows import KEY, NOON, contents, create_table, rows, stored


@pytest.fixture
def url(database_url):
    return database_url


@pytest.fixture
def database(url):
    with Database.connect(url) as database:
        create_table(database)
        yield database


# --- upsert -----------------------------------------------------------------------------------------


def test_upsert_inserts_new_keys_and_updates_only_rows_that_differ(database):
    assert database.upsert("hourly", rows([1, 2, 3], [1.0, 2.0, None]), KEY) == UpsertCounts(3, 0, 0)
    assert database.upsert("hourly", rows([2, 3, 4], [2.0, 3.0, 4.0]), KEY) == UpsertCounts(1, 1, 1)
    assert [row["ta"] for row in contents(database)] == [1.0, 2.0, 3.0, 4.0]


def test_upsert_twice_changes_nothing(database):
    batch = rows([1, 2], [1.0, None])
    database.upsert("hourly", batch, KEY)
    assert database.upsert("hourly", batch, KEY) == UpsertCounts(0, 0, 2)


def test_upsert_leaves_columns_alone_that_the_rows_do_not_have(database):
    database.upsert("hourly", rows([1], [1.0], hm=[50.0]), KEY)
    database.upsert("hourly", rows([1], [2.0]), KEY)
    assert contents(database) == [{"station": 1, "tm": NOON, "ta": 2.0, "hm": 50.0}]


def test_upsert_keeps_stored_values_where_new_ones_are_missing(database):
    database.upsert("hourly", rows([1, 2, 3], [1.0, 2.0, None], hm=[50.0, 50.0, 50.0]), KEY)
    batch = rows([1, 2, 3, 4], [None, 5.0, 3.0, float("nan")], hm=[None, 50.0, 50.0, 50.0])
    assert database.upsert("hourly", batch, KEY, keep_where_missing=["ta"]) == UpsertCounts(1, 3, 0)
    assert [(row["ta"], row["hm"]) for row in contents(database)] == [
        (1.0, None),
        (5.0, 50.0),
        (3.0, 50.0),
        (None, 50.0),
    ]
    assert database.upsert("hourly", batch, KEY, keep_where_missing=["ta", "hm"]) == UpsertCounts(0, 0, 4)


def test_nan_is_stored_as_null(database):
    database.upsert("hourly", rows([1], [float("nan")]), KEY)
    assert database.read("hourly", filters=[("station", "=", 1)])["ta"].null_count == 1
    assert database.upsert("hourly", rows([1], [None]), KEY) == UpsertCounts(0, 0, 1)


def test_upsert_of_no_rows(database):
    assert database.upsert("hourly", rows([], []), KEY) == UpsertCounts(0, 0, 0)


def test_a_key_twice_in_a_batch_is_an_error_before_anything_is_written(database):
    with pytest.raises(DuplicateKeyError, match="rows for hourly") as caught:
        database.upsert("hourly", rows([7, 1, 7], [1.0, 2.0, 3.0]), KEY)
    assert caught.value.rows == [0, 2]
    assert caught.value.values == ["7 2024-01-01 12:00:00"] * 2
    assert contents(database) == []


def test_a_column_that_the_table_does_not_have_is_an_error(database):
    with pytest.raises(StorageError, match="pv"):
        database.upsert("hourly", rows([1], [1.0]).append_column("pv", pa.array([1.0])), KEY)
    assert contents(database) == []


def test_a_null_key_is_an_error(database):
    with pytest.raises(StorageError, match="station"):
        database.upsert("hourly", rows([1, None], [1.0, 2.0]), KEY)
    assert contents(database) == []


def test_upsert_takes_chunked_and_sliced_rows(database):
    chunked = pa.concat_tables([rows([1, 2], [1.0, 2.0]), rows([3, 4], [3.0, 4.0])]).slice(1, 2)
    assert database.upsert("hourly", chunked, KEY) == UpsertCounts(2, 0, 0)
    assert [row["station"] for row in contents(database)] == [2, 3]


def test_names_that_need_quoting(url):
    table, column = 'odd "table"', "select; drop"
    with Database.connect(url) as database:
        database.execute(f"CREATE TABLE {quoted(table)} ({quoted(column)} BIGINT PRIMARY KEY)")
        database.upsert(table, pa.table({column: [1]}), [column])
        database.add_columns(table, {"größe": pa.float64()})
        assert database.columns(table) == [column, "größe"]
        assert database.read(table, [column], [(column, "in", [1, 2])]).to_pylist() == [{column: 1}]


# --- reading ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([], [1, 2, 3]),
        ([("station", "=", 2)], [2]),
        ([("station", "!=", 2)], [1, 3]),
        ([("station", "in", [1, 3, 9])], [1, 3]),
        ([("station", "in", [])], []),
        ([("ta", ">", 1.0), ("ta", "<=", 3.0)], [2, 3]),
        ([("tm", ">=", NOON), ("station", "<", 2)], [1]),
        ([("tm", "<", NOON)], []),
    ],
)
def test_read_with_filters(database, filters, expected):
    database.upsert("hourly", rows([1, 2, 3], [1.0, 2.0, 3.0]), KEY)
    assert sorted(database.read("hourly", ["station"], filters)["station"].to_pylist()) == expected


def test_values_are_never_part_of_the_statement(database):
    database.execute("CREATE TABLE names (name VARCHAR)")
    assert database.read("names", filters=[("name", "=", "'; DROP TABLE names; --")]).num_rows == 0
    assert "names" in database.tables()


def test_an_unknown_operator_is_an_error(database):
    with pytest.raises(OptionError, match="operator"):
        database.read("hourly", filters=[("station", "OR 1 =", 1)])


def test_reading_a_table_that_is_not_there_is_an_error(database):
    with pytest.raises(StorageError, match="absent"):
        database.read("absent")


def test_a_variable_with_the_name_of_a_table_answers_no_query(database):
    my_frame = rows([1], [1.0])
    assert my_frame.num_rows == 1
    with pytest.raises(StorageError, match="my_frame"):
        database.query("SELECT * FROM my_frame")


# --- transactions -----------------------------------------------------------------------------------


def test_a_transaction_is_everything_or_nothing(database):
    database.upsert("hourly", rows([1], [1.0]), KEY)
    before = contents(database)

    def write_and_fail():
        with database.transaction():
            database.add_columns("hourly", {"ta_provenance": pa.uint8()})
            database.upsert("hourly", rows([1, 2], [9.0, 2.0]), KEY)
            raise RuntimeError("the job fails here")

    with pytest.raises(RuntimeError, match="fails here"):
        write_and_fail()
    assert contents(database) == before
    assert "ta_provenance" not in database.columns("hourly")


def test_after_a_rollback_the_database_is_usable(database):
    with pytest.raises(StorageError), database.transaction():
        database.execute("SELECT * FROM absent")
    assert database.upsert("hourly", rows([1], [1.0]), KEY) == UpsertCounts(1, 0, 0)


def test_add_columns_twice_is_once(database):
    for _ in range(2):
        database.add_columns("hourly", {"ta_provenance": pa.uint8()})
    assert database.columns("hourly").count("ta_provenance") == 1


KILLED_WRITER = """
import sys, time
from pathlib import Path
sys.path.insert(0, str(Path(sys.argv[2])))
from hourly_rows import KEY, many_rows
from energy_data_layer.storage.database import Database
with Database.connect(sys.argv[1]) as database, database.transaction():
    database.upsert("hourly", many_rows(300_000), KEY)
    print("written, not committed", flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this platform has no SIGKILL")
def test_a_writer_that_is_killed_leaves_the_previous_state(url):
    with Database.connect(url) as database:
        create_table(database)
        database.upsert("hourly", rows([1], [1.0]), KEY)
    before = stored(url)
    command = [sys.executable, "-c", KILLED_WRITER, url, str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout.readline().startswith("written")
        writer.send_signal(signal.SIGKILL)
    assert stored(url) == before


# --- environment ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["sqlite:///x.db", "duckdb:///", "duckdb://x", "energy.duckdb", "mysql://energy:s3cret@db/x"]
)
def test_an_unsupported_url_says_what_is_supported(url):
    with pytest.raises(OptionError, match="duckdb:///relative") as caught:
        Database.connect(url)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "redacted"),
    [
        ("duckdb:///:memory:", "duckdb:///:memory:"),
        ("duckdb:////data/energy.duckdb", "duckdb:////data/energy.duckdb"),
        ("postgresql://db/weather", "postgresql://db/weather"),
        ("postgresql://energy@db/weather", "postgresql://energy@db/weather"),
        ("postgresql://energy:p@ss:w/rd@db/weather", "postgresql://energy:***@db/weather"),
        ("postgresql+psycopg2://energy:x@db", "postgresql+psycopg2://energy:***@db"),
        ("postgresql://:x@db", "postgresql://:***@db"),
        (
            "postgresql://db/w?user=a&password=x&sslmode=on",
            "postgresql://db/w?user=a&password=***&sslmode=on",
        ),
    ],
)
def test_redacted_url(url, redacted):
    assert redacted_url(url) == redacted


def test_rows_are_new_where_nothing_is_stored_between_the_first_and_the_last(database):
    """Those are inserted without being compared; all others are merged, and the counts are the same."""
    database.execute(
        "CREATE TABLE hours (station BIGINT, hour BIGINT, ta DOUBLE PRECISION, PRIMARY KEY (station, hour))"
    )
    database.execute("CREATE TABLE plants (name VARCHAR PRIMARY KEY, kw DOUBLE PRECISION)")

    def hours(*keys):
        return pa.table({"station": [s for s, _ in keys], "hour": [h for _, h in keys], "ta": [1.0] * len(keys)})

    def counts(table, rows, key):
        with database.transaction():
            is_new = database._are_new(table, rows, key)
            found = database.upsert(table, rows, key)
        return is_new, found.inserted, found.updated, found.unchanged

    key = ["station", "hour"]
    assert counts("hours", hours((3, 1), (3, 2), (5, 1)), key) == (True, 3, 0, 0)
    assert counts("hours", hours((6, 1), (7, 1)), key) == (True, 2, 0, 0)
    assert counts(
        "hours",
        hours(
            (4, 9),
        ),
        key,
    ) == (True, 1, 0, 0)
    assert counts("hours", hours((2, 1), (4, 9), (8, 1)), key) == (False, 2, 0, 1)
    assert counts("hours", hours((3, 3)), key) == (False, 1, 0, 0)
    assert counts("hours", hours(), key) == (False, 0, 0, 0)
    assert counts("plants", pa.table({"name": ["b", "É"], "kw": [1.0, 2.0]}), ["name"]) == (True, 2, 0, 0)
    # In the order of another language É may stand before b.
    assert counts("plants", pa.table({"name": ["z", "É"], "kw": [1.0, 3.0]}), ["name"]) == (False, 1, 1, 0)
    assert (database.row_count("hours"), database.row_count("plants")) == (9, 3)
