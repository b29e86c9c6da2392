"""Made-up rows with every kind of hole, for the tests of the data-quality page."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa

from energy_data_layer.core.provenance import Provenance
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.migrations import add_fill_columns, migrate
from energy_data_layer.storage.runs import RunLog
from energy_data_layer.storage.tables import (
    DRIFT,
    DRIFT_KEY,
    FILL_CHANGE_KEY,
    FILL_CHANGES,
    GENERATION_HOURLY,
    GENERATION_KEY,
    NAMBU_GENERATION,
    NAMBU_KEY,
    REJECT_KEY,
    REJECTS,
    WEATHER_ASOS,
    WEATHER_KEY,
    WIND_KEY,
    WIND_NAMDONG,
)

FIELDS = ("ta", "hm")
STATIONS = {108: "서울", 159: "부산", 192: "진주"}
FIRST = datetime(2023, 12, 20, 5)
HOURS = 24 * 40
HOSTILE = "<script>document.title='taken'</script><img src=x onerror=alert(1)>"
CHANGED = datetime(2024, 2, 1, 3)


def weather(seed=0):
    """Return hours of three stations: fills of short and long gaps, hours without a value, hours without a row."""
    random = np.random.default_rng(seed)
    tables = []
    for number, name in STATIONS.items():
        table = pd.DataFrame({"stnId": number, "stnNm": name, "tm": pd.date_range(FIRST, periods=HOURS, freq="h")})
        for field in FIELDS:
            table[field] = random.normal(10, 4, HOURS).round(1)
            codes = np.zeros(HOURS, np.uint8)
            for start in random.integers(0, HOURS - 80, 25):
                length = int(random.choice([1, 2, 3, 5, 30, 75], p=[0.4, 0.2, 0.1, 0.15, 0.1, 0.05]))
                codes[start : start + length] = Provenance.SPLINE if length <= 3 else Provenance.CLIMATOLOGY
            codes[700:704] = Provenance.UNFILLED
            table.loc[codes == Provenance.UNFILLED, field] = np.nan
            table[f"{field}_provenance"] = codes
        tables.append(table.drop(index=range(400, 400 + 30 * (number == 159))))
    return pd.concat(tables, ignore_index=True)


def generation():
    """Return hours of a plant of files, one without a value; its name is not to be trusted."""
    hours = pd.date_range("2024-01-01", periods=72, freq="h")
    table = pd.DataFrame({"publisher": "WP", "plant": HOSTILE, "unit": "", "interval_start": hours, "kwh": 1.5})
    table.loc[30, "kwh"] = np.nan
    return table


def wind():
    """Return a month of a wind farm, by the end of the hour, without its tenth day."""
    hours = pd.date_range("2024-01-01 01:00", periods=31 * 24, freq="h")
    table = pd.DataFrame({"timestamp": hours, "plant_name": "영흥풍력", "generation": 3.0})
    return table.drop(index=range(9 * 24, 10 * 24))


def solar():
    """Return days of a solar plant with published totals, two of which differ, one by rounding alone."""
    hours = pd.date_range("2024-01-01", periods=5 * 24, freq="h")
    table = pd.DataFrame({"datetime": hours, "gencd": "997D", "hogi": "1", "plant_name": "한들", "generation": 10.0})
    table["daily_total"] = np.repeat([240.0, 239.0, 480.0, 240.0, 240.0], 24)
    table.loc[table.index[-3:], "generation"] = np.nan
    return table


def fill(url):
    """Store all of it in a database."""
    with Database.connect(url) as database:
        migrate(database)
        add_fill_columns(database, WEATHER_ASOS, FIELDS)
        for table, rows, key in (
            (WEATHER_ASOS, weather(), WEATHER_KEY),
            (GENERATION_HOURLY, generation(), GENERATION_KEY),
            (WIND_NAMDONG, wind(), WIND_KEY),
            (NAMBU_GENERATION, solar(), NAMBU_KEY),
            (FILL_CHANGES, replaced(), FILL_CHANGE_KEY),
            (REJECTS, rejected(), REJECT_KEY),
            (DRIFT, drifted(), DRIFT_KEY),
        ):
            database.upsert(table, pa.Table.from_pandas(rows, preserve_index=False), key)
        _run_the_generation_job(RunLog(database), [("a.csv", 7, "2024-01-02"), ("b.csv", 9, "2024-01-03")])
        _run_the_generation_job(RunLog(database), [("b.csv", 8, "2024-01-04")], files=["b.csv"])
        log = RunLog(database)
        log.finish(log.begin("wind"), "failed", message=HOSTILE)
        log.begin("solar")


def replaced():
    return pd.DataFrame(
        {
            "run_id": "r",
            "stnId": 108,
            "tm": pd.date_range(FIRST, periods=30, freq="h"),
            "field": "ta",
            "old_value": 1.0,
            "old_provenance": np.repeat([4, 3], [20, 10]).astype("uint8"),
            "new_value": 2.0,
            "new_provenance": np.uint8(0),
            "changed": CHANGED,
        }
    )


def rejected():
    lines = np.arange(30)
    return pd.DataFrame(
        {
            "file": "a.csv",
            "line": lines,
            "publisher": "WP",
            "reason": [f"unreadable day: {line}" if line < 25 else f"{HOSTILE}: x" for line in lines],
            "content": [HOSTILE * 9 if line == 29 else "a,b" for line in lines],
            "first_seen": [CHANGED + timedelta(minutes=int(line)) for line in lines],
        }
    )


def drifted():
    return pd.DataFrame(
        {
            "run_id": "r",
            "table_name": "wind_namdong",
            "kind": ["field_new"] * 59 + ["unheard_of"],
            "subject": HOSTILE,
            "field": [f"windy{number}" for number in range(60)],
            "detail": "true",
            "noticed": CHANGED,
        }
    )


def _run_the_generation_job(log, mismatches, files=("a.csv", "b.csv")):
    report = {
        "files": [{"path": f"data/{file}"} for file in files],
        "total_mismatches": [
            {"file": file, "line": line, "plant": HOSTILE, "day": day, "hours": 90.0, "total": 100.0}
            for file, line, day in mismatches
        ],
        "shadow": {"calls": 3, "transforms": {"complete_hours": {"mismatches": 1}}},
    }
    run_id = log.begin("generation")
    log.finish(run_id, "succeeded")
    with log._connection() as database:
        database.execute(
            "UPDATE runs SET report = $1, started = $2 WHERE run_id = $3",
            [json.dumps(report), CHANGED + timedelta(hours=len(files) == 1), run_id],
        )
