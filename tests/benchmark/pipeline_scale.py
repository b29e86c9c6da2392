"""How much the measured jobs have to do: the full measurement, and a small one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """How much each job has to do, and how the services answer."""

    file_stations: int
    file_years: int
    stations: int
    stored_days: int
    backfill_days: int
    wind_days: int
    solar_days: int
    generation_days: int
    latency: float
    rate: float
    repeats: int
    """Runs of a job that no rate limit holds up for long."""
    warm_up: bool
    postgresql: bool


FULL = Scale(
    file_stations=5,
    file_years=4,
    stations=95,
    stored_days=41,
    backfill_days=30,
    wind_days=29,
    solar_days=100,
    generation_days=5 * 365,
    latency=0.15,
    rate=10,
    repeats=3,
    warm_up=True,
    postgresql=True,
)
SMOKE = Scale(
    file_stations=1,
    file_years=1,
    stations=3,
    stored_days=2,
    backfill_days=2,
    wind_days=2,
    solar_days=2,
    generation_days=91,
    latency=0.01,
    rate=200,
    repeats=1,
    warm_up=False,
    postgresql=False,
)
