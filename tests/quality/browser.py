"""A headless Chromium for the tests of the data-quality page."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("chromium", "chromium-browser", "google-chrome")
IS_REQUIRED = os.environ.get("EDL_TEST_REQUIRE_BROWSER") == "1"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, as the machine has it; where there is none, skip, or fail where one is required."""
    path = os.environ.get("EDL_TEST_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        problem = f"no browser was found ({', '.join(NAMES)}); EDL_TEST_CHROMIUM names its program"
        if IS_REQUIRED:
            pytest.fail(f"EDL_TEST_REQUIRE_BROWSER=1, but {problem}", pytrace=False)
        pytest.skip(problem)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()
