"""The settings of the services: from the environment, checked, and never shown."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from energy_data_layer import settings
from energy_data_layer.errors import ExtraUnavailable, OptionError
from energy_data_layer.settings.services import ServiceSettings


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in settings.known():
        monkeypatch.delenv(name, raising=False)


def test_defaults():
    found = ServiceSettings()
    assert found.services_url == "https://apis.data.go.kr"
    assert (found.concurrency, found.requests_per_second, found.requests_per_day) == (8, 10, 10_000)
    assert (found.timeout_seconds, found.attempts) == (30, 5)
    assert (found.longest_wait_seconds, found.backoff_seconds) == (60, 0.5)


GIVEN = {
    "services_url": ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    "asos_stations": ("108, 159", (108, 159)),
    "solar_plants": ("997D:1,997D:2", (("997D", "1"), ("997D", "2"))),
}


def test_every_variable_is_known_and_read(monkeypatch):
    fields = {f"{settings.SERVICES_PREFIX}{field}".upper(): field for field in ServiceSettings.model_fields}
    assert set(fields) <= set(settings.known())
    for name, field in fields.items():
        given, expected = GIVEN.get(field, ("3", "3" if field.endswith("key") else 3))
        monkeypatch.setenv(name, given)
        value = getattr(ServiceSettings(), field)
        assert (value.get_secret_value() if isinstance(value, SecretStr) else value) == expected


def test_other_variables_of_the_package_are_no_trouble(monkeypatch):
    monkeypatch.setenv(settings.DATABASE_URL, "duckdb:///x.duckdb")
    monkeypatch.setenv("EDL_SOMETHING_ELSE", "1")
    assert ServiceSettings().concurrency == 8


def test_a_blank_variable_is_not_set(monkeypatch):
    monkeypatch.setenv("EDL_CONCURRENCY", "")
    monkeypatch.setenv("EDL_SERVICE_KEY", "")
    assert ServiceSettings().concurrency == 8
    assert ServiceSettings().service_key is None


def test_no_file_is_read(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("EDL_CONCURRENCY=3\n")
    monkeypatch.chdir(tmp_path)
    assert ServiceSettings().concurrency == 8


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EDL_CONCURRENCY", "0"),
        ("EDL_CONCURRENCY", "many"),
        ("EDL_CONCURRENCY", "1.5"),
        ("EDL_REQUESTS_PER_SECOND", "0"),
        ("EDL_REQUESTS_PER_SECOND", "nan"),
        ("EDL_REQUESTS_PER_SECOND", "inf"),
        ("EDL_REQUESTS_PER_DAY", "-1"),
        ("EDL_TIMEOUT_SECONDS", "0"),
        ("EDL_ATTEMPTS", "0"),
        ("EDL_LONGEST_WAIT_SECONDS", "-1"),
        ("EDL_BACKOFF_SECONDS", "nan"),
        ("EDL_SERVICES_URL", "127.0.0.1:8000"),
        ("EDL_SERVICES_URL", "ftp://127.0.0.1"),
        ("EDL_SERVICES_URL", "http://"),
        ("EDL_SERVICES_URL", "http://host:port"),
        ("EDL_SERVICES_URL", "http://[::1"),
        ("EDL_SERVICES_URL", "http://me:s3cret@host"),
        ("EDL_SERVICES_URL", "http://host/?key=s3cret"),
    ],
)
def test_a_value_that_cannot_be_used(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("EDL_SERVICE_KEY", "s3cret")
    with pytest.raises(OptionError, match=rf"^{name} \(setting {name[4:].lower()}\) cannot be used: ") as caught:
        ServiceSettings()
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert "s3cret" not in str(caught.value)


def test_an_unknown_setting():
    with pytest.raises(OptionError, match="there is no setting 'services_key'"):
        ServiceSettings(services_key="x")


@pytest.mark.parametrize("service", ["asos", "namdong_wind", "nambu_solar"])
def test_the_key_of_a_service(service):
    assert ServiceSettings(service_key="common").key_of(service).get_secret_value() == "common"
    own = ServiceSettings(service_key="common", **{f"{service}_key": "own"})
    assert own.key_of(service).get_secret_value() == "own"
    assert ServiceSettings(service_key="common", **{f"{service}_key": " "}).key_of(service) == SecretStr("common")
    with pytest.raises(OptionError, match=rf"set EDL_SERVICE_KEY \(or EDL_{service.upper()}_KEY\)"):
        ServiceSettings().key_of(service)


@pytest.mark.parametrize("service", ["service", "webhook", "kma", ""])
def test_there_is_no_such_service(service):
    with pytest.raises(OptionError, match="it can be asos, namdong_wind, nambu_solar"):
        ServiceSettings(service_key="common").key_of(service)


def test_secrets_are_not_shown():
    found = ServiceSettings(service_key="s3cret", asos_key="s3cret", nambu_solar_key="s3cret")
    for text in (repr(found), str(found), found.model_dump_json(), str(found.model_dump())):
        assert "s3cret" not in text


def test_settings_do_not_change():
    with pytest.raises(Exception, match="frozen"):
        ServiceSettings().concurrency = 3


def test_a_missing_library_is_named():
    code = (
        "import sys; sys.modules['pydantic_settings'] = None\n"
        "from energy_data_layer.errors import ExtraUnavailable\n"
        "try:\n    import energy_data_layer.settings.services\n"
        "except ExtraUnavailable as error:\n    print(error)\n"
    )
    source = str(Path(settings.__file__).parents[2])
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": source}, timeout=60
    ).stdout
    assert printed == 'pydantic-settings is not installed; install it with: pip install "energy-data-layer[services]"\n'


def test_the_error_survives_the_way_between_processes():
    error = pickle.loads(pickle.dumps(ExtraUnavailable("httpx", "services")))
    assert (error.library, error.extra) == ("httpx", "services")
    assert isinstance(error, ImportError)
