"""The made-up generation: the same everywhere, plausible, and as faulty as published files."""

from __future__ import annotations

import numpy as np
import pytest

from energy_data_layer.files.generation import read_generation_files
from energy_data_layer.simulator.sample_generation import DAYS, write_generation_sample
from energy_data_layer.transforms.wide_to_long.api import transform_wide_to_long


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generation")
    write_generation_sample(folder)
    return folder


@pytest.fixture(scope="module")
def files(folder):
    return {file.publisher: file for file in read_generation_files(f"{folder}/*.csv")}


def test_the_same_seed_gives_the_same_files(folder, tmp_path):
    for again in write_generation_sample(tmp_path / "new" / "folder"):
        assert again.read_bytes() == (folder / again.name).read_bytes()
    for other in write_generation_sample(tmp_path, seed=1):
        assert other.read_bytes() != (folder / other.name).read_bytes()


def test_layouts_and_encodings(files):
    assert {publisher: (file.layout.name, file.encoding) for publisher, file in files.items()} == {
        "KOEN": ("koen_wind_file", "cp949"),
        "KOSPO": ("kospo_solar_file", "cp949"),
        "EWP": ("ewp_sites_file", "utf-8"),
        "WP": ("wp_solar_file", "cp949"),
    }


def test_faults_of_the_files_as_they_are_written(folder):
    koen, kospo, ewp, wp = (next(folder.glob(f"*{name}*")).read_bytes() for name in ("남동", "남부", "동서", "서부"))
    assert all(line.endswith(" ") for line in koen.decode("cp949").splitlines())
    assert koen.decode("cp949").splitlines()[1].split(",")[2] == " 2024-03-31 00:00:00"
    assert ewp.startswith(b"\xef\xbb\xbf")
    assert ewp.endswith(b"," * 29 + b"\r\n")
    assert '"' in ewp.decode("utf-8-sig")
    assert ",1 ," in kospo.decode("cp949")
    assert ",-," in kospo.decode("cp949")
    assert len(wp.decode("cp949").splitlines()) == 1 + 2 * len(DAYS) + 1


def test_the_sun_shines_by_day_and_more_in_march(files):
    table, layout = files["KOSPO"].table, files["KOSPO"].layout
    long = transform_wide_to_long(table, layout, missing_values=["-"], use_rust=False).to_pandas()
    hour, month = long["timestamp"].dt.hour, long["timestamp"].dt.month
    assert long["generation"][hour.isin([20, 21, 22, 23, 0, 1, 2, 3, 4])].max() == 0
    assert long.groupby(hour)["generation"].mean().idxmax() == 12
    assert long["generation"][month == 3].mean() > 1.3 * long["generation"][month == 1].mean()
    assert 0.1 < long["generation"].mean() / 120 < 0.2


def test_the_wind_blows_day_and_night(files):
    table = files["KOEN"].table
    hours = np.array([table.column(heading).to_pylist() for heading in files["KOEN"].layout.hours], dtype=float)
    by_hour = hours.mean(axis=1)
    assert by_hour.min() > 0.5 * by_hour.max()
    assert 0 <= hours.min() < hours.max() <= 3000
