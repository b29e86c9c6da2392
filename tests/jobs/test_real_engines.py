"""Both jobs by both engines on published files, of the weather the last years: the same rows and fills."""

from __future__ import annotations

import numpy as np
import pytest

from energy_data_layer.jobs.generation.from_files import run_generation
from energy_data_layer.jobs.weather.from_files import run_weather
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.tables import GENERATION_HOURLY, GENERATION_KEY, WEATHER_ASOS, WEATHER_KEY

pytestmark = [pytest.mark.slow, pytest.mark.needs_rust]

COLUMNS = ("ta", "hm", "ws", "pa")


def stored_rows(url, table, key):
    with Database.connect(url) as database:
        return database.read(table).sort_by([(name, "ascending") for name in key])


def test_weather(real_data_folder, tmp_path):
    files = real_data_folder / "asos_hourly" / "*202[3-5]*.csv"
    urls = {engine: f"duckdb:///{tmp_path}/{engine}.duckdb" for engine in ("reference", "rust")}
    reports = {
        engine: run_weather(files, url, columns=COLUMNS, use_rust=engine == "rust") for engine, url in urls.items()
    }
    assert {engine: report.engine for engine, report in reports.items()} == {"reference": "reference", "rust": "rust"}
    assert reports["rust"].filled == reports["reference"].filled
    assert reports["rust"].gap_lengths == reports["reference"].gap_lengths
    reference, rust = (stored_rows(url, WEATHER_ASOS, WEATHER_KEY) for url in urls.values())
    for name in reference.column_names:
        if name.removesuffix("_low").removesuffix("_high") in COLUMNS:
            np.testing.assert_allclose(rust[name].to_numpy(), reference[name].to_numpy(), rtol=0, atol=1e-9)
        elif name.endswith("_model"):
            # A model is named by its bits.
            assert rust[name].is_null().equals(reference[name].is_null())
        else:
            assert rust[name].equals(reference[name]), name


def test_generation(real_data_folder, tmp_path):
    files = real_data_folder / "generation_wide" / "*.csv"
    urls = {engine: f"duckdb:///{tmp_path}/{engine}.duckdb" for engine in ("reference", "rust")}
    reports = {engine: run_generation(files, url, use_rust=engine == "rust") for engine, url in urls.items()}
    assert {engine: report.engine for engine, report in reports.items()} == {"reference": "reference", "rust": "rust"}
    assert reports["rust"].total_mismatches == reports["reference"].total_mismatches
    assert reports["rust"].cells_coerced == reports["reference"].cells_coerced
    reference, rust = (stored_rows(url, GENERATION_HOURLY, GENERATION_KEY) for url in urls.values())
    assert rust.equals(reference)
