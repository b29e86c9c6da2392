"""``edl impute``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from energy_data_layer.cli.console import say, show_fills
from energy_data_layer.cli.options import Engine, EngineChoice, split_at_commas
from energy_data_layer.errors import OptionError


def impute(
    source: Annotated[
        str,
        typer.Argument(metavar="IN", help="A table: .csv, .parquet, .arrow, .feather. Give it first."),
    ],
    output: Annotated[str, typer.Option("--output", "-o", metavar="OUT", help="Where the result goes, by its ending.")],
    columns: Annotated[list[str], typer.Option(help="The columns to fill.")] = ["ta", "hm"],  # noqa: B006
    station_col: Annotated[str, typer.Option(help="The column of the stations.")] = "stnNm",
    date_col: Annotated[str, typer.Option(help="The column of the time stamps.")] = "tm",
    max_spline_gap: Annotated[int, typer.Option(help="The longest gap that is interpolated, in rows.")] = 3,
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
    engine: EngineChoice = Engine.AUTO,
    force: Annotated[bool, typer.Option("--force", help="Replace the output if it exists.")] = False,
) -> None:
    """Fill the missing values of a table in a file and write the result to another file."""
    from energy_data_layer.cli.table_files import read_table, require_known_ending, write_table
    from energy_data_layer.transforms.impute.api import impute_missing_values

    destination = Path(output)
    require_known_ending(destination)
    if destination.exists() and not force:
        raise OptionError(f"{output} exists already; --force replaces it")
    table = read_table(Path(source))
    if complete:
        from energy_data_layer.transforms.complete_hours.api import complete_hours

        table = complete_hours(table, date_col, station_col, carry=split_at_commas(carry), use_rust=engine.use_rust)
    filled, report = impute_missing_values(
        table,
        split_at_commas(columns),
        date_col,
        station_col,
        max_spline_gap=max_spline_gap,
        provenance=provenance,
        report=True,
        use_rust=engine.use_rust,
    )
    write_table(filled, destination)
    show_fills({name: column.filled for name, column in report.columns.items()})
    say(f"{output}: rows {filled.num_rows:,}, stations {report.stations:,}, engine {report.engine}")
