"""Hourly generation of KOSPO's (남부발전) solar plants, by plant, unit and calendar year."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

from energy_data_layer.datasets.chunks import compact_day, years
from energy_data_layer.datasets.dataset import (
    Chunk,
    Column,
    Dataset,
    Label,
    Service,
    Table,
    ends_by_total,
    energy_column,
)
from energy_data_layer.datasets.envelope import Envelope
from energy_data_layer.datasets.layouts import KOSPO_SOLAR_API
from energy_data_layer.datasets.payload_fields import (
    NUMBER_OR_TEXT,
    date_field,
    hour_fields,
    number_fields,
    text_field,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

ROWS_PER_PAGE = 400

_ONE_DAY = timedelta(days=1)


def _parameters(chunk: Chunk, page: int) -> tuple[tuple[str, str], ...]:
    # Some days are answered only when the request ends with the day after them; rows of that day are dropped.
    gencd, hogi = chunk.key
    return (
        ("pageNo", str(page)),
        ("numOfRows", str(ROWS_PER_PAGE)),
        ("strSdate", f"{chunk.first:%Y%m%d}"),
        ("strEdate", f"{chunk.last + _ONE_DAY:%Y%m%d}"),
        ("strOrgCd", gencd),
        ("strHoki", hogi),
    )


def _chunk_of(asked: Mapping[str, str]) -> tuple[tuple[str, ...], date, date]:
    last = compact_day(asked["strEdate"]) - _ONE_DAY
    return (asked["strOrgCd"], asked["strHoki"]), compact_day(asked["strSdate"]), last


def _daily(name: str, meaning: str) -> Column:
    return Column(name, pa.float64(), "kWh", meaning)


KOSPO_SOLAR = Dataset(
    name="nambu_solar",
    job="solar",
    max_age=timedelta(hours=36),
    label=Label("KOSPO solar", "남부발전 태양광"),
    table=Table(
        name="nambu_generation",
        columns=(
            Column("datetime", pa.timestamp("us"), meaning="beginning of the hour, KST"),
            Column("gencd", pa.string(), meaning="code of the plant"),
            Column("plant_name", pa.string(), meaning="name of the plant"),
            Column("hogi", pa.string(), meaning="generating unit"),
            energy_column("generation"),
            _daily("daily_total", "published total of the day"),
            _daily("daily_avg", "published mean of the day's hours"),
            _daily("daily_max", "published greatest hour of the day"),
            _daily("daily_min", "published least hour of the day"),
        ),
        series=("gencd", "hogi"),
        stamp="datetime",
        value="generation",
        names=("plant_name",),
    ),
    own_service=Service(
        path="B552520/PwrSunLightInfo/getDataService",
        asks_for_series=True,
        pieces=years,
        parameters=_parameters,
        chunk_of=_chunk_of,
        rows_per_page=ROWS_PER_PAGE,
        most_pages=100,
        is_last=ends_by_total,
        fields=(
            date_field("ymd"),
            text_field("gencd", required=True, documented=NUMBER_OR_TEXT),
            text_field("ipptnm"),
            text_field("hogi", required=True, documented=NUMBER_OR_TEXT),
            *number_fields("qvodgen", "qvodavg", "qvodmax", "qvodmin"),
            *hour_fields("qhorgen"),
        ),
        envelope=Envelope(success=("00", "800")),
        layout=KOSPO_SOLAR_API,
        renamed={"qvodgen": "daily_total", "qvodavg": "daily_avg", "qvodmax": "daily_max", "qvodmin": "daily_min"},
        plant_fallback="gencd",
        series_setting="solar_plants",
        without_series="no solar plant is known: name them as code:unit with --plants or in EDL_SOLAR_PLANTS",
    ),
)
"""The dataset, as its service has it: stamps are the beginnings of hours."""
