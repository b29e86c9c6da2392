"""Hypothesis strategies that build wide tables by structure: a layout, plants and days, cells, totals, types."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from energy_data_layer import WideLayout

from .frame_kinds import KINDS, as_kind
from .strategies import chunked, orders

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

PATTERNS = ["h{:02d}", "{}", "{}시 발전량(MWh)", "qhorGen{:02d}"]
PLANTS = ["서울", "서", "a", "a 1", "A", "a plant of more than twelve bytes"]
UNITS = ["1", "2", "1호기", None]
DAYS = [
    "2020-02-28", "2020-02-29", "2021-02-28", "2021-03-01", "2023-12-31", "2024-01-01", "2024-04-30", "1969-12-31",
    "0001-01-01", "9999-12-30", "1970-01-01",
]  # fmt: skip
DAYS_OF_NANOSECONDS = [day for day in DAYS if "1700" < day < "2262"]
FORMS = [
    "{}-{}-{}",
    "{}/{}/{}",
    "{}.{}.{}",
    "{}{}{}",
    "{}-{}-{} 00:00",
    "{}{}{} 00:00:00",
    "{}/{}/{}T00:00",
    " {}-{}-{}\t",
]
NO_NUMBERS = ["", " ", "-", ".", "점검", ",23", "nan", "\u3000", "1e", "-\u00a0"]
AROUND = ["{}", "{}", " {}", "{} ", "\u00a0{}\u3000", "\ufeff{}\r\n"]
TEXT_TYPES = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
ENERGY_UNITS = ["Wh", "kWh", "MWh"]


@dataclass(frozen=True)
class Wide:
    """A wide table and the layout that fits it."""

    table: pa.Table
    layout: WideLayout

    @property
    def numbers_alone(self) -> bool:
        return all(pa.types.is_float64(self.table[name].type) for name in self.layout.hours)


@st.composite
def layouts(draw: DrawFn) -> WideLayout:
    """Return a layout with any of the columns that a layout can have."""
    plant = draw(st.sampled_from(["site", "site", None]))
    unit = draw(st.sampled_from(["unit", None])) if plant else "unit"
    energy_unit = draw(st.sampled_from([*ENERGY_UNITS, None]))
    daily_total = draw(st.sampled_from(["total", None]))
    return WideLayout(
        "drawn",
        date="day",
        plant=plant,
        unit=unit,
        plant_name=draw(st.sampled_from([None, "given"])) if plant or unit else "given",
        hours=draw(st.sampled_from(PATTERNS)),
        hour_label=draw(st.sampled_from(["start", "end"])),
        energy_unit=energy_unit,
        energy_unit_column=None if energy_unit else "eu",
        daily_total=daily_total,
        daily_total_unit=draw(st.sampled_from([None, *ENERGY_UNITS])) if daily_total else None,
        keep=draw(st.lists(st.sampled_from(["kept", "unit", "total", "day", "absent"]), unique=True, max_size=3)),
    )


@st.composite
def values(draw: DrawFn, rows: int) -> np.ndarray:
    """Return the hours of some days as published, NaN where one is missing."""
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    decimals = draw(st.sampled_from([0, 0, 1, 3, 6]))
    sun = np.maximum(0, np.sin((np.arange(24) - 5) * np.pi / 14))
    peaks = 10.0 ** draw(st.integers(0, 6)) * random.random((rows, 1))
    result = np.round(
        {
            "sun": peaks * sun,
            "noise": peaks * random.normal(size=(rows, 24)),
            "whole": np.floor(peaks) + np.zeros((rows, 24)),
            "zero": np.zeros((rows, 24)),
        }[draw(st.sampled_from(["sun", "noise", "whole", "zero"]))],
        decimals,
    )
    if draw(st.booleans()):
        result[random.random((rows, 24)) < draw(st.sampled_from([0.02, 0.3, 1.0]))] = np.nan
    return result + 0.0


@st.composite
def totals(draw: DrawFn, hours: np.ndarray, in_hours: str, in_total: str) -> list[float | None]:
    """Return totals that add up, that are rounded, that are wrong, and none."""
    kwh = {"Wh": 0.001, "kWh": 1.0, "MWh": 1000.0}
    sums = np.nansum(hours, axis=1) * kwh[in_hours] / kwh[in_total]
    result: list[float | None] = []
    for sum_ in sums.tolist():
        kind = draw(st.sampled_from(["exact", "exact", "rounded", "wrong", "missing"]))
        exact = round(sum_, 9)
        result.append(
            {"exact": exact, "rounded": float(round(sum_)), "wrong": sum_ * 3 + 50_000, "missing": None}[kind]
        )
    return result


@st.composite
def plain(draw: DrawFn) -> Wide:
    """Return a table of texts and float64: unique keys, blank rows in between, any order."""
    layout = draw(layouts())
    names = st.sampled_from(PLANTS) if layout.plant else st.none()
    units = st.sampled_from(UNITS if layout.plant or layout.plant_name else UNITS[:-1]) if layout.unit else st.none()
    keys = draw(
        st.lists(
            st.tuples(names, units, st.sampled_from(DAYS)),
            max_size=8,
            unique_by=lambda key: (" ".join(part for part in key[:2] if part), key[2]),
        )
    )
    keys = [keys[row] for row in draw(orders(len(keys)))]
    rows = len(keys)
    hours = draw(values(rows))
    units_of_energy = [draw(st.sampled_from(ENERGY_UNITS)) for _ in keys] if rows else []
    columns: dict[str, list[Any]] = {"day": [key[2] for key in keys]}
    if layout.plant:
        columns["site"] = [key[0] for key in keys]
    if layout.unit:
        columns["unit"] = [key[1] for key in keys]
    if layout.energy_unit is None:
        columns["eu"] = units_of_energy
    columns |= {name: missing_as_none(hours[:, hour]) for hour, name in enumerate(layout.hours)}
    if layout.daily_total:
        in_hours = layout.energy_unit or "kWh"
        columns["total"] = draw(totals(hours, in_hours, layout.daily_total_unit or in_hours)) if rows else []
    columns["kept"] = [draw(st.sampled_from([None, 1, 2, 2**53 + 1])) for _ in keys]
    columns["other"] = list(range(rows))
    for row in sorted(draw(st.lists(st.integers(0, rows), max_size=2)), reverse=True):
        for name, cells in columns.items():
            cells.insert(row, -1 if name == "other" else None)
    types = dict.fromkeys(columns, pa.string()) | {"kept": pa.int64(), "other": pa.int8()}
    types |= dict.fromkeys([*layout.hours, *(["total"] if layout.daily_total else [])], pa.float64())
    order = draw(st.permutations(list(columns)))
    return Wide(pa.table({name: pa.array(columns[name], types[name]) for name in order}), layout)


@st.composite
def dressed(draw: DrawFn, wide: Wide) -> Wide:
    """Return the same table in other types and spellings: other days, texts for numbers, blanks around texts."""
    table = wide.table
    blank_rows = {row for row, cell in enumerate(table["day"].to_pylist()) if cell is None}
    for place, name in enumerate(table.schema.names):
        cells = table[name].to_pylist()
        if name == "day":
            column = draw(days(cells))
        elif name in {"site", "unit", "eu"}:
            around = draw(st.sampled_from(AROUND))
            texts = [None if cell is None else around.format(cell) for cell in cells]
            column = pa.array([draw(st.sampled_from(["", " ", None])) if text is None else text for text in texts])
            column = as_type(column, draw(st.sampled_from(TEXT_TYPES)))
        elif name in wide.layout.hours or name == "total":
            kind = draw(st.sampled_from(["number", "number", "text", "float32"]))
            if kind == "text":
                texts = [written(draw, cell, blank=row in blank_rows) for row, cell in enumerate(cells)]
                column = as_type(pa.array(texts, pa.string()), draw(st.sampled_from(TEXT_TYPES)))
            elif kind == "float32" and all(cell is None or cell == np.float32(cell) for cell in cells):
                column = pa.array(cells, pa.float32())
            elif draw(st.booleans()):
                column = pa.array([float("nan") if cell is None else cell for cell in cells], pa.float64())
            else:
                continue
        else:
            continue
        table = table.set_column(place, name, column)
    heading = draw(st.sampled_from(["{}", "{}", " {}", "\ufeff{} "]))
    return Wide(table.rename_columns([heading.format(name) for name in table.schema.names]), wide.layout)


@st.composite
def days(draw: DrawFn, cells: list[str | None]) -> pa.Array:
    """Return days as text in any form, or as dates or stamps."""
    units = ["s", "ms", "us"] + ["ns"] * all(cell is None or cell in DAYS_OF_NANOSECONDS for cell in cells)
    form = draw(st.sampled_from(["text", "date32", "date64", "stamp"]))
    if form == "text":
        texts = [None if cell is None else draw(st.sampled_from(FORMS)).format(*cell.split("-")) for cell in cells]
        return as_type(pa.array(texts, pa.string()), draw(st.sampled_from(TEXT_TYPES)))
    stamps = pa.array([None if cell is None else np.datetime64(cell, "s") for cell in cells], pa.timestamp("s"))
    if form != "stamp":
        return stamps.cast(pa.date32() if form == "date32" else pa.date64())
    return stamps.cast(pa.timestamp(draw(st.sampled_from(units))))


def written(draw: DrawFn, cell: float | None, *, blank: bool) -> str | None:
    """Return a number as a publisher could write it, or a text that is none; in blank rows without content."""
    if cell is None:
        return draw(st.sampled_from([None, "", "\u3000"] if blank else [None, *NO_NUMBERS]))
    form = draw(st.sampled_from(["{!r}", "{!r}", "{:,.6f}", "{:.9f}", "{:+.6f}", "{:.17e}"]))
    text = form.format(cell)
    if text.startswith("-"):
        text = draw(st.sampled_from(["-{}", "-{}", "{}-", "({})", "\u2212{}"])).format(text[1:])
    return draw(st.sampled_from(AROUND)).format(text)


@st.composite
def tables(draw: DrawFn) -> Wide:
    """Return a dressed table in chunks."""
    wide = draw(dressed(draw(plain())))
    return replace(wide, table=draw(chunked(wide.table)))


@st.composite
def frames(draw: DrawFn) -> tuple[Any, WideLayout]:
    """Return a dressed table as any kind of frame, and its layout."""
    wide = draw(tables())
    kind = draw(st.sampled_from(KINDS))
    return as_kind(wide.table, kind), wide.layout


@st.composite
def spoilt(draw: DrawFn) -> tuple[Any, WideLayout]:
    """Return a frame with faults in some cells: it may be an error or not, but for both engines the same."""
    wide = draw(tables())
    table, layout = wide.table, wide.layout
    faults = {
        "day": ["2023-02-29", "2024-01-01", "20240101", "", None, "x"],
        "site": [None, "", "a", " a"],
        "unit": [None, "1", " "],
        "eu": ["kwh", None, "Wh"],
        "hours": ["1e999", "inf", "-1e301", "1e-400", "1,000,000.", "x" * 50],
        "total": ["-1e999", "0", "x", None],
    }
    for name in draw(st.lists(st.sampled_from(table.schema.names), max_size=4, unique=True)):
        heading = name.strip(" \ufeff")
        choices = faults.get("hours" if heading in layout.hours else heading)
        if choices is None:
            continue
        place = table.schema.get_field_index(name)
        cells = [None if cell is None else str(cell).removesuffix(".0") for cell in table[name].to_pylist()]
        for row in draw(st.lists(st.integers(0, 9), max_size=4)):
            if row < len(cells):
                cells[row] = draw(st.sampled_from(choices))
        table = table.set_column(place, name, as_type(pa.array(cells, pa.string()), draw(st.sampled_from(TEXT_TYPES))))
    return as_kind(table, draw(st.sampled_from(KINDS))), layout


def as_type(texts: pa.Array, type_: pa.DataType) -> pa.Array:
    return texts.cast(pa.string()).dictionary_encode() if pa.types.is_dictionary(type_) else texts.cast(type_)


def missing_as_none(numbers: np.ndarray) -> list[float | None]:
    return [None if np.isnan(number) else float(number) for number in numbers]
