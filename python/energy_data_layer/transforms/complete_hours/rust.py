"""`complete_hours` in Rust."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from energy_data_layer.core.stamps import form_of_stamps
from energy_data_layer.engine import choice
from energy_data_layer.engine.boundary import (
    DATE,
    defects_as_engine_errors,
    key_names,
    key_table,
    own_names,
    translated,
)
from energy_data_layer.transforms.complete_hours.absence import Absence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from energy_data_layer.core.frames import Frame
    from energy_data_layer.core.inputs import InputColumns


@defects_as_engine_errors()
def completed_in_rust(
    frame: Frame,
    columns: InputColumns,
    step: int,
    max_gap: int | None,
    carry: Sequence[str] | None,
    threads: int | None,
) -> tuple[pa.Table, list[Absence]]:
    """Run `complete_hours` in Rust on all columns of a frame; `step` and `max_gap` are in seconds."""
    rust = choice.rust()
    others = [name for name in frame.names if name not in columns.date_cols]
    carried = {*(carry or ())} - {*columns.date_cols}
    if columns.station_col is not None:
        carried.add(columns.station_col)
    try:
        result = rust.complete_hours(
            key_table(columns, [frame.cells(name) for name in others]),
            step_seconds=step,
            max_gap_seconds=max_gap,
            stamp_form=form_of_stamps(columns.stamp, step),
            carry=None if carry is None else [str(others.index(name)) for name in carried],
            threads=threads,
            **key_names(columns),
        )
    except (rust.RowError, rust.TooManyRowsError, rust.EngineError) as error:
        raise translated(error, own_names(columns)) from error
    completed = pa.table(result)
    stamps = completed.column(DATE)
    made_of = {name: completed.column(str(position)) for position, name in enumerate(others)}
    made_of |= {columns.date_col: stamps} if columns.written is None else columns.written(stamps, step)
    made = [made_of[name] for name in frame.names]
    # A frame's own names need not be text.
    return pa.table(made, list(map(str, range(len(made))))), [Absence(*one) for one in result.absences]
