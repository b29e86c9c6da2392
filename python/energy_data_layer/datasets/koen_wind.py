"""Hourly generation of KOEN's (남동발전) wind farms, all of them at once, by calendar month."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

from energy_data_layer.datasets.chunks import compact_day, months
from energy_data_layer.datasets.dataset import (
    Chunk,
    Column,
    Dataset,
    Label,
    Service,
    Table,
    ends_by_flag,
    energy_column,
)
from energy_data_layer.datasets.envelope import Envelope
from energy_data_layer.datasets.layouts import KOEN_WIND_API
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

ROWS_PER_PAGE = 100

_HOURS = ", ".join(f'"qhorGen{hour:02d}": {hour}.5' for hour in range(1, 25))
_DAY = f'{{"dgenYmd": "20240229", "ipptNam": "바람마을", "hogi": "1", {_HOURS}}}'


def _parameters(chunk: Chunk, page: int) -> tuple[tuple[str, str], ...]:
    return (
        ("startD", f"{chunk.first:%Y%m%d}"),
        ("endD", f"{chunk.last:%Y%m%d}"),
        ("page", str(page)),
        ("size", str(ROWS_PER_PAGE)),
    )


def _chunk_of(asked: Mapping[str, str]) -> tuple[tuple[str, ...], date, date]:
    return (), compact_day(asked["startD"]), compact_day(asked["endD"])


KOEN_WIND = Dataset(
    name="namdong_wind",
    job="wind",
    max_age=timedelta(days=45),
    label=Label("KOEN wind", "남동발전 풍력"),
    table=Table(
        name="wind_namdong",
        columns=(
            Column("timestamp", pa.timestamp("us"), meaning="end of the hour, KST"),
            Column("plant_name", pa.string(), meaning="name of the wind farm"),
            energy_column("generation"),
        ),
        series=("plant_name",),
        stamp="timestamp",
        stamp_is="end",
        value="generation",
        names=("plant_name",),
    ),
    own_service=Service(
        path="B551893/wind-power-by-hour/list",
        asks_for_series=False,
        pieces=months,
        parameters=_parameters,
        chunk_of=_chunk_of,
        rows_per_page=ROWS_PER_PAGE,
        most_pages=500,
        is_last=ends_by_flag,
        fields=(
            date_field("dgenYmd"),
            text_field("ippt", documented=NUMBER_OR_TEXT),
            text_field("hogi", documented=NUMBER_OR_TEXT),
            text_field("ipptNam", required=True),
            *hour_fields("qhorGen"),
            *number_fields("qsum", "qavg", "qvodMax", "qvodMin"),
        ),
        envelope=Envelope(
            roots=("reponse", "response"),
            header_required=False,
            items="content",
            items_required=True,
            item="",
            xml=False,
        ),
        layout=KOEN_WIND_API,
        probe=f'{{"reponse": {{"body": {{"content": [{_DAY}], "last": true}}}}}}',
    ),
)
"""The dataset, as its service has it: stamps are the ends of hours."""
