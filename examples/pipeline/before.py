"""A pipeline as many have it: requests, pandas, SciPy, SQLAlchemy, Prefect. Then: `after.py`."""

import os
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import requests
from prefect import flow
from scipy.interpolate import CubicSpline
from sqlalchemy import Engine, create_engine, text

SERVICES = os.environ.get("EDL_SERVICES_URL", "https://apis.data.go.kr")
STATIONS = (108, 159)
COLUMNS = ("ta", "hm")


def _get(path: str, **parameters: object) -> dict:
    asked = {"serviceKey": os.environ["EDL_SERVICE_KEY"]} | parameters
    answer = requests.get(f"{SERVICES}/{path}", params=asked, timeout=30)
    answer.raise_for_status()
    return answer.json()


# Weather


def _rows_from_api_payload(payload: dict) -> pd.DataFrame:
    rows = pd.DataFrame(payload["response"]["body"]["items"]["item"])
    rows["tm"] = pd.to_datetime(rows["tm"])
    rows["stnId"] = rows["stnId"].astype(int)
    for name in COLUMNS:
        rows[name] = pd.to_numeric(rows[name], errors="coerce")
    return rows[["stnId", "stnNm", "tm", *COLUMNS]]


def _fetch_api_days(station: int, first: date, last: date) -> pd.DataFrame:
    days = []
    for number in range((last - first).days + 1):
        day = f"{first + timedelta(days=number):%Y%m%d}"
        payload = _get(
            "1360000/AsosHourlyInfoService/getWthrDataList",
            pageNo=1,
            numOfRows=999,
            dataType="JSON",
            dataCd="ASOS",
            dateCd="HR",
            startDt=day,
            startHh="00",
            endDt=day,
            endHh="23",
            stnIds=station,
        )
        days.append(_rows_from_api_payload(payload))
    return pd.concat(days, ignore_index=True)


def complete_hours(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a station with a row for each hour."""
    hours = pd.date_range(rows["tm"].min(), rows["tm"].max(), freq="h", name="tm")
    whole = rows.set_index("tm").reindex(hours).reset_index()
    whole[["stnId", "stnNm"]] = whole[["stnId", "stnNm"]].ffill()
    return whole.astype({"stnId": int})


def impute_missing_values(rows: pd.DataFrame) -> pd.DataFrame:
    """Fill short gaps by a spline, long ones by the mean of the same hour of the year, else of all hours."""
    filled = rows.copy()
    for name in COLUMNS:
        values = rows[name]
        at = np.arange(len(values))
        known = values.notna()
        spline = CubicSpline(at[known], values[known], bc_type="not-a-knot")(at)
        hour_of_year = [rows["tm"].dt.month, rows["tm"].dt.day, rows["tm"].dt.hour]
        climatology = values.groupby(hour_of_year).transform("mean").fillna(values.mean())
        nearest = values.ffill().where(values.bfill().isna(), values.bfill())
        inside = values.ffill().notna() & values.bfill().notna()
        gap = (known != known.shift()).cumsum()
        is_short = values.groupby(gap).transform("size") <= 3
        guess = climatology.where(~is_short, nearest.where(~inside, spline))
        filled[name] = values.fillna(guess)
    filled["hm"] = filled["hm"].clip(0, 100)
    return filled


def upsert_weather(engine: Engine, rows: pd.DataFrame) -> None:
    """Store observations, in place of those that are there."""
    with engine.begin() as connection:
        connection.execute(
            text(
                'CREATE TABLE IF NOT EXISTS weather_asos ("stnId" BIGINT, "stnNm" TEXT, tm TIMESTAMP, '
                'ta DOUBLE PRECISION, hm DOUBLE PRECISION, PRIMARY KEY ("stnId", tm))'
            )
        )
        connection.execute(
            text(
                'INSERT INTO weather_asos ("stnId", "stnNm", tm, ta, hm) VALUES (:stnId, :stnNm, :tm, :ta, :hm) '
                'ON CONFLICT ("stnId", tm) DO UPDATE SET ta = excluded.ta, hm = excluded.hm'
            ),
            rows.to_dict("records"),
        )


@flow
def daily_weather(first: date, last: date) -> None:
    """Fetch, complete, fill and store the hours of some days."""
    engine = create_engine(os.environ["BEFORE_DATABASE_URL"])
    for station in STATIONS:
        rows = complete_hours(_fetch_api_days(station, first, last))
        upsert_weather(engine, impute_missing_values(rows))


# Wind


def fetch_namdong_wind_api(first: date, last: date) -> pd.DataFrame:
    """Return the days of all wind farms, a row each with 24 columns."""
    pages: list[dict] = []
    for page in range(1, 1000):
        body = _get(
            "B551893/wind-power-by-hour/list",
            startD=f"{first:%Y%m%d}",
            endD=f"{last:%Y%m%d}",
            page=page,
            size=100,
        )["reponse"]["body"]
        pages += body["content"]
        if body["last"] or not body["content"]:
            break
    return pd.DataFrame(pages)


def transform_wide_to_long(days: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each hour, by its end."""
    hours = [f"qhorGen{hour:02d}" for hour in range(1, 25)]
    rows = days.melt(["dgenYmd", "ipptNam", "hogi"], hours, "hour", "generation")
    ends = pd.to_timedelta(rows["hour"].str[-2:].astype(int), unit="h")
    return pd.DataFrame(
        {
            "timestamp": pd.to_datetime(rows["dgenYmd"]) + ends,
            "plant_name": rows["ipptNam"].str.strip() + " " + rows["hogi"].astype(str).str.strip(),
            "generation": pd.to_numeric(rows["generation"], errors="coerce"),
        }
    )


def upsert_wind_namdong(engine: Engine, rows: pd.DataFrame) -> None:
    """Store hours, in place of those that are there."""
    with engine.begin() as connection:
        connection.execute(
            text(
                'CREATE TABLE IF NOT EXISTS wind_namdong ("timestamp" TIMESTAMP, plant_name TEXT, '
                'generation DOUBLE PRECISION, PRIMARY KEY ("timestamp", plant_name))'
            )
        )
        connection.execute(
            text(
                "INSERT INTO wind_namdong VALUES (:timestamp, :plant_name, :generation) ON CONFLICT "
                '("timestamp", plant_name) DO UPDATE SET generation = excluded.generation'
            ),
            rows.astype(object).where(rows.notna(), None).to_dict("records"),
        )


@flow
def backfill(first: date, last: date) -> None:
    """Fetch and store the hours of the wind farms, month by month."""
    engine = create_engine(os.environ["BEFORE_DATABASE_URL"])
    while first <= last:
        end = min(last, (first.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1))
        upsert_wind_namdong(engine, transform_wide_to_long(fetch_namdong_wind_api(first, end)))
        first = end + timedelta(days=1)


if __name__ == "__main__":
    yesterday = datetime.now(ZoneInfo("Asia/Seoul")).date() - timedelta(days=1)
    daily_weather(yesterday - timedelta(days=30), yesterday)
    backfill(yesterday - timedelta(days=60), yesterday)
