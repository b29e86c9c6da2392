"""A table, rows for it and what is stored of them, for the tests of the storage."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pyarrow as pa

from energy_data_layer.storage.database import Database

KEY = ["station", "tm"]
NOON = datetime(2024, 1, 1, 12)


def create_table(database):
    database.execute(
        "CREATE TABLE hourly (station BIGINT, tm TIMESTAMP, ta DOUBLE PRECISION, hm DOUBLE PRECISION, "
        "PRIMARY KEY (station, tm))"
    )


def rows(stations, ta, hm=None):
    columns = {"station": pa.array(stations, pa.int64()), "tm": [NOON] * len(stations)}
    columns["ta"] = pa.array(ta, pa.float64())
    if hm is not None:
        columns["hm"] = pa.array(hm, pa.float64())
    return pa.table(columns)


def many_rows(count):
    return pa.table(
        {
            "station": pa.array(np.arange(count)),
            "tm": pa.array(np.full(count, np.datetime64(NOON, "us"))),
            "ta": np.random.default_rng(0).random(count),
        }
    )


def contents(database):
    return database.read("hourly").sort_by("station").to_pylist()


def stored(url):
    with Database.connect(url) as database:
        return contents(database)
