"""Any series of upserts leaves what a dictionary of rows would hold, and counts what changed in it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from energy_data_layer.storage.database import Database, UpsertCounts

from .hourly_rows import KEY

values = st.one_of(st.none(), st.just(float("nan")), st.sampled_from([0.0, -0.0, 1.5, 5e-324, -1.7e308, float("inf")]))
keys = st.tuples(st.sampled_from(["", "영흥", "a\\b", "'\n\t"]), st.integers(-1, 2))
batches = st.lists(
    st.tuples(st.dictionaries(keys, st.tuples(values, values), max_size=6), st.sets(st.sampled_from(["ta", "hm"]))),
    max_size=4,
)


@pytest.fixture
def database(database_url):
    with Database.connect(database_url) as database:
        database.execute(
            "CREATE TABLE hourly (station VARCHAR, tm TIMESTAMP, ta DOUBLE PRECISION, hm DOUBLE PRECISION, "
            "PRIMARY KEY (station, tm))"
        )
        yield database


def stamp(hour):
    return datetime(1999, 12, 31, 23, 59, 59, 999_999) + timedelta(hours=hour)


def table_of(batch):
    return pa.table(
        {
            "station": pa.array([station for station, _ in batch], pa.string()),
            "tm": pa.array([stamp(hour) for _, hour in batch], pa.timestamp("us")),
            "ta": pa.array([pair[0] for pair in batch.values()], pa.float64()),
            "hm": pa.array([pair[1] for pair in batch.values()], pa.float64()),
        }
    )


def without_nan(value):
    return None if value is None or value != value else value


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(series=batches)
def test_upserts_do_what_a_dictionary_does(database, series):
    database.execute("DELETE FROM hourly")
    model = {}
    for batch, kept in series:
        expected = [0, 0, 0]
        for key, pair in batch.items():
            old = model.get(key)
            new = tuple(map(without_nan, pair))
            if old is not None:
                columns = zip(("ta", "hm"), new, old, strict=True)
                new = tuple(was if value is None and name in kept else value for name, value, was in columns)
            expected[0 if old is None else 1 if new != old else 2] += 1
            model[key] = new if new != old else old
        assert database.upsert("hourly", table_of(batch), KEY, keep_where_missing=sorted(kept)) == UpsertCounts(
            *expected
        )
    stored = database.read("hourly").to_pylist()
    assert {(row["station"], row["tm"]): (row["ta"], row["hm"]) for row in stored} == {
        (station, stamp(hour)): pair for (station, hour), pair in model.items()
    }
    assert len(stored) == len(model)
