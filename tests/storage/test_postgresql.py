"""What is peculiar to PostgreSQL: its types, its URLs, its errors and its locks."""

from __future__ import annotations

import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pyarrow as pa
import pytest

from energy_data_layer.errors import DataLayerError, StorageError
from energy_data_layer.storage.database import Database, UpsertCounts
from energy_data_layer.storage.migrations import add_fill_columns, migrate
from energy_data_layer.storage.tables import WEATHER_ASOS
from energy_data_layer.storage.urls import libpq_uri, without_secrets

from .hourly_rows import KEY, contents, create_table, rows

MIDNIGHT = datetime(2024, 1, 1)


@pytest.fixture
def database(postgres_url):
    with Database.connect(postgres_url) as database:
        create_table(database)
        yield database


# --- types ------------------------------------------------------------------------------------------


def test_types_that_the_server_does_not_have_come_back_as_they_went(database):
    migrate(database)
    add_fill_columns(database, WEATHER_ASOS, ["ta"])
    small = {"taQcflg": pa.array([9, -128, None], pa.int8()), "ta_provenance": pa.array([255, 0, None], pa.uint8())}
    given = pa.table(
        {
            "stnId": [1, 2, 3],
            "tm": pa.array([MIDNIGHT] * 3, pa.timestamp("s")),
            "stnNm": pa.array(["서울", "", None]).dictionary_encode(),
            "gndSttCd": pa.array(["a", None, "c"], pa.string_view()),
            "clfmAbbrCd": pa.array(["a", None, "c"], pa.large_string()),
            "hm": pa.nulls(3),
            "ta": [float("nan"), -0.0, 5e-324],
            **small,
        }
    )
    database.upsert(WEATHER_ASOS, given, ["stnId", "tm"])
    stored = database.read(WEATHER_ASOS, given.column_names).sort_by("stnId")
    assert stored["tm"].type == pa.timestamp("us")
    assert stored["stnNm"].to_pylist() == ["서울", "", None]
    assert stored["gndSttCd"].to_pylist() == stored["clfmAbbrCd"].to_pylist() == ["a", None, "c"]
    assert stored["hm"].type == pa.float64()
    assert stored["ta"].to_pylist() == [None, -0.0, 5e-324]
    for name, values in small.items():
        assert stored[name].combine_chunks().equals(values), name


def test_tables_of_a_query_may_have_any_type(database):
    given = pa.table(
        {
            "a": pa.array([200], pa.uint8()),
            "b": pa.array([datetime(2024, 1, 1)], pa.timestamp("ns")),
            "c": pa.array(["x"], pa.string_view()),
            "d": pa.array(["y"]).dictionary_encode(),
            "e": pa.nulls(1),
        }
    )
    for _ in range(2):
        (row,) = database.query("SELECT * FROM given", tables={"given": given}).to_pylist()
        assert row == {"a": 200, "b": datetime(2024, 1, 1), "c": "x", "d": "y", "e": None}


def test_large_numbers_of_a_foreign_table_stay(database):
    assert database.query("SELECT CAST(30000 AS SMALLINT) AS n")["n"].to_pylist() == [30000]


def test_a_stamp_finer_than_a_microsecond_is_an_error(database):
    batch = pa.table({"station": [1], "tm": pa.array([1], pa.timestamp("ns")), "ta": [1.0]})
    with pytest.raises(StorageError, match=r"rows for hourly do not fit.*nothing was changed"):
        database.upsert("hourly", batch, KEY)
    assert contents(database) == []


def test_a_text_that_the_server_cannot_hold_is_an_error(database):
    database.execute("CREATE TABLE names (name TEXT PRIMARY KEY)")
    with pytest.raises(StorageError, match="0x00"):
        database.upsert("names", pa.table({"name": ["a\0b"]}), ["name"])
    assert database.row_count("names") == 0


# --- transactions and locks -------------------------------------------------------------------------


def test_a_failed_statement_that_is_swallowed_fails_the_transaction_all_the_same(database):
    def swallow():
        with database.transaction():
            database.upsert("hourly", rows([1], [1.0]), KEY)
            with pytest.raises(StorageError):
                database.query("SELECT * FROM absent")

    with pytest.raises(StorageError, match="a statement failed in this transaction; nothing was changed"):
        swallow()
    assert contents(database) == []


def test_readers_read_while_a_writer_writes(database, postgres_url):
    database.upsert("hourly", rows([1], [1.0]), KEY)
    with database.transaction():
        database.upsert("hourly", rows([1, 2], [5.0, 2.0]), KEY)
        with Database.connect(postgres_url) as reader:
            assert [row["ta"] for row in contents(reader)] == [1.0]


def test_nobody_waits_for_ever(database, postgres_url):
    with database.transaction():
        database.lock("hourly")
        impatient = postgres_url + "&options=-c%20lock_timeout%3D50ms"
        with (
            Database.connect(impatient) as other,
            pytest.raises(StorageError, match=r"another run holds the table.*lock_timeout"),
        ):
            other.upsert("hourly", rows([1], [1.0]), KEY)
    with Database.connect(postgres_url) as other:
        assert other.query("SELECT current_setting('lock_timeout') AS wait")["wait"].to_pylist() == ["10min"]


def test_two_that_wait_for_one_another_are_told(database, postgres_url):
    database.execute("CREATE TABLE second (a BIGINT)")
    quick = postgres_url + "&options=-c%20deadlock_timeout%3D10ms"

    def lock_both(database, *tables):
        with database.transaction():
            database.lock(tables[0])
            yield
            database.lock(tables[1])

    def outcome(locking):
        try:
            next(locking, None)
        except StorageError as error:
            return str(error)
        return ""

    with Database.connect(quick) as one, Database.connect(quick) as other, ThreadPoolExecutor(2) as threads:
        both = [lock_both(one, "hourly", "second"), lock_both(other, "second", "hourly")]
        for locking in both:
            next(locking)
        messages = sorted(threads.map(outcome, both))
    assert messages[0] == ""
    assert "two runs waited for one another; nothing was changed, run again" in messages[1]


def test_a_changed_schema_waits_for_nobody_who_reads(database, postgres_url):
    database.add_columns("hourly", {"pa": pa.float64()})
    with Database.connect(postgres_url + "&options=-c%20lock_timeout%3D50ms") as reader, reader.transaction():
        assert contents(reader) == []
        database.add_columns("hourly", {"pa": pa.float64()})
    assert database.columns("hourly")[-1] == "pa"


def test_counts_are_right_where_the_server_keeps_none(database):
    database.execute("DROP TABLE hourly")
    database.execute(
        "CREATE TABLE hourly (station BIGINT, tm TIMESTAMP, ta DOUBLE PRECISION, hm DOUBLE PRECISION, "
        "PRIMARY KEY (station, tm)) PARTITION BY RANGE (station)"
    )
    database.execute("CREATE TABLE all_hours PARTITION OF hourly DEFAULT")
    assert database.upsert("hourly", rows([1, 2], [1.0, 2.0]), KEY) == UpsertCounts(2, 0, 0)
    assert database.upsert("hourly", rows([1, 2, 3], [1.0, 5.0, 3.0]), KEY) == UpsertCounts(1, 1, 1)
    with database.transaction():
        database.execute("SET LOCAL track_counts = off")
        assert database.upsert("hourly", rows([1, 4], [0.0, 4.0]), KEY) == UpsertCounts(1, 1, 0)


def test_two_upserts_of_a_transaction_count_apart(database):
    with database.transaction():
        assert database.upsert("hourly", rows([1, 2], [1.0, 2.0]), KEY) == UpsertCounts(2, 0, 0)
        assert database.upsert("hourly", rows([2, 3], [5.0, 3.0]), KEY) == UpsertCounts(1, 1, 0)


def test_staged_rows_leave_nothing_behind(database):
    database.upsert("hourly", rows([1], [1.0]), KEY)
    database.query("SELECT * FROM given", tables={"given": rows([1], [1.0])})
    left = database.query("SELECT relname FROM pg_class WHERE relpersistence = 't'")
    assert left.num_rows == 0


# --- URLs and errors --------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["postgres", "postgresql+psycopg2", "postgresql+psycopg", "postgresql+asyncpg"])
def test_the_prefixes_of_others_mean_the_same(postgres_url, scheme):
    with Database.connect(postgres_url.replace("postgresql", scheme, 1)) as database:
        assert database.tables() == []


@pytest.mark.parametrize(
    ("url", "beginning"),
    [
        ("postgres://db/w", "postgresql://db/w?connect_timeout=30&"),
        ("postgresql+psycopg2://db/w?sslmode=require", "postgresql://db/w?sslmode=require&connect_timeout=30&"),
        ("postgresql://db/w?connect_timeout=3", "postgresql://db/w?connect_timeout=3&keepalives_idle=30&"),
        ("postgresql://db/w?", "postgresql://db/w?connect_timeout=30&"),
    ],
)
def test_nothing_waits_for_ever_by_default(url, beginning):
    assert libpq_uri(url).startswith(beginning)


def test_a_wrong_password_is_never_shown(postgres_server, postgres_url):
    postgres_server.run("DROP ROLE IF EXISTS locked", "CREATE ROLE locked LOGIN PASSWORD 'right'")
    url = postgres_url.replace("edl@", "locked:s3cr%40et@", 1)
    with pytest.raises(StorageError, match="refuses this user and password") as caught:
        Database.connect(url)
    shown = "".join(traceback.format_exception(caught.value))
    assert "s3cr" not in shown
    assert caught.value.__context__ is None
    with Database.connect(url.replace("s3cr%40et", "right")) as database:
        assert database.tables() == []


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://edl:s3cret@localhost:1/d", r"server is gone or was stopped.*refused"),
        ("postgresql://edl:s3cret@localhost:port/d", 'invalid integer value "port"'),
        ("postgresql://edl:s3cret@[half/d", "]"),
        ("postgresql://edl@localhost/d?password=s3cret&oddity=1", "oddity"),
    ],
)
def test_a_url_that_leads_nowhere_is_an_error_without_secrets(url, message):
    with pytest.raises(StorageError, match=message) as caught:
        Database.connect(url)
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))


def test_a_database_that_is_not_there_is_an_error(postgres_server):
    with pytest.raises(StorageError, match='database "absent" does not exist; create it first'):
        Database.connect(postgres_server.url("absent"))


def test_secrets_go_in_every_spelling():
    url = "postgresql://edl:p%40ss@db/w?sslpassword=other"
    assert without_secrets(f"{url} p@ss p%40ss other", url) == ("postgresql://edl:***@db/w?sslpassword=*** *** *** ***")


def test_without_the_driver_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql", None)
    with pytest.raises(DataLayerError, match=r"energy-data-layer\[postgres\]"):
        Database.connect("postgresql://db/w")
