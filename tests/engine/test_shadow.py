"""Shadow mode: the reference answers, Rust is compared behind it, and nothing of Rust reaches the caller."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from energy_data_layer import (
    GapModel,
    complete_hours,
    impute_missing_values,
    rows_from_api_payload,
    transform_wide_to_long,
)
from energy_data_layer.core.logs import JsonFormatter, lines_of
from energy_data_layer.engine import choice as engine
from energy_data_layer.engine.equality import assert_equal_answers
from energy_data_layer.engine.shadow import call as shadow_call
from energy_data_layer.engine.shadow import case as shadow_case
from energy_data_layer.engine.shadow import comparer as shadow
from energy_data_layer.engine.shadow.counts import ShadowCounts
from energy_data_layer.errors import EngineError, OptionError, PayloadError, StampError
from energy_data_layer.reports.run_report import RunReport
from energy_data_layer.transforms.impute import api as impute
from energy_data_layer.transforms.payload_rows import api as payload_rows
from energy_data_layer.transforms.registry import TRANSFORMS

COUNTS = "impute_missing_values"
SOON = 20.0


def frame(hours: int = 30, stations: tuple[str, ...] = ("a", "b")) -> pd.DataFrame:
    stamps = pd.date_range("2024-01-01", periods=hours, freq="h")
    parts = [pd.DataFrame({"stnNm": station, "tm": stamps, "ta": range(hours)}) for station in stations]
    df = pd.concat(parts, ignore_index=True).astype({"ta": "float64"})
    df.loc[[4, 5, 17, hours + 3], "ta"] = None
    return df


@pytest.fixture(autouse=True)
def counts(monkeypatch, tmp_path):
    """Shadow mode for the test, with counts of its own, and a folder of its own."""
    monkeypatch.setenv("USE_RUST", "shadow")
    monkeypatch.setenv("USE_RUST_SHADOW_FOLDER", str(tmp_path / "kept"))
    counts = ShadowCounts()
    with shadow.counted_in(counts):
        yield counts
    shadow.settle(counts, SOON)


@pytest.fixture
def rust_answers(monkeypatch):
    """Let something else than the engine answer for Rust in `impute_missing_values`."""

    def give(answer):
        real = impute.imputed_in_rust
        monkeypatch.setattr(impute, "imputed_in_rust", partial(answer, real))

    return give


def wrong_at_station_b(real, given, *options):
    """Answer with a value that is off by one, in the last row of station b."""
    imputed = real(given, *options)
    values = imputed.columns["ta"].values.copy()
    rows = [row for row, station in enumerate(given.station.to_pylist()) if station == "b"]
    values[rows[-1:]] += 1
    imputed.columns["ta"] = replace(imputed.columns["ta"], values=values)
    return imputed


def failing(*_):
    raise EngineError("the engine panicked: index out of bounds")


@pytest.mark.needs_rust
def test_the_reference_answers_and_rust_is_compared(counts):
    df = frame()
    answer, report = impute_missing_values(df, ["ta"], provenance=True, report=True)
    assert (report.engine, report.engine_reason) == ("reference", "USE_RUST=shadow: Rust is compared with it")
    assert_equal_answers(impute_missing_values(df, ["ta"], provenance=True, use_rust=False), answer, [df])
    shadow.settle(counts, SOON)
    seen = counts.of(COUNTS)
    assert (counts.calls, counts.compared, counts.mismatches, seen.rows) == (1, 1, 0, len(df))
    assert seen.reference_seconds > 0
    assert seen.rust_seconds > 0
    assert 0 <= seen.columns["ta"].of_tolerance < 0.01


@pytest.mark.needs_rust
@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame, pa.Table])
def test_every_transform_and_frame_is_compared(counts, kind):
    def made(df: pd.DataFrame):
        return {pd.DataFrame: lambda: df, pl.DataFrame: lambda: pl.from_pandas(df)}.get(
            kind, lambda: pa.Table.from_pandas(df, preserve_index=False)
        )()

    hours = {f"{hour}시(kWh)": [hour * 10.0] for hour in range(1, 25)}
    impute_missing_values(made(frame()), ["ta"], history=made(frame()))
    complete_hours(made(frame().drop(index=[2, 9])))
    transform_wide_to_long(made(pd.DataFrame({"발전소명": ["한빛"], "일자": ["2024-01-31"]} | hours)), report=True)
    shadow.settle(counts, SOON)
    assert {name: (seen.compared, seen.first_mismatch) for name, seen in counts.transforms.items()} == {
        "impute_missing_values": (1, ""),
        "complete_hours": (1, ""),
        "transform_wide_to_long": (1, ""),
    }


@pytest.mark.needs_rust
def test_a_mismatch_is_counted_logged_once_and_the_smallest_station_kept(counts, rust_answers, caplog, tmp_path):
    df = frame(stations=("a", "b", "c"))
    rust_answers(wrong_at_station_b)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            answer = impute_missing_values(df, ["ta"])
            shadow.settle(counts, SOON)
    assert answer["ta"].iloc[59] == 29.0
    seen = counts.of(COUNTS)
    assert (counts.compared, counts.mismatches, seen.failures) == (3, 3, 0)
    (message,) = [record.getMessage() for record in caplog.records]
    assert "in a call of 90 rows" in message
    (folder,) = (tmp_path / "kept").iterdir()
    assert str(folder) == seen.kept
    assert str(folder) in message

    function, arguments = shadow_case.read_case(folder, TRANSFORMS)
    assert function is impute_missing_values
    assert arguments["df"].column("stnNm").unique().to_pylist() == ["b"]
    kept = [pa.ipc.open_stream(folder / f"{name}.arrow").read_all() for name in ("reference", "rust")]
    assert [table.column("ta")[-1].as_py() for table in kept] == [29.0, 30.0]
    assert f"edl shadow-replay '{folder}'" in (folder / "README.md").read_text(encoding="utf-8")
    (difference,) = shadow_case.replayed(folder, TRANSFORMS)
    assert "expected 29.0, got 30.0" in difference


@pytest.mark.needs_rust
@pytest.mark.skipif(sys.platform == "win32", reason="makes pipes and links")
@pytest.mark.parametrize("what", ["pipe", "device", "below a device", "link to itself"])
def test_a_mismatch_is_counted_where_no_case_can_be_kept(counts, rust_answers, monkeypatch, caplog, tmp_path, what):
    folder = tmp_path / "special"
    if what == "pipe":
        os.mkfifo(folder)
    else:
        folder.symlink_to(folder if what == "link to itself" else "/dev/null")
    monkeypatch.setenv("USE_RUST_SHADOW_FOLDER", str(folder if what != "below a device" else folder / "kept"))
    rust_answers(wrong_at_station_b)
    impute_missing_values(frame(stations=("a", "b")), ["ta"])
    shadow.settle(counts, SOON)
    assert (counts.compared, counts.mismatches, counts.of(COUNTS).kept) == (1, 1, "")
    (record,) = caplog.records
    assert f"; no case of it can be kept in {folder}" in record.getMessage()
    assert record.exc_info is None
    assert not folder.is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="makes pipes and links")
@pytest.mark.parametrize("what", ["pipe", "link", "device"])
@pytest.mark.parametrize("name", ["call.json", "df.arrow", "body_0.txt"])
def test_what_is_no_file_of_a_case_is_not_opened(tmp_path, name, what):
    call = {"transform": COUNTS, "frames": ["df"], "bodies": ["body_0.txt"], "is_list": False, "options": {}}
    (tmp_path / "call.json").write_text(json.dumps(call))
    with pa.ipc.new_stream(tmp_path / "df.arrow", pa.schema([])):
        pass
    (tmp_path / "body_0.txt").write_text("x")
    shadow_case.read_case(tmp_path, TRANSFORMS)
    if what == "pipe":
        (tmp_path / name).unlink()
        os.mkfifo(tmp_path / name)
    else:
        (tmp_path / name).rename(tmp_path / "other")
        (tmp_path / name).symlink_to(tmp_path / "other" if what == "link" else "/dev/zero")
    with pytest.raises(OptionError, match=f"holds no case of shadow mode: '{name}' is no file of the case"):
        shadow_case.read_case(tmp_path, TRANSFORMS)


@pytest.mark.needs_rust
def test_what_a_comparison_logs_names_the_run_of_its_call(rust_answers):
    lines = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(json.loads(JsonFormatter().format(record)))
    shadow_call.logger.addHandler(handler)
    rust_answers(wrong_at_station_b)
    try:
        for name in ("first", "second"):
            counts = ShadowCounts()
            with lines_of(RunReport("weather", arguments={}, run_id=name)), shadow.counted_in(counts):
                impute_missing_values(frame(), ["ta"])
            shadow.settle(counts, SOON)
    finally:
        shadow_call.logger.removeHandler(handler)
    assert [line["run_id"] for line in lines] == ["first", "second"]


@pytest.mark.needs_rust
def test_a_replay_of_what_is_mended_finds_nothing(counts, rust_answers, monkeypatch):
    with monkeypatch.context():
        rust_answers(wrong_at_station_b)
        impute_missing_values(frame(), ["ta"], max_spline_gap=5, history=frame())
        shadow.settle(counts, SOON)
    monkeypatch.undo()
    assert shadow_case.replayed(shadow_case.Path(counts.of(COUNTS).kept), TRANSFORMS) == []


@pytest.mark.needs_rust
def test_a_case_keeps_the_bounds_and_the_model_of_its_call(counts, rust_answers):
    rust_answers(wrong_at_station_b)
    model = GapModel.fit(frame(), ["ta"], use_rust=False)
    options = {"method": "optimal_interpolation", "bounds": {"ta": (None, 99.5)}, "interval": 0.9}
    impute_missing_values(frame(), ["ta"], model=model, **options)
    shadow.settle(counts, SOON)
    folder = shadow_case.Path(counts.of(COUNTS).kept)
    _, kept = shadow_case.read_case(folder, TRANSFORMS)
    assert {name: kept[name] for name in options} == options
    assert GapModel.from_table(kept["model"]).id == model.id
    assert len(shadow_case.replayed(folder, TRANSFORMS)) == 1


@pytest.mark.needs_rust
def test_a_case_keeps_what_stands_for_missing_values_and_the_columns_of_the_stamps(counts, rust_answers):
    rust_answers(wrong_at_station_b)
    stamps = frame()["tm"].dt
    parts = frame().assign(year=stamps.year, month=stamps.month, day=stamps.day, hour=stamps.hour).drop(columns="tm")
    options = {"date_col": ["year", "month", "day", "hour"], "missing_values": {"ta": [np.float64(-999), "NA"]}}
    impute_missing_values(parts, ["ta"], coerced="missing", **options)
    shadow.settle(counts, SOON)
    folder = shadow_case.Path(counts.of(COUNTS).kept)
    _, kept = shadow_case.read_case(folder, TRANSFORMS)
    assert kept["date_col"] == options["date_col"]
    assert kept["missing_values"] == {"ta": (-999, "NA")}
    assert len(shadow_case.replayed(folder, TRANSFORMS)) == 1


@pytest.mark.needs_rust
def test_a_failure_of_rust_does_not_reach_the_caller(counts, rust_answers):
    rust_answers(failing)
    assert impute_missing_values(frame(), ["ta"])["ta"].notna().all()
    shadow.settle(counts, SOON)
    seen = counts.of(COUNTS)
    assert (seen.mismatches, seen.failures) == (1, 1)
    assert "expected an answer, got EngineError: the engine panicked" in seen.first_mismatch
    assert "panicked" in (shadow_case.Path(seen.kept) / "rust.txt").read_text(encoding="utf-8")


@pytest.mark.needs_rust
def test_slow_rust_holds_nobody_up(counts, rust_answers, monkeypatch):
    monkeypatch.setattr(shadow, "MOST_WAITING", 8)
    may_go_on = threading.Event()

    def waiting(real, *arguments):
        may_go_on.wait(SOON)
        return real(*arguments)

    rust_answers(waiting)
    begin = time.perf_counter()
    for _ in range(40):
        impute_missing_values(frame(), ["ta"])
    shadow.settle(counts, 0.1)
    assert time.perf_counter() - begin < SOON / 2
    assert (counts.calls, counts.compared, counts.not_compared) == (40, 0, 40)
    may_go_on.set()
    # What was given up keeps its place until the thread comes to it.
    while not shadow._comparer._queue.empty():
        time.sleep(0.001)
    impute_missing_values(frame(), ["ta"])
    shadow.settle(counts, SOON)
    assert counts.compared == 1


@pytest.mark.needs_rust
def test_an_error_is_an_answer(counts):
    bad = frame().astype({"tm": "str"})
    bad.loc[3, "tm"] = "yesterday"
    with pytest.raises(StampError, match="yesterday"):
        impute_missing_values(bad, ["ta"])
    shadow.settle(counts, SOON)
    assert (counts.compared, counts.mismatches) == (1, 0)


@pytest.mark.needs_rust
@pytest.mark.parametrize("body", ['{"response": {"header": ', "<response><header>"], ids=["JSON", "XML"])
def test_the_words_of_a_parser_are_its_own(counts, body):
    with pytest.raises(PayloadError, match=r"no valid JSON|no well-formed XML"):
        rows_from_api_payload(body, "asos")
    shadow.settle(counts, SOON)
    assert (counts.compared, counts.mismatches) == (1, 0), counts


@pytest.mark.needs_rust
def test_another_error_is_a_mismatch(counts, rust_answers):
    rust_answers(failing)
    bad = frame()
    bad.loc[3, "tm"] = bad.loc[2, "tm"]
    with pytest.raises(ValueError, match="station"):
        impute_missing_values(bad, ["ta"])
    shadow.settle(counts, SOON)
    assert (counts.mismatches, counts.of(COUNTS).failures) == (1, 0)


@pytest.mark.needs_rust
def test_what_the_caller_does_to_input_and_answer_afterwards_is_not_compared(counts, rust_answers):
    may_go_on = threading.Event()

    def waiting(real, *arguments):
        may_go_on.wait(SOON)
        return real(*arguments)

    rust_answers(waiting)
    df = frame()
    answer = impute_missing_values(df, ["ta"])
    df["ta"] = 0.0
    df.loc[2, "tm"] = pd.Timestamp("1999-01-01")
    answer.loc[:, "ta"] = -1.0
    body = bytearray(b'{"response": {"header": {"resultCode": "03", "resultMsg": "NODATA_ERROR"}}}')
    rows_from_api_payload(body, "asos")
    body[:] = b"spoiled"
    may_go_on.set()
    shadow.settle(counts, SOON)
    assert (counts.compared, counts.mismatches) == (2, 0), counts


@pytest.mark.needs_rust
@pytest.mark.parametrize(("rate", "compared"), [("0", 0), ("0.25", 5), ("1", 20)])
def test_a_share_of_the_calls_is_compared(counts, monkeypatch, rate, compared):
    monkeypatch.setenv("USE_RUST_SHADOW_RATE", rate)
    monkeypatch.setattr(shadow, "_sampled", 0.0)
    for _ in range(20):
        impute_missing_values(frame(), ["ta"])
        shadow.settle(counts, SOON)
    assert (counts.calls, counts.left_out, counts.compared) == (20, 20 - compared, compared)


@pytest.mark.parametrize("rate", ["often", "-0.1", "1.5", "nan"])
def test_a_rate_that_is_none_is_refused(monkeypatch, rate):
    monkeypatch.setenv("USE_RUST_SHADOW_RATE", rate)
    with pytest.raises(OptionError, match="USE_RUST_SHADOW_RATE"):
        impute_missing_values(frame(), ["ta"])


@pytest.mark.parametrize(
    "outcome",
    [ModuleNotFoundError("No module named 'rust_data_layer'", name="rust_data_layer"), ImportError("undefined symbol")],
)
def test_without_a_working_rust_the_reference_answers(counts, monkeypatch, outcome, caplog):
    def no_module(name: str):
        raise outcome

    engine._import_rust.cache_clear()
    engine._warn_once.cache_clear()
    monkeypatch.setattr(engine, "import_module", no_module)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            _, report = impute_missing_values(frame(), ["ta"], report=True)
    engine._import_rust.cache_clear()
    assert report.engine == "reference"
    assert report.engine_reason.startswith("USE_RUST=shadow, but the Rust engine")
    assert (counts.calls, counts.not_compared) == (2, 2)
    assert len(caplog.records) == 1


@pytest.mark.needs_rust
def test_a_caller_that_names_an_engine_is_not_shadowed(counts):
    for use_rust in (True, False):
        impute_missing_values(frame(), ["ta"], use_rust=use_rust)
    assert counts.calls == 0


@pytest.mark.needs_rust
def test_of_several_bodies_the_failing_one_is_kept(counts, monkeypatch):
    real = payload_rows.payload_rows_in_rust

    def wrong_where_long(pages, *envelope_and_fields, **options):
        if any(len(page) > 300 for page in pages):
            raise EngineError("too long")
        return real(pages, *envelope_and_fields, **options)

    monkeypatch.setattr(payload_rows, "payload_rows_in_rust", wrong_where_long)
    items = ['{"tm": "2024-01-01 01:00", "stnId": "108", "stnNm": "서울", "ta": "-1.5"}']
    bodies = [
        f'{{"response": {{"header": {{"resultCode": "00"}}, "body": {{"items": {{"item": [{", ".join(part)}]}}}}}}}}'
        for part in (items, items * 5, items * 2)
    ]
    rows_from_api_payload(bodies, "asos")
    shadow.settle(counts, SOON)
    seen = counts.of("rows_from_api_payload")
    assert (seen.mismatches, seen.failures) == (1, 1)
    _, arguments = shadow_case.read_case(shadow_case.Path(seen.kept), TRANSFORMS)
    assert arguments["payload"] == [bodies[1].encode()]
