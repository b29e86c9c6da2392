"""Bodies that are kept, and what a crash or a change leaves of them."""

from __future__ import annotations

import gzip
import json
import os
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_data_layer.datasets.dataset import ServiceRequest
from energy_data_layer.errors import OptionError, ServiceError, SourceFileError, StorageError
from energy_data_layer.jobs.options import RunOptions
from energy_data_layer.services.raw import MANIFEST, RawFolder


def request(page, service="asos"):
    return ServiceRequest(service, (("pageNo", str(page)), ("stnIds", "한 108&=%")))


@pytest.fixture
def raw(tmp_path):
    folder = RawFolder(tmp_path / "deep" / "raw")
    folder.keep(request(1), b"one")
    folder.keep(request(2), b"two")
    return folder


def again(raw):
    return RawFolder(raw.folder)


def test_bodies_come_back_as_they_were(raw):
    assert again(raw).requests("asos") == [request(1), request(2)]
    assert again(raw).requests("nambu_solar") == []
    assert [again(raw).body(request(page)) for page in (1, 2)] == [b"one", b"two"]


def test_a_line_of_the_manifest(raw):
    line = json.loads((raw.folder / MANIFEST).read_text(encoding="utf-8").splitlines()[0])
    assert list(line) == ["service", "parameters", "file", "sha256", "bytes", "fetched"]
    assert line["parameters"] == {"pageNo": "1", "stnIds": "한 108&=%"}
    assert line["file"] == line["sha256"] + ".gz"
    assert line["bytes"] == 3
    assert line["fetched"].endswith("+00:00")
    assert gzip.decompress((raw.folder / line["file"]).read_bytes()) == b"one"


def test_the_same_body_is_the_same_file(raw, tmp_path):
    raw.keep(request(3), b"one")
    other = RawFolder(tmp_path / "other")
    other.keep(request(9), b"one")
    (name,) = [path.name for path in other.folder.glob("*.gz")]
    assert len(list(raw.folder.glob("*.gz"))) == 2
    assert (raw.folder / name).read_bytes() == (other.folder / name).read_bytes()


def test_of_a_request_that_was_sent_again_the_last_answer_counts(raw):
    raw.keep(request(1), b"later")
    assert raw.body(request(1)) == again(raw).body(request(1)) == b"later"
    assert again(raw).requests("asos") == [request(1), request(2)]


def test_a_request_that_was_not_sent(raw):
    with pytest.raises(ServiceError, match=r"^asos pageNo=3 .* does not have this answer; fetch it from the service"):
        raw.body(request(3))


@pytest.mark.parametrize("cut", [1, 10, 100])
def test_a_crash_while_a_line_is_written(raw, cut):
    manifest = raw.folder / MANIFEST
    content = manifest.read_bytes()
    manifest.write_bytes(content[:-cut])
    assert again(raw).requests("asos") == [request(1)]
    resumed = again(raw)
    resumed.keep(request(2), b"two")
    resumed.keep(request(3), b"three")
    assert [again(raw).body(request(page)) for page in (1, 2, 3)] == [b"one", b"two", b"three"]


def test_a_file_without_a_line_does_no_harm(raw):
    (raw.folder / ("0" * 64 + ".gz")).write_bytes(b"a run died here")
    assert again(raw).requests("asos") == [request(1), request(2)]


def test_no_manifest(tmp_path):
    with pytest.raises(SourceFileError, match=r"manifest\.jsonl: cannot be read: No such file"):
        RawFolder(tmp_path).requests("asos")


def body_file(raw):
    return raw.folder / json.loads((raw.folder / MANIFEST).read_bytes().splitlines()[1])["file"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, r"manifest\.jsonl, line 2: the file .* is missing"),
        (gzip.compress(b"other"), r"manifest\.jsonl, line 2: the content of .* is not what was kept"),
        (gzip.compress(b"two and more"), r"manifest\.jsonl, line 2: the content of .* is not what was kept"),
        (gzip.compress(b"two")[:-9], r"\.gz: cannot be read as gzip"),
        (b"nonsense", r"\.gz: cannot be read as gzip"),
        (b"", r"manifest\.jsonl, line 2: the content"),
    ],
    ids=["missing", "other", "longer", "cut", "no gzip", "empty"],
)
def test_a_file_that_is_not_what_was_kept(raw, content, says):
    path = body_file(raw)
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    assert again(raw).body(request(1)) == b"one"
    with pytest.raises(SourceFileError, match=says):
        again(raw).body(request(2))


GOOD = {"service": "asos", "parameters": {}, "file": "a" * 64 + ".gz", "sha256": "a" * 64, "bytes": 1, "fetched": ""}


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[]",
        "7",
        "null",
        "{}",
        json.dumps(GOOD | {"file": "../../etc/passwd"}),
        json.dumps(GOOD | {"file": "b" * 64 + ".gz"}),
        json.dumps(GOOD | {"sha256": "../" * 21 + "a", "file": "../" * 21 + "a.gz"}),
        json.dumps(GOOD | {"sha256": 7}),
        json.dumps(GOOD | {"bytes": "many"}),
        json.dumps(GOOD | {"bytes": -2}),
        json.dumps(GOOD | {"parameters": ["a"]}),
        json.dumps({name: value for name, value in GOOD.items() if name != "service"}),
    ],
)
def test_a_line_that_is_none(raw, line):
    with (raw.folder / MANIFEST).open("a") as manifest:
        manifest.write(line + "\n")
    with pytest.raises(SourceFileError, match=r"manifest\.jsonl, line 3: not a line of a manifest"):
        again(raw).requests("asos")


def test_a_manifest_that_is_no_text(raw):
    (raw.folder / MANIFEST).write_bytes(b"\xff\xfe\n")
    with pytest.raises(SourceFileError, match="line 1"):
        again(raw).requests("asos")


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be written"):
        RawFolder(tmp_path / "file").keep(request(1), b"one")


def put_in_place_of(path, what):
    path.unlink(missing_ok=True)
    if what == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")


@pytest.mark.skipif(sys.platform == "win32", reason="makes pipes and links")
@pytest.mark.parametrize("what", ["pipe", "device"])
def test_what_is_no_file_is_neither_waited_for_nor_replaced(raw, what):
    body, manifest = body_file(raw), raw.folder / MANIFEST
    put_in_place_of(body, what)
    with pytest.raises(SourceFileError, match=r"\.gz is no regular file"):
        raw.body(request(2))
    with pytest.raises(StorageError, match=r"cannot be written: .*\.gz is no regular file"):
        again(raw).keep(request(2), b"two")
    put_in_place_of(manifest, what)
    with pytest.raises(SourceFileError, match=r"manifest\.jsonl: cannot be read: manifest\.jsonl is no regular file"):
        again(raw).requests("asos")
    with pytest.raises(StorageError, match=r"cannot be written: manifest\.jsonl is no regular file"):
        again(raw).keep(request(3), b"three")
    assert not any(path.is_file() for path in (body, manifest))


@pytest.mark.skipif(sys.platform == "win32", reason="makes links")
def test_a_manifest_that_is_a_link_is_written_through(raw, tmp_path):
    (raw.folder / MANIFEST).rename(tmp_path / "elsewhere")
    (raw.folder / MANIFEST).symlink_to(tmp_path / "elsewhere")
    again(raw).keep(request(3), b"three")
    assert (raw.folder / MANIFEST).is_symlink()
    assert [again(raw).body(request(page)) for page in (1, 2, 3)] == [b"one", b"two", b"three"]


@pytest.mark.skipif(sys.platform == "win32", reason="makes pipes")
@pytest.mark.parametrize("name", ["keep_raw", "from_raw"])
def test_a_pipe_in_place_of_the_folder_is_refused_before_a_run(tmp_path, name):
    os.mkfifo(tmp_path / "raw")
    with pytest.raises(OptionError, match=f"{name} is .*raw, which is no folder"):
        RunOptions(**{name: tmp_path / "raw"})
    RunOptions(keep_raw=tmp_path / "new")


def test_many_threads_keep_side_by_side(tmp_path):
    raw = RawFolder(tmp_path)
    start = threading.Barrier(8)

    def keep(number):
        start.wait()
        for page in range(20):
            raw.keep(request(page, f"service {number}"), b"%d" % (page % 5))

    workers = [threading.Thread(target=keep, args=(number,)) for number in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    read = again(raw)
    for number in range(8):
        assert [read.body(one) for one in read.requests(f"service {number}")] == [b"%d" % (p % 5) for p in range(20)]


@given(st.binary(max_size=2000), st.dictionaries(st.text(), st.text()))
def test_any_body_and_any_request(tmp_path_factory, body, parameters):
    raw = RawFolder(tmp_path_factory.mktemp("raw"))
    asked = ServiceRequest("asos", tuple(parameters.items()))
    raw.keep(asked, body)
    assert again(raw).body(asked) == body
