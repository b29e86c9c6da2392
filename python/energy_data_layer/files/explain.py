"""What a generation file tells of itself, what it leaves open, and the command that reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product
from shlex import quote
from typing import TYPE_CHECKING

import pyarrow as pa

from energy_data_layer.core.parse import parse_numbers, parse_stamp_texts
from energy_data_layer.core.texts import BLANKS
from energy_data_layer.datasets.layout import PARTS, WideLayout, heading_text
from energy_data_layer.errors import SourceFileError
from energy_data_layer.files.csv_text import read_text
from energy_data_layer.files.generation import SEPARATORS, label_convention, publisher_in, read_file, records_of
from energy_data_layer.transforms.wide_to_long.parts import names_power
from energy_data_layer.transforms.wide_to_long.recognise import DAY, PLANT, only

if TYPE_CHECKING:
    from pathlib import Path

    from energy_data_layer.files.generation import GenerationFile, Said

_CELLS_LOOKED_AT = 24
_TIME_OF_DAY = re.compile(r"(?<!\d)\d\d:\d\d(?!\d)")
_ONE_NAME = r"[^{}]*\{(begin|end)\}[^{}]*"
_SUM = 'energy_unit = "kWh"  # an hour is their sum; of power, their mean: power_unit = "kW"'
_MEAN = 'power_unit = "kW"  # an hour is their mean; of energy, their sum: energy_unit = "kWh"'
_UNREAD_STAMP = re.compile(r"\d{4}-\d\d?-\d\d?[ T].*\d(Z|[+-]\d\d(:?\d\d)?)|\d\d?[/.]\d\d?[/.]\d{4}.*")
_CONVERT = "stamps with an offset or such as 1/3/2024 are not read: convert them to local YYYY-MM-DD HH:MM first"
_NO_STAMP = "no column begins with stamps: add one of local YYYY-MM-DD HH:MM"
_PLANT = '# plant = "heading of the name of the plant"; plant_name = "the only plant"'
_PLACEHOLDERS = {"publisher": "PUBLISHER", "energy_unit": "kWh", "plant_name": "PLANT"}


@dataclass(frozen=True)
class Explanation:
    """What is known of a file.

    Attributes
    ----------
    facts : dict of str to str
        What was recognised, by what it is.
    problems : list of str
        What is missing or wrong; empty where the file can be read.
    options : dict of str to str
        What that needs of the caller, in capitals where only the caller knows it.
    command : str
        The command that reads it.
    layout_file : str
        The beginning of a layout in TOML, where none was recognised.
    """

    facts: dict[str, str]
    problems: list[str]
    options: dict[str, str]
    command: str
    layout_file: str


def explain_file(path: Path, said: Said, layout_file: str | None = None) -> Explanation:
    """Say what a file tells of itself, and all that it leaves open.

    Parameters
    ----------
    path : path
        The file.
    said : Said
        What the caller says of it.
    layout_file : str, optional
        Where the caller's layout is written down.

    Raises
    ------
    SourceFileError
        If the file is no text.
    """
    text, encoding = read_text(path)
    found = records_of(path, text, said.layout)
    line, written = found.headings
    facts: dict[str, str | None] = {
        "written": f"{encoding}, {SEPARATORS[found.separator]}, {len(found.rows):,} rows below line {line}",
        "lines above": "; ".join(" ".join(filter(None, cells)) for _, cells in found.above),
    }
    options = {name: value for name in _PLACEHOLDERS if (value := getattr(said, name))}
    problems: list[str] = []
    layout_toml = ""
    try:
        facts |= _facts(read_file(path, said))
    except SourceFileError as error:
        problems.append(error.problem)
        missing = {name: value for name, value in _PLACEHOLDERS.items() if f"pass {name}" in error.problem}
        options |= missing
        completed = said._replace(
            publisher=missing.get("publisher", said.publisher),
            energy_unit="kWh" if "energy_unit" in missing else said.energy_unit,
            plant_name=missing.get("plant_name", said.plant_name),
        )
        try:
            found_besides = _facts(read_file(path, completed))
            facts |= {name: fact for name, fact in found_besides.items() if fact not in missing.values()}
        except SourceFileError:
            if said.layout is None:
                layout_file = "layout.toml"
                columns = {
                    heading_text(heading): [cells[place].strip(BLANKS) for _, cells in found.rows if len(cells) > place]
                    for place, heading in enumerate(written)
                }
                layout_toml = _layout_toml(columns)
            options |= {} if publisher_in(path.name) else {"publisher": said.publisher or _PLACEHOLDERS["publisher"]}
    if layout_file:
        options["layout_file"] = layout_file
    words = [f"--{name.replace('_', '-')} {quote(value)}" for name, value in options.items()]
    command = " ".join([f"edl run generation --files {quote(str(path))} --db duckdb:///energy.duckdb", *words])
    return Explanation({name: fact for name, fact in facts.items() if fact}, problems, options, command, layout_toml)


def _facts(file: GenerationFile) -> dict[str, str | None]:
    layout = file.layout
    present = {*file.table.column_names}
    by_row = f"by {layout.energy_unit_column}" if layout.energy_unit_column in present else "by the plants' capacities"
    return {
        "layout": layout.name,
        "publisher": file.publisher,
        "day": layout.date,
        "plant": layout.plant or layout.plant_name,
        "unit of the plant": layout.unit if layout.unit in present else None,
        "hours": f"{layout.hours[0]} to {layout.hours[-1]}, {label_convention(layout)}",
        "energy unit": file.energy_unit or layout.energy_unit or by_row,
        "daily total": layout.daily_total if layout.daily_total in present else None,
        "columns not read": ", ".join(file.columns_not_read),
        "contradictions": "; ".join(file.contradictions),
        "not used": "; ".join(file.options_not_used),
    }


def _layout_toml(columns: dict[str, list[str]]) -> str:
    if parts := _parts_of_hours(list(columns)):
        return "\n".join(parts)
    begun = {name: [cell for cell in cells if cell][:_CELLS_LOOKED_AT] for name, cells in columns.items()}
    read = [name for name, cells in begun.items() if cells and parse_stamp_texts(pa.array(cells)).notna().all()]
    unread = [name for name, cells in begun.items() if cells and all(map(_UNREAD_STAMP.fullmatch, cells))]
    stamp = next(iter([*read, *unread, *columns]), "")
    numbers = [name for name, cells in begun.items() if not parse_numbers(pa.array(cells, pa.string()))[1]]
    texts = [name for name, cells in begun.items() if name not in {stamp, *numbers} and len({*cells}) < len(cells)]
    values = [name for name in numbers if name != stamp][: 1 if texts else 5]
    return "\n".join(
        [
            *([] if read else ["# " + (_CONVERT if unread else _NO_STAMP)]),
            f'stamp = {_quoted(stamp)}  # or date and hour; of a row per day: date, and hours = "{{}}시"',
            'hour_label = "end"  # or "start": what of its hour a stamp is',
            f"values = [{', '.join(map(_quoted, values))}]  # one column of a plant, or a column per plant",
            'energy_unit = "kWh"  # or Wh, MWh',
            f"plant = {_quoted(texts[0])}" if texts else _PLANT,
        ]
    )


def _parts_of_hours(headings: list[str]) -> list[str]:
    """Return the beginning of a layout of columns of less than an hour; empty where the headings are none."""
    patterns = {_TIME_OF_DAY.sub(name, heading, count=1) for heading in headings for name in ("{begin}", "{end}")}
    patterns = {_TIME_OF_DAY.sub("{end}", pattern) for pattern in patterns if re.fullmatch(_ONE_NAME, pattern)}
    for step, pattern in product(sorted(PARTS, key=PARTS.__getitem__, reverse=True), sorted(patterns)):
        hours = WideLayout("parts", date="", hours=pattern, step=step).hours
        if PARTS[step] > 1 and {*hours} <= {*headings}:
            date, plant = only(headings, DAY, "the day", headings), only(headings, PLANT, "the plant", headings)
            return [
                f"date = {_quoted(date or headings[0])}",
                f"plant = {_quoted(plant)}" if plant else _PLANT,
                f"hours = {_quoted(pattern)}",
                f'step = "{step}"',
                _MEAN if names_power(hours[0]) else _SUM,
            ]
    return []


def _quoted(heading: str) -> str:
    return '"' + heading.replace("\\", "\\\\").replace('"', '\\"') + '"'
