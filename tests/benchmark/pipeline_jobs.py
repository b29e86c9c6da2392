"""The jobs of the package, each from its source to the database, in a size that is realistic or small."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING
from unittest.mock import patch

import numpy as np
from simulated import NO_LIMIT, Services

from energy_data_layer.datasets.asos import STATIONS
from energy_data_layer.jobs.generation.from_files import run_generation
from energy_data_layer.jobs.solar import run_solar
from energy_data_layer.jobs.weather.from_files import run_weather
from energy_data_layer.jobs.weather.from_service import collect_weather
from energy_data_layer.jobs.wind import run_wind
from energy_data_layer.simulator import sample_generation as generation_sample
from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, write_asos_sample

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline_scale import Scale

    from energy_data_layer.reports.run_report import RunReport

DAY = date(2024, 3, 1)
"""The day of the daily run; periods end with the day before it, and those of files begin with a year before it."""

NAMES = ("weather_files", "weather_day", "weather_backfill", "wind", "solar", "generation")


@dataclass(frozen=True)
class Job:
    """A job to be measured.

    Attributes
    ----------
    name, title : str
        Its name on the command line, and for readers.
    run : callable
        Runs it into the database of a URL, with Rust or without.
    prepare : callable
        Stores what is there before.
    repeats : int
        How often it is run.
    """

    name: str
    title: str
    run: Callable[[str, bool], RunReport]
    prepare: Callable[[str], object] = lambda url: None
    repeats: int = 1


def jobs(scale: Scale, folder: Path, service: Services, fast: Services) -> list[Job]:
    """Return all jobs; `fast` is a service without latency, for what is stored before."""
    settings = service.settings(requests_per_second=scale.rate)
    without_limit = fast.settings(requests_per_second=NO_LIMIT)
    stations = list(STATIONS)[: scale.stations]
    weather_files = write_asos_sample(
        folder / "weather",
        stations=SAMPLE_STATIONS[: scale.file_stations],
        since=date(DAY.year - scale.file_years, 1, 1),
        until=date(DAY.year, 1, 1),
    )
    generation_files = _generation_files(folder / "generation", scale.generation_days)

    def last(days: int) -> dict[str, date]:
        return {"since": DAY - timedelta(days=days), "until": DAY - timedelta(days=1)}

    return [
        Job(
            "weather_files",
            f"weather files, {scale.file_stations} stations × {scale.file_years} years",
            lambda url, use_rust: run_weather(weather_files, url, use_rust=use_rust),
            repeats=scale.repeats,
        ),
        Job(
            "weather_day",
            f"weather service, {scale.stations} stations × 1 day, {scale.stored_days} days stored",
            lambda url, use_rust: collect_weather(
                url, since=DAY, until=DAY, stations=stations, settings=settings, use_rust=use_rust
            ),
            prepare=lambda url: collect_weather(
                url, **last(scale.stored_days), stations=stations, settings=without_limit, use_rust=True
            ),
        ),
        Job(
            "weather_backfill",
            f"weather service, {scale.stations} stations × {scale.backfill_days} days",
            lambda url, use_rust: collect_weather(
                url,
                **last(scale.backfill_days),
                stations=stations,
                backfill=True,
                settings=settings,
                use_rust=use_rust,
            ),
        ),
        Job(
            "wind",
            f"wind service, {scale.wind_days} days of all farms",
            lambda url, use_rust: run_wind(url, **last(scale.wind_days), settings=settings, use_rust=use_rust),
            repeats=scale.repeats,
        ),
        Job(
            "solar",
            f"solar service, {len(service.solar_plants)} plants × {scale.solar_days} days",
            lambda url, use_rust: run_solar(
                url, **last(scale.solar_days), plants=service.solar_plants, settings=settings, use_rust=use_rust
            ),
            repeats=scale.repeats,
        ),
        Job(
            "generation",
            f"generation files, 7 units × {scale.generation_days:,} days",
            lambda url, use_rust: run_generation(generation_files, url, use_rust=use_rust),
            repeats=scale.repeats,
        ),
    ]


def _generation_files(folder: Path, count: int) -> list[Path]:
    """Write the package's sample for so many days, those that it is about by itself included."""
    last = generation_sample.DAYS[-1]
    with patch.object(generation_sample, "DAYS", np.arange(last - count + 1, last + 1)):
        return generation_sample.write_generation_sample(folder)
