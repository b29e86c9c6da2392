"""What the figures were measured with: machine, versions, engine."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

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


def describe() -> dict[str, Any]:
    """Return machine, versions and engine; refuse an engine whose times would mean nothing."""
    return {**describe_python(), "engine": _release_build()}


def describe_python() -> dict[str, Any]:
    """Return machine and versions, without the Rust engine."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{library: version(library) for library in LIBRARIES},
    }


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


def _processor_seconds() -> tuple[float, float, float] | None:
    """Return the seconds of all processors, those they were idle, and those of this process and its children."""
    try:
        first_line = Path("/proc/stat").read_text().partition("\n")[0]
    except OSError:
        return None
    ticks = [int(field) for field in first_line.split()[1:9]]
    idle_and_waiting = ticks[3] + ticks[4]
    per_second = os.sysconf("SC_CLK_TCK")
    return sum(ticks) / per_second, idle_and_waiting / per_second, sum(os.times()[:4])


def _release_build() -> dict[str, Any]:
    try:
        import rust_data_layer
    except ImportError as error:
        raise SystemExit(f"the Rust engine is not installed ({error}); run `make bench`") from error
    info = dict(rust_data_layer.build_info())
    if info["debug"]:
        raise SystemExit("the Rust engine is a debug build: its times mean nothing; run `make bench`")
    return info


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or "unknown CPU"
