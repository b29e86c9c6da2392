"""Measure collecting and storing, and write what the commands print into docs/io.md, between their marks.

Without arguments both; ``io_page.py collecting`` measures one of them.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from marked_sections import filled

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "io.md"
COMMANDS = ("collecting", "storage")


def main() -> None:
    """Run the commands one after the other and write the page."""
    for name in sys.argv[1:] or COMMANDS:
        print(f"measuring: {name}", flush=True)
        command = [sys.executable, str(HERE / f"{name}.py")]
        printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), f"{name}.py", printed), encoding="utf-8")


if __name__ == "__main__":
    main()
