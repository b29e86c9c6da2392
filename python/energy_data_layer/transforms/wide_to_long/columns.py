"""The columns of a wide table that `transform_wide_to_long` reads, as Arrow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from energy_data_layer.core.columns import as_plain_text, is_text, trimmed, value_column
from energy_data_layer.datasets.layout import heading_text
from energy_data_layer.errors import ColumnTypeError, LayoutError
from energy_data_layer.transforms.wide_to_long.recognise import hours_left_out, require_all_hours

if TYPE_CHECKING:
    from collections.abc import Mapping

    from energy_data_layer.core.frames import ArrowColumn, Frame, Values
    from energy_data_layer.datasets.layout import WideLayout


@dataclass(frozen=True)
class WideColumns:
    """The columns of one wide table; each dictionary goes from the frame's own name to the column.

    Attributes
    ----------
    layout : WideLayout
        What the columns mean.
    date : dict
        The day, as text or as naive time stamps.
    plant, unit, energy_unit : dict
        Texts; empty where the table or the layout has no such column.
    hours : dict
        The 24 hours in order, as float64 or text.
    total : dict
        The daily total, as float64 or text; empty where there is none.
    keep : dict
        The columns to be repeated, by their headings.
    names : dict
        The frame's own names of the columns to be repeated, by their headings.
    blank_hours : list of str
        Headings that look like further hours, under which all cells are blank.
    """

    layout: WideLayout
    date: dict[str, ArrowColumn]
    plant: dict[str, ArrowColumn]
    unit: dict[str, ArrowColumn]
    energy_unit: dict[str, ArrowColumn]
    hours: Mapping[str, Values]
    total: Mapping[str, Values]
    keep: dict[str, ArrowColumn]
    names: dict[str, str]
    blank_hours: list[str]


def read_wide_columns(frame: Frame, layout: WideLayout) -> WideColumns:
    """Pick the columns of a layout out of a frame and check their types.

    Raises
    ------
    LayoutError
        If a heading that the layout cannot do without is absent or there twice, if nothing names the plant,
        if nothing says the unit of energy, or if a further column looks like an hour and is not blank.
    ColumnTypeError
        If a column cannot be what the layout says it is.
    """
    names = _names_by_heading(tuple(frame.names), layout)
    if layout.plant is None and layout.plant_name is None and layout.unit not in names:
        raise LayoutError(
            f'layout "{layout.name}" has no column for the plant; pass plant_name, or set plant in the layout'
        )
    if layout.energy_unit is None and layout.energy_unit_column not in names:
        column = f'add a column "{layout.energy_unit_column}" with the unit of each row, ' * bool(
            layout.energy_unit_column
        )
        raise LayoutError(
            f'nothing says whether the hours of layout "{layout.name}" hold Wh, kWh or MWh; {column}'
            'pass energy_unit="kWh", or set it in the layout'
        )

    further = hours_left_out(filter(None, names), layout)
    require_all_hours([heading for heading in further if not _is_blank(frame.cells(names[heading]))])

    def named(heading: str | None) -> list[str]:
        return [names[heading]] if heading in names else []

    return WideColumns(
        layout=layout,
        date={name: _day_column(frame, name) for name in named(layout.date)},
        plant={name: _name_column(frame, name) for name in named(layout.plant)},
        unit={name: _name_column(frame, name) for name in named(layout.unit)},
        energy_unit={
            name: _name_column(frame, name)
            for name in (named(layout.energy_unit_column) if layout.energy_unit is None else [])
        },
        hours={names[heading]: value_column(frame, names[heading]) for heading in layout.hours},
        total={name: value_column(frame, name) for name in named(layout.daily_total)},
        keep={heading: frame.cells(name) for heading in layout.keep for name in named(heading)},
        names={heading: name for heading in layout.keep for name in named(heading)},
        blank_hours=further,
    )


def _is_blank(column: ArrowColumn) -> bool:
    if is_text(column.type):
        return bool(pc.all(pc.equal(trimmed(column), ""), min_count=0).as_py())
    return bool(pc.all(pc.is_null(column, nan_is_null=pt.is_floating(column.type)), min_count=0).as_py())


@lru_cache
def _names_by_heading(frame_names: tuple[str, ...], layout: WideLayout) -> dict[str | None, str]:
    """Return the frame's own names of the headings, without the blanks around them."""
    names: dict[str | None, str] = {}
    repeated = set()
    for name in frame_names:
        heading = heading_text(name)
        if heading in names:
            repeated.add(heading)
        names[heading] = name
    absent = [heading for heading in layout.required if heading not in names]
    if absent:
        seen = ", ".join(map(str, frame_names))
        raise LayoutError(
            f'layout "{layout.name}" needs columns that are not in the frame: {", ".join(absent)}; '
            f"its columns are: {seen[:600]}{'…' if len(seen) > 600 else ''}"
        )
    for heading in repeated.intersection(layout.headings):
        raise LayoutError(f'the frame has several columns with the heading "{heading}"; rename or drop the others')
    return names


def _day_column(frame: Frame, name: str) -> ArrowColumn:
    """Return the days as naive time stamps or text."""
    column = frame.column(name)
    if pt.is_dictionary(column.type) and not is_text(column.type):
        column = column.cast(column.type.value_type)
    type_ = column.type
    if pt.is_timestamp(type_):
        return column if type_.tz is None else frame.wall_clock(name)
    if is_text(type_):
        return as_plain_text(column)
    if pt.is_date(type_):
        return _midnights(name, column)
    if pt.is_integer(type_) or pt.is_floating(type_) or pt.is_null(type_):
        return _name_column(frame, name)
    raise ColumnTypeError(
        f'column "{name}" of the frame is of type {type_} and cannot hold days; convert it to dates, to time '
        "stamps or to text like 2024-01-31"
    )


def _midnights(name: str, column: ArrowColumn) -> ArrowColumn:
    """Return dates as time stamps of the resolution that days in text get."""
    try:
        return column.cast(pa.timestamp("us"))
    except pa.ArrowInvalid as error:
        raise ColumnTypeError(
            f'column "{name}" of the frame holds dates beyond what time stamps can count: {error}'
        ) from error


def _name_column(frame: Frame, name: str) -> ArrowColumn:
    """Return names as text; a whole number that pandas keeps as a float is written without its fraction."""
    column = frame.column(name)
    type_ = column.type
    if is_text(type_):
        return as_plain_text(column)
    if pt.is_floating(type_):
        # pyarrow rounds no halves of precision.
        column = column.cast(pa.float32()) if pt.is_float16(type_) else column
        column = pc.if_else(pc.is_nan(column), None, column)
        whole = pc.and_(pc.equal(column, pc.floor(column)), pc.less(pc.abs(column), 2.0**63))
        column = column.cast(pa.int64()) if pc.all(whole, min_count=0).as_py() else column
    try:
        return column.cast(pa.large_string())
    except pa.ArrowException as error:
        raise ColumnTypeError(
            f'column "{name}" of the frame is of type {type_} and cannot hold names; use text or integers'
        ) from error
