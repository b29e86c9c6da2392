"""Installations of the package of their own: without the Rust engine, with another version, with a broken one."""

from __future__ import annotations

import shutil
import sysconfig
import venv
from importlib.util import find_spec
from pathlib import Path

from energy_data_layer import __version__

ELF_MACHINE, AARCH64 = 18, b"\xb7\x00"
MACH_O = b"\xcf\xfa\xed\xfe" + bytes(4096)

OTHER_VERSION = '\n__version__ = "0.0.9"\n'
ANOTHER_BUILD = "\nfrom rust_data_layer._native import not_there_yet\n"
RAISES = """

def impute_missing_values(*_, **__):
    raise LookupError("a table of the engine has a hole")

complete_hours = rows_from_api_payload = transform_wide_to_long = impute_missing_values
"""
PANICS = """

def impute_missing_values(*_, **__):
    # The third value lies behind the end of the dictionary, which Arrow does not check.
    import pyarrow as pa
    value = pa.DictionaryArray.from_arrays(pa.array([0, 0, 7], pa.int32()), pa.array(["1"]), safe=False)
    stamp = pa.array([0, 3600, 7200], pa.timestamp("s"))
    table = pa.table({"station": ["a"] * 3, "date": stamp, "value": value})
    return _native.impute_missing_values(table, columns=["value"], station_col="station", date_col="date")

complete_hours = rows_from_api_payload = transform_wide_to_long = impute_missing_values
"""
NONSENSE = """

def impute_missing_values(data, **options):
    import pyarrow as pa
    shorter = data.slice(1) if isinstance(data, pa.Table) else {name: column[1:] for name, column in data.items()}
    return _native.impute_missing_values(shorter, **options)

def complete_hours(data, **options):
    return _native.complete_hours(data.select(["station", "date"]), **options | {"carry": None})

def rows_from_api_payload(payloads, **options):
    return 42

def transform_wide_to_long(data, **options):
    import pyarrow as pa
    shorter = data.slice(1) if isinstance(data, pa.Table) else {name: column[1:] for name, column in data.items()}
    return _native.transform_wide_to_long(shorter, **options)
"""

RUNNING = {"it is as it should be": ""}
ABSENT = {"it is not installed": ""}
OTHER = {"it is of another version": OTHER_VERSION}
BROKEN = {
    "its binary is missing": "",
    "its binary is cut off": "",
    "its binary is of another system": "",
    "its binary is of another processor": "",
    "its binary is of another build": ANOTHER_BUILD,
    "its folder alone is left": "",
}
DEFECT = {"it raises": RAISES, "it panics": PANICS, "it answers with nonsense": NONSENSE}
STATES = RUNNING | ABSENT | OTHER | BROKEN | DEFECT
"""What can be the matter with the engine, with what its `__init__.py` then ends with."""


def install(folder: Path, state: str) -> Path:
    """Make a virtual environment with all that is installed here, but for the engine, and return its Python."""
    venv.create(folder, symlinks=True)
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder)}))
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith("rust_data_layer"):
            (packages / entry.name).symlink_to(entry)
    if state in BROKEN and state.startswith("its folder"):
        (packages / "rust_data_layer" / "__pycache__").mkdir(parents=True)
    elif state not in ABSENT:
        _install_engine(packages, state)
    return folder / "bin" / "python"


def _install_engine(packages: Path, state: str) -> None:
    """Install the engine as a wheel would, then do to it what the state says."""
    spec = find_spec("rust_data_layer")
    assert spec is not None
    assert spec.origin is not None
    package = packages / "rust_data_layer"
    shutil.copytree(Path(spec.origin).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (binary,) = package.glob("_native*.so")
    if STATES[state]:
        with (package / "__init__.py").open("a", encoding="utf-8") as file:
            file.write("\nfrom rust_data_layer import _native\n" + STATES[state])
    whole = binary.read_bytes()
    if state == "its binary is of another system":
        binary.write_bytes(MACH_O)
    if state == "its binary is of another processor":
        binary.write_bytes(whole[:ELF_MACHINE] + AARCH64 + whole[ELF_MACHINE + 2 :])
    about = packages / f"rust_data_layer-{__version__}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: rust-data-layer\nVersion: {__version__}\n")
    files = sorted(package.iterdir())
    (about / "RECORD").write_text("".join(f"rust_data_layer/{file.name},,{file.stat().st_size}\n" for file in files))
    if state == "its binary is missing":
        binary.unlink()
    if state == "its binary is cut off":
        binary.write_bytes(whole[: len(whole) // 3])
