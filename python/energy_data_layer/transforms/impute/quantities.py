"""Which columns of a frame can be filled, and within which bounds, by what their dataset's record says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.types as pt

from energy_data_layer.core.provenance import HIGH_SUFFIX, LOW_SUFFIX, PROVENANCE_SUFFIX
from energy_data_layer.core.stamps import date_columns
from energy_data_layer.datasets.asos import ASOS_COLUMNS, KEYS, column_of_frame
from energy_data_layer.errors import ColumnKindError

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from numpy.typing import NDArray

    from energy_data_layer.core.frames import Frame
    from energy_data_layer.datasets.dataset import Column
    from energy_data_layer.transforms.impute.rule import Bounds

ROUNDING = 1e-9


def known_columns(names: Iterable[str], date_col: str | list[str], station_col: str | None) -> dict[str, Column]:
    """Return what its record says of those names that are columns of the dataset whose keys these are."""
    keys = [column_of_frame(key) for key in (*date_columns(date_col), station_col) if key is not None]
    if not all(key is not None and key.name in KEYS for key in keys):
        return {}
    return {name: column for name in names if (column := column_of_frame(name)) is not None}


def fillable(
    frame: Frame, date_col: str | list[str], station_col: str | None, derived: Container[str] = ()
) -> tuple[str, ...]:
    """Return the columns that can be filled: `derived`, those that their record says, others if floating point."""
    known = known_columns(frame.names, date_col, station_col)
    made = (PROVENANCE_SUFFIX, LOW_SUFFIX, HIGH_SUFFIX)
    columns = []
    for name in frame.names:
        if name == station_col or name in date_columns(date_col) or str(name).endswith(made):
            continue
        if name in derived or known[name].can_be_imputed if name in known else pt.is_floating(frame.column(name).type):
            columns.append(name)
    return tuple(columns)


def bounds_of(columns: Iterable[str], date_col: str | list[str], station_col: str | None) -> dict[str, Bounds]:
    """Return the physical bounds of those columns that a dataset's record has any of."""
    known = known_columns(columns, date_col, station_col)
    return {name: (one.low, one.high) for name, one in known.items() if (one.low, one.high) != (None, None)}


def within_bounds(
    values: NDArray[np.float64], fills: NDArray[np.bool_], bounds: tuple[float, float]
) -> tuple[NDArray[np.float64], int]:
    """Return values whose fills are within bounds, and how many lay outside."""
    within = np.where(fills, np.clip(values, *bounds), values)
    # A mean of values at the bound may lie outside by its rounding: that is none that lay outside.
    outside = fills & (np.abs(within - values) > ROUNDING * np.maximum(np.abs(within), 1))
    return within, int(outside.sum())


def require_continuous(columns: Sequence[str], date_col: str | list[str], station_col: str | None) -> None:
    """Raise `ColumnKindError` for columns whose values in between make no sense."""
    for name, column in known_columns(columns, date_col, station_col).items():
        if not column.can_be_imputed:
            why = f"a blank means {column.blank_means}" if column.blank_means else "values in between make no sense"
            what_else = "leave it out, or rename it if it is something else"
            if through := column.filled_through:
                partner = ASOS_COLUMNS[through.partner]
                beside = partner.name if name == column.name else partner.heading
                what_else = f'`impute` fills it beside the column "{beside}", by a model that `impute` has fitted'
            raise ColumnKindError(
                f'column "{name}" ({column.meaning}) cannot be filled by optimal_interpolation: {why}; {what_else}'
            )
