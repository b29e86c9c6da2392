"""What a page says of the published observations is what its commands find in them."""

from __future__ import annotations

import re
from ast import literal_eval

import pytest

from .checks import work_through
from .pages import ROOT


@pytest.mark.slow
def test_values_outside_the_physical_range(reader, real_data_folder):
    page = ROOT / "docs" / "transforms" / "impute.md"
    reader.environment["EDL_REAL_DATA"] = str(real_data_folder)
    work_through(page, reader)
    (said,) = re.findall(r"`outside` is `({.*})`", page.read_text(encoding="utf-8"))
    assert reader.names["outside"] == literal_eval(said)
