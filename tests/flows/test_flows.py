"""The flows under a real Prefect server of their own, against the simulated services, into DuckDB files."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest

from energy_data_layer.datasets.chunks import chunks_of_range
from energy_data_layer.datasets.koen_wind import KOEN_WIND
from energy_data_layer.errors import (
    ApiError,
    EngineUnavailable,
    IncompleteRunError,
    OptionError,
    StorageError,
    worth_another_try,
)
from energy_data_layer.reports.alerts import send_alert
from energy_data_layer.services.collect import collect
from energy_data_layer.simulator import SOLAR_PLANTS, Fault
from energy_data_layer.storage.tables import NAMBU_GENERATION, WEATHER_ASOS, WIND_NAMDONG

from ..jobs.services import assert_same_rows, runs, settings_of, stored
from ..ports import reserved_port

if TYPE_CHECKING:
    from collections.abc import Iterator

needs_prefect = [
    pytest.mark.skipif(find_spec("prefect") is None, reason="prefect is not installed"),
    pytest.mark.slow,
]

KST = ZoneInfo("Asia/Seoul")
STRAY_SERVER = "http://127.0.0.1:9/api"
PASSWORD = "open+sesame/1"
STATIONS = [90, 108]
PLANTS = [(plant.code, plant.unit) for plant in SOLAR_PLANTS[:2]]
FIRST, LAST = date(2024, 2, 1), date(2024, 2, 3)


@pytest.fixture(scope="module")
def prefect_server(tmp_path_factory) -> Iterator[None]:
    """A Prefect server of this test process, which alone is asked whatever the environment says."""
    with pytest.MonkeyPatch.context() as environment:
        home = tmp_path_factory.mktemp("prefect")
        environment.setenv("PREFECT_HOME", str(home))
        environment.setenv("PREFECT_API_URL", STRAY_SERVER)
        environment.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
        environment.setenv("DO_NOT_TRACK", "1")
        import prefect.main  # noqa: F401 - sets up logging
        from prefect import settings
        from prefect.testing import utilities

        # Another test may have imported Prefect, which reads the environment once.
        own = {settings.PREFECT_HOME: home, settings.PREFECT_SERVER_ANALYTICS_ENABLED: False}
        with reserved_port() as port, settings.temporary_settings(updates=own):
            # Prefect takes a port that was free a moment ago; a simulator may have got it since.
            environment.setattr(utilities, "_find_available_port", lambda: port)
            with utilities.prefect_test_harness(server_startup_timeout=120):
                assert settings.PREFECT_API_URL.value() == f"http://127.0.0.1:{port}/api"
                yield


@pytest.fixture
def package_logger() -> Iterator[logging.Logger]:
    """The package's logger, given to Prefect as PREFECT_LOGGING_EXTRA_LOGGERS does where Prefect starts."""
    logger = logging.getLogger("energy_data_layer")
    handlers, level = list(logger.handlers), logger.level
    logger.handlers = [*handlers, *logging.getLogger("prefect.extra").handlers]
    logger.setLevel(logging.NOTSET)
    yield logger
    logger.handlers = handlers
    logger.setLevel(level)


@pytest.fixture
def flows(prefect_server, package_logger, own_environment, monkeypatch, tmp_path, simulator):
    """The flows in an environment of their own, and the simulated services that they ask; retries do not wait."""
    from energy_data_layer.flows import daily_weather, job_task, monthly_wind, solar_backfill

    service = simulator()
    at_once = job_task.run_as_task.with_options(retry_delay_seconds=0)
    for module in (daily_weather, monthly_wind, solar_backfill):
        monkeypatch.setattr(module, "run_as_task", at_once)
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    environment = {
        "EDL_DATABASE_URL": url,
        "EDL_SERVICES_URL": service.url,
        "EDL_SERVICE_KEY": service.options.key,
        "EDL_SOLAR_PLANTS": ",".join(":".join(plant) for plant in PLANTS),
        "EDL_ASOS_STATIONS": ",".join(map(str, STATIONS)),
        "EDL_REQUESTS_PER_SECOND": "2000",
        "EDL_BACKOFF_SECONDS": "0.01",
        "EDL_ATTEMPTS": "1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return SimpleNamespace(
        service=service,
        url=url,
        daily_weather=daily_weather.daily_weather,
        monthly_wind=monthly_wind.monthly_wind,
        solar_backfill=solar_backfill.solar_backfill,
    )


@dataclass
class Shown:
    """A flow run as Prefect shows it."""

    state: Any
    report: Any
    attempts: int
    artifacts: list[Any]
    logs: list[str]


def run(flow, service, **parameters) -> Shown:
    """Run a flow; return what Prefect then shows of it, none of which may hold a secret."""
    from prefect import get_client
    from prefect.client.schemas.filters import (
        ArtifactFilter,
        ArtifactFilterFlowRunId,
        FlowRunFilter,
        FlowRunFilterId,
        LogFilter,
        LogFilterFlowRunId,
    )
    from prefect.logging.handlers import APILogWorker

    state = flow(**parameters, return_state=True)
    run_id = state.state_details.flow_run_id
    APILogWorker.instance().drain()
    with get_client(sync_client=True) as client:
        one = FlowRunFilter(id=FlowRunFilterId(any_=[run_id]))
        flow_run = client.read_flow_run(run_id)
        (task_run,) = task_runs = ended(client, one)
        artifacts = client.read_artifacts(
            artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run_id]))
        )
        logs = client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run_id])), limit=200)
        states = [*client.read_flow_run_states(run_id), *client.read_task_run_states(task_run.id)]
    shown = " ".join(item.model_dump_json() for item in [flow_run, *task_runs, *artifacts, *logs, *states])
    shown += repr(state.result(raise_on_failure=False))
    for secret in (service.options.key, PASSWORD):
        assert secret not in shown
        assert quote(secret, safe="") not in shown
    return Shown(
        flow_run.state,
        state.result(raise_on_failure=False),
        task_run.run_count,
        # What a flow returns is an artifact too, without a name.
        [artifact for artifact in artifacts if artifact.key is not None],
        [log.message for log in logs],
    )


def ended(client, flow_run) -> list[Any]:
    """Return the task runs of a flow run, once the server, which learns of them by events, knows their end."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = client.read_task_runs(flow_run_filter=flow_run)
        if found and all(task_run.state is not None and task_run.state.is_final() for task_run in found):
            return found
        time.sleep(0.05)
    raise AssertionError("the server did not learn how the task run ended")


class TestUnderPrefect:
    """What needs Prefect."""

    pytestmark = needs_prefect

    def test_weather_is_stored_and_reported(self, flows):
        shown = run(flows.daily_weather, flows.service, since=FIRST, until=LAST)
        assert shown.state.is_completed()
        expected = flows.service.expected_asos(STATIONS, FIRST, LAST).select(["stnId", "tm", "stnNm", "rn"])
        assert_same_rows(stored(flows.url, WEATHER_ASOS, ("stnId", "tm")), expected)
        assert_is_reported(shown, "weather", flows.url, rows=expected.num_rows)

    def test_wind_is_stored_and_reported(self, flows):
        shown = run(flows.monthly_wind, flows.service, month="2024-02")
        assert shown.state.is_completed()
        expected = flows.service.expected_wind(FIRST, date(2024, 2, 29))
        assert_same_rows(stored(flows.url, WIND_NAMDONG, ("timestamp", "plant_name")), expected)
        assert_is_reported(shown, "wind", flows.url, rows=expected.num_rows)

    def test_solar_is_stored_and_reported(self, flows):
        shown = run(flows.solar_backfill, flows.service, until=LAST, days=3)
        assert shown.state.is_completed()
        expected = flows.service.expected_solar(FIRST, LAST, PLANTS)
        assert_same_rows(stored(flows.url, NAMBU_GENERATION, ("datetime", "gencd", "hogi")), expected)
        assert_is_reported(shown, "solar", flows.url, rows=expected.num_rows)

    def test_by_default_weather_takes_up_the_days_that_were_missed(self, flows):
        run(flows.daily_weather, flows.service, since=FIRST, until=FIRST)
        flows.service.forget_requests()
        shown = run(flows.daily_weather, flows.service, until=LAST, days=3)
        assert sorted(shown.report["plan"]) == sorted(f"asos {number} 2024-02-02..2024-02-03" for number in STATIONS)
        assert stored(flows.url, WEATHER_ASOS, ("stnId", "tm")).num_rows == len(STATIONS) * 3 * 24
        again = run(flows.daily_weather, flows.service, until=LAST, days=3)
        assert (again.report["plan"], again.report["rows_read"]) == ([], 0)
        # Days that are named are asked for although they are stored.
        named = run(flows.daily_weather, flows.service, since=LAST, until=LAST)
        assert named.report["rows_unchanged"] == len(STATIONS) * 24

    def test_the_engine_is_that_of_the_environment(self, flows, monkeypatch):
        monkeypatch.setenv("USE_RUST", "0")
        assert run(flows.daily_weather, flows.service, since=LAST, until=LAST).report["engine"] == "reference"

    @pytest.mark.needs_rust
    def test_the_engine_is_that_of_the_parameter(self, flows, monkeypatch):
        monkeypatch.setenv("USE_RUST", "0")
        shown = run(flows.daily_weather, flows.service, since=LAST, until=LAST, use_rust=True)
        assert shown.report["engine"] == "rust"
        monkeypatch.setenv("USE_RUST", "1")
        shown = run(flows.monthly_wind, flows.service, month="2024-02", use_rust=False)
        assert shown.report["engine"] == "reference"

    def test_a_failure_that_passes_is_over_with_the_next_attempt(self, flows):
        flows.service.change(faults=[Fault("server_error", service="nambu_solar", nth=1)])
        shown = run(flows.solar_backfill, flows.service, since=FIRST, until=LAST)
        assert (shown.state.is_completed(), shown.attempts) == (True, 2)
        assert [row["status"] for row in runs(flows.url)] == ["incomplete", "succeeded"]
        assert Counter(artifact.data.partition("\n")[0] for artifact in shown.artifacts) == {
            "# solar: incomplete": 1,
            "# solar: succeeded": 1,
        }
        expected = flows.service.expected_solar(FIRST, LAST, PLANTS)
        assert_same_rows(stored(flows.url, NAMBU_GENERATION, ("datetime", "gencd", "hogi")), expected)

    def test_a_failure_that_stays_ends_the_run_with_what_could_be_stored(self, flows):
        flows.service.change(faults=[Fault("server_error", service="asos", where={"stnIds": "108"})])
        shown = run(flows.daily_weather, flows.service, since=FIRST, until=LAST)
        assert (shown.state.is_failed(), shown.attempts) == (True, 4)
        assert isinstance(shown.report, IncompleteRunError)
        assert "1 of 2 parts could not be fetched" in shown.state.message
        assert "what was fetched is stored" in shown.state.message
        table = stored(flows.url, WEATHER_ASOS, ("stnId", "tm"))
        assert set(table["stnId"].to_pylist()) == {90}
        assert table.num_rows == 3 * 24
        assert all("# weather: incomplete" in artifact.data for artifact in shown.artifacts)

    def test_what_is_not_published_yet_is_asked_for_again(self, flows):
        flows.service.change(faults=[Fault("no_data", service="namdong_wind", nth=1)])
        shown = run(flows.monthly_wind, flows.service, month="2024-02")
        assert (shown.state.is_completed(), shown.attempts) == (True, 2)
        assert [row["status"] for row in runs(flows.url)] == ["empty", "succeeded"]

    @pytest.mark.parametrize("fault", [Fault("gateway_error", code="30"), Fault("quota"), Fault("no_such_service")])
    def test_what_another_attempt_cannot_help_is_not_tried_again(self, flows, fault):
        flows.service.change(faults=[fault])
        shown = run(flows.solar_backfill, flows.service, since=FIRST, until=LAST)
        assert (shown.state.is_failed(), shown.attempts) == (True, 1)
        assert "parts could not be fetched" in shown.state.message

    def test_a_wrong_option_is_not_tried_again(self, flows):
        shown = run(flows.monthly_wind, flows.service, month="2024-13")
        assert (shown.state.is_failed(), shown.attempts) == (True, 1)
        assert 'month is "2024-13"' in shown.state.message
        assert not shown.artifacts

    def test_no_database_is_said(self, flows, monkeypatch):
        monkeypatch.delenv("EDL_DATABASE_URL")
        shown = run(flows.monthly_wind, flows.service)
        assert (shown.state.is_failed(), shown.attempts) == (True, 1)
        assert "set EDL_DATABASE_URL" in shown.state.message

    @pytest.mark.skipif(find_spec("adbc_driver_postgresql") is None, reason="adbc_driver_postgresql is not installed")
    def test_a_database_that_is_down_is_tried_again_and_its_password_is_not_shown(self, flows, monkeypatch):
        monkeypatch.setenv("EDL_DATABASE_URL", f"postgresql://energy:{quote(PASSWORD, safe='')}@127.0.0.1:9/energy")
        shown = run(flows.monthly_wind, flows.service, month="2024-02")
        assert (shown.state.is_failed(), shown.attempts) == (True, 4)
        assert isinstance(shown.report, StorageError)
        assert "127.0.0.1:9" in shown.state.message

    @pytest.mark.parametrize(
        ("error", "again"),
        [
            (StorageError("the file is taken"), True),
            (IncompleteRunError("wind", "1 of 1 parts", retryable=True), True),
            (IncompleteRunError("wind", "1 of 1 parts", retryable=False), False),
            (OptionError("no"), False),
            (EngineUnavailable("no"), False),
            (ConnectionError("Prefect's server is away"), True),
        ],
    )
    def test_what_can_succeed_later(self, error, again):
        from prefect.states import Failed

        from energy_data_layer.flows.job_task import can_succeed_later

        assert can_succeed_later(None, None, Failed(data=error)) is again

    def test_the_deployments_run_at_their_hours_in_korea(self, prefect_server):
        from prefect import get_client

        from energy_data_layer.flows.deploy import deployments

        made = deployments()
        assert [one.name for one in made] == ["daily-weather", "monthly-wind", "solar-backfill"]
        for one in made:
            one.apply()
        now = datetime.now(UTC)
        with get_client(sync_client=True) as client:
            known = {one.name: client.read_deployment_by_name(f"{one.name}/{one.name}") for one in made}
        for name, deployment in known.items():
            assert deployment.entrypoint == f"energy_data_layer.flows.{name.replace('-', '_')}.{name.replace('-', '_')}"
            assert deployment.global_concurrency_limit.limit == 1
            assert deployment.parameters == {}
        weather, wind, solar = (next_runs(known[one.name], now, 3) for one in made)
        assert [stamp.hour for stamp in weather] == [9] * 3
        assert [stamp.hour for stamp in solar] == [10] * 3
        assert [(stamp.day, stamp.hour) for stamp in wind] == [(10, 11)] * 3
        for stamps in (weather, solar):
            assert [later - stamp for stamp, later in pairwise(stamps)] == [timedelta(days=1)] * 2


def next_runs(deployment, now, count) -> list[datetime]:
    """Return the stamps, in Korea, at which a deployment runs next."""
    from prefect.client.schemas.schedules import CronSchedule
    from prefect.server.schemas.schedules import CronSchedule as ServerCronSchedule
    from prefect.utilities.asyncutils import run_coro_as_sync

    (schedule,) = deployment.schedules
    assert schedule.active
    assert isinstance(schedule.schedule, CronSchedule)
    dates = ServerCronSchedule(**schedule.schedule.model_dump()).get_dates(count, start=now)
    stamps = [stamp.astimezone(KST) for stamp in run_coro_as_sync(dates)]
    assert all(stamp > now and stamp.minute == 0 for stamp in stamps)
    return stamps


def assert_is_reported(shown, job, url, *, rows):
    """The report is returned, kept as an artifact and in the database; the package's lines are in the run's log."""
    (recorded,) = runs(url)
    assert (shown.report["job"], shown.report["status"], shown.report["run_id"]) == (
        job,
        "succeeded",
        recorded["run_id"],
    )
    assert shown.report["rows_inserted"] == recorded["rows_inserted"] == rows
    assert shown.report["engine"] == recorded["engine"] != ""
    assert shown.attempts == 1
    (artifact,) = shown.artifacts
    assert (artifact.key, artifact.type) == (f"{job}-report", "markdown")
    assert artifact.data.startswith(f"# {job}: succeeded\n")
    assert f"| rows inserted | {rows:,} |" in artifact.data
    assert recorded["run_id"] in artifact.data
    assert any(line.startswith(f"{job}: check took") for line in shown.logs)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("prefect") is None, reason="prefect is not installed")
def test_a_server_that_does_not_respond_is_one_line(tmp_path, silent_url):
    command = [sys.executable, "-m", "energy_data_layer.flows.deploy"]
    environment = os.environ | {
        "PREFECT_API_URL": f"{silent_url}/api",
        "PREFECT_HOME": str(tmp_path),
        "DO_NOT_TRACK": "1",
    }
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert done.stderr == (
        f"flows.deploy: {silent_url}/api does not respond (ConnectError); start it: prefect server start\n"
    )


def test_what_lacks_is_named():
    code = "import sys; sys.modules['prefect'] = None; import energy_data_layer.flows.deploy"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "energy_data_layer.errors.ExtraUnavailable: prefect is not installed; "
        'install it with: pip install "energy-data-layer[prefect]"'
    )


def test_what_is_worth_another_try():
    assert worth_another_try(ApiError("05", "TIMEOUT"))
    assert not worth_another_try(ApiError("30", "SERVICE KEY IS NOT REGISTERED"))
    assert not worth_another_try(OptionError("no"))


def test_the_thread_that_asks_is_in_the_context_of_the_run(simulator):
    """Prefect knows by its context to which run a log line belongs."""
    run_name, seen = ContextVar("run_name"), []
    run_name.set("lucky-heron")

    def chunks():
        seen.append(run_name.get("none"))
        yield from chunks_of_range(KOEN_WIND, FIRST, LAST)

    with collect(KOEN_WIND, chunks(), settings_of(simulator())) as answers:
        assert len(list(answers)) == 1
    assert seen == ["lucky-heron"]


def test_the_thread_that_alerts_is_in_the_context_of_the_run(monkeypatch, caplog):
    run_name, seen = ContextVar("run_name"), []
    run_name.set("lucky-heron")
    monkeypatch.setenv("EDL_WEBHOOK_URL", "no address")
    caplog.handler.addFilter(lambda record: seen.append((record.levelname, run_name.get("none"))) or True)
    send_alert("hello")
    assert seen == [("WARNING", "lucky-heron")]
