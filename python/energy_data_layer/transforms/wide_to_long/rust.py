"""`transform_wide_to_long` in Rust."""

from __future__ import annotations

from functools import lru_cache
from itertools import count, islice
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from energy_data_layer.datasets.layout import ENERGY_UNITS
from energy_data_layer.engine import choice
from energy_data_layer.engine.boundary import crossing, defects_as_engine_errors, require_array, translated
from energy_data_layer.transforms.wide_to_long.report import Long

if TYPE_CHECKING:
    from energy_data_layer.core.frames import Frame
    from energy_data_layer.transforms.wide_to_long.columns import WideColumns


@defects_as_engine_errors()
def lengthened_in_rust(columns: WideColumns, frame: Frame, threads: int | None, *, unique: bool) -> Long:
    """Run `transform_wide_to_long` in Rust."""
    rust = choice.rust()
    layout = columns.layout
    roles = (columns.date, columns.plant, columns.unit, columns.energy_unit, columns.hours, columns.total, columns.keep)
    arrays = [column for role in roles for column in role.values()]
    # A column can have two roles, and a frame's own names need not be text.
    date, plant, unit, energy_unit, hours, total, keep = parts = _positions(tuple(map(len, roles)))
    positions = [position for part in parts for position in part]
    try:
        result = rust.transform_wide_to_long(
            crossing(positions, arrays),
            date_col=date[0],
            hours=hours,
            plant_col=_only(plant),
            unit_col=_only(unit),
            plant_name=layout.plant_name,
            scale=None if layout.energy_unit is None else ENERGY_UNITS[layout.energy_unit],
            energy_unit_col=_only(energy_unit),
            energy_units=[(name, *scale) for name, scale in ENERGY_UNITS.items()] if energy_unit else None,
            total_col=_only(total),
            total_scale=None if layout.daily_total_unit is None else ENERGY_UNITS[layout.daily_total_unit],
            keep=keep,
            label_end=layout.hour_label == "end",
            unique=unique,
            text_views=frame.text_type == pa.string_view(),
            threads=threads,
        )
    except (rust.RowError, rust.TooManyRowsError, rust.EngineError) as error:
        names = (name for role in roles for name in role)
        raise translated(error, dict(zip(positions, names, strict=True))) from error
    report = result.report
    (day,) = columns.date.values()
    hours_expected = 24 * (len(day) - len(report["rows_skipped"]))
    if frame.has_nulls:
        table = pa.table(result)
        timestamp, generation = table.column("timestamp"), table.column("generation")
    else:
        ticks, generation = result.take_numpy()
        require_array(ticks, hours_expected, np.int64)
        require_array(generation, hours_expected, np.float64)
        # Days in text have no resolution of their own.
        timestamp = ticks.view(f"datetime64[{getattr(day.type, 'unit', 'us')}]")
        table = pa.table(result)
    if table.num_rows != hours_expected:
        raise ValueError(f"an answer of {table.num_rows} hours in place of {hours_expected}")
    return Long(
        timestamp=timestamp,
        plant_name=table.column("plant_name"),
        generation=generation,
        keep=table.columns[len(table.columns) - len(keep) :],
        **report,
    )


@lru_cache
def _positions(lengths: tuple[int, ...]) -> list[list[str]]:
    """Return consecutive positions, so many for each part."""
    left = map(str, count())
    return [list(islice(left, length)) for length in lengths]


def _only(positions: list[str]) -> str | None:
    return positions[0] if positions else None
