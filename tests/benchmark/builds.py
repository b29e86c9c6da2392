"""How long the Rust engine takes to build, and how large the wheels are: all in a temporary folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from rooms import ROOT

KERNEL_FILE = "crates/transforms/src/impute/gaps.rs"
BIN = Path(sys.executable).parent


def measure(folder: Path) -> dict[str, Any]:
    """Build a copy of the crates, so that neither the sources nor the installed engine change."""
    rust = folder / "rust"
    shutil.copytree(ROOT / "rust", rust, ignore=shutil.ignore_patterns("target", "*.so", "__pycache__"))
    wheels = folder / "wheels"
    release = [str(BIN / "maturin"), "build", "--release", "--locked", "--offline", "--quiet"]
    release += ["-m", str(rust / "crates" / "data_layer" / "Cargo.toml"), "--out", str(wheels)]
    check = ["cargo", "check", "--workspace", "--locked", "--offline", "--quiet"]
    times = {}
    for name, command in (("release", release), ("check", check)):
        times[name] = _times(command, rust)
        (rust / KERNEL_FILE).touch()
        times[f"{name}_after_a_change"] = _times(command, rust)
    (wheel,) = wheels.glob("rust_data_layer-*.whl")
    return {"times": times, "wheels": {"rust-data-layer": sizes(wheel), "energy-data-layer": facade(folder)}}


def facade(folder: Path) -> dict[str, float]:
    """Build the wheel of the Python package and return its sizes."""
    out = folder / "facade"
    command = [str(BIN / "uv"), "build", "--wheel", "--quiet", "--offline", "--no-build-isolation"]
    subprocess.run(
        [*command, "--python", sys.executable, "--out-dir", str(out), str(ROOT)], check=True, stdout=sys.stderr
    )
    (wheel,) = out.glob("energy_data_layer-*.whl")
    return sizes(wheel)


def sizes(wheel: Path) -> dict[str, float]:
    """Return the megabytes of a wheel, and of what it installs."""
    with ZipFile(wheel) as archive:
        installed = sum(member.file_size for member in archive.infolist())
    return {"wheel_mb": wheel.stat().st_size / 1e6, "installed_mb": installed / 1e6}


def _times(command: list[str], rust: Path) -> dict[str, float]:
    """Run a command on the copy, where it builds too, and return how long it and the processors took."""
    environment = os.environ | {"CARGO_TARGET_DIR": str(rust / "target"), "PYO3_PYTHON": sys.executable}
    before = os.times()
    subprocess.run(command, cwd=rust, env=environment, check=True, stdout=sys.stderr)
    after = os.times()
    processors = after.children_user + after.children_system - before.children_user - before.children_system
    return {"seconds": after.elapsed - before.elapsed, "cpu_seconds": processors}
