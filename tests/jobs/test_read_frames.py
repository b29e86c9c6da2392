"""`read_asos` and `read_generation`: what the jobs store, report and refuse, as a frame and without a database."""

from __future__ import annotations

from datetime import date

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from energy_data_layer import complete_hours, read_asos, read_generation, run_generation, run_weather
from energy_data_layer.errors import OptionError, SourceFileError
from energy_data_layer.simulator.sample_generation import write_generation_sample
from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, write_asos_sample
from energy_data_layer.storage.connect import connect

HEADING = "지점,지점명,일시,기온(°C),강수량(mm),비고"
OF_READING = ("files", "rows_read", "duplicates_collapsed", "rows_outside_period", "marked_missing", "out_of_bounds")
KINDS = {"pyarrow": pa.Table, "pandas": pd.DataFrame, "polars": pl.DataFrame}


@pytest.fixture
def export(tmp_path):
    """Write an export of given lines."""

    def write(*lines: str, name: str = "export.csv"):
        path = tmp_path / name
        path.write_text("\n".join((HEADING, *lines, "")), encoding="cp949")
        return path

    return write


def test_observations_are_what_the_job_stores(tmp_path):
    files = write_asos_sample(tmp_path, stations=SAMPLE_STATIONS[:2], since=date(2023, 11, 20), until=date(2024, 1, 9))
    options = {"since": "2023-11-30", "until": "2024-01-03"}
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    stored_report = run_weather(files, url, columns=["ta"], **options)
    hours, report = read_asos(files, report=True, **options)
    for name in OF_READING:
        assert getattr(report, name) == getattr(stored_report, name), name
    assert report.duplicates_collapsed == 2
    assert report.rows_outside_period > 0
    with connect(url) as database:
        stored = database.query('SELECT * FROM weather_asos WHERE "ta_provenance" = 0 ORDER BY "stnId", "tm"')
    observed = hours.filter(pc.is_valid(hours["ta"]))
    assert observed.num_rows == stored.num_rows > 1000
    for name in hours.column_names:
        assert observed[name].cast(stored[name].type).equals(stored[name]), name


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_frame(kind, export):
    path = export("108,서울,2024-01-01 02:00,1.5,,a", "90,속초,2024-01-01 01:00,-.8,0.5,b")
    frame = read_asos(path, frame=kind)
    assert type(frame) is KINDS[kind]
    table = pa.table(frame)
    assert table.column_names == ["stnId", "stnNm", "tm", "ta", "rn"]
    assert table["stnId"].to_pylist() == [90, 108]
    assert table["ta"].to_pylist() == [-0.8, 1.5]
    assert type(complete_hours(frame)) is KINDS[kind]


def test_rows_that_are_left_out_are_told(export, caplog):
    path = export("108,서울,2024-01-01 02:00,99,,a", "108,서울,2999-01-01 00:00,1.0,,b")
    frame, report = read_asos(path, out_of_range="missing", report=True)
    assert frame["ta"].to_pylist() == [None]
    assert report.out_of_bounds["ta"].count == 1
    assert (report.rows_read, report.rows_rejected, list(report.rejects.values())) == (2, 1, [1])
    assert report.columns_not_stored == ["비고"]
    assert report.finished
    assert "1 rows left out: stamp in the future" in caplog.text


def test_observations_are_refused_as_by_the_job(export, tmp_path):
    lines = [f"108,서울,2024-01-01 {hour:02}:00,{-999 if hour in (3, 9) else hour},," for hour in range(20)]
    path = export(*lines)
    said = []
    for read in (lambda: read_asos(path), lambda: run_weather(path, f"duckdb:///{tmp_path}/energy.duckdb")):
        with pytest.raises(SourceFileError) as caught:
            read()
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert "--missing-values" in said[0] or "missing_values" in said[0]
    assert read_asos(path, missing_values={"ta": [-999]})["ta"].null_count == 2


def test_two_rows_of_one_hour_are_refused_across_files(export):
    files = [
        export("108,서울,2024-01-01 02:00,1,,", name="a.csv"),
        export("108,서울,2024-01-01 02:00,2,,", name="b.csv"),
    ]
    with pytest.raises(SourceFileError, match=r"b\.csv.* differs from .*a\.csv, line 2: ta 2\.0 here, 1\.0 there"):
        read_asos(files)


@pytest.mark.parametrize("read", [read_asos, read_generation])
def test_an_unknown_kind_of_frame_is_told_before_anything_is_read(read):
    with pytest.raises(OptionError, match=r"frame is 'arrow'; it is "):
        read("nowhere.csv", frame="arrow")


@pytest.mark.parametrize("kind", KINDS)
def test_generation_is_what_the_job_stores(kind, tmp_path, engine):
    files = write_generation_sample(tmp_path)
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    stored_report = run_generation(files, url, use_rust=engine)
    hours, report = read_generation(files, frame=kind, report=True, use_rust=engine)
    assert type(hours) is KINDS[kind]
    with connect(url) as database:
        stored = database.query("SELECT * FROM generation_hourly")
    keys = [(name, "ascending") for name in ("publisher", "plant", "unit", "interval_start")]
    table = pa.table(hours).select(stored.column_names).cast(stored.schema)
    assert table.sort_by(keys).equals(stored.sort_by(keys))
    there, here = stored_report.to_dict(), report.to_dict()
    of_the_store = {
        name for name in here if name.startswith("rows_") and name[5:] in ("inserted", "updated", "unchanged")
    }
    of_the_run = {"arguments", "started", "finished", "run_id", "stages", "rejects_new", "shadow", "drift"}
    for name in here.keys() - of_the_store - of_the_run:
        assert here[name] == there[name], name
    assert report.rows_rejected == 5


def test_a_file_that_is_no_generation_is_refused(export):
    with pytest.raises(SourceFileError):
        read_generation(export("108,서울,2024-01-01 02:00,1.5,,a"))
