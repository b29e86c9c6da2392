"""Files appear in full or not at all."""

from __future__ import annotations

import pytest

from energy_data_layer.core.atomic_file import written_atomically
from energy_data_layer.errors import StorageError


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
