"""How the public services are asked: keys, address, limits; read from the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from energy_data_layer.datasets.registry import fetched_datasets
from energy_data_layer.errors import ExtraUnavailable, OptionError
from energy_data_layer.settings import SERVICES_PREFIX

try:
    from pydantic import Field, SecretStr, ValidationError, create_model, field_validator
    from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
except ModuleNotFoundError as error:
    raise ExtraUnavailable("pydantic-settings", "services") from error

if TYPE_CHECKING:
    from energy_data_layer.datasets.dataset import Dataset

    _Keys = BaseSettings
else:
    _Keys = create_model(
        "_Keys", __base__=BaseSettings, **{f"{name}_key": (SecretStr | None, None) for name in fetched_datasets()}
    )

_Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ServiceSettings(_Keys):
    """How the public services are asked.

    Each value comes from the variable of its name with ``EDL_`` before it, such as ``EDL_SERVICE_KEY``; a variable
    that is blank counts as not set. No file is read. Keys are never shown.

    Attributes
    ----------
    service_key : SecretStr or None
        The key that the portal issued, URL-encoded or not.
    asos_key, namdong_wind_key, nambu_solar_key : SecretStr or None
        The key of one service, where it is another one: ``<dataset>_key`` for each dataset of the registry.
    services_url : str
        Where the services are; each has its own path below.
    concurrency : int, default 8
        Requests under way at once.
    requests_per_second : float, default 10
        Requests that are sent within any second, attempts after a failure included.
    requests_per_day : int, default 10,000
        Requests that are sent in a day.
    timeout_seconds : float, default 30
        What one attempt may take, from the connection to the last byte.
    attempts : int, default 5
        How often a request is sent before it is given up.
    longest_wait_seconds : float, default 60
        The longest wait before another attempt; a service that asks to wait longer ends the run.
    backoff_seconds : float, default 0.5
        The wait before the second attempt; it doubles with each further one, and a random part of up to this is added.
    asos_stations : tuple of int
        Numbers of the weather stations to ask for, separated by commas; all of them where it is empty.
    solar_plants : tuple of (str, str)
        Code and unit of the solar plants to ask for, as ``997D:1,997D:2``, besides those that are stored.

    Raises
    ------
    OptionError
        If a value cannot be what it is for; the message names the variable and does not show the value.

    Examples
    --------
    >>> settings = ServiceSettings(service_key="kept/to+itself==", concurrency=4)
    >>> settings.concurrency, settings.key_of("asos")
    (4, SecretStr('**********'))
    """

    model_config = SettingsConfigDict(
        env_prefix=SERVICES_PREFIX,
        env_file=None,
        env_ignore_empty=True,
        hide_input_in_errors=True,
        extra="forbid",
        frozen=True,
    )

    service_key: SecretStr | None = None
    services_url: str = "https://apis.data.go.kr"
    concurrency: Annotated[int, Field(ge=1, le=256)] = 8
    requests_per_second: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 10
    requests_per_day: Annotated[int, Field(ge=0)] = 10_000
    timeout_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 30
    attempts: Annotated[int, Field(ge=1)] = 5
    longest_wait_seconds: _Seconds = 60
    backoff_seconds: _Seconds = 0.5
    asos_stations: Annotated[tuple[int, ...], NoDecode] = ()
    solar_plants: Annotated[tuple[tuple[str, str], ...], NoDecode] = ()

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            problems = [_problem(found["loc"], found["msg"]) for found in error.errors(include_input=False)]
        except UnicodeError:
            problems = ["a setting of the services has a character that no UTF-8 text has"]
        else:
            return
        # Outside of the handler: what was caught may hold a secret, and would be shown as the cause.
        raise OptionError("; ".join(problems))

    def key_of(self, service: str) -> SecretStr:
        """Return the key of a service: its own one, else the common one.

        Parameters
        ----------
        service : str
            The name of a dataset that comes from a service.

        Raises
        ------
        OptionError
            If neither is set.
        """
        known = fetched_datasets()
        if service not in known:
            raise OptionError(f"service is {service!r}; it can be {', '.join(known)}")
        own = f"{service}_key"
        for key in (getattr(self, own, None), self.service_key):
            if isinstance(key, SecretStr) and key.get_secret_value().strip():
                return key
        raise OptionError(
            f"there is no key for the service {service}; set {_variable('service_key')} (or {_variable(own)}) to the "
            "key that the portal issued"
        )

    def series_of(self, dataset: Dataset) -> set[tuple[object, ...]]:
        """Return the series of a dataset that are to be asked for, each as the values of its key."""
        named = getattr(self, dataset.service.series_setting, ())
        return {one if isinstance(one, tuple) else (one,) for one in named}

    @field_validator("asos_stations", mode="before")
    @classmethod
    def _numbers(cls, value: Any) -> Any:
        return _parts(value) if isinstance(value, str) else value

    @field_validator("solar_plants", mode="before")
    @classmethod
    def _plants(cls, value: Any) -> Any:
        return [solar_plant(part) for part in _parts(value)] if isinstance(value, str) else value

    @field_validator("services_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        from urllib.parse import urlsplit

        try:
            parts = urlsplit(value.strip())
            port_is_readable = parts.port is None or parts.port > 0
        except ValueError:
            port_is_readable = False
        if not port_is_readable or parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("it has to be an address such as http://127.0.0.1:8000")
        if parts.query or parts.fragment or "@" in parts.netloc:
            raise ValueError("it has to be an address without a login, a query and a fragment")
        return value.strip().rstrip("/")


def solar_plant(text: str) -> tuple[str, str]:
    """Return code and unit of a solar plant.

    Raises
    ------
    OptionError
        If the text is not a code, a colon and a unit.

    Examples
    --------
    >>> solar_plant("997D:1")
    ('997D', '1')
    """
    code, _, unit = (part.strip() for part in text.partition(":"))
    if not code or not unit:
        raise OptionError(f'"{text}" names no solar plant; write code:unit, such as 997D:1')
    return code, unit


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _variable(field: str) -> str:
    return f"{SERVICES_PREFIX}{field}".upper()


def _problem(place: tuple[int | str, ...], message: str) -> str:
    field = str(place[0]) if place else ""
    if field not in ServiceSettings.model_fields:
        return f"there is no setting {field!r} of the services"
    return f"{_variable(field)} (setting {field}) cannot be used: {message.removeprefix('Value error, ')}"
