"""Packages, engines, variables, clock, time zones and the temporary folder."""

from __future__ import annotations

import os
import platform
import tempfile
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from energy_data_layer import settings
from energy_data_layer._version import __version__
from energy_data_layer.datasets.registry import fetched_datasets
from energy_data_layer.doctor.finding import Finding, Verdict, free_space, judged
from energy_data_layer.engine import choice
from energy_data_layer.engine.shadow.answers import answer_of, disagreements
from energy_data_layer.errors import DataLayerError, EngineBroken, EngineUnavailable
from energy_data_layer.transforms.registry import TRANSFORMS

if TYPE_CHECKING:
    from collections.abc import Iterator

DISTRIBUTION = "energy-data-layer"

EARLIEST = datetime(2025, 1, 1, tzinfo=UTC)
"""Before this release was written no clock can have shown the right time."""


def check_packages() -> Iterator[Finding]:
    """Compare each installed version with the declared one; an optional package that is absent is a note."""
    declared = metadata.metadata(DISTRIBUTION)
    yield _compared("Python", platform.python_version(), SpecifierSet(declared["Requires-Python"]))
    yield Finding(DISTRIBUTION, Verdict.OK, metadata.version(DISTRIBUTION))
    declared_once: dict[str, Requirement] = {}
    for text in metadata.requires(DISTRIBUTION) or []:
        declared_once.setdefault(Requirement(text).name, Requirement(text))  # the extra `all` names them again
    declared_once.pop(DISTRIBUTION, None)
    for requirement in declared_once.values():
        optional = requirement.marker is not None and not requirement.marker.evaluate({"extra": ""})
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            verdict = Verdict.NOTE if optional else Verdict.PROBLEM
            advice = "" if optional else f'pip install "{requirement.name}{requirement.specifier}"'
            yield Finding(requirement.name, verdict, "not installed", advice)
        else:
            # The Rust engine's version is judged by what `USE_RUST` makes of it.
            if requirement.name != "rust-data-layer":
                yield _compared(requirement.name, version, requirement.specifier)


def _compared(name: str, version: str, wanted: SpecifierSet) -> Finding:
    if wanted.contains(version, prereleases=True):
        return Finding(name, Verdict.OK, version)
    return Finding(name, Verdict.PROBLEM, f"{version}, needed is {wanted}", f'pip install "{name}{wanted}"')


def check_engine() -> Iterator[Finding]:
    """Say which engine would run now, whether Rust loads, and whether all transforms give the same answer."""
    try:
        chosen = choice.choose(None)
    except DataLayerError as error:
        yield Finding("engine", Verdict.PROBLEM, f"none is usable: {error}", "USE_RUST=0 runs the reference")
    else:
        fell_back = chosen.engine == "reference" and ", but" in chosen.reason
        yield judged("engine", not fell_back, f"{chosen.engine} runs ({chosen.reason})", choice.INSTALL_ADVICE)
    rust_answers = False
    try:
        version = choice.rust().__version__
    except EngineUnavailable:
        yield Finding("Rust engine", Verdict.NOTE, "not installed")
    except EngineBroken as error:
        yield Finding("Rust engine", Verdict.PROBLEM, str(error))
    else:
        rust_answers = version == __version__
        told = f"version {version}, this package is {__version__}"
        yield judged("Rust engine", rust_answers, told, choice.INSTALL_ADVICE)
    for name, arguments in _cases():
        yield _answers(name, arguments, with_rust=rust_answers)


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


def _answers(name: str, arguments: dict[str, Any], *, with_rust: bool) -> Finding:
    function = TRANSFORMS[name]
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


def _cases() -> Iterator[tuple[str, dict[str, Any]]]:
    import pyarrow as pa

    hours = [f"20240101{hour:02d}00" for hour in range(9)]
    values = [0.0, 1.0, None, 9.0, 16.0, None, None, None, None]
    gaps = pa.table({"stnNm": ["서울"] * 9, "tm": hours, "ta": values})
    yield "impute_missing_values", {"df": gaps, "columns": ["ta"], "provenance": True}
    yield "complete_hours", {"df": gaps.take([0, 1, 3, 8])}
    day = {"dgenYmd": "20240229", "ipptNam": "바람마을", "hogi": "1"}
    day |= {f"qhorGen{hour:02d}": f"{hour}.5" for hour in range(1, 25)}
    yield "transform_wide_to_long", {"df_wide": pa.Table.from_pylist([day])}
    for name, dataset in fetched_datasets().items():
        if dataset.service.probe:
            yield "rows_from_api_payload", {"payload": dataset.service.probe, "source": name}


def check_environment() -> Iterator[Finding]:
    """Look at what surrounds the process."""
    for name, meant in settings.unknown_variables().items():
        advice = f"did you mean {meant}?" if meant else "it has no effect: remove it"
        yield Finding("environment", Verdict.WARNING, f"the variable {name} is not known", advice)
    now = datetime.now(UTC)
    if now < EARLIEST:
        yield Finding("clock", Verdict.PROBLEM, f"it shows {now:%Y-%m-%d %H:%M} UTC", "set the clock")
    else:
        yield Finding("clock", Verdict.OK, f"{now:%Y-%m-%d %H:%M} UTC")
    try:
        ZoneInfo("Asia/Seoul")
    except ZoneInfoNotFoundError:
        advice = "pip install tzdata; the schedules under Prefect need it"
        yield Finding("time zones", Verdict.WARNING, "Asia/Seoul is not known", advice)
    else:
        yield Finding("time zones", Verdict.OK, "Asia/Seoul is known")
    try:
        with tempfile.TemporaryFile() as file:
            file.write(b"edl doctor")
    except OSError as error:
        yield Finding("temporary folder", Verdict.PROBLEM, f"cannot be written: {error.strerror}", "set TMPDIR")
    else:
        # What the weather job reads of files lies there, some 110 bytes a row; nobody knows how many there will be.
        advice = "make room, or name another folder in TMPDIR"
        yield free_space("temporary folder", Path(tempfile.gettempdir()), advice, least=0)
