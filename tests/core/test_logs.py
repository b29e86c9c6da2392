"""Log lines as JSON, and spans, of a job that runs in a process of its own."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from urllib.parse import quote

import pytest

from energy_data_layer.core.logs import JsonFormatter
from energy_data_layer.errors import StorageError
from energy_data_layer.simulator.faults import Fault


def line(**fields):
    record = logging.makeLogRecord({"name": "energy_data_layer", "levelname": "INFO", "created": 0} | fields)
    text = JsonFormatter().format(record)
    assert "\n" not in text
    assert text.isascii()
    return json.loads(text, parse_constant=lambda name: 1 / 0)


def test_whatever_is_logged_is_one_line_of_json():
    said = line(msg="서울\n\udcff\x00", value=float("nan"), parts=[1, {"a": object}], level="mine")
    assert said["message"] == "서울\n\\udcff\x00"
    assert said["value"] == "nan"
    assert said["level"] == "INFO"
    assert line(msg="%d rows", args=("many",))["message"] == "%d rows"


def test_only_errors_of_the_package_say_their_text():
    for error, message in ((StorageError("the disk is full"), "the disk is full"), (RuntimeError("s3cret"), "")):
        said = line(msg="it failed", exc_info=(type(error), error, None))
        assert said["error"] == {"type": type(error).__name__, "message": message, "where": []}


def edl(*arguments, **environment):
    code = "from energy_data_layer.cli import main; main()"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | environment)


def test_a_job_with_faults_writes_nothing_but_json(simulator, tmp_path):
    service = simulator(
        key="recognisable/key", faults=[Fault("server_error", times_each=1), Fault("drop", times_each=1)]
    )
    done = edl(
        "run", "wind", "--month", "2024-02", "--db", f"duckdb:///{tmp_path}/energy.duckdb",
        EDL_LOG_FORMAT="json", EDL_SERVICES_URL=service.url, EDL_SERVICE_KEY="recognisable/key",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [json.loads(text) for text in done.stderr.splitlines()]
    stages = {said["stage"]: said for said in lines if "stage" in said}
    assert list(stages) == ["plan", "fetch and store", "check"]
    assert stages["check"]["run_id"]
    assert {said["job"] for said in stages.values()} == {"wind"}
    assert any(said["logger"] == "stamina" and said["run_id"] for said in lines)
    assert "recognisable" not in done.stderr


def test_errors_and_wrong_usage_are_json_too(tmp_path):
    for arguments, code in ((["run", "wind", "--bogus"], 2), (["run", "wind", "--db", "sqlite:///x"], 2)):
        done = edl("--log-format", "json", *arguments)
        assert done.returncode == code
        assert json.loads(done.stderr.splitlines()[-1])["level"] == "ERROR"


SPANS = """
import sys
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
from energy_data_layer.jobs.run_context import watched
from energy_data_layer.reports.run_report import RunReport
from energy_data_layer.simulator.sample_generation import write_generation_sample
from energy_data_layer.jobs.generation.from_files import run_generation
run_generation(write_generation_sample(sys.argv[1]), f"duckdb:///{sys.argv[1]}/energy.duckdb")
spans = {span.name: span for span in exporter.get_finished_spans()}
run = spans["run generation"]
assert run.attributes["edl.status"] == "succeeded" and run.attributes["edl.rows_inserted"] > 0, run.attributes
for stage in ("stage read files", "stage wide to long", "stage store"):
    assert spans[stage].parent.span_id == run.context.span_id
assert spans["transform_wide_to_long"].attributes["edl.rows"] > 0
try:
    with watched(RunReport("wind", arguments={})):
        raise RuntimeError("s3cret")
except RuntimeError:
    pass
failed = exporter.get_finished_spans()[-1]
assert failed.status.status_code.name == "ERROR" and "s3cret" not in failed.to_json()
"""


def test_a_run_is_a_span_with_its_stages(tmp_path):
    done = subprocess.run([sys.executable, "-c", SPANS, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


KEY, PASSWORD = "recognisable/key+of a test==", "pass/word"
TO_THE_CONSOLE = {
    "OTEL_TRACES_EXPORTER": "console",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
    "EDL_LOG_FORMAT": "json",
    "EDL_BACKOFF_SECONDS": "0.01",
    "EDL_ATTEMPTS": "2",
}


def spans_of(*arguments, **environment):
    """Run `edl` as OpenTelemetry's own launcher starts it; return spans and log lines, which hold no secret."""
    launcher = Path(sys.executable).with_name("opentelemetry-instrument")
    command = [launcher, sys.executable, "-c", "from energy_data_layer.cli import main; main()", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | TO_THE_CONSOLE | environment)
    for secret in ("recognisable", PASSWORD, quote(PASSWORD, safe="")):
        assert secret not in done.stdout + done.stderr
    spans = re.findall(r"^\{$.+?^\}$", done.stdout, re.MULTILINE | re.DOTALL)
    return list(map(json.loads, spans)), list(map(json.loads, done.stderr.splitlines()))


PERIODS = {
    "weather": ["--date", "2024-03-09", "--stations", "108"],
    "wind": ["--month", "2024-02"],
    "solar": ["--since", "2024-03-08", "--until", "2024-03-09"],
}


@pytest.mark.parametrize("job", PERIODS)
def test_the_spans_of_a_job_have_its_run_and_no_secret(simulator, postgres_url, job):
    service = simulator(key=KEY, today=date(2024, 3, 10), faults=[Fault("drop", times_each=1)])
    url = postgres_url.replace("edl@", f"edl:{quote(PASSWORD, safe='')}@", 1)
    spans, lines = spans_of("run", job, *PERIODS[job], "--db", url, **service.environment)
    (run,) = [span for span in spans if span["name"] == f"run {job}"]
    assert (run["attributes"]["edl.status"], run["status"]["status_code"]) == ("succeeded", "UNSET")
    of_the_run = [line for line in lines if line.get("run_id") == run["attributes"]["edl.run_id"]]
    assert {f"0x{line['trace_id']}" for line in of_the_run} == {run["context"]["trace_id"]}
    assert {"stage check", "rows_from_api_payload"} <= {span["name"] for span in spans}
    assert {span["context"]["trace_id"] for span in spans} == {run["context"]["trace_id"]}


@pytest.mark.parametrize("broken", ["service", "database"])
def test_the_span_of_a_run_that_fails_says_why_without_a_secret(simulator, tmp_path, broken):
    service = simulator(key=KEY, faults=[Fault("forbidden", code="30")])
    url = f"postgresql://edl:{quote(PASSWORD, safe='')}@127.0.0.1:9/energy"
    url = url if broken == "database" else f"duckdb:///{tmp_path}/energy.duckdb"
    spans, _ = spans_of("run", "wind", *PERIODS["wind"], "--db", url, **service.environment)
    status = next(span["status"] for span in spans if span["name"] == "run wind")
    assert status["status_code"] == "ERROR"
    assert {"service": "could not be fetched", "database": "StorageError: "}[broken] in status["description"]


def test_nothing_of_opentelemetry_is_imported_where_nobody_has_loaded_it():
    code = (
        "import sys, pyarrow as pa; from energy_data_layer import impute_missing_values as f; "
        "f(pa.table({'stnNm': ['a'], 'tm': ['202401010000'], 'ta': [1.0]}), ['ta'], use_rust=False); "
        "sys.exit('opentelemetry.trace' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
