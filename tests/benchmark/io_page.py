"""Measure collecting and storing, and write what the commands print into docs/io.md, between their marks.

Without arguments both; ``io_page.py collecting`` measures one of them.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "io.md"
COMMANDS = ("collecting", "storage")


def main() -> None:
    """Run the commands one after the other and write the page."""
    for name in sys.argv[1:] or COMMANDS:
        print(f"measuring: {name}", flush=True)
        command = [sys.executable, str(HERE / f"{name}.py")]
        printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), name, printed), encoding="utf-8")


def filled(page: str, name: str, printed: str) -> str:
    """Return the page with the output of a command in its place."""
    place = re.compile(f"(<!-- begin: {name}.py -->\n).*?(<!-- end: {name}.py -->)", re.DOTALL)
    written, count = place.subn(lambda marks: f"{marks[1]}\n{printed.strip()}\n\n{marks[2]}", page)
    if count != 1:
        raise SystemExit(f"{PAGE} has {count} places for the output of {name}.py; there has to be one")
    return written


if __name__ == "__main__":
    main()
