"""What is installed comes from registries, locked by hashes, under licences that allow its use."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", sorted(ROOT.glob("requirements/*.txt")), ids=lambda path: path.name)
def test_requirements_are_locked_with_hashes(path):
    joined = path.read_text().replace("\\\n", " ")
    requirements = [line for line in joined.splitlines() if line and not line.lstrip().startswith("#")]
    assert requirements
    for requirement in requirements:
        assert re.match(r"[\w.\[\]-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", requirement), requirement


@pytest.mark.parametrize("path", [ROOT / "rust" / "Cargo.lock"], ids=lambda path: path.name)
def test_crates_come_from_the_registry_with_checksums(path):
    crates = tomllib.loads(path.read_text())["package"]
    own = {crate["name"] for crate in crates if "source" not in crate}
    assert own == {"data_layer", "station-hours"}
    assert len({crate["source"] for crate in crates if "source" in crate}) == 1
    for crate in crates:
        if crate["name"] not in own:
            assert crate["source"].startswith("registry+https://"), crate["name"]
            assert re.fullmatch("[0-9a-f]{64}", crate["checksum"]), crate["name"]
