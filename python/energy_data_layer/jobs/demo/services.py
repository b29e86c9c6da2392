"""The part of the demonstration that asks services: simulated ones, on this machine, with faults now and then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from energy_data_layer.datasets.asos import STATIONS
from energy_data_layer.jobs.service import STAGES as SERVICE_STAGES
from energy_data_layer.jobs.solar import run_solar
from energy_data_layer.jobs.weather.from_service import STAGES as WEATHER_STAGES
from energy_data_layer.jobs.weather.from_service import collect_weather
from energy_data_layer.jobs.wind import run_wind
from energy_data_layer.settings.services import ServiceSettings
from energy_data_layer.simulator import Fault, Simulator, SimulatorOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from energy_data_layer.reports.collection_report import ServiceReport
    from energy_data_layer.reports.weather_report import WeatherReport

FIRST_DAY = date(2025, 1, 1)
DAYS = 40
NUMBERS = (90, 119, 133, 143, 156)
"""Stations that the data set in files does not have."""

LATENCY_SECONDS = 0.1
FAULTS = (Fault("server_error", share=0.1, times_each=1), Fault("truncate", share=0.1, times_each=1))
STAGES = (*WEATHER_STAGES, *SERVICE_STAGES, *SERVICE_STAGES)


@dataclass(frozen=True)
class ServiceDemo:
    """The reports of the jobs on the simulated services."""

    weather: WeatherReport
    wind: ServiceReport
    solar: ServiceReport


def run_service_demo(database_url: str, *, on_stage: Callable[[str], None] | None = None) -> ServiceDemo:
    """Collect forty days of weather and solar generation, and a month of wind generation.

    Parameters
    ----------
    database_url : str
        The database of the demonstration.
    on_stage : callable, optional
        Told the name of each stage as it begins.
    """
    today = FIRST_DAY + timedelta(days=DAYS)
    options = SimulatorOptions(
        today=today,
        latency_seconds=LATENCY_SECONDS,
        faults=FAULTS,
        stations=STATIONS,
    )
    with Simulator(options) as simulator:
        settings = ServiceSettings(
            services_url=simulator.url, service_key=simulator.options.key, requests_per_second=50
        )
        return ServiceDemo(
            collect_weather(
                database_url,
                since=FIRST_DAY,
                stations=NUMBERS,
                settings=settings,
                today=today,
                on_stage=on_stage,
            ),
            run_wind(database_url, settings=settings, today=today, on_stage=on_stage),
            run_solar(
                database_url,
                since=FIRST_DAY,
                plants=simulator.solar_plants,
                settings=settings,
                today=today,
                on_stage=on_stage,
            ),
        )
