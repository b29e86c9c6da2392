"""Versions of Python and of the packages against what this package declares."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from energy_data_layer.doctor.finding import Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

DISTRIBUTION = "energy-data-layer"


def check() -> Iterator[Finding]:
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
