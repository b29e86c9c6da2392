"""Every example in the docstrings runs and prints what it says."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module

import pytest

import energy_data_layer

MODULES = [module.name for module in pkgutil.walk_packages(energy_data_layer.__path__, "energy_data_layer.")]


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert doctest.testmod(import_module(name)).failed == 0


def test_the_examples_are_found():
    examples = sum(len(test.examples) for name in MODULES for test in doctest.DocTestFinder().find(import_module(name)))
    assert examples >= 20
