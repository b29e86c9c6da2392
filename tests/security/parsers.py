"""Every parser of bytes from outside: what it is given in good order, and how it is called.

A parser may raise the package's own errors and nothing else.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pydantic import SecretStr

from energy_data_layer import impute_missing_values, rows_from_api_payload
from energy_data_layer.cli.table_files import read_table, write_table
from energy_data_layer.datasets.asos import ASOS
from energy_data_layer.datasets.dataset import ServiceRequest
from energy_data_layer.datasets.koen_wind import KOEN_WIND as NAMDONG_WIND
from energy_data_layer.datasets.kospo_solar import KOSPO_SOLAR as NAMBU_SOLAR
from energy_data_layer.engine.shadow.case import read_case
from energy_data_layer.errors import OptionError
from energy_data_layer.files.energy_units import capacities_kw
from energy_data_layer.files.generation import read_generation_files
from energy_data_layer.files.weather import read_asos_files
from energy_data_layer.services.key import ServiceKey
from energy_data_layer.services.rate_limit import retry_after_seconds
from energy_data_layer.services.raw import MANIFEST, RawFolder
from energy_data_layer.settings.services import ServiceSettings, solar_plant
from energy_data_layer.simulator.faults import faults_from_text
from energy_data_layer.simulator.sample_generation import write_generation_sample
from energy_data_layer.simulator.sample_weather import SAMPLE_STATIONS, write_asos_sample
from energy_data_layer.storage.urls import duckdb_path, libpq_uri, redacted_url, without_secrets
from energy_data_layer.transforms.registry import TRANSFORMS

if TYPE_CHECKING:
    from collections.abc import Callable

ASOS_JSON = json.dumps(
    {
        "response": {
            "header": {"resultCode": "00", "resultMsg": "NORMAL_SERVICE"},
            "body": {
                "pageNo": 1,
                "numOfRows": 2,
                "totalCount": 2,
                "items": {
                    "item": [
                        {"tm": "2024-01-01 01:00", "stnId": "108", "stnNm": "서울", "ta": "-1.5", "rn": ""},
                        {"tm": "2024-01-01 02:00", "stnId": 108, "stnNm": "서울", "ta": -2.0, "rn": None},
                    ]
                },
            },
        }
    },
    ensure_ascii=False,
).encode()
ASOS_XML = (
    '<?xml version="1.0" encoding="UTF-8"?><response><header><resultCode>00</resultCode></header><body><items>'
    '<item a="1"><tm>2024-01-01 01:00</tm><stnId>108</stnId><stnNm>서울</stnNm><ta>-1.5</ta></item></items>'
    "<totalCount>1</totalCount></body></response>"
).encode()
GATEWAY = (
    b"<OpenAPI_ServiceResponse><cmmMsgHeader><errMsg>SERVICE ERROR</errMsg><returnAuthMsg>LIMITED</returnAuthMsg>"
    b"<returnReasonCode>22</returnReasonCode></cmmMsgHeader></OpenAPI_ServiceResponse>"
)
_HOURS = {f"qhorGen{hour:02}": 10.0 for hour in range(1, 25)}
WIND_JSON = json.dumps(
    {
        "reponse": {
            "body": {
                "content": [
                    {"dgenYmd": "2024-01-01", "ippt": "1001", "hogi": "1", "ipptNam": "farm", **_HOURS, "qsum": 240.0}
                ],
                "last": True,
            }
        }
    }
).encode()
SOLAR_XML = (
    "<response><header><resultCode>800</resultCode></header><body><items><item><ymd>2024-01-01</ymd>"
    "<gencd>997D</gencd><ipptnm>sun</ipptnm><hogi>1</hogi><qvodgen>24</qvodgen>"
    + "".join(f"<qhorgen{hour:02}>1</qhorgen{hour:02}>" for hour in range(1, 25))
    + "</item></items><totalCnt>1</totalCnt></body></response>"
).encode()

TABLE = pa.table(
    {
        "stnNm": ["서울", "부산"] * 16,
        "tm": pa.array([hour * 3_600_000_000 for hour in range(16) for _ in (0, 1)], pa.timestamp("us")),
        "ta": [1.0, None, 3.0, 4.0] * 8,
        "hm": [1, 2, None, 4] * 8,
        "용량_메가와트": ["1.5", None, "0", "x"] * 8,
    }
)


def parsers(*, use_rust: bool) -> dict[str, tuple[list[bytes], Callable[[bytes], Any]]]:
    """Return seeds and parser by name."""
    bodies = [ASOS_JSON, ASOS_XML, GATEWAY, WIND_JSON, SOLAR_XML]
    with TemporaryDirectory() as name:
        folder = Path(name)
        asos = write_asos_sample(folder, stations=SAMPLE_STATIONS[:1], since=date(2024, 1, 1), until=date(2024, 1, 2))
        asos_seeds = [path.read_bytes()[:4000] for path in asos]
        generation_seeds = {
            path.name: b"\n".join(path.read_bytes().split(b"\n")[:4]) for path in write_generation_sample(folder)
        }
        tables = {ending: _written(folder, ending) for ending in (".csv", ".parquet", ".arrow")}
        manifest = _manifest(folder / "raw")
    generation_name = next(iter(generation_seeds))
    found: dict[str, tuple[list[bytes], Callable[[bytes], Any]]] = {
        f"payload_{source}": (
            bodies,
            lambda body, source=source: rows_from_api_payload(body, source, use_rust=use_rust),
        )
        for source in ("asos", "namdong_wind", "nambu_solar")
    }
    if use_rust:
        found["ipc_stream"] = ([_stream()], _impute_stream)
    for ending, data in tables.items():
        found[f"table{ending}"] = (
            [data],
            lambda body, ending=ending: _in_file(body, f"in{ending}", lambda path: _imputed(path, use_rust)),
        )
    if not use_rust:
        found |= {
            "asos_file": (asos_seeds, lambda body: _in_file(body, "asos.csv", read_asos_files)),
            "generation_file": (
                list(generation_seeds.values()),
                lambda body: _in_file(body, generation_name, read_generation_files),
            ),
            "manifest": ([manifest], _read_manifest),
            "shadow_case": ([_CALL], lambda body: _in_file(body, "call.json", _read_case)),
            "texts": ([b"997D:1", b"postgresql://energy:s3cret@db:5432/weather?sslpassword=x", b"120"], _read_text),
        }
    return found


_CALL = json.dumps(
    {
        "transform": "rows_from_api_payload",
        "version": "0.2.0",
        "frames": [],
        "bodies": [],
        "is_list": True,
        "options": {"source": "asos", "freq": {"seconds": 3600.0}},
    }
).encode()


def _written(folder: Path, ending: str) -> bytes:
    path = folder / f"good{ending}"
    write_table(TABLE, path)
    return path.read_bytes()


def _in_file(body: bytes, name: str, read: Callable[[Path], Any]) -> Any:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(body)
        return read(path)


def _imputed(path: Path, use_rust: bool) -> None:
    table = read_table(path)
    if "용량_메가와트" in table.column_names and pa.types.is_string(table.schema.field("용량_메가와트").type):
        capacities_kw(table)
    impute_missing_values(table, ["ta", "hm"], "tm", "stnNm", use_rust=use_rust)


def _stream() -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, TABLE.schema) as writer:
        writer.write_table(TABLE)
    return sink.getvalue().to_pybytes()


def _impute_stream(body: bytes) -> None:
    """Hand a stream to the engine itself, which says `ValueError` and its relatives, never that it is broken."""
    import rust_data_layer

    try:
        rust_data_layer.impute_missing_values(body, columns=["ta"], date_col="tm", station_col="stnNm")
    except (ValueError, TypeError, KeyError):
        return


def _manifest(folder: Path) -> bytes:
    raw = RawFolder(folder)
    for source, parameters in _REQUESTS.items():
        raw.keep(ServiceRequest(source, parameters), ASOS_JSON)
    return (folder / MANIFEST).read_bytes()


_REQUESTS = {
    "asos": (("pageNo", "1"), ("startDt", "20240101"), ("endDt", "20240102"), ("stnIds", "108")),
    "namdong_wind": (("startD", "20240101"), ("endD", "20240131"), ("page", "1")),
    "nambu_solar": (("strSdate", "20240101"), ("strEdate", "20240102"), ("strOrgCd", "997D"), ("strHoki", "1")),
}


def _read_case(path: Path) -> None:
    read_case(path.parent, TRANSFORMS)


def _read_manifest(body: bytes) -> None:
    def read(path: Path) -> None:
        raw = RawFolder(path.parent)
        for source in (ASOS, NAMDONG_WIND, NAMBU_SOLAR):
            raw.chunks(source)
            for request in raw.requests(source.name):
                raw.body(request)

    _in_file(body, MANIFEST, read)


def _hide_key(text: str, body: bytes) -> None:
    key = ServiceKey(SecretStr(text))
    if text.isascii():
        assert len(text.strip()) < 16 or key.encoded() not in key.hide(f"at serviceKey={key.encoded()} it failed")
        assert isinstance(key.hide_in(body), bytes)


def _read_text(body: bytes) -> None:
    """Read a text as all that an environment variable, an argument or a header can be."""
    text = body.decode("utf-8", "surrogateescape").replace("\0", "")
    secret = "s3cret"
    assert "p4ss" not in redacted_url(f"postgresql://energy:p4ss@{text}") or "p4ss" in text
    assert secret not in without_secrets(f"cannot read {secret}", f"postgresql://energy:{secret}@db/{text}")
    libpq_uri(text)
    retry_after_seconds({"Retry-After": text, "Date": text})
    with suppress(OptionError):  # too long for a key
        _hide_key(text, body)
    for read in (
        duckdb_path,
        solar_plant,
        faults_from_text,
        lambda value: ServiceSettings(services_url=value),
        lambda value: ServiceSettings(asos_stations=value),
        lambda value: ServiceSettings(solar_plants=value, requests_per_second=value),
    ):
        _only_our_errors(read, text)


def _only_our_errors(read: Callable[[str], Any], text: str) -> None:
    from energy_data_layer.errors import DataLayerError

    try:
        read(text)
    except DataLayerError:
        return
