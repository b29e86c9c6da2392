"""Every example in the documents and docstrings runs and prints what it says."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module
from pathlib import Path

import pytest

import energy_data_layer

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
MODULES = [module.name for module in pkgutil.walk_packages(energy_data_layer.__path__, "energy_data_layer.")]


def needs_rust(page: Path) -> bool:
    return "rust_data_layer" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(
            page, marks=pytest.mark.needs_rust if needs_rust(page) else (), id=page.relative_to(ROOT).as_posix()
        )
        for page in PAGES
    ],
)
def test_pages(page, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert doctest.testfile(str(page), module_relative=False, encoding="utf-8").failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert doctest.testmod(import_module(name)).failed == 0


def test_the_examples_are_found():
    examples = sum(len(test.examples) for name in MODULES for test in doctest.DocTestFinder().find(import_module(name)))
    assert examples >= 20
    assert len(PAGES) >= 4
