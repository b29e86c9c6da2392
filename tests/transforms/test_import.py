"""What importing the package costs and gives."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from importlib.resources import files

import pytest

import energy_data_layer

HEAVY = [
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "scipy",
    "rust_data_layer",
    "duckdb",
    "matplotlib",
    "typer",
    "rich",
    "httpx",
    "stamina",
    "pydantic",
]

EITHER_WAY = pytest.mark.usefixtures("engine")
"""Whether the Rust engine is installed or not."""


def run(code: str) -> str:
    """Run code in a fresh Python and return what it prints."""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return result.stdout.strip()


def modules_after(code: str) -> set[str]:
    return set(run(f"import sys; {code}; print(' '.join(sys.modules))").split())


@EITHER_WAY
def test_light_names_load_nothing_heavy():
    names = "DataLayerError, EngineUnavailable, Provenance, ImputationReport, ApiError, PayloadError, PayloadReport"
    assert modules_after(f"from energy_data_layer import {names}") & set(HEAVY) == set()


@EITHER_WAY
def test_a_transform_on_the_reference_does_not_load_polars():
    code = (
        "import pandas as pd; from energy_data_layer import impute_missing_values; "
        "df = pd.DataFrame({'stnNm': 'a', 'tm': pd.date_range('2024', periods=3), 'ta': [1.0, None, 3.0]}); "
        "impute_missing_values(df, ['ta'], use_rust=False)"
    )
    assert modules_after(code) & {"polars", "duckdb", "matplotlib", "rust_data_layer"} == set()


@pytest.mark.needs_rust
def test_a_transform_on_rust_does_not_load_scipy():
    code = (
        "import pyarrow as pa; from energy_data_layer import impute_missing_values; "
        "table = pa.table({'stnNm': ['a'] * 3, 'tm': ['202401010000', '202401010100', '202401010200'], "
        "'ta': [1.0, None, 3.0]}); "
        "impute_missing_values(table, ['ta'], use_rust=True)"
    )
    assert modules_after(code) & {"scipy", "polars", "duckdb"} == set()


@pytest.mark.parametrize("name", energy_data_layer.__all__)
def test_every_public_name_resolves(name):
    assert getattr(energy_data_layer, name) is not None
    assert name in dir(energy_data_layer)


def test_star_import_gives_the_public_names():
    names = run("from energy_data_layer import *; print(*sorted(n for n in globals() if not n.startswith('__')))")
    assert names.split() == sorted(name for name in energy_data_layer.__all__ if not name.startswith("__"))


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'energy_data_layer' has no attribute 'nope'"):
        energy_data_layer.nope  # noqa: B018


def test_what_may_be_caught_is_in_one_place():
    assert issubclass(energy_data_layer.EngineUnavailable, energy_data_layer.DataLayerError)


def test_the_version_is_that_of_the_distribution():
    assert energy_data_layer.__version__ == version("energy-data-layer")


@pytest.mark.needs_rust
def test_both_distributions_are_of_one_version():
    import rust_data_layer

    assert rust_data_layer.__version__ == version("rust-data-layer") == energy_data_layer.__version__


@pytest.mark.parametrize(
    "package", ["energy_data_layer", pytest.param("rust_data_layer", marks=pytest.mark.needs_rust)]
)
def test_the_package_says_that_it_is_typed(package):
    assert (files(package) / "py.typed").is_file()


@pytest.mark.needs_rust
def test_importing_the_engine_does_not_warn():
    """A debug build would."""
    assert run("import rust_data_layer; print(rust_data_layer.build_info()['debug'])") == "False"


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("logs", "core.logs", "use_json"),
        ("report.quality.page", "quality.page", "write_quality_page"),
        ("report.quality.facts", "quality.facts", "quality_facts"),
        ("jobs.distributions", "jobs.drift.distributions", "judge"),
    ],
)
def test_what_the_documentation_of_0_1_imported_is_found_with_a_warning(old, new, name):
    told = run(
        "import warnings; warnings.simplefilter('always'); caught = warnings.catch_warnings(record=True).__enter__(); "
        f"from energy_data_layer.{old} import {name} as a; from energy_data_layer.{new} import {name} as b; "
        "print(a is b, caught[-1].category.__name__, caught[-1].message)"
    )
    assert told == f"True DeprecationWarning energy_data_layer.{old} is now energy_data_layer.{new}"


def test_other_modules_are_not_found():
    with pytest.raises(ModuleNotFoundError, match=r"energy_data_layer\.sources"):
        import_module("energy_data_layer.sources.asos")
