"""Which columns of a frame can be filled, and within which bounds, by what their dataset's record says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.types as pt

from energy_data_layer.core.provenance import HIGH_SUFFIX, LOW_SUFFIX, PROVENANCE_SUFFIX
from energy_data_layer.core.stamps import date_columns
from energy_data_layer.datasets.asos import ASOS_COLUMNS, KEYS
from energy_data_layer.errors import ColumnKindError

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from energy_data_layer.core.frames import Frame
    from energy_data_layer.datasets.dataset import Column
    from energy_data_layer.transforms.impute.rule import Bounds

ROUNDING = 1e-9


def known_columns(date_col: str | list[str], station_col: str) -> Mapping[str, Column]:
    """Return the columns of the dataset whose keys these are; none where no dataset has such keys."""
    return ASOS_COLUMNS if {*date_columns(date_col), station_col} <= set(KEYS) else {}


def fillable(
    frame: Frame, date_col: str | list[str], station_col: str, derived: Container[str] = ()
) -> tuple[str, ...]:
    """Return the columns that can be filled: `derived`, those that their record says, others if floating point."""
    known = known_columns(date_col, station_col)
    made = (PROVENANCE_SUFFIX, LOW_SUFFIX, HIGH_SUFFIX)
    columns = []
    for name in frame.names:
        if name == station_col or name in date_columns(date_col) or str(name).endswith(made):
            continue
        if name in derived or known[name].can_be_imputed if name in known else pt.is_floating(frame.column(name).type):
            columns.append(name)
    return tuple(columns)


def bounds_of(columns: Iterable[str], date_col: str | list[str], station_col: str) -> dict[str, Bounds]:
    """Return the physical bounds of those columns that a dataset's record has any of."""
    known = known_columns(date_col, station_col)
    bounded = [known[name] for name in columns if name in known]
    return {one.name: (one.low, one.high) for one in bounded if (one.low, one.high) != (None, None)}


def within_bounds(
    values: NDArray[np.float64], fills: NDArray[np.bool_], bounds: tuple[float, float]
) -> tuple[NDArray[np.float64], int]:
    """Return values whose fills are within bounds, and how many lay outside."""
    within = np.where(fills, np.clip(values, *bounds), values)
    # A mean of values at the bound may lie outside by its rounding: that is none that lay outside.
    outside = fills & (np.abs(within - values) > ROUNDING * np.maximum(np.abs(within), 1))
    return within, int(outside.sum())


def require_continuous(columns: Sequence[str], date_col: str | list[str], station_col: str) -> None:
    """Raise `ColumnKindError` for columns whose values in between make no sense."""
    known = known_columns(date_col, station_col)
    for name in columns:
        column = known.get(name)
        if column is not None and not column.can_be_imputed:
            why = f"a blank means {column.blank_means}" if column.blank_means else "values in between make no sense"
            what_else = "leave it out, or rename it if it is something else"
            if through := column.filled_through:
                what_else = (
                    f'`impute` fills it beside the column "{through.partner}", by a model that `impute` has fitted'
                )
            raise ColumnKindError(
                f'column "{name}" ({column.meaning}) cannot be filled by optimal_interpolation: {why}; {what_else}'
            )
