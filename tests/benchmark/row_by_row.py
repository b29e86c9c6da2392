"""How a backfill went before: a request per plant and day, one after the other, and rows by executemany."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date, datetime, timedelta
from time import perf_counter
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import httpx

from energy_data_layer.storage.tables import NAMBU_GENERATION
from energy_data_layer.storage.urls import duckdb_path, is_postgresql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from simulated import Services

PATH = "/B552520/PwrSunLightInfo/getDataService"
KEY = ("datetime", "gencd", "hogi")
VALUES = ("plant_name", "generation", "daily_total", "daily_avg", "daily_max", "daily_min")
DAILY = {"daily_total": "qvodgen", "daily_avg": "qvodavg", "daily_max": "qvodmax", "daily_min": "qvodmin"}
Row = dict[str, Any]


def measure(services: Services, url: str, days: list[date], all_days: int) -> dict[str, Any]:
    """Return the seconds of requests and of rows, measured on some days and scaled to all."""
    asking = storing = 0.0
    rows_stored = 0
    with _storing(url) as store, httpx.Client(base_url=services.url) as client:
        for code, unit in services.solar_plants:
            for day in days:
                begin = perf_counter()
                rows = _rows(client, services.key, code, unit, day)
                asked = perf_counter()
                store(rows)
                asking += asked - begin
                storing += perf_counter() - asked
                rows_stored += len(rows)
    requests = len(services.solar_plants) * len(days)
    assert rows_stored == 24 * requests
    scale = all_days / len(days)
    return {
        "requests": round(requests * scale),
        "measured_requests": requests,
        "asking_seconds": asking * scale,
        "storing_seconds": storing * scale,
        "seconds": (asking + storing) * scale,
    }


def _rows(client: httpx.Client, key: str, code: str, unit: str, day: date) -> list[Row]:
    following = day + timedelta(days=1)
    asked = {"pageNo": 1, "numOfRows": 10, "strSdate": f"{day:%Y%m%d}", "strEdate": f"{following:%Y%m%d}"}
    answer = client.get(PATH, params={"serviceKey": key, **asked, "strOrgCd": code, "strHoki": unit})
    items = ET.fromstring(answer.content).iter("item")
    (item,) = (item for item in items if item.findtext("ymd") == str(day))
    midnight = datetime.combine(day, datetime.min.time())
    return [
        {
            "datetime": midnight + timedelta(hours=hour),
            "gencd": code,
            "hogi": unit,
            "plant_name": f"{item.findtext('ipptnm')} {unit}",
            "generation": _number(item.findtext(f"qhorgen{hour + 1:02}")),
            **{column: _number(item.findtext(field)) for column, field in DAILY.items()},
        }
        for hour in range(24)
    ]


def _number(text: str | None) -> float | None:
    return float(text) if text else None


@contextmanager
def _storing(url: str) -> Iterator[Callable[[list[Row]], None]]:
    """Return what stores the rows of a request: DuckDB's executemany, or SQLAlchemy's."""
    names = (*KEY, *VALUES)
    changes = ", ".join(f"{name} = excluded.{name}" for name in VALUES)
    statement = (
        f"INSERT INTO {NAMBU_GENERATION} ({', '.join(names)}) VALUES ({{}}) "
        f"ON CONFLICT ({', '.join(KEY)}) DO UPDATE SET {changes}"
    )
    if is_postgresql(url):
        import sqlalchemy

        engine = sqlalchemy.create_engine(url.replace("postgresql", "postgresql+psycopg2", 1))
        upsert = sqlalchemy.text(statement.format(", ".join(f":{name}" for name in names)))

        def store(rows: list[Row]) -> None:
            with engine.begin() as connection:
                connection.execute(upsert, rows)

        yield store
        engine.dispose()
        return
    import duckdb

    with duckdb.connect(str(duckdb_path(url))) as connection:
        upsert_in_duckdb = statement.format(", ".join("?" for _ in names))

        def store_in_duckdb(rows: list[Row]) -> None:
            connection.begin()
            connection.executemany(upsert_in_duckdb, [[row[name] for name in names] for row in rows])
            connection.commit()

        yield store_in_duckdb
