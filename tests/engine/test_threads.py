"""Threads are the caller's: how many there are, and that a signal ends what they do."""

from __future__ import annotations

import signal
import sys
import time
from contextlib import suppress
from functools import partial

import numpy as np
import pyarrow as pa
import pytest

from energy_data_layer import (
    complete_hours,
    impute,
    impute_missing_values,
    rows_from_api_payload,
    transform_wide_to_long,
)
from energy_data_layer.engine.choice import choose
from energy_data_layer.errors import OptionError

NO_ROWS = pa.table({"stnNm": ["a"], "tm": ["2024-01-01 00:00"], "ta": [1.0]})
ONE_DAY = pa.table({"plant_name": ["a"], "date": ["2024-01-01"], **{f"Hour {hour}": [1.0] for hour in range(1, 25)}})
NO_PAGE = '{"response": {"header": {"resultCode": "03", "resultMsg": "NODATA_ERROR"}}}'

CALLS = {
    "impute_missing_values": lambda **options: impute_missing_values(NO_ROWS, ["ta"], **options),
    "impute": lambda **options: impute(NO_ROWS, ["ta"], method="linear", **options).frame,
    "complete_hours": lambda **options: complete_hours(NO_ROWS, **options),
    "transform_wide_to_long": lambda **options: transform_wide_to_long(ONE_DAY, energy_unit="kWh", **options),
    "rows_from_api_payload": lambda **options: rows_from_api_payload(NO_PAGE, "asos", **options),
}


@pytest.mark.parametrize("name", CALLS)
def test_every_transform_takes_a_number_of_threads(name, engine):
    assert CALLS[name](use_rust=engine, threads=1).equals(CALLS[name](use_rust=engine))
    with pytest.raises(OptionError, match="threads is 0; it must be an integer of 1 or more"):
        CALLS[name](use_rust=engine, threads=0)


FUNCTIONS_IN_RUST = ("impute_missing_values", "complete_hours", "transform_wide_to_long", "rows_from_api_payload")


@pytest.mark.needs_rust
@pytest.mark.parametrize("name", CALLS)
def test_the_engine_is_called_on_so_many_threads(name, monkeypatch):
    import rust_data_layer

    asked = []

    def noting(real, *arguments, **options):
        asked.append(options["threads"])
        return real(*arguments, **options)

    for function in FUNCTIONS_IN_RUST:
        monkeypatch.setattr(rust_data_layer, function, partial(noting, getattr(rust_data_layer, function)))
    CALLS[name](use_rust=True, threads=3)
    monkeypatch.setenv("EDL_THREADS", "2")
    CALLS[name](use_rust=True)
    assert asked == [3, 2]


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2"])
def test_what_is_no_number_of_threads_is_refused(threads):
    with pytest.raises(OptionError, match="threads is"):
        choose(False, threads)


def test_the_environment_names_the_threads(monkeypatch):
    monkeypatch.setenv("EDL_THREADS", " 3 ")
    assert choose(False).threads == 3
    assert choose(False, 2).threads == 2
    monkeypatch.setenv("EDL_THREADS", "")
    assert choose(False).threads is None
    monkeypatch.setenv("EDL_THREADS", "all")
    with pytest.raises(OptionError, match='EDL_THREADS is "all"; it can be a whole number of 1 or more'):
        choose(False)


@pytest.mark.needs_rust
@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there are no timers")
def test_a_signal_ends_a_long_call():
    stations, hours = 40, 40_000
    random = np.random.default_rng(1)
    values = np.cumsum(random.normal(size=stations * hours))
    values[random.random(stations * hours) < 0.1] = np.nan
    stamps = np.datetime64("2020-01-01", "s") + np.arange(hours) * np.timedelta64(3600, "s")
    table = pa.table({"stnNm": np.repeat(np.arange(stations), hours), "tm": np.tile(stamps, stations), "ta": values})

    def seconds() -> float:
        """Return what a call takes of the processor: that does not depend on what else is running."""
        begin = time.process_time()
        with suppress(KeyboardInterrupt):
            impute_missing_values(table, ["ta"], method="optimal_interpolation", use_rust=True, threads=1)
        return time.process_time() - begin

    whole = seconds()
    handler = signal.signal(signal.SIGPROF, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_PROF, whole / 4)
        assert seconds() < whole / 2
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, handler)
