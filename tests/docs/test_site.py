"""The site shows every public name."""

from __future__ import annotations

import re
from pathlib import Path

import energy_data_layer

API = Path(__file__).parents[2] / "docs" / "api.md"


def test_the_python_reference_has_every_public_name():
    shown = re.findall(r"^\.\. auto\w+:: (\w+)$", API.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted([*shown, "__version__"]) == energy_data_layer.__all__
