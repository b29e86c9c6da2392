"""The three jobs on services over a few days, as the tests of faults run them, and what they have to leave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from energy_data_layer.jobs.solar import run_solar
from energy_data_layer.jobs.weather.from_service import collect_weather
from energy_data_layer.jobs.wind import run_wind
from energy_data_layer.simulator import Simulator, SimulatorOptions
from energy_data_layer.simulator.plants import SOLAR_PLANTS
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.tables import NAMBU_GENERATION, WEATHER_ASOS, WIND_NAMDONG

from .services import settings_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

TODAY = date(2024, 3, 10)
STATIONS = (108, 159)
PLANTS = [(plant.code, plant.unit) for plant in SOLAR_PLANTS]


@dataclass(frozen=True, eq=False)
class ServiceJob:
    """A job, a period of it that is asked for in two parts, and which requests are of the second part."""

    name: str
    service: str
    table: str
    key: tuple[str, ...]
    first: date
    last: date
    second_part: dict[str, str]
    _run: Callable[..., Any]
    _more: tuple[tuple[str, Any], ...] = ()

    def options(self, **others):
        """Return the options of a run over its period, but for others."""
        return {"since": self.first, "until": self.last, "today": TODAY, **dict(self._more)} | others

    def run(self, url, simulator, *, settings=None, **options):
        """Run the job over its period, or another one."""
        chosen = settings_of(simulator, **{"attempts": 3} | (settings or {}))
        return self._run(url, settings=chosen, **self.options(**options))

    def truth(self, simulator, **options) -> pa.Table:
        """Return the rows that a run without faults leaves."""
        asked = self.options(**options)
        first, last = asked["since"], asked["until"]
        if self.name == "wind":
            return simulator.expected_wind(first, last)
        if self.name == "solar":
            return simulator.expected_solar(first, last, asked["plants"])
        return _weather_without_faults(tuple(asked["stations"]), first, last)

    def stored(self, url) -> pa.Table:
        """Return the rows that are stored, sorted."""
        with Database.connect(url) as database:
            return database.read(self.table).sort_by([(name, "ascending") for name in self.key])

    def assert_whole(self, url, simulator, **options):
        """The table has the truth and nothing else."""
        _assert_same(self.stored(url), self.truth(simulator, **options))

    def assert_part(self, url, simulator, **options) -> int:
        """The table has nothing that is not the truth; return how many rows it has."""
        stored = self.stored(url)
        if stored.num_rows == 0:
            return 0
        order = [(name, "ascending") for name in self.key]
        keys = stored.select(list(self.key))
        truth = self.truth(simulator, **options)
        keys = keys.cast(truth.select(list(self.key)).schema)
        _assert_same(stored, truth.join(keys, keys=list(self.key), join_type="left semi").sort_by(order))
        return stored.num_rows


WEATHER = ServiceJob(
    "weather",
    "asos",
    WEATHER_ASOS,
    ("stnId", "tm"),
    date(2024, 3, 7),
    date(2024, 3, 9),
    {"stnIds": str(STATIONS[1])},
    collect_weather,
    (("stations", STATIONS),),
)
WIND = ServiceJob(
    "wind",
    "namdong_wind",
    WIND_NAMDONG,
    ("timestamp", "plant_name"),
    date(2024, 1, 30),
    date(2024, 2, 2),
    {"startD": "20240201"},
    run_wind,
)
SOLAR = ServiceJob(
    "solar",
    "nambu_solar",
    NAMBU_GENERATION,
    ("datetime", "gencd", "hogi"),
    date(2024, 2, 26),
    date(2024, 3, 1),
    {"strOrgCd": PLANTS[2][0]},
    run_solar,
    (("plants", (PLANTS[0], PLANTS[2])),),
)
JOBS = (WEATHER, WIND, SOLAR)


@lru_cache(maxsize=8)
def _weather_without_faults(stations, first, last) -> pa.Table:
    with TemporaryDirectory() as folder, Simulator(SimulatorOptions(today=TODAY)) as simulator:
        url = f"duckdb:///{Path(folder)}/truth.duckdb"
        WEATHER.run(url, simulator, stations=stations, since=first, until=last)
        table = WEATHER.stored(url)
        observed = simulator.expected_asos(stations, first, last)
    as_sent = [name for name in observed.column_names if name not in {"ta", "hm", "ws", "pa"}]
    _assert_same(table.select(as_sent), observed.select(as_sent))
    return table


def _assert_same(table: pa.Table, expected: pa.Table):
    selected = table.select(expected.column_names).cast(expected.schema)
    assert selected.num_rows == expected.num_rows
    for name in expected.column_names:
        assert selected.column(name).equals(expected.column(name)), name
