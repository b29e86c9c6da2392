"""What is made to use up memory or time: refused within bounds, with an error that says what."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time
import zipfile
import zlib
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from energy_data_layer import rows_from_api_payload
from energy_data_layer.cli.table_files import read_table
from energy_data_layer.datasets.dataset import ServiceRequest
from energy_data_layer.errors import DataLayerError, PayloadError, SourceFileError
from energy_data_layer.files.generation import read_generation_files
from energy_data_layer.files.weather import read_asos_files
from energy_data_layer.services.raw import MANIFEST, RawFolder

MANY = 100_000
SECONDS = 20
REQUEST = ServiceRequest("asos", ())


def item(**fields):
    body = {"tm": "2024-01-01 01:00", "stnId": "108", "stnNm": "x"} | fields
    return json.dumps({"response": {"header": {"resultCode": "00"}, "body": {"items": {"item": [body]}}}})


def in_item(text):
    return item(ta="@").replace('"@"', text)


BODIES = {
    "deep arrays": (in_item("[" * MANY + "]" * MANY), "deep|64 levels"),
    "deep objects": (in_item('{"a":' * MANY + "1" + "}" * MANY), "deep|64 levels"),
    "deep and open": ("{" + '"a":[' * MANY, "no valid JSON"),
    "deep elements": ("<a>" * MANY + "</a>" * MANY, "levels"),
    "entities": (
        '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><response>&b;</response>',
        "document type",
    ),
    "entity from a file": ('<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><a>&a;</a>', "document type"),
    "attributes": ("<response " + " ".join(f'a{n}="1"' for n in range(MANY)) + "/>", "resultCode|envelope|response"),
    "attributes repeated": ("<response " + 'a="1" ' * MANY + "/>", "well-formed"),
    "long number": (in_item("9" * 1_000_000), "number|infinite|large"),
    "large exponent": (in_item("1e999999999"), "number|infinite|large"),
    "members": (item(**{f"f{n}": 1 for n in range(MANY)}), None),
    "members, the last repeated": (
        item(**{f"f{n}": 1 for n in range(MANY)}).replace("}]", f', "f{MANY - 1}": 1}}]'),
        "more than once|twice",
    ),
    "elements, the last repeated": (
        "<response><header><resultCode>00</resultCode></header><body><items><item>"
        + "".join(f"<f{n}/>" for n in range(MANY))
        + f"<f{MANY - 1}/></item></items></body></response>",
        "more than once|twice",
    ),
    "items that are nothing": (
        '{"response":{"header":{"resultCode":"00"},"body":{"items":{"item":[' + ",".join(["0"] * MANY) + "]}}}}",
        "object is expected",
    ),
    "long text": (item(stnNm="x" * 20_000_000), None),
    "comments": ("<response>" + "<!---->" * MANY + "</response>", "resultCode|envelope|response"),
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies(engine, name):
    body, problem = BODIES[name]
    begin = time.monotonic()
    if problem is None:
        assert rows_from_api_payload(body, "asos", use_rust=engine).num_rows == 1
    else:
        with pytest.raises(PayloadError, match=problem) as caught:
            rows_from_api_payload(body, "asos", use_rust=engine)
        assert len(str(caught.value)) < 2_000
    assert time.monotonic() - begin < SECONDS


SERVER = """
import gzip, socketserver, sys, time, zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        how = sys.argv[1]
        headers, pieces = ANSWERS[how]
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            for piece in pieces():
                self.wfile.write(piece)
        except OSError:
            pass
        self.close_connection = True

    def log_message(self, *_):
        pass

MEGABYTE = 1 << 20
NULS = bytes(MEGABYTE)

def endless():
    while True:
        yield NULS

def compressed(new):
    def pieces():
        compressor = new()
        for _ in range(400):
            yield compressor.compress(NULS)
        yield compressor.flush()
    return pieces

def twice():
    inner = gzip.compress(b"".join(compressed(lambda: zlib.compressobj(9, zlib.DEFLATED, 31))()), 9)
    yield inner

def drip():
    while True:
        yield b"x"
        time.sleep(0.2)

GZIP, DEFLATE = (lambda: zlib.compressobj(9, zlib.DEFLATED, 31)), (lambda: zlib.compressobj(9))
ANSWERS = {
    "endless": ({"Connection": "close"}, endless),
    "announced": ({"Content-Length": "9" * 15}, endless),
    "announced beyond all numbers": ({"Content-Length": "9" * 5000}, endless),
    "gzip": ({"Content-Encoding": "gzip", "Connection": "close"}, compressed(GZIP)),
    "deflate": ({"Content-Encoding": "deflate", "Connection": "close"}, compressed(DEFLATE)),
    "gzip twice": ({"Content-Encoding": "gzip, gzip", "Connection": "close"}, twice),
    "drip": ({"Connection": "close"}, drip),
    "headers": ({f"X-{n}": "y" * 100 for n in range(5000)}, drip),
}
with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
    print(server.server_port, flush=True)
    server.serve_forever()
"""

CLIENT = """
import asyncio, re, sys
from energy_data_layer.errors import DataLayerError
from energy_data_layer.settings.services import ServiceSettings
from energy_data_layer.services.client import ServiceClient
from energy_data_layer.datasets.dataset import ServiceRequest

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1024

async def ask():
    settings = ServiceSettings(services_url=sys.argv[1], service_key="a-key-of-a-test", timeout_seconds=3,
                               attempts=1, backoff_seconds=0)
    async with ServiceClient("asos", settings) as client:
        before = peak()
        try:
            await client.get(ServiceRequest("asos", ()), bytes)
        except DataLayerError as error:
            print(peak() - before, error)

asyncio.run(ask())
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads what memory was used from /proc")
@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ("endless", "the body has more than 64 MB"),
        ("announced", "the body has more than 64 MB"),
        ("announced beyond all numbers", "broke the rules of HTTP"),
        ("gzip", "the body has more than 64 MB"),
        ("deflate", "the body has more than 64 MB"),
        ("gzip twice", "it is compressed more than once"),
        ("drip", "no complete answer within 3 s"),
        ("headers", "broke the rules of HTTP"),
    ],
)
def test_answers(how, problem):
    with subprocess.Popen([sys.executable, "-c", SERVER, how], stdout=subprocess.PIPE, text=True) as server:
        try:
            url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
            done = subprocess.run(
                [sys.executable, "-c", CLIENT, url], capture_output=True, text=True, timeout=60, check=True
            )
        finally:
            server.kill()
    megabytes, said = done.stdout.split(" ", 1)
    assert problem in said
    assert int(megabytes) < 300


# --- files --------------------------------------------------------------------------------------------


def test_a_kept_body_that_grows_is_read_no_further_than_its_length(tmp_path):
    raw = RawFolder(tmp_path)
    raw.keep(REQUEST, b"{}")
    (kept,) = tmp_path.glob("*.gz")
    compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
    kept.write_bytes(b"".join(compressor.compress(bytes(1 << 20)) for _ in range(200)) + compressor.flush())
    with pytest.raises(SourceFileError, match="is not what was kept"):
        raw.body(REQUEST)


@pytest.mark.parametrize("length", ["1e999", "-1", str(10**12), "[" * 100_000, "9" * 5000])
def test_a_manifest_cannot_name_any_length(tmp_path, length):
    RawFolder(tmp_path).keep(REQUEST, b"{}")
    manifest = tmp_path / MANIFEST
    manifest.write_text(manifest.read_text().replace('"bytes": 2', f'"bytes": {length}'))
    with pytest.raises(SourceFileError, match=r"manifest\.jsonl, line 1"):
        RawFolder(tmp_path).body(REQUEST)


HEADING = "지점,지점명,일시,기온(°C)\n"
FILES = {
    "a cell of 20 MB": HEADING + f"108,서울,2024-01-01 00:00,{'9' * 20_000_000}\n",
    "an open quotation of 20 MB": HEADING + f'108,"{"x" * 20_000_000}\n',
    "a NUL": HEADING + "108,서울\0,2024-01-01 00:00,1\n",
    "cells without end": HEADING + "108,서울,2024-01-01 00:00,1" + ",1" * 1_000_000 + "\n",
    "headings without end": "지점,지점명,일시" + "".join(f",h{n}" for n in range(200_000)) + "\n108,서울,x\n",
    "a gzip archive": gzip.compress(b"x").decode("latin-1"),
    "a zip archive": "PK\x03\x04" + "x" * 100,
}


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("한국남부발전_sun_20250228.csv", partial(read_generation_files, energy_unit="kWh")),
        ("in.csv", read_table),
        ("in.csv.gz", read_table),
        ("in.xlsx", read_table),
        ("asos.csv.gz", read_asos_files),
        ("asos.zip", read_asos_files),
    ],
)
@pytest.mark.parametrize("archive", ["gzip", "zip"])
def test_no_archive_is_unpacked(tmp_path, name, read, archive):
    path = tmp_path / name
    inner = b"stnNm,tm,ta\nx,2024-01-01 00:00,1\n"
    if archive == "gzip":
        path.write_bytes(gzip.compress(inner))
    else:
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("in.csv", inner)
    with pytest.raises(DataLayerError):
        read(path)


@pytest.mark.parametrize("name", FILES)
def test_files(tmp_path, name):
    path = tmp_path / "asos.csv"
    path.write_text(FILES[name], encoding="latin-1" if "archive" in name else "utf-8")
    begin = time.monotonic()
    with pytest.raises(SourceFileError) as caught:
        read_asos_files(path)
    assert time.monotonic() - begin < SECONDS
    assert len(str(caught.value)) < 2_000


def test_what_a_parquet_file_unpacks_to_is_not_bounded(tmp_path):
    """A limit that SECURITY.md names; one that is set would have to be told there."""
    path = tmp_path / "in.parquet"
    parquet.write_table(pa.table({"stnNm": ["x" * 100] * 100_000}), path)
    assert read_table(path).nbytes > 500 * path.stat().st_size


@pytest.mark.parametrize(
    ("good", "bad", "problem"),
    [
        (b"", b"\xff\xff\xff\x7f", "offset"),
        (b"", b"\xff\xff\xff\xff", "offset"),
        (b"abcdefgh", b"abc\xffefgh", "UTF8"),
        (b"stnNm", b"st\xffNm", "utf-8"),
    ],
)
def test_damaged_arrow_files(tmp_path, good, bad, problem):
    """A reader takes offsets and texts as they are; what comes next would read beyond the memory it has."""
    path = tmp_path / "in.arrow"
    with pa.ipc.new_file(path, pa.schema([("stnNm", pa.string())])) as writer:
        writer.write_table(pa.table({"stnNm": ["abcdefgh"]}))
    data = path.read_bytes()
    # The last offset, which is the text's end, is the last 8 before the text.
    end = data.rindex(b"\x08\0\0\0", 0, data.index(b"abcdefgh"))
    path.write_bytes(data[:end] + bad + data[end + 4 :] if problem == "offset" else data.replace(good, bad))
    with pytest.raises(SourceFileError, match=rf"cannot be read as \.arrow: .*{problem}"):
        read_table(path)
