"""What each engine depends on: crates that are compiled in, Python packages that are installed."""

from __future__ import annotations

import json
import subprocess
from importlib import metadata
from typing import Any

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from rooms import ROOT

DISTRIBUTION = "energy-data-layer"
NOT_COUNTED = {"all", "rust"}
"""The extra that names the others, and the engine, which needs no packages; its size is that of its wheel."""


def crates() -> dict[str, int]:
    """Count the crates of other makers on this platform; those that only the tests need stand alone."""
    tree = _cargo_metadata()
    packages = {package["id"]: package for package in tree["packages"]}
    members = set(tree["workspace_members"])
    nodes = {node["id"]: node["deps"] for node in tree["resolve"]["nodes"]}
    built = _reached(nodes, members, {None, "build"})
    direct = {dep["pkg"] for member in members for dep in nodes[member] if _is_of(dep, {None, "build"})}
    return {
        "direct": len(direct - members),
        "total": len(built),
        "with_build_script": sum(_has_target(packages[crate], "custom-build") for crate in built),
        "procedural_macros": sum(_has_target(packages[crate], "proc-macro") for crate in built),
        "only_for_tests": len(_reached(nodes, members, {None, "build", "dev"}) - built),
    }


def _cargo_metadata() -> dict[str, Any]:
    version = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    (host,) = (line.removeprefix("host: ") for line in version.splitlines() if line.startswith("host: "))
    command = ["cargo", "metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", host]
    printed = subprocess.run(command, cwd=ROOT / "rust", check=True, capture_output=True, text=True).stdout
    tree: dict[str, Any] = json.loads(printed)
    return tree


def _reached(nodes: dict[str, list[dict[str, Any]]], members: set[str], kinds: set[str | None]) -> set[str]:
    """Return the crates that the members need; test dependencies count for the members alone."""
    reached: set[str] = set()
    waiting = list(members)
    while waiting:
        crate = waiting.pop()
        wanted = kinds if crate in members else {None, "build"}
        new = {dep["pkg"] for dep in nodes[crate] if _is_of(dep, wanted)} - reached - members
        reached |= new
        waiting += new
    return reached


def _is_of(dependency: dict[str, Any], kinds: set[str | None]) -> bool:
    return any(kind["kind"] in kinds for kind in dependency["dep_kinds"])


def _has_target(package: dict[str, Any], kind: str) -> bool:
    return any(kind in target["kind"] for target in package["targets"])


def python_packages() -> dict[str, Any]:
    """Count the packages that an installation brings in, and their size where they are installed here."""
    core = _closure(DISTRIBUTION, "")
    extras = metadata.metadata(DISTRIBUTION).get_all("Provides-Extra") or []
    more = {extra: _closure(DISTRIBUTION, extra) - core for extra in extras if extra not in NOT_COUNTED}
    return {"core": _summary(core), "extras": {extra: _summary(names) for extra, names in more.items()}}


def _closure(distribution: str, extra: str) -> set[str]:
    """Return the names of all packages that a distribution requires, with those of an extra."""
    required: set[str] = set()
    waiting = [(distribution, extra)]
    seen = set(waiting)
    while waiting:
        name, wanted = waiting.pop()
        try:
            requirements = [Requirement(line) for line in metadata.requires(name) or []]
        except metadata.PackageNotFoundError:
            continue
        for requirement in requirements:
            if requirement.marker and not requirement.marker.evaluate({**default_environment(), "extra": wanted}):
                continue
            needed = canonicalize_name(requirement.name)
            required.add(needed)
            new = {(needed, each) for each in ("", *requirement.extras)} - seen
            seen |= new
            waiting += new
    return required


def _summary(names: set[str]) -> dict[str, Any]:
    sizes = {name: _installed_bytes(name) for name in names}
    return {
        "packages": len(names),
        "mb": sum(size or 0 for size in sizes.values()) / 1e6,
        "not_installed_here": sorted(name for name, size in sizes.items() if size is None),
    }


def _installed_bytes(name: str) -> int | None:
    try:
        files = metadata.files(name) or []
    except metadata.PackageNotFoundError:
        return None
    paths = [file.locate() for file in files]
    return sum(path.stat().st_size for path in paths if path.is_file())
