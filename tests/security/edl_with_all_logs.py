"""Run ``edl`` with every logger of the process at its most talkative, on standard error and in a file."""

from __future__ import annotations

import logging
import sys

from energy_data_layer.cli.app import app


def main() -> None:
    """Take the log's file, then the arguments of ``edl``."""
    log, *arguments = sys.argv[1:]
    logging.basicConfig(level=logging.DEBUG, handlers=[logging.StreamHandler(), logging.FileHandler(log)])
    for name in ("httpx", "httpcore", "stamina", "asyncio", "energy_data_layer"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    app(arguments)


if __name__ == "__main__":
    main()
