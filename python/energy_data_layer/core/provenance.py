"""The one table of provenance codes: how each value of a filled column came to be."""

from __future__ import annotations

from enum import IntEnum


class Provenance(IntEnum):
    """How a value came to be; stored as uint8 beside the value.

    Examples
    --------
    >>> Provenance(4).label
    'climatology'
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
    """Still missing, because the column has no observed value at all."""

    @property
    def label(self) -> str:
        """The method's name in reports."""
        return self.name.lower()


PROVENANCE_SUFFIX = "_provenance"


def provenance_column(column: str) -> str:
    """Return the name of the column that holds the provenance of `column`."""
    return column + PROVENANCE_SUFFIX
