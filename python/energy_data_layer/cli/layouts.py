"""``edl layouts``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path  # noqa: TC003  typer reads the annotations
from typing import Annotated, Any

import typer

from energy_data_layer.cli.console import JOB_FAILED, show_lines, show_pairs, show_table
from energy_data_layer.cli.generation import EnergyUnit  # noqa: TC001  typer reads the annotations
from energy_data_layer.cli.options import OPTIONS, in_options


class Action(StrEnum):
    """What is shown."""

    LIST = "list"
    EXPLAIN = "explain"


def layouts(
    context: typer.Context,
    action: Annotated[Action, typer.Argument(help="list the known layouts, or explain files.")] = Action.LIST,
    files: Annotated[list[str] | None, typer.Argument(help="The files to explain.")] = None,
    publisher: Annotated[str | None, typer.Option(help="As in edl run generation.")] = None,
    energy_unit: Annotated[EnergyUnit | None, typer.Option(help="As in edl run generation.")] = None,
    plant_name: Annotated[str | None, typer.Option(help="As in edl run generation.")] = None,
    layout_file: Annotated[Path | None, typer.Option(help="As in edl run generation.")] = None,
) -> None:
    """List the layouts of generation files, or say what is recognised in a file and what it leaves open."""
    if action is Action.LIST:
        show_layouts()
        return
    from energy_data_layer.files.csv_text import matching_files
    from energy_data_layer.files.explain import explain_file
    from energy_data_layer.files.generation import Said
    from energy_data_layer.files.layout_files import read_layout_file

    layout = None if layout_file is None else read_layout_file(layout_file)
    unit: Any = None if energy_unit is None else energy_unit.value
    said = Said(publisher, layout, unit, plant_name, override=False)
    open_questions = False
    for path in matching_files(files or []):
        told = explain_file(path, said, None if layout_file is None else str(layout_file))
        show_pairs(path.name, told.facts.items())
        if told.problems:
            open_questions = True
            words = in_options(told.problems[0], context.meta.get(OPTIONS, {}))
            show_lines("Missing", words.split("; "))
        if told.layout_file:
            show_lines("Describe the table in layout.toml, such as", told.layout_file.splitlines())
        show_lines("Command", [told.command])
    if open_questions:
        raise typer.Exit(JOB_FAILED)


def show_layouts() -> None:
    """Print the known layouts of files as a table."""
    from energy_data_layer.datasets.layouts import KNOWN_LAYOUTS, LONG_LAYOUTS

    rows = [
        [one.name, one.publisher, one.date, one.plant or one.plant_name, one.hours[0], one.energy_unit]
        for one in KNOWN_LAYOUTS.values()
    ]
    rows += [[one.name, one.publisher, one.date, one.plant, one.hour, one.energy_unit] for one in LONG_LAYOUTS.values()]
    show_table("Layouts", ["layout", "publisher", "day", "plant", "first hour", "energy unit"], rows)
