"""The site shows every public name."""

from __future__ import annotations

import re
from pathlib import Path

import energy_data_layer
from energy_data_layer import plots

API = Path(__file__).parents[2] / "docs" / "api.md"


def test_the_python_reference_has_every_public_name():
    reference = API.read_text(encoding="utf-8")
    shown = re.findall(r"^\.\. auto\w+:: (\w+)$", reference, re.MULTILINE)
    assert sorted([*shown, "__version__"]) == energy_data_layer.__all__
    assert sorted(re.findall(r":: energy_data_layer\.plots\.(\w+)$", reference, re.MULTILINE)) == plots.__all__
