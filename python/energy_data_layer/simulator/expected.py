"""What a perfect collection would have stored, to compare tables with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from energy_data_layer.datasets.asos import ASOS
from energy_data_layer.simulator.generation import HOURS, PlantDay, plant_day, published_days
from energy_data_layer.simulator.observations import observations

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from energy_data_layer.simulator.options import SimulatorOptions

STAMP = pa.timestamp("us")

WIND_SCHEMA = pa.schema([("timestamp", STAMP), ("plant_name", pa.string()), ("generation", pa.float64())])
SOLAR_SCHEMA = pa.schema(
    [
        ("datetime", STAMP),
        ("gencd", pa.string()),
        ("plant_name", pa.string()),
        ("hogi", pa.string()),
        ("generation", pa.float64()),
        ("daily_total", pa.float64()),
        ("daily_avg", pa.float64()),
        ("daily_max", pa.float64()),
        ("daily_min", pa.float64()),
    ]
)


def asos(stations: Iterable[int], first: date, last: date, options: SimulatorOptions) -> pa.Table:
    """Return the observations of stations, by station and hour."""
    schema = ASOS.service.item_schema
    tables = [observations(number, first, last, options) for number in sorted(set(stations))]
    rows = pa.concat_tables([schema.empty_table(), *tables])
    stamp = schema.get_field_index("tm")
    return rows.set_column(stamp, "tm", rows["tm"].cast(STAMP))


def wind(first: date, last: date, options: SimulatorOptions) -> pa.Table:
    """Return the generation of all wind farms, by end of the hour and name."""
    rows = []
    for plant in options.wind_plants:
        for day in published_days(plant, first, last, options):
            generated = plant_day("wind", plant, day, options)
            rows += [
                {"timestamp": stamp, "plant_name": generated.plant_name, "generation": kwh}
                for stamp, kwh in zip(_hours(generated, first_stamp=1), generated.hours, strict=True)
            ]
    table = pa.Table.from_pylist(rows, schema=WIND_SCHEMA)
    return table.sort_by([("timestamp", "ascending"), ("plant_name", "ascending")])


def solar(
    first: date, last: date, options: SimulatorOptions, plants: Iterable[tuple[str, str]] | None = None
) -> pa.Table:
    """Return the generation of solar plants, by start of the hour, code and unit; of all plants if none is named."""
    wanted = None if plants is None else set(plants)
    rows = []
    for plant in options.solar_plants:
        if wanted is not None and (plant.code, plant.unit) not in wanted:
            continue
        for day in published_days(plant, first, last, options):
            generated = plant_day("solar", plant, day, options)
            of_day = {
                "gencd": plant.code,
                "plant_name": generated.plant_name,
                "hogi": plant.unit,
                "daily_total": generated.total,
                "daily_avg": generated.mean,
                "daily_max": generated.most,
                "daily_min": generated.least,
            }
            rows += [
                {"datetime": stamp, "generation": kwh, **of_day}
                for stamp, kwh in zip(_hours(generated, first_stamp=0), generated.hours, strict=True)
            ]
    table = pa.Table.from_pylist(rows, schema=SOLAR_SCHEMA)
    return table.sort_by([("datetime", "ascending"), ("gencd", "ascending"), ("hogi", "ascending")])


def _hours(generated: PlantDay, *, first_stamp: int) -> list[object]:
    stamps = np.datetime64(generated.day, "us") + np.arange(first_stamp, first_stamp + HOURS) * np.timedelta64(1, "h")
    return list(stamps.tolist())
