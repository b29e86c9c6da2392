"""Which files a transform consists of, and which belong to both engines or only to Rust."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYTHON = "python/energy_data_layer"
CRATES = "rust/crates"

# Under which names the files of a transform go, in Python and in Rust.
NAMES = {
    "impute": (("impute",), "impute"),
    "complete_hours": (("complete_hours",), "complete_hours"),
    "wide_to_long": (("wide_*", "recognise_layout"), "wide_to_long"),
    "payload_rows": (("payload_*",), "payload"),
}

TESTS = {
    "impute": ["test_impute"],
    "complete_hours": ["test_complete_hours", "test_objects"],
    "wide_to_long": ["*wide*", "test_recognise_layout"],
    "payload_rows": ["*payload*"],
}


def _rooms(transform: str) -> dict[str, list[str]]:
    python, rust = NAMES[transform]
    kernel = f"{CRATES}/transforms/src/{rust}"
    return {
        "public function": [f"{PYTHON}/transforms/{name}.py" for name in python],
        "reference": [f"{PYTHON}/reference/{name}.py" for name in python],
        "Rust kernel": [f"{kernel}.rs", f"{kernel}/*.rs"],
        "Rust binding": [f"{CRATES}/data_layer/src/{transform}.rs"],
        "tests": [f"tests/{folder}/{name}.py" for folder in ("equivalence", "transforms") for name in TESTS[transform]],
        "page": [f"docs/transforms/{transform}.md"],
    }


ROOMS = {transform: _rooms(transform) for transform in NAMES}
"""Per transform its rooms, each as patterns of paths."""

CROSSING = {
    "choice and comparison of engines": [
        f"{PYTHON}/transforms/{name}.py" for name in ("engine", "equality", "rust_boundary", "shadow*")
    ],
    "Rust's Python package": [f"{CRATES}/data_layer/python/rust_data_layer/*.py*"],
}
"""What would not be there without a second engine."""

SHARED = {
    "public functions": [f"{PYTHON}/transforms/*.py"],
    "reference": [f"{PYTHON}/reference/*.py"],
    "Rust kernels": [f"{CRATES}/transforms/src/*.rs"],
    "Rust bindings": [f"{CRATES}/data_layer/src/*.rs"],
    "tests": ["tests/equivalence/*.py", "tests/transforms/*.py"],
}
"""What is left in the same folders: used by several transforms."""


def files(patterns: list[str], without: tuple[list[str], ...] = ()) -> list[str]:
    """Return the files that patterns name and none of the others does, relative to the repository."""
    found = {path.relative_to(ROOT).as_posix() for pattern in patterns for path in ROOT.glob(pattern)}
    return sorted(path for path in found if not any(matches(path, others) for others in without))


def matches(path: str, patterns: list[str]) -> bool:
    """Tell whether a path is one that patterns name; a star stands for any part of it."""
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def shared_files() -> dict[str, list[str]]:
    """Return the files that no transform has for its own, nor the crossing."""
    taken = [patterns for rooms in ROOMS.values() for patterns in rooms.values()]
    return {room: files(patterns, (*taken, *CROSSING.values())) for room, patterns in SHARED.items()}
