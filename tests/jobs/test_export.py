"""Tables and views in files: the rows of the database, all of them or none, from either database."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import dataset, feather, fs, parquet
from typer.testing import CliRunner

from energy_data_layer.cli.app import app
from energy_data_layer.cli.table_files import read_table
from energy_data_layer.core.file_systems import file_system
from energy_data_layer.errors import OptionError, StorageError
from energy_data_layer.jobs import export
from energy_data_layer.jobs.export import Export, export_table
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.migrations import MIGRATIONS, add_fill_columns, migrate
from energy_data_layer.transforms.impute.api import impute_missing_values

HOURS = 50
FIRST = datetime(2023, 12, 31)
NUMBERS = [0.1 + 0.2, 1e-310, 5e-324, -0.0, 1.7976931348623157e308, 1 / 3, 100.0, 123456789.12345679]
ODD = "a/b=c %\n\"'한"


@pytest.fixture
def url(database_url):
    """A database with two stations, gaps in both, and plants with names of all kinds."""
    with Database.connect(database_url) as database:
        migrate(database)
        add_fill_columns(database, "weather_asos", ["ta"])
        stamps = [FIRST + timedelta(hours=hour) for hour in range(HOURS)]
        rows = {
            "stnId": [159] * HOURS + [108] * HOURS,
            "stnNm": ["부산"] * HOURS + ["서울"] * HOURS,
            "tm": stamps * 2,
            "ta": [None if hour % 7 == 3 else NUMBERS[hour % len(NUMBERS)] for hour in range(2 * HOURS)],
            "hm": [None if hour % 20 < 5 else float(hour) for hour in range(2 * HOURS)],
            "taQcflg": pa.array([9, None] * HOURS, pa.int8()),
            "ta_provenance": pa.array([4, None] * HOURS, pa.uint8()),
        }
        database.upsert("weather_asos", pa.table(rows), ["stnId", "tm"])
        for plant in ("바람 1", ODD):
            ends = [stamp + timedelta(hours=1) for stamp in stamps]
            rows = {"timestamp": ends, "plant_name": [plant] * HOURS, "generation": np.arange(HOURS) / 3}
            database.upsert("wind_namdong", pa.table(rows), ["timestamp", "plant_name"])
        rows = {"datetime": stamps, "gencd": ["997D"] * HOURS, "hogi": ["1"] * HOURS, "plant_name": ["하동 1"] * HOURS}
        database.upsert("nambu_generation", pa.table(rows), ["datetime", "gencd", "hogi"])
    return database_url


def stored(url, table, *order):
    with Database.connect(url) as database:
        return database.read(table).sort_by([(name, "ascending") for name in order])


def without_zone(table):
    """The same rows with the zone that the files have."""
    zoned = {field.name for field in table.schema if getattr(field.type, "tz", None)}
    types = [
        field.with_type(pa.timestamp("us", "Etc/GMT-9")) if field.name in zoned else field for field in table.schema
    ]
    return table.cast(pa.schema(types))


KEYS = {
    "weather_asos": ("stnId", "tm"),
    "weather": ("station_id", "hour_start"),
    "generation": ("source", "plant_name", "hour_start"),
    "wind_namdong": ("plant_name", "timestamp"),
    "runs": ("run_id",),
}


@pytest.mark.parametrize("table", ["weather_asos", "weather", "generation", "wind_namdong"])
@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_a_file_has_the_rows_in_the_order_of_series_and_hours(url, tmp_path, table, ending):
    target = tmp_path / f"x.{ending}"
    done = export_table(url, table, str(target))
    read = parquet.read_table(target) if ending == "parquet" else feather.read_table(target)
    expected = without_zone(stored(url, table, *KEYS[table]))
    assert read.equals(expected)
    assert done == Export(expected.num_rows, expected.num_columns, 1, [])
    assert expected.num_rows > HOURS
    assert list(tmp_path.glob(".*")) == []


@pytest.mark.parametrize(
    ("table", "columns", "stamp", "told"),
    [
        ("weather_asos", ["stnId", "tm", "ta", "stnNm"], "tm", ""),
        ("weather", ["station_id", "hour_start", "temperature", "station_name"], "hour_start", "+09:00"),
    ],
)
def test_csv_is_read_again_with_equal_bits(url, tmp_path, table, columns, stamp, told):
    export_table(url, table, str(tmp_path / "x.csv"), columns=columns)
    cells = read_table(tmp_path / "x.csv")
    rows = stored(url, "weather_asos", "stnId", "tm")
    number = cells.column(columns[2]).to_pylist()
    assert cells.column_names == columns
    assert cells.column(stamp).to_pylist() == [f"{moment}{told}" for moment in rows["tm"].to_pylist()]
    assert np.array([float(text) if text else np.nan for text in number]).tobytes() == (
        pc.fill_null(rows["ta"], np.nan).to_numpy().tobytes()
    )


def test_what_csv_holds_is_imputed_to_equal_bits(url, tmp_path, engine):
    options = {"columns": ("hm",), "use_rust": engine}
    expected = impute_missing_values(
        stored(url, "weather_asos", "stnId", "tm").select(["stnNm", "tm", "hm"]), **options
    )
    for table, names in (
        ("weather_asos", ["stnNm", "tm", "hm"]),
        ("weather", ["station_name", "hour_start", "humidity"]),
    ):
        export_table(url, table, str(tmp_path / "x.csv"), columns=names, force=True)
        arguments = ["--station-col", names[0], "--date-col", names[1], "--columns", names[2]]
        arguments += ["--engine", "rust" if engine else "reference"]
        done = CliRunner().invoke(
            app, ["impute", str(tmp_path / "x.csv"), "-o", str(tmp_path / "y.parquet"), "--force", *arguments]
        )
        assert done.exit_code == 0, done.output
        filled = parquet.read_table(tmp_path / "y.parquet")[names[2]]
        assert filled.null_count == 0
        assert filled.to_numpy().tobytes() == expected["hm"].to_numpy().tobytes()


def test_a_period_is_that_of_the_hours_whichever_end_is_stored(url, tmp_path):
    for table, stamp in (("wind_namdong", "timestamp"), ("generation", "hour_start"), ("weather", "hour_start")):
        target = str(tmp_path / f"{table}.parquet")
        export_table(url, table, target, since="2024-01-01", until=date(2024, 1, 1))
        stamps = pc.unique(parquet.read_table(target)[stamp]).sort().to_pylist()
        first = datetime(2024, 1, 1, 1 if table == "wind_namdong" else 0)
        assert [moment.replace(tzinfo=None) for moment in stamps] == [first + timedelta(hours=h) for h in range(24)]


def test_stations_are_told_by_number_code_or_name(url, tmp_path):
    def rows(table, *stations, **options):
        return export_table(url, table, str(tmp_path / "x.parquet"), stations=stations, force=True, **options)

    assert rows("weather_asos", 108).rows == rows("weather", "서울").rows == HOURS
    assert rows("weather", "108", "부산").rows == 2 * HOURS
    assert rows("nambu_generation", "997D:1").rows == rows("nambu_generation", "997D 1").rows == HOURS
    assert rows("generation", "바람 1", "997D").rows == 2 * HOURS
    assert rows("wind_namdong", ODD).rows == HOURS
    with Database.connect(url) as database:
        database.execute("DELETE FROM weather_asos WHERE \"stnId\" = 159 AND tm >= TIMESTAMP '2024-01-01'")
    done = rows("weather", "108", "159", since="2024-01-01")
    assert (done.rows, done.without_rows) == (HOURS - 24, ["159"])
    before = (tmp_path / "x.parquet").read_bytes()
    with pytest.raises(OptionError, match=r"names 대구, 12, and weather has none of this name; it has .*서울"):
        rows("weather", "108", "대구", "12")
    assert rows("weather", "159", since="2024-01-01") == Export(0, 0, 0, ["159"])
    assert (tmp_path / "x.parquet").read_bytes() == before


@pytest.mark.parametrize(
    ("table", "by", "files"),
    [("wind_namdong", ["plant_name"], 2), ("weather", ["year", "station_id"], 4), ("generation", ["year", "unit"], 4)],
)
def test_folders_as_hive_has_them_hold_all_rows(url, tmp_path, table, by, files):
    done = export_table(url, table, str(tmp_path / "x"), partition_by=by)
    read = dataset.dataset(tmp_path / "x", format="parquet", partitioning="hive").to_table()
    expected = without_zone(stored(url, table, *KEYS[table]))
    assert done == Export(expected.num_rows, len(set(expected.column_names) - set(by)), files, [])
    if "year" in by:
        stamps = read["hour_start"].cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))
        assert read["year"].equals(pc.year(pc.add(stamps, timedelta(hours=9))).cast(pa.int32()))
    read = read.select(expected.column_names)
    for position, field in enumerate(expected.schema):
        column = read.column(position)
        column = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
        read = read.set_column(position, field.name, column.cast(field.type))
    assert read.sort_by([(name, "ascending") for name in KEYS[table]]).equals(expected)
    with pytest.raises(OptionError, match="exists already; name another target"):
        export_table(url, table, str(tmp_path / "x"), partition_by=by)


@pytest.mark.parametrize("target", ["x.csv", "x", "memory://bucket/x.parquet", "memory://bucket/x"])
def test_what_breaks_off_leaves_nothing_and_what_was_there_stays(url, tmp_path, monkeypatch, target):
    in_memory = target.startswith("memory")
    place = target.replace("bucket", tmp_path.name) if in_memory else str(tmp_path / target)
    is_folder = target.endswith("x")
    options = {"partition_by": ["station_id"]} if is_folder else {"force": True}
    system, path = file_system(place)

    def names():
        found = system.get_file_info(fs.FileSelector(path.rpartition("/")[0], recursive=True, allow_not_found=True))
        return sorted(info.path for info in found if info.is_file and info.path != path and "energy" not in info.path)

    before = names()
    if not is_folder:
        with system.open_output_stream(path) as stream:
            stream.write(b"before")
    seen = []

    def broken(*arguments):
        for batch in rows_of(*arguments):
            seen.append(batch)
            if len(seen) == 2:
                raise OSError("the disk is gone")
            yield batch

    rows_of = export.rows_of
    with monkeypatch.context() as patched:
        patched.setattr(export, "rows_of", broken)
        with pytest.raises(StorageError, match="cannot be written: the disk is gone"):
            export_table(url, "weather", place, **options)
    assert names() == before
    if not is_folder:
        with system.open_input_stream(path) as stream:
            assert stream.read() == b"before"
    assert export_table(url, "weather", place, **options).rows == 2 * HOURS
    assert len(names()) == len(before) + (2 if is_folder else 0)


def test_rows_are_those_of_one_moment(url, tmp_path):
    if url.startswith("duckdb"):
        return  # nobody else can write the file
    seen = []

    def on_rows(done, total):
        seen.append((done, total))
        if len(seen) == 1:
            with Database.connect(url) as other:
                other.execute("DELETE FROM weather_asos")

    assert export_table(url, "weather", str(tmp_path / "x.parquet"), progress=on_rows).rows == 2 * HOURS
    assert seen == [(HOURS, 2 * HOURS), (2 * HOURS, 2 * HOURS)]


def test_the_database_is_only_read(url, tmp_path):
    if url.startswith("duckdb"):
        path = Path(url.removeprefix("duckdb:///"))
        before = hashlib.sha256(path.read_bytes()).digest()
        path.chmod(0o444)
        export_table(url, "weather", str(tmp_path / "x.csv"))
        assert hashlib.sha256(path.read_bytes()).digest() == before


def test_an_answer_comes_bit_by_bit(database_url):
    with Database.connect(database_url) as database:
        batches = list(database.batches("SELECT a, 'text ' || a AS b FROM generate_series(1, 2000000) AS t(a)"))
    assert sum(batch.num_rows for batch in batches) == 2_000_000
    assert max(batch.num_rows for batch in batches) < 2_000_000


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        ("weathr", {}, r'there is no table or view "weathr"; there are: weather, generation, .*weather_asos'),
        ("", {}, "there is no table or view"),
        ("weather", {"columns": ["ta"]}, "weather has no column ta; its columns are: hour_start"),
        ("weather", {"since": "yesterday"}, 'since is "yesterday"; write a day as 2024-01-31'),
        ("weather", {"since": "2024-01-02", "until": "2024-01-01"}, r"since \(2024-01-02\) is after until"),
        ("weather", {"partition_by": ["hour"]}, "partition_by makes a folder of Parquet files, not of csv"),
        (
            "weather",
            {"partition_by": ["hour"], "file_format": "parquet"},
            'partition_by is "hour"; it can be year, stat',
        ),
        ("weather", {"file_format": "xlsx"}, 'file_format is "xlsx"; it can be parquet, csv, arrow'),
        ("runs", {"since": "2024-01-01"}, "since is for hours of stations or plants, and runs has none"),
        ("runs", {"stations": [108]}, "stations is for hours of stations"),
    ],
)
def test_impossible_options_are_told_of_before_anything_is_written(tmp_path, table, options, message):
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    with Database.connect(url) as database:
        migrate(database)
    with pytest.raises(OptionError, match=message):
        export_table(url, table, str(tmp_path / "x.csv"), **options)
    with pytest.raises(OptionError, match=r'no file system for "nope://me:\*\*\*@host/x.csv"'):
        export_table(url, "weather", "nope://me:s3cret@host/x.csv")
    with pytest.raises(OptionError, match=r"the name must end in one of \.parquet, \.csv"):
        export_table(url, "weather", str(tmp_path / "x.xlsx"))
    assert [path.name for path in tmp_path.iterdir()] == ["energy.duckdb"]


def test_bytes_are_not_for_csv(tmp_path):
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    with Database.connect(url) as database:
        migrate(database)
        database.execute("INSERT INTO gap_models (id, model) VALUES ('a', 'x'::BLOB)")
    with pytest.raises(OptionError, match=r"column model is of type .*binary, which CSV cannot hold; choose Parquet"):
        export_table(url, "gap_models", str(tmp_path / "x.csv"))
    assert not (tmp_path / "x.csv").exists()
    export_table(url, "gap_models", str(tmp_path / "x.parquet"))
    assert parquet.read_table(tmp_path / "x.parquet")["model"].to_pylist() == [b"x"]


def test_the_command_counts_and_ends_with_what_it_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Database.connect("duckdb:///old.duckdb") as database, monkeypatch.context() as earlier:
        earlier.setattr("energy_data_layer.storage.migrations.MIGRATIONS", MIGRATIONS[:16])
        migrate(database)

    def edl(*arguments):
        return CliRunner().invoke(app, ["export", *arguments])

    done = edl("weather", "-o", "x.csv", "--db", "duckdb:///old.duckdb")
    assert (done.exit_code, "edl migrate" in done.stderr) == (4, True)
    with Database.connect("duckdb:///old.duckdb") as database:
        migrate(database)
    done = edl("weather", "-o", "x.csv", "--db", "duckdb:///old.duckdb", "--since", "2024-01-01")
    assert (done.exit_code, done.stderr) == (1, "weather has no rows to write in the period; nothing was written\n")
    assert not Path("x.csv").exists()
    with Database.connect("duckdb:///old.duckdb") as database:
        database.execute(
            "INSERT INTO runs (run_id, started) VALUES ('a', TIMESTAMP '2024-01-01 00:00:00.25'), ('b', NULL)"
        )
    for code, said in (
        (0, "x.csv: rows 2, columns 2\n"),
        (2, "edl: x.csv exists already; pass --force to replace it\n"),
    ):
        done = edl("runs", "-o", "x.csv", "--columns", "run_id", "started", "--db", "duckdb:///old.duckdb")
        assert (done.exit_code, done.stderr) == (code, said)
    assert Path("x.csv").read_text() == '"run_id","started"\n"a","2024-01-01 00:00:00.250000"\n"b",\n'
    done = edl("runs", "-o", "x.csv", "--force", "--db", "duckdb:///missing.duckdb")
    assert (done.exit_code, "no such file" in done.stderr) == (4, True)


def test_units_that_share_a_folder_share_its_file(url, tmp_path):
    with Database.connect(url) as database:
        stamps = [FIRST + timedelta(hours=hour) for hour in range(HOURS)]
        rows = {
            "publisher": ["KOEN"] * HOURS,
            "plant": ["태양 1"] * HOURS,
            "unit": [""] * HOURS,
            "interval_start": stamps,
            "kwh": np.arange(HOURS) / 7,
            "label_convention": ["start"] * HOURS,
        }
        database.upsert("generation_hourly", pa.table(rows), ["publisher", "plant", "unit", "interval_start"])
    done = export_table(url, "generation", str(tmp_path / "x"), partition_by=["unit", "year"])
    read = dataset.dataset(tmp_path / "x", partitioning="hive").to_table()
    files = list(tmp_path.glob("x/**/*.parquet"))
    assert (done.rows, done.files) == (read.num_rows, len(files)) == (4 * HOURS, 4)


def test_a_table_of_somebody_else_is_no_view(database_url, tmp_path):
    with Database.connect(database_url) as database:
        database.execute("CREATE TABLE weather (a INTEGER)")
        database.execute("INSERT INTO weather VALUES (7)")
        migrate(database)
    assert export_table(database_url, "weather", str(tmp_path / "x.csv")).rows == 1
    with pytest.raises(OptionError, match=r"there are: weather, generation, (?!.*\bweather,)"):
        export_table(database_url, "wether", str(tmp_path / "y.csv"))


def test_the_ends_of_the_calendar_leave_nothing_out(url, tmp_path):
    done = export_table(url, "wind_namdong", str(tmp_path / "x.csv"), since="0001-01-01", until="9999-12-31")
    assert done.rows == 2 * HOURS


def test_folders_need_a_column_in_their_files(url, tmp_path):
    with pytest.raises(OptionError, match="partition_by takes all columns"):
        export_table(url, "weather", str(tmp_path / "x"), columns=["station_id"], partition_by=["station_id"])
    assert not (tmp_path / "x").exists()
