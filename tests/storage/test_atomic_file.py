"""Files appear in full or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from energy_data_layer.cli.table_files import read_table
from energy_data_layer.core.atomic_file import place_for, written_atomically
from energy_data_layer.errors import SourceFileError, StorageError
from energy_data_layer.files.generation import read_generation_files
from energy_data_layer.files.weather import read_asos_files
from energy_data_layer.storage.connect import connect


def test_the_file_appears_with_its_content_and_nothing_else(tmp_path):
    with written_atomically(tmp_path / "report.json") as temporary:
        temporary.write_text("new")
        assert not (tmp_path / "report.json").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
    assert (tmp_path / "report.json").read_text() == "new"


def test_a_failure_leaves_the_previous_file(tmp_path):
    path = tmp_path / "report.json"
    path.write_text("old")

    def write_and_fail():
        with written_atomically(path) as temporary:
            temporary.write_text("half")
            raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        write_and_fail()
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]
    assert path.read_text() == "old"


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(StorageError, match="does not exist"), written_atomically(tmp_path / "no" / "file"):
        pass


def test_a_failing_disk_is_an_error_with_the_file(tmp_path):
    def write_to_a_full_disk():
        with written_atomically(tmp_path / "report.json"):
            raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match=r"report\.json: cannot be written: No space left on device"):
        write_to_a_full_disk()


def test_a_link_stays_and_what_it_names_is_replaced(tmp_path):
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "report.json", tmp_path / "latest.json"
    target.write_text("old")
    link.symlink_to(target)
    with written_atomically(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert sorted(path.name for path in (tmp_path / "there").iterdir()) == ["report.json"]


def test_a_pipe_is_written_into(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with written_atomically(pipe) as temporary:
            temporary.write_text("new")
        assert os.read(reader, 100) == b"new"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_what_a_link_to_a_device_names_is_written_into(tmp_path):
    link = tmp_path / "link"
    link.symlink_to(os.devnull)
    with written_atomically(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink()
    assert stat.S_ISCHR(link.stat().st_mode)


def test_a_pipe_that_nobody_reads_from_is_not_waited_for(tmp_path):
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for path in (pipe, link):
        with pytest.raises(StorageError, match="nobody reads from this pipe"), written_atomically(path) as temporary:
            temporary.write_text("new")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert link.is_symlink()


def test_where_no_file_can_be_is_an_error_before_anything_is_written(tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to(tmp_path / "pool")
    (tmp_path / "pool").symlink_to(loop)
    (tmp_path / "to nowhere").symlink_to(tmp_path / "absent" / "file")
    for path, message in {
        tmp_path: "is a folder",
        loop: "leads nowhere",
        tmp_path / "to nowhere": "absent does not exist",
        tmp_path / ("a" * 300): "cannot be written: File name too long",
    }.items():
        with pytest.raises(StorageError, match=message):
            place_for(path)
        with pytest.raises(StorageError, match=message), written_atomically(path):
            pytest.fail("nothing is to be written")
    assert loop.is_symlink()


def test_a_device_is_written_into():
    null = Path(os.devnull)
    before = null.stat()
    with written_atomically(null) as temporary:
        temporary.write_text("new")
    assert os.path.samestat(before, null.stat())


@pytest.mark.parametrize("read", [read_asos_files, read_generation_files, read_table], ids=lambda read: read.__name__)
def test_a_pipe_is_no_input_that_is_waited_for(tmp_path, read):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(SourceFileError, match="is no regular file"):
        read(tmp_path / "pipe.csv")


def test_a_pipe_is_no_database(tmp_path):
    os.mkfifo(tmp_path / "pipe.duckdb")
    with pytest.raises(StorageError, match="is no regular file"):
        connect(f"duckdb:///{tmp_path}/pipe.duckdb")
