"""The list of defects is up to date: the text that each replaces is there, and so are the tests that find it."""

from __future__ import annotations

import pytest

from .seed import ROOT, applied, defects, is_there

DEFECTS = defects()


def test_each_has_a_name_of_its_own():
    assert len({defect.id for defect in DEFECTS}) == len(DEFECTS)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.id)
def test_it_can_be_seeded_and_what_finds_it_is_there(defect):
    assert applied(defect, ROOT) != (ROOT / defect.file).read_text(encoding="utf-8")
    assert all(is_there(test, ROOT) for test in defect.tests)
