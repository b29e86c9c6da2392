"""The command line ``edl``; needs the extra ``cli``."""

from __future__ import annotations

import sys

CLI_LIBRARIES = {"typer", "rich"}


def main() -> None:
    """Run the command line; the entry point of ``edl``."""
    from energy_data_layer.cli.ending import run

    run(_edl)


def _edl() -> None:
    try:
        import rich  # noqa: F401 - the tables need it, and are drawn too late to say so

        from energy_data_layer.cli.app import app
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in CLI_LIBRARIES:
            raise
        sys.stderr.write('edl: the command line needs more packages: pip install "energy-data-layer[cli]"\n')
        sys.exit(2)
    from energy_data_layer.cli.console import say
    from energy_data_layer.errors import OptionError
    from energy_data_layer.settings.files import load_files

    try:
        # Before options are read, whose defaults they are.
        load_files()
    except OptionError as error:
        say(f"edl: {error}")
        sys.exit(2)
    app()
