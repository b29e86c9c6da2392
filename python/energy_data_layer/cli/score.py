"""``edl score``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from energy_data_layer.cli.console import say, show_text
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
    from energy_data_layer.transforms.impute.rule import Method

LIKE_MINE = "like-mine"


def score(
    ctx: typer.Context,
    source: Annotated[
        str,
        typer.Argument(metavar="IN", help="A table: .csv, .parquet, .arrow, .feather. Give it first."),
    ],
    columns: Annotated[list[str], typer.Option(help="The columns to score.")] = ["ta", "hm"],  # noqa: B006
    station_col: Annotated[str, typer.Option(help="The column of the stations.")] = "stnNm",
    date_col: DateColumn = "tm",
    missing_values: MissingValues = None,
    methods: Annotated[list[str], typer.Option(help="The methods to compare.")] = [  # noqa: B006
        "spline_climatology",
        "linear",
        "optimal_interpolation",
    ],
    gap_lengths: Annotated[
        list[str], typer.Option(help=f"The lengths of the gaps, in rows, or {LIKE_MINE}: those of the table's own.")
    ] = ["1", "3", "6", "12", "24", "72", "168"],  # noqa: B006
    gaps: Annotated[int, typer.Option(help="The most gaps per station and length.")] = 50,
    interval: Annotated[float, typer.Option(help="How often intervals are meant to cover the truth.")] = 0.9,
    seed: Annotated[int, typer.Option(help="Chooses the hidden hours.")] = 0,
    complete: Annotated[
        bool, typer.Option("--complete-hours", help="Insert the hours that are absent altogether.")
    ] = False,
    json: Annotated[Path | None, typer.Option(help="Write all scores there, as JSON.")] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Draw the error by gap length there: .png, .svg or .pdf.")
    ] = None,
    engine: EngineChoice = Engine.AUTO,
) -> None:
    """Hide observed values of a table, fill them by each method, and say which method comes closest."""
    from energy_data_layer.cli.table_files import read_table, require_columns
    from energy_data_layer.transforms.impute.quantities import bounds_of
    from energy_data_layer.transforms.impute.score import score_imputation

    if picture is not None:
        from energy_data_layer.plots import plot_scores, save_figure
        from energy_data_layer.plots.figure import require_drawable

        require_drawable(picture)
    table = read_table(Path(source))
    names = split_at_commas(columns)
    stamps = date_column(date_col)
    require_columns(table, source, stamps, station_col, names, command="score", arguments=ctx.meta[ARGUMENTS])
    if complete:
        from energy_data_layer.transforms.complete_hours.api import complete_hours

        table = complete_hours(table, stamps, station_col, use_rust=engine.use_rust)
    card = score_imputation(
        table,
        names,
        stamps,
        station_col,
        methods=cast("list[Method]", split_at_commas(methods)),
        gap_lengths=_lengths(split_at_commas(gap_lengths)),
        gaps=gaps,
        interval=interval,
        bounds=bounds_of(names, stamps, station_col),
        missing_values=missing_values_of(missing_values),
        seed=seed,
        use_rust=engine.use_rust,
    )
    show_text(card.text())
    if json is not None:
        from json import dumps

        from energy_data_layer.core.atomic_file import written_atomically

        with written_atomically(json) as temporary:
            temporary.write_text(dumps(card.to_dict(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if picture is not None:
        save_figure(plot_scores(card), picture)
    for column, method in card.recommended.items():
        say(f"{column}: {method} is recommended")


def _lengths(texts: list[str]) -> list[int] | Literal["like mine"]:
    if texts == [LIKE_MINE]:
        return "like mine"
    wrong = [text for text in texts if not text.isdecimal()]
    if wrong:
        raise OptionError(f"--gap-lengths takes numbers, or {LIKE_MINE} alone, not {', '.join(wrong)}")
    return [int(text) for text in texts]
