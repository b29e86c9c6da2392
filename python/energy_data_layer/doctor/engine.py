"""Whether the engines run, agree, and which one would run now."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from energy_data_layer import settings
from energy_data_layer._version import __version__
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

CHECK = "engine"


def check() -> Iterator[Finding]:
    """Say which engine would run now, whether Rust loads, and whether all transforms give the same answer."""
    try:
        chosen = choice.choose(None)
    except DataLayerError as error:
        yield Finding(CHECK, Verdict.PROBLEM, f"none is usable: {error}", "USE_RUST=0 runs the reference")
    else:
        fell_back = chosen.engine == "reference" and ", but" in chosen.reason
        advice = choice.INSTALL_ADVICE if fell_back else ""
        verdict = Verdict.WARNING if fell_back else Verdict.OK
        yield Finding(CHECK, verdict, f"{chosen.engine} runs ({chosen.reason})", advice)
    try:
        module = choice.rust()
    except EngineUnavailable:
        yield Finding("Rust engine", Verdict.NOTE, "not installed")
        rust_answers = False
    except EngineBroken as error:
        yield Finding("Rust engine", Verdict.PROBLEM, str(error))
        rust_answers = False
    else:
        rust_answers = module.__version__ == __version__
        verdict = Verdict.OK if rust_answers else Verdict.WARNING
        told = f"version {module.__version__}, this package is {__version__}"
        yield Finding("Rust engine", verdict, told, "" if rust_answers else choice.INSTALL_ADVICE)
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


def _cases() -> list[tuple[Callable[..., Any], dict[str, Any]]]:
    import pyarrow as pa

    hours = [f"20240101{hour:02d}00" for hour in range(9)]
    values = [0.0, 1.0, None, 9.0, 16.0, None, None, None, None]
    gaps = pa.table({"stnNm": ["서울"] * 9, "tm": hours, "ta": values})
    holes = gaps.take([0, 1, 3, 8])
    cells = {f"qhorGen{hour:02d}": f"{hour}.5" for hour in range(1, 25)}
    of_a_day = ", ".join(f'"{name}": {value}' for name, value in cells.items())
    item = f'{{"dgenYmd": "20240229", "ipptNam": "바람마을", "hogi": "1", {of_a_day}}}'
    body = f'{{"reponse": {{"body": {{"content": [{item}], "last": true}}}}}}'
    wide = pa.table({"dgenYmd": ["20240229"], "ipptNam": ["바람마을"], "hogi": ["1"]} | _columns(cells))
    return [
        (impute_missing_values, {"df": gaps, "columns": ["ta"], "provenance": True}),
        (complete_hours, {"df": holes}),
        (transform_wide_to_long, {"df_wide": wide}),
        (rows_from_api_payload, {"payload": body, "source": "namdong_wind"}),
    ]


def _columns(cells: dict[str, str]) -> dict[str, list[str]]:
    return {name: [value] for name, value in cells.items()}
