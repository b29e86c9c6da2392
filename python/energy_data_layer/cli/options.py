"""Options that several commands share, and options that take several values."""

from __future__ import annotations

import re
import shlex
from dataclasses import Field, fields
from enum import StrEnum
from functools import partial, wraps
from inspect import Parameter, Signature, signature
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from energy_data_layer import settings
from energy_data_layer.errors import OptionError
from energy_data_layer.storage.urls import redacted_url

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from energy_data_layer.core.coercion import MissingValues as NamedMissing


OPTIONS = f"{__name__}.options"
"""Where a context keeps the options of its command, by the parameters that they set."""

ARGUMENTS = f"{__name__}.arguments"
"""Where a context keeps the arguments of its command as they were typed."""

_PARAMETER = re.compile(
    r'(\b(?:after|and|in|or|pass|with) (?!pass )|^)(\w+)(?:="([\w.,=-]+)"|=\[([^\]]*)\]|=\{([^}]*)\})?(?=[ ,;]|$)'
)
"""Where a message names a parameter: at its beginning, in advice, and together with another one."""

_OF_COLUMN = re.compile(r'"(\w+)": \[([^\]]*)\]')


class Engine(StrEnum):
    """The engines to choose from."""

    AUTO = "auto"
    RUST = "rust"
    REFERENCE = "reference"

    @property
    def use_rust(self) -> bool | None:
        """What the transforms understand."""
        return {Engine.AUTO: None, Engine.RUST: True, Engine.REFERENCE: False}[self]


DATABASE = typer.Option(
    help="The database, duckdb:///energy.duckdb or postgresql://user@host/database.", envvar=settings.DATABASE_URL
)
Database = Annotated[str, DATABASE]
ReportFile = Annotated[
    Path | None, typer.Option(help="Where the report goes (JSON); by default beside the database file.")
]
MaxAge = Annotated[
    list[str],
    typer.Option(
        help="How old the newest hours may be: 36h for all that comes from services, wind_namdong=45d for a table.",
        envvar=settings.MAX_AGE,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
EngineChoice = Annotated[Engine, typer.Option(help="auto follows the environment variable USE_RUST.")]


def job_command(
    *groups: type, names: Collection[str] = (), needs_database: bool = True
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options that all jobs have, and those of some dataclasses; it gets them as keywords.

    A field has an option where its metadata has the type and the help of one; with `names` only those have. Without
    `needs_database` the command itself tells that there is none, together with all else that is missing.
    """
    chosen = [one for group in groups for one in fields(group) if one.metadata and (not names or one.name in names)]
    lists = [one.name for one in chosen if isinstance(one.default, tuple)]

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def call(*, engine: Engine, **given: Any) -> None:
            split = {name: tuple(split_at_commas(given[name])) for name in lists}
            command(**(given | split), use_rust=engine.use_rust)

        own = [one for one in signature(command, eval_str=True).parameters.values() if one.kind is not one.VAR_KEYWORD]
        options = [
            _option(
                "db", *((Database, Parameter.empty) if needs_database else (Annotated[str | None, DATABASE], None))
            ),
            *(one.replace(kind=Parameter.KEYWORD_ONLY) for one in own),
            _option("report", ReportFile, None),
            _option("json", AsJson, False),
            _option("engine", EngineChoice, Engine.AUTO),
            *map(_option_of, chosen),
        ]
        call.__signature__ = Signature(options)  # type: ignore[attr-defined]
        call.__annotations__ = {one.name: one.annotation for one in options}
        return call

    return decorated


def _option(name: str, annotation: Any, default: Any) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _option_of(field: Field[Any]) -> Parameter:
    kind, text = field.metadata["kind"], field.metadata["help"]
    default = list(field.default) if isinstance(field.default, tuple) else field.default
    return _option(field.name, Annotated[kind, typer.Option(f"--{field.name.replace('_', '-')}", help=text)], default)


def command_to_type(command: str, arguments: Sequence[str], added: Sequence[str]) -> str:
    """Return in words the command that was typed, with what it lacks."""
    return f"the command could be: {shlex.join(['edl', *command.split(), *map(redacted_url, arguments), *added])}"


def without_option(arguments: Sequence[str], option: str, *, is_list: bool) -> list[str]:
    """Return the arguments without an option and what it was given.

    Examples
    --------
    >>> without_option(["a.csv", "--columns", "ta", "hm", "-o", "b.csv"], "--columns", is_list=True)
    ['a.csv', '-o', 'b.csv']
    >>> without_option(["--date-col=day", "--date-col", "hour", "a.csv"], "--date-col", is_list=False)
    ['a.csv']
    """
    kept: list[str] = []
    left = 0  # values that are the option's still
    for argument in arguments:
        if argument == option or argument.startswith(f"{option}="):
            left = 0 if "=" in argument else len(arguments) if is_list else 1
        elif left and not _is_option(argument):
            left -= 1
        else:
            left = 0
            kept.append(argument)
    return kept


DateColumn = Annotated[
    str, typer.Option(help="The column of the time stamps, or those of year,month,day,hour, separated by commas.")
]
Reread = Annotated[bool, typer.Option("--reread", help="Read files that are stored already, and unchanged, again.")]
MissingValues = Annotated[
    list[str] | None,
    typer.Option(
        help="What stands for a missing value: -999 NA in all columns, or ws=-9,-99 in one. Nothing does, all was "
        "measured: '' in all columns, ws= in one.",
        show_default=False,
    ),
]


class ManyValuesCommand(TyperCommand):
    """A command whose options for lists take all values up to the next option: ``--columns ta hm``."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options."""
        return light(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments with every value under its own option."""
        lists = {option for param in self.params if getattr(param, "multiple", False) for option in param.opts}
        ctx.meta[ARGUMENTS] = list(args)
        ctx.meta[OPTIONS] = {param.name: param.opts[0] for param in self.params}
        return super().parse_args(ctx, one_value_each(args, lists))


def in_options(message: str, options: Mapping[str, str]) -> str:
    """Return an error's message with the parameters that it names as the options of a command.

    Examples
    --------
    >>> in_options('pass energy_unit="kWh", or a layout', {"energy_unit": "--energy-unit"})
    'pass --energy-unit kWh, or a layout'
    >>> in_options("pass missing_values=[-9, -99], or missing_values=[]", {"missing_values": "--missing-values"})
    "pass --missing-values -9 -99, or --missing-values ''"
    >>> in_options('pass missing_values={"hm": [-9, -99], "ws": []}', {"missing_values": "--missing-values"})
    'pass --missing-values hm=-9,-99 ws='
    >>> in_options("since (2024-02-01) is after until (2024-01-01)", {"since": "--since", "until": "--until"})
    '--since (2024-02-01) is after --until (2024-01-01)'
    """

    def named(match: re.Match[str]) -> str:
        before, name, value, values, by_column = match.groups()
        if name not in options:
            return match[0]
        if values is not None:
            value = values.replace(",", "").replace('"', "") or "''"
        if by_column is not None:
            pairs = _OF_COLUMN.findall(by_column)
            value = " ".join(f"{column}={markers.replace(' ', '')}" for column, markers in pairs)
        return f"{before}{options[name]}{f' {value}' if value else ''}"

    return _PARAMETER.sub(named, message)


def light(params: list[Any]) -> list[Any]:
    """Return parameters whose flags name no type in the help, and that take what needs no conversion as it is.

    Typer converts by pydantic, whose import takes longer than a small command.
    """
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
        if hasattr(param, "type_descriptor"):  # as Typer has it since it converts by pydantic
            param.process_value = partial(_processed, param)
    return params


def _processed(param: Any, ctx: Any, value: Any) -> Any:
    kind = param.type_descriptor.annotation
    if kind == list[str] and isinstance(value, list | tuple) and (value or not param.required):
        value = list(value)
    elif (value is not None or param.required) and not (isinstance(kind, type) and isinstance(value, kind)):
        return type(param).process_value(param, ctx, value)
    return value if param.callback is None else param.callback(ctx, param, value)


def one_value_each(arguments: Sequence[str], lists: Collection[str]) -> list[str]:
    """Repeat an option of `lists` before each of its values.

    Raises
    ------
    typer.BadParameter
        If such an option has no value.

    Examples
    --------
    >>> one_value_each(["--columns", "ta", "hm", "--json"], {"--columns"})
    ['--columns', 'ta', '--columns', 'hm', '--json']
    >>> one_value_each(["--missing-values", "-9", "NA"], {"--missing-values"})
    ['--missing-values', '-9', '--missing-values', 'NA']
    """
    spread: list[str] = []
    option: str | None = None
    for argument, following in zip_longest(arguments, arguments[1:], fillvalue="--"):
        if argument in lists:
            if _is_option(following):
                raise typer.BadParameter(f"{argument} needs at least one value")
            option = argument
            continue
        if _is_option(argument):
            option = None
        elif option is not None:
            spread.append(option)
        spread.append(argument)
    return spread


def _is_option(argument: str) -> bool:
    return argument.startswith("-") and not re.match(r"-($|[\d.])", argument)


def date_column(text: str) -> str | list[str]:
    """Return the column of the stamps, or those of their parts, which are separated by commas."""
    parts = split_at_commas([text])
    return text if len(parts) < 2 else parts


def split_at_commas(values: Iterable[str]) -> list[str]:
    """Return values that may be separated by commas as a list.

    Examples
    --------
    >>> split_at_commas(["ta,hm", "ws"])
    ['ta', 'hm', 'ws']
    """
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def missing_values_of(texts: Sequence[str] | None) -> NamedMissing | None:
    """Return what ``--missing-values`` names, as the jobs and transforms take it.

    Raises
    ------
    OptionError
        If it names some for all columns and some for one.

    Examples
    --------
    >>> missing_values_of(["-9", "NA,-99"]), missing_values_of([""])
    (['-9', 'NA', '-99'], [])
    >>> missing_values_of(["ws=-9,-99", "hm="])
    {'ws': ['-9', '-99'], 'hm': []}
    """
    if texts is None:
        return None
    by_column: dict[str, list[str]] = {}
    for text in texts:
        column = ""
        for part in text.split(","):
            named, equals, marker = part.rpartition("=")
            column = named.strip() if equals else column
            by_column.setdefault(column, []).extend(filter(None, [marker.strip()]))
    if "" not in by_column:
        return by_column
    of_all = by_column.pop("")
    if by_column:
        raise OptionError(
            f"--missing-values names {', '.join(of_all) or 'nothing'} for all columns and others for "
            f"{', '.join(by_column)}; name the columns of all, such as {next(iter(by_column))}={','.join(of_all)}"
        )
    return of_all


def station_numbers(values: Iterable[str]) -> list[int] | None:
    """Return station numbers, None where none are named.

    Raises
    ------
    OptionError
        If a value is no number.
    """
    texts = split_at_commas(values)
    wrong = [text for text in texts if not text.isdecimal()]
    if wrong:
        raise OptionError(f"--stations takes numbers, not {', '.join(wrong)}")
    return [int(text) for text in texts] or None
