"""The packages against what this one declares, the variables, the clock, the time zones, the temporary folder."""

from __future__ import annotations

import platform
import tempfile
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from energy_data_layer import settings
from energy_data_layer.doctor.finding import Finding, Verdict, free_space

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
