"""What is peculiar to DuckDB: a file that one process holds, folders, disks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest

from energy_data_layer.errors import DataLayerError, StorageError
from energy_data_layer.storage.connect import connect
from energy_data_layer.storage.database import Database

from .hourly_rows import KEY, contents, create_table, many_rows, rows, stored


@pytest.fixture
def url(tmp_path):
    return f"duckdb:///{tmp_path}/test.duckdb"


@pytest.fixture
def database(url):
    with Database.connect(url) as database:
        create_table(database)
        yield database


def test_a_relative_path_lies_in_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Database.connect("duckdb:///here.duckdb").close()
    assert (tmp_path / "here.duckdb").exists()


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(StorageError, match="absent does not exist"):
        Database.connect(f"duckdb:///{tmp_path}/absent/test.duckdb")


def test_a_folder_in_place_of_the_file_is_an_error(tmp_path):
    with pytest.raises(StorageError, match="is a folder"):
        Database.connect(f"duckdb:///{tmp_path}")


@pytest.mark.parametrize("content", [b"", b"hello", b"tm,ta\n" * 5000])
def test_a_file_that_is_no_database_is_an_error_and_stays(tmp_path, content):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(StorageError, match="not a DuckDB database"):
        Database.connect(f"duckdb:///{path}")
    assert path.read_bytes() == content


def headers_of_a_database(folder):
    """Return the bytes of a database with rows: three headers of 4,096 bytes, then the rows."""
    with Database.connect(f"duckdb:///{folder}/full.duckdb") as database:
        create_table(database)
        database.upsert("hourly", rows([1], [1.0]), KEY)
    content = (folder / "full.duckdb").read_bytes()
    assert len(content) > 12_288
    return content


UNFINISHED = {
    **{f"{size} bytes": lambda content, size=size: content[:size] for size in (0, 100, 4096, 6000, 8192, 12_287)},
    **{f"{size} zeros": lambda _, size=size: bytes(size) for size in (1, 4096, 8192, 12_288)},
    "one header and zeros": lambda content: content[:4096] + bytes(4096),
    "two headers and zeros": lambda content: content[:8192] + bytes(4096),
}


@pytest.mark.parametrize("cut", UNFINISHED.values(), ids=UNFINISHED)
def test_a_file_whose_creation_was_cut_short_is_named_with_the_way_out(tmp_path, cut):
    content = cut(headers_of_a_database(tmp_path))
    path = tmp_path / "cut short.duckdb"
    path.write_bytes(content)
    with pytest.raises(StorageError, match=f"it holds no rows; remove it with rm '{path}' and run again"):
        Database.connect(f"duckdb:///{path}")
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda content: content[:12_289],
        lambda content: content[:4096] + b"x" + content[4097:],
        lambda _: b"\n" * 4096,
        lambda content: b"x" * 4096 + content[4096:8192],
    ],
)
def test_a_file_that_may_hold_something_is_never_to_be_removed(tmp_path, spoilt):
    path = tmp_path / "energy.duckdb"
    path.write_bytes(spoilt(headers_of_a_database(tmp_path)))
    with pytest.raises(StorageError) as caught:
        Database.connect(f"duckdb:///{path}")
    assert "remove it" not in str(caught.value)


def test_rows_that_wait_in_the_log_beside_a_cut_short_file_are_not_to_be_removed(tmp_path):
    content = headers_of_a_database(tmp_path)
    path = tmp_path / "energy.duckdb"
    path.write_bytes(content[:4096])
    (tmp_path / "energy.duckdb.wal").write_bytes(b"rows")
    with pytest.raises(StorageError) as caught:
        Database.connect(f"duckdb:///{path}")
    assert "remove it" not in str(caught.value)


def test_of_a_link_to_a_cut_short_file_the_file_is_to_be_removed(tmp_path):
    (tmp_path / "there.duckdb").write_bytes(b"")
    (tmp_path / "energy.duckdb").symlink_to("there.duckdb")
    with pytest.raises(StorageError, match=f"remove it with rm {tmp_path}/there.duckdb and run again"):
        Database.connect(f"duckdb:///{tmp_path}/energy.duckdb")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_not_writable_is_an_error(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="not writable"):
        Database.connect(f"duckdb:///{tmp_path}/test.duckdb")


def test_a_folder_that_refuses_new_files_is_an_error():
    if not Path("/sys/kernel").is_dir():
        pytest.skip("needs a file system that refuses new files to everybody, such as /sys on Linux")
    with pytest.raises(StorageError):
        Database.connect("duckdb:////sys/kernel/test.duckdb")


HOLDER = """
import sys
from energy_data_layer.storage.database import Database
with Database.connect(sys.argv[1]):
    print("open", flush=True)
    sys.stdin.readline()
"""


def test_a_database_that_another_process_holds_is_an_error_naming_it(url, database):
    database.close()
    command = [sys.executable, "-c", HOLDER, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(StorageError, match=f"another process has the database open.*{holder.pid}"):
            Database.connect(url)
        holder.communicate("done\n")
    Database.connect(url).close()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 6 MB, where this user may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)]
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small file system takes root on Linux")
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this container may not mount a file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_an_error_and_leaves_the_previous_state(small_disk):
    url = f"duckdb:///{small_disk}/test.duckdb"
    with Database.connect(url) as database:
        create_table(database)
        database.upsert("hourly", rows([1], [1.0]), KEY)
        before = contents(database)
        with pytest.raises(StorageError, match="disk is full; nothing was changed"):
            database.upsert("hourly", many_rows(1_000_000), KEY)
        assert contents(database) == before
    assert stored(url) == before


LIMITED_WRITER = """
import resource, sys
from pathlib import Path
sys.path.insert(0, str(Path(sys.argv[2])))
from hourly_rows import KEY, many_rows
from energy_data_layer.errors import StorageError
from energy_data_layer.storage.database import Database
resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, 4_000_000))
with Database.connect(sys.argv[1]) as database:
    try:
        database.upsert("hourly", many_rows(1_000_000), KEY)
    except StorageError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="this platform has no limit on the size of files")
def test_a_file_that_may_not_grow_is_an_error_and_leaves_the_previous_state(url):
    with Database.connect(url) as database:
        create_table(database)
        database.upsert("hourly", rows([1], [1.0]), KEY)
    before = stored(url)
    command = [sys.executable, "-c", LIMITED_WRITER, url, str(Path(__file__).parent)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "nothing was changed" in answer.stdout
    assert stored(url) == before


def test_without_duckdb_the_error_says_what_to_install(url, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(DataLayerError, match=r"energy-data-layer\[duckdb\]"):
        Database.connect(url)


HOLD = """
import sys
from energy_data_layer.storage.database import Database
with Database.connect(sys.argv[1]):
    print("open", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def writer(url, database):
    """Another process that has the file open to write, until a line is written to it."""
    database.upsert("hourly", rows([1], [1.0]), KEY)
    database.close()
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "open\n"
        yield process
        process.stdin.close()


def test_a_reader_waits_for_a_writer_and_says_so(url, writer, caplog):
    Timer(0.5, writer.stdin.close).start()
    with connect(url, read_only=True) as database:
        assert database.row_count("hourly") == 1
    assert [record.getMessage() for record in caplog.records] == [f"{url}: another process writes; waiting up to 10 s"]


def test_a_reader_does_not_wait_for_ever(url, writer, monkeypatch):
    monkeypatch.setattr("energy_data_layer.storage.duckdb.LONGEST_WAIT_SECONDS", 0.2)
    with pytest.raises(StorageError, match="another process has the database open"):
        connect(url, read_only=True)


def test_readers_share_a_file_and_write_nothing(url, database):
    database.close()
    with connect(url, read_only=True) as one:
        done = subprocess.run([sys.executable, "-c", READ, url], capture_output=True, text=True, timeout=60)
        assert (done.stdout, done.stderr) == ("0\n", "")
        with pytest.raises(StorageError, match="read-only"):
            one.execute("DELETE FROM hourly")


READ = """
import sys
from energy_data_layer.storage.connect import connect
with connect(sys.argv[1], read_only=True) as database:
    print(database.row_count("hourly"))
"""


def test_who_has_the_file_open_to_write_reads_it_too(url, database):
    with connect(url, read_only=True) as reader:
        assert reader.row_count("hourly") == 0


def test_a_file_in_a_folder_that_cannot_be_written_is_read(url, database, tmp_path, monkeypatch):
    database.close()
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(StorageError, match="not writable"):
        connect(url)
    with connect(url, read_only=True) as reader:
        assert reader.row_count("hourly") == 0
