"""Published files of hourly generation, one row per plant and day, read as they are written."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.core.coercion import checked_markers, without_markers
from energy_data_layer.core.parse import LARGEST_VALUE
from energy_data_layer.core.texts import BLANKS
from energy_data_layer.datasets.layout import ENERGY_UNITS, LongLayout, WideLayout, heading_text
from energy_data_layer.datasets.layouts import (
    CAPACITY_DECIDES,
    KNOWN_LAYOUTS,
    PUBLISHERS,
    fuel_in,
    layout_of_files,
)
from energy_data_layer.errors import CommaError, LayoutError, MarkerError, OptionError, SourceFileError
from energy_data_layer.files.csv_text import matching_files, read_text, records
from energy_data_layer.files.energy_units import capacity_column
from energy_data_layer.files.headings import fuel_column, told_long_layout
from energy_data_layer.files.long_tables import days_of_plants
from energy_data_layer.transforms.wide_to_long.parts import hours_of_parts, measured_parts
from energy_data_layer.transforms.wide_to_long.recognise import (
    DAMAGED,
    RECOGNISED,
    are_headings,
    damaged_headings,
    hours_left_out,
    require_all_hours,
    told_layout,
    unit_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from os import PathLike
    from pathlib import Path

    from numpy.typing import NDArray

    from energy_data_layer.core.coercion import Markers, MissingValues
    from energy_data_layer.datasets.layout import EnergyUnit

Row: TypeAlias = tuple[int, list[str]]
"""The line on which a row begins, and its cells."""

_Misfit: TypeAlias = tuple[Row, str, str]
"""A row that cannot be stored, the reason and the detail."""

WRONG_NUMBER_OF_CELLS = "wrong number of cells"
NO_UNIT = 'nothing says whether the hours hold Wh, kWh or MWh; pass energy_unit="kWh", or a layout'


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that cannot be stored as it is.

    Attributes
    ----------
    file : str
        Name of the file, without its folder.
    line : int
        The line on which the row begins, from 1.
    publisher : str
        The file's publisher.
    reason : str
        What kind of fault it is.
    detail : str
        What stands there, and what to do.
    content : str
        The row as CSV.
    """

    file: str
    line: int
    publisher: str
    reason: str
    detail: str
    content: str


@dataclass(frozen=True)
class GenerationFile:
    """One file of hourly generation.

    Attributes
    ----------
    path : pathlib.Path
        The file.
    encoding : str
        ``"utf-8"`` or ``"cp949"``.
    publisher : str
        Who published it.
    layout : WideLayout
        What its columns mean.
    table : pyarrow.Table
        The columns of the layout, and those of capacity and fuel, as text under their headings; blank cells are
        null.
    rows : list of (int, list of str)
        Line and cells of each row of `table`.
    empty_rows : int
        Rows in which every cell is blank; they are not in `table`.
    rejects : list of Reject
        Rows with too few or too many cells; they are not in `table`.
    columns_not_read : list of str
        Headings that the layout has no use for.
    energy_unit : {"Wh", "kWh", "MWh"} or None
        What the hours hold, where the caller says it and the file does not.
    options_not_used : list of str
        What the caller said and the file says otherwise.
    contradictions : list of str
        What the layout assumes and the file says otherwise.
    lines_above : list of str
        What stands above the headings.
    markers : dict of str to tuple
        What the caller says to stand for a missing value, by column.
    cells_marked : int
        Cells that hold it; they are null in `table`.
    incomplete : array of bool, rows by hours, or None
        The hours that lack some of their parts, of a file with parts of hours; they are null in `table`.
    hours_told : array of bool, rows by hours, or None
        The hours that are there, of a file with a row per hour.
    repeated_values : int
        Values of such a file that say again what another one says.
    """

    path: Path
    encoding: str
    publisher: str
    layout: WideLayout
    table: pa.Table
    rows: list[Row]
    empty_rows: int
    rejects: list[Reject]
    columns_not_read: list[str]
    energy_unit: EnergyUnit | None
    options_not_used: list[str]
    contradictions: list[str]
    lines_above: list[str]
    markers: Markers
    cells_marked: int
    incomplete: NDArray[np.bool_] | None
    hours_told: NDArray[np.bool_] | None
    repeated_values: int

    @property
    def rows_read(self) -> int:
        """All rows of the file, without the heading; of a file with a row per hour the plants' days."""
        return len(self.rows) + self.empty_rows + len(self.rejects) + self.repeated_values

    def place(self, row: int) -> str:
        """Return where a row of `table` stands, in words."""
        return f"{self.path.name}, line {self.rows[row][0]}"

    def reject(self, row: int, reason: str, detail: str) -> Reject:
        """Return a row of `table` as a reject."""
        return _reject(self.path, self.publisher, self.rows[row], reason, detail)


def read_generation_files(
    paths: str | PathLike[str] | Iterable[str | PathLike[str]],
    *,
    publisher: str | None = None,
    layout: WideLayout | LongLayout | str | None = None,
    energy_unit: EnergyUnit | None = None,
    plant_name: str | None = None,
    override: bool = False,
    missing_values: MissingValues | None = None,
) -> list[GenerationFile]:
    """Read published files of hourly generation: a row per plant and day, a column per hour; or a row per hour.

    A file's name tells its publisher at its beginning and, where the table does not name the plant, the
    plant behind it, as the public data portal names files: ``<publisher>_<data>_<date>.csv``. Headings tell
    the layout.

    Parameters
    ----------
    paths : path or glob pattern, or an iterable of these
        CSV files in UTF-8 or cp949, separated by commas, semicolons or tabs; lines above the headings are
        passed over.
    publisher : str, optional
        The publisher of files whose name does not tell it, such as ``"KOSPO"``.
    layout : WideLayout, LongLayout or str, optional
        The layout of all files, or its name.
    energy_unit : {"Wh", "kWh", "MWh"}, optional
        What the hours hold, where neither headings nor layout say it.
    plant_name : str, optional
        The plant, where neither table nor file name tell it.
    override : bool, default False
        Whether publisher, unit and plant hold for all files, whatever these say.
    missing_values : sequence of float or str, or dict of str to these, optional
        What stands for a missing value in the columns of the hours, or of the values in files with a row per hour:
        see `transform_wide_to_long`.

    Returns
    -------
    list of GenerationFile
        The files in the order of their names. Cells are text, as they are written.

    Raises
    ------
    SourceFileError
        A file is absent, unreadable or no CSV, or its layout, publisher or plant cannot be told.
    OptionError
        `paths` is empty, or an option has a value that it cannot take.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from energy_data_layer.simulator.sample_generation import write_generation_sample
    >>> with TemporaryDirectory() as folder:
    ...     written = write_generation_sample(folder)
    ...     files = read_generation_files(f"{folder}/*.csv")
    >>> [(file.publisher, file.layout.name, file.encoding) for file in files][:2]
    [('KOEN', 'koen_wind_file', 'cp949'), ('KOSPO', 'kospo_solar_file', 'cp949')]
    """
    if energy_unit is not None and energy_unit not in ENERGY_UNITS:
        raise OptionError(f'energy_unit is "{energy_unit}"; it can be {", ".join(ENERGY_UNITS)}')
    if isinstance(layout, str):
        layout = layout_of_files(layout)
    said = Said(publisher, layout, energy_unit, plant_name, override, missing_values)
    return [read_file(path, said) for path in matching_files(paths)]


class Said(NamedTuple):
    """What the caller says of all files."""

    publisher: str | None
    layout: WideLayout | LongLayout | None
    energy_unit: EnergyUnit | None
    plant_name: str | None
    override: bool
    missing_values: MissingValues | None = None


def publisher_in(file_name: str) -> str | None:
    """Return the publisher that a file's name begins with, None where it is no known one.

    Examples
    --------
    >>> publisher_in("한국남부발전(주)_성산풍력발전실적_20250228.csv")
    'KOSPO'
    """
    beginning = _parts(file_name)[0]
    return next((code for name, code in PUBLISHERS.items() if name in beginning), None)


def plant_in(file_name: str) -> str | None:
    """Return the plant that a file's name tells: in brackets, or between the publisher and the date; else None.

    Examples
    --------
    >>> plant_in("한국남부발전(주)_성산풍력발전실적_20250228.csv"), plant_in("한국중부발전_풍력 실적(상명풍력).csv")
    ('성산풍력', '상명풍력')
    """
    parts = _parts(file_name)
    bracketed: list[str] = [
        found for part in parts[1:] for found in re.findall(r"\(([^()]*)\)", part) if fuel_in(found)
    ]
    if len(bracketed) == 1:
        return bracketed[0].strip()
    plant = " ".join(parts[1:-1]).removesuffix("발전실적").strip() if len(parts) > 2 else ""
    return None if _WORDS_OF_DATA.fullmatch(plant) else plant


_WORDS_OF_DATA = re.compile(r"((시간(대)?|일자|월)별|발전|발전량|실적|현황|데이터|정보|\s)*")
"""Words in the names of files that name no plant."""


def _parts(file_name: str) -> list[str]:
    # Some systems keep the letters of Korean names in pieces.
    return unicodedata.normalize("NFC", file_name).removesuffix(".csv").split("_")


SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
"""What can separate cells, and what it is called."""

MOST_LINES_ABOVE = 50
"""Records from the first among which the headings are looked for."""


class Records(NamedTuple):
    """The records of a file: those above the headings, the headings, those below; and what separates cells."""

    above: list[Row]
    headings: Row
    rows: list[Row]
    separator: str


def records_of(path: Path, text: str, layout: WideLayout | LongLayout | None) -> Records:
    """Find the headings of a file, and what separates its cells."""
    beginnings = {separator: _beginning(path, text, separator) for separator in SEPARATORS}
    first_cells = {separator: len(beginning[0][1]) for separator, beginning in beginnings.items() if beginning}
    place, separator = next(
        (
            (place, separator)
            for separator, beginning in beginnings.items()
            for place, (_, cells) in enumerate(beginning)
            if _are_headings(cells, layout)
        ),
        (0, max(first_cells, key=first_cells.__getitem__, default=",")),
    )
    found = list(records(path, text, separator))
    return Records(found[:place], found[place], found[place + 1 :], separator)


def _are_headings(cells: Sequence[str], layout: WideLayout | LongLayout | None) -> bool:
    headings = tuple(map(heading_text, cells))
    if layout is not None and set(layout.required) <= set(headings):
        return True
    return are_headings(headings) or told_long_layout(headings) is not None


def _beginning(path: Path, text: str, separator: str) -> list[Row]:
    """Return the first records, as far as they can be read: another separator may spoil a sound file's quotes."""
    beginning: list[Row] = []
    with suppress(SourceFileError):
        beginning.extend(islice(records(path, text, separator), MOST_LINES_ABOVE))
    return beginning


def read_file(path: Path, said: Said) -> GenerationFile:
    """Read one file, with what the caller says of it."""
    text, encoding = read_text(path)
    above, (heading_line, written), rows, _ = records_of(path, text, said.layout)
    headings = list(map(heading_text, written))
    long = said.layout if isinstance(said.layout, LongLayout) else None
    if said.layout is None:
        long = told_long_layout(tuple(headings))
    gathered, not_read = None, []
    content, empty_rows, misfits = _fitting(headings, rows, text)
    if long is not None:
        try:
            _require_headings(headings, long)
            gathered = days_of_plants(headings, content, long, checked_markers(said.missing_values, long.values))
        except LayoutError as error:
            raise SourceFileError(path, heading_line, str(error)) from error
        not_read = [heading for heading in headings if heading not in {"", *long.headings, *gathered.headings}]
        headings, content = gathered.headings, gathered.rows
        misfits += gathered.rejected
        said = said._replace(layout=gathered.layout, missing_values=gathered.markers)
    capacity, _ = capacity_column(headings)
    not_used: list[str] = []

    def settled(option: str, found: str | None) -> str | None:
        """Return what the file says, else what the caller says; with `override` the other way round."""
        given: str | None = getattr(said, option)
        if given is None or found is None or given == found:
            return given or found
        if said.override:
            return given
        not_used.append(f'{option} "{given}": the file says "{found}"')
        return found

    publisher = settled("publisher", publisher_in(path.name))
    problems: list[str] = []
    try:
        layout, problem = _layout_of(headings, publisher, said, capacity)
        problems += filter(None, [problem])
        further = hours_left_out(filter(None, headings), layout)
        require_all_hours([heading for heading in further if _has_cells(rows, headings, heading)])
    except LayoutError as error:
        raise SourceFileError(path, heading_line, str(error)) from error
    contradictions = [
        f'energy_unit "{layout.energy_unit}" of layout {layout.name}: "{heading}" says "{unit_in(heading)}"'
        for heading in layout.hours[:1]
        # Where the headings of a known layout are wrong, its description says so.
        if layout.name not in {RECOGNISED, *KNOWN_LAYOUTS} and unit_in(heading) not in {None, layout.energy_unit}
    ]
    publisher = publisher or layout.publisher
    if publisher is None:
        problems.append(f"the name begins with no publisher ({', '.join(PUBLISHERS)}); pass publisher")
    elif layout.publisher not in {None, publisher}:
        contradictions.append(f'publisher "{layout.publisher}" of layout {layout.name}: it is "{publisher}"')
    if layout.plant is None:
        plant = settled("plant_name", plant_in(path.name))
        if layout.plant_name is not None and plant not in {None, layout.plant_name}:
            contradictions.append(f'plant_name "{layout.plant_name}" of layout {layout.name}: it is "{plant}"')
        layout = replace(layout, plant_name=plant or layout.plant_name)
        if layout.plant_name is None:
            problems.append(
                "neither the table nor the file's name (publisher_plant_date.csv) names the plant; pass plant_name"
            )
    if publisher is None or problems:
        raise SourceFileError(path, heading_line, "; ".join(problems))
    written_unit = layout.energy_unit_column if layout.energy_unit_column in headings else None
    unit = settled("energy_unit", layout.energy_unit or written_unit)

    wanted = {*layout.headings, capacity, fuel_column(headings)}
    read = {heading: headings.index(heading) for heading in headings if heading in wanted}
    columns = {
        heading: pa.array([cells[position].strip(BLANKS) or None for _, cells in content], pa.string())
        for heading, position in read.items()
    }
    markers = checked_markers(said.missing_values, layout.hours)
    cells_marked = 0 if gathered is None else gathered.marked
    for heading, missing in markers.items():
        columns[heading], count = without_markers(columns[heading], missing)
        cells_marked += count
    incomplete = None
    if layout.parts > 1:
        try:
            columns, incomplete = _brought_to_hours(layout, columns, markers)
        except (CommaError, LayoutError, MarkerError) as error:
            raise SourceFileError(path, heading_line, str(error)) from error
        layout, markers = layout.of_hours(), dict.fromkeys(layout.of_hours().hours, ())
    return GenerationFile(
        path,
        encoding,
        publisher,
        layout,
        table=pa.table(columns),
        rows=content,
        empty_rows=empty_rows,
        rejects=[_reject(path, publisher, *misfit) for misfit in misfits],
        columns_not_read=not_read or [heading for heading in headings if heading and heading not in read],
        energy_unit=said.energy_unit if unit == said.energy_unit else None,
        options_not_used=not_used,
        contradictions=contradictions,
        markers=markers,
        cells_marked=cells_marked,
        incomplete=incomplete,
        hours_told=None if gathered is None else gathered.told,
        repeated_values=0 if gathered is None else gathered.repeated,
        lines_above=[f"line {line}: {' '.join(filter(None, cells))}" for line, cells in above],
    )


def _brought_to_hours(
    layout: WideLayout, columns: Mapping[str, pa.Array], markers: Markers
) -> tuple[dict[str, pa.Array], NDArray[np.bool_]]:
    """Return the columns with one for each hour, and which hours of each row lack some of their parts.

    Where a part is no number or infinite, its text is the hour's, so that it is told of as that of any hour.
    """
    parts = {heading: columns[heading] for heading in layout.hours}
    numbers, _ = measured_parts(layout, parts, markers)
    hours, incomplete = hours_of_parts(layout, numbers)
    texts = [[None if value != value else repr(value) for value in of_hour.tolist()] for of_hour in hours]
    for part, (column, values) in enumerate(zip(parts.values(), numbers, strict=True)):
        odd = pc.is_valid(column).to_numpy(zero_copy_only=False) & ~(np.abs(values) <= LARGEST_VALUE)
        for row in np.flatnonzero(odd).tolist():
            texts[part // layout.parts][row] = column[row].as_py()
    others = {heading: column for heading, column in columns.items() if heading not in parts}
    made = zip(layout.of_hours().hours, texts, strict=True)
    return others | {heading: pa.array(cells, pa.string()) for heading, cells in made}, incomplete.T


def _fitting(headings: Sequence[str], rows: Sequence[Row], text: str) -> tuple[list[Row], int, list[_Misfit]]:
    """Return the rows that fit the headings, how many are empty, and those that do not fit."""
    needed = max(position for position, heading in enumerate(headings, start=1) if heading)
    content = [row for row in rows if any(cell.strip(BLANKS) for cell in row[1])]
    fitting: list[Row] = []
    misfits: list[_Misfit] = []
    for row in content:
        cells = row[1]
        # A comma at the end does not count.
        if len(cells) >= needed and not any(cell.strip(BLANKS) for cell in cells[len(headings) :]):
            fitting.append(row)
            continue
        detail = f"cells: {len(cells)}, in the heading: {len(headings)}"
        if row is rows[-1] and not text.endswith(("\n", "\r")):
            detail += "; the file ends here, as if cut off"
        misfits.append((row, WRONG_NUMBER_OF_CELLS, detail))
    return fitting, len(rows) - len(content), misfits


def _require_headings(headings: Sequence[str], layout: WideLayout | LongLayout) -> None:
    if absent := [heading for heading in layout.required if heading not in headings]:
        raise LayoutError(f'layout "{layout.name}" needs headings that are not there: {", ".join(absent)}')
    if repeated := [heading for heading in layout.headings if headings.count(heading) > 1]:
        raise LayoutError(f"more than one column with the heading {', '.join(repeated)}; keep one")


def _has_cells(rows: Iterable[Row], headings: Sequence[str], heading: str) -> bool:
    """Tell whether anything stands under a heading, which may be there more than once."""
    return any(
        written == heading and cell.strip(BLANKS)
        for _, cells in rows
        for written, cell in zip(headings, cells, strict=False)
    )


def _layout_of(
    headings: Sequence[str], publisher: str | None, said: Said, capacity: str | None
) -> tuple[WideLayout, str]:
    """Return the layout, and what is wrong with the unit of energy; empty where it is known."""
    if damaged := [heading for heading in headings if DAMAGED in heading]:
        raise LayoutError(damaged_headings(damaged))
    layout = None if isinstance(said.layout, LongLayout) else said.layout
    names = tuple(filter(None, headings))
    if layout is None:
        try:
            layout = told_layout(names, publisher, said.energy_unit if said.override else None)
        except LayoutError:
            # Where nothing else is open, the unit is what is missing.
            layout = told_layout(names, publisher, said.energy_unit or "kWh")
            if said.energy_unit is None:
                return layout, NO_UNIT
    _require_headings(headings, layout)
    is_said = said.energy_unit or layout.energy_unit or layout.energy_unit_column in headings
    if not is_said and not (layout.energy_unit_column == CAPACITY_DECIDES and capacity):
        return layout, NO_UNIT
    return layout, ""


def _reject(path: Path, publisher: str, row: Row, reason: str, detail: str) -> Reject:
    line, cells = row
    content = io.StringIO()
    csv.writer(content, lineterminator="").writerow(cells)
    return Reject(path.name, line, publisher, reason, detail, content.getvalue())


def label_convention(layout: WideLayout) -> str:
    """Return how a layout labels its hours.

    ``"hour-ending"`` is the hour that ends at the label (``1시`` to ``24시``), ``"hour-beginning"`` the one
    that begins there (``0`` to ``23``), ``"interval"`` a label with both (``0-1시``).

    Examples
    --------
    >>> label_convention(KNOWN_LAYOUTS["kospo_interval_file"]), label_convention(KNOWN_LAYOUTS["krc_file"])
    ('interval', 'hour-ending')
    """
    first = [int(number) for number in re.findall(r"\d+", layout.hours[0])]
    if first[:1] != [0]:
        return "hour-ending"
    return "interval" if 1 in first else "hour-beginning"
