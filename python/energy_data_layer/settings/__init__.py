"""The one place that knows the environment variables."""

from __future__ import annotations

import os
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path

from energy_data_layer.errors import OptionError

USE_RUST = "USE_RUST"
"""Which engine runs: ``0`` the reference, ``1`` Rust, ``auto`` (also when unset) Rust where it is installed,
``shadow`` the reference, with Rust compared behind it."""

SHADOW = "shadow"

THREADS = "EDL_THREADS"
"""Threads that a call of the Rust engine uses, at most; one a processor where it is not set."""

SHADOW_RATE = "USE_RUST_SHADOW_RATE"
"""The share of calls that shadow mode compares, from 0 to 1; all where it is not set."""

SHADOW_FOLDER = "USE_RUST_SHADOW_FOLDER"
"""Where shadow mode keeps what differs."""

DATABASE_URL = "EDL_DATABASE_URL"
"""The database of the jobs, where the command line names none."""

WEBHOOK_URL = "EDL_WEBHOOK_URL"
"""Where alerts go."""

ALERT_ON = "EDL_ALERT_ON"
"""Of which runs the webhook is told: ``failure``, ``incomplete`` (also when unset) or ``always``."""

ALERTS = ("failure", "incomplete", "always")

HEARTBEAT_URL = "EDL_HEARTBEAT_URL"
"""What is requested after each run that succeeded, with the name of the job in place of ``{job}``."""

SCHEMA_POLICY = "EDL_SCHEMA_POLICY"
"""What becomes of rows whose source has other fields than before, per table."""

MODEL_MAX_AGE = "EDL_MODEL_MAX_AGE"
"""Days after which the weather jobs fit a new model of the gaps; 30 where it is not set."""

MAX_AGE = "EDL_MAX_AGE"
"""How old the newest hours may be for `edl check`, where the command line does not say it."""

LOG_FORMAT = "EDL_LOG_FORMAT"
"""How ``edl`` writes its log: ``text`` or ``json``."""

CONFIG = "EDL_CONFIG"
"""The file of settings in place of ``edl.toml``, see `settings.files`."""

DEFAULTS = {
    USE_RUST: "auto",
    SHADOW_RATE: "1",
    SHADOW_FOLDER: "edl-shadow",
    MODEL_MAX_AGE: "30",
    ALERT_ON: "incomplete",
    LOG_FORMAT: "text",
}
"""What holds where a variable is not set; those of the services are in their class."""

SERVICES_PREFIX = "EDL_"
"""What the names of the services' variables begin with; `settings.services.ServiceSettings` reads them."""

SERVICE_VARIABLES = {
    "EDL_SERVICE_KEY": "key of the public services",
    "EDL_SERVICES_URL": "address of the services",
    "EDL_CONCURRENCY": "requests under way at once",
    "EDL_REQUESTS_PER_SECOND": "requests a second, at most",
    "EDL_REQUESTS_PER_DAY": "requests a day, at most",
    "EDL_TIMEOUT_SECONDS": "seconds that one attempt may take",
    "EDL_ATTEMPTS": "attempts of one request, at most",
    "EDL_LONGEST_WAIT_SECONDS": "seconds that a service may ask to wait before the run stops",
    "EDL_BACKOFF_SECONDS": "seconds before the second attempt",
    "EDL_ASOS_STATIONS": "numbers of the weather stations, separated by commas",
    "EDL_SOLAR_PLANTS": "solar plants, as code:unit, separated by commas",
}
"""The variables of `settings.services.ServiceSettings` but for the keys of single services."""


def known() -> dict[str, str]:
    """Return every variable that the package reads, with what it is for."""
    from energy_data_layer.datasets.registry import fetched_datasets

    return {
        USE_RUST: "engine: 0, 1, auto or shadow",
        THREADS: "threads that a call of the Rust engine uses, at most",
        SHADOW_RATE: "share of calls that shadow mode compares, 0 to 1",
        SHADOW_FOLDER: "folder for what differs in shadow mode",
        DATABASE_URL: "database URL of the jobs",
        WEBHOOK_URL: "address that alerts go to; those of Apprise, separated by blanks",
        ALERT_ON: "runs that are told: failure, incomplete or always",
        HEARTBEAT_URL: "address that is requested after each success; {job} stands for the job",
        SCHEMA_POLICY: "other fields than before: table=evolve, freeze or reject, separated by commas",
        MODEL_MAX_AGE: "days after which a new model of the gaps is fitted",
        MAX_AGE: "ages of the newest hours that edl check allows, such as 36h wind_namdong=45d",
        LOG_FORMAT: "log of edl: text or json",
        CONFIG: "file of settings, in place of edl.toml",
        **SERVICE_VARIABLES,
        **{
            f"{SERVICES_PREFIX}{name}_KEY".upper(): f"key of the service of {dataset.label.en}, where it is another one"
            for name, dataset in fetched_datasets().items()
        },
    }


def use_rust() -> str:
    """Return the operator's wish for an engine, lower case; ``auto`` where none is set."""
    return _value(USE_RUST).lower()


def threads() -> int | None:
    """Return how many threads a call of the Rust engine uses, at most; None for one a processor.

    Raises
    ------
    OptionError
        If it is no whole number of 1 or more.
    """
    text = os.environ.get(THREADS, "").strip()
    if not text:
        return None
    if not text.isdecimal() or not int(text):
        raise OptionError(f'the environment variable {THREADS} is "{text}"; it can be a whole number of 1 or more')
    return int(text)


def shadow_rate() -> float:
    """Return the share of calls that shadow mode compares.

    Raises
    ------
    OptionError
        If it is no number from 0 to 1.
    """
    text = _value(SHADOW_RATE)
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0.0 <= rate <= 1.0:
        raise OptionError(f'the environment variable {SHADOW_RATE} is "{text}"; it can be a number from 0 to 1')
    return rate


def shadow_folder() -> Path:
    """Return where shadow mode keeps what differs: ``edl-shadow`` in the working folder where none is set."""
    return Path(_value(SHADOW_FOLDER))


def _value(name: str) -> str:
    return os.environ.get(name, "").strip() or DEFAULTS[name]


def is_secret(name: str) -> bool:
    """Return whether the value of a variable is not to be shown."""
    return name.endswith("_KEY") or name in {WEBHOOK_URL, HEARTBEAT_URL}


def is_set(name: str) -> bool:
    """Return whether a variable has a value that is not blank."""
    return bool(os.environ.get(name, "").strip())


def unknown_variables() -> dict[str, str | None]:
    """Return the variables that look like ones of this package and are none, each with the name that may be meant."""
    engine = (USE_RUST, SHADOW_RATE, SHADOW_FOLDER)
    found: dict[str, str | None] = {}
    for name in sorted(set(os.environ) - set(known())):
        ours = name.upper().startswith(SERVICES_PREFIX)
        nearest = get_close_matches(name.upper(), known() if ours else engine, n=1, cutoff=0.8)
        if ours or nearest:
            found[name] = nearest[0] if nearest else None
    return found


def database_url() -> str:
    """Return the database of the jobs.

    Raises
    ------
    OptionError
        If none is set.
    """
    if not is_set(DATABASE_URL):
        raise OptionError(f"no database is set; set {DATABASE_URL}, for example to duckdb:///energy.duckdb")
    return os.environ[DATABASE_URL].strip()


def schema_policy() -> str:
    """Return the policies of the tables as they are set, empty where none is."""
    return os.environ.get(SCHEMA_POLICY, "").strip()


def model_max_age() -> timedelta:
    """Return the age from which on a model of the gaps is fitted anew.

    Raises
    ------
    OptionError
        If it is no number of days.
    """
    text = _value(MODEL_MAX_AGE)
    try:
        return timedelta(days=float(text))
    except (ValueError, OverflowError):
        raise OptionError(
            f'the environment variable {MODEL_MAX_AGE} is "{text}"; it can be a number of days, such as 30'
        ) from None


def webhook_url() -> str | None:
    """Return where alerts go, None where they go nowhere; the address is a secret."""
    return os.environ[WEBHOOK_URL].strip() if is_set(WEBHOOK_URL) else None


def alert_on() -> str:
    """Return of which runs the webhook is told.

    Raises
    ------
    OptionError
        If it is none of `ALERTS`.
    """
    chosen = _value(ALERT_ON).lower()
    if chosen not in ALERTS:
        raise OptionError(f'the environment variable {ALERT_ON} is "{chosen}"; it can be {", ".join(ALERTS)}')
    return chosen


def heartbeat_url(job: str) -> str | None:
    """Return what is requested after a success of a job, None where nothing is; the address is a secret."""
    return os.environ[HEARTBEAT_URL].strip().replace("{job}", job) if is_set(HEARTBEAT_URL) else None
