"""Places in a page that a command fills: between ``<!-- begin: NAME -->`` and ``<!-- end: NAME -->``."""

from __future__ import annotations

import re


def filled(page: str, name: str, printed: str) -> str:
    """Return the page with `printed` in the one place called `name`."""
    place = re.compile(f"(<!-- begin: {re.escape(name)} -->\n).*?(<!-- end: {re.escape(name)} -->)", re.DOTALL)
    written, count = place.subn(lambda marks: f"{marks[1]}\n{printed.strip()}\n\n{marks[2]}", page)
    if count != 1:
        raise SystemExit(f"the page has {count} places for {name}; there has to be one")
    return written
