"""What turning a wide table into a long one did, in numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from energy_data_layer.core.frames import ArrowColumn
    from energy_data_layer.datasets.layout import EnergyUnit, HourLabel


@dataclass(frozen=True)
class TotalMismatch:
    """A row whose hours do not add up to its published daily total, beyond rounding.

    Attributes
    ----------
    row : int
        Its position in the input.
    hours : float
        The sum of its hours, kWh.
    total : float
        The published total, kWh.
    """

    row: int
    hours: float
    total: float


@dataclass(frozen=True)
class WideReport:
    """What `transform_wide_to_long` did.

    Attributes
    ----------
    layout : str
        The name of the layout.
    hour_label : str
        What the time stamps are: ``"start"`` or ``"end"`` of their hour.
    energy_unit : str or None
        What the hours held; None where a column said it row by row.
    rows : int
        Rows of the input.
    rows_skipped : list of int
        Positions of the rows without any content, which have no rows in the result.
    coerced : int
        Texts in hour columns that are no numbers (empty ones included) and were therefore taken as missing.
    missing : int
        Hours without a value.
    totals_checked : int
        Rows that have a daily total and at least one hour.
    total_mismatches : list of TotalMismatch
        Those of them whose hours do not add up to the total, beyond the rounding of the published numbers.
    engine, engine_reason : str
        The engine whose answer this is, and why it ran.
    seconds : float
        Wall time of the engine.
    blank_hours : list of str
        Headings that look like further hours (the repeated one of an autumn day), under which all cells are
        blank; they were left out.
    marked : int
        Hours that held one of `missing_values`.
    incomplete : int
        Hours that lack some of their parts, where columns are of less than an hour; they are missing.
    """

    layout: str
    hour_label: HourLabel
    energy_unit: EnergyUnit | None
    rows: int
    rows_skipped: list[int]
    coerced: int
    missing: int
    totals_checked: int
    total_mismatches: list[TotalMismatch]
    engine: str
    engine_reason: str
    seconds: float
    blank_hours: list[str]
    marked: int = 0
    incomplete: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain types, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Long:
    """A long table, hour after hour of each row of the wide one.

    Attributes
    ----------
    timestamp : arrow array or ndarray
        The stamps, naive.
    plant_name : arrow array
        The plants.
    generation : arrow array or ndarray
        Float64, kWh; null (in NumPy NaN) where a value is missing.
    keep : list of arrow array
        The repeated columns.
    rows_skipped : list of int
        Positions of the rows of the wide table that are empty.
    coerced, missing : int
        Texts in hour columns that are no numbers, and hours without a value.
    totals_checked : int
        Rows whose hours could be compared to a total.
    total_mismatches : list of (int, float, float)
        Position, sum of the hours and total of those that differ, in kWh.
    """

    timestamp: ArrowColumn | NDArray[np.datetime64]
    plant_name: ArrowColumn
    generation: ArrowColumn | NDArray[np.float64]
    keep: list[ArrowColumn]
    rows_skipped: list[int]
    coerced: int
    missing: int
    totals_checked: int
    total_mismatches: list[tuple[int, float, float]]
