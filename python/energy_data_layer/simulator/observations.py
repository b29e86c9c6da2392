"""Made-up observations of any station in any hour, or those of the portal's files."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.datasets.asos import ASOS
from energy_data_layer.files.weather import read_asos_files
from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, SampleStation, asos_sample_table, hours_between
from energy_data_layer.simulator.signals import chance, seed_of

if TYPE_CHECKING:
    from datetime import date

    from energy_data_layer.simulator.options import SimulatorOptions

SCHEMA = ASOS.service.item_schema
_CLOUD_TYPES = np.array(["Ci", "Sc", "ScAs", "CuSc", "NsSt"])
_BY_NUMBER = {station.number: station for station in SAMPLE_STATIONS}


def observations(number: int, first: date, last: date, options: SimulatorOptions) -> pa.Table:
    """Return what the service has of a station in a period.

    Parameters
    ----------
    number : int
        The station.
    first, last : datetime.date
        The first and the last day, both included.
    options : SimulatorOptions
        Where the observations come from, and what is absent.

    Returns
    -------
    pyarrow.Table
        One row per hour, in the order of time, with the columns that the service sends, typed as in
        `energy_data_layer.datasets.asos`; without rows where the station is unknown.
    """
    behind = min(np.datetime64(last) + 1, np.datetime64(options.day_in_korea()))
    rows = SCHEMA.empty_table()
    if options.files is not None:
        rows = _stations_of_files(os.fspath(options.files)).get(number, rows)
    elif name := _name_of(number, options):
        months = np.arange(np.datetime64(first, "M"), (behind - 1).astype("datetime64[M]") + 1).tolist()
        rows = pa.concat_tables([rows, *(_month(number, name, month, options.seed) for month in months)])
    rows = hours_between(rows, np.datetime64(first, "s"), behind.astype("datetime64[s]") - 1)
    absent_days = set(options.asos_days_absent.get(number, ()))
    share = options.asos_absent_hours
    if not absent_days and not share:
        return rows
    present = [
        stamp.date() not in absent_days and chance(options.seed, "absent", number, stamp) >= share
        for stamp in rows["tm"].to_pylist()
    ]
    return rows.filter(pa.array(present, pa.bool_()))


def _name_of(number: int, options: SimulatorOptions) -> str | None:
    if options.stations is not None:
        return options.stations.get(number)
    if number in _BY_NUMBER:
        return _BY_NUMBER[number].name
    return f"지점{number}" if 90 <= number < 300 else None


@lru_cache(maxsize=4)
def _stations_of_files(folder: str) -> dict[int, pa.Table]:
    """Return the observations of a folder's files by station, each in the order of time."""
    table = pa.concat_tables(
        [SCHEMA.empty_table(), read_asos_files(f"{folder}/*.csv").table], promote_options="default"
    )
    ordered = table.select(SCHEMA.names).sort_by([("stnId", "ascending"), ("tm", "ascending")])
    numbers = ordered["stnId"].unique().to_pylist()
    return {number: ordered.filter(pc.field("stnId") == number) for number in numbers}


@lru_cache(maxsize=200)
def _month(number: int, name: str, first: date, seed: int) -> pa.Table:
    until = (np.datetime64(first, "M") + 1).item()
    station = _station(number, name, seed)
    sample = asos_sample_table(stations=[station], since=first, until=until, seed=seed_of(seed, "asos", first))
    sample = sample.slice(0, sample.num_rows - 1)
    columns = {column: sample[column] for column in sample.column_names}
    columns |= _derived(station, sample, np.random.default_rng(seed_of(seed, "derived", number, first)))
    return pa.table({name: columns[name] for name in SCHEMA.names}, schema=SCHEMA)


def _station(number: int, name: str, seed: int) -> SampleStation:
    """Return what makes a station's weather its own, made up where it is none of the sample's."""
    if number in _BY_NUMBER:
        return replace(_BY_NUMBER[number], name=name)
    north, height, warm, wind = (chance(seed, "station", number, aspect) for aspect in range(4))
    altitude = round(300 * height**3, 1)
    return SampleStation(number, name, 33.2 + 5 * north, altitude, 10 + 6 * warm, 13.0, 4.0, 1 + 3 * wind)


def _derived(station: SampleStation, sample: pa.Table, rng: np.random.Generator) -> dict[str, pa.Array]:
    """Return the columns that the sample does not have, as they follow from those that it has."""
    size = sample.num_rows
    seen = {name: sample[name].to_numpy(zero_copy_only=False) for name in sample.column_names}
    temperature, cloud = seen["ta"], seen["dc10Tca"]
    vapour = 6.112 * np.exp(17.62 * temperature / (243.12 + temperature)) * seen["hm"] / 100
    logarithm = np.log(np.maximum(vapour, 0.01) / 6.112)
    ground = temperature + 1.5
    numbers = {
        "pv": np.round(vapour, 1),
        "td": np.round(243.12 * logarithm / (17.62 - logarithm), 1),
        "ps": np.round(seen["pa"] * np.exp(station.altitude / 8430), 1),
        "hr3Fhsc": np.where(rng.random(size) < 1 / 3, np.round(seen["dsnw"] / 10, 1), np.nan),
        "dc10LmcsCa": np.floor(cloud * 0.8),
        "lcsCh": np.where(cloud > 2, np.round(8 + 20 * rng.random(size)), np.nan),
        "vs": np.round(np.clip(2500 - 15 * seen["hm"], 50, 2000)),
        "ts": np.round(ground, 1),
    }
    for name, keep in (("m005Te", 0.8), ("m01Te", 0.7), ("m02Te", 0.6), ("m03Te", 0.5)):
        numbers[name] = np.round(station.mean_temperature + keep * (ground - station.mean_temperature), 1)
    wet = seen["rn"] > 0
    texts = {
        "clfmAbbrCd": (_CLOUD_TYPES[rng.integers(_CLOUD_TYPES.size, size=size)], cloud > 2),
        "gndSttCd": (np.where(wet, "1", "0"), rng.random(size) < 1 / 24),
        "dmstMtphNo": (np.where(temperature < 0, "40", "20"), wet),
    }
    flags = {}
    for name in ("ta", "rn", "ws", "wd", "hm", "pa", "ss", "ps", "ts"):
        missing = np.isnan((seen | numbers)[name])
        suspect = rng.random(size) < 0.003
        # A blank of rain is none.
        flagged = suspect & ~missing if name == "rn" else suspect | missing
        flags[f"{name}Qcflg"] = pa.array(np.where(missing, 9, 1), pa.int8(), mask=~flagged)
    return {
        # Adding zero turns -0.0, which the service does not send, into 0.0.
        **{name: pa.array(values + 0.0, pa.float64(), from_pandas=True) for name, values in numbers.items()},
        **{name: pa.array(values, pa.string(), mask=~present) for name, (values, present) in texts.items()},
        **flags,
    }
