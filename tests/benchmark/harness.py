"""The framework of the measurements: options, turns, fresh processes, the machine, tables, and places in pages.

The scripts of `make peers` and `make bench-instructions` run where the package is not installed, and so does this.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import math
import os
import platform
import re
import resource
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from string import Formatter
from time import perf_counter, process_time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    Table = list[tuple[str, ...]]

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))  # where the package `tests` is
ENGINES = {"reference": False, "rust": True}
"""The values of `use_rust`."""


# A script


def run() -> int:
    """Run the script that Python was started with, by its command line, and return the exit code.

    A script has ``SIZES``, by name how much it takes at full scale and at the small one; ``measure``, which takes
    these, and the names of what to measure where there are ``PARTS``, and returns the figures; and ``document``, which
    makes paragraphs and tables of them. It may have ``PAGE``, the page in docs/ that holds what is printed, between
    marks; ``draw``, which draws the figures into a folder; ``holds`` and ``meets_goals``, which tell whether the exit
    code is 0, the second only with ``--check``; ``LIBRARIES``, whose versions matter besides; and ``NEEDS_RUST``, false
    where it does without the engine.
    """
    script = sys.modules["__main__"]
    of_script = vars(script).get
    parser = argparse.ArgumentParser(description=script.__doc__)
    parser.add_argument("--smoke", action="store_true", help="small and short: shows that all works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a goal is not met")
    if parts := of_script("PARTS"):
        parser.add_argument("--only", nargs="+", choices=parts, default=list(parts), help="what to measure")
    if page := of_script("PAGE"):
        parser.add_argument("--write", action="store_true", help=f"write what is printed into docs/{page}")
    if draw := of_script("draw"):
        parser.add_argument("--graphs", type=Path, metavar="FOLDER", help="draw the results there, as SVG and PNG")
    options = parser.parse_args()
    sizes = SimpleNamespace(**{name: pair[options.smoke] for name, pair in script.SIZES.items()})
    environment, others = describe(needs_rust=of_script("NEEDS_RUST", True)), OtherProcesses()
    measured = script.measure(sizes, options.only) if parts else script.measure(sizes)
    results = {"environment": environment | {"others_busy": others.busy()}, **measured}
    more = "".join(f", {library} {version(library)}" for library in of_script("LIBRARIES", ()))
    blocks = [*script.document(results), f"Measured on {sentence(results['environment'])}{more}."]
    print(rendered(blocks, aligned=sys.stdout.isatty()))
    if page and options.write:
        path = ROOT / "docs" / page
        text = filled(path.read_text(encoding="utf-8"), Path(sys.argv[0]).name, rendered(blocks))
        path.write_text(text, encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if draw and options.graphs:
        draw(results, options.graphs)
    judges = [of_script("holds"), of_script("meets_goals") if options.check else None]
    return 0 if all(judge(results) for judge in judges if judge) else 1


# Times


LEAST_SECONDS = 0.005
"""A sample shorter than this would drown in the timer's and the scheduler's noise."""


@dataclass(frozen=True)
class Timing:
    """Seconds per call by the clock and of the processors, one figure of each per sample."""

    samples: list[float]
    cpu_samples: list[float]

    @property
    def median(self) -> float:
        return median(self.samples)

    @property
    def ms(self) -> float:
        return 1e3 * self.median


def time_in_turns(
    calls: Mapping[str, Callable[[], Any]], repeats: int, least_seconds: float = LEAST_SECONDS
) -> dict[str, Timing]:
    """Time each call `repeats` times after a warm-up, in turns, so that a slow moment of the machine meets all."""
    for call in calls.values():
        call()
    loops = {name: _calls_per_sample(call, least_seconds) for name, call in calls.items()}
    return _take_turns(calls, loops, dict.fromkeys(calls, repeats))


def time_within(
    calls: Mapping[str, Callable[[], Any]], warm_up: Mapping[str, float], repeats: int, seconds: float
) -> dict[str, Timing]:
    """Time calls in turns, those that take long less often: sampling stops for a call after so many seconds.

    `warm_up` has the seconds of a call that each of them has had; one that is slow gets no other before its samples.
    """
    loops, wanted = {}, {}
    for name, call in calls.items():
        slow = warm_up[name] > seconds
        loops[name] = 1 if slow else _calls_per_sample(call, LEAST_SECONDS)
        sample = warm_up[name] if slow else _seconds_per_call(call, 1)[0] * loops[name]
        wanted[name] = max(1, min(repeats, int(seconds / sample)))
    return _take_turns(calls, loops, wanted)


def _take_turns(
    calls: Mapping[str, Callable[[], Any]], loops: Mapping[str, int], wanted: Mapping[str, int]
) -> dict[str, Timing]:
    timings = {name: Timing([], []) for name in calls}
    for turn in range(max(wanted.values(), default=0)):
        for name in list(calls) if turn % 2 else reversed(calls):
            if turn < wanted[name]:
                gc.collect()
                seconds, cpu_seconds = _seconds_per_call(calls[name], loops[name])
                timings[name].samples.append(seconds)
                timings[name].cpu_samples.append(cpu_seconds)
    return timings


def _calls_per_sample(call: Callable[[], Any], least_seconds: float) -> int:
    """Return how many calls fill `least_seconds`."""
    loops = 1
    while (seconds := _seconds_per_call(call, loops)[0]) * loops < least_seconds:
        loops = max(2 * loops, math.ceil(least_seconds / seconds))
    return loops


def _seconds_per_call(call: Callable[[], Any], loops: int) -> tuple[float, float]:
    """Return the seconds that pass and those that the process's threads compute."""
    begin, cpu_begin = perf_counter(), process_time()
    for _ in range(loops):
        call()
    return (perf_counter() - begin) / loops, (process_time() - cpu_begin) / loops


# Memory


def in_fresh_process(function: Callable[..., Any], *arguments: Any, timeout: float | None = None) -> Any:
    """Call a function of a script in a process of its own; `TimeoutExpired` where that does not end in time."""
    script = Path(function.__code__.co_filename).stem
    code = (
        f"import json, sys, {script} as script; print(json.dumps(script.{function.__name__}(*json.loads(sys.argv[1]))))"
    )
    command = [sys.executable, "-c", code, json.dumps(arguments)]
    environment = os.environ | {"PYTHONPATH": str(HERE)}
    process = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, timeout=timeout)
    if process.returncode:
        raise RuntimeError(f"{script}.{function.__name__}{arguments} failed; its messages stand above")
    return json.loads(process.stdout)


def peak_of(call: Callable[[], Any]) -> tuple[Any, dict[str, Any]]:
    """Return what a call gives, and its peak above what the process held before."""
    import pyarrow as pa

    gc.collect()
    # Freed memory goes back to the system: reused, it would hide what the call needs.
    pa.default_memory_pool().release_unused()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    by = "VmHWM"
    try:
        Path("/proc/self/clear_refs").write_text("5")  # the peak becomes what the process holds now
        before = resident_mb()
    except OSError:
        by, before = "ru_maxrss", _highest_peak_mb()
    result = call()
    after = resident_mb(by) if by == "VmHWM" else _highest_peak_mb()
    return result, {"peak_mb": after - before, "by": by}


def resident_mb(field: str = "VmRSS") -> float:
    """Return the megabytes that the process holds, or another figure of its status."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) * 1024 / 1e6


def _highest_peak_mb() -> float:
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes / 1e6 if sys.platform == "darwin" else kilobytes * 1024 / 1e6


# The machine


LIBRARIES = ("pandas", "numpy", "scipy", "pyarrow")


class OtherProcesses:
    """The share of the processors that other processes take from its making on."""

    def __init__(self) -> None:
        self._before = _processor_seconds()

    def busy(self) -> float | None:
        """Return the share; None where the system does not tell."""
        after = _processor_seconds()
        if self._before is None or after is None:
            return None
        all_, idle, own = (new - old for new, old in zip(after, self._before, strict=True))
        return max(0.0, all_ - idle - own) / all_ if all_ else 0.0


def _processor_seconds() -> tuple[float, float, float] | None:
    """Return the seconds of all processors, those they were idle, and those of this process and its children."""
    try:
        first_line = Path("/proc/stat").read_text().partition("\n")[0]
    except OSError:
        return None
    ticks = [int(field) for field in first_line.split()[1:9]]
    per_second = os.sysconf("SC_CLK_TCK")
    return sum(ticks) / per_second, (ticks[3] + ticks[4]) / per_second, sum(os.times()[:4])


def describe(*, needs_rust: bool) -> dict[str, Any]:
    """Return machine, versions and engine; refuse an engine whose times would mean nothing."""
    described = {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{library: version(library) for library in LIBRARIES},
    }
    if not needs_rust:
        return described
    try:
        import rust_data_layer
    except ImportError as error:
        raise SystemExit(f"the Rust engine is not installed ({error}); run `make bench`") from error
    engine = dict(rust_data_layer.build_info())
    if engine["debug"]:
        raise SystemExit("the Rust engine is a debug build: its times mean nothing; run `make bench`")
    return described | {"engine": engine}


def _cpu_model() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown CPU"


def sentence(environment: dict[str, Any]) -> str:
    """Return the description as one line."""
    libraries = ", ".join(f"{library} {environment[library]}" for library in LIBRARIES)
    others = environment["others_busy"]
    disturbed = "" if others is None else f" ({others:.0%} busy with other processes meanwhile)"
    engine = f", rust-data-layer {environment['engine']['version']}" if "engine" in environment else ""
    return (
        f"{environment['cpu']}, {environment['cores']} cores{disturbed}, "
        f"{environment['system']}; Python {environment['python']}, {libraries}{engine}"
    )


# Output


class _Cells(Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        spelled = {None: "-", True: "yes", False: "NO"} if value is None or isinstance(value, bool) else {}
        return spelled.get(value) or super().format_field(value, format_spec)


def table(rows: Iterable[Mapping[str, Any]], *columns: tuple[str, str | Callable[[Any], str]]) -> Table:
    """Return a table; a column is its heading, and a format of a row's fields or a function of the row."""

    def cell(content: str | Callable[[Any], str], row: Mapping[str, Any]) -> str:
        return _Cells().vformat(content, (), row) if isinstance(content, str) else content(row)

    return [
        tuple(heading for heading, _ in columns),
        *(tuple(cell(content, row) for _, content in columns) for row in rows),
    ]


def rendered(document: list[str | Table], *, aligned: bool = False) -> str:
    """Return paragraphs and tables as Markdown."""
    blocks = (block if isinstance(block, str) else "\n".join(as_markdown(block, aligned=aligned)) for block in document)
    return "\n\n".join(blocks)


def as_markdown(rows: Sequence[Sequence[str]], *, aligned: bool = False) -> list[str]:
    """Return the lines of a table; the first row has the headings, the first column names."""
    headings, *others = rows
    lines = [headings, ("---", *["---:"] * (len(headings) - 1)), *others]
    if aligned:
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        lines = [(line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])) for line in lines]
    return [f"| {' | '.join(line)} |" for line in lines]


def bullets(lines: Iterable[str]) -> str:
    """Return a list as one paragraph."""
    return "\n".join(f"- {line}" for line in lines)


def checked(checks: Mapping[str, bool]) -> str:
    """Return what was looked at, and whether it was so."""
    return "Checked: " + "; ".join(f"{what}: {'yes' if held else 'NO'}" for what, held in checks.items())


def filled(page: str, name: str, printed: str) -> str:
    """Return a page with `printed` in its one place ``<!-- begin: NAME -->`` … ``<!-- end: NAME -->``."""
    place = re.compile(f"(<!-- begin: {re.escape(name)} -->\n).*?(<!-- end: {re.escape(name)} -->)", re.DOTALL)
    written, count = place.subn(lambda marks: f"{marks[1]}\n{printed.strip()}\n\n{marks[2]}", page)
    if count != 1:
        raise SystemExit(f"the page has {count} places for {name}; there has to be one")
    return written
