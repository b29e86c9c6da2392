"""The pictures of gaps and their lengths: what a cell and a bar say, for every kind of frame and for databases."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from energy_data_layer.errors import (
    ColumnNotFoundError,
    DuplicateKeyError,
    FrameTypeError,
    MarkerError,
    OptionError,
    StorageError,
)
from energy_data_layer.plots import gaps as gaps_module
from energy_data_layer.plots import plot_fills, plot_gap_lengths, plot_gaps, save_figure, stored_hours
from energy_data_layer.plots.gap_lengths import gap_lengths
from energy_data_layer.plots.hours import read_hours
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.migrations import add_fill_columns, migrate

ALL_OBSERVED, FEW, SOME, MOST, ALL_MISSING = range(5)


def frame(values, station="Seoul", since="2024-01-01", freq="h"):
    stamps = pd.date_range(since, periods=len(values), freq=freq)
    return pd.DataFrame({"stnNm": station, "tm": stamps, "ta": np.array(values, float)})


def cells(figure, panel=0):
    """The class of each cell, a row a station; -1 before the first and after the last row."""
    mesh = figure.axes[panel].collections[0].get_array()
    return np.ma.filled(mesh.astype(int), -1).tolist()


def names(figure):
    return [text.get_text() for text in figure.axes[0].get_yticklabels()]


def lacking(figure):
    (right,) = figure.axes[0].child_axes
    return [text.get_text() for text in right.get_yticklabels()]


@pytest.mark.parametrize(
    "convert",
    [
        lambda df: df,
        pl.from_pandas,
        lambda df: pa.Table.from_pandas(df),
        lambda df: pa.Table.from_pandas(df).combine_chunks().to_batches()[0],
        lambda df: df.sample(frac=1, random_state=0).sort_values("stnNm"),
    ],
)
def test_each_kind_of_frame_and_order_gives_the_same(convert):
    df = pd.concat([frame([1, np.nan, 3], "A"), frame([np.nan, 2], "B", "2024-01-01 02:00")])
    figure = plot_gaps(convert(df), ["ta"])
    assert cells(figure) == [[0, 4, 0, -1], [-1, -1, 4, 0]]
    assert names(figure) == ["A", "B"]
    assert lacking(figure) == ["33.3 %", "50.0 %"]


def test_hours_without_a_row_are_missing():
    df = frame([1] * 10).drop(index=[3, 4, 8])
    assert cells(plot_gaps(df)) == [[0, 0, 0, 4, 4, 0, 0, 0, 4, 0]]
    assert sorted(gap_lengths(read_hours(df, None, "tm", "stnNm"), "ta")) == [1, 2]


def test_a_cell_of_a_day_tells_how_much_of_it_is_missing():
    values = np.ones(24 * 300)
    values[:24] = np.nan  # the first day all
    values[24:37] = np.nan  # the second more than half
    values[48:60] = np.nan  # the third half
    values[72:74] = np.nan  # the fourth up to a tenth
    (row,) = cells(plot_gaps(frame(values)))
    assert row == [ALL_MISSING, MOST, SOME, FEW, *[ALL_OBSERVED] * 296]


def test_fills_are_no_observations():
    df = frame([1, 2, 3, np.nan]).assign(ta_provenance=np.array([0, 8, 0, 7], "uint8"))
    assert cells(plot_gaps(df)) == [[0, 4, 0, 4]]
    assert gap_lengths(read_hours(df, None, "tm", "stnNm"), "ta").tolist() == [1, 1]


@pytest.mark.parametrize("periods", [1, 2, 399, 400, 401, 5_000, 100_000, 500_000])
@pytest.mark.parametrize("freq", ["h", "10min", "D", "7min"])
def test_no_row_has_too_many_cells_and_none_is_lost(periods, freq):
    if freq == "D" and periods > 50_000:
        periods = 50_000  # stamps end in 2262
    hours = read_hours(frame(np.ones(periods), freq=freq), None, "tm", "stnNm")
    edges, _, expected = gaps_module._grid(hours)
    assert 1 <= expected.shape[1] <= gaps_module.MOST_CELLS + 1
    assert expected.sum() == periods
    assert (gaps_module._count(hours, edges, np.full(periods, True)) == expected).all()


def test_stations_that_begin_between_the_cells():
    df = pd.concat([frame(np.ones(5000), "A"), frame(np.ones(77), "B", "2024-02-03 05:00")])
    hours = read_hours(df, None, "tm", "stnNm")
    edges, _, expected = gaps_module._grid(hours)
    assert expected.sum(axis=1).tolist() == [5000, 77]
    assert (gaps_module._count(hours, edges, np.full(len(df), True)) == expected).all()


@pytest.mark.parametrize("draw", [plot_gaps, plot_gap_lengths])
@pytest.mark.parametrize(
    "df",
    [
        frame([1.0]),
        frame([np.nan]),
        frame([np.nan] * 100),
        frame([1.0] * 100),
        pd.concat([frame(np.where(np.arange(300) % 50, 1.0, np.nan), f"서울 ${n}$") for n in range(95)]),
        pd.concat([frame([1.0, np.nan], str(n)) for n in range(700)]),
        frame([1.0, np.nan], "가\n나"),
        frame([1.0, np.nan], ""),
    ],
    ids=["one", "one missing", "all missing", "nothing missing", "95 stations", "700 stations", "lines", "no name"],
)
def test_edges_are_drawn_without_a_warning(draw, df, tmp_path):
    for ending in ("png", "svg"):
        save_figure(draw(df), tmp_path / f"picture.{ending}")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in (tmp_path / "picture.svg").read_bytes()


@pytest.mark.parametrize("draw", [plot_gaps, plot_gap_lengths])
def test_an_empty_frame_says_so(draw):
    figure = draw(frame([]))
    assert [text.get_text() for text in figure.texts] == ["the frame has no rows"]


def test_lengths_are_counted_by_class_and_by_value():
    values = np.ones(400)
    for start, length in ((5, 1), (10, 2), (20, 5), (40, 6), (100, 100)):
        values[start : start + length] = np.nan
    left, right = plot_gap_lengths(frame(values)).axes
    assert [bar.get_height() for bar in left.patches] == [1, 1, 0, 2, 0, 0, 1]
    assert [bar.get_height() for bar in right.patches] == [1, 2, 0, 11, 0, 0, 100]
    assert left.get_title("left") == "air temperature (°C): gaps, 5 in all"
    assert right.get_title("left") == "hours missing, 114 in all"


def test_gaps_end_with_the_station():
    df = pd.concat([frame([1, np.nan, np.nan], "A"), frame([np.nan, 1], "B", "2024-01-01 03:00")])
    assert sorted(gap_lengths(read_hours(df, None, "tm", "stnNm"), "ta")) == [1, 2]


def test_an_hour_that_summer_time_leaves_out_is_no_gap():
    stamps = pd.date_range("2024-03-30", periods=48, freq="h", tz="Europe/Berlin")
    df = pd.DataFrame({"stnNm": "Berlin", "tm": stamps, "x": 1.0})
    assert not len(gap_lengths(read_hours(df, None, "tm", "stnNm"), "x"))


@pytest.mark.parametrize(
    ("data", "options", "error", "message"),
    [
        (frame([1, 2]), {"columns": ["hm"]}, ColumnNotFoundError, '"hm" is not in the frame'),
        (frame([1, 2])[["stnNm", "tm"]], {}, OptionError, "no column to draw"),
        (frame([1] * 50 + [-999] * 3), {}, MarkerError, "-999"),
        (pd.concat([frame([1])] * 2), {}, DuplicateKeyError, "Seoul 2024-01-01"),
        ([1, 2], {}, FrameTypeError, "list"),
        ("nowhere.duckdb", {}, OptionError, "nowhere.duckdb"),
        ("duckdb:///absent/file.duckdb", {}, StorageError, "absent"),
    ],
)
def test_what_cannot_be_drawn_is_an_error_of_the_transforms(data, options, error, message):
    with pytest.raises(error, match=message):
        plot_gaps(data, **options)


def test_markers_may_be_named():
    assert cells(plot_gaps(frame([1, -999, 2]), missing_values=[-999])) == [[0, 4, 0]]


@pytest.fixture
def stored(database_url):
    hours = [datetime(2024, 1, 1) + timedelta(hours=hour) for hour in range(48)]
    with Database.connect(database_url) as database:
        migrate(database)
        add_fill_columns(database, "weather_asos", ["ta"], with_model=True)
        for station, name in ((108, "서울"), (159, None)):
            rows = pa.table(
                {
                    "stnId": [station] * 48,
                    "stnNm": pa.array([None] * 40 + [name] * 8, pa.string()),
                    "tm": hours,
                    "ta": [float(hour) for hour in range(48)],
                    "ta_provenance": pa.array([8 if hour in {5, 6} else 0 for hour in range(48)], pa.uint8()),
                }
            )
            database.upsert("weather_asos", rows, ["stnId", "tm"])
    return database_url


def test_a_database_is_drawn_by_its_url_and_open(stored):
    figure = plot_gaps(stored)
    assert sorted(names(figure)) in (["159", "Seoul (108)"], ["159", "서울 (108)"])
    assert [row[4:8] for row in cells(figure)] == [[0, 4, 4, 0]] * 2
    with Database.connect(stored) as database:
        assert cells(plot_gaps(database, ["ta"])) == cells(figure)
        assert [bar.get_height() for bar in plot_gap_lengths(database).axes[0].patches] == [0, 2]
    assert plot_fills(stored).axes[1].get_title("left").endswith(": 2 hours missing")


def test_stored_hours_of_a_period_and_some_stations(stored):
    table = stored_hours(stored, ["ta"], since=date(2024, 1, 2), until=date(2024, 1, 2), stations=[108])
    assert table.column_names[:4] == ["stnNm", "tm", "ta", "ta_provenance"]
    assert table["stnNm"].unique().to_pylist() == ["서울 (108)"]  # by the name that other hours have
    assert table.num_rows == 24


def test_generation_is_by_plant_and_the_beginning_of_the_hour(database_url):
    with Database.connect(database_url) as database:
        migrate(database)
        rows = {"plant_name": ["영흥"], "timestamp": [datetime(2024, 1, 1, 1)], "generation": [5.0]}
        database.upsert("wind_namdong", pa.table(rows), ["plant_name", "timestamp"])
        table = stored_hours(database, table="wind_namdong")
    assert table.to_pylist() == [{"stnNm": "영흥", "tm": datetime(2024, 1, 1), "generation": 5.0}]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"table": "nope"}, OptionError, "no table of hours"),
        ({"columns": ["nope"]}, ColumnNotFoundError, '"nope" is not in the table weather_asos'),
        ({"since": date(2024, 1, 2), "until": date(2024, 1, 1)}, OptionError, "is before since"),
        ({}, OptionError, "no column of weather_asos was ever imputed"),
    ],
)
def test_what_is_not_stored_is_an_error(options, error, message):
    with Database.connect("duckdb:///:memory:") as database:
        migrate(database)
        with pytest.raises(error, match=message):
            stored_hours(database, **options)


def test_a_database_without_tables_is_an_error():
    with pytest.raises(OptionError, match="has no table weather_asos"), Database.connect("duckdb:///:memory:") as empty:
        stored_hours(empty)
