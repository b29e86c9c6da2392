"""Made-up observations of any station in any hour, or those of the portal's files."""

from __future__ import annotations

import os
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.datasets.asos import ASOS
from energy_data_layer.files.weather import read_asos_files
from energy_data_layer.simulator.chance import chance, seed_of
from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, SampleStation, asos_sample_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from energy_data_layer.simulator.options import SimulatorOptions
    from energy_data_layer.simulator.signals import Values

_MONTHS_KEPT = 200
_MISSING, _SUSPECT = 9, 1
_SHARE_SUSPECT = 0.003
_CLOUD_TYPES = np.array(["Ci", "Sc", "ScAs", "CuSc", "NsSt"])

_NUMBERS = range(90, 300)
"""The numbers that stations of the network have."""

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
    last = min(last, options.day_in_korea() - timedelta(days=1))
    if options.files is not None:
        stored = _stations_of_files(os.fspath(options.files)).get(number)
        rows = ASOS.service.item_schema.empty_table() if stored is None else stored
        return _without_absent(_between(rows, first, last), number, options)
    name = _name_of(number, options)
    if name is None or last < first:
        return ASOS.service.item_schema.empty_table()
    rows = pa.concat_tables(_month(number, name, month, options.seed) for month in _months(first, last))
    return _without_absent(_between(rows, first, last), number, options)


def hours_between(rows: pa.Table, first: np.datetime64, last: np.datetime64) -> pa.Table:
    """Return the rows from one stamp to another, both included, of rows in the order of time."""
    stamps = rows["tm"].to_numpy()
    start, end = np.searchsorted(stamps, first, "left"), np.searchsorted(stamps, last, "right")
    return rows.slice(int(start), max(0, int(end - start)))


def _name_of(number: int, options: SimulatorOptions) -> str | None:
    if options.stations is not None:
        return options.stations.get(number)
    if number not in _NUMBERS:
        return None
    known = _BY_NUMBER.get(number)
    return known.name if known else f"지점{number}"


def _months(first: date, last: date) -> list[date]:
    months = [first.replace(day=1)]
    while (following := _month_after(months[-1])) <= last:
        months.append(following)
    return months


def _month_after(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _between(rows: pa.Table, first: date, last: date) -> pa.Table:
    day_after = np.datetime64(last, "s") + np.timedelta64(1, "D")
    return hours_between(rows, np.datetime64(first, "s"), day_after - np.timedelta64(1, "s"))


def _without_absent(rows: pa.Table, number: int, options: SimulatorOptions) -> pa.Table:
    absent_days = set(options.asos_days_absent.get(number, ()))
    share = options.asos_absent_hours
    if not absent_days and not share:
        return rows
    present = [
        stamp.date() not in absent_days and chance(options.seed, "absent", number, stamp) >= share
        for stamp in rows["tm"].to_pylist()
    ]
    return rows.filter(pa.array(present, pa.bool_()))


@lru_cache(maxsize=4)
def _stations_of_files(folder: str) -> dict[int, pa.Table]:
    """Return the observations of a folder's files by station, each in the order of time."""
    table = read_asos_files(f"{folder}/*.csv").table
    columns = [
        table[field.name].cast(field.type) if field.name in table.column_names else pa.nulls(len(table), field.type)
        for field in ASOS.service.item_schema
    ]
    ordered = pa.table(columns, schema=ASOS.service.item_schema).sort_by([("stnId", "ascending"), ("tm", "ascending")])
    numbers = ordered["stnId"].unique().to_pylist()
    return {number: ordered.filter(pc.field("stnId") == number) for number in numbers}


@lru_cache(maxsize=_MONTHS_KEPT)
def _month(number: int, name: str, first: date, seed: int) -> pa.Table:
    station = _station(number, name, seed)
    sample = asos_sample_table(
        stations=[station], since=first, until=_month_after(first), seed=seed_of(seed, "asos", first)
    )
    sample = sample.slice(0, sample.num_rows - 1)
    columns = {column: sample[column] for column in sample.column_names}
    columns |= _derived(station, sample, np.random.default_rng(seed_of(seed, "derived", number, first)))
    return pa.table(
        {field.name: columns[field.name] for field in ASOS.service.item_schema}, schema=ASOS.service.item_schema
    )


def _station(number: int, name: str, seed: int) -> SampleStation:
    """Return what makes a station's weather its own, made up where it is none of the sample's."""
    known = _BY_NUMBER.get(number)
    if known is not None:
        return SampleStation(known.number, name, *(getattr(known, field) for field in SampleStation.__slots__[2:]))
    north, height, warm, wind = (chance(seed, "station", number, aspect) for aspect in range(4))
    return SampleStation(
        number, name, 33.2 + 5 * north, round(300 * height**3, 1), 10 + 6 * warm, 13.0, 4.0, 1 + 3 * wind
    )


def _derived(station: SampleStation, sample: pa.Table, rng: np.random.Generator) -> dict[str, pa.Array]:
    """Return the columns that the sample does not have, as they follow from those that it has."""
    size = sample.num_rows
    temperature, humidity, pressure, cloud, rain = (
        sample[name].to_numpy(zero_copy_only=False) for name in ("ta", "hm", "pa", "dc10Tca", "rn")
    )
    saturation = 6.112 * np.exp(17.62 * temperature / (243.12 + temperature))
    vapour = saturation * humidity / 100
    logarithm = np.log(np.maximum(vapour, 0.01) / 6.112)
    ground = temperature + 1.5
    snow = sample["dsnw"].to_numpy(zero_copy_only=False)
    numbers = {
        "pv": np.round(vapour, 1),
        "td": np.round(243.12 * logarithm / (17.62 - logarithm), 1),
        "ps": np.round(pressure * np.exp(station.altitude / 8430), 1),
        "hr3Fhsc": np.where(rng.random(size) < 1 / 3, np.round(snow / 10, 1), np.nan),
        "dc10LmcsCa": np.floor(cloud * 0.8),
        "lcsCh": np.where(cloud > 2, np.round(8 + 20 * rng.random(size)), np.nan),
        "vs": np.round(np.clip(2500 - 15 * humidity, 50, 2000)),
        "ts": np.round(ground, 1),
        **{
            name: np.round(station.mean_temperature + keep * (ground - station.mean_temperature), 1)
            for name, keep in (("m005Te", 0.8), ("m01Te", 0.7), ("m02Te", 0.6), ("m03Te", 0.5))
        },
    }
    wet = rain > 0
    return {
        **{name: _numbers(values) for name, values in numbers.items()},
        "clfmAbbrCd": _texts(_CLOUD_TYPES[rng.integers(_CLOUD_TYPES.size, size=size)], cloud > 2),
        "gndSttCd": _texts(np.where(wet, "1", "0"), rng.random(size) < 1 / 24),
        "dmstMtphNo": _texts(np.where(temperature < 0, "40", "20"), wet),
        **{
            f"{name}Qcflg": _flags(values, rng, blank_is_missing=name != "rn")
            for name, values in {
                **{
                    name: sample[name].to_numpy(zero_copy_only=False)
                    for name in ("ta", "rn", "ws", "wd", "hm", "pa", "ss")
                },
                "ps": numbers["ps"],
                "ts": numbers["ts"],
            }.items()
        },
    }


def _numbers(values: Values) -> pa.Array:
    # Adding zero turns -0.0, which the service does not send, into 0.0.
    return pa.array(values + 0.0, pa.float64(), from_pandas=True)


def _texts(values: NDArray[np.str_], present: NDArray[np.bool_]) -> pa.Array:
    return pa.array(values.tolist(), pa.string(), mask=~present)


def _flags(values: Values, rng: np.random.Generator, *, blank_is_missing: bool) -> pa.Array:
    missing = np.isnan(values)
    suspect = rng.random(values.size) < _SHARE_SUSPECT
    flagged = (missing & blank_is_missing) | (suspect & ~missing)
    return pa.array(np.where(missing, _MISSING, _SUSPECT), pa.int8(), mask=~flagged)
