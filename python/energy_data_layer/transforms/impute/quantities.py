"""Which columns of a frame can be filled, and within which bounds, by what their dataset's record says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.types as pt

from energy_data_layer.core.provenance import HIGH_SUFFIX, LOW_SUFFIX, PROVENANCE_SUFFIX
from energy_data_layer.datasets.asos import ASOS_COLUMNS, KEYS
from energy_data_layer.errors import ColumnKindError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from energy_data_layer.core.frames import Frame
    from energy_data_layer.datasets.dataset import Column
    from energy_data_layer.transforms.impute.rule import Bounds


def known_columns(date_col: str, station_col: str) -> Mapping[str, Column]:
    """Return the columns of the dataset whose keys these are; none where no dataset has such keys."""
    return ASOS_COLUMNS if {date_col, station_col} <= set(KEYS) else {}


def fillable(frame: Frame, date_col: str, station_col: str) -> tuple[str, ...]:
    """Return the columns that can be filled: those of a dataset by its record, others if they are floating point."""
    known = known_columns(date_col, station_col)
    made = (PROVENANCE_SUFFIX, LOW_SUFFIX, HIGH_SUFFIX)
    columns = []
    for name in frame.names:
        if name in (date_col, station_col) or str(name).endswith(made):
            continue
        if known[name].can_be_imputed if name in known else pt.is_floating(frame.column(name).type):
            columns.append(name)
    return tuple(columns)


def bounds_of(columns: Iterable[str], date_col: str, station_col: str) -> dict[str, Bounds]:
    """Return the physical bounds of those columns that a dataset's record has any of."""
    known = known_columns(date_col, station_col)
    bounded = [known[name] for name in columns if name in known]
    return {one.name: (one.low, one.high) for one in bounded if (one.low, one.high) != (None, None)}


def require_continuous(columns: Sequence[str], date_col: str, station_col: str) -> None:
    """Raise `ColumnKindError` for columns whose values in between make no sense."""
    known = known_columns(date_col, station_col)
    for name in columns:
        column = known.get(name)
        if column is not None and not column.can_be_imputed:
            why = f"a blank means {column.blank_means}" if column.blank_means else "values in between make no sense"
            raise ColumnKindError(
                f'column "{name}" ({column.meaning}) cannot be filled by optimal_interpolation: {why}; '
                "leave it out, or rename it if it is something else"
            )
