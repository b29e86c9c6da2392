"""Measure what keeping the Rust engine costs: lines, build times, sizes, dependencies, and what a change touches."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import builds
import change_history
import dependencies
import environment
import tables
from line_count import count_files
from rooms import CROSSING, ROOMS, ROOT, files, shared_files

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NOT_MEASURED = "not measured"
RUST_ROOMS = {"Rust kernel", "Rust binding"}
SHARED_RUST_ROOMS = {"Rust kernels", "Rust bindings"}


def main() -> int:
    """Measure, print, write, and return the exit code."""
    options = _options()
    results = _measure(no_build=options.no_build)
    print("\n".join(_lines(results, tables.as_markdown if options.markdown else tables.as_text)))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


def _measure(*, no_build: bool) -> dict[str, Any]:
    described = environment.describe()
    others = environment.OtherProcesses()
    lines = _lines_of_code()
    built: dict[str, Any] = {"times": NOT_MEASURED, "wheels": NOT_MEASURED}
    if not no_build:
        with tempfile.TemporaryDirectory() as folder:
            built = builds.measure(Path(folder))
    return {
        "environment": described | {"others_busy": others.busy()},
        "lines": lines,
        "change": {transform: _change(rooms) for transform, rooms in lines["transforms"].items()},
        "history": change_history.measure(),
        "build_times": built["times"],
        "wheels": built["wheels"],
        "crates": dependencies.crates(),
        "python_packages": dependencies.python_packages(),
    }


def _lines_of_code() -> dict[str, Any]:
    transforms = {
        transform: {room: _counted(files(patterns)) for room, patterns in rooms.items()}
        for transform, rooms in ROOMS.items()
    }
    shared = {room: _counted(paths) for room, paths in shared_files().items()}
    crossing = {room: _counted(files(patterns)) for room, patterns in CROSSING.items()}
    only_with_rust = [
        *(rooms[room] for rooms in transforms.values() for room in RUST_ROOMS),
        *(shared[room] for room in SHARED_RUST_ROOMS),
        *crossing.values(),
    ]
    return {
        "transforms": transforms,
        "shared": shared,
        "crossing": crossing,
        "only_with_rust": {sort: sum(room[sort] for room in only_with_rust) for sort in ("code", "docs", "tests")},
    }


def _counted(paths: list[str]) -> dict[str, Any]:
    lines = count_files(ROOT / path for path in paths)
    return {"files": paths, "code": lines.code, "docs": lines.docs, "tests": lines.tests}


def _change(rooms: dict[str, dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Return among how many rooms, files and lines a change of a rule finds its places, with and without Rust."""

    def extent(names: set[str]) -> dict[str, int]:
        chosen = [rooms[name] for name in names]
        lines = sum(room[sort] for room in chosen for sort in ("code", "docs", "tests"))
        return {"rooms": len(chosen), "files": sum(len(room["files"]) for room in chosen), "lines": lines}

    return {"with_rust": extent(set(rooms)), "without_rust": extent(set(rooms) - RUST_ROOMS)}


def _lines(results: dict[str, Any], table: Callable[[Sequence[Sequence[str]]], list[str]]) -> list[str]:
    sections = [
        ("Lines of code", _code_table(results["lines"])),
        ("Where a change of a rule finds its places", _change_table(results["change"])),
        ("Commits that touched", _history_table(results["history"])),
        ("Building the engine", _build_table(results["build_times"])),
        ("Wheels", _wheel_table(results["wheels"])),
        ("Python packages", _package_table(results["python_packages"])),
    ]
    lines = [line for title, rows in sections for line in (f"{title}:", "", *table(rows), "")]
    return [
        *lines,
        f"- {_only_with_rust(results['lines'])}",
        f"- {_crates(results['crates'])}",
        "",
        f"Measured on {environment.sentence(results['environment'])}.",
    ]


def _code_table(lines: dict[str, Any]) -> list[Sequence[str]]:
    shared = lines["shared"]
    rooms = ("public function", "reference", "Rust kernel", "Rust binding", "tests")
    of_shared = ("public functions", "reference", "Rust kernels", "Rust bindings", "tests")
    named = [*lines["transforms"].items(), ("shared", dict(zip(rooms, map(shared.get, of_shared), strict=True)))]
    rows = [("transform", *rooms[:-1], "Rust / reference", "tests in Rust", "tests in Python")]
    for name, counts in named:
        *code, tests = (counts[room]["code"] for room in rooms)
        _, reference, kernel, binding = code
        ratio = f"{(kernel + binding) / reference:.1f}"
        rows.append((name, *map("{:,}".format, code), ratio, f"{counts['Rust kernel']['tests']:,}", f"{tests:,}"))
    return rows


def _change_table(change: dict[str, Any]) -> list[Sequence[str]]:
    sorts = ("rooms", "files", "lines")
    headings = [f"{sort}, {engines}" for engines in ("both engines", "reference alone") for sort in sorts]
    return [
        ("transform", *headings),
        *(
            (name, *(f"{extents[which][sort]:,}" for which in ("with_rust", "without_rust") for sort in sorts))
            for name, extents in change.items()
        ),
    ]


def _history_table(history: dict[str, Any] | str) -> list[Sequence[str]]:
    if isinstance(history, str):
        return [("history",), (history,)]
    return [
        (f"transform, of {history['commits']} commits", "reference and Rust", "reference alone", "Rust alone"),
        *((name, *map(str, counts.values())) for name, counts in history["transforms"].items()),
    ]


def _build_table(times: dict[str, dict[str, float]] | str) -> list[Sequence[str]]:
    if isinstance(times, str):
        return [("build",), (times,)]
    return [
        ("build", "s", "processor s"),
        *(
            (name.replace("_", " "), f"{build['seconds']:.1f}", f"{build['cpu_seconds']:.1f}")
            for name, build in times.items()
        ),
    ]


def _wheel_table(wheels: dict[str, dict[str, float]] | str) -> list[Sequence[str]]:
    if isinstance(wheels, str):
        return [("wheel",), (wheels,)]
    return [
        ("wheel", "MB", "installed MB"),
        *((name, f"{size['wheel_mb']:.2f}", f"{size['installed_mb']:.2f}") for name, size in wheels.items()),
    ]


def _package_table(packages: dict[str, Any]) -> list[Sequence[str]]:
    named = {"core": packages["core"]} | {f"more with [{extra}]": more for extra, more in packages["extras"].items()}
    return [
        ("installation", "packages", "MB", "not installed here"),
        *(
            (name, str(counts["packages"]), f"{counts['mb']:.0f}", ", ".join(counts["not_installed_here"]))
            for name, counts in named.items()
        ),
    ]


def _only_with_rust(lines: dict[str, Any]) -> str:
    only = lines["only_with_rust"]
    crossing = sum(room["code"] for room in lines["crossing"].values())
    return (
        f"Without Rust these would go: {only['code']:,} lines of code, of which {crossing:,} are the crossing "
        f"(choosing and comparing engines, Rust's Python package); {only['docs']:,} of documentation in them; "
        f"{only['tests']:,} of the crates' own tests"
    )


def _crates(crates: dict[str, int]) -> str:
    return (
        f"The engine is built with {crates['total']} crates of others, {crates['direct']} of them named by its own; "
        f"{crates['with_build_script']} have a build script, {crates['procedural_macros']} are procedural macros; "
        f"{crates['only_for_tests']} more are for tests only"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--markdown", action="store_true", help="print the tables in Markdown")
    parser.add_argument(
        "--no-build",
        "--smoke",
        action="store_true",
        help="leave out build times and wheels, which take minutes",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
