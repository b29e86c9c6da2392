"""The committed fixtures are those that their script makes."""

from __future__ import annotations

import pytest

from energy_data_layer.engine.equality import assert_equal_answers

from .fixtures.make_fixtures import FIXTURES, FOLDER
from .snapshot_cases import read_fixture


@pytest.mark.parametrize("name", FIXTURES)
def test_a_fixture_is_what_its_script_makes(name):
    assert_equal_answers(FIXTURES[name](), read_fixture(name))


def test_every_fixture_has_its_function():
    assert {path.stem for path in FOLDER.glob("*.arrow")} == set(FIXTURES)
