"""The one table of provenance codes: how each value of a filled column was obtained."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


class Provenance(IntEnum):
    """How a value was obtained; stored as uint8 beside the value.

    Examples
    --------
    >>> method = Provenance(4)
    >>> method.label, method.is_fill, method.is_interpolated, method.is_mean
    ('climatology', True, False, True)
    """

    OBSERVED = 0
    """Unchanged, as the input had it."""
    SPLINE = 1
    """The not-a-knot cubic spline through all observed points of the series."""
    LINEAR = 2
    """The straight line between the two neighbours, where 2 or 3 values are observed."""
    NEAREST = 3
    """The nearest observed value, where a short gap touches the first or last row."""
    CLIMATOLOGY = 4
    """The mean of the station's observed values of the same month, day and hour."""
    STATION_MEAN = 5
    """The mean of all observed values of the station."""
    GLOBAL_MEAN = 6
    """The mean of all observed values of the column."""
    UNFILLED = 7
    """Still missing: the column has no observed value at all, or the gap is longer than `max_gap`."""
    OPTIMAL_INTERPOLATION = 8
    """Predicted from the station's own observed values before and after the gap."""
    OPTIMAL_INTERPOLATION_NEIGHBOURS = 9
    """Predicted from these and from what neighbouring stations observed."""
    BORROWED_CLIMATOLOGY = 10
    """Predicted, its climatology being that of another station."""

    @property
    def label(self) -> str:
        """The method's name in reports."""
        return self.name.lower()

    @property
    def is_fill(self) -> bool:
        """Whether the input had no value; true too where none could be computed."""
        return self is not Provenance.OBSERVED

    @property
    def is_interpolated(self) -> bool:
        """Whether the value was computed from its neighbours in time."""
        return self in {
            Provenance.SPLINE,
            Provenance.LINEAR,
            Provenance.NEAREST,
            Provenance.OPTIMAL_INTERPOLATION,
            Provenance.OPTIMAL_INTERPOLATION_NEIGHBOURS,
            Provenance.BORROWED_CLIMATOLOGY,
        }

    @property
    def is_mean(self) -> bool:
        """Whether the value is a mean of observed values."""
        return self in {Provenance.CLIMATOLOGY, Provenance.STATION_MEAN, Provenance.GLOBAL_MEAN}


PROVENANCE_SUFFIX = "_provenance"

LOW_SUFFIX, HIGH_SUFFIX = "_low", "_high"
"""The interval that is to hold the true value of a fill."""

MODEL_SUFFIX = "_model"
"""The model that a stored fill was made by."""


def provenance_column(column: str) -> str:
    """Return the name of the column that holds the provenance of `column`."""
    return f"{column}{PROVENANCE_SUFFIX}"  # a frame's own names need not be text


def is_fill(codes: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return which values of a column are fills, by its provenance; without one a value is observed.

    Examples
    --------
    >>> import pyarrow as pa
    >>> is_fill(pa.chunked_array([[0, 4, None]], pa.uint8())).to_pylist()
    [False, True, False]
    """
    import pyarrow.compute as pc

    return pc.not_equal(pc.fill_null(codes, Provenance.OBSERVED.value), Provenance.OBSERVED.value)


def is_interpolated(codes: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return which values of a column are interpolated, by its provenance.

    Examples
    --------
    >>> import pyarrow as pa
    >>> is_interpolated(pa.chunked_array([[0, 1, 4, None]], pa.uint8())).to_pylist()
    [False, True, False, False]
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.is_in(codes, pa.array([method for method in Provenance if method.is_interpolated], pa.uint8()))


def is_fill_sql(provenance: str) -> str:
    """Return the SQL condition for a value to be a fill; without a provenance it is observed.

    Parameters
    ----------
    provenance : str
        The provenance of the value, in SQL.

    Examples
    --------
    >>> is_fill_sql('w."ta_provenance"')
    'coalesce(w."ta_provenance", 0) <> 0'
    """
    return f"coalesce({provenance}, {Provenance.OBSERVED:d}) <> {Provenance.OBSERVED:d}"
