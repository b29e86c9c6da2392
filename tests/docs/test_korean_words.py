"""One Korean word for one thing, in README, pages and the page of data quality: the table of CONTRIBUTING.md."""

from __future__ import annotations

import re

import pytest

from energy_data_layer.quality.labels import LABELS

from .pages import ROOT

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
WORDS = [
    row.groups()
    for row in re.finditer(r"^\| ([\w, ]+) \| ([가-힣·, ]+) \| ([가-힣, ]+) \|$", CONTRIBUTING, re.MULTILINE)
]
PAGES = ("README.ko.md", "docs/korean_migrating.md", "docs/korean_operations.md")
TEXTS = {
    **{name: (ROOT / name).read_text(encoding="utf-8") for name in PAGES},
    "labels.py": "\n".join(korean for _, korean in LABELS.values()),
}


@pytest.mark.parametrize(("english", "korean", "wrong"), WORDS)
def test_a_thing_has_its_korean_word(english, korean, wrong):
    words = korean.split(", ")
    assert any(word in text for word in words for text in TEXTS.values()), f"nobody says {korean} for {english}"
    right = re.compile("|".join(words))
    for name, text in TEXTS.items():
        found = [line for line in text.splitlines() if re.search(wrong.replace(", ", "|"), right.sub("", line))]
        assert not found, f"{name} has another word than {korean} for {english}: {found}"


def test_the_words_are_there():
    assert len(WORDS) == CONTRIBUTING.partition("| English | Korean | not |\n")[2].partition("\n\n")[0].count("\n")
