"""Files that are stored already are skipped, and only where their rows are what they left."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from energy_data_layer.core.clock import now_in_korea
from energy_data_layer.datasets.asos import ASOS_COLUMNS
from energy_data_layer.errors import SourceFileError, StorageError
from energy_data_layer.jobs import skipped_files
from energy_data_layer.jobs.generation.from_files import run_generation
from energy_data_layer.jobs.reprocess.job import run_reprocess
from energy_data_layer.jobs.weather import from_files
from energy_data_layer.jobs.weather.from_files import run_weather
from energy_data_layer.simulator.sample_generation import write_generation_sample
from energy_data_layer.storage.database import Database
from energy_data_layer.storage.tables import GENERATION_HOURLY, STORED_FILES, WEATHER_ASOS

from .services import stored

START = datetime(2023, 3, 1)


@pytest.fixture
def url(tmp_path):
    return f"duckdb:///{tmp_path}/energy.duckdb"


@pytest.fixture
def export(tmp_path):
    """Write two days of a station in the portal's format, the hour of `first_day`'s midnight at the end included."""

    def write(name, first_day=0, station=108, fields=("ta", "ws"), start=START, **changed):
        lines = [",".join(ASOS_COLUMNS[field].heading for field in ("stnId", "stnNm", "tm", *fields))]
        for hour in range(49):
            stamp = start + timedelta(days=first_day, hours=hour)
            cells = {field: str(hour % 24 + place) for place, field in enumerate(fields)}
            cells |= {"ta": ""} if hour == 5 and "ta" in fields else {}
            cells |= changed if hour == 7 else {}
            lines.append(",".join([str(station), "서울", f"{stamp:%Y-%m-%d %H:%M}", *cells.values()]))
        path = tmp_path / f"{name}.csv"
        path.write_text("\n".join(lines) + "\n", encoding="cp949")
        return path

    return write


def execute(url, statement):
    with Database.connect(url) as database:
        database.execute(statement)


def names(paths):
    return sorted(path.rsplit("/", 1)[1].removesuffix(".csv") for path in paths)


def rows(url):
    return stored(url, WEATHER_ASOS, ["stnId", "tm"])


def test_what_is_stored_is_not_read_again(database_url, export):
    files = [export("a"), export("b", station=159)]
    first = run_weather(files, database_url)
    assert (names(first.files), first.files_skipped) == (["a", "b"], [])
    before = rows(database_url)
    second = run_weather(files, database_url)
    assert (second.files, names(second.files_skipped), second.status) == ([], ["a", "b"], "succeeded")
    assert second.message == "nothing to do: all 2 files are stored already, and unchanged"
    assert "2 unchanged files skipped" in second.summary()
    assert rows(database_url).equals(before)
    assert stored(database_url, "runs", ["started"])["message"].to_pylist() == ["", second.message]
    third = run_weather(files, database_url, reread=True)
    assert (names(third.files), third.files_skipped, third.rows_unchanged) == (["a", "b"], [], before.num_rows)
    assert rows(database_url).equals(before)


AT_NINE = "WHERE \"stnId\" = 108 AND tm = TIMESTAMP '2023-03-01 09:00:00'"


@pytest.mark.parametrize(
    ("change", "is_seen"),
    [
        (f"DELETE FROM weather_asos {AT_NINE}", True),
        (f"UPDATE weather_asos SET ws = ws + 1 {AT_NINE}", True),
        (f"UPDATE weather_asos SET ta = NULL {AT_NINE}", True),
        (f"UPDATE weather_asos SET ta_provenance = 1 {AT_NINE}", True),
        (f"UPDATE weather_asos SET rn = 0.5 {AT_NINE}", True),
        ("UPDATE weather_asos SET ta = ta + 1 WHERE ta_provenance <> 0", False),
        ('DELETE FROM weather_asos WHERE "stnId" = 159', False),
    ],
)
def test_a_file_whose_rows_somebody_changed_is_read_again(database_url, export, change, is_seen):
    file, other = export("a"), export("b", station=159)
    run_weather([file, other], database_url)
    before = rows(database_url)
    execute(database_url, change)
    assert names(run_weather(file, database_url).files) == (["a"] if is_seen else [])
    if is_seen:
        assert rows(database_url).drop_columns("rn").equals(before.drop_columns("rn"))


def test_a_file_whose_hours_another_file_replaced_is_read_again(export, url):
    run_weather(export("a"), url)
    correction = export("b", ws="40")
    run_weather(correction, url)
    assert names(run_weather(export("a"), url).files) == ["a"]
    assert names(run_weather(correction, url).files) == ["b"]


@pytest.mark.parametrize(
    "options", [{"columns": ["ws"]}, {"until": "2023-03-02"}, {"missing_values": [-9]}, {"max_gap": 24}], ids=str
)
def test_other_options_read_the_files_again(export, url, options):
    run_weather(export("a"), url)
    assert names(run_weather(export("a"), url, **options).files) == ["a"]
    assert run_weather(export("a"), url, **options).files == []
    assert run_weather(export("a"), url).files == []


def test_another_release_reads_the_files_again(export, url, monkeypatch):
    run_weather(export("a"), url)
    monkeypatch.setattr(skipped_files, "__version__", "9.9.9")
    assert names(run_weather(export("a"), url).files) == ["a"]


def test_a_changed_file_takes_those_that_it_overlaps_with_it(export, url):
    files = [export("a"), export("b", first_day=2), export("c", first_day=4), export("d", station=159)]
    run_weather(files, url)
    export("a", ws="9")
    report = run_weather(files, url)
    assert (names(report.files), names(report.files_skipped)) == (["a", "b"], ["c", "d"])
    assert report.rows_updated == 1


def test_values_of_a_skipped_file_and_a_changed_one_that_differ_are_still_an_error(export, url):
    files = [export("a"), export("b", first_day=1, fields=("ws",))]
    with pytest.raises(SourceFileError, match="108"):
        run_weather(files, url)
    run_weather(files[0], url)
    with pytest.raises(SourceFileError, match="108"):
        run_weather(files, url)


def test_columns_that_a_skipped_file_alone_has_are_no_surprise(export, url):
    files = [export("a"), export("b", station=159, fields=("ws", "rn"))]
    run_weather(files, url, columns=["ta", "ws"])
    export("b", station=159, fields=("ws", "rn"), ws="9")
    report = run_weather(files, url, columns=["ta", "ws"])
    assert (names(report.files), report.drift, report.columns_absent) == (["b"], [], [])


def test_a_run_that_dies_after_its_rows_leaves_no_note(export, url, monkeypatch):
    def full(*_):
        raise StorageError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(from_files.SkippedFiles, "note", full)
        with pytest.raises(StorageError, match="full"):
            run_weather(export("a"), url)
    assert rows(url).num_rows == 0
    assert names(run_weather(export("a"), url).files) == ["a"]


def test_a_file_that_changes_while_it_is_stored_is_not_noted(export, url, monkeypatch):
    file, note = export("a"), from_files.SkippedFiles.note

    def late(*arguments):
        export("a", ws="9")
        note(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(from_files.SkippedFiles, "note", late)
        run_weather(file, url)
    assert stored(url, STORED_FILES, ["sha256"]).num_rows == 0


def test_reprocessing_lets_files_be_read_again(export, url):
    run_weather(export("a"), url)
    run_reprocess(url, since=date(2023, 3, 1), until=date(2023, 3, 2))
    assert names(run_weather(export("a"), url).files) == ["a"]


def test_a_file_with_hours_to_come_is_read_again(export, url):
    begin = now_in_korea().replace(minute=0, second=0, microsecond=0) - timedelta(hours=40)
    run_weather(export("a", start=begin), url)
    assert names(run_weather(export("a", start=begin), url).files) == ["a"]


def test_a_picture_needs_all_files(export, url, tmp_path):
    pytest.importorskip("matplotlib")
    run_weather(export("a"), url)
    assert names(run_weather(export("a"), url, picture=tmp_path / "gaps.png").files) == ["a"]


def test_files_of_generation_are_skipped_but_for_those_with_rejected_rows(database_url, tmp_path):
    files = write_generation_sample(tmp_path)
    first = run_generation(files, database_url)
    rejected = [file.path for file in first.files if file.rows_rejected]
    before = stored(database_url, GENERATION_HOURLY, ["publisher", "plant", "unit", "interval_start"])
    second = run_generation(files, database_url)
    assert [file.path for file in second.files] == rejected
    assert sorted(second.files_skipped) == sorted({file.path for file in first.files} - set(rejected))
    assert (second.rows_inserted, second.rows_updated, second.rejects_new, second.drift) == (0, 0, 0, [])
    clean = [path for path in files if str(path) in second.files_skipped]
    third = run_generation(clean, database_url)
    assert (third.files, len(third.files_skipped), third.status) == ([], len(clean), "succeeded")
    assert third.message.startswith("nothing to do: all")
    assert stored(database_url, GENERATION_HOURLY, ["publisher", "plant", "unit", "interval_start"]).equals(before)

    execute(database_url, "DELETE FROM generation_hourly WHERE publisher = 'KOEN'")
    fourth = run_generation(clean, database_url)
    assert {file.publisher for file in fourth.files} == {"KOEN"}
    assert stored(database_url, GENERATION_HOURLY, ["publisher", "plant", "unit", "interval_start"]).equals(before)


def test_another_name_of_a_generation_file_may_mean_another_plant(tmp_path, url):
    (path,) = [path for path in write_generation_sample(tmp_path) if "남동" in path.name]
    run_generation(path, url)
    assert run_generation(path, url).files == []
    renamed = path.rename(path.with_stem(f"{path.stem}_2"))
    assert len(run_generation(renamed, url).files) == 1


@pytest.mark.needs_rust
def test_the_other_engine_reads_the_files_again(export, url):
    run_weather(export("a"), url, use_rust=True)
    assert run_weather(export("a"), url, use_rust=True).engine == "rust"
    assert names(run_weather(export("a"), url, use_rust=False).files) == ["a"]
