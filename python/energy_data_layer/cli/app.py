"""The commands of ``edl`` put together, with its exit codes."""

from __future__ import annotations

import logging
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from energy_data_layer import logs, settings
from energy_data_layer._version import __version__
from energy_data_layer.cli import (
    demo,
    doctor,
    drift,
    generation,
    impute,
    report,
    reprocess,
    shadow,
    simulate,
    solar,
    status,
    weather,
    wind,
)
from energy_data_layer.cli.console import LogFormat, log_to_standard_error, say
from energy_data_layer.cli.options import ManyValuesCommand
from energy_data_layer.cli.run import JOB_FAILED
from energy_data_layer.errors import DataLayerError, OptionError
from energy_data_layer.settings import DATABASE_URL
from energy_data_layer.storage.database import redacted_url

logger = logging.getLogger(__name__)

WRONG_USAGE = 2

PASSWORD_SHOWN = f"{__name__}.password_shown"


class ErrorsAsMessages(TyperGroup):
    """Shows what is wrong with data or surroundings as one message; a traceback only with ``--debug``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; a password among them is noted, to be warned of once it is known how."""
        ctx.meta[PASSWORD_SHOWN] = any(redacted_url(argument) != argument for argument in args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an error of this package ends it with its exit code."""
        try:
            return super().invoke(ctx)
        except DataLayerError as error:
            if ctx.params["_debug"]:
                raise
            say(f"edl: {error}", logging.ERROR)
            raise typer.Exit(WRONG_USAGE if isinstance(error, OptionError) else JOB_FAILED) from error
        except Exception as error:
            # A traceback would be no JSON. Exit and Abort are how commands end.
            if ctx.params["_debug"] or not logs.is_json() or isinstance(error, typer.Exit | typer.Abort):
                raise
            if hasattr(error, "format_message"):  # wrong usage; typer and click have classes of their own for it
                say(f"edl: {error.format_message()}", logging.ERROR)
                raise typer.Exit(WRONG_USAGE) from error
            logger.exception("edl: a defect ended the command")
            raise typer.Exit(JOB_FAILED) from error


app = typer.Typer(
    cls=ErrorsAsMessages,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 all went well, 1 something failed (the message says what), 2 wrong usage.",
)
run = typer.Typer(no_args_is_help=True, help="Run a job: source, transforms, storage, report.")
app.add_typer(run, name="run")
run.command("weather", cls=ManyValuesCommand)(weather.weather)
run.command("generation", cls=ManyValuesCommand)(generation.generation)
run.command("wind")(wind.wind)
run.command("solar", cls=ManyValuesCommand)(solar.solar)
app.command("status")(status.status)
app.command("reprocess", cls=ManyValuesCommand)(reprocess.reprocess)
app.command("drift")(drift.drift)
app.command("report", cls=ManyValuesCommand)(report.report)
app.command("shadow-report")(shadow.shadow_report)
app.command("shadow-replay")(shadow.shadow_replay)
app.command("simulate")(simulate.simulate)
app.command("impute", cls=ManyValuesCommand)(impute.impute)
app.command("doctor")(doctor.doctor)
app.command("demo")(demo.demo)


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
