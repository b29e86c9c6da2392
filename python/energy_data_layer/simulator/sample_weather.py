"""Made-up ASOS hourly observations: seeded, plausible, and with the faults that real exports have."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from energy_data_layer.datasets.asos import ASOS_COLUMNS
from energy_data_layer.errors import OptionError
from energy_data_layer.simulator.signals import Hours, Values, decaying_sum, noise, sine_of_sun, year_angle

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike


@dataclass(frozen=True, slots=True)
class SampleStation:
    """What makes the weather of one station its own.

    Attributes
    ----------
    number : int
        The station's number in the ASOS network.
    name : str
        Its name.
    latitude : float
        Degrees north.
    altitude : float
        Metres above the sea.
    mean_temperature : float
        Mean of a year, °C.
    yearly_swing, daily_swing : float
        Half the range between the warmest and the coldest season, and between afternoon and dawn, °C.
    mean_wind : float
        Mean wind speed, m/s.
    """

    number: int
    name: str
    latitude: float
    altitude: float
    mean_temperature: float
    yearly_swing: float
    daily_swing: float
    mean_wind: float


SAMPLE_STATIONS = (
    SampleStation(100, "대관령", 37.68, 773.0, 7.1, 13.0, 4.2, 3.6),
    SampleStation(108, "서울", 37.57, 86.0, 12.8, 14.0, 4.2, 2.3),
    SampleStation(112, "인천", 37.48, 69.0, 12.5, 13.2, 3.0, 2.9),
    SampleStation(159, "부산", 35.10, 70.0, 15.0, 11.2, 3.1, 3.3),
    SampleStation(184, "제주", 33.51, 21.0, 16.2, 10.4, 2.6, 3.1),
)
"""The stations of the default data set: mountain, inland city, west coast, south coast, island."""

_DECIMALS = {"icsr": 2, "wd": 0, "hm": 0, "dc10Tca": 0}
"""Of the fields that do not have one."""


def asos_sample_table(
    *,
    stations: Sequence[SampleStation] = SAMPLE_STATIONS,
    since: date = date(2022, 1, 1),
    until: date = date(2025, 1, 1),
    seed: int = 0,
) -> pa.Table:
    """Make hourly observations with gaps, absent hours and structural blanks.

    A station's rows depend on its number, the period and the seed alone, not on the other stations.

    Parameters
    ----------
    stations : sequence of SampleStation
        The stations.
    since, until : datetime.date
        The first and the last midnight of the period; both hours belong to it.
    seed : int
        Another seed makes other weather.

    Returns
    -------
    pyarrow.Table
        The 13 columns of the portal's short export, named and typed as in
        `energy_data_layer.datasets.asos`; station after station, each in the order of time.

    Raises
    ------
    OptionError
        There is no station, or `until` is not after `since`.

    Examples
    --------
    >>> table = asos_sample_table(since=date(2024, 6, 1), until=date(2024, 7, 1))
    >>> table.column_names[:4]
    ['stnId', 'stnNm', 'tm', 'ta']
    >>> table["stnNm"].unique().to_pylist()
    ['대관령', '서울', '인천', '부산', '제주']
    """
    if not stations:
        raise OptionError("stations is empty; name at least one station")
    if until <= since:
        raise OptionError(f"until is {until}, which is not after since, {since}; make it later")
    hours = np.arange(np.datetime64(since, "h"), np.datetime64(until, "h") + 1)
    return pa.concat_tables(_station_table(station, hours, seed) for station in stations)


def write_asos_sample(
    folder: str | PathLike[str],
    *,
    stations: Sequence[SampleStation] = SAMPLE_STATIONS,
    since: date = date(2022, 1, 1),
    until: date = date(2025, 1, 1),
    seed: int = 0,
) -> list[Path]:
    """Write made-up observations as the portal exports them: cp949, one file per station and year.

    Files of successive years share the row of their border hour, ``YYYY-01-01 00:00``.

    Parameters
    ----------
    folder : path
        Where the files go; it is made where it is absent, and files of the same names are replaced.
    stations, since, until, seed
        As for `asos_sample_table`, whose rows the files hold.

    Returns
    -------
    list of pathlib.Path
        The files, station after station and year after year.

    Raises
    ------
    OptionError
        There is no station, or `until` is not after `since`.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     written = write_asos_sample(folder, stations=SAMPLE_STATIONS[:1])
    >>> [path.name for path in written][:2]
    ['asos_100_20220101-20230101.csv', 'asos_100_20230101-20240101.csv']
    """
    table = asos_sample_table(stations=stations, since=since, until=until, seed=seed)
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    new_years = [date(year, 1, 1) for year in range(since.year + 1, until.year + 1)]
    borders = sorted({since, *new_years, until})
    written = []
    for station in stations:
        rows = table.filter(pc.field("stnId") == station.number)
        for start, end in pairwise(borders):
            path = target / f"asos_{station.number}_{start:%Y%m%d}-{end:%Y%m%d}.csv"
            path.write_bytes(_export(hours_between(rows, np.datetime64(start, "s"), np.datetime64(end, "s"))))
            written.append(path)
    return written


def hours_between(rows: pa.Table, first: np.datetime64, last: np.datetime64) -> pa.Table:
    """Return the rows from one stamp to another, both included, of rows in the order of time."""
    stamps = rows["tm"].to_numpy()
    start, end = np.searchsorted(stamps, first, "left"), np.searchsorted(stamps, last, "right")
    return rows.slice(int(start), max(0, int(end - start)))


def _export(rows: pa.Table) -> bytes:
    headings = ",".join(ASOS_COLUMNS[field].heading for field in rows.column_names)
    texts = {field: rows[field].cast(pa.string()) for field in rows.column_names}
    cells = {field: pc.replace_substring_regex(text, r"^(-?)0\.", r"\1.") for field, text in texts.items()}
    cells["tm"] = pc.utf8_slice_codeunits(texts["tm"], 0, len("YYYY-MM-DD HH:MM"))
    body = io.BytesIO()
    pa_csv.write_csv(pa.table(cells), body, pa_csv.WriteOptions(include_header=False, quoting_style="none"))
    return f"{headings}\n{body.getvalue().decode()}".encode("cp949")


def _station_table(station: SampleStation, hours: Hours, seed: int) -> pa.Table:
    rng = np.random.default_rng([seed, station.number])
    weather = _weather(station, hours, rng)
    _make_gaps(weather, rng)
    present = np.ones(hours.size, dtype=np.bool_)
    for length in rng.integers(1, 7, hours.size // 3000):
        start = rng.integers(hours.size)
        present[start : start + length] = False
    columns = {
        "stnId": np.full(hours.size, station.number),
        "stnNm": np.full(hours.size, station.name),
        "tm": hours.astype("datetime64[s]"),
        # Adding zero turns -0.0, which an export does not have, into 0.0.
        **{field: np.round(values, _DECIMALS.get(field, 1)) + 0.0 for field, values in weather.items()},
    }
    return pa.table(
        {
            field: pa.array(values[present], type=ASOS_COLUMNS[field].arrow_type, from_pandas=True)
            for field, values in columns.items()
        }
    )


def _weather(station: SampleStation, hours: Hours, rng: np.random.Generator) -> dict[str, Values]:
    """Return the observations without faults; NaN is a structural blank."""
    size = hours.size
    winter = np.cos(year_angle(hours) - year_angle(np.datetime64("2023-01-20T00", "h")))
    clock = (hours - hours.astype("datetime64[D]")).astype(np.float64)
    # Rain comes in spells, which are more frequent in summer.
    wet = noise(size, 10, rng) > 1.5 + 0.25 * winter
    rain = np.where(wet, 0.1 + rng.exponential(1.6, size), 0)
    cloud = np.clip(0.5 + 0.4 * noise(size, 12, rng) + 0.5 * wet, 0, 1)
    afternoon = np.cos((clock - 15) * 2 * np.pi / 24) * (1 - 0.6 * cloud)
    spell = 3.0 * noise(size, 60, rng) + 0.4 * noise(size, 3, rng)
    warmth = station.daily_swing * 1.4 * afternoon + spell
    temperature = station.mean_temperature - station.yearly_swing * winter + warmth
    humidity = 68 - 6 * winter - 2.5 * warmth + 16 * wet + 9 * noise(size, 10, rng)
    wind = station.mean_wind * np.exp(0.5 * noise(size, 8, rng) - 0.15 + 0.3 * afternoon)
    speed = np.where(wind < 0.3, 0, wind)
    # One of 16 points, rounded to tens of degrees as it is published; 360 is north.
    sector = np.round(13 + 4 * noise(size, 12, rng)) % 16
    degrees = np.floor((22.5 * sector + 5) / 10) * 10
    at_sea_level = 1016 + 8 * winter + 4.5 * noise(size, 72, rng)
    snow = decaying_sum(np.where(temperature < 0.5, rain, 0), keep=0.97)
    sun = sine_of_sun(station.latitude, hours, clock)
    day = sun > 0
    return {
        "ta": temperature,
        "rn": np.where(wet, rain, np.nan),
        "ws": speed,
        "wd": np.where(speed > 0, np.where(degrees == 0, 360, degrees), 0),
        "hm": np.clip(humidity, 8, 100),
        "pa": at_sea_level * np.exp(-station.altitude / 8430),
        "ss": np.where(day, np.clip(1.3 * (1 - cloud), 0, 1), np.nan),
        "icsr": np.where(day, 3.6 * sun * (1 - 0.75 * cloud**2), np.nan),
        "dsnw": np.where(snow >= 0.1, snow, np.nan),
        "dc10Tca": 10 * cloud,
    }


def _make_gaps(weather: dict[str, Values], rng: np.random.Generator) -> None:
    """Blank runs of hours, short ones most often: a third in all columns at once, the others in one."""
    size = weather["ta"].size
    lengths = np.arange(1, 73)
    frequency = lengths**-1.5
    for length in rng.choice(lengths, size // 200, p=frequency / frequency.sum()):
        start = rng.integers(size)
        field = rng.choice(("ta", "ws", "wd", "hm", "pa", "dc10Tca"))
        failing = list(weather) if rng.integers(3) == 0 else [field]
        for name in failing:
            weather[name][start : start + length] = np.nan
