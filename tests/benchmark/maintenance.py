"""Measure what keeping the Rust engine costs: lines, build times, sizes, dependencies, and what a change touches."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from fnmatch import fnmatchcase
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import harness
from harness import ROOT
from line_count import count_files
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from harness import Table

NOT_MEASURED, NOT_AVAILABLE = "not measured", "not available"
PYTHON = "python/energy_data_layer"
CRATES = "rust/crates"


# Which files a transform consists of, and which belong to both engines or only to Rust


RUST_ROOMS = {"Rust kernel", "Rust binding"}
TESTS = {
    "impute": ["test_impute"],
    "complete_hours": ["test_complete_hours", "test_objects"],
    "wide_to_long": ["*wide*", "test_recognise_layout"],
    "payload_rows": ["*payload*"],
}


def _rooms(transform: str) -> dict[str, list[str]]:
    folder, name = f"{PYTHON}/transforms/{transform}", transform.removesuffix("_rows")
    kernel = f"{CRATES}/transforms/src/{name}"
    return {
        "public function": [f"{folder}/*.py", f"!{folder}/reference*", f"!{folder}/rust.py"],
        # The second is where it was before 0.2, for the history.
        "reference": [f"{folder}/reference*.py", f"{PYTHON}/reference/{name[:4]}*.py"],
        "Rust kernel": [f"{kernel}.rs", f"{kernel}/*.rs"],
        "Rust binding": [f"{CRATES}/data_layer/src/{transform}.rs", f"{folder}/rust.py"],
        "tests": [f"tests/{folder}/{name}.py" for folder in ("equivalence", "transforms") for name in TESTS[transform]],
        "page": [f"docs/transforms/{transform}.md"],
    }


ROOMS = {transform: _rooms(transform) for transform in TESTS}
"""Per transform its rooms, each as patterns of paths; ``!`` is before one that is not of the room."""
CROSSING = {
    "choice and comparison of engines": [f"{PYTHON}/engine/*.py"],
    "Rust's Python package": [f"{CRATES}/data_layer/python/rust_data_layer/*.py*", "!*.pyc"],
}
"""What would not be there without a second engine."""
SHARED = {
    "public functions": [f"{PYTHON}/transforms/*.py", f"{PYTHON}/core/frames.py", f"{PYTHON}/core/columns.py"],
    "reference": [f"{PYTHON}/core/gaps.py", f"{PYTHON}/core/keys.py", f"{PYTHON}/core/parse.py"],
    "Rust kernels": [f"{CRATES}/transforms/src/*.rs"],
    "Rust bindings": [f"{CRATES}/data_layer/src/*.rs"],
    "tests": ["tests/equivalence/*.py", "tests/transforms/*.py"],
}
"""What several transforms use: of these files, those that no transform has for its own."""


def _matches(path: str, patterns: list[str]) -> bool:
    """Tell whether a path is one that patterns name; a star stands for any part of it."""
    named = any(fnmatchcase(path, pattern) for pattern in patterns)
    return named and not any(fnmatchcase(path, pattern[1:]) for pattern in patterns if pattern.startswith("!"))


def _lines_of_code() -> dict[str, Any]:
    paths = [
        path.relative_to(ROOT).as_posix()
        for folder in (PYTHON, CRATES, "tests", "docs/transforms")
        for path in sorted((ROOT / folder).rglob("*.*"))
    ]
    taken = [patterns for rooms in ROOMS.values() for patterns in rooms.values()]
    left = [path for path in paths if not any(_matches(path, patterns) for patterns in taken)]

    def counted(rooms: dict[str, list[str]], among: list[str]) -> dict[str, dict[str, Any]]:
        files = {room: [path for path in among if _matches(path, patterns)] for room, patterns in rooms.items()}
        return {
            room: {"files": paths} | asdict(count_files(ROOT / path for path in paths)) for room, paths in files.items()
        }

    transforms = {transform: counted(rooms, paths) for transform, rooms in ROOMS.items()}
    shared, crossing = counted(SHARED, left), counted(CROSSING, left)
    only_with_rust = [
        *(rooms[room] for rooms in transforms.values() for room in RUST_ROOMS),
        *(shared[room] for room in ("Rust kernels", "Rust bindings")),
        *crossing.values(),
    ]
    return {
        "transforms": transforms,
        "shared": shared,
        "crossing": crossing,
        "only_with_rust": {sort: sum(room[sort] for room in only_with_rust) for sort in ("code", "docs", "tests")},
    }


def _change(rooms: dict[str, dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Return among how many rooms, files and lines a change of a rule finds its places, with and without Rust."""

    def extent(names: set[str]) -> dict[str, int]:
        chosen = [rooms[name] for name in names]
        lines = sum(room[sort] for room in chosen for sort in ("code", "docs", "tests"))
        return {"rooms": len(chosen), "files": sum(len(room["files"]) for room in chosen), "lines": lines}

    return {"with_rust": extent(set(rooms)), "without_rust": extent(set(rooms) - RUST_ROOMS)}


# The history of git: how often the reference and the Rust kernel of a transform were changed together


def _history() -> dict[str, Any] | str:
    """Return per transform the commits that touched both, or one alone; words where the history is not whole."""
    git = partial(subprocess.run, check=True, capture_output=True, text=True, cwd=ROOT)
    try:
        if git(["git", "rev-parse", "--is-shallow-repository"]).stdout.strip() != "false":
            return NOT_AVAILABLE
        log = git(["git", "log", "-z", "--format=%x01", "--name-only"]).stdout
    except (OSError, subprocess.CalledProcessError):
        return NOT_AVAILABLE
    commits = [[path.strip() for path in commit.split("\0")] for commit in log.split("\x01")[1:]]
    return {"commits": len(commits), "transforms": {name: _touched(rooms, commits) for name, rooms in ROOMS.items()}}


def _touched(rooms: dict[str, list[str]], commits: list[list[str]]) -> dict[str, int]:
    counts = {"both": 0, "reference_alone": 0, "rust_alone": 0}
    for paths in commits:
        reference = any(_matches(path, rooms["reference"]) for path in paths)
        rust = any(_matches(path, rooms[room]) for path in paths for room in RUST_ROOMS)
        if reference or rust:
            counts["both" if reference and rust else "reference_alone" if reference else "rust_alone"] += 1
    return counts


# How long the engine takes to build, and how large the wheels are: all in a temporary folder


def _builds(folder: Path) -> dict[str, Any]:
    """Build a copy of the crates, so that neither the sources nor the installed engine change."""
    rust, bin_folder = folder / "rust", Path(sys.executable).parent
    shutil.copytree(ROOT / "rust", rust, ignore=shutil.ignore_patterns("target", "*.so", "__pycache__"))
    release = [bin_folder / "maturin", "build", "--release", "--locked", "--offline", "--quiet", "--out", folder]
    release += ["-m", rust / "crates" / "data_layer" / "Cargo.toml"]
    check = ["cargo", "check", "--workspace", "--locked", "--offline", "--quiet"]
    times = {}
    for name, command in (("release", release), ("check", check)):
        times[name] = _times(command, rust)
        (rust / "crates/transforms/src/impute/gaps.rs").touch()
        times[f"{name}_after_a_change"] = _times(command, rust)
    facade = [bin_folder / "uv", "build", "--wheel", "--quiet", "--offline", "--no-build-isolation"]
    subprocess.run([*facade, "--python", sys.executable, "--out-dir", folder, ROOT], check=True, stdout=sys.stderr)
    wheels = {name: _sizes(folder, name) for name in ("rust-data-layer", "energy-data-layer")}
    return {"times": times, "wheels": wheels}


def _sizes(folder: Path, name: str) -> dict[str, float]:
    """Return the megabytes of a wheel, and of what it installs."""
    (wheel,) = folder.glob(f"{name.replace('-', '_')}-*.whl")
    with ZipFile(wheel) as archive:
        installed = sum(member.file_size for member in archive.infolist())
    return {"wheel_mb": wheel.stat().st_size / 1e6, "installed_mb": installed / 1e6}


def _times(command: list[Any], rust: Path) -> dict[str, float]:
    """Run a command on the copy, where it builds too, and return how long it and the processors took."""
    environment = os.environ | {"CARGO_TARGET_DIR": str(rust / "target"), "PYO3_PYTHON": sys.executable}
    before = os.times()
    subprocess.run(command, cwd=rust, env=environment, check=True, stdout=sys.stderr)
    after = os.times()
    processors = after.children_user + after.children_system - before.children_user - before.children_system
    return {"seconds": after.elapsed - before.elapsed, "cpu_seconds": processors}


# What each engine depends on: crates that are compiled in, Python packages that are installed


def _crates() -> dict[str, int]:
    """Count the crates of other makers on this platform; those that only the tests need stand alone."""
    version = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    host = version.partition("host: ")[2].partition("\n")[0]
    command = ["cargo", "metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", host]
    printed = subprocess.run(command, cwd=ROOT / "rust", check=True, capture_output=True, text=True).stdout
    tree = json.loads(printed)
    kinds_of = {
        package["id"]: {kind for target in package["targets"] for kind in target["kind"]}
        for package in tree["packages"]
    }
    nodes = {node["id"]: node["deps"] for node in tree["resolve"]["nodes"]}
    members = set(tree["workspace_members"])

    def needed(crate: str, kinds: set[str | None]) -> set[str]:
        return {dep["pkg"] for dep in nodes[crate] if kinds & {kind["kind"] for kind in dep["dep_kinds"]}} - members

    def built_for(kinds: set[str | None]) -> set[str]:
        """Return all crates that the members need; test dependencies count for the members alone."""
        reached = set().union(*(needed(member, kinds) for member in members))
        waiting = list(reached)
        while waiting:
            new = needed(waiting.pop(), {None, "build"}) - reached
            reached |= new
            waiting += new
        return reached

    built = built_for({None, "build"})
    return {
        "direct": len(set().union(*(needed(member, {None, "build"}) for member in members))),
        "total": len(built),
        "with_build_script": sum("custom-build" in kinds_of[crate] for crate in built),
        "procedural_macros": sum("proc-macro" in kinds_of[crate] for crate in built),
        "only_for_tests": len(built_for({None, "build", "dev"}) - built),
    }


DISTRIBUTION = "energy-data-layer"
NOT_COUNTED = {"all", "rust"}
"""The extra that names the others, and the engine, which needs no packages; its size is that of its wheel."""


def _python_packages() -> dict[str, Any]:
    """Count the packages that an installation brings in, and their size where they are installed here."""
    core = _closure(DISTRIBUTION, "")
    extras = metadata.metadata(DISTRIBUTION).get_all("Provides-Extra") or []
    more = {extra: _closure(DISTRIBUTION, extra) - core for extra in extras if extra not in NOT_COUNTED}
    return {"core": _summary(core), "extras": {extra: _summary(names) for extra, names in more.items()}}


def _closure(distribution: str, extra: str) -> set[str]:
    """Return the names of all packages that a distribution requires, with those of an extra."""
    waiting = [(distribution, extra)]
    seen = set(waiting)
    while waiting:
        name, wanted = waiting.pop()
        try:
            requirements = [Requirement(line) for line in metadata.requires(name) or []]
        except metadata.PackageNotFoundError:
            continue
        for requirement in requirements:
            if not requirement.marker or requirement.marker.evaluate({**default_environment(), "extra": wanted}):
                needed = canonicalize_name(requirement.name)
                new = {(needed, each) for each in ("", *requirement.extras)} - seen
                seen |= new
                waiting += new
    return {name for name, _ in seen} - {distribution}


def _summary(names: set[str]) -> dict[str, Any]:
    sizes = {name: _installed_bytes(name) for name in names}
    return {
        "packages": len(names),
        "mb": sum(size or 0 for size in sizes.values()) / 1e6,
        "not_installed_here": sorted(name for name, size in sizes.items() if size is None),
    }


def _installed_bytes(name: str) -> int | None:
    try:
        paths = [file.locate() for file in metadata.files(name) or []]
    except metadata.PackageNotFoundError:
        return None
    return sum(path.stat().st_size for path in paths if path.is_file())


# All of it


SIZES = {"build": (True, False)}


def measure(sizes: Any) -> dict[str, Any]:
    """Count, and build or not."""
    built: dict[str, Any] = {"times": NOT_MEASURED, "wheels": NOT_MEASURED}
    if sizes.build:
        with tempfile.TemporaryDirectory() as folder:
            built = _builds(Path(folder))
    lines = _lines_of_code()
    return {
        "lines": lines,
        "change": {transform: _change(rooms) for transform, rooms in lines["transforms"].items()},
        "history": _history(),
        "build_times": built["times"],
        "wheels": built["wheels"],
        "crates": _crates(),
        "python_packages": _python_packages(),
    }


def document(results: dict[str, Any]) -> list[Any]:
    """Return a table of each part."""
    lines, crates, packages = results["lines"], results["crates"], results["python_packages"]
    only, crossing = lines["only_with_rust"], sum(room["code"] for room in lines["crossing"].values())
    shared = dict(zip(ROOMS["impute"], lines["shared"].values(), strict=False))  # in the same order
    code = [{"name": name} | rooms for name, rooms in (lines["transforms"] | {"shared": shared}).items()]
    installations = {"core": packages["core"]} | {
        f"more with [{name}]": more for name, more in packages["extras"].items()
    }
    name = ("", "{name}")
    return [
        "Lines of code:",
        harness.table(
            code,
            name,
            *(
                (room, f"{{{room}[code]:,}}")
                for room in ("public function", "reference", "Rust kernel", "Rust binding")
            ),
            ("tests in Rust", "{Rust kernel[tests]:,}"),
            ("tests in Python", "{tests[code]:,}"),
        ),
        "Where a change of a rule finds its places:",
        harness.table(
            _named(results["change"]),
            name,
            *(
                (f"{sort}, {engines}", f"{{{which}[{sort}]:,}}")
                for which, engines in (("with_rust", "both engines"), ("without_rust", "reference alone"))
                for sort in ("rooms", "files", "lines")
            ),
        ),
        "Commits that touched:",
        _or_words(
            results["history"] if isinstance(results["history"], str) else results["history"]["transforms"],
            ("reference and Rust", "{both}"),
            ("reference alone", "{reference_alone}"),
            ("Rust alone", "{rust_alone}"),
        ),
        "Building the engine:",
        _or_words(results["build_times"], ("s", "{seconds:.1f}"), ("processor s", "{cpu_seconds:.1f}")),
        "Wheels:",
        _or_words(results["wheels"], ("MB", "{wheel_mb:.2f}"), ("installed MB", "{installed_mb:.2f}")),
        "Python packages:",
        harness.table(
            _named(installations),
            name,
            ("packages", "{packages}"),
            ("MB", "{mb:.0f}"),
            ("not installed here", lambda row: ", ".join(row["not_installed_here"])),
        ),
        harness.bullets(
            [
                f"Without Rust these would go: {only['code']:,} lines of code, of which {crossing:,} are the crossing "
                f"(choosing and comparing engines, Rust's Python package); {only['docs']:,} of documentation in them; "
                f"{only['tests']:,} of the crates' own tests",
                f"The engine is built with {crates['total']} crates of others, {crates['direct']} of them named by its "
                f"own; {crates['with_build_script']} have a build script, {crates['procedural_macros']} are procedural "
                f"macros; {crates['only_for_tests']} more are for tests only",
            ]
        ),
    ]


def _named(rows: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": name.replace("_", " ")} | row for name, row in rows.items()]


def _or_words(rows: dict[str, dict[str, Any]] | str, *columns: tuple[str, str]) -> str | Table:
    return rows if isinstance(rows, str) else harness.table(_named(rows), ("", "{name}"), *columns)


if __name__ == "__main__":
    sys.exit(harness.run())
