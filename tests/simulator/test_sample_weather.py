"""The made-up observations: the same everywhere, plausible, and as faulty as real exports."""

from __future__ import annotations

import doctest
from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from energy_data_layer.datasets.asos import ASOS_COLUMNS
from energy_data_layer.errors import OptionError
from energy_data_layer.files.weather import read_asos_files
from energy_data_layer.simulator import sample_weather as sample_data
from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, asos_sample_table, write_asos_sample

if TYPE_CHECKING:
    from pathlib import Path

HOURS = (365 + 365 + 366) * 24 + 1


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return asos_sample_table()


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> list[Path]:
    return write_asos_sample(tmp_path_factory.mktemp("sample"))


def of_station(table: pa.Table, number: int) -> pa.Table:
    return table.filter(pc.field("stnId") == number)


def hourly(table: pa.Table, number: int, field: str) -> np.ndarray:
    """Return the station's values hour by hour, NaN also where the hour is absent."""
    rows = of_station(table, number)
    stamps = rows["tm"].to_numpy()
    values = np.full(int((stamps[-1] - stamps[0]) / np.timedelta64(1, "h")) + 1, np.nan)
    values[((stamps - stamps[0]) / np.timedelta64(1, "h")).astype(int)] = rows[field].to_numpy()
    return values


def gap_lengths(values: np.ndarray) -> np.ndarray:
    edges = np.diff(np.concatenate([[0], np.isnan(values).astype(int), [0]]))
    return np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)


def test_examples_of_the_docstrings_run():
    result = doctest.testmod(sample_data)
    assert result.attempted
    assert not result.failed


class TestTable:
    def test_types_are_those_of_the_source(self, table):
        assert table.column_names == [
            *("stnId", "stnNm", "tm", "ta", "rn", "ws", "wd", "hm", "pa", "ss", "icsr", "dsnw", "dc10Tca")
        ]
        assert all(field.type == ASOS_COLUMNS[field.name].arrow_type for field in table.schema)

    def test_same_seed_same_table(self, table):
        assert asos_sample_table().equals(table)
        assert not asos_sample_table(seed=1).equals(table)

    def test_a_station_does_not_depend_on_the_others(self, table):
        alone = asos_sample_table(stations=SAMPLE_STATIONS[3:4])
        assert alone.equals(of_station(table, SAMPLE_STATIONS[3].number))

    def test_first_rows_of_the_default_seed(self):
        """Guards against a generator that drifts with the version of numpy or the platform."""
        first = asos_sample_table(stations=SAMPLE_STATIONS[1:2], since=date(2024, 7, 1), until=date(2024, 7, 2))
        assert first.select(["ta", "hm", "pa"]).slice(0, 3).to_pylist() == [
            {"ta": 24.4, "hm": 84.0, "pa": 999.4},
            {"ta": 23.4, "hm": 87.0, "pa": 999.6},
            {"ta": 22.9, "hm": 83.0, "pa": 998.8},
        ]

    @pytest.mark.parametrize(
        ("options", "problem"),
        [
            ({"stations": ()}, "stations is empty"),
            ({"since": date(2024, 1, 1), "until": date(2024, 1, 1)}, "not after since"),
        ],
    )
    def test_bad_options(self, options, problem):
        with pytest.raises(OptionError, match=problem):
            asos_sample_table(**options)


@pytest.mark.parametrize("station", SAMPLE_STATIONS, ids=lambda station: str(station.number))
class TestFaults:
    def test_some_hours_are_absent(self, table, station):
        absent = HOURS - of_station(table, station.number).num_rows
        assert 0 < absent < HOURS / 500

    def test_gaps_of_many_lengths_single_hours_most_often(self, table, station):
        lengths = gap_lengths(hourly(table, station.number, "ta"))
        counts = np.bincount(lengths)
        assert counts.argmax() == 1
        assert np.count_nonzero(counts) >= 5
        assert lengths.max() >= 24
        assert np.isnan(hourly(table, station.number, "ta")).mean() < 0.04

    def test_gaps_in_all_columns_and_in_one(self, table, station):
        rows = of_station(table, station.number)
        ta_blank = rows["ta"].is_null().to_numpy()
        hm_blank = rows["hm"].is_null().to_numpy()
        assert np.any(ta_blank & hm_blank)
        assert np.any(ta_blank & ~hm_blank)
        assert np.any(~ta_blank & hm_blank)

    def test_structural_blanks(self, table, station):
        rows = of_station(table, station.number)
        assert 0.85 < rows["rn"].null_count / rows.num_rows < 0.99
        assert 0.45 < rows["icsr"].null_count / rows.num_rows < 0.55
        assert 0.5 < rows["dsnw"].null_count / rows.num_rows < 1


@pytest.mark.parametrize("station", SAMPLE_STATIONS, ids=lambda station: str(station.number))
class TestPhysics:
    def test_ranges(self, table, station):
        limits = {"ta": (-35, 42), "rn": (0.1, 60), "ws": (0, 40), "wd": (0, 360), "hm": (5, 100)}
        limits |= {"pa": (850, 1050), "ss": (0, 1), "icsr": (0, 4), "dsnw": (0.1, 150), "dc10Tca": (0, 10)}
        for field, (lowest, highest) in limits.items():
            seen = pc.min_max(of_station(table, station.number)[field]).as_py()
            assert lowest <= seen["min"] <= seen["max"] <= highest, field

    def test_temperature_has_its_cycles(self, table, station):
        rows = of_station(table, station.number)
        warmth = rows["ta"].to_numpy()
        month, hour = (part(rows["tm"]).to_numpy() for part in (pc.month, pc.hour))
        assert np.nanmean(warmth[month == 7]) - np.nanmean(warmth[month == 1]) > 15
        assert np.nanmean(warmth[hour == 15]) - np.nanmean(warmth[hour == 4]) > 3
        assert abs(np.nanmean(warmth) - station.mean_temperature) < 1

    def test_weather_is_autocorrelated(self, table, station):
        values = hourly(table, station.number, "ta")
        assert np.nanstd(np.diff(values)) < 0.25 * np.nanstd(values)

    def test_humidity_falls_as_the_day_warms(self, table, station):
        warming = hourly(table, station.number, "ta")[14::24][:-1] - hourly(table, station.number, "ta")[5::24][:-1]
        drying = hourly(table, station.number, "hm")[14::24][:-1] - hourly(table, station.number, "hm")[5::24][:-1]
        known = ~np.isnan(warming) & ~np.isnan(drying)
        assert np.corrcoef(warming[known], drying[known])[0, 1] < -0.3

    def test_the_sun_shines_by_day(self, table, station):
        rows = of_station(table, station.number)
        night = pc.is_in(pc.hour(rows["tm"]), value_set=pa.array([22, 23, 0, 1, 2, 3, 4]))
        assert rows.filter(night)["icsr"].null_count == rows.filter(night).num_rows

    def test_wind_is_skewed_and_calm_has_no_direction(self, table, station):
        rows = of_station(table, station.number)
        speed = rows["ws"].to_numpy()
        assert np.nanmean(speed) > np.nanmedian(speed)
        direction = rows["wd"].to_numpy()
        both = ~np.isnan(speed) & ~np.isnan(direction)
        assert not np.any(speed[both & (direction == 0)])
        assert len(np.unique(direction[both])) <= 17

    def test_rain_comes_in_spells(self, table, station):
        wet = ~np.isnan(hourly(table, station.number, "rn"))
        assert wet[1:][wet[:-1]].mean() > 3 * wet.mean()


class TestFiles:
    def test_one_file_per_station_and_year(self, written):
        assert [path.name for path in written] == [
            f"asos_{station.number}_{year}0101-{year + 1}0101.csv"
            for station in SAMPLE_STATIONS
            for year in (2022, 2023, 2024)
        ]

    def test_reading_gives_the_table_back(self, written, table):
        observations = read_asos_files(written)
        assert observations.table.equals(table)
        assert {file.encoding for file in observations.files} == {"cp949"}

    def test_years_share_their_border_hour(self, written, table):
        borders = [datetime(2023, 1, 1), datetime(2024, 1, 1)]
        present = pc.sum(pc.is_in(table["tm"], value_set=pa.array(borders, pa.timestamp("s")))).as_py()
        assert read_asos_files(written).duplicates_collapsed == present
        assert present >= 8

    def test_style_of_the_portal(self, written):
        text = "".join(path.read_text(encoding="cp949") for path in written)
        heading = "지점,지점명,일시,기온(°C),강수량(mm),풍속(m/s),풍향(16방위),습도(%),현지기압(hPa)"
        assert text.startswith(f"{heading},일조(hr),일사(MJ/m2),적설(cm),전운량(10분위)\n100,대관령,2022-01-01 00:00,")
        assert ",.6," in text
        assert ",-.8," in text
        for foreign in (",0.", ",-0", ".0,", '"', "nan", "null", "\r"):
            assert foreign not in text

    def test_part_of_a_year(self, tmp_path):
        options = {
            "stations": SAMPLE_STATIONS[:1],
            "since": date(2023, 11, 5),
            "until": date(2024, 2, 1),
            "seed": 7,
        }
        written = write_asos_sample(tmp_path / "new" / "folder", **options)
        assert [path.name for path in written] == [
            "asos_100_20231105-20240101.csv",
            "asos_100_20240101-20240201.csv",
        ]
        assert read_asos_files(written).table.equals(asos_sample_table(**options))
