"""Parsers of bytes from outside meet spoiled bytes: they raise the package's errors, and nothing else.

``make fuzz FUZZ_SECONDS=600`` runs each for so many seconds, with other bytes each time.
"""

from __future__ import annotations

import os
import time
from random import Random

import pyarrow as pa
import pytest

from energy_data_layer import rows_from_api_payload
from energy_data_layer.datasets.registry import fetched_datasets
from energy_data_layer.errors import ApiError, DataLayerError, PayloadError

from .mutations import mutated
from .parsers import parsers

SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))
BODIES = 150
LONGEST = 10.0
"""Seconds that one body may take."""

REFERENCE = parsers(use_rust=False)
RUST = [*(name for name in REFERENCE if name.startswith(("payload", "table"))), "ipc_stream"]


def spoiled(seeds):
    """Yield spoiled bodies, with their seed."""
    begin, first = time.monotonic(), time.time_ns() if SECONDS else 0
    number = first
    while time.monotonic() < begin + SECONDS if SECONDS else number < first + BODIES:
        yield number, mutated(seeds, Random(number))
        number += 1


def check(seeds, parse):
    for number, body in spoiled(seeds):
        begin = time.monotonic()
        try:
            parse(body)
        except DataLayerError:
            pass
        except Exception as error:
            raise AssertionError(f"seed {number}: {type(error).__name__}: {error}") from error
        assert time.monotonic() - begin < LONGEST, f"seed {number}"


@pytest.mark.parametrize("name", REFERENCE)
def test_nothing_but_the_packages_errors(name):
    check(*REFERENCE[name])


@pytest.mark.needs_rust
@pytest.mark.parametrize("name", RUST)
def test_nothing_but_the_packages_errors_from_rust(name):
    check(*parsers(use_rust=True)[name])


@pytest.mark.needs_rust
@pytest.mark.parametrize("source", fetched_datasets())
def test_the_engines_agree_on_spoiled_bodies(source):
    seeds, _ = REFERENCE[f"payload_{source}"]
    for number, body in spoiled(seeds):
        reference, rust = (answer(body, source, use_rust) for use_rust in (False, True))
        assert type(reference) is type(rust), f"seed {number}: {reference!r}, {rust!r}"
        if isinstance(reference, pa.Table):
            assert reference.num_rows == rust.num_rows, f"seed {number}"


def answer(body, source, use_rust):
    try:
        return rows_from_api_payload(body, source, use_rust=use_rust)
    except (ApiError, PayloadError) as error:
        return error
