"""The commands of ``edl`` put together, with its exit codes."""

from __future__ import annotations

import logging
import sys
from importlib import import_module
from typing import Annotated, Any, Literal, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from energy_data_layer import settings
from energy_data_layer._version import __version__
from energy_data_layer.cli.console import JOB_FAILED, LogFormat, log_to_standard_error, say, warnings_as_lines
from energy_data_layer.cli.ending import NOT_TOLD, interruption
from energy_data_layer.cli.options import OPTIONS, ManyValuesCommand, in_options, light
from energy_data_layer.core import logs
from energy_data_layer.core.interruption import Interrupted, files_written, rows_stored, what_stays
from energy_data_layer.errors import DataLayerError, OptionError, ReportError
from energy_data_layer.settings import DATABASE_URL
from energy_data_layer.storage.urls import redacted_url

logger = logging.getLogger(__name__)

WRONG_USAGE = 2

COULD_NOT_LOOK = 4
"""The exit code where a command that tells by its exit code what it found could not look."""

PASSWORD_SHOWN = f"{__name__}.password_shown"

RUN = "run"


class Command(NamedTuple):
    """What is known of a command before its module is imported; its function has its name."""

    name: str
    help: str
    arguments: str = ""
    group: str = ""
    module: str = ""
    finds: bool = False
    """Whether exit code 1 says that it found something."""

    @property
    def example(self) -> str:
        """A call of the command."""
        return " ".join(filter(None, ("edl", self.group, self.name, self.arguments)))


_DB = "--db duckdb:///energy.duckdb"
_COMMANDS = (
    Command("demo", "Make data, run all jobs on it, compare the engines."),
    Command(
        "weather",
        "Collect or read observations, impute and store them.",
        f"--files 'demo/asos_hourly/*.csv' {_DB}",
        RUN,
    ),
    Command(
        "generation",
        "Read published files of generation, store their hours.",
        f"--files 'demo/generation/*.csv' {_DB}",
        RUN,
    ),
    Command("wind", "Collect a month of KOEN's wind farms and store it.", f"--month 2024-01 {_DB}", RUN),
    Command(
        "solar",
        "Collect the missing days of KOSPO's solar plants.",
        f"--since 2024-01-01 --until 2024-01-31 {_DB}",
        RUN,
    ),
    Command("layouts", "List the layouts of generation files, explain a file.", "explain 'demo/generation/*.csv'"),
    Command("check", "Check that all is up to date; for cron and monitoring.", f"--max-age 36h {_DB}", finds=True),
    Command("status", "Show what is stored, which days have holes, the last runs.", _DB),
    Command("report", "Write the data-quality page.", f"{_DB} --language ko"),
    Command(
        "export",
        "Write a table or view to a file: Parquet, CSV, Arrow.",
        f"weather -o weather.parquet {_DB}",
        finds=True,
    ),
    Command("doctor", "Check the whole installation.", _DB, finds=True),
    Command("config", "Show the settings in force and where they come from."),
    Command("migrate", "Bring the tables of a database to this release.", _DB),
    Command("drift", "List what changed in the sources.", _DB, finds=True),
    Command("reprocess", "Compute stored values again, replace those that differ.", f"--since 2024-01-01 {_DB}"),
    Command("fit", "Fit a model of the gaps in the stored weather.", _DB),
    Command(
        "impute",
        "Fill the missing values of a table in a file.",
        "hours.csv -o filled.parquet --columns ta hm --provenance",
    ),
    Command(
        "score",
        "Hide values of a table in a file, and say which method fills them best.",
        "year.csv --columns ta hm --picture errors.png",
    ),
    Command(
        "simulate",
        "Simulate the three public services on this machine.",
        "--port 8000 --faults server_error=0.1,drop=0.05",
    ),
    Command("shadow-report", "Sum up what shadow mode has seen.", _DB, module="shadow", finds=True),
    Command(
        "shadow-replay",
        "Run both engines again on a case that shadow mode kept.",
        "edl-shadow/case",
        module="shadow",
        finds=True,
    ),
)
COMMANDS = {command.name: command for command in _COMMANDS}
"""The commands in the order of their use."""

MARKUP: Literal["rich"] | None = "rich" if sys.stdout.isatty() else None
"""Rich draws the help on a terminal alone: importing it takes longer than everything else of ``edl --help``."""

AS_IT_IS = "" if MARKUP else "\b\n"
"""What keeps a paragraph of plain help from being wrapped."""


class LazyCommand(TyperCommand):
    """Stands for a command in help and completion; its module is imported when it is called."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Parse the arguments by the command itself."""
        name = self.name or ""
        command = COMMANDS[name]
        module = import_module(f"energy_data_layer.cli.{command.module or name}")
        alone = typer.Typer(add_completion=False, rich_markup_mode=MARKUP)
        alone.command(name, cls=ManyValuesCommand, epilog=f"{AS_IT_IS}Example: {command.example}")(
            getattr(module, name.replace("-", "_"))
        )
        return typer.main.get_command(alone).make_context(info_name, args, parent, **extra)


class Group(TyperGroup):
    """A group of commands whose help names no type of flags."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options."""
        return light(super().get_params(ctx))


def exit_code(error: Exception, command: str | None) -> int:
    """Return the exit code for an error of a command."""
    if isinstance(error, ReportError):
        return NOT_TOLD
    if isinstance(error, OptionError):
        return WRONG_USAGE
    return COULD_NOT_LOOK if command in COMMANDS and COMMANDS[command].finds else JOB_FAILED


class ErrorsAsMessages(Group):
    """Shows what is wrong with data or environment as one message; a traceback only with ``--debug``."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of their use; Typer puts groups last."""
        names = super().list_commands(ctx)
        return sorted(names, key=list(dict.fromkeys(one.group or name for name, one in COMMANDS.items())).index)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; a password among them is noted, to be warned of once it is known how."""
        ctx.meta[PASSWORD_SHOWN] = any(redacted_url(argument) != argument for argument in args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an error of this package ends it with its exit code."""
        rows_stored.clear()
        files_written.clear()
        try:
            with warnings_as_lines(lambda message: in_options(message, ctx.meta.get(OPTIONS, {}))):
                return super().invoke(ctx)
        except Interrupted as interrupted:
            raise typer.Exit(interruption(interrupted)) from interrupted
        except DataLayerError as error:
            if ctx.params["_debug"]:
                raise
            stays = f"; {what_stays()}" if rows_stored else ""
            say(f"edl: {in_options(str(error), ctx.meta.get(OPTIONS, {}))}{stays}", logging.ERROR)
            raise typer.Exit(exit_code(error, ctx.invoked_subcommand)) from error
        except OSError as error:
            if ctx.params["_debug"]:
                raise
            place = "" if error.filename is None else f"{error.filename}: "
            say(f"edl: {place}{error.strerror or error}{f'; {what_stays()}' if rows_stored else ''}", logging.ERROR)
            raise typer.Exit(exit_code(error, ctx.invoked_subcommand)) from error
        except Exception as error:
            code = exit_code(error, ctx.invoked_subcommand)
            # Exit and Abort are how commands end. Python ends by a traceback with 1, and a traceback would be no JSON.
            if ctx.params["_debug"] or isinstance(error, typer.Exit | typer.Abort):
                raise
            if not logs.is_json() and (code == JOB_FAILED or hasattr(error, "format_message")):
                raise
            if hasattr(error, "format_message"):  # wrong usage; typer and click have classes of their own for it
                say(f"edl: {error.format_message()}", logging.ERROR)
                raise typer.Exit(WRONG_USAGE) from error
            logger.exception("edl: internal error")
            raise typer.Exit(code) from error


app = typer.Typer(
    cls=ErrorsAsMessages,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=MARKUP,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 all went well, 1 something failed (the message says what), 2 wrong usage, "
    "3 all went well but was not reported, 130 Ctrl-C, 143 SIGTERM. Of check, doctor, drift, shadow-report and "
    "shadow-replay: 1 something was found, 4 something failed; of export: 1 nothing was there to write.",
)
run = typer.Typer(cls=Group, no_args_is_help=True, help="Run a job: source, transforms, storage, report.")
app.add_typer(run, name=RUN)
for name, command in COMMANDS.items():
    (run if command.group else app).command(name, cls=LazyCommand, help=command.help)(lambda: None)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"edl {__version__}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    _debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    log_format: Annotated[
        LogFormat,
        typer.Option(
            help="How the log is written to standard error.", envvar=settings.LOG_FORMAT, case_sensitive=False
        ),
    ] = LogFormat.TEXT,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Hourly weather and power-generation data: read, complete, impute, store."""
    if log_format is LogFormat.JSON:
        logs.use_json()
    else:
        log_to_standard_error()
    if ctx.meta[PASSWORD_SHOWN]:
        say(
            "edl: a password on the command line can be read by every user of this machine; "
            f"set {DATABASE_URL}, or leave the password to a password file (PGPASSFILE)",
            logging.WARNING,
        )
