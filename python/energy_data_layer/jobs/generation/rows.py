"""Which rows of generation files can be stored as they are, and what is wrong with the others."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energy_data_layer.core.columns import trimmed
from energy_data_layer.core.parse import LARGEST_VALUE, parse_days, parse_numbers
from energy_data_layer.datasets.layout import ENERGY_UNITS
from energy_data_layer.datasets.layouts import CAPACITY_DECIDES, KNOWN_LAYOUTS, fuel_in
from energy_data_layer.files.energy_units import capacities_kw, energy_units_by_capacity
from energy_data_layer.files.headings import fuel_column
from energy_data_layer.transforms.wide_to_long.recognise import DAMAGED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from energy_data_layer.datasets.layout import EnergyUnit
    from energy_data_layer.files.generation import GenerationFile, Reject

    Flags = NDArray[np.bool_]
    Numbers = NDArray[np.float64]
    Texts = NDArray[np.object_]

UNREADABLE_DAY = "unreadable day"
NO_PLANT = "no plant"
DAMAGED_NAME = "name of the plant in the wrong encoding"
INFINITE_CELL = "infinite cell"
UNDECIDED_UNIT = "unit of energy undecided"
DIFFERENT_ROWS = "different rows for one plant and day"

DECIMALS_COMPARED = 6
"""Two rows are the same if their hours are, in kWh and to a milliwatt-hour: files round in units of their own."""

_Key: TypeAlias = "tuple[tuple[str, str], date]"
"""Publisher and plant, and the day."""

_Place: TypeAlias = "tuple[DailyRows, int]"


class DailyRows:
    """The rows of one file, with those that cannot be stored taken out step by step.

    Attributes
    ----------
    file : GenerationFile
        The file.
    capacity_decides : bool
        Whether the unit of energy is a matter of the plants' capacities.
    plant, unit : array of str
        The plant and its unit, empty where there is none.
    day : array of datetime64
        The day, NaT where it cannot be read.
    cells : array of float, rows by hours
        The hours as they are published.
    energy_unit : array of str
        What the hours hold, empty where undecided.
    rejects : list of Reject
        What is wrong with the rows that are not kept.
    kept : array of bool
        The rows to be stored.
    told : array of bool, rows by hours
        The hours that are stored: all, but of a file with a row per hour those that it has.
    repeats : int
        Rows that say again what a kept one says, or that have hours which a kept one lacks.
    completed : list of int
        Kept rows that have hours in `kwh` from such a row.
    fuel : array of str or None
        What each plant runs on: what its cell says, else its name, the headings, the file's name, or a layout of
        the caller's own; None where none of them tells.
    contradictions : list of str
        What layout and file say differently.
    """

    def __init__(self, file: GenerationFile) -> None:
        self.file = file
        layout = file.layout
        self.capacity_decides = (
            file.energy_unit is None
            and layout.energy_unit is None
            and layout.energy_unit_column == CAPACITY_DECIDES
            and CAPACITY_DECIDES not in file.table.column_names
        )
        self.plant = self._texts(layout.plant, layout.plant_name or "")
        self.unit = self._texts(layout.unit, "")
        self.day = parse_days(file.table.column(layout.date)).to_numpy()
        self.cells = np.column_stack([self._numbers(heading) for heading in layout.hours])
        self.rejects: list[Reject] = list(file.rejects)
        self.kept = np.ones(len(file.rows), dtype=bool)
        self.told = np.ones(self.cells.shape, dtype=bool) if file.hours_told is None else file.hours_told.copy()
        self.repeats = file.repeated_values
        self.completed: list[int] = []
        self._reject_what_cannot_be_read()
        self.energy_unit = self._energy_units(file.energy_unit or layout.energy_unit)
        self.contradictions = list(file.contradictions)
        self.fuel = self._fuels()

    @cached_property
    def kwh(self) -> Numbers:
        """The hours in kWh."""
        factors = np.array([ENERGY_UNITS.get(unit, (np.nan, 1.0)) for unit in self.energy_unit]).reshape(-1, 2)
        return np.asarray(self.cells * factors[:, :1] / factors[:, 1:])

    @cached_property
    def full_name(self) -> Texts:
        """The plant and its unit, as in the long table."""
        return np.where(self.unit == "", self.plant, self.plant + " " + self.unit)

    def reject(self, row: int, reason: str, detail: str) -> None:
        """Take a row out, with what is wrong."""
        self.rejects.append(self.file.reject(row, reason, detail))
        self.kept[row] = False

    def complete(self, row: int, others: Iterable[_Place]) -> None:
        """Take rows out that say again what this one says; their hours and fuel stand where it has none."""
        for there, other in others:
            blank = np.isnan(self.kwh[row])
            if (blank & ~np.isnan(there.kwh[other])).any():
                self.kwh[row, blank] = there.kwh[other, blank]
                self.completed.append(row)
            self.told[row] |= there.told[other]
            self.fuel[row] = self.fuel[row] or there.fuel[other]
            there.repeats += 1
            there.kept[other] = False

    def kept_table(self) -> pa.Table:
        """Return the kept rows as the file has them, with the unit of energy where the capacity decided it."""
        table = self.file.table
        if self.capacity_decides:
            table = table.append_column(CAPACITY_DECIDES, pa.array(self.energy_unit, pa.string()))
        return table.filter(pa.array(self.kept))

    def _texts(self, heading: str | None, otherwise: str) -> Texts:
        if heading not in self.file.table.column_names:
            return np.full(len(self.file.rows), otherwise, dtype=object)
        texts = pc.fill_null(trimmed(self.file.table.column(heading)), "")
        return np.asarray(texts.to_numpy(zero_copy_only=False), dtype=object)

    def _fuels(self) -> Texts:
        """Return what each plant runs on, and note who says otherwise."""
        layout, table = self.file.layout, self.file.table
        of_file = {
            "the headings": fuel_in(" ".join([*table.column_names, *self.file.columns_not_read])),
            "the file's name": fuel_in(unicodedata.normalize("NFC", self.file.path.name)),
        }
        of_layout = {f"layout {layout.name}": layout.fuel}
        assumed = None if layout.name in KNOWN_LAYOUTS else layout.fuel
        cells_and_plants = list(zip(self._texts(fuel_column(table.column_names), ""), self.plant, strict=True))
        fuels = {}
        for cell, plant in dict.fromkeys(cells_and_plants):
            said = {f'plant "{plant}"': fuel_in(plant)} | of_file
            fuel = fuel_in(cell) if cell else next(filter(None, said.values()), assumed)
            fuels[cell, plant] = fuel
            self.contradictions += [
                f'fuel "{fuel or cell}": {who} says "{other}"'
                for who, other in (said | of_layout).items()
                if other not in {None, fuel} and (fuel or cell)
            ]
        self.contradictions = list(dict.fromkeys(self.contradictions))
        return np.array([fuels[key] for key in cells_and_plants], dtype=object)

    def _numbers(self, heading: str) -> Numbers:
        return parse_numbers(self.file.table.column(heading))[0]

    def _reject_where(self, rows: Flags, reason: str, heading: str) -> None:
        """Take rows out because of what stands in a column."""
        for row in np.flatnonzero(rows & self.kept):
            cell = self.file.table.column(heading)[int(row)].as_py()
            self.reject(int(row), reason, f"{heading}: {cell or 'blank'}")

    def _reject_what_cannot_be_read(self) -> None:
        layout = self.file.layout
        self._reject_where(np.isnat(self.day), UNREADABLE_DAY, layout.date)
        if layout.plant is not None:
            self._reject_where(self.plant == "", NO_PLANT, layout.plant)
            damaged = np.array([DAMAGED in plant for plant in self.plant], dtype=bool)
            self._reject_where(damaged, DAMAGED_NAME, layout.plant)
        numbers = dict(zip(layout.hours, self.cells.T, strict=True))
        if layout.daily_total is not None and layout.daily_total in self.file.table.column_names:
            numbers[layout.daily_total] = self._numbers(layout.daily_total)
        for heading, values in numbers.items():
            self._reject_where(np.abs(values) > LARGEST_VALUE, INFINITE_CELL, heading)

    def _energy_units(self, said: EnergyUnit | None) -> Texts:
        if said is not None:
            return np.full(len(self.file.rows), said, dtype=object)
        heading = self.file.layout.energy_unit_column
        if heading is not None and not self.capacity_decides:
            units = self._texts(heading, "")
            self._reject_where(~np.isin(units, list(ENERGY_UNITS)), UNDECIDED_UNIT, heading)
            return units
        # Rows that are rejected must not decide about others.
        rows = np.flatnonzero(self.kept)
        largest = np.nan_to_num(np.abs(self.cells[rows])).max(axis=1, initial=0.0)
        decided = energy_units_by_capacity(
            self.full_name[rows], self.day[rows], largest, capacities_kw(self.file.table)[rows]
        )
        for row in np.flatnonzero(decided.problem != ""):
            self.reject(int(rows[row]), UNDECIDED_UNIT, decided.problem[row])
        units = np.full(len(self.file.rows), "", dtype=object)
        units[rows] = decided.unit
        return units


def settle_repeated_keys(files: Sequence[DailyRows]) -> None:
    """Let one row per publisher, plant, unit and day be kept.

    Rows that have different values for an hour are all rejected. Rows that do not become one, with every value
    that one of them has, unless the plant's rows differ on most of the days that are there more than once: then
    two plants have one name, and a day on which both stand still tells of neither.
    """
    places: dict[_Key, list[_Place]] = defaultdict(list)
    for rows in files:
        days = rows.day.astype("datetime64[D]").tolist()
        for row in np.flatnonzero(rows.kept).tolist():
            places[(rows.file.publisher, rows.full_name[row]), days[row]].append((rows, row))
    repeated = {key: same_key for key, same_key in places.items() if len(same_key) > 1}
    differing = {key for key, same_key in repeated.items() if _differ(same_key)}
    days_of_plant = Counter(plant for plant, _ in repeated)
    days_apart = Counter(plant for plant, _ in differing)

    for (plant, day), same_key in repeated.items():
        if 2 * days_apart[plant] > days_of_plant[plant] or (plant, day) in differing:
            apart = f"on {days_apart[plant]} of {days_of_plant[plant]} repeated days of this name the rows differ"
            _reject_all(same_key, f"{plant[1]} {day}", apart)
        else:
            fullest = max(same_key, key=lambda place: np.count_nonzero(~np.isnan(place[0].kwh[place[1]])))
            rows, row = fullest
            rows.complete(row, (place for place in same_key if place is not fullest))


def _differ(places: Sequence[_Place]) -> bool:
    """Tell whether rows have different values for an hour; a missing one is not different."""
    hours = np.round([rows.kwh[row] for rows, row in places], DECIMALS_COMPARED)
    lowest = np.where(np.isnan(hours), np.inf, hours).min(axis=0)
    highest = np.where(np.isnan(hours), -np.inf, hours).max(axis=0)
    return bool((lowest < highest).any())


def _reject_all(same_key: Sequence[_Place], key: str, apart: str) -> None:
    """Reject all rows of one key, each with the place of another one, if possible of a different one."""
    for place in same_key:
        others = [other for other in same_key if other is not place]
        there, row_there = next((other for other in others if _differ([place, other])), others[0])
        rows, row = place
        rows.reject(
            row,
            DIFFERENT_ROWS,
            f"{key} is also in {there.file.place(row_there)}; {apart}: "
            "two plants of one name, or corrected rows; rename or keep one",
        )
