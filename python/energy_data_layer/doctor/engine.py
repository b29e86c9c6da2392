"""Whether the engines run, agree, and which one would run now."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from energy_data_layer import settings
from energy_data_layer._version import __version__
from energy_data_layer.datasets.registry import fetched_datasets
from energy_data_layer.doctor.finding import Finding, Verdict
from energy_data_layer.engine import choice
from energy_data_layer.engine.shadow.answers import answer_of, disagreements
from energy_data_layer.errors import DataLayerError, EngineBroken, EngineUnavailable
from energy_data_layer.transforms.complete_hours.api import complete_hours
from energy_data_layer.transforms.impute.api import impute_missing_values
from energy_data_layer.transforms.payload_rows.api import rows_from_api_payload
from energy_data_layer.transforms.wide_to_long.api import transform_wide_to_long

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def check() -> Iterator[Finding]:
    """Say which engine would run now, whether Rust loads, and whether all transforms give the same answer."""
    try:
        chosen = choice.choose(None)
    except DataLayerError as error:
        yield Finding("engine", Verdict.PROBLEM, f"none is usable: {error}", "USE_RUST=0 runs the reference")
    else:
        fell_back = chosen.engine == "reference" and ", but" in chosen.reason
        verdict, advice = (Verdict.WARNING, choice.INSTALL_ADVICE) if fell_back else (Verdict.OK, "")
        yield Finding("engine", verdict, f"{chosen.engine} runs ({chosen.reason})", advice)
    rust_answers = False
    try:
        version = choice.rust().__version__
    except EngineUnavailable:
        yield Finding("Rust engine", Verdict.NOTE, "not installed")
    except EngineBroken as error:
        yield Finding("Rust engine", Verdict.PROBLEM, str(error))
    else:
        rust_answers = version == __version__
        verdict, advice = (Verdict.OK, "") if rust_answers else (Verdict.WARNING, choice.INSTALL_ADVICE)
        yield Finding("Rust engine", verdict, f"version {version}, this package is {__version__}", advice)
    for function, arguments in _cases():
        yield _answers(function, arguments, with_rust=rust_answers)


def check_shadow() -> Iterator[Finding]:
    """Look at the variables of shadow mode, where it is on."""
    if settings.use_rust() != settings.SHADOW:
        return
    try:
        rate = settings.shadow_rate()
    except DataLayerError as error:
        yield Finding("shadow mode", Verdict.PROBLEM, str(error), f"correct {settings.SHADOW_RATE}")
        return
    folder = settings.shadow_folder().resolve()
    there = next(part for part in (folder, *folder.parents) if part.exists())
    if there.is_dir() and os.access(there, os.W_OK):
        yield Finding("shadow mode", Verdict.OK, f"compares {rate:.0%} of the calls, keeps cases in {folder}")
    else:
        told = f"the folder {folder} cannot be written: a mismatch would not be kept"
        yield Finding("shadow mode", Verdict.WARNING, told, f"set {settings.SHADOW_FOLDER} to another folder")


def _answers(function: Callable[..., Any], arguments: dict[str, Any], *, with_rust: bool) -> Finding:
    name = function.__name__
    expected = answer_of(function, arguments, use_rust=False)
    if isinstance(expected, Exception):
        told = f"the reference fails on a small case: {type(expected).__name__}"
        return Finding(name, Verdict.PROBLEM, told, "install this package and what it needs again")
    if not with_rust:
        return Finding(name, Verdict.OK, "the reference answers a small case")
    found = disagreements(expected, answer_of(function, arguments, use_rust=True), arguments)
    if found:
        advice = "set USE_RUST=0, and install the Rust engine again"
        return Finding(name, Verdict.PROBLEM, f"the engines differ on a small case: {found[0]}", advice)
    return Finding(name, Verdict.OK, "both engines give the same answer to a small case")


def _cases() -> Iterator[tuple[Callable[..., Any], dict[str, Any]]]:
    import pyarrow as pa

    hours = [f"20240101{hour:02d}00" for hour in range(9)]
    values = [0.0, 1.0, None, 9.0, 16.0, None, None, None, None]
    gaps = pa.table({"stnNm": ["서울"] * 9, "tm": hours, "ta": values})
    yield impute_missing_values, {"df": gaps, "columns": ["ta"], "provenance": True}
    yield complete_hours, {"df": gaps.take([0, 1, 3, 8])}
    day = {"dgenYmd": "20240229", "ipptNam": "바람마을", "hogi": "1"}
    day |= {f"qhorGen{hour:02d}": f"{hour}.5" for hour in range(1, 25)}
    yield transform_wide_to_long, {"df_wide": pa.Table.from_pylist([day])}
    for name, dataset in fetched_datasets().items():
        if dataset.service.probe:
            yield rows_from_api_payload, {"payload": dataset.service.probe, "source": name}
