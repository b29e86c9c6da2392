"""Run ``edl`` with every logger of the process at its most talkative, on standard error and in a file."""

from __future__ import annotations

import logging
import sys

from energy_data_layer.cli import app as commands


def main() -> None:
    """Take the log's file, then the arguments of ``edl``."""
    log, *arguments = sys.argv[1:]
    logging.basicConfig(level=logging.DEBUG, handlers=[logging.StreamHandler(), logging.FileHandler(log)])
    # The command line would set a level of its own, which lets less through.
    commands.log_to_standard_error = lambda: None
    commands.app(arguments)


if __name__ == "__main__":
    main()
