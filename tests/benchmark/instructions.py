"""Count the instructions of the Rust kernels under valgrind and compare them with the recorded ones.

A shared machine's times differ from run to run; its counts do not. Exits with 1 where a kernel takes over 10 % more.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

RECORD = Path(__file__).with_suffix(".json")
WORKSPACE = Path(__file__).parents[2] / "rust" / "Cargo.toml"
BENCH = "instructions"
COUNTED = "instructions::counted*"
"""The function of the bench of which the instructions count."""
INSTALL_VALGRIND = "on Debian and Ubuntu: apt-get install valgrind"
INSTALL_RUST = "see https://rustup.rs"
THRESHOLDS = ("x86_rep_movsb_threshold", "x86_rep_stosb_threshold", "x86_non_temporal_threshold")
ENVIRONMENT = {"GLIBC_TUNABLES": ":".join(f"glibc.cpu.{name}=0x40000000" for name in THRESHOLDS)}
"""The C library copies memory in one way on all processors. Nothing else of the caller's environment: it would move the
stack, from the addresses of which hash tables take their seeds."""


TOLERANCE = 0.10
"""By how much of what is recorded a kernel may change."""
RECORD_AGAIN = "record the counts again with `tests/benchmark/instructions.py --record`"


@dataclass(frozen=True)
class Counts:
    """Instructions per kernel, and what they were counted with."""

    rustc: str
    target: str
    valgrind: str
    libc: str
    kernels: dict[str, int]

    @classmethod
    def read(cls, file: Path) -> Counts:
        return cls(**json.loads(file.read_text(encoding="utf-8")))

    def write(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Comparison:
    """The counts of each kernel, with the change as a share of what is recorded; None where there is none."""

    kernels: list[dict[str, Any]]
    notes: list[str]
    faults: list[str]

    def text(self) -> str:
        """Return a table, and below it the notes and what is wrong."""
        rows = [("kernel", "recorded", "now", "change")]
        for kernel in self.kernels:
            name, *counts, change = kernel.values()
            cells = ("-" if count is None else f"{count:,}" for count in counts)
            rows.append((name, *cells, "-" if change is None else f"{change:+.1%}"))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        table = [f"{name:<{widths[0]}}  {'  '.join(map(str.rjust, cells, widths[1:]))}" for name, *cells in rows]
        return "\n".join([*table, *self.notes, *(f"FAILED: {fault}" for fault in self.faults)])


def compare(recorded: Counts, now: Counts) -> Comparison:
    """Compare counts with the recorded ones; those of another processor architecture are refused."""
    was, is_now = (counts.target.partition("-")[0] for counts in (recorded, now))
    if was != is_now:
        raise SystemExit(
            f"the counts were recorded on {was} and this is {is_now}, whose instructions are others; compare on {was}"
        )
    notes = [
        f"note: recorded with {name} {was}, counted with {name} {is_now}"
        for name in ("rustc", "target", "valgrind", "libc")
        if (was := getattr(recorded, name)) != (is_now := getattr(now, name))
    ]
    kernels, faults, gains = [], [], []
    for name in dict.fromkeys([*recorded.kernels, *now.kernels]):
        before, after = recorded.kernels.get(name), now.kernels.get(name)
        change = None if before is None or after is None else (after - before) / before
        kernels.append({"kernel": name, "recorded": before, "now": after, "change": change})
        if after is None:
            faults.append(f"{name} is recorded and was not counted; if it is gone, {RECORD_AGAIN}")
        elif change is None:
            faults.append(f"{name} was counted and is not recorded; {RECORD_AGAIN}")
        elif change > TOLERANCE:
            faults.append(f"{name} takes {change:+.1%} instructions; at most {TOLERANCE:+.0%} is accepted")
        elif change <= -TOLERANCE:
            gains.append(name)  # a later loss of as much would pass unseen
    if gains:
        notes.append(f"note: {', '.join(gains)}: {TOLERANCE:.0%} or more gained; {RECORD_AGAIN}")
    return Comparison(kernels, notes, faults)


def main() -> int:
    """Count, compare or record, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help=f"write the counts into {RECORD.name}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the comparison there")
    options = parser.parse_args()
    valgrind = _program("valgrind", INSTALL_VALGRIND)
    now = _count_all(valgrind)
    if options.record:
        now.write(RECORD)
        print(f"recorded {len(now.kernels)} kernels in {RECORD}")
        return 0
    comparison = compare(Counts.read(RECORD), now)
    print(comparison.text())
    if options.json:
        results = asdict(now) | asdict(comparison)
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 1 if comparison.faults else 0


def _count_all(valgrind: str) -> Counts:
    cargo, rustc = _program("cargo", INSTALL_RUST), _program("rustc", INSTALL_RUST)
    compiler = dict(re.findall(r"^(release|host): (\S+)", _output(rustc, "-vV"), re.MULTILINE))
    bench = _built_bench(cargo)
    kernels = _output(str(bench)).split()
    return Counts(
        rustc=compiler["release"],
        target=compiler["host"],
        valgrind=_output(valgrind, "--version").strip().removeprefix("valgrind-"),
        libc=os.confstr("CS_GNU_LIBC_VERSION") or "unknown",
        kernels={kernel: _count(valgrind, bench, kernel) for kernel in kernels},
    )


def _built_bench(cargo: str) -> Path:
    """Build the bench as the engine is built for release, and return its program."""
    command = [cargo, "bench", "--manifest-path", str(WORKSPACE), "--locked"]
    # With the binding's package the crates have the features, and so the code, that they have in the engine.
    packages = ["--package", "station-hours", "--package", "data_layer"]
    options = [*packages, "--bench", BENCH, "--no-run", "--message-format", "json-render-diagnostics"]
    messages = map(json.loads, _output(*command, *options).splitlines())
    return next(Path(message["executable"]) for message in messages if message.get("executable"))


def _count(valgrind: str, bench: Path, kernel: str) -> int:
    options = ["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"]
    # The path of the program would be a part of the stack too.
    command = [valgrind, *options, f"--toggle-collect={COUNTED}", f"./{bench.name}", kernel]
    process = subprocess.run(command, cwd=bench.parent, env=ENVIRONMENT, capture_output=True, text=True)
    collected = re.search(r"Collected : (\d+)", process.stderr)
    if process.returncode or not collected or collected[1] == "0":
        raise SystemExit(f"no instructions of {kernel} were counted in {COUNTED}:\n{process.stderr}")
    return int(collected[1])


def _output(*command: str) -> str:
    process = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed with exit code {process.returncode}; its messages stand above")
    return process.stdout


def _program(name: str, hint: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise SystemExit(f"{name} is not installed, and without it no instructions can be counted; {hint}")
    return path


if __name__ == "__main__":
    sys.exit(main())
