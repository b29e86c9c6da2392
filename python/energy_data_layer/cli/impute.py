"""``edl impute``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from energy_data_layer.cli.console import row_progress, say, show_fills
from energy_data_layer.cli.options import (
    ARGUMENTS,
    DateColumn,
    Engine,
    EngineChoice,
    MissingValues,
    date_column,
    missing_values_of,
    split_at_commas,
)
from energy_data_layer.errors import OptionError

if TYPE_CHECKING:
    from energy_data_layer.transforms.impute.report import ImputationReport
    from energy_data_layer.transforms.impute.rule import Bounds


class MethodChoice(StrEnum):
    """The methods to choose from."""

    SPLINE_CLIMATOLOGY = "spline_climatology"
    LINEAR = "linear"
    OPTIMAL_INTERPOLATION = "optimal_interpolation"


class CoercedChoice(StrEnum):
    """What to do with texts that are no number."""

    WARN = "warn"
    RAISE = "raise"
    MISSING = "missing"


def impute(
    ctx: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="IN",
            help="A table: .csv, .parquet, .arrow, .feather; or a folder of Parquet files, a pattern such as "
            "'store/**/*.parquet', or a URL of either, whose result is a folder. Give it first.",
        ),
    ],
    output: Annotated[str, typer.Option("--output", "-o", metavar="OUT", help="Where the result goes, by its ending.")],
    columns: Annotated[list[str], typer.Option(help="The columns to fill.")] = ["ta", "hm"],  # noqa: B006
    station_col: Annotated[str, typer.Option(help="The column of the stations.")] = "stnNm",
    date_col: DateColumn = "tm",
    method: Annotated[
        MethodChoice, typer.Option(help="How gaps are filled; optimal_interpolation is the most accurate.")
    ] = MethodChoice.SPLINE_CLIMATOLOGY,
    max_spline_gap: Annotated[
        int, typer.Option(help="spline_climatology: the longest gap, in rows, for a spline.")
    ] = 3,
    max_gap: Annotated[
        int | None, typer.Option(help="Leave longer gaps, in rows, missing.", show_default=False)
    ] = None,
    bounds: Annotated[
        list[str],
        typer.Option(
            help="The possible values of columns, such as hm=0:100 ws=0:. By default optimal_interpolation has those "
            "of the ASOS fields."
        ),
    ] = [],  # noqa: B006
    missing_values: MissingValues = None,
    coerced: Annotated[
        CoercedChoice, typer.Option(help="What to do with texts that are no number.")
    ] = CoercedChoice.WARN,
    interval: Annotated[
        float | None,
        typer.Option(help="Add columns that enclose the true value with this probability.", show_default=False),
    ] = None,
    complete: Annotated[
        bool, typer.Option("--complete-hours", help="Insert the hours that are absent altogether.")
    ] = False,
    carry: Annotated[
        list[str],
        typer.Option(help="Columns that describe the station and that inserted hours take over."),
    ] = [],  # noqa: B006
    provenance: Annotated[
        bool,
        typer.Option("--provenance", help="Add a column per filled column that records how each value was obtained."),
    ] = False,
    memory: Annotated[
        str, typer.Option(help="A folder: the memory to do with; more rows are filled part by part.")
    ] = "1GB",
    engine: EngineChoice = Engine.AUTO,
    force: Annotated[bool, typer.Option("--force", help="Replace the output if it exists.")] = False,
) -> None:
    """Fill the missing values of a table in a file and write the result to another file."""
    from energy_data_layer.cli.table_files import (
        is_many_files,
        read_table,
        require_columns,
        require_known_ending,
        write_table,
    )

    if is_many_files(source):
        for option, is_given in (("--complete-hours", complete), ("--carry", carry), ("--force", force)):
            if is_given:
                raise OptionError(f"{option} is for a single file; {source} is more than one")
        _impute_folder(
            source,
            output,
            split_at_commas(columns),
            date_col,
            station_col,
            memory=memory,
            method=method.value,
            max_spline_gap=max_spline_gap,
            max_gap=max_gap,
            bounds=dict(map(_bounds_of, split_at_commas(bounds))) or None,
            missing_values=missing_values_of(missing_values),
            interval=interval,
            provenance=provenance,
            use_rust=engine.use_rust,
        )
        return
    from energy_data_layer.core.provenance import provenance_column
    from energy_data_layer.transforms.impute.api import impute_missing_values
    from energy_data_layer.transforms.impute.derived import derived_columns, impute_with_derived
    from energy_data_layer.transforms.impute.quantities import bounds_of

    destination = Path(output)
    require_known_ending(destination)
    if destination.exists() and not force:
        raise OptionError(f"{output} exists already; --force replaces it")
    names = split_at_commas(columns)
    stamps = date_column(date_col)
    by_neighbours = method is MethodChoice.OPTIMAL_INTERPOLATION
    given = dict(map(_bounds_of, split_at_commas(bounds)))
    if not given and by_neighbours:
        given = bounds_of(names, stamps, station_col)
    table = read_table(Path(source))
    require_columns(table, source, stamps, station_col, names, command="impute", arguments=ctx.meta[ARGUMENTS])
    if complete:
        from energy_data_layer.transforms.complete_hours.api import complete_hours

        table = complete_hours(table, stamps, station_col, carry=split_at_commas(carry), use_rust=engine.use_rust)
    keys = (stamps, station_col)
    options: dict[str, Any] = {
        "method": method.value,
        "max_spline_gap": max_spline_gap,
        "max_gap": max_gap,
        "bounds": given,
        "missing_values": missing_values_of(missing_values),
        "coerced": coerced.value,
        "interval": interval,
        "use_rust": engine.use_rust,
    }
    if by_neighbours:
        derived = derived_columns(names, *keys, [table])
        filled, report = impute_with_derived(table, names, *keys, derived, history=None, **options)
        if not provenance:
            filled = filled.drop_columns([provenance_column(name) for name in names])
    else:
        filled, report = impute_missing_values(table, names, *keys, provenance=provenance, report=True, **options)
    write_table(filled, destination)
    _show(report, output)


def _show(report: ImputationReport, output: str) -> None:
    """Print what was filled."""
    show_fills({name: column.filled for name, column in report.columns.items()})
    marked = {name: column.marked for name, column in report.columns.items() if column.marked}
    if marked:
        say("named missing values: " + ", ".join(f"{name} {count:,}" for name, count in marked.items()))
    clipped = {name: column.clipped for name, column in report.columns.items() if column.clipped}
    if clipped:
        say("set to the bound: " + ", ".join(f"{name} {count:,}" for name, count in clipped.items()))
    say(f"{output}: rows {report.rows:,}, stations {report.stations:,}, engine {report.engine}")


def _impute_folder(source: str, output: str, *keys: Any, **options: Any) -> None:
    """Fill a table of many files part by part."""
    from energy_data_layer.scale.local import Progress, impute_dataset

    with row_progress() as show:

        def on_part(done: Progress) -> None:
            if show is not None:
                show(done.rows, done.rows_in_all)

        _show(impute_dataset(source, output, *keys, progress=on_part, **options), output)


def _bounds_of(text: str) -> tuple[str, Bounds]:
    """Return a column and its bounds, written as name=lowest:highest, either end left out where there is none."""
    name, equals, limits = text.partition("=")
    low, colon, high = limits.partition(":")
    try:
        if not (equals and colon):
            raise ValueError
        return name, (float(low) if low else None, float(high) if high else None)
    except ValueError:
        raise OptionError(f"--bounds {text} cannot be read; write column=lowest:highest, such as hm=0:100") from None
